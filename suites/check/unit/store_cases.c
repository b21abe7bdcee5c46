/* SPDX-License-Identifier: MIT */
/* suites/check/unit/store_cases.c - what every store must do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suites/check/unit/store_cases.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "results/change_point.h"
#include "results/environment.h"
#include "results/exchange.h"
#include "suites/check/sanitizer.h"
#include "suites/check/unit/made_up.h"
#include "suites/check/unit/place.h"

#define SHA_A "1f0c2ab0000000000000000000000000000000aa"
#define SHA_B "9d41e770000000000000000000000000000000bb"
#define WRITERS 10
#define SESSIONS 6 /* of each writer */
#define ROUNDS 5

static char why[PLACE_WHY_BYTES];

/* Writes a uuid that has a number in it. */
static void number_uuid(char out[static SESSION_UUID_BYTES], unsigned number)
{
	snprintf(out, SESSION_UUID_BYTES, "7b0e1c52-0b6f-4c1d-9a3e-%012x", number);
}

/* The made-up session as number says; it starts so many seconds later. */
static struct session made_up(unsigned number)
{
	struct session session = *made_up_session();

	number_uuid(session.uuid, number);
	session.started_ns += number * 1000000000ull;
	session.ended_ns += number * 1000000000ull;
	return session;
}

/* Appends a round of a cell. A child may call it. Returns as store_append(). */
static int append(struct store *store, const char *transport, const char *arm, uint32_t round,
                  uint64_t typical_ns)
{
	struct run_cell cell = made_up_cell(transport, "ping_pong", 64, "same_core");
	struct run run;
	int ret = made_up_run(&run, &cell, round, typical_ns, 500, 2);

	if (ret < 0)
		return ret;
	snprintf(run.arm, sizeof(run.arm), "%s", arm);
	ret = store_append(store, &run, 1, why, sizeof(why));
	free((struct histogram *)run.histogram);
	return ret;
}

/* Stores a whole session of one cell. A child may call it. Returns 0, or -errno. */
static int store_whole(struct store *store, unsigned number)
{
	struct session session = made_up(number);
	struct run_cell skipped = made_up_cell("posix_mq", "ping_pong", 64, "same_core");
	int ret = store_begin_whole(store, &session, why, sizeof(why));

	for (uint32_t round = 0; round < ROUNDS && ret == 0; round++)
		ret = append(store, "pipe", "A", round, 6000);
	if (ret == 0)
		ret = store_skip(store, &skipped, "no such device", why, sizeof(why));
	if (ret == 0)
		ret = store_note(store, "claim", "{\"id\":1}", why, sizeof(why));
	if (ret == 0)
		ret = store_finish_whole(store, why, sizeof(why));
	return ret;
}

/* What was read of a session. */
struct seen {
	char uuid[SESSION_UUID_BYTES];
	char status[32];
	char git_sha[SESSION_ARMS_MAX][64];
	size_t sessions;
	size_t runs;
	size_t skips;
	size_t notes;
	uint64_t counted; /* values in histograms */
	uint64_t seed;
	uint64_t cpu_ns; /* of all peers */
	uint32_t harness;
};

static int see_session(void *context, const struct session *session)
{
	struct seen *seen = context;

	seen->sessions++;
	memcpy(seen->uuid, session->uuid, sizeof(seen->uuid));
	snprintf(seen->status, sizeof(seen->status), "%s", session->status);
	for (size_t i = 0; i < SESSION_ARMS_MAX; i++)
		snprintf(seen->git_sha[i], sizeof(seen->git_sha[i]), "%s",
		         session->subjects[i].git_sha);
	seen->seed = session->seed;
	/* Nothing is left out of what a session says. */
	return strcmp(session->argv, made_up_session()->argv) == 0 &&
	                       strcmp(session->doctor, made_up_session()->doctor) == 0 &&
	                       strcmp(session->environment->canon,
	                              made_up_session()->environment->canon) == 0 &&
	                       strcmp(session->environment->recorded,
	                              made_up_session()->environment->recorded) == 0 &&
	                       strcmp(session->environment->machine_key,
	                              made_up_session()->environment->machine_key) == 0
	               ? 0
	               : -EDOM;
}

