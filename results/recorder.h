/* SPDX-License-Identifier: MIT */
/*
 * results/recorder.h - what one peer measured in one round.
 *
 * It lives in memory shared before fork(). Its peer is the only writer; the
 * runner reads it after the peer has ended.
 */
#ifndef RESULTS_RECORDER_H
#define RESULTS_RECORDER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "results/histogram.h"

/* Counted from recorder_start() to recorder_stop(), for the calling thread alone. */
struct recorder_counters {
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	uint64_t stop_ns;
	uint64_t messages; /* as the pattern counts them */
	uint64_t bytes;
	uint64_t cpu_user_ns;
	uint64_t cpu_system_ns;
	uint64_t voluntary_switches;
	uint64_t involuntary_switches;
	uint64_t minor_faults;
	uint64_t major_faults;
};

/* Extended C: the histogram is last and ends in a flexible array. */
__extension__ struct recorder {
	struct recorder_counters counters;
	struct rusage at_start;
	uint64_t batch;             /* operations a recorded value spans; 0: none were timed */
	struct histogram histogram; /* of blocks of batch operations, in nanoseconds; last member */
};

/* Returns the bytes of a recorder whose histogram has this precision. */
size_t recorder_bytes(unsigned bits);

/* Makes the memory at recorder (recorder_bytes(bits) of it) an empty recorder. */
void recorder_init(struct recorder *recorder, unsigned bits);

/*
 * Start and stop counting, outside the timed loop, by the measured thread
 * (RUSAGE_THREAD). To start prefaults the recorder in this process first: fork()
 * does not copy the page tables of shared memory. To stop a recorder twice moves
 * its end; one that was never started counts nothing.
 */
void recorder_start(struct recorder *recorder);
void recorder_stop(struct recorder *recorder);

#endif
