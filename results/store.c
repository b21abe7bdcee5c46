/* SPDX-License-Identifier: MIT */
/* results/store.c - finds the history and the backend that keeps it. */
#include "results/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/store_backend.h"

#define PATH_BYTES 4096

/* Writes the default path. XDG Base Directory Specification: what is not absolute is ignored. */
static int default_path(char *out, size_t out_bytes, char *why, size_t why_bytes)
{
	const char *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");
	int length;

	if (data && data[0] == '/') {
		length = snprintf(out, out_bytes, "%s/ipcbench/history.db", data);
	} else if (home && home[0] == '/') {
		length = snprintf(out, out_bytes, "%s/.local/share/ipcbench/history.db", home);
	} else {
		snprintf(why, why_bytes,
		         "no place for the history: neither XDG_DATA_HOME nor HOME is set to an "
		         "absolute path; name a file with --store");
		return -ENOENT;
	}
	if (length < 0 || (size_t)length >= out_bytes) {
		snprintf(why, why_bytes, "the default path of the history is longer than %zu bytes",
		         out_bytes - 1);
		return -ENAMETOOLONG;
	}
	return 0;
}

int store_open(struct store **out, const char *path, enum store_access access, char *why,
               size_t why_bytes)
{
	/* A backend whose prefix is empty opens all that no other one does: it comes last. */
	static const struct store_backend *const backends[] = {&store_backend_sqlite};
	char found[PATH_BYTES];
	int ret;

	if (!path) {
		ret = default_path(found, sizeof(found), why, why_bytes);
		if (ret < 0)
			return ret;
		path = found;
	}
	if (path[0] == '\0' || strlen(path) >= PATH_BYTES) {
		snprintf(why, why_bytes, "the path of the history is %s; name a file with --store",
		         path[0] == '\0' ? "empty" : "too long");
		return -EINVAL;
	}
	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
		const struct store_backend *backend = backends[i];

		if (strncmp(path, backend->prefix, strlen(backend->prefix)) == 0)
			return backend->open(out, path, access, why, why_bytes);
	}
	snprintf(why, why_bytes, "%s: no store of this kind", path);
	return -EINVAL;
}

void store_close(struct store *store)
{
	if (store)
		store->backend->close(store);
}

int store_begin(struct store *store, const struct session *session, char *why, size_t why_bytes)
{
	return store->backend->begin(store, session, why, why_bytes);
}

int store_append(struct store *store, const struct run *runs, size_t runs_count, char *why,
                 size_t why_bytes)
{
	return store->backend->append(store, runs, runs_count, why, why_bytes);
}

int store_skip(struct store *store, const struct run_cell *cell, const char *reason, char *why,
               size_t why_bytes)
{
	return store->backend->skip(store, cell, reason, why, why_bytes);
}

int store_note(struct store *store, const char *kind, const char *body, char *why, size_t why_bytes)
{
	return store->backend->note(store, kind, body, why, why_bytes);
}

int store_finish(struct store *store, const char *status, char *why, size_t why_bytes)
{
	return store->backend->finish(store, status, why, why_bytes);
}

int store_read(struct store *store, const char *reference, const struct store_reader *reader,
               char *why, size_t why_bytes)
{
	return store->backend->read(store, reference, reader, why, why_bytes);
}

int store_sessions(struct store *store, const char *environment_key,
                   char (*out)[SESSION_UUID_BYTES], size_t max, size_t *count, char *why,
                   size_t why_bytes)
{
	return store->backend->sessions(store, environment_key, out, max, count, why, why_bytes);
}
