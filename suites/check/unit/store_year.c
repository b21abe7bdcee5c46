/* SPDX-License-Identifier: MIT */
/* suites/check/unit/store_year.c - a year of a thousand cells in every store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suites/check/unit/store_cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "results/change_point.h"
#include "results/environment.h"
#include "suites/check/sanitizer.h"
#include "suites/check/unit/made_up.h"
#include "suites/check/unit/place.h"
#include "suites/check/unit/store_case.h"

static char why[PLACE_WHY_BYTES];

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

	assert_int_equal(case_store(store, 1), 0);
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
