/* SPDX-License-Identifier: MIT */
/*
 * results/change_point.h - where a series of numbers changes its level.
 *
 * E-divisive (Matteson and James, A nonparametric approach for multiple change
 * point analysis, 2014) on a winsorised series: the split with the largest energy
 * statistic is kept if a permutation test finds it at most once in a hundred
 * shuffles, and both sides are then searched in turn. The random numbers are
 * seeded by the series' id and length, so that a series gives one answer.
 */
#ifndef RESULTS_CHANGE_POINT_H
#define RESULTS_CHANGE_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANGE_POINT_SERIES_MAX 4096u

struct change_point_options {
	uint64_t id;         /* of the series; seeds the shuffles together with the length */
	double least_effect; /* least difference of medians to report, in the series' unit */
};

struct change_point {
	size_t index;  /* of the first number after the change */
	double before; /* median of the segment that ends there */
	double after;  /* median of the segment that starts there */
	double p;      /* of the permutation test */
};

struct change_points {
	size_t count;
	struct change_point *points; /* by index; for change_points_release() */
	bool is_low_power; /* neighbours resemble each other: blocks were shuffled, less is found */
	double correlation; /* of neighbours, within the segments */
};

/*
 * Finds the changes of a series of finite numbers. A step is reported if the two
 * sides of the split differ by least_effect at least; so a drift is found though
 * none of its steps is that large. A segment has at least 3 numbers.
 *
 * Returns 0, or -errno: -EINVAL (a number isn't finite), -E2BIG (more than
 * CHANGE_POINT_SERIES_MAX), -ENOMEM. *out is set on success only.
 */
int change_point_find(const double *series, size_t count,
                      const struct change_point_options *options, struct change_points *out);

/* Frees the points. */
void change_points_release(struct change_points *points);

#endif
