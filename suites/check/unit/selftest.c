/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/selftest.c - tests of the bars of selftest, and of its replay.
 *
 * The recordings are made up: log ratios of a known deviation, so that what a replay
 * must say of them is known too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites/bench/command.h"
#include "suites/bench/selftest_replay.h"
#include "suites/bench/selftest_tally.h"
#include "suites/check/unit/history.h"
#include "suites/check/unit/made_up.h"
#include "workloads/random.h"

#define TYPICAL_NS 6200.0
#define RECORDED_ROUNDS 60
#define WHY_BYTES 512

static char why[WHY_BYTES];

/* A judged comparison of one stage: suspect or flagged as told, of this p and sign. */
static struct comparison equal_of(bool is_suspect, bool is_flagged, double p, double estimate)
{
	struct comparison c = {
		.stage_count = is_suspect ? 2 : 1,
		.is_suspect = is_suspect,
		.verdict = is_flagged ? COMPARISON_REGRESSED : COMPARISON_UNCHANGED,
	};

	c.stages[0].test.p = p;
	c.stages[0].test.estimate = estimate;
	c.stages[0].test.low = -0.1;
	c.stages[0].test.high = 0.1;
	return c;
}

/* Judges so many equal pairs, the first of them suspects or flagged. */
static int judge_equals(unsigned count, unsigned suspects, unsigned flagged)
{
	struct selftest_tally tally;
	int status;

	assert_int_equal(selftest_tally_init(&tally, count, 0), 0);
	for (unsigned i = 0; i < count; i++) {
		struct comparison c =
			equal_of(i < suspects, i < flagged, (i + 0.5) / count, i % 2 ? 0.1 : -0.1);

		selftest_tally_add_equal(&tally, &c);
	}
	why[0] = '\0';
	status = selftest_tally_judge(&tally, why, sizeof(why));
	selftest_tally_release(&tally);
	return status;
}

static void one_percent_rounded_up_may_be_suspects_and_none_flagged(void **state)
{
	(void)state;
	assert_int_equal(judge_equals(8, 0, 0), STATUS_DONE);
	assert_int_equal(judge_equals(8, 1, 0), STATUS_DONE);
	assert_int_equal(judge_equals(8, 2, 0), STATUS_REGRESSED);
	assert_int_equal(judge_equals(200, 2, 0), STATUS_DONE);
	assert_int_equal(judge_equals(200, 3, 0), STATUS_REGRESSED);
	assert_non_null(strstr(why, "at most 2"));
	assert_int_equal(judge_equals(200, 1, 1), STATUS_REGRESSED);
	assert_non_null(strstr(why, "flagged"));
}

/* Judges so many equal pairs of which all have one p, or all are slower. */
static int judge_shape(unsigned count, bool has_one_p, bool is_one_sided)
{
	struct selftest_tally tally;
	int status;

	assert_int_equal(selftest_tally_init(&tally, count, 0), 0);
	for (unsigned i = 0; i < count; i++) {
		struct comparison c = equal_of(false, false, has_one_p ? 0.2 : (i + 0.5) / count,
		                               is_one_sided || i % 2 ? 0.1 : -0.1);

		selftest_tally_add_equal(&tally, &c);
	}
	status = selftest_tally_judge(&tally, why, sizeof(why));
	selftest_tally_release(&tally);
	return status;
}

static void shares_of_p_and_sign_are_judged_from_two_hundred_on(void **state)
{
	(void)state;
	assert_int_equal(judge_shape(199, true, true), STATUS_DONE);
	assert_int_equal(judge_shape(200, false, false), STATUS_DONE);
	assert_int_equal(judge_shape(200, true, false), STATUS_REGRESSED);
	assert_int_equal(judge_shape(200, false, true), STATUS_REGRESSED);
}

