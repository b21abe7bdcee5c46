/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/wrap_socket.c - calls of sockets alone. */
#include "suites/racecheck/runtime/wrap.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "suites/racecheck/runtime/fd.h"
#include "suites/racecheck/runtime/transfer.h"

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
	return transfer_answer(receive_data(EDGE_recv, fd, data, bytes, flags, NULL, NULL, CALLER));
}

INTERPOSE ssize_t recvfrom(int fd, void *data, size_t bytes, int flags, struct sockaddr *from,
                           socklen_t *from_bytes)
{
	if (!call_begin(EDGE_recvfrom, CALLER))
		return REAL(recvfrom)(fd, data, bytes, flags, from, from_bytes);
	return transfer_answer(
		receive_data(EDGE_recvfrom, fd, data, bytes, flags, from, from_bytes, CALLER));
}

INTERPOSE ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	if (!call_begin(EDGE_recvmsg, CALLER))
		return REAL(recvmsg)(fd, message, flags);
	return transfer_answer(receive(EDGE_recvmsg, fd, message, flags, CALLER));
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
	return (int)transfer_answer(done > 0 ? (long)done : ret);
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
	return transfer_answer(post_data(EDGE_send, fd, data, bytes, flags, NULL, 0, CALLER));
}

INTERPOSE ssize_t sendto(int fd, const void *data, size_t bytes, int flags,
                         const struct sockaddr *to, socklen_t to_bytes)
{
	if (!call_begin(EDGE_sendto, CALLER))
		return REAL(sendto)(fd, data, bytes, flags, to, to_bytes);
	return transfer_answer(
		post_data(EDGE_sendto, fd, data, bytes, flags, to, to_bytes, CALLER));
}

INTERPOSE ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (!call_begin(EDGE_sendmsg, CALLER))
		return REAL(sendmsg)(fd, message, flags);
	return transfer_answer(post(EDGE_sendmsg, fd, message, flags, CALLER));
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
	return (int)transfer_answer(done > 0 ? (long)done : ret);
}

INTERPOSE int socketpair(int domain, int type, int protocol, int fds[2])
{
	int ret = REAL(socketpair)(domain, type, protocol, fds);

	if (ret == 0 && runtime_enter())
		BUSY(fd_pair(fds[0], fds[1]));
	if (ret == 0)
		WRITES(fds, 2 * sizeof(*fds));
	return ret;
}

INTERPOSE int bind(int fd, const struct sockaddr *address, socklen_t bytes)
{
	int ret = REAL(bind)(fd, address, bytes);

	if (ret == 0 && runtime_enter())
		BUSY(fd_bound(fd));
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
	return (int)transfer_answer(ret);
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
