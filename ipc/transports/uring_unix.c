/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/uring_unix.c - a pair of Unix stream sockets that io_uring reads
 * and writes, with whole messages framed on it: the descriptors of unix_stream,
 * another way in.
 */
#include "ipc/registry.h"

#include <sys/socket.h>

#include "ipc/pair.h"
#include "ipc/sockets.h"
#include "ipc/stream.h"
#include "ipc/uring.h"

static int uring_unix_probe(char *why, size_t why_bytes)
{
	int ret = sockets_probe(SOCK_STREAM, why, why_bytes);

	return ret < 0 ? ret : uring_probe(why, why_bytes);
}

static int uring_unix_check(const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	return stream_check(&transport_uring_unix, options, why, why_bytes);
}

static int uring_unix_open_both(int fds[2], const struct ipc_channel_options *options)
{
	return sockets_open_pair(fds, SOCK_STREAM, options);
}

static int uring_unix_channel_create(struct ipc_channel **out,
                                     const struct ipc_channel_options *options)
{
	return pair_channel_create(out, &transport_uring_unix, options, uring_unix_open_both);
}

static void uring_unix_prepare(struct uring_endpoint *endpoint, struct io_uring_sqe *entry,
                               bool nowait)
{
	struct stream *stream = &endpoint->base.stream;
	unsigned flags = nowait ? MSG_DONTWAIT : 0;

	/* It must outlive the submission, and with it this call. */
	endpoint->message = (struct msghdr){
		.msg_iov = stream->iov,
		.msg_iovlen = (size_t)stream->iov_count,
	};
	if (endpoint->base.role == IPC_PRODUCER)
		io_uring_prep_sendmsg(entry, stream->fd, &endpoint->message, flags | MSG_NOSIGNAL);
	else
		io_uring_prep_recvmsg(entry, stream->fd, &endpoint->message, flags);
}

static int uring_unix_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                                    enum ipc_role role)
{
	struct pair_channel *from = (struct pair_channel *)channel;

	return uring_endpoint_open(out, &transport_uring_unix, role, uring_unix_prepare,
	                           &from->options, from->fds[role], -1);
}

const struct ipc_transport transport_uring_unix = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "uring_unix",
	.summary = "pair of Unix stream sockets driven by io_uring",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_EMPTY | IPC_CAP_HANGUP |
                IPC_CAP_THREADS,
	.probe = uring_unix_probe,
	.channel_create = uring_unix_channel_create,
	.channel_drop = pair_channel_drop,
	.channel_destroy = pair_channel_destroy,
	.endpoint_open = uring_unix_endpoint_open,
	.endpoint_close = uring_endpoint_close,
	.send = stream_endpoint_send,
	.recv = stream_endpoint_recv,
	.flush = stream_endpoint_flush,
	.check = uring_unix_check,
};
