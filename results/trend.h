/* SPDX-License-Identifier: MIT */
/*
 * results/trend.h - the history of each cell on a machine, and where it changed.
 *
 * A series is one cell and quantile on one machine. Where sessions measured a pinned
 * anchor build in the same slices, the series is the log ratio to it, so that kernel,
 * host and day cancel; otherwise it is the log of the figure itself, whose changes are
 * shown but are no alarm. A point in another environment than the one before it, or
 * against another anchor, starts a stretch of its own: what changes there is no alarm
 * either. Within a stretch see change_point.h.
 */
#ifndef RESULTS_TREND_H
#define RESULTS_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/environment.h"
#include "results/run.h"
#include "results/session.h"

#define TREND_BUILD_BYTES 72
#define TREND_ID_BYTES 9
#define TREND_NOTE_BYTES 256

/* A change that was judged is found again if it moved by so many points at most. */
#define TREND_DRIFT 2u

/* What one session found. A build is its commit, or "build:" and its build-id if that is unknown.
 */
struct trend_point {
	char uuid[SESSION_UUID_BYTES]; /* of the session */
	uint64_t started_ns;
	char environment_key[ENVIRONMENT_KEY_BYTES];
	char build[TREND_BUILD_BYTES];
	char build_id[TREND_BUILD_BYTES]; /* the linker's, or empty */
	char anchor[TREND_BUILD_BYTES];   /* empty: none */
	double value;                     /* nanoseconds, or messages a second */
	double ratio;                     /* to the anchor; NAN without one */
};

enum trend_start {
	TREND_FIRST,
	TREND_ENVIRONMENT, /* another environment: no alarm */
	TREND_ANCHOR,      /* another anchor: no alarm */
	TREND_CHANGE,      /* a change point */
};

/* Points from start on, that have one level. */
struct trend_segment {
	size_t start;
	size_t count;
	enum trend_start why;
	double level; /* median of values, or of ratios */
};

enum trend_state {
	TREND_NEW,
	TREND_CONFIRMED, /* by a live comparison of the two builds */
	TREND_REFUTED,   /* the same found nothing */
	TREND_ACCEPTED,  /* by a person: so be it */
	TREND_REJECTED,  /* by a person: it is none */
	TREND_STATES,
};

struct trend_change {
	char id[TREND_ID_BYTES]; /* eight hexadecimal digits */
	size_t index;            /* of the first point after it */
	double effect;           /* a share; above zero is worse */
	double p;
	enum trend_state state;
	char note[TREND_NOTE_BYTES];
};

struct trend_series {
	char machine_key[ENVIRONMENT_KEY_BYTES];
	struct run_cell cell;
	enum run_metric metric;
	double quantile; /* 0.5, 0.99; 0 for throughput */
	bool is_ratio;   /* against an anchor: changes are alarms */
	bool is_low_power;
	struct trend_point *points; /* by time */
	size_t points_count;
	size_t points_room;
	struct trend_segment *segments;
	size_t segments_count;
	struct trend_change *changes;
	size_t changes_count;
};

struct trend {
	struct trend_series *series;
	size_t series_count;
	size_t series_room;
};

/* What somebody said of a change. Strings are the caller's. */
struct trend_judgement {
	const char *id;
	const char *uuid; /* of the first session after it, when it was judged */
	enum trend_state state;
	const char *note;
};

/*
 * Adds a point to the series of its machine, cell and quantile; points of a series come
 * by time. Those of one series must come together. Returns 0, or -ENOMEM.
 */
int trend_add(struct trend *trend, const char *machine_key, const struct run_cell *cell,
              enum run_metric metric, double quantile, const struct trend_point *point);

/*
 * Finds segments and changes of all series. Where a series has points with an anchor, those
 * without are dropped. Returns 0, or -errno: -ENOMEM, -E2BIG (see change_point.h).
 */
int trend_analyse(struct trend *trend);

/* Sets the state of the change that a judgement is about. Returns whether there is one. */
bool trend_judge(struct trend *trend, const struct trend_judgement *judgement);

/* Finds a change by its id, or the start of it. Returns how many there are; the first in *out. */
size_t trend_find(const struct trend *trend, const char *id, const struct trend_series **series,
                  const struct trend_change **out);

/* Says whether a change is a regression that nobody has explained: worse, and new or confirmed. */
bool trend_is_alarm(const struct trend_series *series, const struct trend_change *change);

/* new, confirmed, refuted, accepted, rejected; and the other way round, TREND_STATES if none. */
const char *trend_state_name(enum trend_state state);
enum trend_state trend_state_find(const char *name);

/* p50, p99 or rate. */
const char *trend_quantile_name(double quantile);

void trend_release(struct trend *trend);

#endif
