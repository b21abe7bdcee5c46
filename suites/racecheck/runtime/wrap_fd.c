/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/wrap_fd.c - calls that read and write descriptors. */
#include "suites/racecheck/runtime/wrap.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "suites/racecheck/runtime/fd.h"
#include "suites/racecheck/runtime/transfer.h"

ssize_t transfer_answer(long ret)
{
	call_end();
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

INTERPOSE ssize_t read(int fd, void *data, size_t bytes)
{
	if (!call_begin(EDGE_read, CALLER))
		return REAL(read)(fd, data, bytes);
	return transfer_answer(take(EDGE_read, fd, ONE_PART(data, bytes), NULL, 0, -1, CALLER));
}

INTERPOSE ssize_t readv(int fd, const struct iovec *parts, int count)
{
	if (!call_begin(EDGE_readv, CALLER))
		return REAL(readv)(fd, parts, count);
	return transfer_answer(take(EDGE_readv, fd, parts, (size_t)count, NULL, 0, -1, CALLER));
}

INTERPOSE ssize_t pread(int fd, void *data, size_t bytes, off_t offset)
{
	if (!call_begin(EDGE_pread, CALLER))
		return REAL(pread)(fd, data, bytes, offset);
	return transfer_answer(
		take(EDGE_pread, fd, ONE_PART(data, bytes), NULL, 0, offset, CALLER));
}

INTERPOSE ssize_t pread64(int fd, void *data, size_t bytes, off_t offset)
{
	if (!call_begin(EDGE_pread64, CALLER))
		return REAL(pread64)(fd, data, bytes, offset);
	return transfer_answer(
		take(EDGE_pread64, fd, ONE_PART(data, bytes), NULL, 0, offset, CALLER));
}

INTERPOSE ssize_t write(int fd, const void *data, size_t bytes)
{
	if (!call_begin(EDGE_write, CALLER))
		return REAL(write)(fd, data, bytes);
	return transfer_answer(give(EDGE_write, fd, ONE_PART(data, bytes), NULL, 0, -1, CALLER));
}

INTERPOSE ssize_t writev(int fd, const struct iovec *parts, int count)
{
	if (!call_begin(EDGE_writev, CALLER))
		return REAL(writev)(fd, parts, count);
	return transfer_answer(give(EDGE_writev, fd, parts, (size_t)count, NULL, 0, -1, CALLER));
}

INTERPOSE ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	if (!call_begin(EDGE_pwrite, CALLER))
		return REAL(pwrite)(fd, data, bytes, offset);
	return transfer_answer(
		give(EDGE_pwrite, fd, ONE_PART(data, bytes), NULL, 0, offset, CALLER));
}

INTERPOSE ssize_t pwrite64(int fd, const void *data, size_t bytes, off_t offset)
{
	if (!call_begin(EDGE_pwrite64, CALLER))
		return REAL(pwrite64)(fd, data, bytes, offset);
	return transfer_answer(
		give(EDGE_pwrite64, fd, ONE_PART(data, bytes), NULL, 0, offset, CALLER));
}

INTERPOSE ssize_t preadv(int fd, const struct iovec *parts, int count, off_t offset)
{
	if (!call_begin(EDGE_preadv, CALLER))
		return REAL(preadv)(fd, parts, count, offset);
	return transfer_answer(
		take(EDGE_preadv, fd, parts, (size_t)count, NULL, 0, offset, CALLER));
}

INTERPOSE ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
	if (!call_begin(EDGE_pwritev, CALLER))
		return REAL(pwritev)(fd, parts, count, offset);
	return transfer_answer(
		give(EDGE_pwritev, fd, parts, (size_t)count, NULL, 0, offset, CALLER));
}

/* Of their flags only RWF_NOWAIT changes what is done; offset -1 is the descriptor's own. */
static int flags_of(int flags)
{
	return flags & RWF_NOWAIT ? MSG_DONTWAIT : 0;
}

INTERPOSE ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
	if (!call_begin(EDGE_preadv2, CALLER))
		return REAL(preadv2)(fd, parts, count, offset, flags);
	return transfer_answer(
		take(EDGE_preadv, fd, parts, (size_t)count, NULL, flags_of(flags), offset, CALLER));
}