/* Judges 20 trials of which so many are found, the others with an interval so wide. */
static int judge_trials(unsigned found, double width, double load)
{
	struct selftest_tally tally;
	int status;

	assert_int_equal(selftest_tally_init(&tally, 0, 20), 0);
	tally.percent = 10;
	tally.load = load;
	for (unsigned i = 0; i < 20; i++) {
		struct comparison c = {
			.stage_count = 2,
			.is_suspect = true,
			.verdict = i < found ? COMPARISON_REGRESSED : COMPARISON_INCONCLUSIVE,
			.low = 0.0,
			.high = width,
		};

		selftest_tally_add_trial(&tally, SELFTEST_CROSS_CORE, &c);
	}
	status = selftest_tally_judge(&tally, why, sizeof(why));
	selftest_tally_release(&tally);
	return status;
}

static void nineteen_of_twenty_must_be_found_unless_noise_hides_them(void **state)
{
	(void)state;
	assert_int_equal(judge_trials(19, 0.01, 0.1), STATUS_DONE);
	assert_int_equal(judge_trials(18, 0.01, 0.1), STATUS_REGRESSED);
	assert_non_null(strstr(why, "cross_core: 18 of 20"));
	assert_int_equal(judge_trials(18, 0.3, 0.1), STATUS_FAILED);
	assert_non_null(strstr(why, "too noisy to tell"));
	assert_int_equal(judge_trials(0, 0.01, 3.0), STATUS_FAILED);
}

/*
 * Judges 20 trials of which so many scatter little, and so many of these are found; of
 * the others none is. The last one, if it is missed, is said to be such.
 */
static int judge_scattered(unsigned percent, bool is_p99, unsigned quiet, unsigned found,
                           enum comparison_verdict last)
{
	struct selftest_tally tally;
	int status;

	assert_int_equal(selftest_tally_init(&tally, 0, 20), 0);
	tally.percent = percent;
	tally.is_p99 = is_p99;
	for (unsigned i = 0; i < 20; i++) {
		struct comparison c = {
			.stage_count = 1,
			.verdict = i < found ? COMPARISON_REGRESSED : COMPARISON_INCONCLUSIVE,
			.stages[0].sigma = i < quiet ? 0.02 : 0.06,
		};

		if (i == 19 && found < 20)
			c.verdict = last;
		selftest_tally_add_trial(&tally, SELFTEST_SAME_CORE, &c);
	}
	status = selftest_tally_judge(&tally, why, sizeof(why));
	selftest_tally_release(&tally);
	return status;
}

static void small_effects_and_tails_count_where_rounds_scatter_little(void **state)
{
	static const struct {
		unsigned percent;
		bool is_p99;
	} kinds[] = {{5, false}, {10, true}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		unsigned percent = kinds[i].percent;
		bool is_p99 = kinds[i].is_p99;

		assert_int_equal(judge_scattered(percent, is_p99, 10, 10, COMPARISON_INCONCLUSIVE),
		                 STATUS_DONE);
		assert_int_equal(judge_scattered(percent, is_p99, 10, 9, COMPARISON_INCONCLUSIVE),
		                 STATUS_REGRESSED);
		assert_non_null(strstr(why, "9 of 10 slowed ones with rounds that scatter little"));
		assert_int_equal(judge_scattered(percent, is_p99, 0, 0, COMPARISON_INCONCLUSIVE),
		                 STATUS_FAILED);
		assert_non_null(strstr(why, "too noisy to tell"));
	}
	/* A large one of the p50 is found in all of them. */
	assert_int_equal(judge_scattered(10, false, 10, 10, COMPARISON_INCONCLUSIVE),
	                 STATUS_REGRESSED);
}

static void a_slowed_one_is_never_unchanged(void **state)
{
	(void)state;
	assert_int_equal(judge_scattered(5, false, 10, 10, COMPARISON_UNCHANGED), STATUS_REGRESSED);
	assert_non_null(strstr(why, "1 slowed ones were said to be unchanged"));
}

