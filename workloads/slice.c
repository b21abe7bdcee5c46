/* SPDX-License-Identifier: MIT */
/* workloads/slice.c - a measured part in slices, between which the peers are parked. */
#include "workloads/slice.h"

#include <errno.h>
#include <limits.h>

#include "ipc/futex.h"
#include "workloads/peer.h"
#include "workloads/workload.h"

/* A stamp must span at least this many steps of the clock to mean something. */
#define BLOCK_TICKS_MIN 50u
/* Below it an operation is shorter than the stamp itself costs several times over. */
#define SHORT_OPERATION_NS 200u
#define SHORT_OPERATION_BATCH 64u

uint64_t slice_batch(uint64_t operation_ns, uint64_t tick_ns)
{
	uint64_t block_ns = BLOCK_TICKS_MIN * tick_ns;
	uint64_t batch = operation_ns < SHORT_OPERATION_NS ? SHORT_OPERATION_BATCH : 1;

	if (operation_ns >= block_ns)
		return 1;
	while (batch * (operation_ns > 0 ? operation_ns : 1) < block_ns)
		batch *= 2;
	return batch;
}

/* Waits for the next slice after the first seen ones. Returns 0 or -ETIMEDOUT. */
static int await_grant(struct slice_gate *gate, uint32_t seen, uint64_t deadline_ns)
{
	/* Acquire: pairs with the release in open_gate(). */
	while (atomic_load_explicit(&gate->granted, memory_order_acquire) == seen) {
		if (futex_wait(&gate->granted, seen, deadline_ns) == -ETIMEDOUT)
			return -ETIMEDOUT;
	}
	return 0;
}

static void park(struct slice_gate *gate)
{
	/* Release: pairs with the acquire in slice_await_parked(). */
	atomic_fetch_add_explicit(&gate->parked, 1, memory_order_release);
	futex_wake(&gate->parked, 1);
}

int slice_play_all(struct workload_peer *self)
{
	struct slice_gate *gate = &self->shared->gate;
	bool is_recording = false;
	int ret = peer_pass_gate(self->peer);

	for (uint32_t seen = 0; ret == 0; seen++) {
		ret = await_grant(gate, seen, self->deadline_ns);
		if (ret < 0)
			return peer_fail(self->peer, ret, "waited for a slice until its deadline");
		if (gate->is_over)
			break;
		if (!is_recording && gate->slice.skipped < gate->slice.operations) {
			is_recording = true;
			recorder_start(self->recorder);
			self->recorder->batch = gate->slice.batch;
		}
		ret = self->cell->workload->slice(self, &gate->slice);
		if (ret == 0)
			park(gate);
	}
	if (is_recording)
		recorder_stop(self->recorder);
	return ret;
}

void slice_elapsed(struct slice_gate *gate, uint64_t elapsed_ns)
{
	gate->elapsed_ns = elapsed_ns;
	if (gate->slice.skipped < gate->slice.operations)
		gate->recorded_ns += elapsed_ns;
}

static void open_gate(struct slice_gate *gate)
{
	atomic_store_explicit(&gate->parked, 0, memory_order_relaxed);
	/* Release: what the peers are to do is written before. Pairs with await_grant(). */
	atomic_fetch_add_explicit(&gate->granted, 1, memory_order_release);
	futex_wake(&gate->granted, INT_MAX);
}

void slice_grant(struct slice_gate *gate, const struct slice *slice)
{
	gate->slice = *slice;
	gate->elapsed_ns = 0;
	open_gate(gate);
}

void slice_end(struct slice_gate *gate)
{
	gate->is_over = true;
	open_gate(gate);
}

int slice_await_parked(struct slice_gate *gate, uint32_t peer_count, uint64_t until_ns)
{
	for (;;) {
		/* Acquire: pairs with the release in park(). */
		uint32_t parked = atomic_load_explicit(&gate->parked, memory_order_acquire);

		if (parked >= peer_count)
			return 0;
		if (futex_wait(&gate->parked, parked, until_ns) == -ETIMEDOUT)
			return -ETIMEDOUT;
	}
}
