/* SPDX-License-Identifier: MIT */
/* suites/check/traffic.c - producers and consumers that move verified messages. */
#include "suites/check/traffic.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "suites/check/check.h"
#include "workloads/payload.h"

/* How long a consumer waits at a time: then it looks whether the producers are done. */
#define SLICE_NS (20 * NS_PER_MS)
/* How far from the one due a message without a header is looked for. */
#define SEARCH_RADIUS 64
#define LOG_SLACK 64
/* A consumer gives up what is still due after this share of the patience: it is lost. */
#define QUIET_SHARE 4

enum {
	FLAG_READY, /* raised by each peer with its end open */
	FLAG_DONE,  /* raised by each producer with its end closed */
};

struct log_entry {
	uint32_t producer;
	uint32_t sequence;
};

/* A consumer's own log, in shared memory; entries follow. */
struct log {
	_Atomic uint64_t count; /* other consumers read it, to know whether all has come */
	uint64_t active_ns;     /* when a message came, or the producers were first seen done */
	struct log_entry entries[];
};

/* What the peers are given; only the logs are shared between processes. */
struct flow {
	struct check *check;
	const struct traffic *traffic;
	struct ipc_channel *channel;
	unsigned char *logs;
	size_t log_bytes;
	uint64_t log_entries_max;
};

size_t traffic_bytes(const struct check *check, const struct traffic *traffic, uint32_t producer,
                     uint64_t sequence)
{
	if (traffic->sizes)
		return traffic->sizes[(producer + sequence) % traffic->sizes_count];
	if (traffic->bytes_max == traffic->bytes_min)
		return traffic->bytes_max;
	return traffic->bytes_min + payload_mix(check_seed(check), producer, sequence) %
	                                    (traffic->bytes_max - traffic->bytes_min + 1);
}

static size_t largest_bytes(const struct traffic *traffic)
{
	size_t largest = traffic->bytes_max;

	if (traffic->message_bytes_max)
		return traffic->message_bytes_max;
	for (size_t i = 0; traffic->sizes && i < traffic->sizes_count; i++) {
		if (traffic->sizes[i] > largest)
			largest = traffic->sizes[i];
	}
	return largest;
}

static struct log *log_of(const struct flow *flow, uint32_t consumer)
{
	return (struct log *)(void *)(flow->logs + consumer * flow->log_bytes);
}

/* Returns the clause to blame. */
static const char *blamed(const struct flow *flow, const char *clause)
{
	return flow->traffic->clause ? flow->traffic->clause : clause;
}

static void log_add(const struct flow *flow, uint32_t consumer, uint32_t producer,
                    uint64_t sequence)
{
	struct log *log = log_of(flow, consumer);

	uint64_t count = atomic_load(&log->count);

	CHECK_THAT(count < flow->log_entries_max, blamed(flow, "C04"),
	           "more messages came than were sent, %" PRIu64 " and more", count);
	log->entries[count] = (struct log_entry){producer, (uint32_t)sequence};
	log->active_ns = clock_now_ns();
	atomic_store(&log->count, count + 1);
}

/* Compares with the message of this sequence. */
static enum payload_verdict judge_as(const struct flow *flow, const void *data, size_t bytes,
                                     uint32_t producer, uint64_t sequence)
{
	struct payload due = {
		.seed = check_seed(flow->check),
		.sequence = sequence,
		.producer = producer,
	};

	return payload_check(data, bytes,
	                     traffic_bytes(flow->check, flow->traffic, producer, sequence), &due);
}

static _Noreturn void blame(const char *clause, enum payload_verdict verdict, uint32_t producer,
                            uint64_t sequence, size_t bytes)
{
	report_fail(clause                          ? clause
	            : verdict == PAYLOAD_WRONG_SIZE ? "C05"
	                                            : "C01",
	            "message %" PRIu64 " of producer %u, received with %zu bytes, %s", sequence,
	            producer, bytes, payload_verdict_text(verdict));
}

/* Says whether a message has come to a consumer, lately. */
static bool has_come(const struct log *log, uint64_t sequence)
{
	uint64_t count = atomic_load(&log->count);

	for (uint64_t i = count; i > 0 && count - i <= 2 * SEARCH_RADIUS; i--) {
		if (log->entries[i - 1].sequence == sequence)
			return true;
	}
	return false;
}

/*
 * A message without a header is the one due, or one near it, or altered. Short ones may
 * be alike by accident: then it is one that has not come yet.
 */
