/* SPDX-License-Identifier: MIT */
/*
 * workloads/slice.h - a measured part in slices, between which the peers are parked.
 *
 * So two arms can be alive together and take turns: the one whose turn it isn't
 * stands still in a futex, even if its peers spin for messages. A slice is a
 * number of operations that every peer knows beforehand, so that each knows where
 * it ends: nothing is compared or looked at in the loop that is timed.
 */
#ifndef WORKLOADS_SLICE_H
#define WORKLOADS_SLICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct workload_peer;

/* What the peers play next. An operation is a round trip, or a message. */
struct slice {
	uint64_t first;      /* sequence of its first message */
	uint64_t operations; /* multiples of batch, as is skipped */
	uint64_t skipped;    /* the first of them, not recorded; all in a warm-up */
	uint64_t batch;      /* operations a stamp */
};

/* In memory shared by the runner and all peers. Zeros are a gate that is closed. */
struct slice_gate {
	_Atomic uint32_t granted; /* slices so far; the runner's */
	_Atomic uint32_t parked;  /* peers that stand at the gate again */
	bool is_over;             /* those below are written before granted grows */
	struct slice slice;
	uint64_t elapsed_ns;  /* of the slice in hand, by the measuring peer: its recorded part */
	uint64_t recorded_ns; /* of all recorded parts */
};

/*
 * Called by a peer as its whole run: passes the start gate, plays each slice that
 * is granted, counts itself parked after each. Returns 0 when it is over, or -errno.
 */
int slice_play_all(struct workload_peer *self);

/*
 * Called by the measuring peer at the end of a slice that has a recorded part, or
 * is a warm-up: the time since the start of that.
 */
void slice_elapsed(struct slice_gate *gate, uint64_t elapsed_ns);

/* Called by the runner while all peers are parked: opens the gate for a slice. */
void slice_grant(struct slice_gate *gate, const struct slice *slice);

/* Called by the runner while all peers are parked: lets them go home. */
void slice_end(struct slice_gate *gate);

/*
 * Waits until peer_count peers are parked, until_ns at most (absolute). Returns 0 or
 * -ETIMEDOUT.
 */
int slice_await_parked(struct slice_gate *gate, uint32_t peer_count, uint64_t until_ns);

/*
 * Returns how many operations a stamp must span, a power of two: so many that it
 * means something beside the clock's step and the cost of a stamp.
 */
uint64_t slice_batch(uint64_t operation_ns, uint64_t tick_ns);

#endif
