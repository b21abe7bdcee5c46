/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/measure.h - one measuring session: store, environment, signals, runner.
 *
 * Everything that can be wrong is found before the first peer starts; whatever
 * ends the session later, each finished round is in the store.
 */
#ifndef SUITES_BENCH_MEASURE_H
#define SUITES_BENCH_MEASURE_H

#include <stdint.h>

#include "results/report.h"
#include "workloads/plan.h"

struct measure_options {
	const char *kind; /* of the session: run, ab, ... */
	const char *argv; /* the command line, for the store */
	const char *store;
	uint64_t seed;
	uint32_t rounds;
	uint64_t measure_ns;
	uint64_t warmup_ns;
	bool is_quiet;
};

/*
 * Measures a plan and sums it up. *out is the caller's, for report_destroy(), and
 * is set whenever something was measured, after a signal too.
 *
 * Returns an exit status; errors were said. STATUS_FAILED if a round failed.
 */
int measure_plan(const struct plan *plan, const struct measure_options *options,
                 struct report **out);

#endif
