/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/unix_dgram.c - a connected pair of Unix datagram sockets.
 *
 * Reliable and in order, unlike datagrams of a network. A receiver is never told
 * that its sender has gone, so that HANGUP is not promised; a sender is, and says
 * so. net.unix.max_dgram_qlen does not bound a pair whose ends are connected to
 * each other (net/unix/af_unix.c, unix_dgram_sendmsg): the send buffer does.
 */
#include "ipc/registry.h"

#include <sys/socket.h>

#include "ipc/limits.h"
#include "ipc/message.h"
#include "ipc/pair.h"
#include "ipc/sockets.h"

static int unix_dgram_probe(char *why, size_t why_bytes)
{
	return sockets_probe(SOCK_DGRAM, why, why_bytes);
}

static int unix_dgram_check(const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	return sockets_check(&transport_unix_dgram, options, why, why_bytes);
}

static int unix_dgram_open_both(int fds[2], const struct ipc_channel_options *options)
{
	return sockets_open_pair(fds, SOCK_DGRAM, options);
}

static int unix_dgram_channel_create(struct ipc_channel **out,
                                     const struct ipc_channel_options *options)
{
	return pair_channel_create(out, &transport_unix_dgram, options, unix_dgram_open_both);
}

static int unix_dgram_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                                    enum ipc_role role)
{
	struct pair_channel *from = (struct pair_channel *)channel;

	return message_endpoint_open(out, &transport_unix_dgram, &from->options,
	                             role == IPC_PRODUCER ? message_send_socket
	                                                  : message_recv_datagram,
	                             from->fds[role], -1);
}

const struct ipc_transport transport_unix_dgram = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "unix_dgram",
	.summary = "pair of Unix datagram sockets",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_EMPTY |
                IPC_CAP_MULTI_PRODUCER | IPC_CAP_MULTI_CONSUMER | IPC_CAP_SURVIVES |
                IPC_CAP_THREADS | IPC_CAP_MESSAGE,
	.probe = unix_dgram_probe,
	.channel_create = unix_dgram_channel_create,
	.channel_drop = pair_channel_drop,
	.channel_destroy = pair_channel_destroy,
	.endpoint_open = unix_dgram_endpoint_open,
	.endpoint_close = message_endpoint_close,
	.send = message_endpoint_send,
	.recv = message_endpoint_recv,
	.check = unix_dgram_check,
};
