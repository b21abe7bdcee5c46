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

#include "ipc/pair.h"
#include "ipc/pipes.h"
#include "ipc/stream.h"

static int pipe_check(const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	return pipes_check(&transport_pipe, options, why, why_bytes);
}

static int pipe_channel_create(struct ipc_channel **out, const struct ipc_channel_options *options)
{
	return pair_channel_create(out, &transport_pipe, options, pipes_open_pair);
}

static int pipe_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                              enum ipc_role role)
{
	struct pair_channel *from = (struct pair_channel *)channel;
	int fd = from->fds[role];

	return stream_endpoint_open(out, &transport_pipe, role,
	                            role == IPC_PRODUCER ? stream_write_file : stream_read_file,
	                            &from->options, fd, pipes_open_nowait(fd, role));
}

const struct ipc_transport transport_pipe = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "pipe",
	.summary = "anonymous pipe, messages framed by their length",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_EMPTY |
                IPC_CAP_MULTI_PRODUCER | IPC_CAP_HANGUP | IPC_CAP_THREADS,
	.probe = pipes_probe_pair,
	.channel_create = pipe_channel_create,
	.channel_drop = pair_channel_drop,
	.channel_destroy = pair_channel_destroy,
	.endpoint_open = pipe_endpoint_open,
	.endpoint_close = stream_endpoint_close,
	.send = stream_endpoint_send,
	.recv = stream_endpoint_recv,
	.flush = stream_endpoint_flush,
	.check = pipe_check,
};
