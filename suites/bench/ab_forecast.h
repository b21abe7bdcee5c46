/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/ab_forecast.h - how widely the rounds of a comparison will scatter, before it.
 *
 * As they did in the latest session, if that was an ab of this cell in this environment;
 * otherwise as such cells usually do.
 */
#ifndef SUITES_BENCH_AB_FORECAST_H
#define SUITES_BENCH_AB_FORECAST_H

#include <stdbool.h>
#include <stdint.h>

#include "suites/bench/ab_measure.h"
#include "suites/bench/ab_recording.h"

struct ab_forecast {
	uint64_t recorded_ns;        /* in a round of an arm, where the user doesn't say */
	double sigmas[AB_QUANTILES]; /* of the log ratios */
	bool is_recorded;            /* of a stored session, and not only usual */
};

/*
 * Forecasts each of count pairs, from the history at path (null: the default). A history
 * that is absent or can't be read is none: it is looked at for a better guess only.
 */
void ab_forecast_find(struct ab_forecast *forecasts, const struct ab_pair *pairs, size_t count,
                      const char *path);

#endif
