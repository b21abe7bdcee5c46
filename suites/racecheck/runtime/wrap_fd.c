/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/wrap_fd.c - calls that read and write descriptors. */
#include "suites/racecheck/runtime/wrap.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "suites/racecheck/runtime/fd.h"
#include "suites/racecheck/runtime/transfer.h"

static ssize_t answer(long ret)
{
	call_end();
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

#define ONE_PART(pointer, size) &(const struct iovec){(void *)(uintptr_t)(pointer), size}, 1

static long take(enum edge edge, int fd, const struct iovec *parts, size_t count,
                 struct msghdr *message, int flags, long long offset, uintptr_t place)
{
	const struct transfer transfer = {edge, fd, parts, count, message, flags, offset, place};

	return transfer_in(&transfer);
}

static long give(enum edge edge, int fd, const struct iovec *parts, size_t count,
                 struct msghdr *message, int flags, long long offset, uintptr_t place)
{
	const struct transfer transfer = {edge, fd, parts, count, message, flags, offset, place};

	return transfer_out(&transfer);
}

INTERPOSE ssize_t read(int fd, void *data, size_t bytes)
{
	if (!call_begin(EDGE_read, CALLER))
		return REAL(read)(fd, data, bytes);
	return answer(take(EDGE_read, fd, ONE_PART(data, bytes), NULL, 0, -1, CALLER));
}

INTERPOSE ssize_t readv(int fd, const struct iovec *parts, int count)
{
	if (!call_begin(EDGE_readv, CALLER))
		return REAL(readv)(fd, parts, count);
	return answer(take(EDGE_readv, fd, parts, (size_t)count, NULL, 0, -1, CALLER));
}

INTERPOSE ssize_t pread(int fd, void *data, size_t bytes, off_t offset)
{
	if (!call_begin(EDGE_pread, CALLER))
		return REAL(pread)(fd, data, bytes, offset);
	return answer(take(EDGE_pread, fd, ONE_PART(data, bytes), NULL, 0, offset, CALLER));
}

INTERPOSE ssize_t pread64(int fd, void *data, size_t bytes, off_t offset)
{
	if (!call_begin(EDGE_pread64, CALLER))
		return REAL(pread64)(fd, data, bytes, offset);
	return answer(take(EDGE_pread64, fd, ONE_PART(data, bytes), NULL, 0, offset, CALLER));
}

INTERPOSE ssize_t write(int fd, const void *data, size_t bytes)
{
	if (!call_begin(EDGE_write, CALLER))
		return REAL(write)(fd, data, bytes);
	return answer(give(EDGE_write, fd, ONE_PART(data, bytes), NULL, 0, -1, CALLER));
}

INTERPOSE ssize_t writev(int fd, const struct iovec *parts, int count)
{
	if (!call_begin(EDGE_writev, CALLER))
		return REAL(writev)(fd, parts, count);
	return answer(give(EDGE_writev, fd, parts, (size_t)count, NULL, 0, -1, CALLER));
}

INTERPOSE ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	if (!call_begin(EDGE_pwrite, CALLER))
		return REAL(pwrite)(fd, data, bytes, offset);
	return answer(give(EDGE_pwrite, fd, ONE_PART(data, bytes), NULL, 0, offset, CALLER));
}

INTERPOSE ssize_t pwrite64(int fd, const void *data, size_t bytes, off_t offset)
{
	if (!call_begin(EDGE_pwrite64, CALLER))
		return REAL(pwrite64)(fd, data, bytes, offset);
	return answer(give(EDGE_pwrite64, fd, ONE_PART(data, bytes), NULL, 0, offset, CALLER));
}

INTERPOSE ssize_t preadv(int fd, const struct iovec *parts, int count, off_t offset)
{
	if (!call_begin(EDGE_preadv, CALLER))
		return REAL(preadv)(fd, parts, count, offset);
	return answer(take(EDGE_preadv, fd, parts, (size_t)count, NULL, 0, offset, CALLER));
}

INTERPOSE ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
	if (!call_begin(EDGE_pwritev, CALLER))
		return REAL(pwritev)(fd, parts, count, offset);
	return answer(give(EDGE_pwritev, fd, parts, (size_t)count, NULL, 0, offset, CALLER));
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
	return answer(
		take(EDGE_preadv, fd, parts, (size_t)count, NULL, flags_of(flags), offset, CALLER));
}

