/* SPDX-License-Identifier: MIT */
/* suites/check/unit/store.c - what is stored comes back, and nothing is ever lost. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "results/environment.h"
#include "results/store_sqlite.h"
#include "suites/check/unit/folder.h"
#include "suites/check/unit/made_up.h"

#define WHY_BYTES 512
#define ROUNDS 4

static char why[WHY_BYTES];

/* What a reader saw. */
struct seen {
	struct session session;
	char key[ENVIRONMENT_KEY_BYTES];
	size_t sessions;
	size_t runs;
	size_t skips;
	struct run last; /* its histogram and cell are gone */
	char last_cell[RUN_CELL_BYTES];
	uint64_t last_p50;
	int answer; /* what the run function returns */
};

static int see_session(void *context, const struct session *session)
{
	struct seen *seen = context;

	seen->sessions++;
	seen->session = *session;
	if (session->environment)
		memcpy(seen->key, session->environment->key, sizeof(seen->key));
	return strcmp(session->argv, made_up_session()->argv) == 0 ? 0 : -EDOM;
}

static int see_run(void *context, const struct run *run)
{
	struct seen *seen = context;

	seen->runs++;
	seen->last = *run;
	memcpy(seen->last_cell, run->cell->name, sizeof(seen->last_cell));
	seen->last_p50 = run->histogram ? histogram_quantile(run->histogram, 0.5) : 0;
	return seen->answer;
}

static int see_skip(void *context, const struct run_cell *cell, const char *reason)
{
	struct seen *seen = context;

	(void)cell;
	seen->skips++;
	return strcmp(reason, "no such device") == 0 ? 0 : -EDOM;
}

/* Reads a session of the history at path. Returns what store_open() or store_read() does. */
static int read_back(const char *path, const char *reference, struct seen *seen)
{
	const struct store_reader reader = {
		.context = seen,
		.session = see_session,
		.run = see_run,
		.skip = see_skip,
	};
	struct store *store;
	int ret = store_open(&store, path, STORE_READ, why, sizeof(why));

	if (ret < 0)
		return ret;
	ret = store_read(store, reference, &reader, why, sizeof(why));
	store_close(store);
	return ret;
}

/* Begins a session in store, with a last digit of its uuid. */
static int begin(struct store *store, char digit)
{
	struct session session = *made_up_session();

	session.uuid[SESSION_UUID_BYTES - 2] = digit;
	session.status = "running";
	session.ended_ns = 0;
	return store_begin(store, &session, why, sizeof(why));
}

/* Appends a round of the made-up pipe cell. No asserts: children call it. */
static int append_round(struct store *store, uint32_t round)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");
	struct run run;
	int ret = made_up_run(&run, &cell, round, 6200, 1000, 1);

	if (ret < 0)
		return ret;
	ret = store_append(store, &run, 1, why, sizeof(why));
	free((struct histogram *)run.histogram);
	return ret;
}

/* Opens the history called name to write. Returns it, or null. */
static struct store *open_to_write(const struct folder *folder, const char *name)
{
	char path[PATH_MAX];
	struct store *store = NULL;

	folder_path(folder, path, sizeof(path), name);
	assert_int_equal(store_open(&store, path, STORE_WRITE, why, sizeof(why)), 0);
	return store;
}

/* Stores a whole session of ROUNDS rounds and a skip. */
static void store_session(const struct folder *folder, const char *name, char digit)
{
	struct run_cell skipped = made_up_cell("posix_mq", "ping_pong", 64, "same_core");
	struct store *store = open_to_write(folder, name);

	assert_int_equal(begin(store, digit), 0);
	for (uint32_t round = 0; round < ROUNDS; round++)
		assert_int_equal(append_round(store, round), 0);
	assert_int_equal(store_skip(store, &skipped, "no such device", why, sizeof(why)), 0);
	assert_int_equal(store_finish(store, "complete", why, sizeof(why)), 0);
	store_close(store);
}

