/* SPDX-License-Identifier: MIT */
/* suites/check/unit/store_postgresql.c - what every store must do, by the one in a database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suites/check/unit/place.h"
#include "suites/check/unit/store_cases.h"

static int count_session(void *context, const struct session *session)
{
	(void)session;
	++*(size_t *)context;
	return 0;
}

/* An hour of measuring lies between the opening and the first write. */
static void a_lost_connection_is_opened_anew(void **state)
{
	static const struct store_query all;
	const struct place *place = place_need(state);
	struct store *store = place_open(place, STORE_WRITE);
	char why[PLACE_WHY_BYTES];
	size_t count = 0;

	place_sql(place, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
	                 " WHERE application_name='ipcbench'");
	assert_int_equal(store_list(store, &all, count_session, &count, why, sizeof(why)), 0);
	assert_int_equal(count, 0);
	store_close(store);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, place_make_database, place_remove),

const struct CMUnitTest unit_store_postgresql_tests[] = {
	STORE_CASES(CASE) CASE(a_lost_connection_is_opened_anew)};
const size_t unit_store_postgresql_tests_count =
	sizeof(unit_store_postgresql_tests) / sizeof(unit_store_postgresql_tests[0]);
