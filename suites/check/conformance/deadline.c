/* SPDX-License-Identifier: MIT */
/*
 * suites/check/conformance/deadline.c - C11, C12: a call returns at its deadline, never early.
 *
 * An early return fails in call_send() and call_recv(), a late one by the
 * watchdog; upper bounds are judged on a quiet machine only, by --full.
 */
#include "suites/check/conformance.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES 64
#define SLOT_COUNT 4
#define LATE_NS_MAX (50 * NS_PER_MS)
#define NOWAIT_NS_MAX NS_PER_MS

/* Both ends of a channel, in one thread. */
struct pair {
	struct ipc_endpoint *producer;
	struct ipc_endpoint *consumer;
};

static struct pair pair_make(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, SLOT_COUNT);
	struct ipc_channel *channel = channel_make(check, &options);

	return (struct pair){
		.producer = end_open(check, channel, IPC_PRODUCER),
		.consumer = end_open(check, channel, IPC_CONSUMER),
	};
}

static ssize_t recv_until(struct pair *pair, uint64_t deadline_ns)
{
	char data[MESSAGE_BYTES];

	return call_recv(pair->consumer, data, sizeof(data), deadline_ns);
}

static ssize_t send_until(struct pair *pair, uint64_t deadline_ns)
{
	const char data[MESSAGE_BYTES] = {0};

	return call_send(pair->producer, data, sizeof(data), deadline_ns, 0);
}

static int compare_ns(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* Calls with a deadline of 0, where that would have to wait. */
static void never_block(struct check *check, struct pair *pair, const char *name,
                        ssize_t (*call)(struct pair *pair, uint64_t deadline_ns))
{
	uint64_t count = check_count(check, "calls", 100, 10000);
	uint64_t *lasted_ns = calloc(count, sizeof(*lasted_ns));

	CHECK_SETUP(lasted_ns, "no memory");
	for (uint64_t i = 0; i < count; i++) {
		uint64_t start_ns = clock_now_ns();
		ssize_t ret = call(pair, 0);

		lasted_ns[i] = clock_now_ns() - start_ns;
		CHECK_THAT(ret == -EAGAIN, NULL, "%s with a deadline of 0: %s, not -EAGAIN", name,
		           report_result(ret));
	}
	qsort(lasted_ns, count, sizeof(*lasted_ns), compare_ns);
	CHECK_THAT(!check_is_full(check) || lasted_ns[count * 999 / 1000] <= NOWAIT_NS_MAX, NULL,
	           "%s with a deadline of 0 took %llu ns at p99.9", name,
	           (unsigned long long)lasted_ns[count * 999 / 1000]);
	free(lasted_ns);
}

static void recv_with_a_deadline_of_0_never_blocks(struct check *check)
{
	struct pair pair = pair_make(check);

	never_block(check, &pair, "recv", recv_until);
	message_send(check, pair.producer, 0, 0, MESSAGE_BYTES);
	message_receive(check, pair.consumer, 0, 0, MESSAGE_BYTES);
}

static void send_with_a_deadline_of_0_never_blocks(struct check *check)
{
	struct pair pair = pair_make(check);
	uint64_t taken = message_fill(check, pair.producer, 0, 0, MESSAGE_BYTES);

	never_block(check, &pair, "send", send_until);
	for (uint64_t i = 0; i < taken; i++)
		message_receive(check, pair.consumer, 0, i, MESSAGE_BYTES);
	message_none(check, pair.consumer);
}

/* Calls with deadlines of each length, where each will pass. */
static void never_early(struct check *check, struct pair *pair, const char *name,
                        ssize_t (*call)(struct pair *pair, uint64_t deadline_ns))
{
	static const struct {
		uint64_t length_ns;
		const char *what;
		uint64_t quick;
	} lengths[] = {
		{0, "deadlines of now", 10},     {NS_PER_MS, "of 1 ms", 5},
		{10 * NS_PER_MS, "of 10 ms", 2}, {100 * NS_PER_MS, "of 100 ms", 1},
		{NS_PER_S, "of 1 s", 0},
	};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint64_t count = check_count(check, lengths[i].what, lengths[i].quick, 1000);

		for (uint64_t n = 0; n < count; n++) {
			uint64_t deadline_ns = from_now(lengths[i].length_ns);
			ssize_t ret = call(pair, deadline_ns);
			uint64_t late_ns = clock_now_ns() - deadline_ns;

			CHECK_THAT(ret == -ETIMEDOUT, NULL, "%s: %s, not -ETIMEDOUT", name,
			           report_result(ret));
			CHECK_THAT(!check_is_full(check) || late_ns <= LATE_NS_MAX, NULL,
			           "%s returned %llu ns after its deadline", name,
			           (unsigned long long)late_ns);
		}
	}
	/* Long ago is no reason to wait, either. */
	CHECK_THAT(call(pair, 1) == -ETIMEDOUT, NULL,
	           "%s with a deadline long past did not time out", name);
}

