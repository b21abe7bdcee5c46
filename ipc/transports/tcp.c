/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/tcp.c - a TCP connection over the loopback interface, with whole
 * messages framed on it.
 *
 * The connection is made in channel_create() and its listener closed there. Any
 * local user can connect to a port, so that the accepted end is compared with
 * the address of the end that we connected; others are closed.
 */
#include "ipc/registry.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "ipc/limits.h"
#include "ipc/pair.h"
#include "ipc/stream.h"

/* The loopback interface answers at once, unless a firewall drops its packets. */
#define TCP_CONNECT_NS NS_PER_S
#define TCP_BUFFER_BYTES_MIN ((size_t)1 << 16)

/* Waits until fd is ready for events. Returns 0, or -errno: -ETIMEDOUT. */
static int tcp_wait(int fd, short events, uint64_t deadline_ns)
{
	for (;;) {
		struct pollfd wait = {.fd = fd, .events = events};
		uint64_t now_ns = clock_now_ns();
		struct timespec left;
		int ready;

		if (now_ns >= deadline_ns)
			return -ETIMEDOUT;
		left = clock_timespec(deadline_ns - now_ns);
		ready = ppoll(&wait, 1, &left, NULL);
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
}

/*
 * Bounds what option, SO_SNDBUF or SO_RCVBUF, holds to the slots that were asked
 * for. Left alone the kernel grows both to megabytes, and nothing would push back.
 */
static int tcp_bound(int fd, int option, const struct ipc_channel_options *options)
{
	size_t each = STREAM_HEADER_BYTES + options->message_bytes_max;
	size_t wanted = options->slot_count < INT_MAX / each ? options->slot_count * each : INT_MAX;
	int bytes = (int)(wanted > TCP_BUFFER_BYTES_MIN ? wanted : TCP_BUFFER_BYTES_MIN);

	return setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes)) < 0 ? -errno : 0;
}

/* Listens on a port of the kernel's choice. Returns a descriptor, or -errno. */
static int tcp_listen(struct sockaddr_in *address, const struct ipc_channel_options *options)
{
	socklen_t length = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int ret;

	if (fd < 0)
		return -errno;
	*address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	/* What it accepts inherits the buffer; it must be set before the window is agreed. */
	ret = tcp_bound(fd, SO_RCVBUF, options);
	if (ret == 0 && (bind(fd, (struct sockaddr *)address, length) < 0 || listen(fd, 1) < 0 ||
	                 getsockname(fd, (struct sockaddr *)address, &length) < 0))
		ret = -errno;
	if (ret < 0) {
		close(fd);
		return ret;
	}
	return fd;
}

/* Connects to address. Returns a descriptor, or -errno. */
static int tcp_connect(const struct sockaddr_in *address, const struct ipc_channel_options *options,
                       uint64_t deadline_ns)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t length = sizeof(int);
	int error = 0;
	int ret;

	if (fd < 0)
		return -errno;
	ret = tcp_bound(fd, SO_SNDBUF, options);
	if (ret == 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		ret = errno == EINPROGRESS ? tcp_wait(fd, POLLOUT, deadline_ns) : -errno;
		if (ret == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
			ret = -errno;
		if (ret == 0)
			ret = -error;
	}
	if (ret < 0) {
		close(fd);
		return ret;
	}
	return fd;
}

/* Accepts the connection whose other end is connected. Returns a descriptor, or -errno. */
static int tcp_accept(int listener, int connected, uint64_t deadline_ns)
{
	struct sockaddr_in ours = {0};
	socklen_t ours_length = sizeof(ours);

	if (getsockname(connected, (struct sockaddr *)&ours, &ours_length) < 0)
		return -errno;
	for (;;) {
		struct sockaddr_in peer = {0};
		socklen_t peer_length = sizeof(peer);
		int ret = tcp_wait(listener, POLLIN, deadline_ns);
		int fd;

		if (ret < 0)
			return ret;
		fd = accept4(listener, (struct sockaddr *)&peer, &peer_length, SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
				continue;
			return -errno;
		}
		if (peer.sin_port == ours.sin_port && peer.sin_addr.s_addr == ours.sin_addr.s_addr)
			return fd;
		close(fd);
	}
}

