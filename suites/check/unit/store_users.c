/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/store_users.c - several writers and readers of one history, dead ones,
 * those of other users, and a full disk: nothing that was stored is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "suites/check/unit/history.h"

/* Appends rounds until killed, and says in a pipe after each that it is there. */
static void append_until_killed(const char *path, int said)
{
	struct store *store;

	if (store_open(&store, path, STORE_WRITE, history_why, sizeof(history_why)) < 0 ||
	    history_begin(store, 'a') < 0)
		_exit(1);
	for (uint32_t round = 0;; round++) {
		if (history_append(store, round) < 0 || write(said, "x", 1) != 1)
			_exit(2);
	}
}

static void a_killed_writer_loses_the_round_in_hand_at_most(void **state)
{
	const struct folder *folder = *state;

	for (unsigned trial = 0; trial < 12; trial++) {
		char name[32];
		char path[PATH_MAX];
		char byte;
		struct history_seen seen = {0};
		size_t said_rounds = 0;
		int said[2];
		int status;
		pid_t pid;
		struct timespec moment = {.tv_nsec = 137000 * (long)trial};

		snprintf(name, sizeof(name), "killed%u.db", trial);
		folder_path(folder, path, sizeof(path), name);
		assert_int_equal(pipe2(said, O_CLOEXEC), 0);
		pid = fork();
		assert_int_not_equal(pid, -1);
		if (pid == 0)
			append_until_killed(path, said[1]);
		close(said[1]);
		/* At least one is there; then at some moment of a later one. */
		assert_int_equal(read(said[0], &byte, 1), 1);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		for (said_rounds = 1; read(said[0], &byte, 1) == 1;)
			said_rounds++;
		close(said[0]);
		assert_int_equal(history_read(path, "latest", &seen), 0);
		/* What was said is there; one more may have been in hand. */
		assert_in_range(seen.runs, said_rounds, said_rounds + 1);
		assert_int_equal(seen.last.peer_count, 2);
		/* Its owner's reading took in the log that the dead one left. */
		snprintf(name, sizeof(name), "killed%u.db-wal", trial);
		assert_int_equal(folder_size(folder, name), -1);
	}
}

/* Stores one session of 20 rounds. Runs in a child: no asserts. */
static int write_beside_another(const char *path, char digit)
{
	struct store *store;

	if (store_open(&store, path, STORE_WRITE, history_why, sizeof(history_why)) < 0)
		return 1;
	if (history_begin(store, digit) < 0)
		return 2;
	for (uint32_t round = 0; round < 20; round++) {
		if (history_append(store, round) < 0)
			return 3;
	}
	if (store_finish(store, "complete", history_why, sizeof(history_why)) < 0)
		return 4;
	store_close(store);
	return 0;
}

static void writers_at_once_all_store_everything(void **state)
{
	static const char digits[] = "0123";
	const struct folder *folder = *state;
	char path[PATH_MAX];
	pid_t pids[4];

	/* They also make and migrate the file at once. */
	folder_path(folder, path, sizeof(path), "shared.db");
	for (size_t i = 0; i < 4; i++) {
		pids[i] = fork();
		assert_int_not_equal(pids[i], -1);
		if (pids[i] == 0)
			_exit(write_beside_another(path, digits[i]));
	}
	for (size_t i = 0; i < 4; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	for (size_t i = 0; i < 4; i++) {
		char uuid[] = "7b0e1c52-0b6f-4c1d-9a3e-5d1f00c0ffe?";
		struct history_seen seen = {0};

		uuid[sizeof(uuid) - 2] = digits[i];
		assert_int_equal(history_read(path, uuid, &seen), 0);
		assert_int_equal(seen.runs, 20);
	}
}

/* Opens at the moment when the gate opens, so that all do. Runs in a child: no asserts. */
static int open_at_once(const char *path, int gate)
{
	struct store *store;
	char byte;

	if (read(gate, &byte, 1) != 0)
		return 1;
	if (store_open(&store, path, STORE_WRITE, history_why, sizeof(history_why)) < 0)
		return 2;
	store_close(store);
	return 0;
}

static void a_history_made_by_several_at_once_is_made_once(void **state)
{
	const struct folder *folder = *state;

	for (unsigned trial = 0; trial < 20; trial++) {
		char name[32];
		char path[PATH_MAX];
		pid_t pids[6];
		int gate[2];

		snprintf(name, sizeof(name), "%u.db", trial);
		folder_path(folder, path, sizeof(path), name);
		assert_int_equal(pipe2(gate, O_CLOEXEC), 0);
		for (size_t i = 0; i < 6; i++) {
			pids[i] = fork();
			assert_int_not_equal(pids[i], -1);
			if (pids[i] == 0) {
				close(gate[1]);
				_exit(open_at_once(path, gate[0]));
			}
		}
		close(gate[0]);
		close(gate[1]);
		for (size_t i = 0; i < 6; i++) {
			int status;

			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_int_equal(status, 0);
		}
	}
}

static void reading_leaves_nothing_beside_the_history(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_MAX];
	struct history_seen seen = {0};

	history_store(folder, "history.db", 'a');
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(history_read(path, "latest", &seen), 0);
	assert_int_equal(folder_size(folder, "history.db-wal"), -1);
	assert_int_equal(folder_size(folder, "history.db-shm"), -1);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(history_read(path, "latest", &seen), 0);
	assert_int_equal(folder_size(folder, "history.db-wal"), -1);
	assert_int_equal(folder_size(folder, "history.db-shm"), -1);
}

