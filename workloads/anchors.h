/* SPDX-License-Identifier: MIT */
/*
 * workloads/anchors.h - what this machine's CPUs take for the steps under all IPC.
 *
 * Measured here and now, beside the cells: a bound that a transport can be held
 * against, and the price of a wake-up that decides how long a hybrid wait spins.
 */
#ifndef WORKLOADS_ANCHORS_H
#define WORKLOADS_ANCHORS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Returns the round trip of one cache line between two CPUs of the placement
 * cross_core: a store, seen by a load there, answered on a line of its own. The
 * least of several blocks of 1,000, in nanoseconds; 0 where there is no such pair
 * of CPUs. Takes about 20 ms.
 */
uint64_t anchor_line_round_trip_ns(void);

/*
 * Returns what it takes from a futex wake on one CPU until the waiter runs on
 * another, the median of 200, in nanoseconds; 0 where there is no such pair.
 * Takes about 20 ms.
 */
uint64_t anchor_wake_up_ns(void);

/*
 * Bounds the offset between the clocks of two CPUs of the placement cross_core: the
 * second's minus the first's, from the fastest of many exchanges, in which the
 * answer lies between the asking and the hearing of it. The true offset is within
 * *error_ns of *offset_ns. Returns false, with both 0, where there is no such pair.
 * Takes about 20 ms.
 */
bool anchor_clock_skew_ns(int64_t *offset_ns, uint64_t *error_ns);

/* Returns what one system call that does nothing takes, in nanoseconds: the least of several
 * blocks. */
uint64_t anchor_system_call_ns(void);

#endif
