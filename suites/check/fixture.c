/* SPDX-License-Identifier: MIT */
/* suites/check/fixture.c - the channels, endpoints and messages of a case. */
#include "suites/check/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "workloads/payload.h"

/* About the cost of one wake-up; a test needs no better. */
#define HYBRID_SPIN_NS (20 * NS_PER_US)
#define WHY_BYTES 256
/* A channel that takes nothing for so long is full. */
#define SETTLED_NS (5 * NS_PER_MS)

struct ipc_channel_options check_options(const struct check *check, size_t message_bytes_max,
                                         size_t slot_count)
{
	return (struct ipc_channel_options){
		.size = sizeof(struct ipc_channel_options),
		.wait = check->wait,
		.message_bytes_max = message_bytes_max,
		.slot_count = slot_count,
		.producer_count = 1,
		.consumer_count = 1,
		.spin_ns = check->wait == IPC_WAIT_HYBRID ? HYBRID_SPIN_NS : 0,
	};
}

/* Only what the case process itself opens is its to clean up. */
static bool is_own(const struct check *check)
{
	return actor_self()->report == &check->board->reports[0];
}

int channel_try(struct check *check, struct ipc_channel **out,
                const struct ipc_channel_options *options)
{
	struct ipc_channel *channel = NULL;
	size_t slot = 0;
	int ret;

	ret = check->transport->channel_create(&channel, options);
	CHECK_THAT(ret <= 0, "transport.h", "channel_create returned %s", report_result(ret));
	CHECK_THAT(ret == 0 || !channel, "transport.h",
	           "channel_create returned %s and set its output", report_result(ret));
	if (ret < 0)
		return ret;
	CHECK_THAT(channel && channel->transport, "transport.h",
	           "channel_create returned 0 and no channel that names its transport");
	while (slot < CHANNELS_MAX && check->channels[slot])
		slot++;
	CHECK_SETUP(slot < CHANNELS_MAX, "more than %d channels", CHANNELS_MAX);
	check->channels[slot] = channel;
	if (options->message_bytes_max > check->message_bytes_max)
		check->message_bytes_max = options->message_bytes_max;
	*out = channel;
	return 0;
}

struct ipc_channel *channel_make(struct check *check, const struct ipc_channel_options *options)
{
	struct ipc_channel *channel = NULL;
	char why[WHY_BYTES] = "no cause given";
	int ret;

	if (check->transport->check) {
		ret = check->transport->check(options, why, sizeof(why));
		if (ret < 0)
			report_skip("%zu slots of %zu bytes: %s", options->slot_count,
			            options->message_bytes_max, why);
	}
	ret = channel_try(check, &channel, options);
	if (ret == -EMFILE || ret == -ENFILE || ret == -ENOSPC || ret == -ENOMEM ||
	    ret == -EMSGSIZE)
		report_skip("channel_create of %zu slots of %zu bytes: %s", options->slot_count,
		            options->message_bytes_max, report_result(ret));
	CHECK_SETUP(ret == 0, "channel_create of %zu slots of %zu bytes: %s", options->slot_count,
	            options->message_bytes_max, report_result(ret));
	return channel;
}

size_t channel_largest(struct check *check, size_t slot_count, size_t bytes_max)
{
	static const size_t sizes[] = {
		1u << 20, 1u << 18, 1u << 17, 70000, 1u << 16, 65535, 1u << 14, 8192,
		8191,     5000,     4096,     2048,  1024,     512,   256,
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct ipc_channel_options options = check_options(check, sizes[i], slot_count);
		struct ipc_channel *channel;
		char why[WHY_BYTES];

		if (sizes[i] > bytes_max)
			continue;
		if (check->transport->check &&
		    check->transport->check(&options, why, sizeof(why)) < 0)
			continue;
		if (channel_try(check, &channel, &options) < 0)
			continue;
		channel_end(check, channel);
		return sizes[i];
	}
	report_skip("no channel of %zu slots can be created", slot_count);
}

void channel_end(struct check *check, struct ipc_channel *channel)
{
	for (size_t i = 0; i < CHANNELS_MAX; i++) {
		if (check->channels[i] == channel)
			check->channels[i] = NULL;
	}
	check->transport->channel_destroy(channel);
}

