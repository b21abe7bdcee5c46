/* SPDX-License-Identifier: MIT */
/* suites/check/unit/advice.c - tests of results/advice.c, on made-up rounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "results/advice.h"

#define ROUNDS 12

/* Rounds around typical, each off by a few percent, the same ones for the same seed. */
static struct advice_candidate made(const char *name, double typical, unsigned seed)
{
	struct advice_candidate candidate = {.name = name, .rounds_count = ROUNDS};

	for (size_t i = 0; i < ROUNDS; i++) {
		seed = seed * 1103515245u + 12345u;
		candidate.rounds[i] = typical * (1.0 + ((seed >> 16) % 41 - 20.0) / 1000.0);
	}
	return candidate;
}

static void the_least_is_first_or_the_most_where_more_is_better(void **state)
{
	struct advice_candidate times[] = {made("b", 120, 1), made("c", 300, 2), made("a", 100, 3)};
	struct advice_candidate rates[] = {made("b", 120, 1), made("c", 300, 2), made("a", 100, 3)};

	(void)state;
	assert_int_equal(advice_rank(times, 3, false), 3);
	assert_string_equal(times[0].name, "a");
	assert_string_equal(times[1].name, "b");
	assert_string_equal(times[2].name, "c");
	assert_true(times[0].cost == 1.0 && !times[0].is_tied);
	assert_true(fabs(times[1].cost - 1.2) < 0.03 && !times[1].is_tied);
	assert_true(fabs(times[2].cost - 3.0) < 0.08 && !times[2].is_tied);

	assert_int_equal(advice_rank(rates, 3, true), 3);
	assert_string_equal(rates[0].name, "c");
	assert_string_equal(rates[2].name, "a");
	assert_true(fabs(rates[2].cost - 3.0) < 0.08 && !rates[2].is_tied);
}

static void what_is_excluded_or_hardly_measured_is_not_ranked(void **state)
{
	struct advice_candidate candidates[] = {made("fast", 10, 1), made("short", 20, 2),
	                                        made("slow", 100, 3), made("never", 1, 4)};

	(void)state;
	candidates[0].is_excluded = true;
	candidates[1].rounds_count = ADVICE_ROUNDS_MIN - 1;
	candidates[3].rounds_count = 0;
	assert_false(advice_is_measured(&candidates[1]));
	assert_true(advice_is_measured(&candidates[0]));
	assert_int_equal(advice_rank(candidates, 4, false), 1);
	assert_string_equal(candidates[0].name, "slow");
	/* The others keep their order. */
	assert_string_equal(candidates[1].name, "fast");
	assert_string_equal(candidates[2].name, "short");
	assert_string_equal(candidates[3].name, "never");
	candidates[0].is_excluded = true;
	assert_int_equal(advice_rank(candidates, 4, false), 0);
	assert_int_equal(advice_rank(candidates, 0, false), 0);
}

static void rounds_without_a_figure_are_no_evidence(void **state)
{
	struct advice_candidate candidate = made("a", 100, 1);

	(void)state;
	for (size_t i = 0; i < ROUNDS - ADVICE_ROUNDS_MIN; i++)
		candidate.rounds[i] = NAN;
	assert_true(advice_is_measured(&candidate));
	candidate.rounds[ROUNDS - 1] = INFINITY;
	assert_false(advice_is_measured(&candidate));
}

static void what_rounds_do_not_tell_apart_is_tied(void **state)
{
	struct advice_candidate candidates[] = {made("a", 100, 1), made("b", 100.3, 77)};

	(void)state;
	assert_int_equal(advice_rank(candidates, 2, false), 2);
	assert_true(candidates[1].is_tied);
	assert_true(candidates[1].cost < 1.02);
}

static void a_change_of_the_machine_decides_nothing(void **state)
{
	struct advice_candidate better = made("better", 100, 1);
	struct advice_candidate worse = made("worse", 106, 2);

	(void)state;
	/* All rounds are told apart, though those of one spread over those of the other. */
	for (size_t i = 0; i < ROUNDS; i++) {
		better.rounds[i] *= 1.0 + (double)i / 4.0;
		worse.rounds[i] *= 1.0 + (double)i / 4.0;
	}
	{
		struct advice_candidate candidates[] = {worse, better};

		assert_int_equal(advice_rank(candidates, 2, false), 2);
		assert_string_equal(candidates[0].name, "better");
		assert_false(candidates[1].is_tied);
	}
	/* Of two sessions only medians are left, and these are no different. */
	{
		struct advice_candidate candidates[] = {worse, better};

		candidates[0].session = 1;
		assert_int_equal(advice_rank(candidates, 2, false), 2);
		assert_true(candidates[1].is_tied);
	}
}

static void the_first_is_one_that_none_beats_round_by_round(void **state)
{
	struct advice_candidate steady = made("steady", 100, 1);
	struct advice_candidate lucky = made("lucky", 104, 2);
	struct advice_candidate candidates[2];

	(void)state;
	/* Its median is the better one, by rounds that the other has not. */
	steady.rounds_count = ADVICE_ROUNDS_MAX;
	for (size_t i = ROUNDS; i < ADVICE_ROUNDS_MAX; i++)
		steady.rounds[i] = 130;
	candidates[0] = lucky;
	candidates[1] = steady;
	assert_int_equal(advice_rank(candidates, 2, false), 2);
	assert_true(candidates[0].median > candidates[1].median);
	assert_string_equal(candidates[0].name, "steady");
}

static void equals_come_by_name_whatever_their_order_was(void **state)
{
	struct advice_candidate a = made("a", 100, 5);
	struct advice_candidate b = made("b", 100, 5);
	struct advice_candidate one[] = {a, b};
	struct advice_candidate other[] = {b, a};

	(void)state;
	assert_int_equal(advice_rank(one, 2, false), 2);
	assert_int_equal(advice_rank(other, 2, false), 2);
	assert_string_equal(one[0].name, "a");
	assert_string_equal(other[0].name, "a");
	assert_true(other[1].is_tied);
}

static void ten_percent_give_the_same_first_choice_each_time(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 200; seed++) {
		struct advice_candidate candidates[] = {made("other", 110, seed + 1000),
		                                        made("first", 100, seed),
		                                        made("third", 125, seed + 2000)};

		/* Rounds of a busy machine: all candidates slow down together. */
		for (size_t round = 0; round < ROUNDS; round++) {
			double busy = 1.0 + (double)((seed * 7919u + round * 104729u) % 100) / 50.0;

			for (size_t i = 0; i < 3; i++)
				candidates[i].rounds[round] *= busy;
		}
		assert_int_equal(advice_rank(candidates, 3, false), 3);
		assert_string_equal(candidates[0].name, "first");
	}
}

const struct CMUnitTest unit_advice_tests[] = {
	cmocka_unit_test(the_least_is_first_or_the_most_where_more_is_better),
	cmocka_unit_test(what_is_excluded_or_hardly_measured_is_not_ranked),
	cmocka_unit_test(rounds_without_a_figure_are_no_evidence),
	cmocka_unit_test(what_rounds_do_not_tell_apart_is_tied),
	cmocka_unit_test(a_change_of_the_machine_decides_nothing),
	cmocka_unit_test(the_first_is_one_that_none_beats_round_by_round),
	cmocka_unit_test(equals_come_by_name_whatever_their_order_was),
	cmocka_unit_test(ten_percent_give_the_same_first_choice_each_time),
};
const size_t unit_advice_tests_count = sizeof(unit_advice_tests) / sizeof(unit_advice_tests[0]);