/* Where others keep the CPUs busy a delay costs nothing: it was not there to be seen. */
static void on_crowded_cpus_unchanged_is_no_fault(void **state)
{
	const struct comparison unchanged = {.stage_count = 1, .verdict = COMPARISON_UNCHANGED};
	struct selftest_tally tally;

	(void)state;
	assert_int_equal(selftest_tally_init(&tally, 0, 1), 0);
	tally.percent = 10;
	selftest_tally_add_trial(&tally, SELFTEST_CROSS_CORE, &unchanged);
	assert_int_equal(selftest_tally_judge(&tally, why, sizeof(why)), STATUS_REGRESSED);
	tally.load = 3.0;
	assert_int_equal(selftest_tally_judge(&tally, why, sizeof(why)), STATUS_FAILED);
	assert_non_null(strstr(why, "unchanged: this machine is too noisy to tell"));
	selftest_tally_release(&tally);
}

static void what_gave_no_verdict_or_came_too_late_is_no_pass(void **state)
{
	struct selftest_tally tally;

	(void)state;
	assert_int_equal(selftest_tally_init(&tally, 10, 10), 0);
	tally.is_late = true;
	assert_int_equal(selftest_tally_judge(&tally, why, sizeof(why)), STATUS_FAILED);
	tally.is_late = false;
	selftest_tally_add_trial(&tally, SELFTEST_SAME_CORE, NULL);
	assert_int_equal(selftest_tally_judge(&tally, why, sizeof(why)), STATUS_FAILED);
	selftest_tally_release(&tally);
}

static double normal(struct random *random)
{
	double a = ((double)(random_next(random) >> 11) + 0.5) / 9007199254740992.0;
	double b = ((double)(random_next(random) >> 11) + 0.5) / 9007199254740992.0;

	return sqrt(-2.0 * log(a)) * cos(2.0 * M_PI * b);
}

/* Stores a run whose every value is the same. */
static void store_arm(struct store *store, const struct run_cell *cell, uint32_t round, char arm,
                      double value_ns)
{
	struct run run;
	struct histogram *histogram = histogram_create(HISTOGRAM_BITS_DEFAULT);

	assert_non_null(histogram);
	histogram_record(histogram, (uint64_t)llround(value_ns));
	assert_int_equal(made_up_run(&run, cell, round, 0, 1, 1), 0);
	run.metric = RUN_ROUND_TRIP;
	run.arm[0] = arm;
	run.histogram = histogram;
	assert_int_equal(store_append(store, &run, 1, history_why, sizeof(history_why)), 0);
	free(histogram);
}

/* Records rounds of two arms, of which B is slower by an effect, with this deviation. */
static void record(const struct folder *folder, uint32_t rounds, double effect, double sigma)
{
	static const char *const placements[] = {"same_core", "cross_core"};
	struct store *store = history_open(folder, "history.db");
	struct random random = {.state = 17};

	assert_int_equal(history_begin(store, '1'), 0);
	for (size_t i = 0; i < 2; i++) {
		struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, placements[i]);

		for (uint32_t round = 0; round < rounds; round++) {
			double d = effect + sigma * normal(&random);

			store_arm(store, &cell, round, 'A', TYPICAL_NS * 1000.0);
			store_arm(store, &cell, round, 'B', TYPICAL_NS * 1000.0 * exp(d));
		}
	}
	assert_int_equal(store_finish(store, "complete", history_why, sizeof(history_why)), 0);
	store_close(store);
}

/* Replays what was recorded into a tally of the caller's. Returns what the replay does. */
static int replay(const struct folder *folder, uint64_t seed, struct selftest_tally *tally,
                  char uuid[SESSION_UUID_BYTES])
{
	char path[PATH_MAX];

	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(selftest_tally_init(tally, 4000, 500), 0);
	tally->percent = 10;
	tally->seed = seed;
	why[0] = '\0';
	return selftest_replay(tally, path, "latest", uuid, why, sizeof(why));
}

/*
 * At a deviation of 2 % each trial is found and the bars hold, though B of the recording
 * is slower by half. The seeds are fixed.
 */
