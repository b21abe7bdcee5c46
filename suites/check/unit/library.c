/* SPDX-License-Identifier: MIT */
/* suites/check/unit/library.c - tests of results/library.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "results/library.h"

#define WHY_BYTES 256
#define FUNCTIONS(X) X(sqrt) X(hypot)

struct functions {
	FUNCTIONS(LIBRARY_POINTER)
};

static const char *const names[] = {FUNCTIONS(LIBRARY_NAME)};

static void each_function_is_found_by_its_name(void **state)
{
	struct functions functions = {0};
	struct library library = {"libm.so.6", names, 2, &functions, 0};
	char why[WHY_BYTES];

	(void)state;
	assert_int_equal(library_load(&library, why, sizeof(why)), 0);
	assert_true(functions.sqrt(9.0) == 3.0);
	assert_true(functions.hypot(3.0, 4.0) == 5.0);
	/* Once is enough: what a user put into the table stays. */
	functions.sqrt = NULL;
	assert_int_equal(library_load(&library, why, sizeof(why)), 0);
	assert_null(functions.sqrt);
}

static void a_library_that_is_not_there_is_named(void **state)
{
	struct functions functions = {0};
	struct library library = {"libnosuch.so.9", names, 2, &functions, 0};
	char why[WHY_BYTES];

	(void)state;
	assert_int_equal(library_load(&library, why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "libnosuch.so.9"));
	/* Not remembered: it may have been installed by the next time. */
	library.file = "libm.so.6";
	assert_int_equal(library_load(&library, why, sizeof(why)), 0);
}

static void a_function_that_is_not_there_is_named(void **state)
{
	static const char *const wrong[] = {"sqrt", "no_such_function"};
	struct functions functions = {0};
	struct library library = {"libm.so.6", wrong, 2, &functions, 0};
	char why[WHY_BYTES];

	(void)state;
	assert_int_equal(library_load(&library, why, sizeof(why)), -ENOSYS);
	assert_non_null(strstr(why, "libm.so.6 has no no_such_function"));
}

const struct CMUnitTest unit_library_tests[] = {
	cmocka_unit_test(each_function_is_found_by_its_name),
	cmocka_unit_test(a_library_that_is_not_there_is_named),
	cmocka_unit_test(a_function_that_is_not_there_is_named),
};
const size_t unit_library_tests_count = sizeof(unit_library_tests) / sizeof(unit_library_tests[0]);
