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
	static const struct store_backend *const backends[] = {&store_backend_postgres,
	                                                       &store_backend_sqlite};
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
		const char *const *prefix = backends[i]->prefixes;

		while (*prefix && strncmp(path, *prefix, strlen(*prefix)) != 0)
			prefix++;
		if (*prefix)
			return backends[i]->open(out, path, access, why, why_bytes);
	}
	snprintf(why, why_bytes, "%s: no store of this kind", path);
	return -EINVAL;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_close(store->spool);
	store->backend->close(store);
}

/* Opens the history that keeps a session until it is whole, and begins it there. */
static int begin_aside(struct store *store, const struct session *session, char *why,
                       size_t why_bytes)
{
	char cause[400] = "";
	int ret = store_open(&store->spool, NULL, STORE_WRITE, cause, sizeof(cause));

	if (ret < 0) {
		snprintf(why, why_bytes,
		         "until it is whole, a session for %s is kept in the default history: %s",
		         store->name, cause);
		return ret;
	}
	ret = store_write_begin(store->spool, session, false, why, why_bytes);
	if (ret < 0) {
		store_close(store->spool);
		store->spool = NULL;
		return ret;
	}
	memcpy(store->uuid, session->uuid, sizeof(store->uuid));
	return 0;
}

/* Returns where an open session is written to. */
static struct store *target(struct store *store)
{
	return store->spool ? store->spool : store;
}

int store_begin(struct store *store, const struct session *session, char *why, size_t why_bytes)
{
	if (store->spool || store->session != 0) {
		snprintf(why, why_bytes, "%s: another session is open", store->name);
		return -EINVAL;
	}
	if (store->backend->is_shared)
		return begin_aside(store, session, why, why_bytes);
	return store_write_begin(store, session, false, why, why_bytes);
}

int store_begin_whole(struct store *store, const struct session *session, char *why,
                      size_t why_bytes)
{
	return store_write_begin(store, session, true, why, why_bytes);
}

int store_append(struct store *store, const struct run *runs, size_t runs_count, char *why,
                 size_t why_bytes)
{
	return store_write_append(target(store), runs, runs_count, why, why_bytes);
}

int store_skip(struct store *store, const struct run_cell *cell, const char *reason, char *why,
               size_t why_bytes)
{
	return store_write_skip(target(store), cell, reason, why, why_bytes);
}

int store_note(struct store *store, const char *kind, const char *body, char *why, size_t why_bytes)
{
	return store_write_note(target(store), kind, body, why, why_bytes);
}

/* A session on its way from one store to another. */
struct copying {
	struct store *to;
	char *why;
	size_t why_bytes;
};

static int copy_session(void *context, const struct session *session)
{
	struct copying *copying = context;

	return store_begin_whole(copying->to, session, copying->why, copying->why_bytes);
}

static int copy_run(void *context, const struct run *run)
{
	struct copying *copying = context;

	return store_write_append(copying->to, run, 1, copying->why, copying->why_bytes);
}

static int copy_skip(void *context, const struct run_cell *cell, const char *reason)
{
	struct copying *copying = context;

	return store_write_skip(copying->to, cell, reason, copying->why, copying->why_bytes);
}

static int copy_note(void *context, const char *kind, const char *body)
{
	struct copying *copying = context;

	return store_write_note(copying->to, kind, body, copying->why, copying->why_bytes);
}

int store_copy(struct store *from, const char *reference, struct store *to, char *why,
               size_t why_bytes)
{
	struct copying copying = {.to = to, .why = why, .why_bytes = why_bytes};
	const struct store_reader reader = {
		.context = &copying,
		.session = copy_session,
		.run = copy_run,
		.skip = copy_skip,
		.note = copy_note,
	};
	int ret = store_read(from, reference, &reader, why, why_bytes);

	if (ret == 0)
		ret = store_finish_whole(to, why, why_bytes);
	if (ret < 0)
		store_abandon(to);
	return ret;
}

int store_finish(struct store *store, const char *status, char *why, size_t why_bytes)
{
	char cause[512];
	int ret = store_write_finish(target(store), status, why, why_bytes);

	if (ret < 0 || !store->spool)
		return ret;
	ret = store_copy(store->spool, store->uuid, store, cause, sizeof(cause));
	if (ret < 0)
		snprintf(why, why_bytes,
		         "%s; the session is in %s: 'ipcbench export --store %s %.8s' writes what "
		         "'ipcbench import' takes",
		         cause, store->spool->name, store->spool->name, store->uuid);
	store_close(store->spool);
	store->spool = NULL;
	return ret;
}

int store_finish_whole(struct store *store, char *why, size_t why_bytes)
{
	return store_write_finish(store, NULL, why, why_bytes);
}

void store_abandon(struct store *store)
{
	store->backend->transaction(store, STORE_ROLLBACK, NULL, 0);
	store->is_whole = false;
	store->session = 0;
}