/* Asserts that the history called name can't be opened, and that one line names it. */
static void assert_refused(const struct folder *folder, const char *name, enum store_access access,
                           int error, const char *word)
{
	char path[PATH_MAX];
	struct store *store = NULL;

	folder_path(folder, path, sizeof(path), name);
	why[0] = '\0';
	assert_int_equal(store_open(&store, path, access, why, sizeof(why)), error);
	assert_null(store);
	assert_non_null(strstr(why, path));
	assert_non_null(strstr(why, word));
	assert_null(strchr(why, '\n'));
}

static void a_session_comes_back_as_it_was_stored(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_MAX];
	struct seen seen = {0};

	store_session(folder, "new/folders/history.db", 'a');
	folder_path(folder, path, sizeof(path), "new/folders/history.db");
	assert_int_equal(read_back(path, "latest", &seen), 0);
	assert_int_equal(seen.sessions, 1);
	assert_int_equal(seen.runs, ROUNDS);
	assert_int_equal(seen.skips, 1);
	assert_int_equal(seen.session.seed, 4711);
	assert_int_equal(seen.session.started_ns, made_up_session()->started_ns);
	assert_true(seen.session.ended_ns > 0);
	assert_string_equal(seen.key, made_up_session()->environment->key);
	assert_string_equal(seen.last_cell, "pipe/ping_pong/64B/same_core/block/processes");
	assert_int_equal(seen.last.round, ROUNDS - 1);
	assert_int_equal(seen.last.metric, RUN_ROUND_TRIP);
	assert_int_equal(seen.last.samples, 1001);
	assert_int_equal(seen.last.peer_count, 2);
	assert_string_equal(seen.last.peers[1].name, "server");
	assert_int_equal(seen.last.peers[1].counters.cpu_system_ns, 1001 * 300 - 1001 * 300 / 4);
	assert_int_equal(seen.last.peers[0].counters.involuntary_switches, 3);
	assert_in_range(seen.last_p50, 6300, 6900);
}

static void a_failed_round_keeps_its_cause(void **state)
{
	const struct folder *folder = *state;
	struct run_cell cell = made_up_cell("tcp", "stream", 64, "cross_core");
	struct store *store = open_to_write(folder, "history.db");
	struct seen seen = {0};
	char path[PATH_MAX];
	struct run run;

	assert_int_equal(made_up_run(&run, &cell, 0, 0, 100, 1), 0);
	snprintf(run.failure, sizeof(run.failure), "the consumer died, 'signal' 9");
	assert_int_equal(begin(store, 'a'), 0);
	assert_int_equal(store_append(store, &run, 1, why, sizeof(why)), 0);
	store_close(store);
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(read_back(path, "latest", &seen), 0);
	assert_int_equal(seen.last.metric, RUN_THROUGHPUT);
	assert_string_equal(seen.last.failure, "the consumer died, 'signal' 9");
	assert_null(seen.last.histogram);
	/* Nobody finished it. */
	assert_int_equal(seen.session.ended_ns, 0);
}

static void sessions_are_found_by_the_start_of_their_uuid(void **state)
{
	const struct folder *folder = *state;
	struct seen seen = {0};
	char path[PATH_MAX];

	store_session(folder, "history.db", 'a');
	store_session(folder, "history.db", 'b');
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(read_back(path, "latest", &seen), 0);
	assert_string_equal(seen.session.uuid, "7b0e1c52-0b6f-4c1d-9a3e-5d1f00c0ffeb");
	assert_int_equal(read_back(path, "7B0E1C52-0b6f-4c1d-9a3e-5d1f00c0ffea", &seen), 0);
	assert_string_equal(seen.session.uuid, "7b0e1c52-0b6f-4c1d-9a3e-5d1f00c0ffea");
	assert_int_equal(read_back(path, "7b0e", &seen), -ENOTUNIQ);
	assert_int_equal(read_back(path, "8", &seen), -ENOENT);
	assert_int_equal(read_back(path, "", &seen), -ENOENT);
	assert_int_equal(read_back(path, "' OR 1=1 --", &seen), -ENOENT);
}