static int see_run(void *context, const struct run *run)
{
	struct seen *seen = context;

	seen->runs++;
	seen->counted += run->histogram ? run->histogram->count : 0;
	seen->harness = run->cell->harness;
	for (uint32_t i = 0; i < run->peer_count; i++)
		seen->cpu_ns +=
			run->peers[i].counters.cpu_user_ns + run->peers[i].counters.cpu_system_ns;
	return 0;
}

static int see_skip(void *context, const struct run_cell *cell, const char *reason)
{
	struct seen *seen = context;

	seen->skips +=
		strcmp(cell->transport, "posix_mq") == 0 && strcmp(reason, "no such device") == 0;
	return 0;
}

static int see_note(void *context, const char *kind, const char *body)
{
	struct seen *seen = context;

	seen->notes += strcmp(kind, "claim") == 0 && strcmp(body, "{\"id\":1}") == 0;
	return 0;
}

/* Reads a session. Returns as store_read(). */
static int read_session(const struct place *place, const char *reference, struct seen *out)
{
	const struct store_reader reader = {
		.context = out,
		.session = see_session,
		.run = see_run,
		.skip = see_skip,
		.note = see_note,
	};
	struct store *store = place_open(place, STORE_READ);
	int ret;

	*out = (struct seen){0};
	ret = store_read(store, reference, &reader, why, sizeof(why));
	store_close(store);
	return ret;
}

void a_session_comes_back_whole(void **state)
{
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	struct session session = made_up(1);
	struct run_cell skipped = made_up_cell("posix_mq", "ping_pong", 64, "same_core");
	struct seen seen;

	session.seed = UINT64_MAX;
	session.status = "running";
	session.ended_ns = 0;
	assert_int_equal(store_begin(store, &session, why, sizeof(why)), 0);
	for (uint32_t round = 0; round < ROUNDS; round++)
		assert_int_equal(append(store, "pipe", "A", round, 6000), 0);
	assert_int_equal(store_skip(store, &skipped, "no such device", why, sizeof(why)), 0);
	assert_int_equal(store_note(store, "claim", "{\"id\":1}", why, sizeof(why)), 0);
	assert_int_equal(store_finish(store, "complete", why, sizeof(why)), 0);
	store_close(store);
	assert_int_equal(read_session(place, "latest", &seen), 0);
	assert_string_equal(seen.uuid, session.uuid);
	assert_string_equal(seen.status, "complete");
	assert_true(seen.seed == UINT64_MAX);
	assert_int_equal(seen.runs, ROUNDS);
	assert_int_equal(seen.skips, 1);
	assert_int_equal(seen.notes, 1);
	assert_int_equal(seen.counted, ROUNDS * 501);
	assert_int_equal(seen.harness, RUN_HARNESS_VERSION);
	assert_true(seen.cpu_ns > 0);
	assert_int_equal(read_session(place, "7b0e1c52", &seen), 0);
	assert_int_equal(read_session(place, "8", &seen), -ENOENT);
}

void builds_of_arms_come_back(void **state)
{
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	struct session session = made_up(1);
	struct seen seen;

	session.kind = "ab";
	session.subjects[0] = (struct session_subject){.git_sha = SHA_A};
	session.subjects[1] = (struct session_subject){.git_sha = SHA_B, .is_dirty = true};
	assert_int_equal(store_begin_whole(store, &session, why, sizeof(why)), 0);
	assert_int_equal(append(store, "pipe", "A", 0, 6000), 0);
	assert_int_equal(append(store, "pipe", "B", 0, 6000), 0);
	assert_int_equal(store_finish_whole(store, why, sizeof(why)), 0);
	store_close(store);
	assert_int_equal(read_session(place, "latest", &seen), 0);
	assert_string_equal(seen.git_sha[0], SHA_A);
	assert_string_equal(seen.git_sha[1], SHA_B);
	assert_int_equal(seen.runs, 2);
}

/* The last digits of uuids, in the order in which they came. */
struct order {
	char digits[32];
	size_t count;
};

static int see_listed(void *context, const struct session *session)
{
	struct order *order = context;

	order->digits[order->count++] = session->uuid[SESSION_UUID_BYTES - 2];
	return 0;
}

