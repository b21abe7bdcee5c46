/* SPDX-License-Identifier: MIT */
/*
 * workloads/patterns/ping_pong.c - round-trip time with one message in flight.
 *
 * The client sends, waits for the answer of the same size, and stamps each block
 * of `batch` round trips once. The server answers until the marked message.
 */
#include "workloads/workload.h"

#include <errno.h>

#include "ipc/clock.h"
#include "workloads/exchange.h"
#include "workloads/peer.h"

enum { REQUEST, REPLY };

/* Round trips between two looks at the clock of a warm-up; they grow to it from one. */
#define WARMUP_BLOCK_MAX 16u

/* Answers one request. Returns 1 after the last one, 0 before, or -errno. */
static int serve(struct workload_peer *self, uint64_t sequence)
{
	bool is_last;
	int ret = exchange_recv(self, REQUEST, sequence);

	if (ret < 0)
		return ret;
	if (workload_is_marked(&self->shared->start_sequence, sequence))
		recorder_start(self->recorder);
	is_last = workload_is_marked(&self->shared->stop_sequence, sequence);
	if (is_last)
		recorder_stop(self->recorder);
	self->recorder->counters.messages += !is_last;
	ret = exchange_send(self, REPLY, sequence);
	return ret < 0 ? ret : is_last;
}

static int run_server(struct workload_peer *self)
{
	int ret = peer_pass_gate(self->peer);

	for (uint64_t sequence = 0; ret == 0; sequence++)
		ret = serve(self, sequence);
	return ret < 0 ? ret : 0;
}

static int round_trip(struct workload_peer *self, uint64_t sequence)
{
	int ret = exchange_send(self, REQUEST, sequence);

	if (ret == 0 && self->is_alone) {
		ret = exchange_recv(self, REQUEST, sequence);
		if (ret == 0)
			ret = exchange_send(self, REPLY, sequence);
	}
	return ret < 0 ? ret : exchange_recv(self, REPLY, sequence);
}

/* Makes round trips until *sequence is end. */
static inline int round_trips(struct workload_peer *self, uint64_t *sequence, uint64_t end)
{
	while (*sequence < end) {
		int ret = round_trip(self, (*sequence)++);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Makes a block of them, records it, and moves *before_ns on to its end. */
static inline int record_block(struct workload_peer *self, uint64_t *sequence, uint64_t batch,
                               uint64_t *before_ns)
{
	int ret = round_trips(self, sequence, *sequence + batch);
	uint64_t now_ns = clock_now_ns();

	histogram_record(&self->recorder->histogram, now_ns - *before_ns);
	*before_ns = now_ns;
	return ret;
}

/* Warms up with what is measured later; sets the batch if nobody did. */
static int warm_up(struct workload_peer *self, uint64_t *sequence)
{
	uint64_t start_ns = clock_now_ns();
	uint64_t fastest_ns = UINT64_MAX;
	uint64_t before_ns = start_ns;
	uint64_t block = 1;
	uint64_t now_ns;

	do {
		int ret = round_trips(self, sequence, *sequence + block);

		if (ret < 0)
			return ret;
		now_ns = clock_now_ns();
		if ((now_ns - before_ns) / block < fastest_ns)
			fastest_ns = (now_ns - before_ns) / block;
		before_ns = now_ns;
		if (block < WARMUP_BLOCK_MAX)
			block *= 2;
	} while (now_ns - start_ns < self->warmup_ns);
	if (self->batch == 0)
		self->batch = slice_batch(fastest_ns, self->tick_ns);
	return 0;
}

static int measure(struct workload_peer *self, uint64_t *sequence)
{
	const uint64_t batch = self->batch;
	uint64_t before_ns = clock_now_ns();
	uint64_t end_ns = before_ns + self->measure_ns;

	do {
		int ret = record_block(self, sequence, batch, &before_ns);

		if (ret < 0)
			return ret;
	} while (before_ns < end_ns);
	return 0;
}

static int run_client(struct workload_peer *self)
{
	struct recorder *recorder = self->recorder;
	uint64_t sequence = 0;
	uint64_t first;
	int ret = peer_pass_gate(self->peer);

	if (ret == 0)
		ret = warm_up(self, &sequence);
	if (ret < 0)
		return ret;
	/* The message that carries the mark is not measured: the server reads its counters. */
	workload_mark(&self->shared->start_sequence, sequence);
	ret = round_trip(self, sequence++);
	if (ret < 0)
		return ret;
	first = sequence;
	recorder->batch = self->batch;
	recorder_start(recorder);
	ret = measure(self, &sequence);
	recorder_stop(recorder);
	if (ret < 0)
		return ret;
	recorder->counters.messages = sequence - first;
	recorder->counters.bytes = (sequence - first) * self->cell->values[CELL_SIZE];
	workload_mark(&self->shared->stop_sequence, sequence);
	return round_trip(self, sequence);
}

static int ping_pong_run(struct workload_peer *self)
{
	return self->index == 0 ? run_client(self) : run_server(self);
}

static void count_slice(struct workload_peer *self, const struct slice *slice)
{
	struct recorder_counters *counters = &self->recorder->counters;
	uint64_t recorded = slice->operations - slice->skipped;

	counters->messages += recorded;
	counters->bytes += recorded * self->cell->values[CELL_SIZE];
}

static int slice_client(struct workload_peer *self, const struct slice *slice)
{
	uint64_t sequence = slice->first;
	uint64_t end = slice->first + slice->operations;
	uint64_t start_ns = clock_now_ns();
	uint64_t before_ns;
	int ret = round_trips(self, &sequence, slice->first + slice->skipped);

	before_ns = clock_now_ns();
	if (sequence < end)
		start_ns = before_ns;
	while (ret == 0 && sequence < end)
		ret = record_block(self, &sequence, slice->batch, &before_ns);
	slice_elapsed(&self->shared->gate, before_ns - start_ns);
	count_slice(self, slice);
	return ret;
}

static int slice_server(struct workload_peer *self, const struct slice *slice)
{
	int ret = 0;

	for (uint64_t i = 0; i < slice->operations && ret == 0; i++) {
		ret = exchange_recv(self, REQUEST, slice->first + i);
		if (ret == 0)
			ret = exchange_send(self, REPLY, slice->first + i);
	}
	count_slice(self, slice);
	return ret;
}

static int ping_pong_slice(struct workload_peer *self, const struct slice *slice)
{
	return self->index == 0 ? slice_client(self, slice) : slice_server(self, slice);
}

const struct workload workload_ping_pong = {
	.name = "ping_pong",
	.summary = "round-trip time, one message in flight",
	.needs = 0,
	.metric = RUN_ROUND_TRIP,
	.peer_count = 2,
	.peer_names = {"client", "server"},
	.route_count = 2,
	.routes = {[REQUEST] = {.producer = 0, .consumer = 1},
                   [REPLY] = {.producer = 1, .consumer = 0}},
	.measuring_peer = 0,
	.explanation = "The client stamps the time, writes and sends a message, and waits for the "
		       "server's answer of the same size, which it checks; the next stamp is the "
		       "end of this round trip and the start of the next. Both peers write and "
		       "read each byte (touch:full). One message is in flight: this is no "
		       "latency under load, and half of it is no one-way latency.",
	.run = ping_pong_run,
	.slice = ping_pong_slice,
};
