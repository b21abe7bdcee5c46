/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_relay.c - calls that move bytes between descriptors, which
 * never come to user space.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "suites/racecheck/runtime/fd.h"
#include "suites/racecheck/runtime/transfer.h"

static bool is_queue(const struct fd_look *look)
{
	return look->type == FD_PIPE || look->type == FD_STREAM;
}

/* What the caller did so far comes before whoever takes the bytes, at once. */
static void relay_begin(int from, int to, enum edge edge)
{
	struct fd_look look;

	/* Under the scheduler the call is made when it need not wait. */
	while (is_scheduled && from >= 0 && fd_poll(from, POLLIN) == 0)
		schedule_block(edge, 0);
	while (is_scheduled && fd_poll(to, POLLOUT) == 0)
		schedule_block(edge, 0);

	BUSY(fd_look(to, &look));
	if (is_queue(&look) || look.type == FD_FILE)
		channel_release(look.write, edge);
	if (look.type == FD_FILE)
		fd_changing(CHANGE_DATA, edge);
}

/* The caller comes after whoever put the bytes that it moved. */
static void relay_take(int from, uint64_t bytes, bool is_copy, enum edge edge)
{
	struct fd_look look;
	struct channel_ref ref;
	bool is_known = true;

	fd_look(from, &look);
	if (look.type == FD_FILE)
		channel_acquire(look.read, edge);
	if (!is_queue(&look) || edge_is_off(edge))
		return;
	ref = channel_at(look.read);
	channel_open(ref);
	if (is_copy) {
		channel_copy(ref, bytes);
	} else {
		is_known = channel_get(ref, bytes, ANY_TAG);
		if (look.type == FD_PIPE)
			channel_empty(ref, bytes);
	}
	if (!is_known)
		channel_get_all(ref);
	clock_add(ref.arena, &ref.channel->taken, self.context->clock);
	channel_close(ref);
	context_log(edge, true);
}

static void relay_put(int to, uint64_t bytes, enum edge edge)
{
	struct fd_look look;
	struct channel_ref ref;

	fd_look(to, &look);
	if (!is_queue(&look) || edge_is_off(edge))
		return;
	ref = channel_at(look.write);
	channel_open(ref);
	channel_put(ref, bytes, 0);
	channel_close(ref);
	context_advance();
	context_log(edge, false);
}

/* What was moved out of or into a file that somebody has mapped; end: an offset, or null. */
static void relay_touch(int fd, const off64_t *end, long bytes, bool is_write, uintptr_t place)
{
	struct fd_look look;

	if (fd < 0)
		return;
	BUSY(fd_look(fd, &look));
	transfer_touch_mapped(fd, &look, end ? *end : -1, bytes, is_write, place);
}

/*
 * RELAY: a call that moves bytes between descriptors inside the kernel, and so
 * perhaps waits. from: -1 where the bytes come from memory; in, out: where offsets are moved
 * on, or null.
 */
#define RELAY(name, parameters, arguments, from, to, in, out, is_copy)                             \
	INTERPOSE ssize_t name parameters                                                          \
	{                                                                                          \
		ssize_t ret;                                                                       \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		relay_begin(from, to, EDGE_##name);                                                \
		ret = REAL(name) arguments;                                                        \
		if (ret > 0) {                                                                     \
			BUSY(relay_take(from, (uint64_t)ret, is_copy, EDGE_##name));               \
			BUSY(relay_put(to, (uint64_t)ret, EDGE_##name));                           \
			relay_touch(from, in, ret, false, CALLER);                                 \
			relay_touch(to, out, ret, true, CALLER);                                   \
		}                                                                                  \
		schedule_wake();                                                                   \
		call_end();                                                                        \
		return ret;                                                                        \
	}

RELAY(splice, (int from, off64_t *in, int to, off64_t *out, size_t bytes, unsigned flags),
      (from, in, to, out, bytes, flags), from, to, in, out, false)
RELAY(tee, (int from, int to, size_t bytes, unsigned flags), (from, to, bytes, flags), from, to,
      NULL, NULL, true)
RELAY(vmsplice, (int to, const struct iovec *parts, size_t count, unsigned flags),
      (to, parts, count, flags), -1, to, NULL, NULL, false)
RELAY(sendfile, (int to, int from, off_t *offset, size_t bytes), (to, from, offset, bytes), from,
      to, offset, NULL, false)
RELAY(sendfile64, (int to, int from, off64_t *offset, size_t bytes), (to, from, offset, bytes),
      from, to, offset, NULL, false)
RELAY(copy_file_range, (int from, off64_t *in, int to, off64_t *out, size_t bytes, unsigned flags),
      (from, in, to, out, bytes, flags), from, to, in, out, false)
