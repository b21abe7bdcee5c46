/* SPDX-License-Identifier: MIT */
/* results/exporters/html/scale.h - values to coordinates, and where an axis is marked. */
#ifndef RESULTS_EXPORTERS_HTML_SCALE_H
#define RESULTS_EXPORTERS_HTML_SCALE_H

#include <stdbool.h>
#include <stddef.h>

/* A scale from low to high, logarithmic, drawn from start to end (which may be the smaller). */
struct scale {
	double low;
	double high;
	double start;
	double end;
};

/* Grows until value is inside; a scale of zeros holds nothing yet. Only positive, finite
 * values count. */
void scale_include(struct scale *scale, double value);

/* Says whether any value was included. */
bool scale_is_empty(const struct scale *scale);

/* Widens by a margin, a share of its decades, and to a factor of at least three. */
void scale_finish(struct scale *scale, double start, double end, double margin);

/* Returns the coordinate of a positive value; of what lies outside, the nearer end. */
double scale_at(const struct scale *scale, double value);

/*
 * Finds round values inside the scale, ascending, at most max of them: decades, with
 * 2 and 5 of each where they are few. Returns how many.
 */
size_t scale_ticks(const struct scale *scale, double *out, size_t max);

#endif