INTERPOSE ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
	if (!call_begin(EDGE_pwritev2, CALLER))
		return REAL(pwritev2)(fd, parts, count, offset, flags);
	return answer(give(EDGE_pwritev, fd, parts, (size_t)count, NULL, flags_of(flags), offset,
	                   CALLER));
}

/* ---- sockets ---- */

enum { WAITED_PARTS_MAX = 64 };

/* Does MSG_WAITALL wait for more than one message? */
static bool is_stream(int fd)
{
	int type = 0;
	socklen_t bytes = sizeof(type);

	return sys_call6(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, (long)&type, (long)&bytes, 0) ==
	               0 &&
	       type == SOCK_STREAM;
}

/* Waits until as many bytes can be peeked at, or no more will come. */
static long peek_all(enum edge edge, int fd, struct msghdr *message, int flags, size_t wanted,
                     uintptr_t place)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	long before = -1;
	long ret;

	for (;;) {
		ret = take(edge, fd, message->msg_iov, message->msg_iovlen, message, flags, -1,
		           place);
		if (ret <= 0 || (size_t)ret >= wanted ||
		    (ret == before && (fd_poll(fd, POLLIN | POLLRDHUP) & (POLLRDHUP | POLLHUP))))
			return ret;
		before = ret;
		if (is_scheduled)
			schedule_block(edge, 0);
		else
			sys_call2(SYS_nanosleep, &pause, 0);
	}
}

/* Takes the rest of what MSG_WAITALL waits for, behind the done bytes that came first. */
static long receive_rest(enum edge edge, int fd, const struct msghdr *message, int flags, long done,
                         uintptr_t place)
{
	for (;;) {
		struct iovec parts[WAITED_PARTS_MAX];
		size_t skip = (size_t)done;
		size_t count = 0;
		struct msghdr rest = {.msg_iov = parts};
		long ret;

		for (size_t i = 0; i < message->msg_iovlen && count < WAITED_PARTS_MAX; i++) {
			struct iovec part = message->msg_iov[i];
			size_t cut = part.iov_len < skip ? part.iov_len : skip;

			skip -= cut;
			part.iov_base = (char *)part.iov_base + cut;
			part.iov_len -= cut;
			if (part.iov_len > 0)
				parts[count++] = part;
		}
		if (count == 0)
			return done;
		rest.msg_iovlen = count;
		ret = take(edge, fd, parts, count, &rest, flags, -1, place);
		if (ret <= 0)
			return done;
		done += ret;
	}
}

static long receive(enum edge edge, int fd, struct msghdr *message, int flags, uintptr_t place)
{
	bool is_whole = (flags & MSG_WAITALL) && !(flags & MSG_DONTWAIT) && is_stream(fd);
	size_t wanted = 0;
	long ret;

	for (size_t i = 0; i < message->msg_iovlen; i++)
		wanted += message->msg_iov[i].iov_len;
	if (is_whole && (flags & MSG_PEEK))
		return peek_all(edge, fd, message, flags, wanted, place);
	ret = take(edge, fd, message->msg_iov, message->msg_iovlen, message, flags, -1, place);
	if (is_whole && ret > 0 && (size_t)ret < wanted)
		ret = receive_rest(edge, fd, message, flags, ret, place);
	return ret;
}

static long receive_data(enum edge edge, int fd, void *data, size_t bytes, int flags,
                         struct sockaddr *from, socklen_t *from_bytes, uintptr_t place)
{
	struct iovec part = {data, bytes};
	struct msghdr message = {
		.msg_name = from,
		.msg_namelen = from && from_bytes ? *from_bytes : 0,
		.msg_iov = &part,
		.msg_iovlen = 1,
	};
	/* MSG_TRUNC asks for the real length, beyond the room there was. */
	long ret = receive(edge, fd, &message, flags, place);

	if (ret >= 0 && from_bytes)
		*from_bytes = message.msg_namelen;
	return ret;
}

INTERPOSE ssize_t recv(int fd, void *data, size_t bytes, int flags)
{
	if (!call_begin(EDGE_recv, CALLER))
		return REAL(recv)(fd, data, bytes, flags);
	return answer(receive_data(EDGE_recv, fd, data, bytes, flags, NULL, NULL, CALLER));
}

