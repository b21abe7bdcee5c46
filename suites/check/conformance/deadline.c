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
	struct check *check;
	uint64_t sent;
	struct ipc_endpoint *producer;
	struct ipc_endpoint *consumer;
};

static struct pair pair_make(struct check *check)
{
	const struct ipc_channel_options options = check_options(check, MESSAGE_BYTES, SLOT_COUNT);
	struct ipc_channel *channel = channel_make(check, &options);

	return (struct pair){
		.check = check,
		.producer = end_open(check, channel, IPC_PRODUCER),
		.consumer = end_open(check, channel, IPC_CONSUMER),
	};
}

/* Receives from an empty channel, until length_ns from now; 0 is a deadline of 0. */
static ssize_t recv_for(struct pair *pair, uint64_t length_ns)
{
	char data[MESSAGE_BYTES];

	return call_recv(pair->consumer, data, sizeof(data),
	                 length_ns == 0 ? 0 : from_now(length_ns));
}

static ssize_t send_for(struct pair *pair, uint64_t length_ns)
{
	return message_offer_full(pair->check, pair->producer, &pair->sent, MESSAGE_BYTES,
	                          length_ns);
}

static int compare_ns(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* Calls with a deadline of 0, where that would have to wait. */
static void never_block(struct check *check, struct pair *pair, const char *name,
                        ssize_t (*call)(struct pair *pair, uint64_t length_ns))
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

	never_block(check, &pair, "recv", recv_for);
	message_send(check, pair.producer, 0, 0, MESSAGE_BYTES);
	message_receive(check, pair.consumer, 0, 0, MESSAGE_BYTES);
}

static void send_with_a_deadline_of_0_never_blocks(struct check *check)
{
	struct pair pair = pair_make(check);

	pair.sent = message_fill(check, pair.producer, 0, 0, MESSAGE_BYTES);
	never_block(check, &pair, "send", send_for);
	message_drain(check, pair.producer, pair.consumer, 0, pair.sent, MESSAGE_BYTES);
}

/* Calls with deadlines of each length, where each will pass. */
static void never_early(struct check *check, struct pair *pair, const char *name,
                        ssize_t (*call)(struct pair *pair, uint64_t length_ns))
{
	static const struct {
		uint64_t length_ns;
		const char *what;
		uint64_t quick;
	} lengths[] = {
		{1, "deadlines of now", 10},     {NS_PER_MS, "of 1 ms", 5},
		{10 * NS_PER_MS, "of 10 ms", 2}, {100 * NS_PER_MS, "of 100 ms", 1},
		{NS_PER_S, "of 1 s", 0},
	};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		uint64_t count = check_count(check, lengths[i].what, lengths[i].quick, 1000);

		for (uint64_t n = 0; n < count; n++) {
			uint64_t start_ns = clock_now_ns();
			ssize_t ret = call(pair, lengths[i].length_ns);
			uint64_t lasted_ns = clock_now_ns() - start_ns;

			CHECK_THAT(ret == -ETIMEDOUT, NULL, "%s: %s, not -ETIMEDOUT", name,
			           report_result(ret));
			CHECK_THAT(!check_is_full(check) ||
			                   lasted_ns <= lengths[i].length_ns + LATE_NS_MAX,
			           NULL, "%s returned %llu ns after its deadline", name,
			           (unsigned long long)(lasted_ns - lengths[i].length_ns));
		}
	}
}

static void recv_returns_at_its_deadline_and_never_early(struct check *check)
{
	struct pair pair = pair_make(check);

	never_early(check, &pair, "recv", recv_for);
	message_send(check, pair.producer, 0, 0, MESSAGE_BYTES);
	message_receive(check, pair.consumer, 0, 0, MESSAGE_BYTES);
}

static void send_returns_at_its_deadline_and_never_early(struct check *check)
{
	struct pair pair = pair_make(check);

	pair.sent = message_fill(check, pair.producer, 0, 0, MESSAGE_BYTES);
	never_early(check, &pair, "send", send_for);
	message_drain(check, pair.producer, pair.consumer, 0, pair.sent, MESSAGE_BYTES);
}

static void a_deadline_long_past_ends_a_call_at_once(struct check *check)
{
	struct pair pair = pair_make(check);
	char data[MESSAGE_BYTES];
	ssize_t ret;

	ret = call_recv(pair.consumer, data, sizeof(data), 1);
	CHECK_THAT(ret == -ETIMEDOUT, NULL, "recv: %s, not -ETIMEDOUT", report_result(ret));
	pair.sent = message_fill(check, pair.producer, 0, 0, MESSAGE_BYTES);
	do
		ret = message_offer(check, pair.producer, 0, pair.sent++, MESSAGE_BYTES, 1);
	while (ret == 0);
	CHECK_THAT(ret == -ETIMEDOUT, NULL, "send: %s, not -ETIMEDOUT", report_result(ret));
}

static void an_endpoints_own_deadline_ends_its_calls(struct check *check)
{
	struct pair pair = pair_make(check);
	char data[MESSAGE_BYTES];
	ssize_t ret;

	pair.consumer->deadline_ns = from_now(10 * NS_PER_MS);
	ret = call_recv(pair.consumer, data, sizeof(data), IPC_DEADLINE_PEER);
	CHECK_THAT(ret == -ETIMEDOUT, NULL, "recv: %s, not -ETIMEDOUT", report_result(ret));
	pair.sent = message_fill(check, pair.producer, 0, 0, MESSAGE_BYTES);
	pair.producer->deadline_ns = from_now(10 * NS_PER_MS);
	do
		ret = message_offer(check, pair.producer, 0, pair.sent++, MESSAGE_BYTES,
		                    IPC_DEADLINE_PEER);
	while (ret == 0);
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
		.name = "a_deadline_long_past_ends_a_call_at_once",
		.clauses = "C12",
		.runs = EACH_WAIT | ALONE,
		.run = a_deadline_long_past_ends_a_call_at_once,
	},
	{
		.name = "an_endpoints_own_deadline_ends_its_calls",
		.clauses = "C12",
		.runs = EACH_WAIT | ALONE,
		.run = an_endpoints_own_deadline_ends_its_calls,
	},
	{0},
};