static void a_reader_stops_the_reading_with_its_own_error(void **state)
{
	const struct folder *folder = *state;
	struct seen seen = {.answer = -ECANCELED};
	char path[PATH_MAX];

	store_session(folder, "history.db", 'a');
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(read_back(path, "latest", &seen), -ECANCELED);
	assert_int_equal(seen.runs, 1);
}

static void a_batch_of_runs_is_stored_whole_or_not_at_all(void **state)
{
	const struct folder *folder = *state;
	struct run_cell cell = made_up_cell("tcp", "stream", 64, "cross_core");
	struct store *store = open_to_write(folder, "history.db");
	struct run *runs = calloc(2, sizeof(*runs));
	struct seen seen = {0};
	char path[PATH_MAX];
	int ret;

	assert_int_equal(begin(store, 'a'), 0);
	made_up_run(&runs[0], &cell, 0, 0, 100, 1);
	made_up_run(&runs[1], &cell, 0, 0, 100, 1);
	ret = store_append(store, runs, 2, why, sizeof(why));
	free(runs);
	assert_int_equal(ret, -EEXIST);
	/* The store is as usable as before. */
	assert_int_equal(append_round(store, 0), 0);
	store_close(store);
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(read_back(path, "latest", &seen), 0);
	assert_int_equal(seen.runs, 1);
}

static void a_session_is_stored_once(void **state)
{
	const struct folder *folder = *state;
	struct store *store;

	store_session(folder, "history.db", 'a');
	store = open_to_write(folder, "history.db");
	assert_int_equal(begin(store, 'a'), -EEXIST);
	assert_int_equal(append_round(store, 0), -EINVAL);
	assert_int_equal(begin(store, 'b'), 0);
	store_close(store);
}

static void what_is_no_history_is_refused_and_left_alone(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_MAX];
	sqlite3 *db;

	folder_write(folder, "letter.txt", "Dear history, this is no database.\n", 35);
	folder_write(folder, "short", "x", 1);
	folder_path(folder, path, sizeof(path), "pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	folder_path(folder, path, sizeof(path), "folder");
	assert_int_equal(mkdir(path, 0700), 0);
	folder_path(folder, path, sizeof(path), "browser.db");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE visit(url)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	for (enum store_access access = STORE_READ; access <= STORE_WRITE; access++) {
		assert_refused(folder, "letter.txt", access, -EBADMSG, "not a history");
		assert_refused(folder, "short", access, -EBADMSG, "not a history");
		assert_refused(folder, "browser.db", access, -EBADMSG, "not a history");
		assert_refused(folder, "folder", access, -EISDIR, "a folder");
		assert_refused(folder, "pipe", access, -EINVAL, "device or pipe");
		assert_refused(folder, "letter.txt/x", access,
		               access == STORE_READ ? -ENOTDIR : -ENOTDIR, "--store");
	}
	assert_int_equal(folder_size(folder, "letter.txt"), 35);
	assert_int_equal(folder_size(folder, "letter.txt-wal"), -1);
	assert_int_equal(folder_size(folder, "browser.db-wal"), -1);
}

static void an_absent_or_empty_history_can_not_be_read(void **state)
{
	const struct folder *folder = *state;

	folder_write(folder, "empty.db", "", 0);
	assert_refused(folder, "absent.db", STORE_READ, -ENOENT, "no such file");
	assert_refused(folder, "empty.db", STORE_READ, -EBADMSG, "empty");
	assert_int_equal(folder_size(folder, "absent.db"), -1);
	/* To write, an empty file is a new history. */
	store_session(folder, "empty.db", 'a');
}

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_MAX];
	struct seen seen = {0};
	sqlite3 *db;

	store_session(folder, "history.db", 'a');
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_refused(folder, "history.db", STORE_WRITE, -EPROTO, "newer");
	assert_refused(folder, "history.db", STORE_READ, -EPROTO, "newer");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA user_version=1", NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(read_back(path, "latest", &seen), 0);
	assert_int_equal(seen.runs, ROUNDS);
}

