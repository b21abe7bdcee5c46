/* SPDX-License-Identifier: MIT */
/* suites/check/conformance/concurrency.c - C31, C33: many producers, many consumers. */
#include "suites/check/conformance.h"
#include "suites/check/traffic.h"

#define BYTES_MIN 32
#define BYTES_MAX 256
#define SLOT_COUNT 8

/* Moves traffic in one shape with 2, 4 and, under --full, 8 and 16 peers on its many sides. */
static void move_in_shape(struct check *check, bool has_many_producers, bool has_many_consumers)
{
	uint64_t count = check_count(check, "messages of each producer", 100, 100000);
	uint32_t many_max = (uint32_t)check_count(check, "peers a side", 4, 16);

	traffic_control(check);
	for (uint32_t many = 2; many <= many_max || many == 2; many *= 2) {
		const struct traffic traffic = {
			.clause = "C31",
			.producer_count = has_many_producers ? many : 1,
			.consumer_count = has_many_consumers ? many : 1,
			.message_count = count,
			.bytes_min = BYTES_MIN,
			.bytes_max = BYTES_MAX,
			.slot_count = SLOT_COUNT,
		};

		traffic_run(check, &traffic);
	}
}

static void many_producers_lose_and_repeat_nothing(struct check *check)
{
	move_in_shape(check, true, false);
}

static void many_consumers_share_all_messages(struct check *check)
{
	move_in_shape(check, false, true);
}

static void many_producers_and_consumers_lose_and_repeat_nothing(struct check *check)
{
	move_in_shape(check, true, true);
}

static void every_consumer_gets_every_broadcast_message(struct check *check)
{
	move_in_shape(check, false, true);
}

/* All shapes at once, for a build whose sanitizer then reports. */
static void sanitizers_find_nothing(struct check *check)
{
	if (!IS_THREAD_SANITIZED && !IS_ADDRESS_SANITIZED)
		report_skip("this build has no sanitizer; use cmake --workflow --preset tsan "
		            "and asan");
	if (check_has(check, IPC_CAP_MULTI_PRODUCER))
		move_in_shape(check, true, false);
	if (check_has(check, IPC_CAP_MULTI_CONSUMER))
		move_in_shape(check, check_has(check, IPC_CAP_MULTI_PRODUCER), true);
	move_in_shape(check, false, false);
}

const struct check_case conformance_concurrency[] = {
	{
		.name = "many_producers_lose_and_repeat_nothing",
		.clauses = "C31",
		.needs = IPC_CAP_MULTI_PRODUCER,
		.runs = EACH_WAIT | EACH_MODEL,
		.run = many_producers_lose_and_repeat_nothing,
	},
	{
		.name = "many_consumers_share_all_messages",
		.clauses = "C31",
		.needs = IPC_CAP_MULTI_CONSUMER,
		.runs = EACH_WAIT | EACH_MODEL,
		.run = many_consumers_share_all_messages,
	},
	{
		.name = "many_producers_and_consumers_lose_and_repeat_nothing",
		.clauses = "C31",
		.needs = IPC_CAP_MULTI_PRODUCER | IPC_CAP_MULTI_CONSUMER,
		.runs = EACH_WAIT | EACH_MODEL,
		.run = many_producers_and_consumers_lose_and_repeat_nothing,
	},
	{
		.name = "every_consumer_gets_every_broadcast_message",
		.clauses = "C31",
		.needs = IPC_CAP_BROADCAST,
		.runs = EACH_WAIT | EACH_MODEL,
		.run = every_consumer_gets_every_broadcast_message,
	},
	{
		.name = "sanitizers_find_nothing",
		.clauses = "C33",
		.runs = IS_THREAD_SANITIZED || IS_ADDRESS_SANITIZED
                                ? EACH_WAIT | EACH_MODEL | ALONE_TOO
                                : ALONE_TOO,
		.run = sanitizers_find_nothing,
	},
	{0},
};