static uint64_t identify_small(const struct flow *flow, const struct log *log, const void *data,
                               size_t bytes, uint64_t due)
{
	uint64_t nearest = UINT64_MAX;

	for (uint64_t i = 0; i <= 2 * SEARCH_RADIUS; i++) {
		/* due, due + 1, due - 1, due + 2 ...; below 0 it wraps to a large one. */
		uint64_t sequence = i % 2 == 1 ? due + (i + 1) / 2 : due - i / 2;

		if (sequence >= flow->traffic->message_count ||
		    judge_as(flow, data, bytes, 0, sequence) != PAYLOAD_GOOD)
			continue;
		if (!has_come(log, sequence))
			return sequence;
		nearest = nearest == UINT64_MAX ? sequence : nearest;
	}
	if (nearest == UINT64_MAX)
		blame(flow->traffic->clause, judge_as(flow, data, bytes, 0, due), 0, due, bytes);
	return nearest;
}

static uint64_t identify_large(const struct flow *flow, const char *clause, const void *data,
                               size_t bytes, uint32_t *producer)
{
	enum payload_verdict verdict;
	uint64_t sequence;

	payload_claims(data, producer, &sequence);
	if (*producer >= flow->traffic->producer_count || sequence >= flow->traffic->message_count)
		blame(clause, PAYLOAD_TORN, *producer, sequence, bytes);
	verdict = judge_as(flow, data, bytes, *producer, sequence);
	if (verdict != PAYLOAD_GOOD)
		blame(clause, verdict, *producer, sequence, bytes);
	return sequence;
}

uint64_t traffic_judge(struct check *check, const char *clause, const void *data, ssize_t bytes,
                       const struct traffic *traffic)
{
	const struct flow flow = {.check = check, .traffic = traffic};
	uint32_t producer;

	CHECK_THAT((size_t)bytes >= PAYLOAD_HEADER_BYTES, clause,
	           "a message of %zd bytes came; none so short was sent", bytes);
	return identify_large(&flow, clause, data, (size_t)bytes, &producer);
}

static void produce_one(const struct flow *flow, struct ipc_endpoint *endpoint, uint32_t producer,
                        uint64_t sequence, void *data)
{
	size_t bytes = traffic_bytes(flow->check, flow->traffic, producer, sequence);
	struct payload due = {
		.seed = check_seed(flow->check),
		.sequence = sequence,
		.producer = producer,
	};
	uint64_t deadline_ns = patience(flow->check);
	int ret;

	payload_fill(data, bytes, &due);
	do {
		/* In slices: a lost wake-up is for another case. */
		ret = call_send(endpoint, data, bytes, from_now(SLICE_NS), 0);
	} while (ret == -ETIMEDOUT && clock_now_ns() < deadline_ns);
	CHECK_THAT(ret != -ETIMEDOUT, "C07", "send of message %" PRIu64 " found no room", sequence);
	CHECK_THAT(ret != -EPIPE, "C18", "send: -EPIPE, yet the consumers live");
	CHECK_THAT(ret == 0, NULL, "send of message %" PRIu64 ", %zu bytes: %s", sequence, bytes,
	           report_result(ret));
}

/* Says whether as many messages have come as were sent. */
static bool is_complete(const struct flow *flow, uint32_t consumer)
{
	const struct traffic *traffic = flow->traffic;
	uint64_t sent = traffic->producer_count * traffic->message_count;
	uint64_t came = 0;

	if (check_has(flow->check, IPC_CAP_BROADCAST))
		return atomic_load(&log_of(flow, consumer)->count) >= sent;
	for (uint32_t i = 0; i < traffic->consumer_count; i++)
		came += atomic_load(&log_of(flow, i)->count);
	return came >= sent;
}

/*
 * Says whether a consumer that found nothing is to go on: the producers are at work,
 * or a message is on its way still, as between the two buffers of a TCP connection.
 */
static bool is_more_due(const struct flow *flow, uint32_t consumer, bool is_done)
{
	struct log *log = log_of(flow, consumer);
	uint64_t now_ns = clock_now_ns();

	if (!is_done || log->active_ns == 0) {
		log->active_ns = now_ns;
		return true;
	}
	return !is_complete(flow, consumer) &&
	       now_ns - log->active_ns < flow->check->settings->patience_ns / QUIET_SHARE;
}

/* Returns the sequence that would be next at a consumer of one producer. */
static uint64_t due_after(const struct log *log)
{
	uint64_t count = atomic_load(&log->count);

	return count == 0 ? 0 : log->entries[count - 1].sequence + UINT64_C(1);
}

