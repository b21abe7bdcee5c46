/* SPDX-License-Identifier: MIT */
/* suites/check/unit/comparison.c - tests of results/comparison.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "results/comparison.h"

#define ROUNDS 12

/* Twelve differences around a centre, spread evenly over +-spread. */
static void spread_around(double centre, double spread, double *out)
{
	for (size_t i = 0; i < ROUNDS; i++)
		out[i] = centre + spread * ((double)i - 5.5) / 5.5;
}

/* Judges one comparison of which both stages have these centres and spreads. */
static struct comparison judge(double first, double second, double spread)
{
	struct comparison c = {.least_effect = 0.03};
	double differences[ROUNDS];

	spread_around(first, spread, differences);
	assert_int_equal(comparison_add_stage(&c, differences, ROUNDS, &comparison_rules_default),
	                 0);
	if (c.is_suspect) {
		spread_around(second, spread, differences);
		assert_int_equal(
			comparison_add_stage(&c, differences, ROUNDS, &comparison_rules_default),
			0);
	}
	assert_int_equal(comparison_judge(&c, 1, &comparison_rules_default), 0);
	return c;
}

static void each_verdict_follows_from_its_numbers(void **state)
{
	static const struct {
		double first, second, spread;
		enum comparison_verdict verdict;
	} rows[] = {
		{0.10, 0.10, 0.02, COMPARISON_REGRESSED},
		{-0.10, -0.10, 0.02, COMPARISON_IMPROVED},
		{0.02, 0.02, 0.005, COMPARISON_SMALL},
		{0.001, 0.001, 0.02, COMPARISON_UNCHANGED},
		{0.01, 0.01, 0.2, COMPARISON_INCONCLUSIVE},   /* too noisy to tell */
		{0.10, -0.10, 0.02, COMPARISON_INCONCLUSIVE}, /* the stages disagree */
		{0.10, 0.0, 0.02, COMPARISON_UNCHANGED},      /* a false alarm, and cleared */
		{0.10, 0.02, 0.005, COMPARISON_SMALL},
		{0.10, 0.05, 0.2, COMPARISON_INCONCLUSIVE}, /* suspected and not confirmed */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct comparison c = judge(rows[i].first, rows[i].second, rows[i].spread);

		assert_string_equal(comparison_verdict_name(c.verdict),
		                    comparison_verdict_name(rows[i].verdict));
	}
}

static void the_effect_and_its_interval_are_shares(void **state)
{
	struct comparison c = judge(log(1.10), log(1.10), 0.02);

	(void)state;
	assert_true(fabs(c.effect - 0.10) < 1e-12);
	assert_true(c.low > 0.08 && c.low < 0.10 && c.high > 0.10 && c.high < 0.12);
	assert_int_equal(c.rounds, ROUNDS);
	assert_true(fabs(c.p - ldexp(1.0, 1 - ROUNDS)) < 1e-15);
}

static void a_suspect_without_fresh_rounds_is_inconclusive(void **state)
{
	struct comparison c = {.least_effect = 0.03};
	double differences[ROUNDS];

	(void)state;
	spread_around(0.2, 0.02, differences);
	assert_int_equal(comparison_add_stage(&c, differences, ROUNDS, &comparison_rules_default),
	                 0);
	assert_true(c.is_suspect);
	assert_int_equal(comparison_judge(&c, 1, &comparison_rules_default), 0);
	assert_int_equal(c.verdict, COMPARISON_INCONCLUSIVE);
}

static void an_inconclusive_one_names_more_rounds_than_it_had(void **state)
{
	(void)state;
	for (double spread = 0.02; spread < 1.0; spread *= 1.5) {
		struct comparison c = judge(0.01, 0.01, spread);

		if (c.verdict == COMPARISON_INCONCLUSIVE)
			assert_true(c.rounds_needed > c.rounds);
		assert_true(c.least_seen > 0.0);
	}
}