/* Opens the history and reads the latest session. Runs in a child: no asserts. */
static int read_as_nobody(const char *path)
{
	struct history_seen seen = {0};

	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 1;
	if (history_read(path, "latest", &seen) != 0)
		return 2;
	return seen.runs == HISTORY_ROUNDS ? 0 : 3;
}

/* Tries to open the history to write. Runs in a child: no asserts. */
static int write_as_nobody(const char *path)
{
	struct store *store;
	int ret;

	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 1;
	ret = store_open(&store, path, STORE_WRITE, history_why, sizeof(history_why));
	return ret == -EACCES || ret == -EROFS ? 0 : 2;
}

static void another_user_reads_a_history_but_can_not_write_it(void **state)
{
	static int (*const attempts[])(const char *path) = {read_as_nobody, write_as_nobody};
	const struct folder *folder = *state;
	char path[PATH_MAX];

	if (geteuid() != 0)
		skip(); /* only root can become another user */
	history_store(folder, "history.db", 'a');
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(folder->path, 0755), 0);
	for (size_t i = 0; i < 2; i++) {
		pid_t pid = fork();
		int status;

		assert_int_not_equal(pid, -1);
		if (pid == 0)
			_exit(attempts[i](path));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	assert_int_equal(folder_size(folder, "history.db-shm"), -1);
}

static void another_user_reads_what_a_writer_at_work_has_stored(void **state)
{
	const struct folder *folder = *state;
	struct store *store;
	char path[PATH_MAX];
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip(); /* only root can become another user */
	history_store(folder, "history.db", 'a');
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(folder->path, 0755), 0);
	store = history_open(folder, "history.db");
	assert_int_equal(history_begin(store, 'b'), 0);
	for (uint32_t round = 0; round < HISTORY_ROUNDS; round++)
		assert_int_equal(history_append(store, round), 0);
	/* The second session stands in the log alone. */
	assert_true(folder_size(folder, "history.db-wal") > 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0)
		_exit(read_as_nobody(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	store_close(store);
	assert_int_equal(status, 0);
}

static void a_full_disk_is_an_error_that_loses_nothing(void **state)
{
	const struct folder *folder = *state;
	struct history_seen seen = {0};
	struct store *store = NULL;
	char path[PATH_MAX];
	uint32_t round;
	int ret = 0;

	folder_path(folder, path, sizeof(path), "small");
	assert_int_equal(mkdir(path, 0700), 0);
	if (mount("none", path, "tmpfs", 0, "size=400k") < 0)
		skip(); /* only root can mount a small disk */
	history_store(folder, "small/history.db", 'a');
	folder_path(folder, path, sizeof(path), "small/history.db");
	store = history_open(folder, "small/history.db");
	assert_int_equal(history_begin(store, 'b'), 0);
	for (round = 0; round < 1000 && ret == 0; round++)
		ret = history_append(store, round);
	assert_int_equal(ret, -ENOSPC);
	assert_non_null(strstr(history_why, "the disk is full"));
	store_close(store);
	assert_int_equal(history_read(path, "latest", &seen), 0);
	assert_int_equal(seen.runs, round - 1);
	seen = (struct history_seen){0};
	assert_int_equal(history_read(path, "7b0e1c52-0b6f-4c1d-9a3e-5d1f00c0ffea", &seen), 0);
	assert_int_equal(seen.runs, HISTORY_ROUNDS);
	/* With room again, a writer puts in order what the full disk had left beside it. */
	folder_path(folder, path, sizeof(path), "small");
	assert_int_equal(mount("none", path, NULL, MS_REMOUNT, "size=4m"), 0);
	store_close(history_open(folder, "small/history.db"));
	/* With no room at all, opening says so before anything is measured. */
	folder_fill(folder, "small/fill");
	history_assert_refused(folder, "small/history.db", STORE_WRITE, -ENOSPC,
	                       "the disk is full");
	history_assert_refused(folder, "small/new.db", STORE_WRITE, -ENOSPC, "the disk is full");
	assert_int_equal(folder_size(folder, "small/new.db"), -1);
}

static int unmount_and_remove(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_MAX];

	folder_path(folder, path, sizeof(path), "small");
	umount2(path, MNT_DETACH);
	return folder_remove(state);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

const struct CMUnitTest unit_store_users_tests[] = {
	CASE(a_killed_writer_loses_the_round_in_hand_at_most),
	CASE(writers_at_once_all_store_everything),
	CASE(a_history_made_by_several_at_once_is_made_once),
	CASE(reading_leaves_nothing_beside_the_history),
	CASE(another_user_reads_a_history_but_can_not_write_it),
	CASE(another_user_reads_what_a_writer_at_work_has_stored),
	cmocka_unit_test_setup_teardown(a_full_disk_is_an_error_that_loses_nothing, folder_make,
                                        unmount_and_remove),
};
const size_t unit_store_users_tests_count =
	sizeof(unit_store_users_tests) / sizeof(unit_store_users_tests[0]);