/* Sets what both ends need. Returns 0, or -errno. */
static int tcp_configure(int producer, int consumer)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	const int on = 1;

	/* A connection blocks from here on; each call says for itself if it must not. */
	if (fcntl(producer, F_SETFL, 0) < 0 || fcntl(consumer, F_SETFL, 0) < 0)
		return -errno;
	if (setsockopt(producer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
	    setsockopt(consumer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		return -errno;
	/*
	 * The consumer's last close resets the connection: nobody is left to read,
	 * and no port stays behind in TIME_WAIT.
	 */
	if (setsockopt(consumer, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0)
		return -errno;
	return 0;
}

static int tcp_open_both(int fds[2], const struct ipc_channel_options *options)
{
	uint64_t deadline_ns = clock_now_ns() + TCP_CONNECT_NS;
	struct sockaddr_in address;
	int consumer = -1;
	int producer;
	int listener;
	int ret;

	listener = tcp_listen(&address, options);
	if (listener < 0)
		return listener;
	producer = tcp_connect(&address, options, deadline_ns);
	ret = producer;
	if (ret >= 0) {
		consumer = tcp_accept(listener, producer, deadline_ns);
		ret = consumer;
	}
	close(listener);
	if (ret >= 0)
		ret = tcp_configure(producer, consumer);
	if (ret < 0) {
		if (producer >= 0)
			close(producer);
		if (consumer >= 0)
			close(consumer);
		return ret;
	}
	fds[IPC_PRODUCER] = producer;
	fds[IPC_CONSUMER] = consumer;
	return 0;
}

static int tcp_probe(char *why, size_t why_bytes)
{
	const struct ipc_channel_options least = {.message_bytes_max = 1, .slot_count = 1};
	int fds[2];
	int ret = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* Asked apart, for a firewall answers with EPERM, too. */
	if (ret < 0)
		return limits_refuse_call(why, why_bytes, -errno, "socket", "TCP (CONFIG_INET)");
	close(ret);
	ret = tcp_open_both(fds, &least);
	switch (ret) {
	case 0:
		close(fds[0]);
		close(fds[1]);
		return 0;
	case -ENETUNREACH:
	case -EADDRNOTAVAIL:
		return limits_refuse(why, why_bytes, ret,
		                     "the loopback interface is down in this network namespace: "
		                     "ip link set lo up");
	case -ETIMEDOUT:
	case -EPERM:
		return limits_refuse(why, why_bytes, ret,
		                     "a firewall drops connections on the loopback interface");
	default:
		return limits_refuse(why, why_bytes, ret, "no connection to 127.0.0.1: %s",
		                     strerror(-ret));
	}
}

static int tcp_check(const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	return stream_check(&transport_tcp, options, why, why_bytes);
}

static int tcp_channel_create(struct ipc_channel **out, const struct ipc_channel_options *options)
{
	return pair_channel_create(out, &transport_tcp, options, tcp_open_both);
}

const struct ipc_transport transport_tcp = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "tcp",
	.summary = "TCP on the loopback interface, messages framed by their length",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_EMPTY | IPC_CAP_HANGUP |
                IPC_CAP_THREADS,
	.probe = tcp_probe,
	.channel_create = tcp_channel_create,
	.channel_drop = pair_channel_drop,
	.channel_destroy = pair_channel_destroy,
	.endpoint_open = stream_endpoint_open_socket,
	.endpoint_close = stream_endpoint_close,
	.send = stream_endpoint_send,
	.recv = stream_endpoint_recv,
	.flush = stream_endpoint_flush,
	.check = tcp_check,
};