/* Alone, the second stage is significant; one of many suspects, it no longer is. */
static void suspects_are_corrected_for_their_number(void **state)
{
	struct comparison many[20];
	double strong[ROUNDS];
	double weak[ROUNDS];

	(void)state;
	spread_around(0.2, 0.02, strong);
	spread_around(0.1, 0.14, weak); /* p = 0.005 */
	for (size_t i = 0; i < 20; i++) {
		many[i] = (struct comparison){.least_effect = 0.03};
		comparison_add_stage(&many[i], strong, ROUNDS, &comparison_rules_default);
		comparison_add_stage(&many[i], weak, ROUNDS, &comparison_rules_default);
	}
	assert_int_equal(comparison_judge(many, 1, &comparison_rules_default), 0);
	assert_int_equal(many[0].verdict, COMPARISON_REGRESSED);
	assert_int_equal(comparison_judge(many, 20, &comparison_rules_default), 0);
	assert_int_equal(many[0].verdict, COMPARISON_INCONCLUSIVE);
	assert_true(many[0].p_adjusted == fmin(1.0, 20 * many[0].p));
}

/* p = 0.0024 alone is a small effect; among twenty it may be chance. */
static void a_small_effect_is_corrected_for_the_number_of_cells(void **state)
{
	struct comparison many[20];
	double differences[ROUNDS];

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		many[i] = (struct comparison){.least_effect = 0.03};
		spread_around(i == 0 ? 0.01 : 0.0, 0.0125, differences);
		comparison_add_stage(&many[i], differences, ROUNDS, &comparison_rules_default);
	}
	assert_int_equal(comparison_judge(many, 1, &comparison_rules_default), 0);
	assert_int_equal(many[0].verdict, COMPARISON_SMALL);
	assert_int_equal(comparison_judge(many, 20, &comparison_rules_default), 0);
	assert_int_equal(many[0].verdict, COMPARISON_UNCHANGED);
	assert_true(many[0].p_adjusted == 20 * many[0].p);
}

static void an_advisory_one_does_not_weaken_the_gate(void **state)
{
	struct comparison pair[20] = {{.least_effect = 0.03}};
	double strong[ROUNDS];

	(void)state;
	spread_around(0.2, 0.02, strong);
	for (size_t i = 0; i < 20; i++) {
		pair[i] = (struct comparison){.least_effect = 0.03, .is_advisory = i > 0};
		comparison_add_stage(&pair[i], strong, ROUNDS, &comparison_rules_default);
		comparison_add_stage(&pair[i], strong, ROUNDS, &comparison_rules_default);
	}
	assert_int_equal(comparison_judge(pair, 20, &comparison_rules_default), 0);
	assert_true(pair[0].p_adjusted == pair[0].p);
	assert_true(pair[1].p_adjusted == 19 * pair[1].p);
}

static void a_control_that_changed_makes_the_session_invalid(void **state)
{
	struct comparison pair[2];

	(void)state;
	pair[0] = judge(0.2, 0.2, 0.02);
	pair[1] = judge(0.0, 0.0, 0.02);
	pair[1].is_control = true;
	assert_false(comparison_is_invalid(pair, 2));
	pair[1] = judge(-0.2, -0.2, 0.02);
	pair[1].is_control = true;
	assert_true(comparison_is_invalid(pair, 2));
}

static void differences_are_worse_above_zero_for_both_metrics(void **state)
{
	static const double a[] = {100.0, 200.0};
	static const double b[] = {110.0, 180.0};
	double slower[2];
	double fewer[2];

	(void)state;
	comparison_differences(a, b, 2, false, slower);
	comparison_differences(a, b, 2, true, fewer);
	assert_true(fabs(slower[0] - log(1.1)) < 1e-15 && slower[1] < 0.0);
	assert_true(fewer[0] == -slower[0] && fewer[1] == -slower[1]);
}

static void what_matters_is_at_least_two_steps_of_the_clock(void **state)
{
	(void)state;
	assert_true(comparison_least_effect(0.03, 10.0, 6000.0) == 0.03);
	assert_true(comparison_least_effect(0.03, 10.0, 200.0) == 0.1);
}

