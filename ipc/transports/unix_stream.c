/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/unix_stream.c - a pair of Unix stream sockets, with whole
 * messages framed on it. The mechanism interleaves writers: one producer.
 */
#include "ipc/registry.h"

#include <sys/socket.h>

#include "ipc/pair.h"
#include "ipc/sockets.h"
#include "ipc/stream.h"

static int unix_stream_probe(char *why, size_t why_bytes)
{
	return sockets_probe(SOCK_STREAM, why, why_bytes);
}

static int unix_stream_check(const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	return stream_check(&transport_unix_stream, options, why, why_bytes);
}

static int unix_stream_open_both(int fds[2], const struct ipc_channel_options *options)
{
	return sockets_open_pair(fds, SOCK_STREAM, options);
}

static int unix_stream_channel_create(struct ipc_channel **out,
                                      const struct ipc_channel_options *options)
{
	return pair_channel_create(out, &transport_unix_stream, options, unix_stream_open_both);
}

const struct ipc_transport transport_unix_stream = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "unix_stream",
	.summary = "pair of Unix stream sockets, messages framed by their length",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_EMPTY | IPC_CAP_HANGUP |
                IPC_CAP_THREADS,
	.probe = unix_stream_probe,
	.channel_create = unix_stream_channel_create,
	.channel_drop = pair_channel_drop,
	.channel_destroy = pair_channel_destroy,
	.endpoint_open = stream_endpoint_open_socket,
	.endpoint_close = stream_endpoint_close,
	.send = stream_endpoint_send,
	.recv = stream_endpoint_recv,
	.flush = stream_endpoint_flush,
	.check = unix_stream_check,
};
