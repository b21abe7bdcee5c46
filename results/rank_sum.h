/* SPDX-License-Identifier: MIT */
/*
 * results/rank_sum.h - the Wilcoxon rank-sum test of two samples that are not paired.
 *
 * Under the null hypothesis each number is as likely to stand in either sample.
 * Rounds of two sessions are that only if the sessions do not differ by the day,
 * which this test can't know: see stored_comparison.h. Sources: Mann and Whitney,
 * On a test of whether one of two random variables is stochastically larger than
 * the other, 1947; Hollander and Wolfe, Nonparametric statistical methods, 4.1 to 4.3.
 */
#ifndef RESULTS_RANK_SUM_H
#define RESULTS_RANK_SUM_H

#include <stddef.h>

#define RANK_SUM_COUNT_MAX 4000u /* in both samples together */
/* Up to so many in both together p is exact; the work grows with the fourth power. */
#define RANK_SUM_EXACT_MAX 100u

struct rank_sum {
	double rank_sum; /* W: of the second sample, by mid-ranks */
	double p;        /* two-sided; given the ties, if exact */
	double estimate; /* Hodges and Lehmann: median of all differences, second minus first */
	double low;      /* the interval of that; -INFINITY to INFINITY with too few */
	double high;
};

/*
 * Tests whether b is shifted against a, and estimates by how much. confidence (0 to
 * 1, exclusive) is what the interval holds at least, if no numbers are tied. Above
 * RANK_SUM_EXACT_MAX the normal approximation is used, with corrections for ties
 * and continuity.
 *
 * Returns 0, or -errno: -EINVAL (a sample is empty, too many, a number isn't
 * finite), -ENOMEM.
 */
int rank_sum_test(const double *a, size_t a_count, const double *b, size_t b_count,
                  double confidence, struct rank_sum *out);

#endif
