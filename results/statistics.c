/* SPDX-License-Identifier: MIT */
/* results/statistics.c - pure functions of arrays of numbers. */
#include "results/statistics.h"

#include <math.h>
#include <stdlib.h>

static int compare_numbers(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

void statistics_sort(double *numbers, size_t count)
{
	qsort(numbers, count, sizeof(*numbers), compare_numbers);
}

/* Returns the point between two numbers; equal ones (infinite, even) give themselves. */
static double between(double low, double high, double share)
{
	if (share <= 0.0 || low >= high)
		return low;
	return low + share * (high - low);
}

double statistics_quantile(const double *sorted, size_t count, double p)
{
	double position = p * (double)(count - 1);
	size_t index = position > 0.0 ? (size_t)position : 0;

	if (index + 1 >= count)
		return sorted[count - 1];
	return between(sorted[index], sorted[index + 1], position - (double)index);
}

double statistics_median(const double *sorted, size_t count)
{
	return statistics_quantile(sorted, count, 0.5);
}

/* Returns high - low, which are ordered; infinity is no distance from itself. */
static double distance(double low, double high)
{
	return high > low ? high - low : 0.0;
}

double statistics_mad(const double *sorted, size_t count)
{
	double middle = statistics_median(sorted, count);
	size_t below = 0; /* how many of the numbers below the middle are not yet taken */
	size_t above;
	double last = 0.0;
	double before = 0.0;

	while (below < count && sorted[below] < middle)
		below++;
	above = below;
	/*
	 * The distances fall towards the middle and rise after it: to take the smaller
	 * of the two ends each time walks them in ascending order, up to their median.
	 */
	for (size_t taken = 0; taken <= count / 2; taken++) {
		double left = below > 0 ? distance(sorted[below - 1], middle) : INFINITY;
		double right = above < count ? distance(middle, sorted[above]) : INFINITY;

		before = last;
		if (left < right) {
			last = left;
			below--;
		} else {
			last = right;
			above++;
		}
	}
	return count % 2 == 1 ? last : between(before, last, 0.5);
}