/* Takes one message; returns false if none came and none will. */
static bool consume_one(const struct flow *flow, struct ipc_endpoint *endpoint, uint32_t consumer,
                        void *data)
{
	bool is_done = flag_read(flow->check, FLAG_DONE) == flow->traffic->producer_count;
	bool is_nowait = check_has(flow->check, IPC_CAP_NOWAIT) && is_complete(flow, consumer);
	const struct log *log = log_of(flow, consumer);
	uint32_t producer = 0;
	uint64_t sequence;
	ssize_t ret;

	ret = call_recv(endpoint, data, largest_bytes(flow->traffic),
	                is_done && is_nowait ? 0 : from_now(SLICE_NS));
	if (ret == -EAGAIN || ret == -ETIMEDOUT)
		return is_more_due(flow, consumer, is_done);
	if (ret == -EPIPE) {
		uint64_t due = due_after(log);
		bool is_empty_due = due < flow->traffic->message_count &&
		                    traffic_bytes(flow->check, flow->traffic, 0, due) == 0;

		CHECK_THAT(!is_empty_due, "C06", "recv of an empty message: -EPIPE");
		is_done = flag_read(flow->check, FLAG_DONE) == flow->traffic->producer_count;
		CHECK_THAT(is_done, "C18", "recv: -EPIPE, yet producers live");
		return false;
	}
	CHECK_THAT(ret >= 0, NULL, "recv: %s", report_result(ret));
	if ((size_t)ret >= PAYLOAD_HEADER_BYTES ||
	    flow->traffic->producer_count * flow->traffic->consumer_count > 1) {
		CHECK_THAT((size_t)ret >= PAYLOAD_HEADER_BYTES, blamed(flow, "C05"),
		           "a message of %zd bytes came; none so short was sent", ret);
		sequence =
			identify_large(flow, flow->traffic->clause, data, (size_t)ret, &producer);
	} else {
		sequence = identify_small(flow, log, data, (size_t)ret, due_after(log));
	}
	log_add(flow, consumer, producer, sequence);
	return true;
}

static void pause_by_seed(struct check *check, uint64_t pause_max_ns)
{
	if (pause_max_ns > 0)
		clock_sleep_until(from_now(check_random(check) % pause_max_ns));
}

static void *traffic_room(const struct traffic *traffic)
{
	void *room = malloc(largest_bytes(traffic) + 1);

	CHECK_SETUP(room, "no memory for a message of %zu bytes", largest_bytes(traffic));
	return room;
}

static void traffic_start(struct peer *peer, const struct traffic *traffic)
{
	uint32_t all = traffic->producer_count + traffic->consumer_count;

	flag_raise(peer->check, FLAG_READY);
	flag_await(peer->check, FLAG_READY, all);
}

static void produce(struct peer *peer)
{
	const struct flow *flow = peer->argument;
	const struct traffic *traffic = flow->traffic;
	void *data = traffic_room(traffic);
	struct ipc_endpoint *endpoint;

	if (traffic->start)
		traffic->start(peer);
	endpoint = end_open(peer->check, flow->channel, IPC_PRODUCER);
	traffic_start(peer, traffic);
	for (uint64_t i = 0; i < traffic->message_count; i++) {
		pause_by_seed(peer->check, traffic->producer_pause_ns);
		produce_one(flow, endpoint, peer->index, i, data);
	}
	/* A stream may still have to write the rest of a frame. */
	endpoint->deadline_ns = patience(peer->check);
	end_close(peer->check, endpoint);
	flag_raise(peer->check, FLAG_DONE);
	free(data);
}

static void consume(struct peer *peer)
{
	const struct flow *flow = peer->argument;
	const struct traffic *traffic = flow->traffic;
	void *data = traffic_room(traffic);
	struct ipc_endpoint *endpoint;

	if (traffic->start)
		traffic->start(peer);
	endpoint = end_open(peer->check, flow->channel, IPC_CONSUMER);
	traffic_start(peer, traffic);
	while (consume_one(flow, endpoint, peer->index - traffic->producer_count, data)) {
		if (traffic->consumer_pause_ns > 0)
			clock_sleep_until(from_now(traffic->consumer_pause_ns));
	}
	end_close(peer->check, endpoint);
	free(data);
}

/* One thread is both ends: each message is taken before the next is sent. */
static void traffic_alone(const struct flow *flow)
{
	void *data = traffic_room(flow->traffic);
	struct ipc_endpoint *producer = end_open(flow->check, flow->channel, IPC_PRODUCER);
	struct ipc_endpoint *consumer = end_open(flow->check, flow->channel, IPC_CONSUMER);

	for (uint64_t i = 0; i < flow->traffic->message_count; i++) {
		produce_one(flow, producer, 0, i, data);
		CHECK_THAT(consume_one(flow, consumer, 0, data), blamed(flow, "C03"),
		           "message %" PRIu64 " did not come", i);
	}
	flag_raise(flow->check, FLAG_DONE);
	while (consume_one(flow, consumer, 0, data))
		;
	end_close(flow->check, producer);
	end_close(flow->check, consumer);
	free(data);
}

