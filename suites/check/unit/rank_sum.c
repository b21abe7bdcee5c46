/* SPDX-License-Identifier: MIT */
/* suites/check/unit/rank_sum.c - tests of results/rank_sum.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/rank_sum.h"
#include "workloads/random.h"

#define NEAR 1e-12

/* Doubled mid-rank of number i: those below count twice, its equals once. */
static unsigned twice_rank(const double *all, size_t count, size_t i)
{
	unsigned twice = 1;

	for (size_t j = 0; j < count; j++)
		twice += all[j] < all[i] ? 2u : all[j] == all[i] ? 1u : 0u;
	return twice;
}

/* The same p by looking at every subset there is. */
static double enumerate(const double *a, size_t a_count, const double *b, size_t b_count)
{
	size_t count = a_count + b_count;
	unsigned observed = 0;
	double all[16];
	double lower = 0.0;
	double upper = 0.0;
	double subsets = 0.0;

	memcpy(all, a, a_count * sizeof(*a));
	memcpy(all + a_count, b, b_count * sizeof(*b));
	for (size_t i = a_count; i < count; i++)
		observed += twice_rank(all, count, i);
	for (unsigned set = 0; set < 1u << count; set++) {
		unsigned sum = 0;

		if ((size_t)__builtin_popcount(set) != b_count)
			continue;
		for (size_t i = 0; i < count; i++)
			sum += set >> i & 1 ? twice_rank(all, count, i) : 0;
		subsets++;
		lower += sum <= observed;
		upper += sum >= observed;
	}
	return fmin(1.0, 2.0 * fmin(lower, upper) / subsets);
}

static void p_is_that_of_all_subsets_ties_or_not(void **state)
{
	struct random random = {.state = 5};

	(void)state;
	for (int trial = 0; trial < 200; trial++) {
		size_t a_count = 1 + (size_t)random_below(&random, 6);
		size_t b_count = 1 + (size_t)random_below(&random, 6);
		uint64_t values = trial % 2 ? 6 : 1000000;
		struct rank_sum found;
		double a[6];
		double b[6];

		for (size_t i = 0; i < a_count; i++)
			a[i] = (double)random_below(&random, values);
		for (size_t i = 0; i < b_count; i++)
			b[i] = (double)random_below(&random, values);
		assert_int_equal(rank_sum_test(a, a_count, b, b_count, 0.95, &found), 0);
		assert_true(fabs(found.p - enumerate(a, a_count, b, b_count)) < NEAR);
	}
}

/* Fills ascending numbers that interleave with no others. */
static void fill(double *out, size_t count, double start)
{
	for (size_t i = 0; i < count; i++)
		out[i] = start + (double)i;
}

static void estimate_and_interval_are_of_all_differences(void **state)
{
	/* Critical values of U at 0.05, two-sided: 2 for 5 and 5 (Mann and Whitney's table). */
	const double a[] = {1, 2, 4, 8, 16};
	const double b[] = {11, 12.5, 14, 19, 27.25};
	double differences[25];
	struct rank_sum found;

	(void)state;
	for (int i = 0; i < 25; i++)
		differences[i] = b[i % 5] - a[i / 5];
	for (int i = 0; i < 25; i++) {
		for (int j = i + 1; j < 25; j++) {
			double held = differences[i];

			if (differences[j] < held) {
				differences[i] = differences[j];
				differences[j] = held;
			}
		}
	}
	assert_int_equal(rank_sum_test(a, 5, b, 5, 0.95, &found), 0);
	assert_true(found.estimate == differences[12]);
	assert_true(found.low == differences[2]);
	assert_true(found.high == differences[22]);
}

static void too_few_have_no_interval(void **state)
{
	const double a[] = {1, 2};
	const double b[] = {3, 4};
	struct rank_sum found;

	(void)state;
	assert_int_equal(rank_sum_test(a, 2, b, 2, 0.95, &found), 0);
	assert_true(isinf(found.low) && isinf(found.high));
	assert_true(fabs(found.p - 2.0 / 6.0) < NEAR);
}

static void the_least_p_of_twelve_and_twelve_is_exact(void **state)
{
	double a[12];
	double b[12];
	struct rank_sum found;

	(void)state;
	fill(a, 12, 0);
	fill(b, 12, 100);
	assert_int_equal(rank_sum_test(a, 12, b, 12, 0.95, &found), 0);
	/* 2 / C(24, 12) */
	assert_true(fabs(found.p * 2704156.0 / 2.0 - 1.0) < 1e-9);
	assert_true(found.estimate == 100.0);
}

static void the_approximation_goes_on_where_the_exact_test_ends(void **state)
{
	struct random random = {.state = 7};
	struct rank_sum exact;
	struct rank_sum approximate;
	double a[51];
	double b[51];

	(void)state;
	for (size_t i = 0; i < 51; i++) {
		a[i] = (double)random_below(&random, 1000000);
		b[i] = (double)random_below(&random, 1000000) + 230000.0;
	}
	/* In the middle, it changes least. */
	a[50] = 600000.0;
	assert_int_equal(rank_sum_test(a, 50, b, 50, 0.95, &exact), 0);
	assert_int_equal(rank_sum_test(a, 51, b, 50, 0.95, &approximate), 0);
	assert_true(exact.p > 1e-4 && exact.p < 0.2);
	assert_true(fabs(log(approximate.p / exact.p)) < 0.2);
	assert_true(fabs(approximate.low - exact.low) < 30000.0);
	assert_true(fabs(approximate.high - exact.high) < 30000.0);
}

static void equal_numbers_have_p_1(void **state)
{
	const double a[] = {5, 5, 5, 5, 5, 5, 5, 5};
	struct rank_sum found;

	(void)state;
	assert_int_equal(rank_sum_test(a, 8, a, 8, 0.95, &found), 0);
	assert_true(found.p == 1.0);
	assert_true(found.estimate == 0.0 && found.low == 0.0 && found.high == 0.0);
}

static void what_is_no_number_is_refused(void **state)
{
	const double a[] = {1, NAN};
	struct rank_sum found;

	(void)state;
	assert_int_equal(rank_sum_test(a, 2, a, 1, 0.95, &found), -EINVAL);
	assert_int_equal(rank_sum_test(a, 1, a, 0, 0.95, &found), -EINVAL);
	assert_int_equal(rank_sum_test(a, 0, a, 1, 0.95, &found), -EINVAL);
}

const struct CMUnitTest unit_rank_sum_tests[] = {
	cmocka_unit_test(p_is_that_of_all_subsets_ties_or_not),
	cmocka_unit_test(estimate_and_interval_are_of_all_differences),
	cmocka_unit_test(too_few_have_no_interval),
	cmocka_unit_test(the_least_p_of_twelve_and_twelve_is_exact),
	cmocka_unit_test(the_approximation_goes_on_where_the_exact_test_ends),
	cmocka_unit_test(equal_numbers_have_p_1),
	cmocka_unit_test(what_is_no_number_is_refused),
};
const size_t unit_rank_sum_tests_count =
	sizeof(unit_rank_sum_tests) / sizeof(unit_rank_sum_tests[0]);