/* Asserts which sessions a query gives, and in which order. */
static void assert_listed(struct store *store, struct store_query query, const char *digits)
{
	struct order order = {0};

	assert_int_equal(store_list(store, &query, see_listed, &order, why, sizeof(why)), 0);
	assert_string_equal(order.digits, digits);
}

void what_is_asked_for_is_listed_in_order_of_time(void **state)
{
	static const unsigned numbers[] = {3, 1, 2};
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	uint64_t start_ns = made_up(0).started_ns;
	char uuids[2][SESSION_UUID_BYTES];
	size_t count = 0;

	/* Stored in another order than that in which they were measured. */
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(store_whole(store, numbers[i]), 0);
	assert_listed(store, (struct store_query){0}, "123");
	assert_listed(store, (struct store_query){.newest = 2}, "23");
	assert_listed(store, (struct store_query){.kind = "run"}, "123");
	assert_listed(store, (struct store_query){.kind = "anchor"}, "");
	assert_listed(store, (struct store_query){.since_ns = start_ns + 2000000000}, "23");
	assert_listed(store, (struct store_query){.until_ns = start_ns + 2000000000}, "1");
	assert_listed(store, (struct store_query){.machine_key = "m:elsewhere"}, "");
	assert_listed(store, (struct store_query){.git_sha = "1f0c"}, "");
	assert_listed(store,
	              (struct store_query){.cell = "pipe/ping_pong/64B/same_core/block/processes"},
	              "123");
	assert_listed(store, (struct store_query){.cell = "pipe"}, "");
	assert_int_equal(store_sessions(store, made_up_session()->environment->key, uuids, 2,
	                                &count, why, sizeof(why)),
	                 0);
	assert_int_equal(count, 2);
	assert_int_equal(uuids[0][SESSION_UUID_BYTES - 2], '3');
	store_close(store);
}

/* The points of a history, in a few letters each. */
struct series {
	char text[512];
	double last[STORE_FIGURES];
	double last_of_first[STORE_FIGURES];
	uint32_t rounds;
};

static int see_point(void *context, const struct store_point *point)
{
	struct series *series = context;
	size_t filled = strlen(series->text);

	snprintf(series->text + filled, sizeof(series->text) - filled, "%.4s%s%c ",
	         point->cell->transport, point->arm, point->session->uuid[SESSION_UUID_BYTES - 2]);
	memcpy(series->last, point->figures, sizeof(series->last));
	memcpy(series->last_of_first, point->of_first, sizeof(series->last));
	series->rounds = point->rounds;
	return strcmp(point->subject->git_sha, point->arm[0] == 'B' ? SHA_B : SHA_A) == 0 &&
	                       point->cell_key[0] == 'c'
	               ? 0
	               : -EDOM;
}

/* Stores both arms of two cells in a session; B takes 2, 3, 4 ... times as long as A. */
static void store_arms(struct store *store, unsigned number)
{
	struct session session = made_up(number);

	session.kind = "anchor";
	session.subjects[0] = (struct session_subject){.git_sha = SHA_A};
	session.subjects[1] = (struct session_subject){.git_sha = SHA_B};
	assert_int_equal(store_begin_whole(store, &session, why, sizeof(why)), 0);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		assert_int_equal(append(store, "pipe", "A", round, 6000), 0);
		assert_int_equal(append(store, "pipe", "B", round, 6000 * (2 + round)), 0);
		assert_int_equal(append(store, "fifo", "A", round, 6000), 0);
	}
	assert_int_equal(store_finish_whole(store, why, sizeof(why)), 0);
}

void a_history_gives_each_series_in_order(void **state)
{
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	const struct store_query of_cell = {.cell = "fifo/ping_pong/64B/same_core/block/processes"};
	const struct store_query all = {.newest = 0};
	struct series series = {0};

	store_arms(store, 2);
	store_arms(store, 1);
	assert_int_equal(store_history(store, &all, see_point, &series, why, sizeof(why)), 0);
	assert_string_equal(series.text, "pipeA1 pipeA2 pipeB1 pipeB2 fifoA1 fifoA2 ");
	series = (struct series){0};
	assert_int_equal(store_history(store, &of_cell, see_point, &series, why, sizeof(why)), 0);
	assert_string_equal(series.text, "fifoA1 fifoA2 ");
	store_close(store);
}

