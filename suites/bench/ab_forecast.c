/* SPDX-License-Identifier: MIT */
/* suites/bench/ab_forecast.c - how widely the rounds of a comparison will scatter, before it. */
#include "suites/bench/ab_forecast.h"

#include <string.h>

#include "ipc/clock.h"
#include "results/comparison.h"
#include "results/environment.h"
#include "results/store.h"

#define WHY_BYTES 512

/* What an arm records in a round by placement, and how rounds usually scatter. */
static const struct {
	const char *placement;
	uint64_t recorded_ns;
	double sigmas[AB_QUANTILES];
} usual[] = {
	{"same_core", 22 * NS_PER_MS, {0.01, 0.04}},
	{"cross_core", 80 * NS_PER_MS, {0.03, 0.10}},
	{"", 60 * NS_PER_MS, {0.05, 0.15}}, /* any other */
};

static struct ab_forecast usual_of(const struct run_cell *cell)
{
	size_t i = 0;

	while (usual[i].placement[0] != '\0' && strcmp(usual[i].placement, cell->placement) != 0)
		i++;
	return (struct ab_forecast){
		.recorded_ns = usual[i].recorded_ns,
		.sigmas = {usual[i].sigmas[AB_P50], usual[i].sigmas[AB_P99]},
	};
}

/* Takes the spread of every pair that a recording has. */
static void take_recording(struct ab_forecast *forecasts, const struct ab_pair *pairs, size_t count,
                           const struct ab_recording *recording)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < recording->count && !forecasts[i].is_recorded; j++) {
			const struct ab_recorded_cell *cell = &recording->cells[j];

			if (strcmp(cell->name, pairs[i].cells[0].name) != 0)
				continue;
			memcpy(forecasts[i].sigmas, cell->sigmas, sizeof(cell->sigmas));
			forecasts[i].is_recorded = true;
		}
	}
}

/* Reads the latest session, if it is of this environment. False: there is nothing to learn. */
static bool read_latest(struct ab_recording *out, const char *path)
{
	struct environment *environment = NULL;
	struct store *store;
	char why[WHY_BYTES];
	bool is_ours = false;

	*out = (struct ab_recording){0};
	if (store_open(&store, path, STORE_READ, why, sizeof(why)) < 0)
		return false;
	if (environment_capture(&environment, "") == 0 &&
	    ab_recording_read(out, store, "latest", COMPARISON_ROUNDS_MIN, why, sizeof(why)) == 0)
		is_ours = strcmp(out->environment_key, environment->key) == 0;
	environment_destroy(environment);
	store_close(store);
	return is_ours;
}

void ab_forecast_find(struct ab_forecast *forecasts, const struct ab_pair *pairs, size_t count,
                      const char *path)
{
	struct ab_recording recording;

	for (size_t i = 0; i < count; i++)
		forecasts[i] = usual_of(&pairs[i].cells[0]);
	if (read_latest(&recording, path))
		take_recording(forecasts, pairs, count, &recording);
	ab_recording_release(&recording);
}
