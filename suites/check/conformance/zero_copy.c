/* SPDX-License-Identifier: MIT */
/* suites/check/conformance/zero_copy.c - C10 for lent memory: claim, commit, abort; peek, release.
 */
#include "suites/check/conformance.h"

#include <stdalign.h>
#include <string.h>

#include "workloads/payload.h"

#define MESSAGE_BYTES 64
#define SLOT_COUNT 4

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

static void *claim(struct check *check, struct pair *pair)
{
	void *room = NULL;
	int ret = check_transport(check)->claim(pair->producer, &room, MESSAGE_BYTES,
	                                        patience(check));

	CHECK_THAT(ret == 0 && room, NULL, "claim: %s", report_result(ret));
	CHECK_THAT((uintptr_t)room % alignof(max_align_t) == 0, "transport.h",
	           "claim lent %p, which is not aligned for any type", room);
	return room;
}

static void fill(struct check *check, void *room, uint64_t sequence)
{
	const struct payload due = {.seed = check_seed(check), .sequence = sequence};

	payload_fill(room, MESSAGE_BYTES, &due);
}

/* Peeks at the message that is due, and releases it. */
static void take(struct check *check, struct pair *pair, uint64_t sequence)
{
	const struct payload due = {.seed = check_seed(check), .sequence = sequence};
	const void *lent = NULL;
	ssize_t ret = check_transport(check)->peek(pair->consumer, &lent, patience(check));

	CHECK_THAT(ret >= 0 && lent, NULL, "peek: %s", report_result(ret));
	CHECK_THAT(payload_check(lent, (size_t)ret, MESSAGE_BYTES, &due) == PAYLOAD_GOOD, "C01",
	           "peek lent %zd bytes that are not message %llu", ret,
	           (unsigned long long)sequence);
	check_transport(check)->release(pair->consumer);
}

static void a_claimed_message_is_invisible_until_commit(struct check *check)
{
	struct pair pair = pair_make(check);

	for (uint64_t i = 0; i < 3 * SLOT_COUNT; i++) {
		void *room = claim(check, &pair);

		message_none(check, pair.consumer, "C10");
		fill(check, room, i);
		message_none(check, pair.consumer, "C10");
		check_transport(check)->commit(pair.producer, 0);
		message_receive(check, pair.consumer, 0, i, MESSAGE_BYTES);
	}
}

static void an_aborted_claim_leaves_nothing(struct check *check)
{
	struct pair pair = pair_make(check);

	for (uint64_t i = 0; i < 3 * SLOT_COUNT; i++) {
		fill(check, claim(check, &pair), 1000 + i);
		check_transport(check)->abort(pair.producer);
		message_none(check, pair.consumer, "C10");
		message_send(check, pair.producer, 0, i, MESSAGE_BYTES);
		message_receive(check, pair.consumer, 0, i, MESSAGE_BYTES);
	}
}

static void a_peeked_message_is_taken_by_release(struct check *check)
{
	struct pair pair = pair_make(check);

	for (uint64_t i = 0; i < 3 * SLOT_COUNT; i++) {
		message_send(check, pair.producer, 0, i, MESSAGE_BYTES);
		take(check, &pair, i);
		message_none(check, pair.consumer, "C10");
	}
}

static void lent_messages_arrive_once_and_in_order(struct check *check)
{
	uint64_t count = check_count(check, "messages", 1000, 1000000);
	struct pair pair = pair_make(check);

	for (uint64_t i = 0; i < count; i++) {
		fill(check, claim(check, &pair), i);
		check_transport(check)->commit(pair.producer, 0);
		take(check, &pair, i);
	}
	message_none(check, pair.consumer, "C10");
}

static void claim_and_peek_fail_as_send_and_recv_do(struct check *check)
{
	const struct ipc_transport *transport = check_transport(check);
	struct pair pair = pair_make(check);
	const void *lent = NULL;
	void *room = NULL;
	uint64_t deadline_ns;
	ssize_t ret;

	ret = transport->claim(pair.producer, &room, MESSAGE_BYTES + 1, patience(check));
	CHECK_THAT(ret == -EMSGSIZE, NULL, "claim of the limit + 1: %s", report_result(ret));
	deadline_ns = from_now(NS_PER_MS);
	ret = transport->peek(pair.consumer, &lent, deadline_ns);
	CHECK_THAT(ret == -ETIMEDOUT, NULL, "peek at nothing: %s", report_result(ret));
	CHECK_THAT(clock_now_ns() >= deadline_ns, "C12", "peek returned before its deadline");
	message_fill(check, pair.producer, 0, 0, MESSAGE_BYTES);
	deadline_ns = from_now(NS_PER_MS);
	ret = transport->claim(pair.producer, &room, MESSAGE_BYTES, deadline_ns);
	CHECK_THAT(ret == -ETIMEDOUT, NULL, "claim on a full channel: %s", report_result(ret));
	CHECK_THAT(clock_now_ns() >= deadline_ns, "C12", "claim returned before its deadline");
	if (!check_has(check, IPC_CAP_NOWAIT))
		return;
	ret = transport->claim(pair.producer, &room, MESSAGE_BYTES, 0);
	CHECK_THAT(ret == -EAGAIN, "C11", "claim with a deadline of 0: %s", report_result(ret));
}

#define ZERO_COPY_CASE(case_name)                                                                  \
	{                                                                                          \
		.name = #case_name, .clauses = "C10", .needs = IPC_CAP_ZERO_COPY,                  \
		.runs = EACH_WAIT | ALONE, .run = case_name,                                       \
	}

const struct check_case conformance_zero_copy[] = {
	ZERO_COPY_CASE(a_claimed_message_is_invisible_until_commit),
	ZERO_COPY_CASE(an_aborted_claim_leaves_nothing),
	ZERO_COPY_CASE(a_peeked_message_is_taken_by_release),
	ZERO_COPY_CASE(lent_messages_arrive_once_and_in_order),
	ZERO_COPY_CASE(claim_and_peek_fail_as_send_and_recv_do),
	{0},
};