void figures_are_medians_over_rounds(void **state)
{
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	const struct store_query of_cell = {.cell = "pipe/ping_pong/64B/same_core/block/processes"};
	struct series series = {0};

	store_arms(store, 1);
	assert_int_equal(store_history(store, &of_cell, see_point, &series, why, sizeof(why)), 0);
	store_close(store);
	assert_int_equal(series.rounds, ROUNDS);
	/* B's typical values are 12 to 36 us by batches of two: their median lies above 12 us. */
	assert_true(series.last[STORE_P50] > 12000.0 && series.last[STORE_P50] < 12000.0 * 1.13);
	/* The ratios are 2 to 6, to A's round of the same number. */
	assert_true(fabs(series.last_of_first[STORE_P50] - 4.0) < 0.1);
	assert_true(series.last[STORE_RATE] > 0.0);
}

void a_uuid_is_stored_once(void **state)
{
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	struct seen seen;

	assert_int_equal(store_whole(store, 1), 0);
	assert_int_equal(store_whole(store, 1), -EEXIST);
	/* No session is open, and the store is as usable as before. */
	assert_int_equal(append(store, "pipe", "A", 0, 6000), -EINVAL);
	assert_int_equal(store_whole(store, 2), 0);
	store_close(store);
	assert_int_equal(read_session(place, "7b0e1c52-0b6f-4c1d-9a3e-000000000001", &seen), 0);
	assert_int_equal(seen.runs, ROUNDS);
}

void an_abandoned_session_leaves_nothing(void **state)
{
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	struct session session = made_up(1);
	struct seen seen;

	assert_int_equal(store_begin_whole(store, &session, why, sizeof(why)), 0);
	assert_int_equal(append(store, "pipe", "A", 0, 6000), 0);
	store_abandon(store);
	assert_int_equal(store_whole(store, 2), 0);
	store_close(store);
	assert_int_equal(read_session(place, "7b0e1c52-0b6f-4c1d-9a3e-000000000001", &seen),
	                 -ENOENT);
}

/* Stores sessions of its own, and one that all writers try to store. Runs in a child. */
static int write_sessions(const struct place *place, unsigned writer)
{
	struct store *store;
	int ret = store_open(&store, place->uri, STORE_WRITE, why, sizeof(why));

	for (unsigned i = 0; i < SESSIONS && ret == 0; i++)
		ret = store_whole(store, 100 * (writer + 1) + i);
	if (ret < 0)
		return 1;
	ret = store_whole(store, 99);
	store_close(store);
	return ret == 0 ? 0 : ret == -EEXIST ? 2 : 1;
}

/* Counts sessions, and whether each has all its rounds. */
struct census {
	const struct place *place;
	size_t whole;
	size_t other;
};

static int count_session(void *context, const struct session *session)
{
	struct census *census = context;
	struct seen seen;

	if (read_session(census->place, session->uuid, &seen) == 0 && seen.runs == ROUNDS &&
	    seen.skips == 1 && seen.notes == 1 && seen.counted == ROUNDS * 501)
		census->whole++;
	else
		census->other++;
	return 0;
}

static struct census take_census(const struct place *place)
{
	static const struct store_query all;
	struct census census = {.place = place};
	struct store *store = place_open(place, STORE_READ);

	assert_int_equal(store_list(store, &all, count_session, &census, why, sizeof(why)), 0);
	store_close(store);
	return census;
}

void ten_writers_at_once_lose_and_double_nothing(void **state)
{
	const struct place *place = place_need(state);
	struct census census;
	pid_t pids[WRITERS];
	size_t firsts = 0;

	for (unsigned i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		assert_int_not_equal(pids[i], -1);
		if (pids[i] == 0)
			_exit(write_sessions(place, i));
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		assert_int_not_equal(WEXITSTATUS(status), 1);
		firsts += WEXITSTATUS(status) == 0;
	}
	/* One of them was the first to store the common session. */
	assert_int_equal(firsts, 1);
	census = take_census(place);
	assert_int_equal(census.whole, WRITERS * SESSIONS + 1);
	assert_int_equal(census.other, 0);
}

