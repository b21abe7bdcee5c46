/* SPDX-License-Identifier: MIT */
/*
 * ipc/uring.h - the endpoint of a stream whose bytes are moved by io_uring.
 *
 * Each endpoint has a ring of its own, made in the peer, with at most one
 * operation in flight. A call that times out cancels its operation and waits
 * until that has settled: nothing is written into the caller's memory later.
 */
#ifndef IPC_URING_H
#define IPC_URING_H

#include <stdbool.h>
#include <sys/socket.h>

#include <liburing.h>

#include "ipc/stream.h"
#include "ipc/transport.h"

struct uring_endpoint;

/*
 * Fills an entry with the operation that moves stream->iov. Where nowait is set
 * it may be one that completes with -EAGAIN; one that waits is cancelled.
 */
typedef void uring_prepare(struct uring_endpoint *endpoint, struct io_uring_sqe *entry,
                           bool nowait);

struct uring_endpoint {
	struct stream_endpoint base;
	struct io_uring ring;
	uring_prepare *prepare;
	struct msghdr message; /* for prepare */
};

/*
 * Opens an endpoint with a ring; fd and fd_nowait as in stream_endpoint_init().
 *
 * On success *out is the caller's, to be given to uring_endpoint_close(). Returns
 * 0, or -errno: -EPERM, -ENOSYS (a policy forbids io_uring), -ENOMEM, -EMFILE.
 */
int uring_endpoint_open(struct ipc_endpoint **out, const struct ipc_transport *transport,
                        enum ipc_role role, uring_prepare *prepare,
                        const struct ipc_channel_options *options, int fd, int fd_nowait);

/* Fills the table's endpoint_close(). */
void uring_endpoint_close(struct ipc_endpoint *endpoint);

/* Says whether a ring can be made here. Returns 0, or -errno with the policy in why. */
int uring_probe(char *why, size_t why_bytes);

#endif
