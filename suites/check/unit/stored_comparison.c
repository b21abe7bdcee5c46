/* SPDX-License-Identifier: MIT */
/* suites/check/unit/stored_comparison.c - tests of results/stored_comparison.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "results/stored_comparison.h"
#include "suites/check/unit/made_up.h"
#include "workloads/random.h"

#define ROUNDS 16
#define BODY_NS 10000.0

static struct verdict_report *report;
static struct stored_rounds sides[2];
static struct random random_state;

static int start(void **state)
{
	(void)state;
	random_state = (struct random){.state = 11};
	return verdict_report_create(&report);
}

static int finish(void **state)
{
	(void)state;
	verdict_report_destroy(report);
	stored_rounds_release(&sides[0]);
	stored_rounds_release(&sides[1]);
	return 0;
}

/* Adds rounds of a cell that scatter by +-spread around a factor of BODY_NS. */
static void add(int side, const struct run_cell *cell, double factor, double spread, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		struct histogram *histogram = histogram_create(HISTOGRAM_BITS_DEFAULT);
		double noise =
			1.0 + spread * ((double)random_below(&random_state, 2001) / 1000 - 1);
		struct run run = {
			.cell = cell,
			.metric = RUN_ROUND_TRIP,
			.round = (uint32_t)i,
			.arm = "A",
			.batch = 1,
			.histogram = histogram,
		};

		assert_non_null(histogram);
		for (int j = 0; j < 200; j++)
			histogram_record(histogram, (uint64_t)(BODY_NS * factor * noise) +
			                                    (j >= 190 ? 20000 : 0));
		assert_int_equal(stored_rounds_add(&sides[side], &run), 0);
		free(histogram);
	}
}

static void judge(void)
{
	assert_int_equal(stored_comparison_add(report, &sides[0], &sides[1]), 0);
	assert_int_equal(stored_comparison_judge(report), 0);
}

static enum comparison_verdict verdict(size_t row)
{
	return report->rows[row].comparison.verdict;
}

static void equal_sessions_are_unchanged(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");

	(void)state;
	add(0, &cell, 1.0, 0.01, ROUNDS);
	add(1, &cell, 1.0, 0.01, ROUNDS);
	judge();
	assert_int_equal(report->rows_count, 2);
	assert_int_equal(verdict(0), COMPARISON_UNCHANGED);
	assert_int_equal(verdict(1), COMPARISON_UNCHANGED);
}

static void what_is_far_beyond_a_day_has_regressed_or_improved(void **state)
{
	struct run_cell slower = made_up_cell("pipe", "ping_pong", 64, "same_core");
	struct run_cell faster = made_up_cell("tcp", "ping_pong", 64, "same_core");

	(void)state;
	add(0, &slower, 1.0, 0.02, ROUNDS);
	add(1, &slower, 1.3, 0.02, ROUNDS);
	add(0, &faster, 1.3, 0.02, ROUNDS);
	add(1, &faster, 1.0, 0.02, ROUNDS);
	judge();
	assert_int_equal(verdict(0), COMPARISON_REGRESSED);
	assert_int_equal(verdict(2), COMPARISON_IMPROVED);
	assert_true(fabs(report->rows[0].comparison.effect - 0.3) < 0.03);
	assert_int_equal(report->rows[0].rounds_worse, ROUNDS);
	assert_int_equal(report->rows[2].rounds_worse, 0);
	assert_true(fabs(report->rows[2].values[0] / 13000.0 - 1.0) < 0.02);
	assert_true(fabs(report->rows[2].values[1] / 10000.0 - 1.0) < 0.02);
}

/* ab would confirm it; two sessions can differ by that much without a cause. */
static void what_a_day_can_do_is_inconclusive(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");

	(void)state;
	add(0, &cell, 1.0, 0.005, ROUNDS);
	add(1, &cell, 1.08, 0.005, ROUNDS);
	judge();
	assert_true(report->rows[0].comparison.p_adjusted < STORED_ALPHA);
	assert_int_equal(verdict(0), COMPARISON_INCONCLUSIVE);
}

