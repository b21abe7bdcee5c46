/* SPDX-License-Identifier: MIT */
/* suites/bench/selftest_replay.c - how often ab would be wrong on the rounds of a stored session.
 */
#include "suites/bench/selftest_replay.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/statistics.h"
#include "results/store.h"
#include "results/verdict_report.h"
#include "suites/bench/ab_measure.h"
#include "workloads/random.h"

/* With fewer, every stretch would be nearly the same. */
#define ROUNDS_MIN (2 * SELFTEST_ROUNDS)
#define ROUNDS_MAX 100000u
/* Ten rounds, then ten others: U of 23 or less has a chance of 0.043 on both sides together. */
#define SEQUENCE 10u
#define SEQUENCE_U_MAX 23.0

enum { P50, P99, QUANTILES };
static const double quantiles[QUANTILES] = {0.5, 0.99};

struct recorded_round {
	double values[2][QUANTILES]; /* by arm; 0: not there */
};

struct recorded_cell {
	char name[RUN_CELL_BYTES];
	char placement[RUN_NAME_BYTES];
	struct recorded_round *rounds; /* by number, then only whole ones */
	size_t count;
	double middles[QUANTILES]; /* median log ratio: what differs on the whole */
};

struct recording {
	struct recorded_cell *cells;
	size_t count;
	char *uuid;
	struct random random;
	double scratch[SIGNED_RANK_COUNT_MAX];
};

static int on_session(void *context, const struct session *session)
{
	struct recording *recording = context;

	memcpy(recording->uuid, session->uuid, SESSION_UUID_BYTES);
	return 0;
}

static struct recorded_cell *find_cell(struct recording *recording, const struct run_cell *cell)
{
	struct recorded_cell *grown;

