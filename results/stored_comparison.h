/* SPDX-License-Identifier: MIT */
/*
 * results/stored_comparison.h - two stored sessions against each other.
 *
 * Their rounds were not interleaved, so that they can't be paired, and what lies
 * between the sessions (the day, the host, where memory came to lie) is part of every
 * difference and of no round. So this is stricter than a live comparison. A cell and
 * quantile has REGRESSED or IMPROVED only if
 *
 *   - the rank-sum test, corrected by Holm for all rows, has p < 0.01, and
 *   - the whole interval lies beyond what two sessions may differ by themselves: 10 %,
 *     20 % for the p99, or the largest step between two sessions of one build that
 *     this history has seen, if that is more.
 *
 * UNCHANGED, SMALL and INCONCLUSIVE mean what they do in comparison.h.
 */
#ifndef RESULTS_STORED_COMPARISON_H
#define RESULTS_STORED_COMPARISON_H

#include "results/verdict_report.h"

/* What two sessions of one build may differ by: p50 and throughput, p99. Shares. */
#define STORED_ALLOWANCE 0.10
#define STORED_ALLOWANCE_TAIL 0.20

/* Corrected p below which two sessions differ. */
#define STORED_ALPHA 0.01

/* The rounds of one session, by cell: made by stored_rounds_add() from zeros. */
struct stored_rounds {
	struct stored_cell *cells;
	size_t cells_count;
};

/* Adds a run of the arm that is compared. Returns 0, or -ENOMEM. */
int stored_rounds_add(struct stored_rounds *rounds, const struct run *run);
void stored_rounds_release(struct stored_rounds *rounds);

/* The cells of one session: what there is of them. */
size_t stored_rounds_count(const struct stored_rounds *rounds);
const struct run_cell *stored_rounds_cell(const struct stored_rounds *rounds, size_t index);
const struct run_cell *stored_rounds_find(const struct stored_rounds *rounds, const char *name);

/*
 * Adds a pair and its rows to the report for each cell that both sessions have, in
 * the order of A. Sets report->is_stored. Those with other metrics in A and B are left
 * out. Returns 0, -ENOMEM.
 */
int stored_comparison_add(struct verdict_report *report, const struct stored_rounds *a,
                          const struct stored_rounds *b);

/*
 * Tells that two sessions of one build were seen to differ by step, a share above
 * zero, in a row. Less than what is allowed already changes nothing.
 */
void stored_comparison_allow(struct verdict_report *report, const char *cell, double quantile,
                             double step);

/* Judges all rows. Returns 0, or -ENOMEM. */
int stored_comparison_judge(struct verdict_report *report);

#endif
