/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/ab_measure.h - measures pairs of cells in two stages and judges them.
 *
 * Stage 1 plays all pairs round by round, in an order shuffled by the seed; stage 2
 * plays those with a suspect again, with fresh rounds. Nothing is printed.
 */
#ifndef SUITES_BENCH_AB_MEASURE_H
#define SUITES_BENCH_AB_MEASURE_H

#include "results/verdict_report.h"
#include "suites/bench/ab_round.h"
#include "workloads/runner.h"

/* Stage 2 has as many rounds as stage 1, and at least so many. */
#define AB_CONFIRM_ROUNDS_MIN 20u

/* One pair of cells; in the order of the report's pairs. */
struct ab_pair {
	const struct arm_program *programs[2];
	struct run_cell cells[2];
	enum run_metric metric;
	bool is_control; /* runs this program in both arms, on one CPU */
	bool is_hybrid;  /* spins before it blocks: for as long as a wake-up takes */
	struct ab_delay delays[2];
	struct ab_slices slices; /* zeros at first */
	uint32_t failures;
};

struct ab_measure {
	struct verdict_report *report;
	struct ab_pair *pairs;
	size_t pairs_count;
	uint64_t seed;
	uint32_t rounds;
	uint64_t time_ns; /* recorded in each arm and round; 0: what the quantiles need */
	uint64_t tick_ns;
	uint64_t spin_ns;
	int stop_fd;
	void *context;
	/* Takes the runs of a round, failed ones too. Returns 0, or -errno to stop. May be null. */
	int (*on_round)(void *context, const struct ab_round *round);
	void (*on_progress)(void *context,
	                    const struct runner_progress *progress); /* may be null */
};

/* Adds all pairs to the report. Returns 0, or -ENOMEM. */
int ab_measure_add_pairs(const struct ab_measure *measure);

/*
 * Measures and judges. Returns 0, -EINTR (stop_fd; what was finished is in the report,
 * unjudged), -EPROTO (an arm speaks another protocol; the pair's failure says so),
 * -ENOMEM, or what on_round returned.
 */
int ab_measure_run(const struct ab_measure *measure);

#endif
