/* SPDX-License-Identifier: MIT */
/*
 * workloads/patterns/stream.c - throughput of one producer and one consumer.
 *
 * The producer sends as fast as backpressure lets it. The consumer's clock runs
 * from one marked message to the other, read and checked: what was sent but not
 * yet consumed doesn't count.
 */
#include "workloads/workload.h"

#include "ipc/clock.h"
#include "workloads/exchange.h"
#include "workloads/peer.h"

enum { DATA };
enum { PRODUCER, CONSUMER };

/* Messages between two looks at the clock, at most; fewer when they are large. */
#define CLOCK_EVERY_MESSAGES 64u
#define CLOCK_EVERY_BYTES 65536u

static uint64_t clock_every(const struct workload_peer *self)
{
	uint64_t every = CLOCK_EVERY_BYTES / (self->cell->values[CELL_SIZE] + 1);

	return every < 1 ? 1 : every > CLOCK_EVERY_MESSAGES ? CLOCK_EVERY_MESSAGES : every;
}

/* Consumes one message. Returns 1 after the last one, 0 before, or -errno. */
static int consume(struct workload_peer *self, uint64_t sequence)
{
	struct recorder_counters *counters = &self->recorder->counters;
	int ret = exchange_recv(self, DATA, sequence);

	if (ret < 0)
		return ret;
	if (workload_is_marked(&self->shared->start_sequence, sequence)) {
		recorder_start(self->recorder);
		return 0;
	}
	counters->messages++;
	if (!workload_is_marked(&self->shared->stop_sequence, sequence))
		return 0;
	recorder_stop(self->recorder);
	counters->bytes = counters->messages * self->cell->values[CELL_SIZE];
	return 1;
}

/* Sends one message; a peer that is alone consumes it too. */
static int produce(struct workload_peer *self, uint64_t sequence)
{
	int ret = exchange_send(self, DATA, sequence);

	return ret < 0 || !self->is_alone ? ret : consume(self, sequence);
}

/* Produces from *sequence on until the time is over. */
static int produce_for(struct workload_peer *self, uint64_t *sequence, uint64_t duration_ns)
{
	uint64_t every = clock_every(self);
	uint64_t end_ns = clock_now_ns() + duration_ns;

	do {
		for (uint64_t i = 0; i < every; i++) {
			int ret = produce(self, (*sequence)++);

			if (ret < 0)
				return ret;
		}
	} while (clock_now_ns() < end_ns);
	return 0;
}

/* Sends the message at which the consumer starts or stops its clock. */
static int produce_marked(struct workload_peer *self, _Atomic uint64_t *mark, uint64_t *sequence)
{
	int ret;

	workload_mark(mark, *sequence);
	ret = produce(self, (*sequence)++);
	return ret < 0 ? ret : 0;
}

static int run_producer(struct workload_peer *self)
{
	uint64_t sequence = 0;
	uint64_t first;
	int ret = peer_pass_gate(self->peer);

	if (ret == 0)
		ret = produce_for(self, &sequence, self->warmup_ns);
	if (ret == 0)
		ret = produce_marked(self, &self->shared->start_sequence, &sequence);
	if (ret < 0)
		return ret;
	first = sequence;
	if (!self->is_alone)
		recorder_start(self->recorder);
	ret = produce_for(self, &sequence, self->measure_ns);
	if (ret < 0)
		return ret;
	if (!self->is_alone) {
		recorder_stop(self->recorder);
		self->recorder->counters.messages = sequence - first;
	}
	return produce_marked(self, &self->shared->stop_sequence, &sequence);
}

static int run_consumer(struct workload_peer *self)
{
	int ret = peer_pass_gate(self->peer);

	for (uint64_t sequence = 0; ret == 0; sequence++)
		ret = consume(self, sequence);
	return ret < 0 ? ret : 0;
}

static int stream_run(struct workload_peer *self)
{
	return self->index == PRODUCER ? run_producer(self) : run_consumer(self);
}

/* Sends the messages of a slice. */
static int slice_producer(struct workload_peer *self, const struct slice *slice)
{
	int ret = 0;

	for (uint64_t i = 0; i < slice->operations && ret == 0; i++)
		ret = exchange_send(self, DATA, slice->first + i);
	self->recorder->counters.messages += slice->operations - slice->skipped;
	return ret;
}

/* Receives messages from the given one of a slice up to another. */
static int slice_receive(struct workload_peer *self, const struct slice *slice, uint64_t from,
                         uint64_t to)
{
	int ret = 0;

	for (uint64_t i = from; i < to && ret == 0; i++) {
		if (self->is_alone)
			ret = exchange_send(self, DATA, slice->first + i);
		if (ret == 0)
			ret = exchange_recv(self, DATA, slice->first + i);
	}
	return ret;
}

/* The clock starts at the receipt of the last message that is skipped. */
static int slice_consumer(struct workload_peer *self, const struct slice *slice)
{
	struct recorder_counters *counters = &self->recorder->counters;
	uint64_t recorded = slice->operations - slice->skipped;
	uint64_t start_ns = clock_now_ns();
	int ret = slice_receive(self, slice, 0, slice->skipped);

	if (recorded > 0)
		start_ns = clock_now_ns();
	if (ret == 0)
		ret = slice_receive(self, slice, slice->skipped, slice->operations);
	slice_elapsed(&self->shared->gate, clock_now_ns() - start_ns);
	counters->messages += recorded;
	counters->bytes += recorded * self->cell->values[CELL_SIZE];
	return ret;
}

static int stream_slice(struct workload_peer *self, const struct slice *slice)
{
	return self->index == PRODUCER && !self->is_alone ? slice_producer(self, slice)
	                                                  : slice_consumer(self, slice);
}

const struct workload workload_stream = {
	.name = "stream",
	.summary = "throughput of one producer and one consumer, with backpressure",
	.needs = 0,
	.metric = RUN_THROUGHPUT,
	.peer_count = 2,
	.peer_names = {"producer", "consumer"},
	.route_count = 1,
	.routes = {[DATA] = {.producer = PRODUCER, .consumer = CONSUMER}},
	.measuring_peer = CONSUMER,
	.has_in_flight = true,
	.explanation = "The producer writes and sends messages as fast as the channel takes them; "
		       "the consumer reads and checks each. Its clock stops when the last one is "
		       "consumed. At most in_flight messages wait in the channel, or as many as "
		       "the mechanism holds. This is throughput: what a message waits in the "
		       "queue is not reported as latency.",
	.run = stream_run,
	.slice = stream_slice,
};