/* Stores sessions until killed, and says in a pipe after each that it is there. */
static void write_until_killed(const struct place *place, unsigned first, int said)
{
	struct store *store;

	if (store_open(&store, place->uri, STORE_WRITE, why, sizeof(why)) < 0)
		_exit(1);
	for (unsigned i = first;; i++) {
		if (store_whole(store, i) < 0 || write(said, "x", 1) != 1)
			_exit(2);
	}
}

void a_writer_killed_at_any_moment_leaves_whole_sessions(void **state)
{
	const struct place *place = place_need(state);
	uint64_t random = 4711;
	size_t said_sessions = 0;
	struct census census;

	store_close(place_open(place, STORE_WRITE));
	for (unsigned trial = 0; trial < 12; trial++) {
		struct timespec moment = {0};
		char byte;
		int said[2];
		int status;
		pid_t pid;

		random = random * 6364136223846793005u + 1442695040888963407u;
		moment.tv_nsec = (long)(random >> 33) % 20000000;
		assert_int_equal(pipe(said), 0);
		pid = fork();
		assert_int_not_equal(pid, -1);
		if (pid == 0)
			write_until_killed(place, 1000 * (trial + 1), said[1]);
		close(said[1]);
		/* At least one is there; then at some moment of a later one. */
		assert_int_equal(read(said[0], &byte, 1), 1);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		for (said_sessions++; read(said[0], &byte, 1) == 1;)
			said_sessions++;
		close(said[0]);
	}
	census = take_census(place);
	/* What was said is there; of each, one more may have been in hand. */
	assert_in_range(census.whole, said_sessions, said_sessions + 12);
	assert_int_equal(census.other, 0);
}

/* Asserts that a place can't be opened, and that one line has word. */
static void assert_refused(const struct place *place, enum store_access access, int error,
                           const char *word)
{
	struct store *store = NULL;

	why[0] = '\0';
	assert_int_equal(store_open(&store, place->uri, access, why, sizeof(why)), error);
	assert_null(store);
	assert_non_null(strstr(why, word));
	assert_null(strchr(why, '\n'));
}

/* Takes a store back to schema 2, which had no figures. */
static void take_back(const struct place *place)
{
	place_sql(place, "DROP TABLE mark; DROP TABLE figure; DROP TABLE session_arm;"
	                 " DROP INDEX session_started; DROP INDEX cell_name");
	place_sql(place, place->is_shared ? "DELETE FROM version WHERE number>2"
	                                  : "PRAGMA user_version=2");
}

void an_older_store_is_brought_up_to_date(void **state)
{
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	const struct store_query all = {.newest = 0};
	struct series before = {0};
	struct series after = {0};

	store_arms(store, 1);
	assert_int_equal(store_history(store, &all, see_point, &before, why, sizeof(why)), 0);
	store_close(store);
	take_back(place);
	assert_refused(place, STORE_READ, -EPROTO, "older");
	store = place_open(place, STORE_WRITE);
	assert_int_equal(store_history(store, &all, see_point, &after, why, sizeof(why)), 0);
	store_close(store);
	assert_string_equal(after.text, before.text);
	assert_memory_equal(after.last, before.last, sizeof(after.last));
}

void a_newer_store_is_refused(void **state)
{
	const struct place *place = place_need(state);

	store_close(place_open(place, STORE_WRITE));
	place_sql(place,
	          place->is_shared ? "INSERT INTO version VALUES(99)" : "PRAGMA user_version=99");
	assert_refused(place, STORE_READ, -EPROTO, "newer");
	assert_refused(place, STORE_WRITE, -EPROTO, "newer");
}

void a_foreign_store_is_refused(void **state)
{
	const struct place *place = place_need(state);

	place_sql(place, place->is_shared ? "CREATE SCHEMA ipcbench; CREATE TABLE visit(url TEXT)"
	                                  : "CREATE TABLE visit(url TEXT)");
	assert_refused(place, STORE_READ, -EBADMSG, "not a history");
	assert_refused(place, STORE_WRITE, -EBADMSG, "not a history");
	place_sql(place, "INSERT INTO visit VALUES('left alone')");
}

void an_absent_store_can_not_be_read(void **state)
{
	const struct place *place = place_need(state);

	assert_refused(place, STORE_READ, -ENOENT, "run");
}

/* Under a sanitizer a thousand would take minutes. */
enum { SERIES_COUNT = IS_ADDRESS_SANITIZED || IS_THREAD_SANITIZED ? 50 : 1000, DAYS = 365 };

