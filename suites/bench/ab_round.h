/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/ab_round.h - one round of one cell, in both arms at once.
 *
 * Both arms are alive and take turns in short slices, A B B A or B A A B as chance
 * draws it: drift and placement fall on both alike. Both play the same number of
 * operations.
 */
#ifndef SUITES_BENCH_AB_ROUND_H
#define SUITES_BENCH_AB_ROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "results/run.h"
#include "suites/bench/arm_process.h"

/* How the rounds of a pair are cut. Zeros at first; each round learns from those before. */
struct ab_slices {
	uint64_t operation_ns[2]; /* by arm: the least seen in a warm-up; 0: not known yet */
	uint64_t operations;      /* of a slice */
	uint64_t skipped;         /* the first of them, not recorded */
	uint64_t batch;           /* operations a stamp; of the first round, kept for all */
	uint32_t groups;          /* of four slices, two an arm */
};

/* A delay that an arm adds to a cell's transport: selftest must see it at its size. */
struct ab_delay {
	uint64_t delay_ns; /* 0: none */
	uint64_t one_in;   /* so many sends, at random; 1: each */
};

struct ab_round_request {
	const struct arm_program *programs[2];
	const struct run_cell *cells[2];
	enum run_metric metric;
	bool is_pinned; /* to the first CPU, where the cell itself doesn't place its peers */
	uint32_t stage; /* from 1 */
	uint32_t round;
	uint64_t random;  /* of this round of this pair: order, layout, messages */
	uint64_t time_ns; /* recorded in each arm; 0: what its quantiles need */
	uint64_t spin_ns;
	uint64_t tick_ns;
	struct ab_delay delays[2];
	int stop_fd;
};

struct ab_round {
	struct run runs[2]; /* equal failures in both if the round failed */
	struct histogram *histograms[2];
	double steal_share;
};

/*
 * Plays one round. A round that failed is a result: both runs say why. *round is the
 * caller's, for ab_round_release().
 *
 * Returns 0, or -errno: -EINTR (stop_fd), -EPROTO (an arm speaks another protocol; the
 * runs say so), -ENOMEM.
 */
int ab_round_play(const struct ab_round_request *request, struct ab_slices *slices,
                  struct ab_round *round);
void ab_round_release(struct ab_round *round);

#endif