static void a_replay_of_quiet_rounds_holds_every_bar(void **state)
{
	struct selftest_tally tally;
	char uuid[SESSION_UUID_BYTES];

	record(*state, RECORDED_ROUNDS, 0.4, 0.02);
	assert_int_equal(replay(*state, 1, &tally, uuid), 0);
	assert_int_equal(tally.comparisons, 4000);
	assert_int_equal(tally.injections[SELFTEST_SAME_CORE].found, 500);
	assert_int_equal(tally.injections[SELFTEST_CROSS_CORE].found, 500);
	/* The signs of the recording are told as they are. */
	assert_int_equal(tally.slower, tally.slower_of);
	tally.slower_of = 0;
	assert_int_equal(selftest_tally_judge(&tally, why, sizeof(why)), STATUS_DONE);
	selftest_tally_release(&tally);
}

/* At 30 % the false alarms stay as rare, and what is missed is said to be the noise's. */
static void a_replay_of_noisy_rounds_misses_but_cries_no_wolf(void **state)
{
	struct selftest_tally tally;
	char uuid[SESSION_UUID_BYTES];

	record(*state, RECORDED_ROUNDS, 0.0, 0.3);
	assert_int_equal(replay(*state, 2, &tally, uuid), 0);
	assert_true(tally.flagged_first > 0 && tally.flagged_first <= 60);
	assert_true(tally.flagged <= 7);
	assert_true(tally.injections[SELFTEST_SAME_CORE].found < 250);
	assert_int_equal(selftest_tally_judge(&tally, why, sizeof(why)), STATUS_FAILED);
	assert_non_null(strstr(why, "too noisy to tell"));
	selftest_tally_release(&tally);
}

/* Returns a replay's JSON, for free(). */
static char *replay_json(const struct folder *folder, uint64_t seed)
{
	struct selftest_tally tally;
	char uuid[SESSION_UUID_BYTES];
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	assert_int_equal(replay(folder, seed, &tally, uuid), 0);
	assert_int_equal(selftest_tally_write_json(out, &tally), 0);
	assert_int_equal(fclose(out), 0);
	selftest_tally_release(&tally);
	return text;
}

static void the_same_seed_and_recording_give_the_same_bytes(void **state)
{
	char *first;
	char *second;
	char *other;

	record(*state, RECORDED_ROUNDS, 0.0, 0.05);
	first = replay_json(*state, 3);
	second = replay_json(*state, 3);
	other = replay_json(*state, 4);
	assert_string_equal(first, second);
	assert_string_not_equal(first, other);
	free(first);
	free(second);
	free(other);
}

static void too_few_recorded_rounds_are_refused_with_the_remedy(void **state)
{
	struct selftest_tally tally;
	char uuid[SESSION_UUID_BYTES];

	record(*state, 12, 0.0, 0.05);
	assert_int_equal(replay(*state, 5, &tally, uuid), -ENODATA);
	assert_non_null(strstr(why, "rounds:40"));
	selftest_tally_release(&tally);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

const struct CMUnitTest unit_selftest_tests[] = {
	cmocka_unit_test(one_percent_rounded_up_may_be_suspects_and_none_flagged),
	cmocka_unit_test(shares_of_p_and_sign_are_judged_from_two_hundred_on),
	cmocka_unit_test(nineteen_of_twenty_must_be_found_unless_noise_hides_them),
	cmocka_unit_test(small_effects_and_tails_count_where_rounds_scatter_little),
	cmocka_unit_test(a_slowed_one_is_never_unchanged),
	cmocka_unit_test(on_crowded_cpus_unchanged_is_no_fault),
	cmocka_unit_test(what_gave_no_verdict_or_came_too_late_is_no_pass),
	IN_FOLDER(a_replay_of_quiet_rounds_holds_every_bar),
	IN_FOLDER(a_replay_of_noisy_rounds_misses_but_cries_no_wolf),
	IN_FOLDER(the_same_seed_and_recording_give_the_same_bytes),
	IN_FOLDER(too_few_recorded_rounds_are_refused_with_the_remedy),
};
const size_t unit_selftest_tests_count =
	sizeof(unit_selftest_tests) / sizeof(unit_selftest_tests[0]);
