/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/claim_figures.h - what judges share: figures of a trial, and how they are told.
 *
 * A ratio is that of a round, where both cells were measured in it; its median over
 * the rounds is judged.
 */
#ifndef SUITES_BENCH_CLAIM_FIGURES_H
#define SUITES_BENCH_CLAIM_FIGURES_H

#include "suites/bench/claims.h"

#define CLAIM_TOO_FEW "others left the CPUs alone in too few rounds"

/* A ratio over rounds; median NAN: it was not measured. */
struct ratio {
	double median;
	double low; /* quartiles */
	double high;
};

/*
 * Divides the tasks a second (is_cpu: the CPU time a task) of two cells, round by
 * round. needs_quiet: only rounds in which others left the CPUs to both; NAN where
 * these are too few. Null cells were not measured.
 */
struct ratio trial_divide(const struct trial_cell *above, const struct trial_cell *below,
                          bool is_cpu, bool needs_quiet);

/* Returns the median of the tasks a second over the rounds, or NAN. */
double trial_rate(const struct trial_cell *cell);

/* Returns what an experiment found; without facts if it did not run. */
const struct experiment_run *trial_experiment(const struct trial *trial, const char *name);

/* Adds a number, once: what is told first need not be told with all others. NAN is none. */
void claim_add_fact(struct claim *claim, double value, const char *name);

/* Adds the name of a cell, once; null adds nothing. */
void claim_add_cell(struct claim *claim, const struct trial_cell *cell);

/* Adds the facts of an experiment whose names start so, with prefix before them. */
void claim_copy_facts(struct claim *claim, const struct experiment_run *run, const char *start,
                      const char *prefix);

/* Adds such facts of every CPython, with its name before them. */
void claim_copy_python(const struct trial *trial, struct claim *claim, const char *start);

/* Sets the verdict and its reason. */
void claim_decide(struct claim *claim, enum claim_verdict verdict, const char *reason, ...)
	__attribute__((format(printf, 3, 4)));

/* Judge one claim each: of scaling (claims_scaling.c), and of peers (claims_peers.c). */
void claim_judge_lock(const struct trial *trial, struct claim *claim);
void claim_judge_processes(const struct trial *trial, struct claim *claim);
void claim_judge_io(const struct trial *trial, struct claim *claim);
void claim_judge_model(const struct trial *trial, struct claim *claim);
void claim_judge_races(const struct trial *trial, struct claim *claim);
void claim_judge_crash(const struct trial *trial, struct claim *claim);
void claim_judge_creation(const struct trial *trial, struct claim *claim);
void claim_judge_passing(const struct trial *trial, struct claim *claim);
void claim_judge_caller(const struct trial *trial, struct claim *claim);

#endif
