/* SPDX-License-Identifier: MIT */
/* suites/check/unit/history.c - histories of the made-up session, for the tests of the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites/check/unit/history.h"
#include "suites/check/unit/made_up.h"

char history_why[HISTORY_WHY_BYTES];

static int see_session(void *context, const struct session *session)
{
	struct history_seen *seen = context;

	seen->sessions++;
	seen->session = *session;
	if (session->environment)
		memcpy(seen->key, session->environment->key, sizeof(seen->key));
	return strcmp(session->argv, made_up_session()->argv) == 0 ? 0 : -EDOM;
}

static int see_run(void *context, const struct run *run)
{
	struct history_seen *seen = context;

	seen->runs++;
	seen->last = *run;
	memcpy(seen->last_cell, run->cell->name, sizeof(seen->last_cell));
	seen->last_p50 = run->histogram ? histogram_quantile(run->histogram, 0.5) : 0;
	return seen->answer;
}

static int see_skip(void *context, const struct run_cell *cell, const char *reason)
{
	struct history_seen *seen = context;

	(void)cell;
	seen->skips++;
	return strcmp(reason, "no such device") == 0 ? 0 : -EDOM;
}

static int see_note(void *context, const char *kind, const char *body)
{
	struct history_seen *seen = context;

	seen->notes++;
	snprintf(seen->last_note, sizeof(seen->last_note), "%s %s", kind, body);
	return 0;
}

int history_read(const char *path, const char *reference, struct history_seen *seen)
{
	const struct store_reader reader = {
		.context = seen,
		.session = see_session,
		.run = see_run,
		.skip = see_skip,
		.note = see_note,
	};
	struct store *store;
	int ret = store_open(&store, path, STORE_READ, history_why, sizeof(history_why));

	if (ret < 0)
		return ret;
	ret = store_read(store, reference, &reader, history_why, sizeof(history_why));
	store_close(store);
	return ret;
}

int history_begin(struct store *store, char digit)
{
	struct session session = *made_up_session();

	session.uuid[SESSION_UUID_BYTES - 2] = digit;
	session.status = "running";
	session.ended_ns = 0;
	return store_begin(store, &session, history_why, sizeof(history_why));
}

int history_append(struct store *store, uint32_t round)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");
	struct run run;
	int ret = made_up_run(&run, &cell, round, 6200, 1000, 1);

	if (ret < 0)
		return ret;
	ret = store_append(store, &run, 1, history_why, sizeof(history_why));
	free((struct histogram *)run.histogram);
	return ret;
}

struct store *history_open(const struct folder *folder, const char *name)
{
	char path[PATH_MAX];
	struct store *store = NULL;

	folder_path(folder, path, sizeof(path), name);
	assert_int_equal(store_open(&store, path, STORE_WRITE, history_why, sizeof(history_why)),
	                 0);
	return store;
}

void history_store(const struct folder *folder, const char *name, char digit)
{
	struct run_cell skipped = made_up_cell("posix_mq", "ping_pong", 64, "same_core");
	struct store *store = history_open(folder, name);

	assert_int_equal(history_begin(store, digit), 0);
	for (uint32_t round = 0; round < HISTORY_ROUNDS; round++)
		assert_int_equal(history_append(store, round), 0);
	assert_int_equal(
		store_skip(store, &skipped, "no such device", history_why, sizeof(history_why)), 0);
	assert_int_equal(store_finish(store, "complete", history_why, sizeof(history_why)), 0);
	store_close(store);
}

void history_assert_refused(const struct folder *folder, const char *name, enum store_access access,
                            int error, const char *word)
{
	char path[PATH_MAX];
	struct store *store = NULL;

	folder_path(folder, path, sizeof(path), name);
	history_why[0] = '\0';
	assert_int_equal(store_open(&store, path, access, history_why, sizeof(history_why)), error);
	assert_null(store);
	assert_non_null(strstr(history_why, path));
	assert_non_null(strstr(history_why, word));
	assert_null(strchr(history_why, '\n'));
}