static void channel_give_up(const struct check *check, struct ipc_channel *channel,
                            enum ipc_role role)
{
	if (check->model == MODEL_PROCESSES && !(check->subject->runs & ALONE) &&
	    !check_has(check, IPC_CAP_ONE_PEER) && check->transport->channel_drop)
		check->transport->channel_drop(channel, role);
}

void channel_leave(struct check *check, struct ipc_channel *channel)
{
	channel_give_up(check, channel, IPC_PRODUCER);
	channel_give_up(check, channel, IPC_CONSUMER);
}

struct ipc_endpoint *end_open(struct check *check, struct ipc_channel *channel, enum ipc_role role)
{
	struct ipc_endpoint *endpoint = NULL;
	size_t slot = 0;
	int ret;

	channel_give_up(check, channel, role == IPC_PRODUCER ? IPC_CONSUMER : IPC_PRODUCER);
	ret = ipc_endpoint_open(&endpoint, channel, role, patience(check));
	CHECK_SETUP(ret == 0, "endpoint_open: %s", report_result(ret));
	if (!is_own(check))
		return endpoint;
	while (slot < ENDPOINTS_MAX && check->endpoints[slot])
		slot++;
	CHECK_SETUP(slot < ENDPOINTS_MAX, "more than %d endpoints", ENDPOINTS_MAX);
	check->endpoints[slot] = endpoint;
	return endpoint;
}

void end_close(struct check *check, struct ipc_endpoint *endpoint)
{
	if (is_own(check)) {
		for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
			if (check->endpoints[i] == endpoint)
				check->endpoints[i] = NULL;
		}
	}
	check->transport->endpoint_close(endpoint);
}

void *shared_memory(struct check *check, size_t bytes)
{
	size_t slot = 0;
	void *memory;

	while (slot < MEMORIES_MAX && check->memories[slot].start)
		slot++;
	CHECK_SETUP(slot < MEMORIES_MAX, "more than %d shared mappings", MEMORIES_MAX);
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK_SETUP(memory != MAP_FAILED, "mmap of %zu bytes: %s", bytes, report_result(-errno));
	check->memories[slot] = (struct memory){memory, bytes};
	return memory;
}

void shared_memory_end(struct check *check, void *memory)
{
	for (size_t i = 0; i < MEMORIES_MAX; i++) {
		if (check->memories[i].start != memory)
			continue;
		munmap(memory, check->memories[i].bytes);
		check->memories[i].start = NULL;
	}
}

bool check_clean_up(struct check *check)
{
	peers_end(check);
	for (size_t i = 0; i < check->peer_count; i++) {
		if (!check->peers[i].is_joined)
			return false;
	}
	for (size_t i = 0; i < ENDPOINTS_MAX; i++) {
		if (!check->endpoints[i])
			continue;
		/* The rest of a message may have nowhere to go. */
		check->endpoints[i]->deadline_ns = 0;
		check->transport->endpoint_close(check->endpoints[i]);
	}
	for (size_t i = 0; i < CHANNELS_MAX; i++) {
		if (check->channels[i])
			check->transport->channel_destroy(check->channels[i]);
	}
	for (size_t i = 0; i < MEMORIES_MAX; i++) {
		if (check->memories[i].start)
			munmap(check->memories[i].start, check->memories[i].bytes);
	}
	return true;
}

/* Tells the watchdog that this actor enters a call. */
static void call_enter(const struct ipc_endpoint *endpoint, enum call call, uint64_t deadline_ns)
{
	struct report *report = actor_self()->report;

	atomic_store(&report->call_start_ns, clock_now_ns());
	atomic_store(&report->call_deadline_ns, ipc_deadline(endpoint, deadline_ns));
	atomic_store(&report->call, call);
}

/* Checks what is promised of every return, whatever the case is about. */
static void call_leave(const struct ipc_endpoint *endpoint, const char *name, ssize_t ret,
                       uint64_t deadline_ns)
{
	uint64_t due_ns = ipc_deadline(endpoint, deadline_ns);
	uint64_t now_ns = clock_now_ns();

	atomic_store(&actor_self()->report->call, CALL_NONE);
	CHECK_THAT(ret != -EINTR, "C16", "%s returned -EINTR", name);
	if (deadline_ns == 0) {
		CHECK_THAT(ret != -ETIMEDOUT, "C11",
		           "%s with a deadline of 0 returned -ETIMEDOUT, not -EAGAIN", name);
		return;
	}
	CHECK_THAT(ret != -EAGAIN, "C12", "%s with a deadline returned -EAGAIN, not -ETIMEDOUT",
	           name);
	CHECK_THAT(ret != -ETIMEDOUT || now_ns >= due_ns, "C12",
	           "%s returned -ETIMEDOUT %lld ns before its deadline", name,
	           (long long)(due_ns - now_ns));
}

