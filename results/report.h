/* SPDX-License-Identifier: MIT */
/*
 * results/report.h - the runs of a session, summed up a cell at a time.
 *
 * A quantile of a cell is the median over its rounds of that quantile, shown
 * with its spread; it is never a mean of quantiles. Minimum and maximum are
 * those of all rounds.
 */
#ifndef RESULTS_REPORT_H
#define RESULTS_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "results/run.h"
#include "results/session.h"

#define REPORT_QUANTILES 4

/* The quantiles that a report shows: 0.5, 0.9, 0.99, 0.999, with their names p50 ... p99.9. */
extern const double report_quantiles[REPORT_QUANTILES];
extern const char *const report_quantile_names[REPORT_QUANTILES];

/*
 * A figure over rounds: its median and the quartiles of the rounds around it. A
 * number may be INFINITY: it lies above the range of the histogram.
 */
struct report_figure {
	double median;
	double low;    /* first quartile */
	double high;   /* third quartile */
	bool is_known; /* false: no round gave it */
};

/* A message is a round trip where the metric is RUN_ROUND_TRIP. */
struct report_peer {
	char name[RUN_NAME_BYTES];
	struct report_figure cpu_ns_per_message;   /* user and system */
	struct report_figure switches_per_message; /* voluntary and involuntary */
	uint64_t involuntary_switches;             /* of all rounds */
};

struct report_cell {
	struct run_cell cell;
	enum run_metric metric;
	uint32_t rounds; /* that gave a number */
	uint32_t rounds_failed;
	char failure[RUN_TEXT_BYTES]; /* of the first round that failed, or empty */
	uint64_t samples;             /* of all rounds */
	uint64_t batch;
	double min_ns; /* per operation: a block's time divided by batch */
	double max_ns;
	struct report_figure quantiles_ns[REPORT_QUANTILES];
	bool is_resolved[REPORT_QUANTILES]; /* at least 20 values of all rounds lie beyond it */
	double *p50_ns_by_round; /* rounds of them, in order; NAN where a round has none */
	struct report_figure messages_per_s;
	struct report_figure bytes_per_s;
	struct report_figure cpu_ns_per_message;   /* of all peers together */
	struct report_figure switches_per_message; /* of all peers together */
	uint32_t peer_count;
	struct report_peer peers[RUN_PEERS_MAX];
};

struct report_skip {
	struct run_cell cell;
	char reason[RUN_TEXT_BYTES];
};

struct report {
	struct session session;    /* its strings are the report's */
	struct report_cell *cells; /* by workload, model, placement, wait, size, transport, name */
	size_t cells_count;
	struct report_skip *skips; /* in the same order */
	size_t skips_count;
};

struct report_builder;

/* Starts a report of a session, which is copied. Returns 0, or -ENOMEM. */
int report_builder_create(struct report_builder **out, const struct session *session);
void report_builder_destroy(struct report_builder *builder);

/* Adds a run, in any order; the run is copied as far as needed. Returns 0, or -errno: -ENOMEM,
 * -EINVAL (it differs in metric or batch from earlier rounds of its cell). */
int report_add_run(struct report_builder *builder, const struct run *run);

/* Adds a cell that was not measured, and why. Returns 0, or -ENOMEM. */
int report_add_skip(struct report_builder *builder, const struct run_cell *cell,
                    const char *reason);

/* Sets how the session ended. */
void report_set_status(struct report_builder *builder, const char *status, uint64_t ended_ns);

/* Sums up. On success *out is the caller's, for report_destroy(). Returns 0, or -ENOMEM. */
int report_build(struct report **out, struct report_builder *builder);
void report_destroy(struct report *report);

#endif
