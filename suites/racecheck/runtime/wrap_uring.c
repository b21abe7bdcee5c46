/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_uring.c - io_uring, by its system calls and by liburing.
 *
 * All rings share one clock: a submission releases to it, a completion comes
 * after it, and after all that was put into any channel, for the kernel read
 * or wrote on the submitter's behalf. Buffers count as touched when they are
 * handed in: from then on the kernel may.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <linux/io_uring.h>
#include <signal.h>
#include <sys/uio.h>

/* The first members of liburing's struct io_uring, part of its binary interface. */
struct io_uring {
	unsigned *head, *tail, *ring_mask, *ring_entries, *flags, *dropped, *array;
	struct io_uring_sqe *entries;
	unsigned entry_head, entry_tail; /* got by the program, not yet given to the kernel */
};

static const struct channel_key ring_key = {CHANNEL_RING, 0, 0};

static void completed(enum edge edge)
{
	if (edge_is_off(edge))
		return;
	channel_acquire(ring_key, edge);
	BUSY(channel_get_everything());
}

static void touch_parts(const struct iovec *parts, unsigned count, bool is_write, uintptr_t place)
{
	for (unsigned i = 0; i < count; i++)
		touch(parts[i].iov_base, parts[i].iov_len, is_write, place);
}

static void touch_entry(const struct io_uring_sqe *entry, uintptr_t place)
{
	const void *data = (const void *)(uintptr_t)entry->addr;

	switch (entry->opcode) {
	case IORING_OP_READ:
	case IORING_OP_READ_FIXED:
	case IORING_OP_RECV:
		touch(data, entry->len, true, place);
		break;
	case IORING_OP_WRITE:
	case IORING_OP_WRITE_FIXED:
	case IORING_OP_SEND:
		touch(data, entry->len, false, place);
		break;
	case IORING_OP_READV:
		touch_parts(data, entry->len, true, place);
		break;
	case IORING_OP_WRITEV:
		touch_parts(data, entry->len, false, place);
		break;
	default:
		break;
	}
}

static void submitted(const struct io_uring *ring, enum edge edge, uintptr_t place)
{
	for (unsigned i = ring->entry_head; i != ring->entry_tail; i++)
		touch_entry(&ring->entries[i & *ring->ring_mask], place);
	channel_release(ring_key, edge);
}

/* Makes a ring's system call. Returns its result or -errno. */
long uring_call(long number, const long *a, uintptr_t place);
long uring_call(long number, const long *a, uintptr_t place)
{
	long ret;

	if (!call_begin(EDGE_io_uring, place))
		return sys_call6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	channel_release(ring_key, EDGE_io_uring);
	schedule_outside(EDGE_io_uring);
	ret = sys_call6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	schedule_inside();
	completed(EDGE_io_uring);
	call_end();
	return ret;
}

/*
 * The thread is in a call of liburing: what that calls in turn, through the program's
 * own symbols or not by version, is part of it.
 */
static __thread bool is_inside;

/*
 * RING: a call that submits what is pending (is_submit), or hands completions over
 * (is_taking). One that only waits does not say what has come: the program looks, by an
 * acquiring load of the ring's tail.
 */
#define RING(name, parameters, arguments, is_submit, is_taking)                                    \
	int name parameters;                                                                       \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		int ret;                                                                           \
                                                                                                   \
		if (is_inside || !call_begin(EDGE_##name, CALLER))                                 \
			return REAL(name) arguments;                                               \
		if (is_submit)                                                                     \
			submitted(ring, EDGE_##name, CALLER);                                      \
		is_inside = true;                                                                  \
		schedule_outside(EDGE_##name);                                                     \
		ret = REAL(name) arguments;                                                        \
		schedule_inside();                                                                 \
		is_inside = false;                                                                 \
		if (is_taking)                                                                     \
			completed(EDGE_##name);                                                    \
		call_end();                                                                        \
		return ret;                                                                        \
	}

struct io_uring_cqe;
struct __kernel_timespec;
RING(io_uring_submit, (struct io_uring * ring), (ring), true, false)
RING(io_uring_submit_and_wait, (struct io_uring * ring, unsigned count), (ring, count), true, false)
RING(io_uring_submit_and_wait_timeout,
     (struct io_uring * ring, struct io_uring_cqe **entry, unsigned count,
      struct __kernel_timespec *limit, sigset_t *mask),
     (ring, entry, count, limit, mask), true, true)
RING(io_uring_submit_and_get_events, (struct io_uring * ring), (ring), true, false)
RING(io_uring_get_events, (struct io_uring * ring), (ring), false, false)
RING(io_uring_wait_cqes,
     (struct io_uring * ring, struct io_uring_cqe **entry, unsigned count,
      struct __kernel_timespec *limit, sigset_t *mask),
     (ring, entry, count, limit, mask), false, true)
RING(io_uring_wait_cqe_timeout,
     (struct io_uring * ring, struct io_uring_cqe **entry, struct __kernel_timespec *limit),
     (ring, entry, limit), false, true)
RING(__io_uring_get_cqe,
     (struct io_uring * ring, struct io_uring_cqe **entry, unsigned submit_count, unsigned count,
      sigset_t *mask),
     (ring, entry, submit_count, count, mask), submit_count != 0, true)
RING(io_uring_peek_batch_cqe,
     (struct io_uring * ring, struct io_uring_cqe **entries, unsigned count),
     (ring, entries, count), false, true)

/* SETUP: a call after which a ring is mapped, out of sight. */
#define SETUP(name, parameters, arguments)                                                         \
	int name parameters;                                                                       \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		int ret = REAL(name) arguments;                                                    \
                                                                                                   \
		if (ret >= 0 && call_enter(EDGE_##name, CALLER)) {                                 \
			BUSY(map_import(NULL));                                                    \
			call_end();                                                                \
		}                                                                                  \
		return ret;                                                                        \
	}

void io_uring_queue_exit(struct io_uring *ring);
INTERPOSE void io_uring_queue_exit(struct io_uring *ring)
{
	if (call_enter(EDGE_io_uring_queue_exit, CALLER)) {
		BUSY({
			map_remove_at((uintptr_t)ring->head);
			map_remove_at((uintptr_t)ring->entries);
		});
		call_end();
	}
	REAL(io_uring_queue_exit)(ring);
}

SETUP(io_uring_queue_init, (unsigned entries, struct io_uring *ring, unsigned flags),
      (entries, ring, flags))
SETUP(io_uring_queue_init_params,
      (unsigned entries, struct io_uring *ring, struct io_uring_params *params),
      (entries, ring, params))
