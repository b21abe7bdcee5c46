/* SPDX-License-Identifier: MIT */
/*
 * results/statistics.h - pure functions of arrays of numbers.
 *
 * Those that take "sorted" want ascending numbers without NaN; statistics_sort()
 * makes them so. Infinities are allowed.
 */
#ifndef RESULTS_STATISTICS_H
#define RESULTS_STATISTICS_H

#include <stddef.h>

/* Sorts numbers in ascending order, in place. */
void statistics_sort(double *numbers, size_t count);

/*
 * Returns the quantile p (0 to 1) of sorted numbers, interpolated between the two
 * nearest (Hyndman and Fan, 1996, definition 7). count is at least 1.
 */
double statistics_quantile(const double *sorted, size_t count, double p);

/* Returns the middle number, or the mean of the middle two. count is at least 1. */
double statistics_median(const double *sorted, size_t count);

/*
 * Returns the median of the distances from the median, not scaled: 1.4826 times it
 * estimates the standard deviation of normal numbers. count is at least 1.
 */
double statistics_mad(const double *sorted, size_t count);

#endif