/* A store of many sessions: rows that are what finished sessions leave behind for series. */
static void fill(const struct place *place)
{
	static const char form[] =
		"INSERT INTO environment(id, key, machine_id, canon) SELECT 1000, 'e:made up',"
		" max(id), '{}' FROM machine;"
		"INSERT INTO session(id, uuid, environment_id, kind, started_ns, ended_ns, seed,"
		" argv, tool, doctor, extra, status) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
		" SELECT i+1 FROM n WHERE i<%d) SELECT 1000+i, CAST(10000+i AS TEXT), 1000,"
		" 'anchor', 86400000000000*i, 86400000000001*i, i, '', '', '[]', '{}', 'complete'"
		" FROM n;"
		"INSERT INTO cell(id, key, name, transport, workload, size, in_flight, wait,"
		" placement, model, params, harness) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
		" SELECT i+1 FROM n WHERE i<%d) SELECT 1000+i, CAST(i AS TEXT), CAST(i AS TEXT),"
		" 'pipe', 'ping_pong', i, 1, 'block', 'same_core', 'processes', '', 1 FROM n;"
		/* Noise of 3 %; from session 200 on, every tenth cell takes 10 % longer. */
		"INSERT INTO figure(cell_id, stage, arm, session_id, metric, rounds, p50_ns,"
		" p90_ns, p99_ns, p999_ns, messages_per_s, p50_of_first)"
		" SELECT c.id, 1, 'B', s.id, 'round_trip', 12, 6000, 7000, 9000, 20000, 100000,"
		" (1.0 + 0.0001*((c.id*7919 + s.id*104729 + c.id*s.id*31) %% 300))"
		" * (CASE WHEN c.id %% 10 = 0 AND s.id >= 1200 THEN 1.1 ELSE 1.0 END)"
		" FROM cell c, session s WHERE c.id>1000 AND s.id>1000";

	char sql[sizeof(form) + 32];

	snprintf(sql, sizeof(sql), form, DAYS, SERIES_COUNT);
	/* Nothing here refers to what is absent; to check that takes a server seconds. */
	if (place->is_shared)
		place_sql(place, "ALTER ROLE ipcbench SET session_replication_role=replica");
	place_sql(place, sql);
	if (place->is_shared)
		place_sql(place, "ALTER ROLE ipcbench RESET session_replication_role");
}

/* The series in hand, and what was found in all. */
struct year {
	char cell_key[ENVIRONMENT_KEY_BYTES];
	double series[400];
	size_t count;
	size_t points;
	size_t changed; /* cells with one change, where it was put */
	size_t wrong;   /* other changes */
};

static void analyse(struct year *year)
{
	const struct change_point_options options = {.id = year->points, .least_effect = 0.03};
	struct change_points found;

	if (year->count == 0)
		return;
	assert_int_equal(change_point_find(year->series, year->count, &options, &found), 0);
	for (size_t i = 0; i < found.count; i++) {
		if (found.points[i].index == 199 &&
		    year->cell_key[strlen(year->cell_key) - 1] == '0')
			year->changed++;
		else
			year->wrong++;
	}
	change_points_release(&found);
	year->count = 0;
}

static int see_day(void *context, const struct store_point *point)
{
	struct year *year = context;

	if (strcmp(point->cell_key, year->cell_key) != 0)
		analyse(year);
	snprintf(year->cell_key, sizeof(year->cell_key), "%s", point->cell_key);
	year->points++;
	year->series[year->count++] = log(point->of_first[STORE_P50]);
	return 0;
}

static double now_s(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What it took is printed, and asserted nowhere: a test does not judge a machine. */
void a_thousand_series_of_a_year_are_analysed(void **state)
{
	static const struct store_query of_kind = {.kind = "anchor"};
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	struct year *year = calloc(1, sizeof(*year));
	double start_s;
	double cpu_s;

	assert_int_equal(store_whole(store, 1), 0);
	store_close(store);
	fill(place);
	start_s = now_s(CLOCK_MONOTONIC);
	cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID);
	store = place_open(place, STORE_READ);
	assert_int_equal(store_history(store, &of_kind, see_day, year, why, sizeof(why)), 0);
	analyse(year);
	print_message("%d cells x %d sessions opened, read and analysed in %.2f s, with %.2f s of "
	              "this process on a CPU\n",
	              SERIES_COUNT, DAYS, now_s(CLOCK_MONOTONIC) - start_s,
	              now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s);
	store_close(store);
	assert_int_equal(year->points, SERIES_COUNT * DAYS);
	assert_int_equal(year->changed, SERIES_COUNT / 10);
	/* One in a hundred series without a change may seem to have one. */
	assert_in_range(year->wrong, 0, SERIES_COUNT / 50);
	free(year);
}

