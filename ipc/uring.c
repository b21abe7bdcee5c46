/* SPDX-License-Identifier: MIT */
/* ipc/uring.c - the endpoint of a stream whose bytes are moved by io_uring. */
#include "ipc/uring.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/limits.h"

/* One operation, and the one that cancels it. */
#define URING_ENTRIES 4u

enum uring_tag {
	URING_MOVE = 1,
	URING_CANCEL = 2,
};

/* Set-up flags, the best first, that older kernels refuse with EINVAL. */
static const unsigned uring_sleep_flags[] = {
	/* Completions are gathered by the call that waits for them. */
	IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	IORING_SETUP_COOP_TASKRUN,
	0,
};

static const unsigned uring_spin_flags[] = {
	/* A flag in memory says that a completion waits to be gathered: one can spin on it. */
	IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
	IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
	0,
};

enum { URING_FLAGS_COUNT = sizeof(uring_sleep_flags) / sizeof(uring_sleep_flags[0]) };

/*
 * How many rings were unmapped. liburing maps by bare system calls: without this
 * pair of operations a tool could not tell a ring from an earlier one, of another
 * thread, at the same address. It holds no state.
 */
static _Atomic unsigned uring_unmapped;

static int uring_init(struct io_uring *ring, enum ipc_wait wait)
{
	const unsigned *flags = wait == IPC_WAIT_BLOCK ? uring_sleep_flags : uring_spin_flags;
	int ret = -EINVAL;

	for (int i = 0; ret == -EINVAL && i < URING_FLAGS_COUNT; i++)
		ret = io_uring_queue_init(URING_ENTRIES, ring, flags[i]);
	if (ret < 0)
		return ret;
	/* Acquire: pairs with the release in uring_release(). */
	(void)atomic_load_explicit(&uring_unmapped, memory_order_acquire);
	/* Saves looking the ring up in each call; without it things only go slower. */
	(void)io_uring_register_ring_fd(ring);
	return 0;
}

static void uring_release(struct io_uring *ring)
{
	/* Release: pairs with the acquire in uring_init(). */
	atomic_fetch_add_explicit(&uring_unmapped, 1, memory_order_release);
	io_uring_queue_exit(ring);
}

/* Takes a completion if there is one. Returns true, with its result of tag in *result. */
static bool uring_take(struct io_uring *ring, enum uring_tag *tag, int *result)
{
	struct io_uring_cqe *completion;

	if (io_uring_peek_cqe(ring, &completion) != 0)
		return false;
	*tag = (enum uring_tag)io_uring_cqe_get_data64(completion);
	*result = completion->res;
	io_uring_cqe_seen(ring, completion);
	return true;
}

/* Submits what is prepared, and waits for a completion; a signal ends the wait. */
static int uring_enter(struct io_uring *ring)
{
	int ret = io_uring_submit_and_wait(ring, 1);

	/* EAGAIN and EBUSY: the kernel is short of memory for the moment. */
	return ret < 0 && ret != -EINTR && ret != -EAGAIN && ret != -EBUSY ? ret : 0;
}

/* Cancels the move in flight and waits until it has settled. Returns its result. */
static int uring_cancel(struct io_uring *ring)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(ring);
	int moved = -ECANCELED;
	int left = 2; /* completions, the cancellation's own too */

	if (!entry)
		return -EIO;
	io_uring_prep_cancel64(entry, URING_MOVE, 0);
	io_uring_sqe_set_data64(entry, URING_CANCEL);
	/* The kernel settles a cancelled operation at once; it is not for a peer to delay it. */
	while (left > 0) {
		enum uring_tag tag;
		int result;
		int ret;

		if (uring_take(ring, &tag, &result)) {
			left--;
			if (tag == URING_MOVE)
				moved = result;
			continue;
		}
		ret = uring_enter(ring);
		if (ret < 0)
			return ret;
	}
	return moved;
}

/* Spins until the move completes or until_ns. Returns whether it did. */
static bool uring_spin(struct io_uring *ring, int *result, uint64_t until_ns)
{
	struct spin spin = {0};
	enum uring_tag tag;

	do {
		if (uring_take(ring, &tag, result))
			return true;
	} while (spin_turn(&spin, until_ns));
	return false;
}

/* Lets the kernel wait until the move completes or deadline_ns. Returns 0 or -errno. */
static int uring_sleep(struct uring_endpoint *self, int *result, uint64_t deadline_ns)
{
	struct interrupt *interrupt = &self->base.stream.blocking.interrupt;
	enum uring_tag tag;
	int ret = interrupt_enter(interrupt, deadline_ns);

	while (ret == 0) {
		ret = uring_enter(&self->ring);
		if (ret < 0 || uring_take(&self->ring, &tag, result))
			break;
		ret = interrupt_again(interrupt, deadline_ns);
	}
	interrupt_leave(interrupt);
	return ret;
}

