/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/others.h - how many CPUs others used meanwhile.
 *
 * A guard that looks at no time that is measured: what all CPUs worked, less what
 * this process and the peers that it reaped did.
 */
#ifndef SUITES_BENCH_OTHERS_H
#define SUITES_BENCH_OTHERS_H

#include <stdint.h>

struct others {
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	uint64_t busy_ns;  /* of all CPUs, the hypervisor's share too */
	uint64_t own_ns;
};

/* Starts, or starts again. */
void others_start(struct others *others);

/* Returns how many CPUs others used since then, on average; NAN where it can't be known. */
double others_cpus(const struct others *others);

#endif
