/* SPDX-License-Identifier: MIT */
/*
 * workloads/runner.h - measures the cells of a plan, round by round.
 *
 * Each round measures every cell once, with fresh channels and peers, in an order
 * shuffled by the seed. A finished run is handed to a callback; nothing is printed.
 */
#ifndef WORKLOADS_RUNNER_H
#define WORKLOADS_RUNNER_H

#include <stddef.h>
#include <stdint.h>

#include "results/run.h"
#include "workloads/plan.h"

struct runner_progress {
	uint64_t rounds_done; /* rounds of single cells */
	uint64_t rounds_total;
	uint32_t round;
	const struct run_cell *cell;
};

struct runner_options {
	uint32_t rounds;
	uint64_t measure_ns; /* measured part of a round */
	uint64_t warmup_ns;
	uint64_t spin_ns; /* of IPC_WAIT_HYBRID: about the cost of one wake-up */
	uint64_t tick_ns; /* the step of the clock, from clock_facts_observe() */
	uint64_t seed;
	int stop_fd; /* readable: end after the round in hand is given up; -1: none */
	void *context;
	/*
	 * Takes a finished run, failed ones too (run->failure). Pointers last for the
	 * call. Returns 0, or -errno, which ends everything.
	 */
	int (*on_run)(void *context, const struct run *run);
	/* Called before each round of a cell. May be null. */
	void (*on_progress)(void *context, const struct runner_progress *progress);
};

/*
 * Measures. A cell that fails in a round is reported as a failed run, and is
 * tried once more in the next round; then it is given up.
 *
 * Returns 0, -EINTR (stop_fd; what was finished has been handed over), -ENOMEM, or
 * what on_run returned.
 */
int runner_run(const struct plan *plan, const struct runner_options *options);

/* Plays one round of one cell; the runs of runner_run() are made of these. */
struct round_request {
	const struct cell *cell;
	const struct run_cell *description;
	uint32_t round;
	uint64_t batch; /* operations a stamp; 0: the measuring peer finds it */
	void *job;      /* handed to the workload's peers; null to measure */
	const struct runner_options *options;
};

/*
 * Measures one round. *run points into memory that round_release() frees.
 * A failed round is a run with its failure. Returns 0, or -errno as runner_run().
 */
struct round_memory;
int round_play(const struct round_request *request, struct run *run, struct round_memory **memory);
void round_release(struct round_memory *memory);

#endif
