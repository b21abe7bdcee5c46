/* SPDX-License-Identifier: MIT */
/* suites/check/conformance/priority.c - C09: strict between classes, first in first out inside. */
#include "suites/check/conformance.h"

#include <string.h>

#include "workloads/payload.h"

#define MESSAGE_BYTES 64
/* Ten fit a POSIX message queue at its default limit. */
#define MESSAGE_COUNT 8

static void send_class(struct check *check, struct ipc_endpoint *producer, uint64_t sequence,
                       unsigned level)
{
	const struct payload due = {.seed = check_seed(check), .sequence = sequence};
	unsigned char data[MESSAGE_BYTES];
	int ret;

	payload_fill(data, sizeof(data), &due);
	ret = call_send(producer, data, sizeof(data), patience(check), IPC_PRIORITY(level));
	CHECK_THAT(ret == 0, NULL, "send in class %u: %s", level, report_result(ret));
}

/* Returns the index of the message that is due: the oldest of the highest class. */
static size_t due_index(const unsigned levels[MESSAGE_COUNT], const bool is_taken[MESSAGE_COUNT])
{
	size_t due = MESSAGE_COUNT;

	for (size_t i = 0; i < MESSAGE_COUNT; i++) {
		if (!is_taken[i] && (due == MESSAGE_COUNT || levels[i] > levels[due]))
			due = i;
	}
	return due;
}

static void higher_classes_come_first_and_each_in_order(struct check *check)
{
	const struct ipc_channel_options options =
		check_options(check, MESSAGE_BYTES, MESSAGE_COUNT);
	uint64_t rounds = check_count(check, "rounds", 50, 10000);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);
	struct ipc_endpoint *consumer = end_open(check, channel, IPC_CONSUMER);

	for (uint64_t round = 0; round < rounds; round++) {
		unsigned levels[MESSAGE_COUNT];
		bool is_taken[MESSAGE_COUNT] = {false};

		for (size_t i = 0; i < MESSAGE_COUNT; i++) {
			static const unsigned few[] = {0, 1, 16, IPC_PRIORITY_MAX};

			levels[i] = few[check_random(check) % 4];
			send_class(check, producer, round * MESSAGE_COUNT + i, levels[i]);
		}
		for (size_t i = 0; i < MESSAGE_COUNT; i++) {
			struct payload due = {.seed = check_seed(check)};
			size_t index = due_index(levels, is_taken);
			unsigned char data[MESSAGE_BYTES];
			ssize_t ret = call_recv(consumer, data, sizeof(data), patience(check));

			due.sequence = round * MESSAGE_COUNT + index;
			CHECK_THAT(ret == MESSAGE_BYTES, "C05", "recv: %s", report_result(ret));
			CHECK_THAT(payload_check(data, (size_t)ret, MESSAGE_BYTES, &due) ==
			                   PAYLOAD_GOOD,
			           NULL, "message %zu of round %llu, class %u, was due", index,
			           (unsigned long long)round, levels[index]);
			is_taken[index] = true;
		}
	}
}

const struct check_case conformance_priority[] = {
	{
		.name = "higher_classes_come_first_and_each_in_order",
		.clauses = "C09",
		.needs = IPC_CAP_PRIORITY,
		.runs = EACH_WAIT | ALONE,
		.run = higher_classes_come_first_and_each_in_order,
	},
	{0},
};
