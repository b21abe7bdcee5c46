/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/uring_pipe.c - an anonymous pipe that io_uring reads and writes,
 * with whole messages framed on it: the descriptors of pipe, another way in.
 * They are opened O_NONBLOCK: before Linux 6.4 a pipe would else need a worker.
 */
#include "ipc/registry.h"

#include "ipc/pair.h"
#include "ipc/pipes.h"
#include "ipc/stream.h"
#include "ipc/uring.h"

/* A pipe has no offset. */
#define NO_OFFSET UINT64_MAX

static int uring_pipe_probe(char *why, size_t why_bytes)
{
	int ret = pipes_probe_pair(why, why_bytes);

	return ret < 0 ? ret : uring_probe(why, why_bytes);
}

static int uring_pipe_check(const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	return pipes_check(&transport_uring_pipe, options, why, why_bytes);
}

static int uring_pipe_channel_create(struct ipc_channel **out,
                                     const struct ipc_channel_options *options)
{
	return pair_channel_create(out, &transport_uring_pipe, options, pipes_open_pair);
}

static void uring_pipe_prepare(struct uring_endpoint *endpoint, struct io_uring_sqe *entry,
                               bool nowait)
{
	const struct stream *stream = &endpoint->base.stream;
	int fd = stream->fd_nowait;

	(void)nowait; /* io_uring polls an O_NONBLOCK file and tries again. */
	if (endpoint->base.role == IPC_PRODUCER)
		io_uring_prep_writev(entry, fd, stream->iov, (unsigned)stream->iov_count,
		                     NO_OFFSET);
	else
		io_uring_prep_readv(entry, fd, stream->iov, (unsigned)stream->iov_count, NO_OFFSET);
}

static int uring_pipe_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                                    enum ipc_role role)
{
	struct pair_channel *from = (struct pair_channel *)channel;
	int fd = from->fds[role];

	return uring_endpoint_open(out, &transport_uring_pipe, role, uring_pipe_prepare,
	                           &from->options, fd, pipes_open_nowait(fd, role));
}

const struct ipc_transport transport_uring_pipe = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "uring_pipe",
	.summary = "anonymous pipe driven by io_uring, messages framed by their length",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_EMPTY |
                IPC_CAP_MULTI_PRODUCER | IPC_CAP_HANGUP | IPC_CAP_THREADS,
	.probe = uring_pipe_probe,
	.channel_create = uring_pipe_channel_create,
	.channel_drop = pair_channel_drop,
	.channel_destroy = pair_channel_destroy,
	.endpoint_open = uring_pipe_endpoint_open,
	.endpoint_close = uring_endpoint_close,
	.send = stream_endpoint_send,
	.recv = stream_endpoint_recv,
	.flush = stream_endpoint_flush,
	.check = uring_pipe_check,
};
