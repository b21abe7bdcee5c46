/* SPDX-License-Identifier: MIT */
/* suites/check/unit/store.c - what is stored comes back as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "results/environment.h"
#include "suites/check/unit/history.h"
#include "suites/check/unit/made_up.h"

static void a_session_comes_back_as_it_was_stored(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_MAX];
	struct history_seen seen = {0};

	history_store(folder, "new/folders/history.db", 'a');
	folder_path(folder, path, sizeof(path), "new/folders/history.db");
	assert_int_equal(history_read(path, "latest", &seen), 0);
	assert_int_equal(seen.sessions, 1);
	assert_int_equal(seen.runs, HISTORY_ROUNDS);
	assert_int_equal(seen.skips, 1);
	assert_int_equal(seen.session.seed, 4711);
	assert_int_equal(seen.session.started_ns, made_up_session()->started_ns);
	assert_true(seen.session.ended_ns > 0);
	assert_string_equal(seen.key, made_up_session()->environment->key);
	assert_string_equal(seen.last_cell, "pipe/ping_pong/64B/same_core/block/processes");
	assert_int_equal(seen.last.round, HISTORY_ROUNDS - 1);
	assert_int_equal(seen.last.metric, RUN_ROUND_TRIP);
	assert_int_equal(seen.last.samples, 1001);
	assert_int_equal(seen.last.peer_count, 2);
	assert_string_equal(seen.last.peers[1].name, "server");
	assert_int_equal(seen.last.peers[1].counters.cpu_system_ns, 1001 * 300 - 1001 * 300 / 4);
	assert_int_equal(seen.last.peers[0].counters.involuntary_switches, 3);
	assert_in_range(seen.last_p50, 6300, 6900);
}

static void notes_come_back_in_their_order(void **state)
{
	const struct folder *folder = *state;
	struct store *store = history_open(folder, "history.db");
	struct history_seen seen = {0};
	char path[PATH_MAX];

	assert_int_equal(store_note(store, "claim", "{}", history_why, sizeof(history_why)),
	                 -EINVAL);
	for (char digit = 'a'; digit <= 'b'; digit++) {
		assert_int_equal(history_begin(store, digit), 0);
		assert_int_equal(
			store_note(store, "claim", "{\"n\":2}", history_why, sizeof(history_why)),
			0);
		assert_int_equal(
			store_note(store, "claim", "{\"n\":1}", history_why, sizeof(history_why)),
			0);
		assert_int_equal(store_finish(store, "complete", history_why, sizeof(history_why)),
		                 0);
	}
	store_close(store);
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(history_read(path, "latest", &seen), 0);
	assert_int_equal(seen.notes, 2);
	assert_string_equal(seen.last_note, "claim {\"n\":1}");
}

static void a_failed_round_keeps_its_cause(void **state)
{
	const struct folder *folder = *state;
	struct run_cell cell = made_up_cell("tcp", "stream", 64, "cross_core");
	struct store *store = history_open(folder, "history.db");
	struct history_seen seen = {0};
	char path[PATH_MAX];
	struct run run;

	assert_int_equal(made_up_run(&run, &cell, 0, 0, 100, 1), 0);
	snprintf(run.failure, sizeof(run.failure), "the consumer died, 'signal' 9");
	assert_int_equal(history_begin(store, 'a'), 0);
	assert_int_equal(store_append(store, &run, 1, history_why, sizeof(history_why)), 0);
	store_close(store);
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(history_read(path, "latest", &seen), 0);
	assert_int_equal(seen.last.metric, RUN_THROUGHPUT);
	assert_string_equal(seen.last.failure, "the consumer died, 'signal' 9");
	assert_null(seen.last.histogram);
	/* Nobody finished it. */
	assert_int_equal(seen.session.ended_ns, 0);
}

static void sessions_of_an_environment_are_listed_newest_first(void **state)
{
	const struct folder *folder = *state;
	const char *key = made_up_session()->environment->key;
	char uuids[3][SESSION_UUID_BYTES];
	struct store *store;
	size_t count = 9;

	history_store(folder, "history.db", 'a');
	history_store(folder, "history.db", 'b');
	store = history_open(folder, "history.db");
	assert_int_equal(
		store_sessions(store, key, uuids, 3, &count, history_why, sizeof(history_why)), 0);
	assert_int_equal(count, 2);
	assert_int_equal(uuids[0][SESSION_UUID_BYTES - 2], 'b');
	assert_int_equal(uuids[1][SESSION_UUID_BYTES - 2], 'a');
	assert_int_equal(
		store_sessions(store, key, uuids, 1, &count, history_why, sizeof(history_why)), 0);
	assert_int_equal(count, 1);
	assert_int_equal(uuids[0][SESSION_UUID_BYTES - 2], 'b');
	assert_int_equal(store_sessions(store, "e:elsewhere", uuids, 3, &count, history_why,
	                                sizeof(history_why)),
	                 0);
	assert_int_equal(count, 0);
	store_close(store);
}

