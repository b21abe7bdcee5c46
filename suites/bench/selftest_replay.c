/* SPDX-License-Identifier: MIT */
/* suites/bench/selftest_replay.c - how often ab would be wrong on the rounds of a stored session.
 */
#include "suites/bench/selftest_replay.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "results/store.h"
#include "results/verdict_report.h"
#include "suites/bench/ab_measure.h"
#include "suites/bench/ab_recording.h"
#include "workloads/random.h"

/* With fewer, every stretch would be nearly the same. */
#define ROUNDS_MIN (2 * SELFTEST_ROUNDS)
/* Ten rounds, then ten others: U of 23 or less has a chance of 0.043 on both sides together. */
#define SEQUENCE 10u
#define SEQUENCE_U_MAX 23.0

struct replay {
	struct ab_recording recording;
	struct random random;
	double scratch[SIGNED_RANK_COUNT_MAX];
};

/* Draws a stretch of rounds; adds the log ratios of both quantiles as a stage. */
static int add_stage(struct replay *replay, const struct ab_recorded_cell *cell, double injected,
                     size_t rounds, struct comparison comparisons[AB_QUANTILES])
{
	size_t start = (size_t)random_below(&replay->random, cell->count);
	uint64_t swaps = random_next(&replay->random);
	bool is_first = comparisons[AB_P50].stage_count == 0;

	for (size_t quantile = 0; quantile < AB_QUANTILES; quantile++) {
		struct comparison *c = &comparisons[quantile];
		int ret;

		if (!is_first && !c->is_suspect)
			continue;
		for (size_t i = 0; i < rounds; i++) {
			double ratio = ab_recorded_ratio(&cell->rounds[(start + i) % cell->count],
			                                 quantile) -
			               cell->middles[quantile];

			replay->scratch[i] = (swaps >> i & 1 ? -ratio : ratio) + injected;
		}
		ret = comparison_add_stage(c, replay->scratch, rounds, &comparison_rules_default);
		if (ret < 0)
			return ret;
	}
	return 0;
}

_Static_assert(SELFTEST_TRIAL_ROUNDS <= 64 && AB_CONFIRM_ROUNDS_MIN <= 64,
               "a swap of each round is a bit of one number");

/* Makes both comparisons of a cell as ab would. Returns 0, or -errno. */
static int compare(struct replay *replay, const struct ab_recorded_cell *cell, double injected,
                   size_t rounds, struct comparison comparisons[AB_QUANTILES])
{
	int ret;

	for (size_t i = 0; i < AB_QUANTILES; i++)
		comparisons[i] =
			(struct comparison){.least_effect = verdict_least_share(ab_quantiles[i])};
	ret = add_stage(replay, cell, injected, rounds, comparisons);
	if (ret == 0 && (comparisons[AB_P50].is_suspect || comparisons[AB_P99].is_suspect))
		ret = add_stage(replay, cell, injected, AB_CONFIRM_ROUNDS_MIN, comparisons);
	return ret < 0 ? ret
	               : comparison_judge(comparisons, AB_QUANTILES, &comparison_rules_default);
}

static int draw_equals(struct replay *replay, struct selftest_tally *tally)
{
	for (size_t i = 0; tally->comparisons < tally->comparisons_max; i++) {
		struct comparison comparisons[AB_QUANTILES];
		int ret = compare(replay, &replay->recording.cells[i % replay->recording.count],
		                  0.0, SELFTEST_ROUNDS, comparisons);

		if (ret < 0)
			return ret;
		for (size_t j = 0; j < AB_QUANTILES; j++)
			selftest_tally_add_equal(tally, &comparisons[j]);
	}
	return 0;
}

