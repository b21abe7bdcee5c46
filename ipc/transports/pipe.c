/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/pipe.c - an anonymous pipe, with whole messages framed on it.
 *
 * Each end is opened a second time with O_NONBLOCK, for calls that must not
 * wait: the flag belongs to the open file, not to the call. Many producers may
 * share the pipe only while a frame is at most PIPE_BUF bytes: the kernel
 * interleaves larger writes.
 */
#include "ipc/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "ipc/stream.h"

struct pipe_channel {
	struct ipc_channel base;
	struct ipc_channel_options options;
	int fds[2]; /* by enum ipc_role reversed, as pipe() does: [0] is read */
};

static int *pipe_fd(struct pipe_channel *self, enum ipc_role role)
{
	return &self->fds[role == IPC_PRODUCER ? 1 : 0];
}

static void pipe_channel_drop(struct ipc_channel *channel, enum ipc_role role)
{
	int *fd = pipe_fd((struct pipe_channel *)channel, role);

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void pipe_channel_destroy(struct ipc_channel *channel)
{
	if (!channel)
		return;
	pipe_channel_drop(channel, IPC_PRODUCER);
	pipe_channel_drop(channel, IPC_CONSUMER);
	free(channel);
}

/* Asks for room for all slots; fewer bytes only mean earlier backpressure. */
static void pipe_grow(int fd, size_t wanted)
{
	for (size_t bytes = (size_t)1 << 20; bytes > (size_t)1 << 16; bytes /= 2) {
		if (bytes / 2 >= wanted)
			continue;
		if (fcntl(fd, F_SETPIPE_SZ, (int)bytes) >= 0)
			return;
	}
}

static int pipe_channel_create(struct ipc_channel **out, const struct ipc_channel_options *options)
{
	struct pipe_channel *self;
	int ret;

	if (options->consumer_count > 1)
		return -EINVAL;
	if (options->message_bytes_max > STREAM_MESSAGE_BYTES_MAX ||
	    (options->producer_count > 1 &&
	     options->message_bytes_max > PIPE_BUF - STREAM_HEADER_BYTES))
		return -EMSGSIZE;
	self = malloc(sizeof(*self));
	if (!self)
		return -ENOMEM;
	*self = (struct pipe_channel){
		.base.transport = &transport_pipe,
		.options = *options,
		.fds = {-1, -1},
	};
	if (pipe2(self->fds, O_CLOEXEC) < 0) {
		ret = -errno;
		free(self);
		return ret;
	}
	pipe_grow(self->fds[0], stream_capacity_bytes(options));
	*out = &self->base;
	return 0;
}

static int pipe_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                              enum ipc_role role)
{
	struct pipe_channel *from = (struct pipe_channel *)channel;
	bool produces = role == IPC_PRODUCER;
	int fd = *pipe_fd(from, role);

	return stream_endpoint_open(out, &transport_pipe, role,
	                            produces ? stream_write_file : stream_read_file, &from->options,
	                            fd, stream_open_nowait(fd, produces ? O_WRONLY : O_RDONLY));
}

const struct ipc_transport transport_pipe = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "pipe",
	.summary = "anonymous pipe, messages framed by their length",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_EMPTY |
                IPC_CAP_MULTI_PRODUCER | IPC_CAP_HANGUP | IPC_CAP_THREADS,
	.probe = stream_probe_nowait,
	.channel_create = pipe_channel_create,
	.channel_drop = pipe_channel_drop,
	.channel_destroy = pipe_channel_destroy,
	.endpoint_open = pipe_endpoint_open,
	.endpoint_close = stream_endpoint_close,
	.send = stream_endpoint_send,
	.recv = stream_endpoint_recv,
	.flush = stream_endpoint_flush,
};
