/* SPDX-License-Identifier: MIT */
/* suites/check/unit/statistics.c - tests of results/statistics.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/statistics.h"

#define NUMBERS_MAX 33

/* Compared bit by bit: none of these sums rounds. */
#define assert_number(number, expected) assert_true((number) == (expected))

static void a_median_is_the_middle_or_between_the_middle_two(void **state)
{
	double odd[] = {5, 1, 3};
	double even[] = {8, 1, 3, 5};
	double one[] = {7};

	(void)state;
	statistics_sort(odd, 3);
	statistics_sort(even, 4);
	assert_number(statistics_median(odd, 3), 3);
	assert_number(statistics_median(even, 4), 4);
	assert_number(statistics_median(one, 1), 7);
}

/* The example of R's quantile(), type 7: 1, 2, 3, 4, 10. */
static void quantiles_are_those_of_definition_7(void **state)
{
	const double sorted[] = {1, 2, 3, 4, 10};
	const double two[] = {10, 20};

	(void)state;
	assert_number(statistics_quantile(sorted, 5, 0.0), 1);
	assert_number(statistics_quantile(sorted, 5, 0.25), 2);
	assert_number(statistics_quantile(sorted, 5, 0.875), 7);
	assert_number(statistics_quantile(sorted, 5, 1.0), 10);
	assert_number(statistics_quantile(two, 2, 0.25), 12.5);
	assert_number(statistics_quantile(two, 1, 0.99), 10);
}

static void infinities_never_become_nan(void **state)
{
	const double sorted[] = {1, INFINITY, INFINITY};
	const double all[] = {INFINITY, INFINITY};

	(void)state;
	assert_number(statistics_median(sorted, 3), INFINITY);
	assert_number(statistics_quantile(sorted, 3, 0.75), INFINITY);
	assert_number(statistics_quantile(sorted, 3, 0.25), INFINITY);
	assert_number(statistics_median(all, 2), INFINITY);
	assert_number(statistics_mad(all, 2), 0);
	assert_number(statistics_mad(sorted, 3), 0);
}

static void one_outlier_does_not_move_the_mad(void **state)
{
	const double sorted[] = {1, 1, 2, 2, 4, 6, 9};
	const double outlier[] = {1, 1, 2, 2, 4, 6, 9e9};
	const double even[] = {1, 2, 4, 8};

	(void)state;
	assert_number(statistics_mad(sorted, 7), 1);
	assert_number(statistics_mad(outlier, 7), 1);
	assert_number(statistics_mad(even, 4), 1.5);
	assert_number(statistics_mad(even, 1), 0);
}

/* The definition, word for word. */
static double plain_mad(const double *sorted, size_t count)
{
	double distances[NUMBERS_MAX];
	double middle = statistics_median(sorted, count);

	for (size_t i = 0; i < count; i++)
		distances[i] = fabs(sorted[i] - middle);
	statistics_sort(distances, count);
	return statistics_median(distances, count);
}

static void the_mad_is_its_definition_for_any_numbers(void **state)
{
	uint64_t random = 7;

	(void)state;
	for (unsigned trial = 0; trial < 2000; trial++) {
		double numbers[NUMBERS_MAX];
		size_t count = 1 + trial % NUMBERS_MAX;

		for (size_t i = 0; i < count; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			/* Few values, so that many are equal. */
			numbers[i] = (double)(random >> 33 & (trial % 2 ? 7 : 1023)) / 4.0;
		}
		statistics_sort(numbers, count);
		assert_number(statistics_mad(numbers, count), plain_mad(numbers, count));
	}
}

const struct CMUnitTest unit_statistics_tests[] = {
	cmocka_unit_test(a_median_is_the_middle_or_between_the_middle_two),
	cmocka_unit_test(quantiles_are_those_of_definition_7),
	cmocka_unit_test(infinities_never_become_nan),
	cmocka_unit_test(one_outlier_does_not_move_the_mad),
	cmocka_unit_test(the_mad_is_its_definition_for_any_numbers),
};
const size_t unit_statistics_tests_count =
	sizeof(unit_statistics_tests) / sizeof(unit_statistics_tests[0]);
