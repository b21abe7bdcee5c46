/* SPDX-License-Identifier: MIT */
/*
 * results/verdict_report.h - what a comparison of two arms found, ready to be shown.
 *
 * Rounds are added as they are measured; then each cell and quantile becomes a
 * row with its verdict. An effect above zero is worse for B, in every metric.
 */
#ifndef RESULTS_VERDICT_REPORT_H
#define RESULTS_VERDICT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "results/comparison.h"
#include "results/run.h"
#include "results/session.h"

#define VERDICT_QUANTILES_MAX 2
#define VERDICT_STAGES 2
/* A round in which the hypervisor took more than this share is left out, whatever it measured. */
#define VERDICT_STEAL_MAX 0.02
/* At most such a share of the rounds; a machine that is busier than that is what it is. */
#define VERDICT_EXCLUDED_MAX 0.20

/* The figures of one stage of one row, a number a round that counts. */
struct verdict_series {
	double *values[2]; /* by arm: nanoseconds, or messages a second */
	size_t count;
	size_t room;
};

struct verdict_row {
	size_t pair;     /* index of its cells */
	double quantile; /* 0.5, 0.99; 0 for throughput */
	struct verdict_series series[VERDICT_STAGES];
	struct comparison comparison;
	/* Of the stage that was judged: */
	double values[2];    /* median over rounds */
	double *differences; /* a log ratio a round, in order */
	size_t rounds_worse; /* in which B was worse */
	/* Of stored sessions: what two of them may differ by without a cause in the build. */
	double allowance;
};

/* Points of the shift function: the deciles, and what lies beyond. */
#define VERDICT_SHIFT_POINTS 12
extern const double verdict_shift_points[VERDICT_SHIFT_POINTS];

/* A round in which the hypervisor took more than VERDICT_STEAL_MAX, left out or not. */
struct verdict_theft {
	size_t pair;
	unsigned stage;
	uint32_t round;
	double share;
};

/* One cell in both arms. */
struct verdict_pair {
	struct run_cell cells[2];
	enum run_metric metric;
	bool is_control;
	uint64_t batch; /* of its first round */
	size_t first_row;
	size_t rows_count;
	uint32_t rounds[VERDICT_STAGES]; /* played, failed ones too */
	uint32_t excluded[VERDICT_STAGES];
	/* Of every round that counts, quantiles at verdict_shift_points; none for throughput. */
	struct verdict_series shift[VERDICT_STAGES][VERDICT_SHIFT_POINTS];
	uint32_t failed;
	char failure[RUN_TEXT_BYTES]; /* of the first round that failed */
};

struct verdict_report {
	const struct session *session; /* the caller's; may be null */
	const char *arms[2];           /* what A and B are; the caller's */
	const char *note;              /* a line to show first, or null; the caller's */
	bool is_stored;                /* stored sessions: not interleaved, and not paired */
	const char *reproduce;         /* the command line; the caller's, or null */
	const char *show;              /* the one that draws the session; the caller's, or null */
	uint64_t seed;
	double tick_ns;
	bool is_judged;
	struct comparison_rules rules;
	struct verdict_pair *pairs;
	size_t pairs_count;
	struct verdict_row *rows; /* those of a pair together */
	size_t rows_count;
	struct verdict_theft *thefts;
	size_t thefts_count;
};

/* Finds the quantiles that a metric is judged by, 0 for a rate. Returns how many. */
size_t verdict_quantiles(enum run_metric metric, const double **out);

/* Returns what a run says of a quantile, or NAN if it says nothing. */
double verdict_value(const struct run *run, double quantile);

/* Makes an empty report; pairs are added to it. Returns 0, or -ENOMEM. */
int verdict_report_create(struct verdict_report **out);
void verdict_report_destroy(struct verdict_report *report);

/* Adds a cell in both arms. Returns 0, or -ENOMEM. */
int verdict_report_add_pair(struct verdict_report *report, const struct run_cell *a,
                            const struct run_cell *b, enum run_metric metric, bool is_control);

/*
 * Adds one round of a pair: the runs of both arms and the share of it that the
 * hypervisor took. stage is 0 or 1. A round with a failure counts as failed.
 * Returns 0, or -ENOMEM.
 */
int verdict_report_add_round(struct verdict_report *report, size_t pair, unsigned stage,
                             const struct run *a, const struct run *b, double steal_share);

/* Returns how many rounds of a stage count: those that were neither left out nor failed. */
size_t verdict_report_counted(const struct verdict_report *report, size_t pair, unsigned stage);

/* Sets which pairs have a suspect after the first stage. Returns 0, or -ENOMEM, or -EINVAL. */
int verdict_report_screen(struct verdict_report *report);
bool verdict_report_has_suspect(const struct verdict_report *report, size_t pair);

/* Judges all rows, after the last round. Returns 0, or -ENOMEM, or -EINVAL. */
int verdict_report_judge(struct verdict_report *report);

/* Returns the least effect that matters at a quantile, a share: 0.05 beyond p50, else 0.03. */
double verdict_least_share(double quantile);

/* Counts what matters for an exit status; controls and advisory rows apart. */
struct verdict_counts {
	size_t regressed;
	size_t improved;
	size_t small;
	size_t unchanged;
	size_t inconclusive;
	size_t suspects;
	size_t failed;   /* pairs without enough rounds to judge */
	bool is_invalid; /* a control changed */
};
struct verdict_counts verdict_report_count(const struct verdict_report *report);

/* Writes what both names have in common; what differs stands in braces: a/{b,c}/d. */
void verdict_pair_name(const struct verdict_pair *pair, char *out, size_t out_bytes);

/* Returns p50, p99, or rate. */
const char *verdict_quantile_name(const struct verdict_row *row);

#endif