void damaged_rows_are_refused(void **state)
{
	static const char *const damages[] = {
		"UPDATE run SET histogram=substr(histogram, 2) WHERE round=2",
		"UPDATE run SET histogram_format='other' WHERE round=2",
		"UPDATE run SET arm='much too long' WHERE round=2",
		"UPDATE cell SET transport='a name that is longer than any name can be here'",
		"UPDATE peer SET name='a name that is longer than any name can be here'",
		"UPDATE machine SET key='m:much too long for a key, which has 34' WHERE key<>''",
	};
	const struct place *place = place_need(state);
	struct seen seen;

	for (unsigned i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct store *store = place_open(place, STORE_WRITE);
		char sql[256];

		assert_int_equal(store_whole(store, 1 + i), 0);
		store_close(store);
		assert_int_equal(read_session(place, "latest", &seen), 0);
		/* The run's key goes to its peers: they are in the way of one damage. */
		snprintf(sql, sizeof(sql), "%s%s", i == 2 ? "DELETE FROM peer; " : "", damages[i]);
		place_sql(place, sql);
		assert_int_equal(read_session(place, "latest", &seen), -EBADMSG);
		assert_non_null(strstr(why, "damaged"));
		assert_null(strchr(why, '\n'));
		if (i == 3)
			place_sql(place, "UPDATE cell SET transport='pipe'");
	}
}

/* Exports all of a place to a new file, for fclose(). */
static FILE *export_all(const struct place *place)
{
	struct store *store = place_open(place, STORE_READ);
	FILE *out = tmpfile();
	char uuid[SESSION_UUID_BYTES];

	assert_non_null(out);
	for (unsigned number = 1; number <= 2; number++) {
		number_uuid(uuid, number);
		assert_int_equal(exchange_write(out, store, uuid, why, sizeof(why)), 0);
	}
	store_close(store);
	return out;
}

/* Reads a whole file, for free(). */
static char *contents(FILE *file, size_t *bytes)
{
	char *text;

	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	*bytes = (size_t)ftell(file);
	text = malloc(*bytes + 1);
	assert_non_null(text);
	rewind(file);
	assert_int_equal(fread(text, 1, *bytes, file), *bytes);
	text[*bytes] = '\0';
	return text;
}

void export_and_import_carry_every_byte(void **state)
{
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	struct place other = *place;
	struct exchange_count count;
	char *text[2];
	size_t bytes[2];
	FILE *file;

	store_arms(store, 1);
	assert_int_equal(store_whole(store, 2), 0);
	store_close(store);
	file = export_all(place);
	text[0] = contents(file, &bytes[0]);
	/* Into a file, whatever it came from; then back, where all is known. */
	other.is_shared = false;
	folder_path(place->folder, other.uri, sizeof(other.uri), "other.db");
	store = place_open(&other, STORE_WRITE);
	assert_int_equal(exchange_check(file, why, sizeof(why)), 0);
	assert_int_equal(exchange_import(file, store, &count, why, sizeof(why)), 0);
	assert_int_equal(count.imported, 2);
	assert_int_equal(count.known, 0);
	store_close(store);
	store = place_open(place, STORE_WRITE);
	assert_int_equal(exchange_import(file, store, &count, why, sizeof(why)), 0);
	assert_int_equal(count.imported, 0);
	assert_int_equal(count.known, 2);
	store_close(store);
	fclose(file);
	file = export_all(&other);
	text[1] = contents(file, &bytes[1]);
	fclose(file);
	assert_int_equal(bytes[0], bytes[1]);
	assert_memory_equal(text[0], text[1], bytes[0]);
	free(text[0]);
	free(text[1]);
}

