/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/ab_recording.h - the rounds of a stored session of ab, as numbers.
 *
 * Only the first stage, round trips, and rounds that both arms finished.
 */
#ifndef SUITES_BENCH_AB_RECORDING_H
#define SUITES_BENCH_AB_RECORDING_H

#include <stddef.h>

#include "results/environment.h"
#include "results/run.h"
#include "results/session.h"
#include "results/store.h"

enum { AB_P50, AB_P99, AB_QUANTILES };

/* 0.5 and 0.99. */
extern const double ab_quantiles[AB_QUANTILES];

struct ab_recorded_round {
	double values[2][AB_QUANTILES]; /* by arm, in blocks */
};

struct ab_recorded_cell {
	char name[RUN_CELL_BYTES]; /* as arm A names it */
	char placement[RUN_NAME_BYTES];
	struct ab_recorded_round *rounds; /* in order */
	size_t count;
	double middles[AB_QUANTILES]; /* median log ratio: what differs on the whole */
	double sigmas[AB_QUANTILES];  /* robust standard deviation of the log ratios */
};

struct ab_recording {
	char uuid[SESSION_UUID_BYTES];
	char environment_key[ENVIRONMENT_KEY_BYTES]; /* empty: not stored with it */
	struct ab_recorded_cell *cells;
	size_t count;
};

/*
 * Reads what reference names; *out is for ab_recording_release() in any case. Only cells
 * with rounds_min whole rounds or more are there, and of one name in both arms. Returns
 * 0, or -errno as store_read().
 */
int ab_recording_read(struct ab_recording *out, struct store *store, const char *reference,
                      size_t rounds_min, char *why, size_t why_bytes);
void ab_recording_release(struct ab_recording *recording);

/* Returns the log ratio of B to A in a round. */
double ab_recorded_ratio(const struct ab_recorded_round *round, size_t quantile);

#endif