INTERPOSE ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
	if (!call_begin(EDGE_pwritev2, CALLER))
		return REAL(pwritev2)(fd, parts, count, offset, flags);
	return transfer_answer(give(EDGE_pwritev, fd, parts, (size_t)count, NULL, flags_of(flags),
	                            offset, CALLER));
}

/* ---- ends ---- */

INTERPOSE int close(int fd)
{
	int ret;

	if (!call_begin(EDGE_close, CALLER))
		return REAL(close)(fd);
	BUSY(fd_closed(fd, EDGE_close));
	ret = REAL(close)(fd);
	schedule_wake();
	call_end();
	return ret;
}

INTERPOSE int dup2(int fd, int onto)
{
	int ret;

	if (!call_begin(EDGE_dup2, CALLER))
		return REAL(dup2)(fd, onto);
	if (fd != onto)
		BUSY(fd_closed(onto, EDGE_dup2));
	ret = REAL(dup2)(fd, onto);
	schedule_wake();
	call_end();
	return ret;
}

INTERPOSE int dup3(int fd, int onto, int flags)
{
	int ret;

	if (!call_begin(EDGE_dup3, CALLER))
		return REAL(dup3)(fd, onto, flags);
	BUSY(fd_closed(onto, EDGE_dup3));
	ret = REAL(dup3)(fd, onto, flags);
	schedule_wake();
	call_end();
	return ret;
}

INTERPOSE int close_range(unsigned first, unsigned last, int flags)
{
	int ret;

	if (((unsigned)flags & CLOSE_RANGE_CLOEXEC) || !call_begin(EDGE_close_range, CALLER))
		return REAL(close_range)(first, last, flags);
	BUSY(fd_closed_range(first, last, EDGE_close_range));
	ret = REAL(close_range)(first, last, flags);
	schedule_wake();
	call_end();
	return ret;
}

INTERPOSE void closefrom(int first)
{
	if (!call_begin(EDGE_closefrom, CALLER)) {
		REAL(closefrom)(first);
		return;
	}
	BUSY(fd_closed_range(first < 0 ? 0 : (unsigned)first, UINT_MAX, EDGE_closefrom));
	REAL(closefrom)(first);
	schedule_wake();
	call_end();
}

/* ---- eventfd and timers ---- */

INTERPOSE int eventfd(unsigned initial, int flags)
{
	int fd = REAL(eventfd)(initial, flags);
	struct fd_look look;

	if (fd < 0 || initial == 0 || !runtime_enter())
		return fd;
	self.edge_place = CALLER;
	self.busy++;
	fd_look(fd, &look);
	if (!edge_is_off(EDGE_eventfd)) {
		struct channel_ref ref = channel_at(look.write);

		channel_open(ref);
		channel_put(ref, initial, 0);
		channel_close(ref);
		context_advance();
	}
	self.busy--;
	return fd;
}

INTERPOSE int eventfd_write(int fd, eventfd_t value)
{
	long ret;

	if (!call_begin(EDGE_eventfd_write, CALLER))
		return REAL(eventfd_write)(fd, value);
	ret = give(EDGE_eventfd_write, fd, ONE_PART(&value, sizeof(value)), NULL, 0, -1, CALLER);
	return transfer_answer(ret) == sizeof(value) ? 0 : -1;
}

INTERPOSE int eventfd_read(int fd, eventfd_t *value)
{
	long ret;

	if (!call_begin(EDGE_eventfd_read, CALLER))
		return REAL(eventfd_read)(fd, value);
	ret = take(EDGE_eventfd_read, fd, ONE_PART(value, sizeof(*value)), NULL, 0, -1, CALLER);
	return transfer_answer(ret) == sizeof(*value) ? 0 : -1;
}

INTERPOSE int timerfd_settime(int fd, int flags, const struct itimerspec *value,
                              struct itimerspec *old)
{
	if (call_begin(EDGE_timerfd_settime, CALLER)) {
		channel_release((struct channel_key){CHANNEL_TIMERFD, 0, 0}, EDGE_timerfd_settime);
		call_end();
	}
	return REAL(timerfd_settime)(fd, flags, value, old);
}
