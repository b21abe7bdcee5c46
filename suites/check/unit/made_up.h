/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/made_up.h - a made-up session for tests: the same numbers each time.
 *
 * It has what reports must get right: a resolved and an unresolved quantile, a
 * batch, a value above the range, a failed round, a failed cell, skips with one
 * reason, text that a spreadsheet or a terminal would obey.
 */
#ifndef SUITES_CHECK_UNIT_MADE_UP_H
#define SUITES_CHECK_UNIT_MADE_UP_H

#include "results/report.h"
#include "results/verdict_report.h"

/* Returns the session; all it points to lives as long as the program. */
const struct session *made_up_session(void);

/* Returns the cell whose name has these parts. */
struct run_cell made_up_cell(const char *transport, const char *workload, uint64_t size_bytes,
                             const char *placement);

/*
 * Fills a run of a cell with two peers. For a round trip of value_count values around
 * typical_ns (an odd spread, the same for the same round) the histogram is the
 * caller's, for free(); for throughput (typical_ns is 0) there is none.
 * Returns 0, or -ENOMEM.
 */
int made_up_run(struct run *out, const struct run_cell *cell, uint32_t round, uint64_t typical_ns,
                uint64_t value_count, uint64_t batch);

/* Builds the whole report, for report_destroy(). Returns 0, or -ENOMEM. */
int made_up_report(struct report **out);

/*
 * Builds a judged comparison with a cell of each verdict, a failed round, a round that
 * was left out and a control, for verdict_report_destroy(). Returns 0, or -errno.
 */
int made_up_comparison(struct verdict_report **out);

#endif