static void sessions_are_found_by_the_start_of_their_uuid(void **state)
{
	const struct folder *folder = *state;
	struct history_seen seen = {0};
	char path[PATH_MAX];

	history_store(folder, "history.db", 'a');
	history_store(folder, "history.db", 'b');
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(history_read(path, "latest", &seen), 0);
	assert_string_equal(seen.session.uuid, "7b0e1c52-0b6f-4c1d-9a3e-5d1f00c0ffeb");
	assert_int_equal(history_read(path, "7B0E1C52-0b6f-4c1d-9a3e-5d1f00c0ffea", &seen), 0);
	assert_string_equal(seen.session.uuid, "7b0e1c52-0b6f-4c1d-9a3e-5d1f00c0ffea");
	assert_int_equal(history_read(path, "7b0e", &seen), -ENOTUNIQ);
	assert_int_equal(history_read(path, "8", &seen), -ENOENT);
	assert_int_equal(history_read(path, "", &seen), -ENOENT);
	assert_int_equal(history_read(path, "' OR 1=1 --", &seen), -ENOENT);
}

static void a_reader_stops_the_reading_with_its_own_error(void **state)
{
	const struct folder *folder = *state;
	struct history_seen seen = {.answer = -ECANCELED};
	char path[PATH_MAX];

	history_store(folder, "history.db", 'a');
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(history_read(path, "latest", &seen), -ECANCELED);
	assert_int_equal(seen.runs, 1);
}

static void a_batch_of_runs_is_stored_whole_or_not_at_all(void **state)
{
	const struct folder *folder = *state;
	struct run_cell cell = made_up_cell("tcp", "stream", 64, "cross_core");
	struct store *store = history_open(folder, "history.db");
	struct run *runs = calloc(2, sizeof(*runs));
	struct history_seen seen = {0};
	char path[PATH_MAX];
	int ret;

	assert_int_equal(history_begin(store, 'a'), 0);
	made_up_run(&runs[0], &cell, 0, 0, 100, 1);
	made_up_run(&runs[1], &cell, 0, 0, 100, 1);
	ret = store_append(store, runs, 2, history_why, sizeof(history_why));
	free(runs);
	assert_int_equal(ret, -EEXIST);
	/* The store is as usable as before. */
	assert_int_equal(history_append(store, 0), 0);
	store_close(store);
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(history_read(path, "latest", &seen), 0);
	assert_int_equal(seen.runs, 1);
}

static void a_session_is_stored_once(void **state)
{
	const struct folder *folder = *state;
	struct store *store;

	history_store(folder, "history.db", 'a');
	store = history_open(folder, "history.db");
	assert_int_equal(history_begin(store, 'a'), -EEXIST);
	assert_int_equal(history_append(store, 0), -EINVAL);
	assert_int_equal(history_begin(store, 'b'), 0);
	store_close(store);
}

static void a_history_is_private_under_any_umask(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_MAX];
	struct stat status;
	mode_t before = umask(0);

	history_store(folder, "open.db", 'a');
	umask(0777);
	history_store(folder, "closed.db", 'a');
	umask(before);
	folder_path(folder, path, sizeof(path), "open.db");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	folder_path(folder, path, sizeof(path), "closed.db");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

static void the_default_path_follows_the_environment(void **state)
{
	const struct folder *folder = *state;
	const char *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");
	char *old_data = data ? strdup(data) : NULL;
	char *old_home = home ? strdup(home) : NULL;
	struct store *store = NULL;
	int ret[3];

	setenv("XDG_DATA_HOME", folder->path, 1);
	ret[0] = store_open(&store, NULL, STORE_WRITE, history_why, sizeof(history_why));
	store_close(store);
	/* What is not absolute is ignored. */
	setenv("XDG_DATA_HOME", "relative", 1);
	setenv("HOME", folder->path, 1);
	ret[1] = store_open(&store, NULL, STORE_WRITE, history_why, sizeof(history_why));
	store_close(store);
	unsetenv("XDG_DATA_HOME");
	unsetenv("HOME");
	ret[2] = store_open(&store, NULL, STORE_WRITE, history_why, sizeof(history_why));
	if (old_data)
		setenv("XDG_DATA_HOME", old_data, 1);
	if (old_home)
		setenv("HOME", old_home, 1);
	free(old_data);
	free(old_home);
	assert_int_equal(ret[0], 0);
	assert_int_equal(ret[1], 0);
	assert_int_equal(ret[2], -ENOENT);
	assert_true(folder_size(folder, "ipcbench/history.db") > 0);
	assert_true(folder_size(folder, ".local/share/ipcbench/history.db") > 0);
}

static void a_special_name_is_a_plain_file(void **state)
{
	const struct folder *folder = *state;
	struct store *store = NULL;
	char before[PATH_MAX];
	int ret;

	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(folder->path), 0);
	ret = store_open(&store, ":memory:", STORE_WRITE, history_why, sizeof(history_why));
	store_close(store);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(ret, 0);
	assert_true(folder_size(folder, ":memory:") > 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

const struct CMUnitTest unit_store_tests[] = {
	CASE(a_session_comes_back_as_it_was_stored),
	CASE(notes_come_back_in_their_order),
	CASE(a_failed_round_keeps_its_cause),
	CASE(sessions_of_an_environment_are_listed_newest_first),
	CASE(sessions_are_found_by_the_start_of_their_uuid),
	CASE(a_reader_stops_the_reading_with_its_own_error),
	CASE(a_batch_of_runs_is_stored_whole_or_not_at_all),
	CASE(a_session_is_stored_once),
	CASE(a_history_is_private_under_any_umask),
	CASE(the_default_path_follows_the_environment),
	CASE(a_special_name_is_a_plain_file),
};
const size_t unit_store_tests_count = sizeof(unit_store_tests) / sizeof(unit_store_tests[0]);