/* Judges one producer's messages in the sum of the logs. */
static void judge_counts(const struct flow *flow, const uint8_t *seen, uint32_t producer)
{
	uint64_t lost = 0;
	uint64_t first = 0;

	for (uint64_t i = 0; i < flow->traffic->message_count; i++) {
		CHECK_THAT(seen[i] <= 1, blamed(flow, "C04"),
		           "message %" PRIu64 " of producer %u came %u times", i, producer,
		           seen[i]);
		if (seen[i] == 0 && lost++ == 0)
			first = i;
	}
	CHECK_THAT(lost == 0, blamed(flow, "C03"),
	           "%" PRIu64 " of producer %u's %" PRIu64
	           " messages are lost, the first is %" PRIu64,
	           lost, producer, flow->traffic->message_count, first);
}

static void judge_order(const struct flow *flow, uint32_t consumer)
{
	const struct log *log = log_of(flow, consumer);
	int64_t last[PEERS_MAX];

	memset(last, 0xff, sizeof(last));
	for (uint64_t i = 0; i < atomic_load(&log->count); i++) {
		const struct log_entry *entry = &log->entries[i];

		CHECK_THAT((int64_t)entry->sequence > last[entry->producer], blamed(flow, "C02"),
		           "at consumer %u message %u of producer %u came after %lld", consumer,
		           entry->sequence, entry->producer, (long long)last[entry->producer]);
		last[entry->producer] = entry->sequence;
	}
}

/* Counts what consumers from first to last - 1 got, and judges it. */
static void judge_logs(const struct flow *flow, uint32_t first, uint32_t last)
{
	uint64_t count = flow->traffic->message_count;
	uint8_t *seen = calloc(flow->traffic->producer_count, count);

	CHECK_SETUP(seen, "no memory to count %" PRIu64 " messages", count);
	for (uint32_t consumer = first; consumer < last; consumer++) {
		const struct log *log = log_of(flow, consumer);

		for (uint64_t i = 0; i < atomic_load(&log->count); i++) {
			uint8_t *one =
				&seen[log->entries[i].producer * count + log->entries[i].sequence];

			if (*one < UINT8_MAX)
				(*one)++;
		}
	}
	for (uint32_t producer = 0; producer < flow->traffic->producer_count; producer++)
		judge_counts(flow, seen + producer * count, producer);
	free(seen);
	for (uint32_t consumer = first; consumer < last; consumer++)
		judge_order(flow, consumer);
}

static void traffic_peers(struct flow *flow)
{
	struct check *check = flow->check;

	for (uint32_t i = 0; i < flow->traffic->producer_count; i++)
		peer_start(check, produce, flow);
	for (uint32_t i = 0; i < flow->traffic->consumer_count; i++)
		peer_start(check, consume, flow);
	channel_leave(check, flow->channel);
	peers_await(check);
}

void traffic_run(struct check *check, const struct traffic *traffic)
{
	struct ipc_channel_options options =
		check_options(check, largest_bytes(traffic), traffic->slot_count);
	struct flow flow = {.check = check, .traffic = traffic};

	peers_renew(check);
	options.producer_count = traffic->producer_count;
	options.consumer_count = traffic->consumer_count;
	options.position_start = traffic->position_start;
	flow.log_entries_max = traffic->producer_count * traffic->message_count + LOG_SLACK;
	flow.log_bytes = sizeof(struct log) + flow.log_entries_max * sizeof(struct log_entry);
	flow.logs = shared_memory(check, flow.log_bytes * traffic->consumer_count);
	flow.channel = channel_make(check, &options);
	if (check_has(check, IPC_CAP_ONE_PEER))
		traffic_alone(&flow);
	else
		traffic_peers(&flow);
	if (check_has(check, IPC_CAP_BROADCAST)) {
		for (uint32_t i = 0; i < traffic->consumer_count; i++)
			judge_logs(&flow, i, i + 1);
	} else {
		judge_logs(&flow, 0, traffic->consumer_count);
	}
	channel_end(check, flow.channel);
	shared_memory_end(check, flow.logs);
}

void traffic_control(struct check *check)
{
	const struct traffic traffic = {
		.producer_count = 1,
		.consumer_count = 1,
		.message_count = 40,
		.bytes_min = PAYLOAD_HEADER_BYTES,
		.bytes_max = 256,
		.slot_count = 4,
		/* So that messages queue: else nothing could be swapped. */
		.consumer_pause_ns = 20 * NS_PER_US,
	};

	traffic_run(check, &traffic);
}