static void migrations_are_applied_once_each_or_not_at_all(void **state)
{
	static const char *const made_up[] = {
		"",
		"CREATE TABLE second(x INTEGER) STRICT; INSERT INTO second VALUES(2);",
		"CREATE TABLE third(x INTEGER) STRICT; INSERT INTO absent VALUES(3);",
	};
	const struct folder *folder = *state;
	struct store *store = open_to_write(folder, "history.db");
	struct store_sqlite *self = (struct store_sqlite *)store;
	sqlite3_int64 number;

	assert_int_equal(store_schema_migrate(self, made_up, 2, why, sizeof(why)), 0);
	assert_int_equal(store_schema_migrate(self, made_up, 2, why, sizeof(why)), 0);
	assert_int_equal(
		store_sqlite_integer(self, "SELECT count(*) FROM second", &number, why, WHY_BYTES),
		0);
	assert_int_equal(number, 1);
	assert_int_equal(store_schema_migrate(self, made_up, 3, why, sizeof(why)), -EBADMSG);
	assert_int_equal(store_sqlite_integer(self, "PRAGMA user_version", &number, why, WHY_BYTES),
	                 0);
	assert_int_equal(number, 2);
	assert_int_equal(store_sqlite_integer(self,
	                                      "SELECT count(*) FROM sqlite_schema"
	                                      " WHERE name='third'",
	                                      &number, why, WHY_BYTES),
	                 0);
	assert_int_equal(number, 0);
	store_close(store);
}

