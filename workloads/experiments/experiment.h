/* SPDX-License-Identifier: MIT */
/*
 * workloads/experiments/experiment.h - what is measured apart from cells: facts with names.
 *
 * An experiment asks one question about threads and processes: what it costs to
 * make one, who survives a crash, what is lost without a lock. Its answers are
 * numbers whose names end in their unit. It prints nothing.
 */
#ifndef WORKLOADS_EXPERIMENTS_EXPERIMENT_H
#define WORKLOADS_EXPERIMENTS_EXPERIMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/run.h"

#define EXPERIMENT_FACTS_MAX 96u
#define EXPERIMENT_NAME_BYTES 64u

struct fact {
	char name[EXPERIMENT_NAME_BYTES]; /* ends in its unit: fork_64_mib_us, lost_percent */
	double value;
};

struct experiment_run {
	uint64_t seed;
	bool is_quick;        /* seconds at most, for tests: fewer repetitions, the same names */
	uint64_t deadline_ns; /* absolute */
	struct fact facts[EXPERIMENT_FACTS_MAX];
	size_t facts_count;
	char why[RUN_TEXT_BYTES]; /* why it failed, or what was left out; empty: neither */
};

struct experiment {
	const char *name;
	const char *summary;
	/* Measures. Returns 0, or -errno with one line in why; facts found by then stay. */
	int (*run)(struct experiment_run *self);
};

/* Adds a fact; past EXPERIMENT_FACTS_MAX it is dropped. name may be a format. */
void experiment_add(struct experiment_run *self, double value, const char *name, ...)
	__attribute__((format(printf, 3, 4)));

/* Returns the value of a fact, or NAN if there is none of this name. */
double experiment_value(const struct experiment_run *self, const char *name);

/* States why it fails. Returns error, which is -errno. */
int experiment_fail(struct experiment_run *self, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Sorts count values and returns their median; count is at least 1. */
uint64_t experiment_median(uint64_t *values, size_t count);

/* Each experiment; declared here so that its definition is checked against it. */
#define EXPERIMENT(name) extern const struct experiment experiment_##name;
#include "registered_experiments.inc"
#undef EXPERIMENT

/* Returns the experiment at index, or null past the last one. */
const struct experiment *experiment_at(size_t index);

/* Returns the experiment of this name, or null. */
const struct experiment *experiment_find(const char *name);

/*
 * Runs an experiment until deadline_ns at most; *out is set anew, with what it found.
 * Blocks. Returns what its run() does.
 */
int experiment_play(const struct experiment *experiment, uint64_t seed, bool is_quick,
                    uint64_t deadline_ns, struct experiment_run *out);

#endif
