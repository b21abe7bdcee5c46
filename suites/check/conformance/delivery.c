/* SPDX-License-Identifier: MIT */
/* suites/check/conformance/delivery.c - C01 to C06: each message whole, once, in order. */
#include "suites/check/conformance.h"
#include "suites/check/traffic.h"

#include <stdlib.h>
#include <string.h>

#define SMALL_BYTES_MAX 256
#define LIMIT_BYTES 64
#define HEADER_BYTES 32 /* from here on a message says which it is */

static void every_message_arrives_once_whole_and_in_order(struct check *check)
{
	const struct traffic traffic = {
		.producer_count = 1,
		.consumer_count = 1,
		.message_count = check_count(check, "messages", 2000, 1000000),
		.bytes_min = 1,
		.bytes_max = SMALL_BYTES_MAX,
		.slot_count = 8,
	};

	traffic_run(check, &traffic);
}

/* Moves messages of the contract's sizes, up to bytes_max, over a channel of that limit. */
static void move_sizes(struct check *check, size_t bytes_max, uint64_t rounds)
{
	const size_t candidates[] = {
		0,    1,    7,    8,    63,   64,    65,    127,   4095,          4096,
		4097, 5000, 8191, 8192, 8193, 65535, 65536, 70000, bytes_max - 1, bytes_max,
	};
	enum { CANDIDATE_COUNT = sizeof(candidates) / sizeof(candidates[0]) };
	size_t sizes[CANDIDATE_COUNT];
	struct traffic traffic = {
		.producer_count = 1,
		.consumer_count = 1,
		.message_bytes_max = bytes_max,
		.sizes = sizes,
		.slot_count = 2,
	};

	for (size_t i = 0; i < CANDIDATE_COUNT; i++) {
		if (candidates[i] <= bytes_max &&
		    (candidates[i] > 0 || check_has(check, IPC_CAP_EMPTY)))
			sizes[traffic.sizes_count++] = candidates[i];
	}
	traffic.message_count = rounds * traffic.sizes_count;
	traffic_run(check, &traffic);
}

static void every_size_keeps_its_boundaries(struct check *check)
{
	uint64_t rounds = check_count(check, "rounds of sizes", 2, 1000);
	size_t largest = channel_largest(check, 2, SIZE_MAX);

	move_sizes(check, largest, rounds);
	move_sizes(check, LIMIT_BYTES, rounds);
}

static void a_message_over_the_limit_is_refused_and_nothing_is_sent(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, LIMIT_BYTES, 4);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);
	struct ipc_endpoint *consumer = end_open(check, channel, IPC_CONSUMER);
	const char data[LIMIT_BYTES + 1] = {0};
	int ret;

	ret = call_send(producer, data, sizeof(data), patience(check), 0);
	CHECK_THAT(ret == -EMSGSIZE, NULL, "send of the limit + 1: %s, not -EMSGSIZE",
	           report_result(ret));
	message_none(check, consumer, NULL);
	message_send(check, producer, 0, 0, LIMIT_BYTES);
	message_receive(check, consumer, 0, 0, LIMIT_BYTES);
	message_none(check, consumer, NULL);
}

static void a_buffer_under_the_limit_is_refused_and_nothing_is_taken(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, LIMIT_BYTES, 4);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);
	struct ipc_endpoint *consumer = end_open(check, channel, IPC_CONSUMER);
	char data[LIMIT_BYTES - 1];
	ssize_t ret;

	message_send(check, producer, 0, 0, HEADER_BYTES);
	ret = call_recv(consumer, data, sizeof(data), patience(check));
	CHECK_THAT(ret == -EMSGSIZE, NULL, "recv into the limit - 1: %s, not -EMSGSIZE",
	           report_result(ret));
	message_receive(check, consumer, 0, 0, HEADER_BYTES);
}

static void a_sent_message_is_the_channels_own(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, LIMIT_BYTES, 4);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);
	struct ipc_endpoint *consumer = end_open(check, channel, IPC_CONSUMER);
	const char wanted[] = "as it was when send returned";
	char data[LIMIT_BYTES] = "as it was when send returned";
	ssize_t ret;

	ret = call_send(producer, data, sizeof(wanted), patience(check), 0);
	CHECK_THAT(ret == 0, NULL, "send: %s", report_result(ret));
	CHECK_THAT(memcmp(data, wanted, sizeof(wanted)) == 0, NULL,
	           "send changed its caller's bytes");
	memset(data, 'x', sizeof(data));
	ret = call_recv(consumer, data, sizeof(data), patience(check));
	CHECK_THAT(ret == sizeof(wanted), "C05", "recv: %s, not %zu", report_result(ret),
	           sizeof(wanted));
	CHECK_THAT(memcmp(data, wanted, sizeof(wanted)) == 0, NULL,
	           "bytes that were changed after send changed the message");
}