/* Level and rounds: eight that agree are suspects, seven of eight and p = 0.007 of twelve aren't.
 */
static void the_fewest_rounds_must_all_agree(void **state)
{
	double differences[ROUNDS];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct comparison c = {.least_effect = 0.03};
		size_t count = i == 2 ? ROUNDS : COMPARISON_ROUNDS_MIN;

		spread_around(0.1, i == 2 ? 0.15 : 0.0, differences);
		if (i == 1)
			differences[0] = -0.05;
		assert_int_equal(
			comparison_add_stage(&c, differences, count, &comparison_rules_default), 0);
		assert_int_equal(c.is_suspect, i == 0);
		if (i == 2)
			assert_true(c.stages[0].test.p > 0.005 && c.stages[0].test.p < 0.01);
	}
}

static void too_few_rounds_and_a_third_stage_are_refused(void **state)
{
	struct comparison c = {.least_effect = 0.03};
	double differences[ROUNDS];

	(void)state;
	spread_around(0.2, 0.02, differences);
	assert_int_equal(comparison_add_stage(&c, differences, 7, &comparison_rules_default),
	                 -EDOM);
	assert_int_equal(comparison_judge(&c, 1, &comparison_rules_default), 0);
	assert_int_equal(c.verdict, COMPARISON_INCONCLUSIVE);
	assert_int_equal(comparison_add_stage(&c, differences, 8, &comparison_rules_default), 0);
	assert_int_equal(comparison_add_stage(&c, differences, 8, &comparison_rules_default), 0);
	assert_int_equal(comparison_add_stage(&c, differences, 8, &comparison_rules_default),
	                 -E2BIG);
}

static void the_same_numbers_give_the_same_bytes(void **state)
{
	struct comparison first;
	struct comparison second;

	(void)state;
	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	for (int i = 0; i < 2; i++) {
		struct comparison *c = i == 0 ? &first : &second;
		double differences[ROUNDS];

		c->least_effect = 0.03;
		spread_around(0.07, 0.05, differences);
		comparison_add_stage(c, differences, ROUNDS, &comparison_rules_default);
		spread_around(0.06, 0.05, differences);
		comparison_add_stage(c, differences, ROUNDS, &comparison_rules_default);
		assert_int_equal(comparison_judge(c, 1, &comparison_rules_default), 0);
	}
	assert_int_equal(first.verdict, second.verdict);
	assert_memory_equal(&first.effect, &second.effect, sizeof(double));
	assert_memory_equal(&first.low, &second.low, sizeof(double));
	assert_memory_equal(&first.high, &second.high, sizeof(double));
	assert_memory_equal(&first.p_adjusted, &second.p_adjusted, sizeof(double));
}

const struct CMUnitTest unit_comparison_tests[] = {
	cmocka_unit_test(each_verdict_follows_from_its_numbers),
	cmocka_unit_test(the_effect_and_its_interval_are_shares),
	cmocka_unit_test(a_suspect_without_fresh_rounds_is_inconclusive),
	cmocka_unit_test(an_inconclusive_one_names_more_rounds_than_it_had),
	cmocka_unit_test(suspects_are_corrected_for_their_number),
	cmocka_unit_test(a_small_effect_is_corrected_for_the_number_of_cells),
	cmocka_unit_test(an_advisory_one_does_not_weaken_the_gate),
	cmocka_unit_test(a_control_that_changed_makes_the_session_invalid),
	cmocka_unit_test(differences_are_worse_above_zero_for_both_metrics),
	cmocka_unit_test(what_matters_is_at_least_two_steps_of_the_clock),
	cmocka_unit_test(the_fewest_rounds_must_all_agree),
	cmocka_unit_test(too_few_rounds_and_a_third_stage_are_refused),
	cmocka_unit_test(the_same_numbers_give_the_same_bytes),
};
const size_t unit_comparison_tests_count =
	sizeof(unit_comparison_tests) / sizeof(unit_comparison_tests[0]);
