/* SPDX-License-Identifier: MIT */
/* suites/check/unit/power.c - tests of results/power.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "results/power.h"

static const struct power strict = {.alpha = 0.001, .power = 0.95};

static void normal_quantiles_equal_the_tables(void **state)
{
	(void)state;
	assert_true(fabs(power_normal_quantile(0.5)) < 1e-15);
	assert_true(fabs(power_normal_quantile(0.975) - 1.959963984540054) < 1e-14);
	assert_true(fabs(power_normal_quantile(0.025) + 1.959963984540054) < 1e-14);
	assert_true(fabs(power_normal_quantile(0.9995) - 3.290526731491926) < 1e-13);
	assert_true(fabs(power_normal_quantile(1e-100) + 21.27345356096532) < 1e-12);
	assert_true(power_normal_quantile(0.0) == -INFINITY);
	assert_true(power_normal_quantile(1.0) == INFINITY);
	assert_true(isnan(power_normal_quantile(NAN)));
}

static void rounds_needed_equal_the_design_table(void **state)
{
	static const struct {
		double sigma;
		size_t rounds[4];
	} rows[] = {
		{0.02, {12, 12, 12, 12}},
		{0.05, {73, 27, 12, 12}},
		{0.10, {292, 108, 29, 12}},
		{0.17, {844, 310, 82, 23}},
	};
	static const double effects[] = {0.03, 0.05, 0.10, 0.20};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (size_t j = 0; j < 4; j++)
			assert_int_equal(power_rounds_needed(&strict, rows[i].sigma, effects[j]),
			                 rows[i].rounds[j]);
	}
}

static void the_least_effect_of_the_rounds_needed_is_the_effect(void **state)
{
	(void)state;
	for (double sigma = 0.05; sigma < 0.5; sigma *= 1.3) {
		size_t rounds = power_rounds_needed(&strict, sigma, 0.04);

		assert_true(power_least_effect(&strict, sigma, rounds) <= 0.04);
		assert_true(power_least_effect(&strict, sigma, rounds - 1) > 0.04);
	}
}

static void extremes_stay_in_range(void **state)
{
	(void)state;
	assert_int_equal(power_rounds_needed(&strict, 0.0, 0.05), POWER_ROUNDS_MIN);
	assert_true(power_rounds_needed(&strict, INFINITY, 0.05) == SIZE_MAX);
	assert_true(power_least_effect(&strict, 0.0, 12) == 0.0);
}

const struct CMUnitTest unit_power_tests[] = {
	cmocka_unit_test(normal_quantiles_equal_the_tables),
	cmocka_unit_test(rounds_needed_equal_the_design_table),
	cmocka_unit_test(the_least_effect_of_the_rounds_needed_is_the_effect),
	cmocka_unit_test(extremes_stay_in_range),
};
const size_t unit_power_tests_count = sizeof(unit_power_tests) / sizeof(unit_power_tests[0]);
