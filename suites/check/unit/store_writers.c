/* SPDX-License-Identifier: MIT */
/* suites/check/unit/store_writers.c - what every store must do for writers that come at once, and
 * die. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suites/check/unit/store_cases.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "suites/check/unit/made_up.h"
#include "suites/check/unit/place.h"
#include "suites/check/unit/store_case.h"

static char why[PLACE_WHY_BYTES];

#define WRITERS 10
#define SESSIONS 6 /* of each writer */

/* Stores sessions of its own, and one that all writers try to store. Runs in a child. */
static int write_sessions(const struct place *place, unsigned writer)
{
	struct store *store;
	int ret = store_open(&store, place->uri, STORE_WRITE, why, sizeof(why));

	for (unsigned i = 0; i < SESSIONS && ret == 0; i++)
		ret = case_store(store, 100 * (writer + 1) + i);
	if (ret < 0)
		return 1;
	ret = case_store(store, 99);
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
	struct case_seen seen;

	if (case_read(census->place, session->uuid, &seen) == 0 && seen.runs == CASE_ROUNDS &&
	    seen.skips == 1 && seen.notes == 1 && seen.counted == CASE_ROUNDS * 501)
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
		if (case_store(store, i) < 0 || write(said, "x", 1) != 1)
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