int call_send(struct ipc_endpoint *endpoint, const void *data, size_t bytes, uint64_t deadline_ns,
              unsigned flags)
{
	int ret;

	call_enter(endpoint, CALL_SEND, deadline_ns);
	ret = ipc_send(endpoint, data, bytes, deadline_ns, flags);
	call_leave(endpoint, "send", ret, deadline_ns);
	CHECK_THAT(ret <= 0, "transport.h", "send returned %d", ret);
	return ret;
}

ssize_t call_recv(struct ipc_endpoint *endpoint, void *data, size_t bytes_max, uint64_t deadline_ns)
{
	ssize_t ret;

	call_enter(endpoint, CALL_RECV, deadline_ns);
	ret = ipc_recv(endpoint, data, bytes_max, deadline_ns);
	call_leave(endpoint, "recv", ret, deadline_ns);
	CHECK_THAT(ret <= 0 || (size_t)ret <= bytes_max, "C05",
	           "recv returned %zd bytes into a buffer of %zu", ret, bytes_max);
	return ret;
}

static struct payload message_due(const struct check *check, uint32_t producer, uint64_t sequence)
{
	return (struct payload){
		.seed = check->settings->seed,
		.sequence = sequence,
		.producer = producer,
	};
}

/* Returns room for the largest message of a call, which the caller frees. */
static unsigned char *message_room(size_t bytes)
{
	unsigned char *room = malloc(bytes > 0 ? bytes : 1);

	CHECK_SETUP(room, "no memory for a message of %zu bytes", bytes);
	return room;
}

int message_offer(struct check *check, struct ipc_endpoint *endpoint, uint32_t producer,
                  uint64_t sequence, size_t bytes, uint64_t deadline_ns)
{
	struct payload due = message_due(check, producer, sequence);
	unsigned char *data = message_room(bytes);
	int ret;

	payload_fill(data, bytes, &due);
	ret = call_send(endpoint, data, bytes, deadline_ns, 0);
	free(data);
	return ret;
}

int message_offer_full(struct check *check, struct ipc_endpoint *endpoint, uint64_t *sequence,
                       size_t bytes, uint64_t length_ns)
{
	uint64_t until_ns = length_ns + patience(check);

	while (clock_now_ns() < until_ns) {
		int ret = message_offer(check, endpoint, 0, *sequence, bytes,
		                        length_ns == 0 ? 0 : from_now(length_ns));

		if (ret != 0)
			return ret;
		(*sequence)++;
	}
	report_fail("C29", "a full channel took more and more, %llu messages",
	            (unsigned long long)*sequence);
}

void message_send(struct check *check, struct ipc_endpoint *endpoint, uint32_t producer,
                  uint64_t sequence, size_t bytes)
{
	int ret = message_offer(check, endpoint, producer, sequence, bytes, patience(check));

	CHECK_THAT(ret != -ETIMEDOUT, "C13", "send of message %llu found no room",
	           (unsigned long long)sequence);
	CHECK_THAT(ret != -EPIPE, "C18", "send of message %llu: -EPIPE, yet the consumer lives",
	           (unsigned long long)sequence);
	CHECK_THAT(ret == 0, NULL, "send of message %llu, %zu bytes: %s",
	           (unsigned long long)sequence, bytes, report_result(ret));
}

/* A later message came: says whether the due one was lost or only swapped. */
static _Noreturn void message_blame_later(struct ipc_endpoint *endpoint, unsigned char *data,
                                          size_t bytes_max, size_t bytes, const struct payload *due)
{
	ssize_t ret = call_recv(endpoint, data, bytes_max, from_now(100 * NS_PER_MS));

	if (ret >= 0 && payload_check(data, (size_t)ret, bytes, due) == PAYLOAD_GOOD)
		report_fail("C02", "message %llu came after a later one",
		            (unsigned long long)due->sequence);
	report_fail("C03", "message %llu is lost: a later one came in its place",
	            (unsigned long long)due->sequence);
}

