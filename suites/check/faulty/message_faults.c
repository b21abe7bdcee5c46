/* SPDX-License-Identifier: MIT */
/* suites/check/faulty/message_faults.c - what can happen to a message that must not. */
#include "suites/check/faulty/fault.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "ipc/clock.h"

#define SMALL_BYTES 4096

static int drop_some(struct faulty_endpoint *self, const void *data, size_t bytes,
                     uint64_t deadline_ns, unsigned flags)
{
	if (bytes <= self->channel->options.message_bytes_max && bytes > 0 && fault_strikes(self))
		return 0;
	return inner_send(self, data, bytes, deadline_ns, flags);
}

const struct fault fault_drops = {
	.name = "drops",
	.clause = "C03",
	.summary = "each 13th message is swallowed",
	.send = drop_some,
};

/* Returns what was kept, if it is, in the place of a receive. */
static bool take_kept(struct faulty_endpoint *self, void *data, ssize_t *bytes)
{
	if (self->kept_bytes < 0)
		return false;
	*bytes = self->kept_bytes;
	memcpy(data, self->kept, (size_t)self->kept_bytes);
	self->kept_bytes = -1;
	return true;
}

static void keep(struct faulty_endpoint *self, const void *data, ssize_t bytes)
{
	memcpy(self->kept, data, (size_t)bytes);
	self->kept_bytes = bytes;
}

static ssize_t repeat_some(struct faulty_endpoint *self, void *data, size_t bytes_max,
                           uint64_t deadline_ns)
{
	ssize_t ret;

	if (take_kept(self, data, &ret))
		return ret;
	ret = inner_recv(self, data, bytes_max, deadline_ns);
	if (ret >= 0 && fault_strikes(self))
		keep(self, data, ret);
	return ret;
}

const struct fault fault_repeats = {
	.name = "repeats",
	.clause = "C04",
	.summary = "each 13th message is received twice",
	.recv = repeat_some,
};

static ssize_t swap_some(struct faulty_endpoint *self, void *data, size_t bytes_max,
                         uint64_t deadline_ns)
{
	ssize_t first;
	ssize_t second;

	if (take_kept(self, data, &first))
		return first;
	first = inner_recv(self, data, bytes_max, deadline_ns);
	if (first < 0 || !fault_strikes(self))
		return first;
	/* Only where a second one waits: else a message would be late, not swapped. */
	keep(self, data, first);
	second = inner_recv(self, data, bytes_max, 0);
	if (second >= 0)
		return second;
	take_kept(self, data, &first);
	self->calls--; /* The next one, then. */
	return first;
}

const struct fault fault_swaps = {
	.name = "swaps",
	.clause = "C02",
	.summary = "a message is received after the one behind it",
	.recv = swap_some,
};

static ssize_t truncate_some(struct faulty_endpoint *self, void *data, size_t bytes_max,
                             uint64_t deadline_ns)
{
	ssize_t ret = inner_recv(self, data, bytes_max, deadline_ns);

	return ret > 1 && fault_strikes(self) ? ret / 2 : ret;
}

const struct fault fault_truncates = {
	.name = "truncates",
	.clause = "C05",
	.also = "C21",
	.summary = "each 13th message loses its second half",
	.recv = truncate_some,
};

static ssize_t tear_some(struct faulty_endpoint *self, void *data, size_t bytes_max,
                         uint64_t deadline_ns)
{
	ssize_t ret = inner_recv(self, data, bytes_max, deadline_ns);
	unsigned char *bytes = data;

	/* Its second half is still what the room held before. */
	if (ret > 1 && fault_strikes(self)) {
		for (ssize_t i = ret / 2; i < ret; i++)
			bytes[i] = (unsigned char)~bytes[i];
	}
	return ret;
}

const struct fault fault_tears = {
	.name = "tears",
	.clause = "C01",
	.also = "C21",
	.summary = "each 13th message ends with the bytes of another",
	.recv = tear_some,
};

static int alter_some(struct faulty_endpoint *self, const void *data, size_t bytes,
                      uint64_t deadline_ns, unsigned flags)
{
	if (bytes == 0 || bytes > self->channel->options.message_bytes_max || !fault_strikes(self))
		return inner_send(self, data, bytes, deadline_ns, flags);
	memcpy(self->kept, data, bytes);
	self->kept[bytes / 2] ^= 1;
	return inner_send(self, self->kept, bytes, deadline_ns, flags);
}

const struct fault fault_alters = {
	.name = "alters",
	.clause = "C01",
	.also = "C21",
	.summary = "each 13th message has one bit flipped",
	.send = alter_some,
};

static int send_cut(struct faulty_endpoint *self, const void *data, size_t bytes,
                    uint64_t deadline_ns, unsigned flags)
{
	if (bytes > self->channel->options.message_bytes_max)
		bytes = self->channel->options.message_bytes_max;
	return inner_send(self, data, bytes, deadline_ns, flags);
}

