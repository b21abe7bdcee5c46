/* SPDX-License-Identifier: MIT */
/*
 * results/signed_rank.h - the exact Wilcoxon signed-rank test of paired differences.
 *
 * Under the null hypothesis each difference is as likely to have either sign:
 * that holds whatever the noise looks like if chance drew the order of the two
 * arms. Sources: Wilcoxon, Individual comparisons by ranking methods, 1945;
 * Hodges and Lehmann, Estimates of location based on rank tests, 1963; Hollander
 * and Wolfe, Nonparametric statistical methods, 3.1 to 3.3.
 */
#ifndef RESULTS_SIGNED_RANK_H
#define RESULTS_SIGNED_RANK_H

#include <stddef.h>
#include <stdint.h>

/* The work grows with the cube of the count. */
#define SIGNED_RANK_COUNT_MAX 400u

struct signed_rank {
	size_t count;        /* differences given */
	size_t count_zero;   /* of these, zero: dropped from the test, kept in the estimate */
	size_t count_higher; /* of these, above zero */
	double rank_sum;     /* T: the sum of the ranks of the positive ones, by mid-ranks */
	double p;            /* two-sided and exact; 1 if all are zero */
	double estimate;     /* Hodges and Lehmann: the median of all Walsh averages */
	double low;          /* the interval of that; -INFINITY to INFINITY with too few */
	double high;
};

/*
 * Tests whether differences are centred on zero and estimates their centre.
 * confidence (0 to 1, exclusive) is what the interval holds at least, if no
 * differences are tied.
 *
 * Returns 0, or -errno: -EINVAL (count is 0 or above SIGNED_RANK_COUNT_MAX, a
 * difference isn't finite), -ENOMEM.
 */
int signed_rank_test(const double *differences, size_t count, double confidence,
                     struct signed_rank *out);

/*
 * Finds P(T <= rank_sum) under the null hypothesis for count untied differences.
 * Returns 0, or -errno: -EINVAL (count as above), -ENOMEM.
 */
int signed_rank_probability(size_t count, uint64_t rank_sum, double *out);

/*
 * Finds C, the largest rank sum with P(T <= C) <= probability for count untied
 * differences; -1 if even P(T <= 0) is above it. Errors as signed_rank_probability().
 */
int signed_rank_critical(size_t count, double probability, int64_t *out);

#endif