/* Makes a file of the lines of text, the one at number being changed by a replacement. */
static FILE *alter(const char *text, unsigned number, const char *from, const char *to)
{
	FILE *out = tmpfile();
	unsigned line = 1;

	assert_non_null(out);
	for (const char *at = text; *at != '\0';) {
		if (line == number && strncmp(at, from, strlen(from)) == 0) {
			fputs(to, out);
			at += strlen(from);
			number = 0;
			continue;
		}
		line += *at == '\n';
		fputc(*at++, out);
	}
	/* What was to be changed was there. */
	assert_int_equal(number, 0);
	return out;
}

void an_import_is_refused_with_its_line_and_changes_nothing(void **state)
{
	static const struct {
		unsigned line;
		const char *from;
		const char *to;
		int error;
		const char *word;
	} changes[] = {
		{1, "ipcbench/1", "ipcbench/2", -EPROTO, "line 1: the schema"},
		{1, "ipcbench/1", "other", -EBADMSG, "line 1: no session of ipcbench"},
		{1, "\"uuid\":\"7", "\"uuid\":\"G", -EBADMSG, "line 1: 'uuid'"},
		{1, "\"kind\":\"anchor\"", "\"kind\":\"party\"", -EBADMSG, "line 1: 'kind'"},
		{1, "\"seed\":4711", "\"seed\":4.5", -EBADMSG, "line 1: 'seed'"},
		{2, "\"arm\":\"A\"", "\"arm\":\"C\"", -EBADMSG, "line 2: 'arm'"},
		{2, "\"round\":0", "\"round\":-1", -EBADMSG, "line 2: 'round'"},
		{3, "\"data\":\"", "\"data\":\"AAAA", -EBADMSG, "line 3: 'histogram'"},
		{3, "loglin1", "loglin9", -EBADMSG, "line 3: 'histogram'"},
		{4, "\"parts\":", "\"ports\":", -EBADMSG, "line 4: 'parts' is missing"},
		{4, "\"round\":1", "\"round\":0", -EBADMSG, "line 4: this round"},
		{5, "{\"type\"", "{{\"type\"", -EBADMSG, "line 5: no JSON"},
		{17, "\"runs\":15", "\"runs\":14", -EBADMSG, "line 17: lines"},
		{18, "\"type\":\"session\"", "\"type\":\"run\"", -EBADMSG, "line 18: no session"},
	};
	const struct place *place = place_need(state);
	struct place other = *place;
	struct store *store = place_open(place, STORE_WRITE);
	static const struct store_query all;
	struct order order = {0};
	struct exchange_count count;
	size_t bytes;
	char *text;
	FILE *file;

	store_arms(store, 1);
	assert_int_equal(store_whole(store, 2), 0);
	store_close(store);
	file = export_all(place);
	text = contents(file, &bytes);
	fclose(file);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		file = alter(text, changes[i].line, changes[i].from, changes[i].to);
		why[0] = '\0';
		assert_int_equal(exchange_check(file, why, sizeof(why)), changes[i].error);
		if (!strstr(why, changes[i].word))
			fail_msg("'%s' is not in: %s", changes[i].word, why);
		assert_null(strchr(why, '\n'));
		fclose(file);
	}
	/* Cut anywhere, but between the sessions, it is refused. */
	for (size_t cut = 0; cut < bytes; cut += 997) {
		file = tmpfile();
		assert_non_null(file);
		assert_int_equal(fwrite(text, 1, cut, file), cut);
		assert_int_equal(exchange_check(file, why, sizeof(why)), -EBADMSG);
		assert_non_null(strstr(why, "line "));
		fclose(file);
	}
	/* Even if it was never checked, a session that is cut is not stored. */
	other.is_shared = false;
	folder_path(place->folder, other.uri, sizeof(other.uri), "other.db");
	store = place_open(&other, STORE_WRITE);
	file = alter(text, 3, "\"data\":\"", "\"data\":\"AAAA");
	assert_int_equal(exchange_import(file, store, &count, why, sizeof(why)), -EBADMSG);
	fclose(file);
	assert_int_equal(store_list(store, &all, see_listed, &order, why, sizeof(why)), 0);
	assert_int_equal(order.count, 0);
	store_close(store);
	free(text);
}
