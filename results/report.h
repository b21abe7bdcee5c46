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
#define REPORT_CURVE_POINTS 36
#define REPORT_LABEL_BYTES (RUN_CELL_BYTES + RUN_ARM_BYTES + 8)

/* The quantiles that a report shows: 0.5, 0.9, 0.99, 0.999, with their names p50 ... p99.9. */
extern const double report_quantiles[REPORT_QUANTILES];
extern const char *const report_quantile_names[REPORT_QUANTILES];

/* The quantiles of a cell's curve, ascending, as 1 - p: 1, 0.75, 0.5 ... 0.13, then a decade on. */
extern const double report_curve_beyond[REPORT_CURVE_POINTS];

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
	char arm[RUN_ARM_BYTES]; /* of a session that compared; empty where there is one arm */
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
	double *messages_per_s_by_round;
	struct histogram *histogram; /* of all rounds that gave a number; null for throughput */
	struct report_figure *curve; /* REPORT_CURVE_POINTS; null where there is no histogram */
	size_t curve_count;          /* the first so many are resolved, as is_resolved has it */
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

/* A clause of the contract: what some test proves of every transport that promises it. */
struct report_clause {
	const char *id; /* "C18" */
	const char *sentence;
};

/* A promise that a transport makes or does not make: a column of the table of semantics. */
struct report_promise {
	const char *title;
	const char *clause;   /* the id of the clause that proves it */
	const char *absent;   /* what it means that a transport does not promise it */
	const char *needless; /* why it does not apply to some; null: to all it does */
	const char *word;     /* by which a user asks for it; null: nobody does */
};

#define REPORT_PROMISES_MAX 32
#define REPORT_SEMANTICS_MAX 64

struct report_transport {
	const char *name;
	const char *summary;
	uint32_t promises; /* bit i: it makes promises[i] */
	uint32_t needless; /* bit i: promises[i] does not apply to it */
	bool is_yardstick; /* it measures the harness, and is no choice for anybody */
};

/* What transports promise, as data, since results/ never sees one. Strings are the caller's. */
struct report_semantics {
	const struct report_clause *clauses;
	size_t clauses_count;
	struct report_promise promises[REPORT_PROMISES_MAX];
	size_t promises_count;
	struct report_transport transports[REPORT_SEMANTICS_MAX];
	size_t transports_count;
};

#define REPORT_MEASURES_MAX 96
#define REPORT_CLAIM_CELLS_MAX 16

/*
 * A claim about threads and processes, and what this machine says to it; or an
 * experiment on peers, which claims nothing and has no verdict.
 */
struct report_claim {
	char id[RUN_NAME_BYTES];
	char claim[RUN_TEXT_BYTES];
	char how[RUN_TEXT_BYTES];     /* what was measured */
	char verdict[RUN_NAME_BYTES]; /* holds, does not hold, cannot be told; empty: none */
	char reason[RUN_TEXT_BYTES];  /* of the verdict; empty where the numbers say it */
	struct {
		char name[RUN_NAME_BYTES * 2]; /* with its unit, as in JSON */
		double value;
	} measured[REPORT_MEASURES_MAX];
	size_t measured_count;
	char cells[REPORT_CLAIM_CELLS_MAX][RUN_CELL_BYTES];
	size_t cells_count;
};

struct report {
	struct session session;    /* its strings are the report's */
	struct report_cell *cells; /* by workload, model, placement, wait, size, transport, name */
	size_t cells_count;
	struct report_skip *skips; /* in the same order */
	size_t skips_count;
	struct report_claim *claims; /* as they were added */
	size_t claims_count;
	struct report_semantics semantics; /* no transports: nobody has filled it in */
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

/* Adds a claim, which is copied. Returns 0, or -ENOMEM. */
int report_add_claim(struct report_builder *builder, const struct report_claim *claim);

/* Says what the transports promise. Strings and clauses must outlive the report. */
void report_set_semantics(struct report_builder *builder, const struct report_semantics *semantics);

/* Sets how the session ended. */
void report_set_status(struct report_builder *builder, const char *status, uint64_t ended_ns);

/* Sums up. On success *out is the caller's, for report_destroy(). Returns 0, or -ENOMEM. */
int report_build(struct report **out, struct report_builder *builder);
void report_destroy(struct report *report);

/* Returns what is said of the transport called name, or null. */
const struct report_transport *report_find_transport(const struct report *report, const char *name);

/* Writes a cell's name, and its arm where there are two. */
void report_cell_label(const struct report_cell *cell, char *out, size_t out_bytes);

/* Returns the cell called name, or null; of several arms the first. */
const struct report_cell *report_find_cell(const struct report *report, const char *name);

/*
 * Returns the spread of a figure: half of what lies between the quartiles of the
 * rounds, as a share of the median. NAN where that says nothing.
 */
double report_spread(const struct report_figure *figure, uint32_t rounds);

#endif
