/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/timeline.h - the history of cells as a page.
 *
 * Plain data, whoever found it: a series is a figure of one cell on one machine, a
 * point a session. Strings are the caller's.
 */
#ifndef RESULTS_EXPORTERS_HTML_TIMELINE_H
#define RESULTS_EXPORTERS_HTML_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "results/run.h"

struct timeline_point {
	uint64_t started_ns; /* CLOCK_REALTIME */
	const char *build;   /* commit or build-id */
	double value;        /* nanoseconds, or messages a second */
	double ratio;        /* to the anchor, measured in the same slices; NAN: none */
	bool is_elsewhere;   /* in another environment than the point before it */
};

struct timeline_change {
	size_t index;      /* of the first point after it; above 0 */
	double effect;     /* a share; above zero is worse */
	double p;          /* of the permutation test */
	const char *state; /* new, confirmed, refuted, accepted, rejected */
	const char *note;  /* what somebody said of it, or null */
};

struct timeline_series {
	const char *cell;
	const char *figure; /* p50, p99 or rate */
	enum run_metric metric;
	bool is_low_power;                   /* neighbours resemble each other: less is found */
	const struct timeline_point *points; /* by time */
	size_t points_count;
	const struct timeline_change *changes; /* by index */
	size_t changes_count;
};

struct timeline {
	const char *machine; /* a line that describes it */
	const struct timeline_series *series;
	size_t series_count;
};

/*
 * Writes a page: the changes as a table, then a chart a series, its ratio to the anchor
 * above and the figure itself below. Returns 0, or -EIO and others of a write.
 */
int timeline_write(FILE *out, const struct timeline *timeline);

/* Writes the chart of one series. */
void timeline_write_chart(FILE *out, const struct timeline_series *series);

#endif