static void recv_returns_at_its_deadline_and_never_early(struct check *check)
{
	struct pair pair = pair_make(check);

	never_early(check, &pair, "recv", recv_until);
	message_send(check, pair.producer, 0, 0, MESSAGE_BYTES);
	message_receive(check, pair.consumer, 0, 0, MESSAGE_BYTES);
}

static void send_returns_at_its_deadline_and_never_early(struct check *check)
{
	struct pair pair = pair_make(check);
	uint64_t taken = message_fill(check, pair.producer, 0, 0, MESSAGE_BYTES);

	never_early(check, &pair, "send", send_until);
	for (uint64_t i = 0; i < taken; i++)
		message_receive(check, pair.consumer, 0, i, MESSAGE_BYTES);
	message_none(check, pair.consumer);
}

static void an_endpoints_own_deadline_ends_its_calls(struct check *check)
{
	struct pair pair = pair_make(check);
	ssize_t ret;

	pair.consumer->deadline_ns = from_now(10 * NS_PER_MS);
	ret = recv_until(&pair, IPC_DEADLINE_PEER);
	CHECK_THAT(ret == -ETIMEDOUT, NULL, "recv: %s, not -ETIMEDOUT", report_result(ret));
	message_fill(check, pair.producer, 0, 0, MESSAGE_BYTES);
	pair.producer->deadline_ns = from_now(10 * NS_PER_MS);
	ret = send_until(&pair, IPC_DEADLINE_PEER);
	CHECK_THAT(ret == -ETIMEDOUT, NULL, "send: %s, not -ETIMEDOUT", report_result(ret));
}

const struct check_case conformance_deadline[] = {
	{
		.name = "recv_with_a_deadline_of_0_never_blocks",
		.clauses = "C11",
		.needs = IPC_CAP_NOWAIT,
		.runs = EACH_WAIT | ALONE,
		.run = recv_with_a_deadline_of_0_never_blocks,
	},
	{
		.name = "send_with_a_deadline_of_0_never_blocks",
		.clauses = "C11",
		.needs = IPC_CAP_NOWAIT,
		.runs = EACH_WAIT | ALONE,
		.run = send_with_a_deadline_of_0_never_blocks,
	},
	{
		.name = "recv_returns_at_its_deadline_and_never_early",
		.clauses = "C12",
		.runs = EACH_WAIT | ALONE,
		.run = recv_returns_at_its_deadline_and_never_early,
	},
	{
		.name = "send_returns_at_its_deadline_and_never_early",
		.clauses = "C12",
		.runs = EACH_WAIT | ALONE,
		.run = send_returns_at_its_deadline_and_never_early,
	},
	{
		.name = "an_endpoints_own_deadline_ends_its_calls",
		.clauses = "C12",
		.runs = EACH_WAIT | ALONE,
		.run = an_endpoints_own_deadline_ends_its_calls,
	},
	{0},
};
