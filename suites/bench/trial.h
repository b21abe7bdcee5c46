/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/trial.h - all that thread-or-process measures, before it is judged.
 *
 * Cells of the pool, interleaved round by round; the same work in CPython; and the
 * experiments. A figure of a cell is one a round, so that cells can be compared
 * within the round in which both were measured.
 */
#ifndef SUITES_BENCH_TRIAL_H
#define SUITES_BENCH_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/report.h"
#include "suites/bench/session_log.h"
#include "workloads/experiments/experiment.h"

#define TRIAL_CELLS_MAX 96
#define TRIAL_ROUNDS_MAX 16
#define TRIAL_EXPERIMENTS_MAX 8
#define TRIAL_PYTHONS_MAX 2

/*
 * More than so much used by others, and a round tells nothing of how peers scale. In
 * a round of 150 ms the kernel's ticks of 10 ms alone make up half of it.
 */
#define TRIAL_OTHERS_CPUS_MAX 0.2
/* So many undisturbed rounds are enough; while there are fewer, more are measured. */
#define TRIAL_QUIET_ROUNDS 5u

/* A cell of the pool, or a comparator that looks like one. */
struct trial_cell {
	struct run_cell cell;
	double tasks_per_s[TRIAL_ROUNDS_MAX]; /* by round; NAN: it failed */
	double cpu_ns[TRIAL_ROUNDS_MAX];      /* of all peers, a task; NAN: not known */
	double others_cpus[TRIAL_ROUNDS_MAX]; /* that others used meanwhile */
	uint32_t rounds;
};

/* One CPython that was found. */
struct trial_python {
	char name[16];    /* what its cells start with: cpython, cpython_ft */
	char version[32]; /* empty: it did not run */
	bool is_free_threaded;
	struct experiment_run facts;
};

struct trial {
	uint64_t seed;
	bool is_quick;
	uint64_t deadline_ns; /* of the last experiment */
	int stop_fd;
	struct session_log *log; /* gets each run */
	struct report_builder *builder;
	struct trial_cell cells[TRIAL_CELLS_MAX];
	size_t cells_count;
	struct experiment_run experiments[TRIAL_EXPERIMENTS_MAX]; /* by experiment_at() */
	double experiments_others_cpus[TRIAL_EXPERIMENTS_MAX];
	struct trial_python pythons[TRIAL_PYTHONS_MAX];
	size_t pythons_count;
	char python_why[RUN_TEXT_BYTES]; /* why there is none, or why one is incomplete */
	void (*on_progress)(void *context, const char *what);
	void *context;
};

/*
 * Measures the cells of the pool. Returns 0, or -errno: -EINTR (stop_fd), -ENOMEM,
 * or what the store returned, said.
 */
int trial_measure_cells(struct trial *trial);

/* Measures the same work in each CPython that is found. Errors as above. */
int trial_measure_python(struct trial *trial);

/* Runs the experiments. One that fails leaves its cause in its why. Errors as above. */
int trial_measure_experiments(struct trial *trial);

/*
 * Adds a round of a cell to the trial, the store and the report, with the CPUs that
 * others used meanwhile. Returns 0 or -errno.
 */
int trial_add_run(struct trial *trial, const struct run *run, double others_cpus);

/* Says whether others left the CPUs alone in a round of a cell; null: there is no such cell. */
bool trial_is_quiet(const struct trial_cell *cell, uint32_t round);

/*
 * Finds a cell by its transport, model, task and the amount, null for the task's own.
 * Returns it, or null.
 */
const struct trial_cell *trial_find(const struct trial *trial, const char *transport,
                                    const char *model, const char *task, const char *amount);

#endif
