/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/unix_seqpacket.c - a pair of Unix sockets that keep message
 * boundaries and order. A receiver reads an empty message and the end of file
 * alike, as 0 bytes, so that empty messages are refused and 0 means hang-up.
 */
#include "ipc/registry.h"

#include <errno.h>
#include <sys/socket.h>

#include "ipc/limits.h"
#include "ipc/message.h"
#include "ipc/pair.h"
#include "ipc/sockets.h"

static int unix_seqpacket_probe(char *why, size_t why_bytes)
{
	return sockets_probe(SOCK_SEQPACKET, why, why_bytes);
}

static int unix_seqpacket_check(const struct ipc_channel_options *options, char *why,
                                size_t why_bytes)
{
	return sockets_check(&transport_unix_seqpacket, options, why, why_bytes);
}

static int unix_seqpacket_open_both(int fds[2], const struct ipc_channel_options *options)
{
	return sockets_open_pair(fds, SOCK_SEQPACKET, options);
}

static int unix_seqpacket_channel_create(struct ipc_channel **out,
                                         const struct ipc_channel_options *options)
{
	return pair_channel_create(out, &transport_unix_seqpacket, options,
	                           unix_seqpacket_open_both);
}

static ssize_t unix_seqpacket_attempt_recv(void *endpoint, bool nowait)
{
	ssize_t ret = message_recv_datagram(endpoint, nowait);

	/* A peer that died with unread data resets: it has gone, like one that closed. */
	return ret == 0 || ret == -ECONNRESET ? -EPIPE : ret;
}

static int unix_seqpacket_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                                        enum ipc_role role)
{
	struct pair_channel *from = (struct pair_channel *)channel;

	return message_endpoint_open(out, &transport_unix_seqpacket, &from->options,
	                             role == IPC_PRODUCER ? message_send_socket
	                                                  : unix_seqpacket_attempt_recv,
	                             from->fds[role], -1);
}

const struct ipc_transport transport_unix_seqpacket = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "unix_seqpacket",
	.summary = "pair of Unix sockets that keep boundaries and order",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_MULTI_PRODUCER |
                IPC_CAP_MULTI_CONSUMER | IPC_CAP_HANGUP | IPC_CAP_SURVIVES | IPC_CAP_THREADS |
                IPC_CAP_MESSAGE,
	.probe = unix_seqpacket_probe,
	.channel_create = unix_seqpacket_channel_create,
	.channel_drop = pair_channel_drop,
	.channel_destroy = pair_channel_destroy,
	.endpoint_open = unix_seqpacket_endpoint_open,
	.endpoint_close = message_endpoint_close,
	.send = message_endpoint_send,
	.recv = message_endpoint_recv,
	.check = unix_seqpacket_check,
};
