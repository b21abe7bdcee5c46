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

struct round;

/* Plays one round of one cell; the runs of runner_run() are made of these. */
struct round_request {
	const struct cell *cell;
	const struct run_cell *description;
	uint32_t round;
	uint64_t batch; /* operations a stamp; 0: the measuring peer finds it */
	void *job;      /* handed to the workload's peers; null to measure */
	const struct runner_options *options;
	/*
	 * Null: the peers warm up and measure by the clock. Else the round is played in
	 * slices (the workload must have them): called once all peers are parked, it
	 * grants them; measure_ns is then the time it may take. Returns 0, or -errno,
	 * which fails the round.
	 */
	int (*conduct)(void *context, struct round *round);
	void *conductor;
};

/*
 * Measures one round. *run points into memory that round_release() frees.
 * A failed round is a run with its failure. Returns 0, or -errno as runner_run().
 */
struct round_memory;
int round_play(const struct round_request *request, struct run *run, struct round_memory **memory);
void round_release(struct round_memory *memory);

/*
 * Lets the peers of a round play operations, of which the first skipped aren't
 * recorded, with a stamp every batch. All peers are parked.
 */
void round_grant(struct round *round, uint64_t operations, uint64_t skipped, uint64_t batch);

/*
 * Waits until all peers are parked again. *elapsed_ns is the time of the recorded
 * part, or of all of a slice without one. Returns 0, or -errno: a peer failed, or
 * hangs; the cause will be the run's failure.
 */
int round_park(struct round *round, uint64_t *elapsed_ns);

#endif
