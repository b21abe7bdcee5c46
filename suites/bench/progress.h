/* SPDX-License-Identifier: MIT */
/* suites/bench/progress.h - how far a run is, on stderr. */
#ifndef SUITES_BENCH_PROGRESS_H
#define SUITES_BENCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "workloads/runner.h"

struct progress {
	bool is_quiet;
	bool is_terminal; /* one line that is written over; else a line a round */
	uint64_t start_ns;
	uint64_t shown_ns;
	uint64_t rounds_done; /* when last asked; fewer now: another stage has begun */
	unsigned stage;       /* from 0 */
	uint32_t shown_round;
};

/* Prepares; a terminal that is dumb, or CI, gets whole lines. */
void progress_init(struct progress *progress, bool is_quiet);

/* Shows where the run is, at most ten times a second. */
void progress_show(struct progress *progress, const struct runner_progress *at);

/* Ends the line, so that what follows starts on one of its own. */
void progress_end(struct progress *progress);

#endif
