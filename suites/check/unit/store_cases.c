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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/environment.h"
#include "suites/check/unit/made_up.h"
#include "suites/check/unit/place.h"
#include "suites/check/unit/store_case.h"

static char why[PLACE_WHY_BYTES];

void a_session_comes_back_whole(void **state)
{
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	struct session session = case_session(1);
	struct run_cell skipped = made_up_cell("posix_mq", "ping_pong", 64, "same_core");
	struct case_seen seen;

	session.seed = UINT64_MAX;
	session.status = "running";
	session.ended_ns = 0;
	assert_int_equal(store_begin(store, &session, why, sizeof(why)), 0);
	for (uint32_t round = 0; round < CASE_ROUNDS; round++)
		assert_int_equal(case_append(store, "pipe", "A", round, 6000), 0);
	assert_int_equal(store_skip(store, &skipped, "no such device", why, sizeof(why)), 0);
	assert_int_equal(store_note(store, "claim", "{\"id\":1}", why, sizeof(why)), 0);
	assert_int_equal(store_finish(store, "complete", why, sizeof(why)), 0);
	store_close(store);
	assert_int_equal(case_read(place, "latest", &seen), 0);
	assert_string_equal(seen.uuid, session.uuid);
	assert_string_equal(seen.status, "complete");
	assert_true(seen.seed == UINT64_MAX);
	assert_int_equal(seen.runs, CASE_ROUNDS);
	assert_int_equal(seen.skips, 1);
	assert_int_equal(seen.notes, 1);
	assert_int_equal(seen.counted, CASE_ROUNDS * 501);
	assert_int_equal(seen.harness, RUN_HARNESS_VERSION);
	assert_true(seen.cpu_ns > 0);
	assert_int_equal(case_read(place, "7b0e1c52", &seen), 0);
	assert_int_equal(case_read(place, "8", &seen), -ENOENT);
}

void builds_of_arms_come_back(void **state)
{
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	struct session session = case_session(1);
	struct case_seen seen;

	session.kind = "ab";
	session.subjects[0] = (struct session_subject){.git_sha = CASE_SHA_A};
	session.subjects[1] = (struct session_subject){.git_sha = CASE_SHA_B, .is_dirty = true};
	assert_int_equal(store_begin_whole(store, &session, why, sizeof(why)), 0);
	assert_int_equal(case_append(store, "pipe", "A", 0, 6000), 0);
	assert_int_equal(case_append(store, "pipe", "B", 0, 6000), 0);
	assert_int_equal(store_finish_whole(store, why, sizeof(why)), 0);
	store_close(store);
	assert_int_equal(case_read(place, "latest", &seen), 0);
	assert_string_equal(seen.git_sha[0], CASE_SHA_A);
	assert_string_equal(seen.git_sha[1], CASE_SHA_B);
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
	uint64_t start_ns = case_session(0).started_ns;
	char uuids[2][SESSION_UUID_BYTES];
	size_t count = 0;

	/* Stored in another order than that in which they were measured. */
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(case_store(store, numbers[i]), 0);
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
	return strcmp(point->subject->git_sha, point->arm[0] == 'B' ? CASE_SHA_B : CASE_SHA_A) ==
	                               0 &&
	                       point->cell_key[0] == 'c'
	               ? 0
	               : -EDOM;
}

void a_history_gives_each_series_in_order(void **state)
{
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	const struct store_query of_cell = {.cell = "fifo/ping_pong/64B/same_core/block/processes"};
	const struct store_query all = {.newest = 0};
	struct series series = {0};

	case_store_arms(store, 2);
	case_store_arms(store, 1);
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

	case_store_arms(store, 1);
	assert_int_equal(store_history(store, &of_cell, see_point, &series, why, sizeof(why)), 0);
	store_close(store);
	assert_int_equal(series.rounds, CASE_ROUNDS);
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
	struct case_seen seen;

	assert_int_equal(case_store(store, 1), 0);
	assert_int_equal(case_store(store, 1), -EEXIST);
	/* No session is open, and the store is as usable as before. */
	assert_int_equal(case_append(store, "pipe", "A", 0, 6000), -EINVAL);
	assert_int_equal(case_store(store, 2), 0);
	store_close(store);
	assert_int_equal(case_read(place, "7b0e1c52-0b6f-4c1d-9a3e-000000000001", &seen), 0);
	assert_int_equal(seen.runs, CASE_ROUNDS);
}

void an_abandoned_session_leaves_nothing(void **state)
{
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	struct session session = case_session(1);
	struct case_seen seen;

	assert_int_equal(store_begin_whole(store, &session, why, sizeof(why)), 0);
	assert_int_equal(case_append(store, "pipe", "A", 0, 6000), 0);
	store_abandon(store);
	assert_int_equal(case_store(store, 2), 0);
	store_close(store);
	assert_int_equal(case_read(place, "7b0e1c52-0b6f-4c1d-9a3e-000000000001", &seen), -ENOENT);
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

	case_store_arms(store, 1);
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
	struct case_seen seen;

	for (unsigned i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct store *store = place_open(place, STORE_WRITE);
		char sql[256];

		assert_int_equal(case_store(store, 1 + i), 0);
		store_close(store);
		assert_int_equal(case_read(place, "latest", &seen), 0);
		/* The run's key goes to its peers: they are in the way of one damage. */
		snprintf(sql, sizeof(sql), "%s%s", i == 2 ? "DELETE FROM peer; " : "", damages[i]);
		place_sql(place, sql);
		assert_int_equal(case_read(place, "latest", &seen), -EBADMSG);
		assert_non_null(strstr(seen.why, "damaged"));
		assert_null(strchr(seen.why, '\n'));
		if (i == 3)
			place_sql(place, "UPDATE cell SET transport='pipe'");
	}
}