static void an_empty_message_is_a_message(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, LIMIT_BYTES, 4);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);
	struct ipc_endpoint *consumer = end_open(check, channel, IPC_CONSUMER);

	for (uint64_t i = 0; i < 6; i++) {
		size_t bytes = i % 2 == 0 ? 0 : HEADER_BYTES;

		message_send(check, producer, 0, i, bytes);
		message_receive(check, consumer, 0, i, bytes);
		message_none(check, consumer, NULL);
	}
}

static void send_an_empty_one_and_exit(struct peer *peer)
{
	struct ipc_endpoint *producer = end_open(peer->check, peer->argument, IPC_PRODUCER);

	message_send(peer->check, producer, 0, 0, 0);
	end_close(peer->check, producer);
}

static void an_empty_message_differs_from_hang_up(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, LIMIT_BYTES, 4);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *consumer;
	char data[LIMIT_BYTES];
	ssize_t ret;

	peer_start(check, send_an_empty_one_and_exit, channel);
	consumer = end_open(check, channel, IPC_CONSUMER);
	peers_await(check);
	message_receive(check, consumer, 0, 0, 0);
	ret = call_recv(consumer, data, sizeof(data), patience(check));
	CHECK_THAT(ret == -EPIPE, "C18", "recv after the producer's exit: %s, not -EPIPE",
	           report_result(ret));
}

static void an_unpromised_empty_message_is_refused(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, LIMIT_BYTES, 4);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);
	struct ipc_endpoint *consumer = end_open(check, channel, IPC_CONSUMER);
	int ret;

	ret = call_send(producer, "", 0, patience(check), 0);
	CHECK_THAT(ret == -EINVAL, NULL, "send of no bytes: %s, not -EINVAL", report_result(ret));
	message_none(check, consumer, NULL);
}

const struct check_case conformance_delivery[] = {
	{
		.name = "every_message_arrives_once_whole_and_in_order",
		.clauses = "C01 C02 C03 C04",
		.runs = EACH_WAIT | EACH_MODEL | ALONE_TOO,
		.run = every_message_arrives_once_whole_and_in_order,
	},
	{
		.name = "a_sent_message_is_the_channels_own",
		.clauses = "C01",
		.runs = ALONE,
		.run = a_sent_message_is_the_channels_own,
	},
	{
		.name = "every_size_keeps_its_boundaries",
		.clauses = "C05",
		.runs = EACH_WAIT | EACH_MODEL | ALONE_TOO,
		.run = every_size_keeps_its_boundaries,
	},
	{
		.name = "a_message_over_the_limit_is_refused_and_nothing_is_sent",
		.clauses = "C05",
		.runs = EACH_WAIT | ALONE,
		.run = a_message_over_the_limit_is_refused_and_nothing_is_sent,
	},
	{
		.name = "a_buffer_under_the_limit_is_refused_and_nothing_is_taken",
		.clauses = "C05",
		.runs = EACH_WAIT | ALONE,
		.run = a_buffer_under_the_limit_is_refused_and_nothing_is_taken,
	},
	{
		.name = "an_empty_message_is_a_message",
		.clauses = "C06",
		.needs = IPC_CAP_EMPTY,
		.runs = EACH_WAIT | ALONE,
		.run = an_empty_message_is_a_message,
	},
	{
		.name = "an_empty_message_differs_from_hang_up",
		.clauses = "C06",
		.needs = IPC_CAP_EMPTY | IPC_CAP_HANGUP,
		.runs = EACH_WAIT | IN_PROCESSES,
		.run = an_empty_message_differs_from_hang_up,
	},
	{
		.name = "an_unpromised_empty_message_is_refused",
		.clauses = "C06",
		.lacks = IPC_CAP_EMPTY,
		.runs = ALONE,
		.run = an_unpromised_empty_message_is_refused,
	},
	{0},
};
