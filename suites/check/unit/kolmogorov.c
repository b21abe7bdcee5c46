/* SPDX-License-Identifier: MIT */
/* suites/check/unit/kolmogorov.c - tests of results/kolmogorov.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "results/kolmogorov.h"

#define COUNT 200

static void evenly_spread_numbers_look_even(void **state)
{
	double numbers[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		numbers[i] = ((double)i + 0.5) / COUNT;
	assert_true(kolmogorov_uniform_p(numbers, COUNT) > 0.999);
	assert_true(kolmogorov_uniform_p(numbers, 0) == 1.0);
}

/* The squares of even numbers are too small: the distance is 0.25 at a quarter. */
static void crowded_numbers_do_not(void **state)
{
	double numbers[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		numbers[i] = pow(((double)i + 0.5) / COUNT, 2.0);
	assert_true(kolmogorov_uniform_p(numbers, COUNT) < 1e-6);
}

/* The limit's 5 % point is 1.3581: numbers that are shifted by a little more are below it. */
static void the_five_percent_point_is_that_of_the_tables(void **state)
{
	double root = sqrt((double)COUNT);
	double distance = 1.3581 / (root + 0.12 + 0.11 / root);
	double numbers[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		numbers[i] = (double)(i + 1) / COUNT * (1.0 - distance);
	assert_true(fabs(kolmogorov_uniform_p(numbers, COUNT) - 0.05) < 0.001);
}

const struct CMUnitTest unit_kolmogorov_tests[] = {
	cmocka_unit_test(evenly_spread_numbers_look_even),
	cmocka_unit_test(crowded_numbers_do_not),
	cmocka_unit_test(the_five_percent_point_is_that_of_the_tables),
};
const size_t unit_kolmogorov_tests_count =
	sizeof(unit_kolmogorov_tests) / sizeof(unit_kolmogorov_tests[0]);
