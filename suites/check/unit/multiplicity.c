/* SPDX-License-Identifier: MIT */
/* suites/check/unit/multiplicity.c - tests of results/multiplicity.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>

#include "results/multiplicity.h"
#include "workloads/random.h"

#define COUNT_MAX 10

static bool is_near(double a, double b)
{
	return fabs(a - b) < 1e-12;
}

static void holm_equals_a_worked_example(void **state)
{
	static const double p[] = {0.01, 0.04, 0.03, 0.005};
	double adjusted[4];

	(void)state;
	assert_int_equal(multiplicity_holm(p, 4, adjusted), 0);
	assert_true(is_near(adjusted[0], 0.03));
	assert_true(is_near(adjusted[1], 0.06));
	assert_true(is_near(adjusted[2], 0.06));
	assert_true(is_near(adjusted[3], 0.02));
}

static void benjamini_hochberg_equals_a_worked_example(void **state)
{
	static const double p[] = {0.01, 0.04, 0.03, 0.005};
	double adjusted[4];

	(void)state;
	assert_int_equal(multiplicity_benjamini_hochberg(p, 4, adjusted), 0);
	assert_true(is_near(adjusted[0], 0.02));
	assert_true(is_near(adjusted[1], 0.04));
	assert_true(is_near(adjusted[2], 0.04));
	assert_true(is_near(adjusted[3], 0.02));
}

/* Holm by its definition: reject from the smallest on, until one is too large. */
static bool holm_rejects(const double *p, size_t count, size_t index, double alpha)
{
	bool rejects = true;

	for (size_t i = 0; i < count; i++) {
		size_t before = 0;

		if (p[i] > p[index])
			continue;
		for (size_t j = 0; j < count; j++)
			before += p[j] < p[i];
		rejects = rejects && p[i] * (double)(count - before) <= alpha;
	}
	return rejects;
}

/* Benjamini and Hochberg by their definition: the largest i with p(i) <= i q / m. */
static bool hochberg_rejects(const double *p, size_t count, size_t index, double share)
{
	double limit = -1.0;

	for (size_t i = 0; i < count; i++) {
		size_t place = 0;

		for (size_t j = 0; j < count; j++)
			place += p[j] <= p[i];
		if (p[i] * (double)count / (double)place <= share && p[i] > limit)
			limit = p[i];
	}
	return p[index] <= limit;
}

static void both_reject_what_their_definitions_reject(void **state)
{
	struct random random = {.state = 3};

	(void)state;
	for (unsigned trial = 0; trial < 2000; trial++) {
		size_t count = 1 + (size_t)random_below(&random, COUNT_MAX);
		double holm[COUNT_MAX];
		double hochberg[COUNT_MAX];
		double p[COUNT_MAX];

		for (size_t i = 0; i < count; i++)
			p[i] = (1.0 + (double)random_below(&random, 1u << 30)) / (1u << 30) / 5.0;
		assert_int_equal(multiplicity_holm(p, count, holm), 0);
		assert_int_equal(multiplicity_benjamini_hochberg(p, count, hochberg), 0);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(holm[i] <= 0.05, holm_rejects(p, count, i, 0.05));
			assert_int_equal(hochberg[i] <= 0.1, hochberg_rejects(p, count, i, 0.1));
			assert_true(holm[i] >= p[i] && holm[i] <= 1.0 && hochberg[i] <= holm[i]);
		}
	}
}

static void no_values_and_the_same_array_are_allowed(void **state)
{
	double p[] = {0.5, 0.5, 0.9};

	(void)state;
	assert_int_equal(multiplicity_holm(p, 0, p), 0);
	assert_int_equal(multiplicity_holm(p, 3, p), 0);
	assert_true(p[0] == 1.0 && p[1] == 1.0 && p[2] == 1.0);
}

const struct CMUnitTest unit_multiplicity_tests[] = {
	cmocka_unit_test(holm_equals_a_worked_example),
	cmocka_unit_test(benjamini_hochberg_equals_a_worked_example),
	cmocka_unit_test(both_reject_what_their_definitions_reject),
	cmocka_unit_test(no_values_and_the_same_array_are_allowed),
};
const size_t unit_multiplicity_tests_count =
	sizeof(unit_multiplicity_tests) / sizeof(unit_multiplicity_tests[0]);