void message_receive(struct check *check, struct ipc_endpoint *endpoint, uint32_t producer,
                     uint64_t sequence, size_t bytes)
{
	size_t bytes_max = check->message_bytes_max;
	struct payload due = message_due(check, producer, sequence);
	unsigned long long number = sequence;
	unsigned char *data = message_room(bytes_max);
	enum payload_verdict verdict;
	ssize_t ret;

	ret = call_recv(endpoint, data, bytes_max, patience(check));
	if (ret == -ETIMEDOUT) {
		/* Is it there after all? Then nobody woke its consumer. */
		ret = call_recv(endpoint, data, bytes_max, from_now(NS_PER_MS));
		CHECK_THAT(ret < 0, "C15", "message %llu was there, yet recv slept on", number);
		report_fail("C03", "message %llu did not come", number);
	}
	CHECK_THAT(ret != -EPIPE, bytes == 0 ? "C06" : "C18",
	           "recv of message %llu: -EPIPE, yet the producer lives", number);
	CHECK_THAT(ret >= 0, NULL, "recv of message %llu: %s", number, report_result(ret));
	verdict = payload_check(data, (size_t)ret, bytes, &due);
	if (verdict == PAYLOAD_LOST)
		message_blame_later(endpoint, data, bytes_max, bytes, &due);
	CHECK_THAT(verdict != PAYLOAD_REPEATED, "C04",
	           "in place of message %llu an earlier one came", number);
	CHECK_THAT(verdict != PAYLOAD_WRONG_SIZE, "C05",
	           "message %llu came with %zd bytes, not %zu", number, ret, bytes);
	CHECK_THAT(verdict == PAYLOAD_GOOD, "C01", "message %llu of %zu bytes %s", number, bytes,
	           payload_verdict_text(verdict));
	free(data);
}

void message_none(struct check *check, struct ipc_endpoint *endpoint, const char *clause)
{
	bool is_nowait = check_has(check, IPC_CAP_NOWAIT);
	size_t bytes_max = check->message_bytes_max;
	unsigned char *data = message_room(bytes_max);
	ssize_t ret;

	ret = call_recv(endpoint, data, bytes_max, is_nowait ? 0 : from_now(10 * NS_PER_MS));
	free(data);
	CHECK_THAT(ret < 0, clause ? clause : "C04", "a message of %zd bytes came that nobody sent",
	           ret);
	CHECK_THAT(ret != -EPIPE, "C18",
	           "recv on an empty channel: -EPIPE, yet its producer lives");
	CHECK_THAT(ret == -EAGAIN || ret == -ETIMEDOUT, NULL, "recv on an empty channel: %s",
	           report_result(ret));
}

uint64_t message_fill(struct check *check, struct ipc_endpoint *endpoint, uint32_t producer,
                      uint64_t sequence, size_t bytes)
{
	const uint64_t taken_max = (64u << 20) / (bytes + 64);
	const uint64_t until_ns = patience(check);
	bool is_nowait = check_has(check, IPC_CAP_NOWAIT);
	bool was_full = false;

	uint64_t taken = 0;

	while (taken < taken_max && clock_now_ns() < until_ns) {
		/* The mechanism may still move bytes on, and make room: it is full if it stays so.
		 */
		int ret = message_offer(check, endpoint, producer, sequence + taken, bytes,
		                        is_nowait && !was_full ? 0 : from_now(SETTLED_NS));

		if (ret == -ETIMEDOUT)
			return taken;
		was_full = ret == -EAGAIN;
		if (was_full)
			continue;
		CHECK_THAT(ret == 0, NULL, "send of message %llu: %s",
		           (unsigned long long)(sequence + taken), report_result(ret));
		taken++;
	}
	report_fail("C29", "a channel of a few slots took %llu messages of %zu bytes",
	            (unsigned long long)taken, bytes);
}

void message_drain(struct check *check, struct ipc_endpoint *producer,
                   struct ipc_endpoint *consumer, uint64_t sequence, uint64_t count, size_t bytes)
{
	for (uint64_t i = 0; i < count; i++) {
		/* The rest of an accepted message is the producer's to write, once there is room.
		 */
		if (check->transport->flush)
			(void)check->transport->flush(producer);
		message_receive(check, consumer, 0, sequence + i, bytes);
	}
	message_none(check, consumer, NULL);
}