const struct fault fault_cuts_over_the_limit = {
	.name = "cuts_over_the_limit",
	.clause = "C05",
	.summary = "a message over the limit is cut, not refused",
	.send = send_cut,
};

static ssize_t take_empty_for_hang_up(struct faulty_endpoint *self, void *data, size_t bytes_max,
                                      uint64_t deadline_ns)
{
	ssize_t ret = inner_recv(self, data, bytes_max, deadline_ns);

	return ret == 0 ? -EPIPE : ret;
}

const struct fault fault_takes_empty_for_hang_up = {
	.name = "takes_empty_for_hang_up",
	.clause = "C06",
	.summary = "an empty message is reported as a gone producer",
	.needs = IPC_CAP_EMPTY,
	.recv = take_empty_for_hang_up,
};

static int send_without_class(struct faulty_endpoint *self, const void *data, size_t bytes,
                              uint64_t deadline_ns, unsigned flags)
{
	(void)flags;
	return inner_send(self, data, bytes, deadline_ns, 0);
}

const struct fault fault_forgets_priority = {
	.name = "forgets_priority",
	.clause = "C09",
	.summary = "all messages are of one class",
	.transport = "posix_mq",
	.needs = IPC_CAP_PRIORITY,
	.send = send_without_class,
};

static int drop_where_counters_wrap(struct faulty_endpoint *self, const void *data, size_t bytes,
                                    uint64_t deadline_ns, unsigned flags)
{
	uint64_t position = self->channel->options.position_start + self->calls++;

	if (self->channel->options.position_start > 0 && (uint32_t)position == 0)
		return 0;
	return inner_send(self, data, bytes, deadline_ns, flags);
}

const struct fault fault_drops_where_counters_wrap = {
	.name = "drops_where_counters_wrap",
	.clause = "C08",
	.summary = "the message at position 2^32 is swallowed",
	.send = drop_where_counters_wrap,
};

static int drop_among_many(struct faulty_endpoint *self, const void *data, size_t bytes,
                           uint64_t deadline_ns, unsigned flags)
{
	if (self->channel->options.producer_count > 1 && bytes >= 32 && fault_strikes(self))
		return 0;
	return inner_send(self, data, bytes, deadline_ns, flags);
}

const struct fault fault_drops_among_many = {
	.name = "drops_among_many",
	.clause = "C31",
	.also = "C17",
	.summary = "with more than one producer each 13th message is swallowed",
	.needs = IPC_CAP_MULTI_PRODUCER,
	.send = drop_among_many,
};

/* Drops what has waited for room for a while, as one that gives up in silence does. */
static int drop_on_full(struct faulty_endpoint *self, const void *data, size_t bytes,
                        uint64_t deadline_ns, unsigned flags)
{
	uint64_t now_ns = clock_now_ns();
	uint64_t soon_ns = now_ns + 2 * NS_PER_MS;
	int ret =
		inner_send(self, data, bytes, deadline_ns < soon_ns ? deadline_ns : soon_ns, flags);

	return ret == -ETIMEDOUT && deadline_ns >= soon_ns ? 0 : ret;
}

const struct fault fault_drops_on_full = {
	.name = "drops_on_full",
	.clause = "C29",
	.also = "C03 C07 C08 C16 C31", /* wherever a consumer is slow, for load or by plan */
	.summary = "a message that finds no room for 2 ms is swallowed",
	.send = drop_on_full,
};

/* After hang-up it gives out what it had begun to read. */
static ssize_t deliver_torn_at_death(struct faulty_endpoint *self, void *data, size_t bytes_max,
                                     uint64_t deadline_ns)
{
	ssize_t ret = inner_recv(self, data, bytes_max, deadline_ns);

	if (ret > SMALL_BYTES)
		keep(self, data, ret);
	if (ret == -EPIPE && take_kept(self, data, &ret))
		ret /= 2;
	return ret;
}

const struct fault fault_delivers_torn_at_death = {
	.name = "delivers_torn_at_death",
	.clause = "C21",
	.also = "C01 C05 C07 C16", /* wherever messages are large */
	.summary = "half a message is delivered before hang-up is",
	.needs = IPC_CAP_HANGUP,
	.recv = deliver_torn_at_death,
};

static void commit_instead(struct faulty_endpoint *self)
{
	self->inner->transport->commit(self->inner, 0);
}

const struct fault fault_commits_what_was_aborted = {
	.name = "commits_what_was_aborted",
	.clause = "C10",
	.summary = "an aborted claim becomes a message",
	.transport = "shm_ring",
	.needs = IPC_CAP_ZERO_COPY,
	.abort = commit_instead,
};
