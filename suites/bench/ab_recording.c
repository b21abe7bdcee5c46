/* SPDX-License-Identifier: MIT */
/* suites/bench/ab_recording.c - the rounds of a stored session of ab, as numbers. */
#include "suites/bench/ab_recording.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/statistics.h"

#define ROUNDS_MAX 100000u
/* Makes the median distance from the median a standard deviation, for normal numbers. */
#define MAD_TO_SIGMA 1.4826

const double ab_quantiles[AB_QUANTILES] = {[AB_P50] = 0.5, [AB_P99] = 0.99};

static int on_session(void *context, const struct session *session)
{
	struct ab_recording *recording = context;

	memcpy(recording->uuid, session->uuid, sizeof(recording->uuid));
	if (session->environment)
		memcpy(recording->environment_key, session->environment->key,
		       sizeof(recording->environment_key));
	return 0;
}

static struct ab_recorded_cell *find_cell(struct ab_recording *recording,
                                          const struct run_cell *cell)
{
	struct ab_recorded_cell *grown;

	for (size_t i = 0; i < recording->count; i++) {
		if (strcmp(recording->cells[i].name, cell->name) == 0)
			return &recording->cells[i];
	}
	grown = realloc(recording->cells, (recording->count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	recording->cells = grown;
	grown[recording->count] = (struct ab_recorded_cell){0};
	memcpy(grown[recording->count].name, cell->name, sizeof(cell->name));
	memcpy(grown[recording->count].placement, cell->placement, sizeof(cell->placement));
	return &grown[recording->count++];
}

static int make_room(struct ab_recorded_cell *cell, size_t rounds)
{
	struct ab_recorded_round *grown;

	if (rounds <= cell->count)
		return 0;
	grown = realloc(cell->rounds, rounds * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	for (size_t i = cell->count; i < rounds; i++)
		grown[i] = (struct ab_recorded_round){0};
	cell->rounds = grown;
	cell->count = rounds;
	return 0;
}

static int on_run(void *context, const struct run *run)
{
	struct ab_recorded_cell *cell;
	size_t arm = run->arm[0] == 'B';

	if (run->stage != 1 || run->failure[0] != '\0' || run->metric != RUN_ROUND_TRIP ||
	    !run->histogram || run->histogram->count == 0 || run->round >= ROUNDS_MAX)
		return 0;
	cell = find_cell(context, run->cell);
	if (!cell || make_room(cell, run->round + 1) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < AB_QUANTILES; i++) {
		uint64_t value = histogram_quantile(run->histogram, ab_quantiles[i]);

		if (value != HISTOGRAM_CLIPPED)
			cell->rounds[run->round].values[arm][i] = (double)value;
	}
	return 0;
}

/* Keeps the rounds that both arms finished. */
static void keep_whole(struct ab_recorded_cell *cell)
{
	size_t kept = 0;

	for (size_t i = 0; i < cell->count; i++) {
		const struct ab_recorded_round *round = &cell->rounds[i];

		if (round->values[0][AB_P50] > 0.0 && round->values[1][AB_P50] > 0.0 &&
		    round->values[0][AB_P99] > 0.0 && round->values[1][AB_P99] > 0.0)
			cell->rounds[kept++] = *round;
	}
	cell->count = kept;
}

double ab_recorded_ratio(const struct ab_recorded_round *round, size_t quantile)
{
	return log(round->values[1][quantile] / round->values[0][quantile]);
}

/* Finds the middle and the spread of the log ratios. Returns 0, or -ENOMEM. */
static int describe(struct ab_recorded_cell *cell)
{
	double *sorted = malloc(cell->count * sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t quantile = 0; quantile < AB_QUANTILES; quantile++) {
		for (size_t i = 0; i < cell->count; i++)
			sorted[i] = ab_recorded_ratio(&cell->rounds[i], quantile);
		statistics_sort(sorted, cell->count);
		cell->middles[quantile] = statistics_median(sorted, cell->count);
		cell->sigmas[quantile] = MAD_TO_SIGMA * statistics_mad(sorted, cell->count);
	}
	free(sorted);
	return 0;
}

/* Drops cells with too few rounds and describes the others. Returns 0, or -ENOMEM. */
static int prepare(struct ab_recording *recording, size_t rounds_min)
{
	size_t count = recording->count;
	int ret = 0;

	recording->count = 0;
	for (size_t i = 0; i < count; i++) {
		struct ab_recorded_cell cell = recording->cells[i];

		keep_whole(&cell);
		if (ret == 0 && cell.count >= rounds_min && cell.count > 0) {
			ret = describe(&cell);
			recording->cells[recording->count++] = cell;
		} else {
			free(cell.rounds);
		}
	}
	return ret;
}

int ab_recording_read(struct ab_recording *out, struct store *store, const char *reference,
                      size_t rounds_min, char *why, size_t why_bytes)
{
	const struct store_reader reader = {
		.context = out,
		.session = on_session,
		.run = on_run,
	};
	int ret;

	*out = (struct ab_recording){0};
	ret = store_read(store, reference, &reader, why, why_bytes);
	return ret < 0 ? ret : prepare(out, rounds_min);
}

void ab_recording_release(struct ab_recording *recording)
{
	for (size_t i = 0; i < recording->count; i++)
		free(recording->cells[i].rounds);
	free(recording->cells);
	*recording = (struct ab_recording){0};
}
