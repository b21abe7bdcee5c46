/* SPDX-License-Identifier: MIT */
/* suites/check/unit/store_postgresql.c - what every store must do, by the one in a database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suites/check/unit/place.h"
#include "suites/check/unit/store_cases.h"

#define CASE(name) cmocka_unit_test_setup_teardown(name, place_make_database, place_remove),

const struct CMUnitTest unit_store_postgresql_tests[] = {STORE_CASES(CASE)};
const size_t unit_store_postgresql_tests_count =
	sizeof(unit_store_postgresql_tests) / sizeof(unit_store_postgresql_tests[0]);
