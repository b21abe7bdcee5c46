/* SPDX-License-Identifier: MIT */
/* workloads/placement.h - which CPUs the peers of a cell are pinned to. */
#ifndef WORKLOADS_PLACEMENT_H
#define WORKLOADS_PLACEMENT_H

#include <stddef.h>

enum placement {
	PLACEMENT_SAME_CORE,
	PLACEMENT_SMT_SIBLING,
	PLACEMENT_CROSS_CORE,
	PLACEMENT_CROSS_SOCKET,
	PLACEMENT_UNPINNED,
};

/* The names of enum placement, in its order; null ends them. */
extern const char *const placement_names[];

/*
 * Chooses a CPU for each of count peers out of those that this process may use: as
 * many as all stand to each other as asked, and these in turn where there are more
 * peers. -1 means unpinned.
 *
 * Returns 0, or -ENODEV with the cause in why: the machine, or this process's
 * affinity, has no such pair of CPUs.
 */
int placement_cpus(enum placement placement, int *cpus, size_t count, char *why, size_t why_bytes);

/*
 * Pins the calling thread to cpu; -1 leaves it where it may run. Returns 0, or
 * -errno of sched_setaffinity().
 */
int placement_pin(int cpu);

#endif
