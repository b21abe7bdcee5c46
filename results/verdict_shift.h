/* SPDX-License-Identifier: MIT */
/*
 * results/verdict_shift.h - where in the distribution two arms differ.
 *
 * The shift function (Doksum, 1974): the effect at each decile and beyond, over the
 * same paired rounds as the verdict. Shown, never judged by.
 */
#ifndef RESULTS_VERDICT_SHIFT_H
#define RESULTS_VERDICT_SHIFT_H

#include "results/verdict_report.h"

struct verdict_shift {
	double effect[VERDICT_SHIFT_POINTS]; /* shares, by verdict_shift_points; above 0: B worse */
	double low[VERDICT_SHIFT_POINTS];
	double high[VERDICT_SHIFT_POINTS];
	bool is_known[VERDICT_SHIFT_POINTS];       /* there were rounds enough */
	bool is_significant[VERDICT_SHIFT_POINTS]; /* at 0.05, by Holm over the points */
};

/*
 * Finds the shift function of a pair from the stage that was judged last.
 * Returns 0, or -errno: -ENOMEM, -ENODATA (throughput, or no rounds).
 */
int verdict_shift_find(const struct verdict_report *report, size_t pair, struct verdict_shift *out);

#endif
