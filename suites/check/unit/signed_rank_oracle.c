/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/signed_rank_oracle.c - results/signed_rank.c and power.c against
 * R's mathlib, which nothing but this test uses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define MATHLIB_STANDALONE
#include <Rmath.h>

#include "results/power.h"
#include "results/signed_rank.h"
#include "workloads/random.h"

#define CASES 1000
#define COUNT_MIN 5
#define COUNT_MAX 50
#define TOLERANCE 1e-12

static bool is_close(double a, double b)
{
	return fabs(a - b) <= TOLERANCE * fmax(fabs(a), fabs(b));
}

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

/* What R's wilcox.test(d, conf.int = TRUE, exact = TRUE) computes of untied differences. */
static void refer(const double *differences, size_t count, double *p, double *estimate, double *low,
                  double *high)
{
	double walsh[COUNT_MAX * (COUNT_MAX + 1) / 2];
	size_t used = 0;
	double sum = 0.0;
	double n = (double)count;
	size_t critical;

	for (size_t i = 0; i < count; i++) {
		double place = 1.0;

		for (size_t j = 0; j < count; j++)
			place += fabs(differences[j]) < fabs(differences[i]);
		sum += differences[i] > 0.0 ? place : 0.0;
		for (size_t j = 0; j <= i; j++)
			walsh[used++] = (differences[i] + differences[j]) / 2;
	}
	qsort(walsh, used, sizeof(walsh[0]), by_value);
	*p = sum > n * (n + 1) / 4 ? psignrank(sum - 1, n, 0, 0) : psignrank(sum, n, 1, 0);
	*p = fmin(1.0, 2.0 * *p);
	*estimate = used % 2 ? walsh[used / 2] : (walsh[used / 2 - 1] + walsh[used / 2]) / 2;
	critical = (size_t)qsignrank(0.025, n, 1, 0);
	*low = critical > 0 ? walsh[critical - 1] : -INFINITY;
	*high = critical > 0 ? walsh[used - critical] : INFINITY;
}

static void p_estimate_and_interval_equal_those_of_r(void **state)
{
	struct random random = {.state = 11};

	(void)state;
	for (unsigned trial = 0; trial < CASES; trial++) {
		size_t count = COUNT_MIN + (size_t)random_below(&random, COUNT_MAX - COUNT_MIN + 1);
		double shift = ((double)random_below(&random, 1000) / 1000.0 - 0.5) / 5.0;
		double differences[COUNT_MAX];
		struct signed_rank result;
		double p, estimate, low, high;

		for (size_t i = 0; i < count; i++)
			differences[i] =
				(double)random_next(&random) / 18446744073709551616.0 - 0.5 + shift;
		refer(differences, count, &p, &estimate, &low, &high);
		assert_int_equal(signed_rank_test(differences, count, 0.95, &result), 0);
		assert_true(is_close(result.p, p));
		assert_true(is_close(result.estimate, estimate));
		assert_true(result.low == low || is_close(result.low, low));
		assert_true(result.high == high || is_close(result.high, high));
	}
}

static void the_distribution_and_its_quantiles_equal_those_of_r(void **state)
{
	struct random random = {.state = 12};

	(void)state;
	for (unsigned trial = 0; trial < CASES; trial++) {
		size_t count = COUNT_MIN + (size_t)random_below(&random, COUNT_MAX - COUNT_MIN + 1);
		uint64_t sum = random_below(&random, count * (count + 1) / 2 + 1);
		double chance = (1.0 + (double)random_below(&random, 99998)) / 100000.0;
		int64_t critical;
		double p;

		assert_int_equal(signed_rank_probability(count, sum, &p), 0);
		assert_true(is_close(p, psignrank((double)sum, (double)count, 1, 0)));
		assert_int_equal(signed_rank_critical(count, chance, &critical), 0);
		/* R's quantile is the least sum that reaches the chance: one after ours. */
		assert_int_equal(critical, (int64_t)qsignrank(chance, (double)count, 1, 0) - 1);
	}
}

static void normal_quantiles_equal_those_of_r(void **state)
{
	struct random random = {.state = 13};

	(void)state;
	for (unsigned trial = 0; trial < CASES; trial++) {
		double p = (double)random_next(&random) / 18446744073709551616.0;

		/* Half of them far out in a tail. */
		if (trial % 2 == 0)
			p = pow(p, 20);
		assert_true(is_close(power_normal_quantile(p), qnorm5(p, 0.0, 1.0, 1, 0)));
	}
}

const struct CMUnitTest unit_signed_rank_oracle_tests[] = {
	cmocka_unit_test(p_estimate_and_interval_equal_those_of_r),
	cmocka_unit_test(the_distribution_and_its_quantiles_equal_those_of_r),
	cmocka_unit_test(normal_quantiles_equal_those_of_r),
};
const size_t unit_signed_rank_oracle_tests_count =
	sizeof(unit_signed_rank_oracle_tests) / sizeof(unit_signed_rank_oracle_tests[0]);
