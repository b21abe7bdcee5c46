/* SPDX-License-Identifier: MIT */
/* suites/bench/ab_measure.c - measures pairs of cells in two stages and judges them. */
#include "suites/bench/ab_measure.h"

#include <errno.h>
#include <stdlib.h>

#include "ipc/clock.h"
#include "workloads/random.h"

/* A pair that failed so often is given up. */
#define FAILURES_MAX 2u
/* The control has samples enough in less time than what quantiles need elsewhere. */
#define CONTROL_NS (4 * NS_PER_MS)
/* One in so many rounds can be left out and made up, see VERDICT_EXCLUDED_MAX. */
#define MAKE_UP_SHARE 4u

int ab_measure_add_pairs(const struct ab_measure *measure)
{
	for (size_t i = 0; i < measure->pairs_count; i++) {
		const struct ab_pair *pair = &measure->pairs[i];
		int ret = verdict_report_add_pair(measure->report, &pair->cells[0], &pair->cells[1],
		                                  pair->metric, pair->is_control);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* What a round draws depends on the seed and its place alone, not on what came before. */
static uint64_t random_of(const struct ab_measure *measure, size_t pair, unsigned stage,
                          uint32_t round)
{
	struct random random = {.state = measure->seed};

	random.state ^= random_next(&random) + pair;
	random.state ^= random_next(&random) + stage;
	random.state ^= random_next(&random) + round;
	return random_next(&random);
}

static int play(const struct ab_measure *measure, size_t index, unsigned stage, uint32_t number)
{
	struct ab_pair *pair = &measure->pairs[index];
	const struct ab_round_request request = {
		.programs = {pair->programs[0], pair->programs[1]},
		.cells = {&pair->cells[0], &pair->cells[1]},
		.metric = pair->metric,
		.is_pinned = pair->is_control,
		.stage = stage + 1,
		.round = number,
		.random = random_of(measure, index, stage, number),
		.time_ns =
			pair->is_control && measure->time_ns == 0 ? CONTROL_NS : measure->time_ns,
		.spin_ns = pair->is_hybrid ? measure->spin_ns : 0,
		.tick_ns = measure->tick_ns,
		.delays = {pair->delays[0], pair->delays[1]},
		.stop_fd = measure->stop_fd,
	};
	struct ab_round round;
	int ret = ab_round_play(&request, &pair->slices, &round);

	if (ret != -EINTR && ret != -ENOMEM) {
		int added = verdict_report_add_round(measure->report, index, stage, &round.runs[0],
		                                     &round.runs[1], round.steal_share);

		pair->failures += round.runs[0].failure[0] != '\0';
		if (added == 0 && measure->on_round)
			added = measure->on_round(measure->context, &round);
		ret = ret < 0 ? ret : added;
	}
	ab_round_release(&round);
	return ret;
}

static void shuffle(size_t *order, size_t count, struct random *random)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = (size_t)random_below(random, i);
		size_t held = order[i - 1];

		order[i - 1] = order[j];
		order[j] = held;
	}
}

static int play_shown(const struct ab_measure *measure, size_t index, unsigned stage,
                      uint32_t round, struct runner_progress *progress)
{
	const struct ab_pair *pair = &measure->pairs[index];

	progress->round = round;
	progress->cell = &pair->cells[0];
	if (measure->on_progress)
		measure->on_progress(measure->context, progress);
	progress->rounds_done++;
	return pair->failures >= FAILURES_MAX ? 0 : play(measure, index, stage, round);
}

/*
 * Plays more rounds of the pairs of which some were left out or failed, so that the
 * comparison has those that it was planned with. The rule that leaves rounds out
 * bounds itself by a share of them; the others stop at FAILURES_MAX.
 */
static int make_up(const struct ab_measure *measure, unsigned stage, uint32_t rounds,
                   const size_t *order, size_t count, struct runner_progress *progress)
{
	for (size_t i = 0; i < count; i++) {
		const struct ab_pair *pair = &measure->pairs[order[i]];
		uint32_t last = rounds + rounds / MAKE_UP_SHARE + FAILURES_MAX;

		for (uint32_t round = rounds;
		     round < last && pair->failures < FAILURES_MAX &&
		     verdict_report_counted(measure->report, order[i], stage) < rounds;
		     round++) {
			int ret;

			progress->rounds_total++;
			ret = play_shown(measure, order[i], stage, round, progress);
			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

/* Plays the pairs that are in order, count of them, until rounds rounds of each count. */
static int play_stage(const struct ab_measure *measure, unsigned stage, uint32_t rounds,
                      size_t *order, size_t count)
{
	struct random random = {.state = measure->seed + stage};
	struct runner_progress progress = {.rounds_total = (uint64_t)rounds * count};

	for (uint32_t round = 0; round < rounds; round++) {
		shuffle(order, count, &random);
		for (size_t i = 0; i < count; i++) {
			int ret = play_shown(measure, order[i], stage, round, &progress);

			if (ret < 0)
				return ret;
		}
	}
	return make_up(measure, stage, rounds, order, count, &progress);
}

/* Both stages; order has room for all pairs. */
static int play_both(const struct ab_measure *measure, size_t *order)
{
	uint32_t confirm =
		measure->rounds > AB_CONFIRM_ROUNDS_MIN ? measure->rounds : AB_CONFIRM_ROUNDS_MIN;
	size_t suspects = 0;
	int ret;

	for (size_t i = 0; i < measure->pairs_count; i++)
		order[i] = i;
	ret = play_stage(measure, 0, measure->rounds, order, measure->pairs_count);
	if (ret == 0)
		ret = verdict_report_screen(measure->report);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < measure->pairs_count; i++) {
		if (verdict_report_has_suspect(measure->report, i))
			order[suspects++] = i;
	}
	ret = play_stage(measure, 1, confirm, order, suspects);
	return ret < 0 ? ret : verdict_report_judge(measure->report);
}

int ab_measure_run(const struct ab_measure *measure)
{
	size_t *order = calloc(measure->pairs_count + 1, sizeof(*order));
	int ret = order ? play_both(measure, order) : -ENOMEM;

	free(order);
	return ret;
}