/* Runs one operation that was prepared. Returns its result, or -ETIMEDOUT once it is settled. */
static int uring_run(struct uring_endpoint *self, uint64_t deadline_ns)
{
	const struct blocking *blocking = &self->base.stream.blocking;
	bool spins = blocking->wait == IPC_WAIT_SPIN;
	int result;
	int ret;

	if (spins || (blocking->wait == IPC_WAIT_HYBRID && blocking->spin_ns > 0)) {
		uint64_t until_ns = deadline_ns;

		ret = io_uring_submit(&self->ring);
		if (ret < 0)
			return ret;
		if (!spins) {
			until_ns = clock_now_ns() + blocking->spin_ns;
			until_ns = until_ns < deadline_ns ? until_ns : deadline_ns;
		}
		if (uring_spin(&self->ring, &result, until_ns))
			return result;
	}
	ret = spins ? -ETIMEDOUT : uring_sleep(self, &result, deadline_ns);
	if (ret == 0)
		return result;
	result = uring_cancel(&self->ring);
	/* What had been moved when the cancellation came counts. */
	return result >= 0 || result == -EPIPE || result == -ECONNRESET ? result : ret;
}

/*
 * Runs one operation that must not wait. What can be done at once completes
 * while it is submitted; an operation that would wait is taken back.
 */
static int uring_run_nowait(struct uring_endpoint *self)
{
	enum uring_tag tag;
	int result;
	int ret = io_uring_submit(&self->ring);

	if (ret < 0)
		return ret;
	if (uring_take(&self->ring, &tag, &result))
		return result;
	result = uring_cancel(&self->ring);
	return result == -ECANCELED || result == -EINTR ? -EAGAIN : result;
}

/* The stream's move, in both directions. */
static ssize_t uring_move(struct stream *stream, uint64_t deadline_ns)
{
	struct uring_endpoint *self = stream->driver;
	bool nowait = deadline_ns == 0;

	for (;;) {
		struct io_uring_sqe *entry = io_uring_get_sqe(&self->ring);
		int result;

		if (!entry)
			return -EIO; /* The kernel has refused what was submitted before. */
		self->prepare(self, entry, nowait);
		io_uring_sqe_set_data64(entry, URING_MOVE);
		result = nowait ? uring_run_nowait(self) : uring_run(self, deadline_ns);
		/* A peer that died with unread data resets: it has gone, like one that closed. */
		if (result == -ECONNRESET)
			return self->base.role == IPC_PRODUCER ? -EPIPE : 0;
		if (result == -EINTR || result == -ECANCELED || (result == -EAGAIN && !nowait))
			continue;
		return result;
	}
}

int uring_endpoint_open(struct ipc_endpoint **out, const struct ipc_transport *transport,
                        enum ipc_role role, uring_prepare *prepare,
                        const struct ipc_channel_options *options, int fd, int fd_nowait)
{
	struct uring_endpoint *self = malloc(sizeof(*self));
	int ret;

	if (!self) {
		if (fd_nowait >= 0)
			close(fd_nowait);
		return -ENOMEM;
	}
	ret = stream_endpoint_init(&self->base, transport, role, uring_move, options, fd,
	                           fd_nowait);
	if (ret < 0)
		goto fail;
	self->prepare = prepare;
	self->base.stream.driver = self;
	ret = uring_init(&self->ring, options->wait);
	if (ret < 0) {
		stream_endpoint_release(&self->base);
		goto fail;
	}
	*out = &self->base.base;
	return 0;

fail:
	free(self);
	return ret;
}

void uring_endpoint_close(struct ipc_endpoint *endpoint)
{
	struct uring_endpoint *self = (struct uring_endpoint *)endpoint;

	if (!self)
		return;
	stream_endpoint_release(&self->base); /* It may still have to write, by the ring. */
	uring_release(&self->ring);
	free(self);
}

static int uring_refuse(int error, char *why, size_t why_bytes)
{
	uint64_t disabled = limits_sysctl("kernel/io_uring_disabled", 0);

	switch (error) {
	case -EPERM:
		if (disabled == 2)
			return limits_refuse(why, why_bytes, error,
			                     "kernel.io_uring_disabled = 2 forbids io_uring");
		if (disabled == 1)
			return limits_refuse(why, why_bytes, error,
			                     "kernel.io_uring_disabled = 1 forbids io_uring to "
			                     "all but kernel.io_uring_group");
		break;
	case -ENOMEM:
		return limits_refuse(why, why_bytes, error,
		                     "RLIMIT_MEMLOCK leaves no room for an io_uring");
	default:
		break;
	}
	return limits_refuse_call(why, why_bytes, error, "io_uring_setup",
	                          "io_uring (CONFIG_IO_URING)");
}

int uring_probe(char *why, size_t why_bytes)
{
	struct io_uring ring;
	int ret = uring_init(&ring, IPC_WAIT_BLOCK);

	if (ret < 0)
		return uring_refuse(ret, why, why_bytes);
	uring_release(&ring);
	return 0;
}