INTERPOSE ssize_t recvfrom(int fd, void *data, size_t bytes, int flags, struct sockaddr *from,
                           socklen_t *from_bytes)
{
	if (!call_begin(EDGE_recvfrom, CALLER))
		return REAL(recvfrom)(fd, data, bytes, flags, from, from_bytes);
	return answer(
		receive_data(EDGE_recvfrom, fd, data, bytes, flags, from, from_bytes, CALLER));
}

INTERPOSE ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	if (!call_begin(EDGE_recvmsg, CALLER))
		return REAL(recvmsg)(fd, message, flags);
	return answer(receive(EDGE_recvmsg, fd, message, flags, CALLER));
}

INTERPOSE int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                       struct timespec *timeout)
{
	unsigned done = 0;
	long ret = 0;

	if (!call_begin(EDGE_recvmmsg, CALLER))
		return REAL(recvmmsg)(fd, messages, count, flags, timeout);
	while (done < count) {
		/* Only the first message is waited for, unless all are wanted. */
		bool is_first = done == 0 || !(flags & MSG_WAITFORONE);

		ret = receive(EDGE_recvmmsg, fd, &messages[done].msg_hdr,
		              (flags & ~MSG_WAITFORONE) | (is_first ? 0 : MSG_DONTWAIT), CALLER);
		if (ret < 0)
			break;
		messages[done++].msg_len = (unsigned)ret;
	}
	return (int)answer(done > 0 ? (long)done : ret);
}

static long post(enum edge edge, int fd, const struct msghdr *message, int flags, uintptr_t place)
{
	struct msghdr copy = *message;

	return give(edge, fd, copy.msg_iov, copy.msg_iovlen, &copy, flags, -1, place);
}

static long post_data(enum edge edge, int fd, const void *data, size_t bytes, int flags,
                      const struct sockaddr *to, socklen_t to_bytes, uintptr_t place)
{
	struct iovec part = {(void *)(uintptr_t)data, bytes};
	struct msghdr message = {
		.msg_name = (void *)(uintptr_t)to,
		.msg_namelen = to_bytes,
		.msg_iov = &part,
		.msg_iovlen = 1,
	};

	return post(edge, fd, &message, flags, place);
}

INTERPOSE ssize_t send(int fd, const void *data, size_t bytes, int flags)
{
	if (!call_begin(EDGE_send, CALLER))
		return REAL(send)(fd, data, bytes, flags);
	return answer(post_data(EDGE_send, fd, data, bytes, flags, NULL, 0, CALLER));
}

INTERPOSE ssize_t sendto(int fd, const void *data, size_t bytes, int flags,
                         const struct sockaddr *to, socklen_t to_bytes)
{
	if (!call_begin(EDGE_sendto, CALLER))
		return REAL(sendto)(fd, data, bytes, flags, to, to_bytes);
	return answer(post_data(EDGE_sendto, fd, data, bytes, flags, to, to_bytes, CALLER));
}

INTERPOSE ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (!call_begin(EDGE_sendmsg, CALLER))
		return REAL(sendmsg)(fd, message, flags);
	return answer(post(EDGE_sendmsg, fd, message, flags, CALLER));
}

INTERPOSE int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	unsigned done = 0;
	long ret = 0;

	if (!call_begin(EDGE_sendmmsg, CALLER))
		return REAL(sendmmsg)(fd, messages, count, flags);
	while (done < count) {
		ret = post(EDGE_sendmmsg, fd, &messages[done].msg_hdr, flags, CALLER);
		if (ret < 0)
			break;
		messages[done++].msg_len = (unsigned)ret;
	}
	return (int)answer(done > 0 ? (long)done : ret);
}

INTERPOSE int socketpair(int domain, int type, int protocol, int fds[2])
{
	int ret = REAL(socketpair)(domain, type, protocol, fds);

	if (ret == 0 && runtime_enter())
		BUSY(fd_pair(fds[0], fds[1]));
	return ret;
}

