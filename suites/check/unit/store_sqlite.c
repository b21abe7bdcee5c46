/* SPDX-License-Identifier: MIT */
/* suites/check/unit/store_sqlite.c - what every store must do, by the one in a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suites/check/unit/place.h"
#include "suites/check/unit/store_cases.h"

#define CASE(name) cmocka_unit_test_setup_teardown(name, place_make_file, place_remove),

const struct CMUnitTest unit_store_sqlite_tests[] = {STORE_CASES(CASE)};
const size_t unit_store_sqlite_tests_count =
	sizeof(unit_store_sqlite_tests) / sizeof(unit_store_sqlite_tests[0]);
