/* SPDX-License-Identifier: MIT */
/* suites/check/faulty/waiting_faults.c - calls that wait too long, not at all, or for nothing. */
#include "suites/check/faulty/fault.h"

#include <errno.h>

#include "ipc/clock.h"

/* Beyond any watchdog. */
#define FOR_EVER_NS (60 * NS_PER_S)
/* Calls with less time than this are not disturbed: slices of a longer wait. */
#define LONG_WAIT_NS (500 * NS_PER_MS)
#define FALSE_ALARM_NS (40 * NS_PER_MS)

static ssize_t recv_early(struct faulty_endpoint *self, void *data, size_t bytes_max,
                          uint64_t deadline_ns)
{
	uint64_t now_ns = clock_now_ns();

	if (deadline_ns > now_ns)
		deadline_ns = now_ns + (deadline_ns - now_ns) / 2;
	return inner_recv(self, data, bytes_max, deadline_ns);
}

const struct fault fault_returns_early = {
	.name = "returns_early",
	.clause = "C12",
	.summary = "recv gives up halfway to its deadline",
	.recv = recv_early,
};

static ssize_t recv_late(struct faulty_endpoint *self, void *data, size_t bytes_max,
                         uint64_t deadline_ns)
{
	ssize_t ret = inner_recv(self, data, bytes_max, deadline_ns);

	if (ret == -ETIMEDOUT)
		clock_sleep_until(clock_now_ns() + FOR_EVER_NS);
	return ret;
}

const struct fault fault_hangs_past_the_deadline = {
	.name = "hangs_past_the_deadline",
	.clause = "C12",
	.also = "C19",
	.summary = "recv sleeps on when its deadline has passed",
	.recv = recv_late,
};

static ssize_t recv_blocking(struct faulty_endpoint *self, void *data, size_t bytes_max,
                             uint64_t deadline_ns)
{
	return inner_recv(self, data, bytes_max,
	                  deadline_ns == 0 ? clock_now_ns() + FOR_EVER_NS : deadline_ns);
}

const struct fault fault_blocks_on_0 = {
	.name = "blocks_on_0",
	.clause = "C11",
	.summary = "recv with a deadline of 0 waits for a message",
	.needs = IPC_CAP_NOWAIT,
	.recv = recv_blocking,
};

static ssize_t recv_wrong_error(struct faulty_endpoint *self, void *data, size_t bytes_max,
                                uint64_t deadline_ns)
{
	ssize_t ret = inner_recv(self, data, bytes_max, deadline_ns);

	return ret == -EAGAIN ? -ETIMEDOUT : ret;
}

const struct fault fault_calls_empty_a_timeout = {
	.name = "calls_empty_a_timeout",
	.clause = "C11",
	.summary = "recv with a deadline of 0 says -ETIMEDOUT",
	.needs = IPC_CAP_NOWAIT,
	.recv = recv_wrong_error,
};

static ssize_t recv_interrupted(struct faulty_endpoint *self, void *data, size_t bytes_max,
                                uint64_t deadline_ns)
{
	if (fault_strikes(self))
		return -EINTR;
	return inner_recv(self, data, bytes_max, deadline_ns);
}

const struct fault fault_returns_eintr = {
	.name = "returns_eintr",
	.clause = "C16",
	.summary = "each 13th recv says -EINTR",
	.recv = recv_interrupted,
};

/* Sleeps through a message that comes meanwhile. */
static ssize_t recv_asleep(struct faulty_endpoint *self, void *data, size_t bytes_max,
                           uint64_t deadline_ns)
{
	uint64_t now_ns = clock_now_ns();

	if (deadline_ns < now_ns + LONG_WAIT_NS || !fault_strikes(self))
		return inner_recv(self, data, bytes_max, deadline_ns);
	clock_sleep_until(deadline_ns);
	return -ETIMEDOUT;
}

const struct fault fault_sleeps_through_a_message = {
	.name = "sleeps_through_a_message",
	.clause = "C15",
	.also = "C03", /* slept through twice in a row it is given up */
	.summary = "each 13th long recv misses its wake-up",
	.recv = recv_asleep,
};

/* Sleeps through room that there is meanwhile. */
static int send_asleep(struct faulty_endpoint *self, const void *data, size_t bytes,
                       uint64_t deadline_ns, unsigned flags)
{
	int ret;

	if (deadline_ns < clock_now_ns() + LONG_WAIT_NS)
		return inner_send(self, data, bytes, deadline_ns, flags);
	ret = inner_send(self, data, bytes, 0, flags);
	if (ret != -EAGAIN)
		return ret;
	clock_sleep_until(deadline_ns);
	return -ETIMEDOUT;
}

const struct fault fault_sleeps_through_room = {
	.name = "sleeps_through_room",
	.clause = "C13",
	.also = "C03 C17 C18", /* or its receiver gives up first; hang-ups, too */
	.summary = "a send that has to wait misses its wake-up",
	.needs = IPC_CAP_NOWAIT,
	.send = send_asleep,
};

static ssize_t recv_busy(struct faulty_endpoint *self, void *data, size_t bytes_max,
                         uint64_t deadline_ns)
{
	ssize_t ret;

	do
		ret = inner_recv(self, data, bytes_max, 0);
	while (ret == -EAGAIN && clock_now_ns() < deadline_ns);
	return ret == -EAGAIN && deadline_ns > 0 ? -ETIMEDOUT : ret;
}

const struct fault fault_spins_where_it_should_block = {
	.name = "spins_where_it_should_block",
	.clause = "C14",
	.also = "C15", /* on a loaded machine it takes the CPU that its peer needs */
	.summary = "recv waits on the CPU",
	.needs = IPC_CAP_NOWAIT | IPC_CAP_BLOCK,
	.recv = recv_busy,
};

static ssize_t recv_deaf(struct faulty_endpoint *self, void *data, size_t bytes_max,
                         uint64_t deadline_ns)
{
	ssize_t ret = inner_recv(self, data, bytes_max, deadline_ns);

	if (ret != -EPIPE)
		return ret;
	if (deadline_ns == 0)
		return -EAGAIN;
	clock_sleep_until(deadline_ns);
	return -ETIMEDOUT;
}

const struct fault fault_takes_hang_up_for_empty = {
	.name = "takes_hang_up_for_empty",
	.clause = "C18",
	.also = "C17",
	.summary = "a gone producer is reported as an empty channel",
	.needs = IPC_CAP_HANGUP,
	.recv = recv_deaf,
};

static ssize_t recv_nervous(struct faulty_endpoint *self, void *data, size_t bytes_max,
                            uint64_t deadline_ns)
{
	uint64_t start_ns = clock_now_ns();
	ssize_t ret = inner_recv(self, data, bytes_max, deadline_ns);

	return ret == -ETIMEDOUT && clock_now_ns() - start_ns > FALSE_ALARM_NS ? -EPIPE : ret;
}

const struct fault fault_takes_slow_for_dead = {
	.name = "takes_slow_for_dead",
	.clause = "C18",
	.also = "C12 C14", /* as an answer to a deadline, it is wrong as well */
	.summary = "a recv that times out after 40 ms says -EPIPE",
	.needs = IPC_CAP_HANGUP,
	.recv = recv_nervous,
};
