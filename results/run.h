/* SPDX-License-Identifier: MIT */
/*
 * results/run.h - struct run: one measured repetition of one cell, as plain data.
 *
 * The round is the sampling unit: a run is one round of one cell, with peers of
 * its own. results/ never sees a transport; here it is a name.
 */
#ifndef RESULTS_RUN_H
#define RESULTS_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "results/histogram.h"
#include "results/recorder.h"

#define RUN_NAME_BYTES 32
#define RUN_CELL_BYTES 192
#define RUN_TEXT_BYTES 192
#define RUN_ARM_BYTES 8
#define RUN_PEERS_MAX 64

/* Bumped whenever the method of measuring changes a number. */
#define RUN_HARNESS_VERSION 1

/* What was measured; every field may change a number. Interned: runs point to it. */
struct run_cell {
	char name[RUN_CELL_BYTES]; /* transport/workload/64B/placement/wait/model[/key=value] */
	char transport[RUN_NAME_BYTES];
	char workload[RUN_NAME_BYTES];
	uint64_t size_bytes;
	char placement[RUN_NAME_BYTES];
	char wait[RUN_NAME_BYTES];
	char model[RUN_NAME_BYTES];
	char params[RUN_CELL_BYTES]; /* "key=value/key=value", only what is not the default */
	uint32_t in_flight;
	double rate_hz;   /* offered load; 0: closed loop or saturated */
	uint32_t harness; /* version of the method; 0: RUN_HARNESS_VERSION */
};

enum run_metric {
	RUN_ROUND_TRIP, /* histogram of round-trip times */
	RUN_THROUGHPUT, /* messages and bytes received a second */
};

struct run_peer {
	char name[RUN_NAME_BYTES]; /* its role in the pattern: client, server, producer, consumer */
	struct recorder_counters counters;
};

struct run {
	const struct run_cell *cell;
	enum run_metric metric;
	uint32_t stage;      /* 1; a confirmation is stage 2 */
	uint32_t round;      /* from 0 */
	char arm[RUN_ARM_BYTES]; /* "A", or "B" in a comparison */
	uint64_t batch;      /* operations a histogram value spans; 1 for throughput */
	uint64_t samples;    /* values in the histogram, or messages received */
	uint64_t messages;   /* round trips, or messages received, while measured */
	uint64_t bytes;      /* payload bytes of these */
	uint64_t elapsed_ns; /* of these, by the clock of the measuring peer */
	const struct histogram *histogram; /* null for throughput; owned by whoever made the run */
	uint32_t peer_count;
	struct run_peer peers[RUN_PEERS_MAX];
	uint64_t steal_ns;            /* taken by the hypervisor from all CPUs during the round */
	char failure[RUN_TEXT_BYTES]; /* empty, or why this round has no number */
};

#endif