/* Under the scheduler: an attempt that does not wait, again whenever others did something. */
static int connect_by_attempts(int fd, const struct sockaddr *address, socklen_t bytes)
{
	long flags = sys_call3(SYS_fcntl, fd, F_GETFL, 0);
	int error = 0;
	socklen_t error_bytes = sizeof(error);
	long ret;

	if (flags & O_NONBLOCK)
		return REAL(connect)(fd, address, bytes);
	sys_call3(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK);
	while ((ret = sys_call3(SYS_connect, fd, address, bytes)) == -EAGAIN)
		schedule_block(EDGE_connect, 0);
	if (ret == -EINPROGRESS) {
		while (fd_poll(fd, POLLOUT) == 0)
			schedule_block(EDGE_connect, 0);
		sys_call6(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, (long)&error,
		          (long)&error_bytes, 0);
		ret = -error;
	}
	sys_call3(SYS_fcntl, fd, F_SETFL, flags);
	if (ret < 0)
		errno = (int)-ret;
	return ret < 0 ? -1 : 0;
}

INTERPOSE int connect(int fd, const struct sockaddr *address, socklen_t bytes)
{
	struct channel_key key;
	int ret;

	if (!call_begin(EDGE_connect, CALLER))
		return REAL(connect)(fd, address, bytes);
	key = fd_address_key(address, bytes);
	key.b += 1000;
	channel_release(key, EDGE_connect);
	schedule_wake();
	ret = is_scheduled ? connect_by_attempts(fd, address, bytes)
	                   : REAL(connect)(fd, address, bytes);
	/* Somebody listens there. */
	key.b += 1000;
	if (ret == 0)
		channel_acquire(key, EDGE_connect);
	schedule_wake();
	call_end();
	return ret;
}

INTERPOSE int listen(int fd, int backlog)
{
	_Alignas(8) char address[128];
	socklen_t bytes = sizeof(address);
	struct channel_key key;

	if (call_begin(EDGE_listen, CALLER)) {
		if (sys_call3(SYS_getsockname, fd, address, &bytes) == 0) {
			key = fd_address_key((struct sockaddr *)(void *)address, bytes);
			key.b += 2000;
			channel_release(key, EDGE_connect);
		}
		call_end();
	}
	return REAL(listen)(fd, backlog);
}

static int accepted(enum edge edge, int fd, struct sockaddr *address, socklen_t *bytes, int flags)
{
	struct fd_look look;
	long ret;

	BUSY(fd_look(fd, &look));
	for (;;) {
		int wait;

		if (fd_is_nonblocking(fd) || fd_poll(fd, POLLIN) != 0) {
			ret = sys_call4(SYS_accept4, fd, address, bytes, flags);
			if (ret != -EAGAIN || fd_is_nonblocking(fd))
				break;
		}
		wait = fd_wait(fd, POLLIN, fd_timeout(fd, SO_RCVTIMEO), edge);
		if (wait < 0) {
			ret = wait == -ETIMEDOUT ? -EAGAIN : wait;
			break;
		}
	}
	if (ret >= 0) {
		look.read.b += 1000;
		channel_acquire(look.read, edge);
	}
	return (int)answer(ret);
}

INTERPOSE int accept(int fd, struct sockaddr *address, socklen_t *bytes)
{
	if (!call_begin(EDGE_accept, CALLER))
		return REAL(accept)(fd, address, bytes);
	return accepted(EDGE_accept, fd, address, bytes, 0);
}

INTERPOSE int accept4(int fd, struct sockaddr *address, socklen_t *bytes, int flags)
{
	if (!call_begin(EDGE_accept4, CALLER))
		return REAL(accept4)(fd, address, bytes, flags);
	return accepted(EDGE_accept4, fd, address, bytes, flags);
}

/* ---- ends ---- */

INTERPOSE int shutdown(int fd, int how)
{
	int ret;

	if (!call_begin(EDGE_shutdown, CALLER))
		return REAL(shutdown)(fd, how);
	if (how != SHUT_RD)
		BUSY(fd_shut(fd));
	if (how != SHUT_WR)
		BUSY(fd_hung_up(fd, EDGE_shutdown));
	ret = REAL(shutdown)(fd, how);
	schedule_wake();
	call_end();
	return ret;
}

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
	return answer(ret) == sizeof(value) ? 0 : -1;
}

INTERPOSE int eventfd_read(int fd, eventfd_t *value)
{
	long ret;

	if (!call_begin(EDGE_eventfd_read, CALLER))
		return REAL(eventfd_read)(fd, value);
	ret = take(EDGE_eventfd_read, fd, ONE_PART(value, sizeof(*value)), NULL, 0, -1, CALLER);
	return answer(ret) == sizeof(*value) ? 0 : -1;
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

/* ---- bytes that never come to user space ---- */

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
