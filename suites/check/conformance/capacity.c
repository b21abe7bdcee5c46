/* SPDX-License-Identifier: MIT */
/* suites/check/conformance/capacity.c - C07, C08, C29: full channels, and counters that wrap. */
#include "suites/check/conformance.h"
#include "suites/check/traffic.h"

#include <stdio.h>
#include <unistd.h>

#define MESSAGE_BYTES 64
/* About 100 times what passing a message takes. */
#define SLOW_NS (200 * NS_PER_US)
/* What mechanisms hold beyond the slots asked for: socket buffers, above all. */
#define CAPACITY_SLACK_BYTES ((size_t)8 << 20)

static void messages_arrive_once_at_small_capacities_with_a_slow_consumer(struct check *check)
{
	uint64_t extra = check_count(check, "messages beyond capacity", 16, 10000);
	size_t largest = channel_largest(check, 1, 8192);

	traffic_control(check);
	for (size_t slot_count = 1; slot_count <= 8; slot_count++) {
		const struct traffic traffic = {
			.clause = "C07",
			.producer_count = 1,
			.consumer_count = 1,
			.message_count = slot_count + extra,
			.bytes_min = largest / 2,
			.bytes_max = largest,
			.slot_count = slot_count,
			.consumer_pause_ns = SLOW_NS,
		};

		traffic_run(check, &traffic);
	}
}

static void a_full_channel_takes_more_after_a_receive(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 4);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);
	struct ipc_endpoint *consumer = end_open(check, channel, IPC_CONSUMER);
	uint64_t sequence = 0;

	for (int round = 0; round < 3; round++) {
		uint64_t taken = message_fill(check, producer, 0, sequence, MESSAGE_BYTES);

		CHECK_THAT(taken > 0, NULL, "an empty channel took nothing");
		message_drain(check, producer, consumer, sequence, taken, MESSAGE_BYTES);
		sequence += taken;
	}
}

/* Returns this process's resident bytes, without pages shared with others. */
static size_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	size_t resident = 0;
	size_t shared = 0;

	CHECK_SETUP(file, "/proc/self/statm: %s", report_result(-errno));
	if (fscanf(file, "%*u %zu %zu", &resident, &shared) != 2)
		resident = 0;
	fclose(file);
	CHECK_SETUP(resident > 0, "/proc/self/statm can't be read");
	return (resident - shared) * (size_t)sysconf(_SC_PAGESIZE);
}

static void a_channel_keeps_within_its_capacity(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, 8);
	struct ipc_channel *channel = channel_make(check, &options);
	struct ipc_endpoint *producer = end_open(check, channel, IPC_PRODUCER);
	size_t before = resident_bytes();
	uint64_t taken = message_fill(check, producer, 0, 0, MESSAGE_BYTES);
	size_t after = resident_bytes();

	CHECK_THAT(taken * MESSAGE_BYTES <= CAPACITY_SLACK_BYTES, NULL,
	           "8 slots of %d bytes took %llu messages", MESSAGE_BYTES,
	           (unsigned long long)taken);
	/* A sanitizer keeps what was freed. */
	if (!IS_ADDRESS_SANITIZED && !IS_THREAD_SANITIZED)
		CHECK_THAT(after <= before + CAPACITY_SLACK_BYTES, NULL,
		           "filling 8 slots of %d bytes took %zu bytes of memory", MESSAGE_BYTES,
		           after - before);
}

static void counters_wrap_without_harm(struct check *check)
{
	static const uint64_t starts[] = {
		0, UINT32_MAX / 2 - 4, UINT32_MAX - 4, UINT64_MAX / 2 - 4, UINT64_MAX - 4,
	};
	const unsigned power_max = (unsigned)check_count(check, "as power of 2 of slots", 3, 10);

	traffic_control(check);
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		for (unsigned power = 1; power <= power_max; power++) {
			const struct traffic traffic = {
				.clause = "C08",
				.producer_count = 1,
				.consumer_count = 1,
				/* 3 x 2^k laps of 2^k slots. */
				.message_count = 3u << power << power,
				.bytes_min = MESSAGE_BYTES,
				.bytes_max = MESSAGE_BYTES,
				.slot_count = (size_t)1 << power,
				.position_start = starts[i],
			};

			traffic_run(check, &traffic);
		}
	}
}

const struct check_case conformance_capacity[] = {
	{
		.name = "messages_arrive_once_at_small_capacities_with_a_slow_consumer",
		.clauses = "C07",
		.runs = EACH_WAIT | ALONE_TOO,
		.run = messages_arrive_once_at_small_capacities_with_a_slow_consumer,
	},
	{
		.name = "a_full_channel_takes_more_after_a_receive",
		.clauses = "C07",
		.runs = EACH_WAIT | ALONE,
		.run = a_full_channel_takes_more_after_a_receive,
	},
	{
		.name = "counters_wrap_without_harm",
		.clauses = "C08",
		.runs = EACH_WAIT | ALONE_TOO,
		.run = counters_wrap_without_harm,
	},
	{
		.name = "a_channel_keeps_within_its_capacity",
		.clauses = "C29",
		.runs = ALONE,
		.run = a_channel_keeps_within_its_capacity,
	},
	{0},
};
