/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/ab_measure.c - tests of suites/bench/ab_measure.c, with rounds that
 * are made up: no process runs, and which rounds are disturbed is known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "suites/bench/ab_measure.h"
#include "suites/check/unit/made_up.h"

#define ROUNDS 8u
#define TYPICAL_NS 6200u
#define ROUNDS_SEEN_MAX 64u

/* What the made-up machine does, and what was asked of it. */
static struct {
	uint64_t stolen; /* a bit a round */
	uint64_t failing;
	uint32_t played[ROUNDS_SEEN_MAX];
	size_t played_count;
} machine;

int ab_round_play(const struct ab_round_request *request, struct ab_slices *slices,
                  struct ab_round *round)
{
	bool fails = machine.failing >> request->round & 1;

	(void)slices;
	*round = (struct ab_round){0};
	machine.played[machine.played_count++ % ROUNDS_SEEN_MAX] = request->round;
	round->steal_share = machine.stolen >> request->round & 1 ? 0.5 : 0.0;
	for (size_t i = 0; i < 2; i++) {
		struct run *run = &round->runs[i];

		assert_int_equal(
			made_up_run(run, request->cells[i], request->round, TYPICAL_NS, 100, 1), 0);
		round->histograms[i] = (struct histogram *)run->histogram;
		run->arm[0] = (char)('A' + i);
		if (fails)
			snprintf(run->failure, sizeof(run->failure), "made up to fail");
	}
	return 0;
}

void ab_round_release(struct ab_round *round)
{
	free(round->histograms[0]);
	free(round->histograms[1]);
}

static struct verdict_report *measure(uint64_t stolen, uint64_t failing)
{
	struct ab_pair pair = {
		.cells = {made_up_cell("pipe", "ping_pong", 64, "same_core"),
	                  made_up_cell("pipe", "ping_pong", 64, "same_core")},
		.metric = RUN_ROUND_TRIP,
	};
	struct ab_measure measure = {
		.pairs = &pair, .pairs_count = 1, .seed = 1, .rounds = ROUNDS, .stop_fd = -1};

	machine.stolen = stolen;
	machine.failing = failing;
	machine.played_count = 0;
	assert_int_equal(verdict_report_create(&measure.report), 0);
	assert_int_equal(ab_measure_add_pairs(&measure), 0);
	assert_int_equal(ab_measure_run(&measure), 0);
	return measure.report;
}

/* Asserts how many rounds were played, in order, and that all that were wanted count. */
static void assert_played(uint64_t stolen, uint64_t failing, size_t played)
{
	struct verdict_report *report = measure(stolen, failing);

	assert_int_equal(machine.played_count, played);
	for (uint32_t i = 0; i < played; i++)
		assert_int_equal(machine.played[i], i);
	assert_int_equal(verdict_report_counted(report, 0, 0), ROUNDS);
	assert_int_equal(report->rows[0].comparison.verdict, COMPARISON_UNCHANGED);
	verdict_report_destroy(report);
}

static void a_quiet_machine_plays_what_was_asked_for(void **state)
{
	(void)state;
	assert_played(0, 0, ROUNDS);
}

static void a_round_that_was_left_out_is_made_up(void **state)
{
	(void)state;
	assert_played(1u << 5, 0, ROUNDS + 1);
}

static void a_round_that_failed_is_made_up(void **state)
{
	(void)state;
	assert_played(0, 1u << 2, ROUNDS + 1);
	assert_played(1u << 5, 1u << 2, ROUNDS + 2);
}

/* The share that may be left out is bounded: what is stolen always counts in the end. */
static void a_machine_that_is_always_disturbed_comes_to_an_end(void **state)
{
	(void)state;
	assert_played(UINT64_MAX, 0, ROUNDS + 1);
}

static void a_cell_that_fails_twice_is_given_up(void **state)
{
	struct verdict_report *report = measure(0, UINT64_MAX);

	(void)state;
	assert_int_equal(machine.played_count, 2);
	assert_int_equal(verdict_report_count(report).failed, 2);
	verdict_report_destroy(report);
}

const struct CMUnitTest unit_ab_measure_tests[] = {
	cmocka_unit_test(a_quiet_machine_plays_what_was_asked_for),
	cmocka_unit_test(a_round_that_was_left_out_is_made_up),
	cmocka_unit_test(a_round_that_failed_is_made_up),
	cmocka_unit_test(a_machine_that_is_always_disturbed_comes_to_an_end),
	cmocka_unit_test(a_cell_that_fails_twice_is_given_up),
};
const size_t unit_ab_measure_tests_count =
	sizeof(unit_ab_measure_tests) / sizeof(unit_ab_measure_tests[0]);
