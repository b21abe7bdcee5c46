/* SPDX-License-Identifier: MIT */
/*
 * ipc/plugins/example.c - a whole plug-in: one transport, a pair of SEQPACKET
 * sockets. Start from a copy; ipc-transport(7) says what each member promises.
 */
#include "ipc/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const struct ipc_transport example;

struct example_channel {
	struct ipc_channel base;
	size_t message_bytes_max;
	int fds[2]; /* by enum ipc_role */
};

struct example_endpoint {
	struct ipc_endpoint base;
	size_t message_bytes_max;
	int fd;
};

static int example_probe(char *why, size_t why_bytes)
{
	return (void)why, (void)why_bytes, 0;
}

static int example_create(struct ipc_channel **out, const struct ipc_channel_options *options)
{
	struct example_channel *self;

	if (options->wait != IPC_WAIT_BLOCK)
		return -EINVAL;
	if (options->message_bytes_max > 65536) /* what every default SO_SNDBUF has room for */
		return -EMSGSIZE;
	self = malloc(sizeof(*self));
	if (!self)
		return -ENOMEM;
	*self = (struct example_channel){{&example}, options->message_bytes_max, {-1, -1}};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, self->fds) < 0) {
		free(self);
		return -EMFILE;
	}
	*out = &self->base;
	return 0;
}

/* Gives up a role's end, so that its last peer's exit is seen. */
static void example_drop(struct ipc_channel *channel, enum ipc_role role)
{
	int *fd = &((struct example_channel *)channel)->fds[role];

	(void)close(*fd); /* -1, dropped before, is refused and no more */
	*fd = -1;
}

static void example_destroy(struct ipc_channel *channel)
{
	if (channel) {
		example_drop(channel, IPC_PRODUCER);
		example_drop(channel, IPC_CONSUMER);
	}
	free(channel);
}

static int example_open(struct ipc_endpoint **out, struct ipc_channel *channel, enum ipc_role role)
{
	const struct example_channel *from = (struct example_channel *)channel;
	struct example_endpoint *self = malloc(sizeof(*self));

	if (!self)
		return -ENOMEM;
	*self = (struct example_endpoint){{&example, 0}, from->message_bytes_max, from->fds[role]};
	*out = &self->base;
	return 0;
}

static void example_close(struct ipc_endpoint *endpoint)
{
	free(endpoint);
}

/* After a call failed: waits until it may succeed. Returns 0 (try again) or its -errno. */
static int example_wait(struct ipc_endpoint *endpoint, short events, uint64_t deadline_ns)
{
	struct pollfd wait = {((struct example_endpoint *)endpoint)->fd, events, 0};
	struct timespec now;
	int64_t left_ns;

	if (errno == EPIPE || errno == ECONNRESET)
		return -EPIPE;
	if (errno != EAGAIN && errno != EINTR)
		return -errno;
	deadline_ns = ipc_deadline(endpoint, deadline_ns);
	if (deadline_ns == 0)
		return -EAGAIN;
	clock_gettime(CLOCK_MONOTONIC, &now);
	left_ns = (int64_t)deadline_ns - (now.tv_sec * INT64_C(1000000000) + now.tv_nsec);
	if (left_ns <= 0)
		return -ETIMEDOUT;
	now = (struct timespec){left_ns / 1000000000, left_ns % 1000000000};
	(void)ppoll(&wait, 1, &now, NULL);
	return 0;
}

static int example_send(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
                        uint64_t deadline_ns, unsigned flags)
{
	const struct example_endpoint *self = (struct example_endpoint *)endpoint;
	int ret = 0;

	(void)flags;
	if (data_bytes > self->message_bytes_max || data_bytes == 0)
		return data_bytes == 0 ? -EINVAL : -EMSGSIZE; /* Empty looks like end of file. */
	while (ret == 0) {
		if (send(self->fd, data, data_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return 0;
		ret = example_wait(endpoint, POLLOUT, deadline_ns);
	}
	return ret;
}

static ssize_t example_recv(struct ipc_endpoint *endpoint, void *data, size_t data_bytes_max,
                            uint64_t deadline_ns)
{
	const struct example_endpoint *self = (struct example_endpoint *)endpoint;
	int ret = data_bytes_max < self->message_bytes_max ? -EMSGSIZE : 0;

	while (ret == 0) {
		ssize_t bytes = recv(self->fd, data, data_bytes_max, MSG_DONTWAIT);

		if (bytes >= 0)
			return bytes > 0 ? bytes : -EPIPE;
		ret = example_wait(endpoint, POLLIN, deadline_ns);
	}
	return ret;
}

static const struct ipc_transport example = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "example",
	.summary = "plug-in to start from: a pair of SEQPACKET sockets",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_MULTI_PRODUCER | IPC_CAP_MULTI_CONSUMER |
                IPC_CAP_HANGUP | IPC_CAP_THREADS | IPC_CAP_MESSAGE,
	.probe = example_probe,
	.channel_create = example_create,
	.channel_drop = example_drop,
	.channel_destroy = example_destroy,
	.endpoint_open = example_open,
	.endpoint_close = example_close,
	.send = example_send,
	.recv = example_recv,
};

static const struct ipc_transport *const transports[] = {&example};

extern const struct ipc_plugin ipc_plugin;
IPC_PLUGIN_EXPORT const struct ipc_plugin ipc_plugin = {IPC_TRANSPORT_ABI, 1, transports};
