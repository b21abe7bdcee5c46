/* SPDX-License-Identifier: MIT */
/*
 * ipc/message.h - the endpoint of a mechanism that keeps message boundaries.
 *
 * Datagram sockets and message queues: one system call is one message, so a
 * transport writes an attempt for each direction and blocking.h does the rest.
 */
#ifndef IPC_MESSAGE_H
#define IPC_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/blocking.h"
#include "ipc/transport.h"

/* Embed it first where an endpoint needs more. */
struct message_endpoint {
	struct ipc_endpoint base;
	struct blocking blocking;
	/*
	 * Passes one message between data and fd. Returns 0 (sent) or the size of
	 * what was received, which may be more than data_bytes where it was cut.
	 */
	blocking_attempt *attempt;
	int fd;
	int fd_nowait; /* the same object opened O_NONBLOCK, where a flag per call is missing */
	size_t message_bytes_max;

	/* The call that runs. */
	union {
		const void *from;
		void *to;
	} data;
	size_t data_bytes;
	unsigned level; /* of priority, 0 to IPC_PRIORITY_MAX */
};

/* Prepares an endpoint in the caller's memory; the caller keeps the descriptors. */
void message_endpoint_init(struct message_endpoint *endpoint, const struct ipc_transport *transport,
                           const struct ipc_channel_options *options, blocking_attempt *attempt,
                           int fd, int fd_nowait);

/* Allocates and prepares one; free it by message_endpoint_close(). Returns 0 or -ENOMEM. */
int message_endpoint_open(struct ipc_endpoint **out, const struct ipc_transport *transport,
                          const struct ipc_channel_options *options, blocking_attempt *attempt,
                          int fd, int fd_nowait);

/* Fill the table's members of these names. */
void message_endpoint_close(struct ipc_endpoint *endpoint);
int message_endpoint_send(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
                          uint64_t deadline_ns, unsigned flags);
ssize_t message_endpoint_recv(struct ipc_endpoint *endpoint, void *data, size_t data_bytes_max,
                              uint64_t deadline_ns);

/* Attempts for sockets: send and recv, with a flag per call; fd_nowait is not used. */
ssize_t message_send_socket(void *endpoint, bool nowait);
ssize_t message_recv_datagram(void *endpoint, bool nowait);

#endif