/* Draws the trials of one placement from its cells in turn; none if it has none. */
static int draw_trials(struct replay *replay, struct selftest_tally *tally, unsigned placement)
{
	double injected = log1p((double)tally->percent / 100.0);
	uint64_t done = 0;
	uint64_t before;

	do {
		before = done;
		for (size_t i = 0; i < replay->recording.count && done < tally->trials_max; i++) {
			const struct ab_recorded_cell *cell = &replay->recording.cells[i];
			struct comparison comparisons[AB_QUANTILES];
			int ret;

			if (strcmp(cell->placement, selftest_placements[placement]) != 0)
				continue;
			ret = compare(replay, cell, injected, SELFTEST_TRIAL_ROUNDS, comparisons);
			if (ret < 0)
				return ret;
			selftest_tally_add_trial(tally, placement,
			                         &comparisons[tally->is_p99 ? AB_P99 : AB_P50]);
			done++;
		}
	} while (done > before && done < tally->trials_max);
	return 0;
}

/* What Mann and Whitney (1947) say of one arm's ten rounds and the ten after them. */
static bool differ_in_sequence(const struct ab_recorded_round *rounds, size_t arm, size_t quantile)
{
	double u = 0.0;

	for (size_t i = 0; i < SEQUENCE; i++) {
		for (size_t j = SEQUENCE; j < 2 * SEQUENCE; j++) {
			double before = rounds[i].values[arm][quantile];
			double after = rounds[j].values[arm][quantile];

			u += before < after ? 1.0 : before == after ? 0.5 : 0.0;
		}
	}
	return u <= SEQUENCE_U_MAX || u >= SEQUENCE * SEQUENCE - SEQUENCE_U_MAX;
}

/* Counts what is told of the rounds themselves, not of draws from them. */
static void count_recorded(const struct replay *replay, struct selftest_tally *tally)
{
	tally->slower = 0;
	tally->slower_of = 0;
	for (size_t i = 0; i < replay->recording.count; i++) {
		const struct ab_recorded_cell *cell = &replay->recording.cells[i];

		for (size_t quantile = 0; quantile < AB_QUANTILES; quantile++) {
			for (size_t j = 0; j < cell->count; j++) {
				double ratio = ab_recorded_ratio(&cell->rounds[j], quantile);

				tally->slower += ratio > 0.0;
				tally->slower_of += ratio != 0.0;
			}
			for (size_t j = 0; j + 2 * SEQUENCE <= cell->count; j++) {
				for (size_t arm = 0; arm < 2; arm++)
					tally->sequences_flagged +=
						differ_in_sequence(&cell->rounds[j], arm, quantile);
				tally->sequences += 2;
			}
		}
	}
}

/* Returns 0, or -errno with a cause in why. */
static int load(struct ab_recording *out, const char *path, const char *reference, char *why,
                size_t why_bytes)
{
	struct store *store;
	int ret = store_open(&store, path, STORE_READ, why, why_bytes);

	*out = (struct ab_recording){0};
	if (ret < 0)
		return ret;
	ret = ab_recording_read(out, store, reference, ROUNDS_MIN, why, why_bytes);
	store_close(store);
	if (ret < 0 || out->count > 0)
		return ret;
	snprintf(why, why_bytes,
	         "session '%s' has no cell with %u rounds of round-trip times in two arms; record "
	         "one: ipcbench ab CELL CELL rounds:40",
	         reference, ROUNDS_MIN);
	return -ENODATA;
}

int selftest_replay(struct selftest_tally *tally, const char *path, const char *reference,
                    char uuid[static SESSION_UUID_BYTES], char *why, size_t why_bytes)
{
	struct replay replay = {.random = {.state = tally->seed}};
	int ret = load(&replay.recording, path, reference, why, why_bytes);

	memcpy(uuid, replay.recording.uuid, SESSION_UUID_BYTES);
	tally->replayed = uuid;
	if (ret == 0)
		ret = draw_equals(&replay, tally);
	for (unsigned i = 0; i < SELFTEST_PLACEMENTS && ret == 0; i++)
		ret = draw_trials(&replay, tally, i);
	if (ret == 0)
		count_recorded(&replay, tally);
	ab_recording_release(&replay.recording);
	return ret;
}