static void a_history_that_moves_more_allows_more(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");

	(void)state;
	add(0, &cell, 1.0, 0.02, ROUNDS);
	add(1, &cell, 1.3, 0.02, ROUNDS);
	assert_int_equal(stored_comparison_add(report, &sides[0], &sides[1]), 0);
	stored_comparison_allow(report, cell.name, 0.5, 0.01);
	assert_true(report->rows[0].allowance == STORED_ALLOWANCE);
	stored_comparison_allow(report, cell.name, 0.5, 0.4);
	assert_int_equal(stored_comparison_judge(report), 0);
	assert_int_equal(verdict(0), COMPARISON_INCONCLUSIVE);
}

static void a_small_sure_effect_is_small(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");

	(void)state;
	add(0, &cell, 1.0, 0.003, ROUNDS);
	add(1, &cell, 1.015, 0.003, ROUNDS);
	judge();
	assert_int_equal(verdict(0), COMPARISON_SMALL);
}

static void fewer_than_eight_rounds_decide_nothing(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");

	(void)state;
	add(0, &cell, 1.0, 0.01, ROUNDS);
	add(1, &cell, 2.0, 0.01, COMPARISON_ROUNDS_MIN - 1);
	judge();
	assert_int_equal(verdict(0), COMPARISON_INCONCLUSIVE);
	assert_int_equal(verdict_report_count(report).failed, 2);
}

static void a_changed_control_makes_it_invalid(void **state)
{
	struct run_cell cell = made_up_cell("loopback", "ping_pong", 64, "same_core");

	(void)state;
	add(0, &cell, 1.0, 0.01, ROUNDS);
	add(1, &cell, 1.5, 0.01, ROUNDS);
	judge();
	assert_true(verdict_report_count(report).is_invalid);
	assert_int_equal(verdict_report_count(report).regressed, 0);
}

static void only_cells_of_both_are_paired(void **state)
{
	struct run_cell common = made_up_cell("pipe", "ping_pong", 64, "same_core");
	struct run_cell alone = made_up_cell("tcp", "ping_pong", 64, "same_core");

	(void)state;
	add(0, &alone, 1.0, 0.01, ROUNDS);
	add(0, &common, 1.0, 0.01, ROUNDS);
	add(1, &common, 1.0, 0.01, ROUNDS);
	judge();
	assert_int_equal(report->pairs_count, 1);
	assert_null(stored_rounds_find(&sides[1], alone.name));
}

/*
 * Days of +-4 % between sessions whose rounds scatter by 1 %: what makes rank tests of
 * successive runs cry wolf. None of 200 may be flagged, though p is tiny in most.
 */
static void the_day_is_no_regression(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");
	size_t tiny = 0;

	for (int trial = 0; trial < 200; trial++) {
		finish(state);
		assert_int_equal(verdict_report_create(&report), 0);
		for (int side = 0; side < 2; side++)
			add(side, &cell,
			    1.0 + 0.04 * ((double)random_below(&random_state, 2001) / 1000 - 1),
			    0.01, 12);
		judge();
		tiny += report->rows[0].comparison.p < 0.001;
		assert_int_equal(verdict_report_count(report).regressed, 0);
		assert_int_equal(verdict_report_count(report).improved, 0);
	}
	assert_true(tiny > 100);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

const struct CMUnitTest unit_stored_comparison_tests[] = {
	CASE(equal_sessions_are_unchanged),
	CASE(what_is_far_beyond_a_day_has_regressed_or_improved),
	CASE(what_a_day_can_do_is_inconclusive),
	CASE(a_history_that_moves_more_allows_more),
	CASE(a_small_sure_effect_is_small),
	CASE(fewer_than_eight_rounds_decide_nothing),
	CASE(a_changed_control_makes_it_invalid),
	CASE(only_cells_of_both_are_paired),
	CASE(the_day_is_no_regression),
};
const size_t unit_stored_comparison_tests_count =
	sizeof(unit_stored_comparison_tests) / sizeof(unit_stored_comparison_tests[0]);