	for (size_t i = 0; i < recording->count; i++) {
		if (strcmp(recording->cells[i].name, cell->name) == 0)
			return &recording->cells[i];
	}
	grown = realloc(recording->cells, (recording->count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	recording->cells = grown;
	grown[recording->count] = (struct recorded_cell){0};
	memcpy(grown[recording->count].name, cell->name, sizeof(cell->name));
	memcpy(grown[recording->count].placement, cell->placement, sizeof(cell->placement));
	return &grown[recording->count++];
}

static int make_room(struct recorded_cell *cell, size_t rounds)
{
	struct recorded_round *grown;

	if (rounds <= cell->count)
		return 0;
	grown = realloc(cell->rounds, rounds * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	for (size_t i = cell->count; i < rounds; i++)
		grown[i] = (struct recorded_round){0};
	cell->rounds = grown;
	cell->count = rounds;
	return 0;
}

static int on_run(void *context, const struct run *run)
{
	struct recorded_cell *cell;
	size_t arm = run->arm[0] == 'B';

	if (run->stage != 1 || run->failure[0] != '\0' || run->metric != RUN_ROUND_TRIP ||
	    !run->histogram || run->histogram->count == 0 || run->round >= ROUNDS_MAX)
		return 0;
	cell = find_cell(context, run->cell);
	if (!cell || make_room(cell, run->round + 1) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < QUANTILES; i++) {
		uint64_t value = histogram_quantile(run->histogram, quantiles[i]);

		if (value != HISTOGRAM_CLIPPED)
			cell->rounds[run->round].values[arm][i] = (double)value;
	}
	return 0;
}

static int on_skip(void *context, const struct run_cell *cell, const char *reason)
{
	(void)context;
	(void)cell;
	(void)reason;
	return 0;
}

static double log_ratio(const struct recorded_round *round, size_t quantile)
{
	return log(round->values[1][quantile] / round->values[0][quantile]);
}

/* Keeps the rounds that both arms finished. */
static void keep_whole(struct recorded_cell *cell)
{
	size_t kept = 0;

	for (size_t i = 0; i < cell->count; i++) {
		const struct recorded_round *round = &cell->rounds[i];

		if (round->values[0][P50] > 0.0 && round->values[1][P50] > 0.0 &&
		    round->values[0][P99] > 0.0 && round->values[1][P99] > 0.0)
			cell->rounds[kept++] = *round;
	}
	cell->count = kept;
}

/* Finds what differs between the arms on the whole. Returns 0, or -ENOMEM. */
static int find_middles(struct recorded_cell *cell)
{
	double *sorted = malloc(cell->count * sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t quantile = 0; quantile < QUANTILES; quantile++) {
		for (size_t i = 0; i < cell->count; i++)
			sorted[i] = log_ratio(&cell->rounds[i], quantile);
		statistics_sort(sorted, cell->count);
		cell->middles[quantile] = statistics_median(sorted, cell->count);
	}
	free(sorted);
	return 0;
}

/* Drops cells with too few rounds. Returns 0, or -ENODATA if none is left, or -ENOMEM. */
static int prepare(struct recording *recording)
{
	size_t kept = 0;
	int ret = 0;

	for (size_t i = 0; i < recording->count && ret == 0; i++) {
		struct recorded_cell *cell = &recording->cells[i];

		keep_whole(cell);
		if (cell->count < ROUNDS_MIN) {
			free(cell->rounds);
			*cell = (struct recorded_cell){0};
			continue;
		}
		ret = find_middles(cell);
		if (kept != i) {
			recording->cells[kept] = *cell;
			*cell = (struct recorded_cell){0};
		}
		kept++;
	}
	if (ret == 0 && kept == 0)
		ret = -ENODATA;
	if (ret == 0)
		recording->count = kept;
	return ret;
}

/* Draws a stretch of rounds; adds the log ratios of both quantiles as a stage. */
static int add_stage(struct recording *recording, const struct recorded_cell *cell, double injected,
                     size_t rounds, struct comparison comparisons[QUANTILES])
{
	size_t start = (size_t)random_below(&recording->random, cell->count);
	uint64_t swaps = random_next(&recording->random);
	bool is_first = comparisons[P50].stage_count == 0;

	for (size_t quantile = 0; quantile < QUANTILES; quantile++) {
		struct comparison *c = &comparisons[quantile];
		int ret;

		if (!is_first && !c->is_suspect)
			continue;
		for (size_t i = 0; i < rounds; i++) {
			double ratio =
				log_ratio(&cell->rounds[(start + i) % cell->count], quantile) -
				cell->middles[quantile];

			recording->scratch[i] = (swaps >> i & 1 ? -ratio : ratio) + injected;
		}
		ret = comparison_add_stage(c, recording->scratch, rounds,
		                           &comparison_rules_default);
		if (ret < 0)
			return ret;
	}
	return 0;
}

_Static_assert(SELFTEST_TRIAL_ROUNDS <= 64 && AB_CONFIRM_ROUNDS_MIN <= 64,
               "a swap of each round is a bit of one number");

/* Makes both comparisons of a cell as ab would. Returns 0, or -errno. */
static int compare(struct recording *recording, const struct recorded_cell *cell, double injected,
                   size_t rounds, struct comparison comparisons[QUANTILES])
{
	int ret;

	for (size_t i = 0; i < QUANTILES; i++)
		comparisons[i] =
			(struct comparison){.least_effect = verdict_least_share(quantiles[i])};
	ret = add_stage(recording, cell, injected, rounds, comparisons);
	if (ret == 0 && (comparisons[P50].is_suspect || comparisons[P99].is_suspect))
		ret = add_stage(recording, cell, injected, AB_CONFIRM_ROUNDS_MIN, comparisons);
	return ret < 0 ? ret : comparison_judge(comparisons, QUANTILES, &comparison_rules_default);
}

static int draw_equals(struct recording *recording, struct selftest_tally *tally)
{
	for (size_t i = 0; tally->comparisons < tally->comparisons_max; i++) {
		struct comparison comparisons[QUANTILES];
		int ret = compare(recording, &recording->cells[i % recording->count], 0.0,
		                  SELFTEST_ROUNDS, comparisons);

		if (ret < 0)
			return ret;
		for (size_t j = 0; j < QUANTILES; j++)
			selftest_tally_add_equal(tally, &comparisons[j]);
	}
	return 0;
}

/* Draws the trials of one placement from its cells in turn; none if it has none. */
static int draw_trials(struct recording *recording, struct selftest_tally *tally,
                       unsigned placement)
{
	double injected = log1p((double)tally->percent / 100.0);
	uint64_t done = 0;
	uint64_t before;

	do {
		before = done;
		for (size_t i = 0; i < recording->count && done < tally->trials_max; i++) {
			const struct recorded_cell *cell = &recording->cells[i];
			struct comparison comparisons[QUANTILES];
			int ret;

			if (strcmp(cell->placement, selftest_placements[placement]) != 0)
				continue;
			ret = compare(recording, cell, injected, SELFTEST_TRIAL_ROUNDS,
			              comparisons);
			if (ret < 0)
				return ret;
			selftest_tally_add_trial(tally, placement, &comparisons[P50]);
			done++;
		}
	} while (done > before && done < tally->trials_max);
	return 0;
}

/* What Mann and Whitney (1947) say of one arm's ten rounds and the ten after them. */
static bool differ_in_sequence(const struct recorded_round *rounds, size_t arm, size_t quantile)
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
static void count_recorded(const struct recording *recording, struct selftest_tally *tally)
{
	tally->slower = 0;
	tally->slower_of = 0;
	for (size_t i = 0; i < recording->count; i++) {
		const struct recorded_cell *cell = &recording->cells[i];

		for (size_t quantile = 0; quantile < QUANTILES; quantile++) {
			for (size_t j = 0; j < cell->count; j++) {
				double ratio = log_ratio(&cell->rounds[j], quantile);

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

static int load(struct recording *recording, const char *path, const char *reference, char *why,
                size_t why_bytes)
{
	const struct store_reader reader = {
		.context = recording,
		.session = on_session,
		.run = on_run,
		.skip = on_skip,
	};
	struct store *store;
	int ret = store_open(&store, path, STORE_READ, why, why_bytes);

	if (ret < 0)
		return ret;
	ret = store_read(store, reference, &reader, why, why_bytes);
	store_close(store);
	if (ret == 0)
		ret = prepare(recording);
	if (ret == -ENODATA)
		snprintf(why, why_bytes,
		         "session '%s' has no cell with %u rounds of round-trip times in two arms; "
		         "record one: ipcbench ab CELL CELL rounds:40",
		         reference, ROUNDS_MIN);
	return ret;
}

int selftest_replay(struct selftest_tally *tally, const char *path, const char *reference,
                    char uuid[static SESSION_UUID_BYTES], char *why, size_t why_bytes)
{
	struct recording recording = {.uuid = uuid, .random = {.state = tally->seed}};
	int ret = load(&recording, path, reference, why, why_bytes);

	tally->replayed = uuid;
	if (ret == 0)
		ret = draw_equals(&recording, tally);
	for (unsigned i = 0; i < SELFTEST_PLACEMENTS && ret == 0; i++)
		ret = draw_trials(&recording, tally, i);
	if (ret == 0)
		count_recorded(&recording, tally);
	for (size_t i = 0; i < recording.count; i++)
		free(recording.cells[i].rounds);
	free(recording.cells);
	return ret;
}