/* Appends rounds until killed, and says in a pipe after each that it is there. */
static void append_until_killed(const char *path, int said)
{
	struct store *store;

	if (store_open(&store, path, STORE_WRITE, why, sizeof(why)) < 0 || begin(store, 'a') < 0)
		_exit(1);
	for (uint32_t round = 0;; round++) {
		if (append_round(store, round) < 0 || write(said, "x", 1) != 1)
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
		struct seen seen = {0};
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
		assert_int_equal(read_back(path, "latest", &seen), 0);
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

	if (store_open(&store, path, STORE_WRITE, why, sizeof(why)) < 0)
		return 1;
	if (begin(store, digit) < 0)
		return 2;
	for (uint32_t round = 0; round < 20; round++) {
		if (append_round(store, round) < 0)
			return 3;
	}
	if (store_finish(store, "complete", why, sizeof(why)) < 0)
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
		struct seen seen = {0};

		uuid[sizeof(uuid) - 2] = digits[i];
		assert_int_equal(read_back(path, uuid, &seen), 0);
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
	if (store_open(&store, path, STORE_WRITE, why, sizeof(why)) < 0)
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
	struct seen seen = {0};

	store_session(folder, "history.db", 'a');
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(read_back(path, "latest", &seen), 0);
	assert_int_equal(folder_size(folder, "history.db-wal"), -1);
	assert_int_equal(folder_size(folder, "history.db-shm"), -1);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(read_back(path, "latest", &seen), 0);
	assert_int_equal(folder_size(folder, "history.db-wal"), -1);
	assert_int_equal(folder_size(folder, "history.db-shm"), -1);
}

static void a_history_is_private_under_any_umask(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_MAX];
	struct stat status;
	mode_t before = umask(0);

	store_session(folder, "open.db", 'a');
	umask(0777);
	store_session(folder, "closed.db", 'a');
	umask(before);
	folder_path(folder, path, sizeof(path), "open.db");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	folder_path(folder, path, sizeof(path), "closed.db");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

/* Opens the history and reads the latest session. Runs in a child: no asserts. */
static int read_as_nobody(const char *path)
{
	struct seen seen = {0};

	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 1;
	if (read_back(path, "latest", &seen) != 0)
		return 2;
	return seen.runs == ROUNDS ? 0 : 3;
}

/* Tries to open the history to write. Runs in a child: no asserts. */
static int write_as_nobody(const char *path)
{
	struct store *store;
	int ret;

	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 1;
	ret = store_open(&store, path, STORE_WRITE, why, sizeof(why));
	return ret == -EACCES || ret == -EROFS ? 0 : 2;
}

static void another_user_reads_a_history_but_can_not_write_it(void **state)
{
	static int (*const attempts[])(const char *path) = {read_as_nobody, write_as_nobody};
	const struct folder *folder = *state;
	char path[PATH_MAX];

	if (geteuid() != 0)
		skip(); /* only root can become another user */
	store_session(folder, "history.db", 'a');
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

static void a_full_disk_is_an_error_that_loses_nothing(void **state)
{
	const struct folder *folder = *state;
	struct seen seen = {0};
	struct store *store = NULL;
	char path[PATH_MAX];
	uint32_t round;
	int ret = 0;

	folder_path(folder, path, sizeof(path), "small");
	assert_int_equal(mkdir(path, 0700), 0);
	if (mount("none", path, "tmpfs", 0, "size=400k") < 0)
		skip(); /* only root can mount a small disk */
	store_session(folder, "small/history.db", 'a');
	folder_path(folder, path, sizeof(path), "small/history.db");
	store = open_to_write(folder, "small/history.db");
	assert_int_equal(begin(store, 'b'), 0);
	for (round = 0; round < 1000 && ret == 0; round++)
		ret = append_round(store, round);
	assert_int_equal(ret, -ENOSPC);
	assert_non_null(strstr(why, "the disk is full"));
	store_close(store);
	assert_int_equal(read_back(path, "latest", &seen), 0);
	assert_int_equal(seen.runs, round - 1);
	seen = (struct seen){0};
	assert_int_equal(read_back(path, "7b0e1c52-0b6f-4c1d-9a3e-5d1f00c0ffea", &seen), 0);
	assert_int_equal(seen.runs, ROUNDS);
	/* With no room at all, opening says so before anything is measured. */
	folder_fill(folder, "small/fill");
	assert_refused(folder, "small/history.db", STORE_WRITE, -ENOSPC, "the disk is full");
	assert_refused(folder, "small/new.db", STORE_WRITE, -ENOSPC, "the disk is full");
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

/* Reads whatever the file at path is. Returns 0 unless it did what it must not. */
static int survives(const char *path)
{
	struct seen seen = {0};
	int ret = read_back(path, "latest", &seen);

	/* -EDOM is our own reader's: a text that was altered and yet well formed. */
	return ret == 0 || ret == -EBADMSG || ret == -EPROTO || ret == -ENOENT || ret == -EIO ||
	                       ret == -EDOM || ret == -ENOTUNIQ
	               ? 0
	               : ret;
}

static void any_damage_is_survived(void **state)
{
	const struct folder *folder = *state;
	long bytes;
	char path[PATH_MAX];
	unsigned char *whole;
	uint64_t random = 1;

	store_session(folder, "history.db", 'a');
	bytes = folder_size(folder, "history.db");
	whole = malloc((size_t)bytes);
	folder_read(folder, "history.db", whole, (size_t)bytes);
	folder_path(folder, path, sizeof(path), "damaged.db");
	for (long cut = 0; cut < bytes; cut += 512) {
		folder_write(folder, "damaged.db", whole, (size_t)cut);
		assert_int_equal(survives(path), 0);
	}
	for (unsigned trial = 0; trial < 1000; trial++) {
		size_t at;
		unsigned char before;

		random = random * 6364136223846793005u + 1442695040888963407u;
		/* Every other one hits the first page, where the schema stands. */
		at = (size_t)((random >> 33) % (uint64_t)(trial % 2 ? bytes : 4096));
		before = whole[at];
		whole[at] ^= (unsigned char)(1u << (random >> 20 & 7));
		folder_write(folder, "damaged.db", whole, (size_t)bytes);
		whole[at] = before;
		assert_int_equal(survives(path), 0);
	}
	free(whole);
}

static void a_view_or_trigger_in_place_of_a_table_is_refused(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_MAX];
	struct seen seen = {0};
	struct store *store = NULL;
	sqlite3 *db;

	store_session(folder, "view.db", 'a');
	folder_path(folder, path, sizeof(path), "view.db");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
	                              "ALTER TABLE session RENAME TO hidden;"
	                              "CREATE VIEW session AS SELECT * FROM hidden",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(read_back(path, "latest", &seen), -EBADMSG);

	store_session(folder, "trigger.db", 'a');
	folder_path(folder, path, sizeof(path), "trigger.db");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
	                              "CREATE TRIGGER t AFTER INSERT ON session BEGIN"
	                              " DELETE FROM peer; DELETE FROM run; END",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_open(&store, path, STORE_WRITE, why, sizeof(why)), 0);
	assert_int_equal(begin(store, 'b'), 0);
	store_close(store);
	assert_int_equal(read_back(path, "7b0e1c52-0b6f-4c1d-9a3e-5d1f00c0ffea", &seen), 0);
	assert_int_equal(seen.runs, ROUNDS);
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
	ret[0] = store_open(&store, NULL, STORE_WRITE, why, sizeof(why));
	store_close(store);
	/* What is not absolute is ignored. */
	setenv("XDG_DATA_HOME", "relative", 1);
	setenv("HOME", folder->path, 1);
	ret[1] = store_open(&store, NULL, STORE_WRITE, why, sizeof(why));
	store_close(store);
	unsetenv("XDG_DATA_HOME");
	unsetenv("HOME");
	ret[2] = store_open(&store, NULL, STORE_WRITE, why, sizeof(why));
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
	ret = store_open(&store, ":memory:", STORE_WRITE, why, sizeof(why));
	store_close(store);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(ret, 0);
	assert_true(folder_size(folder, ":memory:") > 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

const struct CMUnitTest unit_store_tests[] = {
	CASE(a_session_comes_back_as_it_was_stored),
	CASE(a_failed_round_keeps_its_cause),
	CASE(sessions_are_found_by_the_start_of_their_uuid),
	CASE(a_reader_stops_the_reading_with_its_own_error),
	CASE(a_batch_of_runs_is_stored_whole_or_not_at_all),
	CASE(a_session_is_stored_once),
	CASE(what_is_no_history_is_refused_and_left_alone),
	CASE(an_absent_or_empty_history_can_not_be_read),
	CASE(a_newer_schema_is_refused_and_left_alone),
	CASE(migrations_are_applied_once_each_or_not_at_all),
	CASE(a_killed_writer_loses_the_round_in_hand_at_most),
	CASE(writers_at_once_all_store_everything),
	CASE(a_history_made_by_several_at_once_is_made_once),
	CASE(reading_leaves_nothing_beside_the_history),
	CASE(a_history_is_private_under_any_umask),
	CASE(another_user_reads_a_history_but_can_not_write_it),
	cmocka_unit_test_setup_teardown(a_full_disk_is_an_error_that_loses_nothing, folder_make,
                                        unmount_and_remove),
	CASE(any_damage_is_survived),
	CASE(a_view_or_trigger_in_place_of_a_table_is_refused),
	CASE(the_default_path_follows_the_environment),
	CASE(a_special_name_is_a_plain_file),
};
const size_t unit_store_tests_count = sizeof(unit_store_tests) / sizeof(unit_store_tests[0]);
