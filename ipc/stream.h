/* SPDX-License-Identifier: MIT */
/*
 * ipc/stream.h - whole messages over a mechanism that carries a stream of bytes.
 *
 * A frame is a 32-bit length in host byte order and the payload. The length is
 * this layer's price, paid inside the mechanism: nothing is added to the size
 * that a caller asked for. A frame whose first byte was written is accepted: what
 * did not fit is kept and written before the next frame, at stream_flush() or at
 * stream_close(). A frame whose last byte never comes is never delivered.
 */
#ifndef IPC_STREAM_H
#define IPC_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "ipc/blocking.h"
#include "ipc/transport.h"

#define STREAM_HEADER_BYTES sizeof(uint32_t)
/* Larger messages are refused: a length above it can only be damage. */
#define STREAM_MESSAGE_BYTES_MAX ((size_t)1 << 30)
/* Up to here a frame is put together in memory and moved as one piece. */
#define STREAM_SHORT_BYTES_MAX 512u

struct stream;

/*
 * Moves some bytes between fd and iov[0..iov_count-1], waiting until deadline_ns
 * at most (0: never), as blocking_call() does.
 *
 * Returns how many, 0 at end of file, which is hang-up, or -errno: -EAGAIN,
 * -ETIMEDOUT (nothing was moved, nothing will be), -EPIPE.
 */
typedef ssize_t stream_move(struct stream *stream, uint64_t deadline_ns);

/* One end of a stream, embedded in an endpoint. */
struct stream {
	struct blocking blocking;
	stream_move *move;
	void *driver; /* what move needs beside this struct; the endpoint owns it */
	int fd;
	int fd_nowait; /* the same object opened O_NONBLOCK, where a flag per call is missing */
	struct iovec iov[2];
	int iov_count;
	size_t message_bytes_max;
	unsigned char *rest; /* producer: unwritten bytes; consumer: bytes read too early */
	size_t rest_bytes;
};

/*
 * Prepares an end that moves bytes by move over fd. The caller keeps fd and
 * fd_nowait, and closes them after stream_close().
 *
 * Returns 0, or -errno: -ENOMEM, -EMSGSIZE (over STREAM_MESSAGE_BYTES_MAX).
 */
int stream_init(struct stream *stream, stream_move *move, const struct ipc_channel_options *options,
                int fd, int fd_nowait);

/* Sends and receives as the contract of transports says; HANGUP is promised. */
int stream_send(struct stream *stream, const void *data, size_t data_bytes, uint64_t deadline_ns);
ssize_t stream_recv(struct stream *stream, void *data, size_t data_bytes_max, uint64_t deadline_ns);

/* Writes what send had to keep. Returns 0, or -errno: -EAGAIN, -ETIMEDOUT, -EPIPE. */
int stream_flush(struct stream *stream, uint64_t deadline_ns);

/* Releases what stream_init() made; a producer's rest is written first, until deadline_ns. */
void stream_close(struct stream *stream, enum ipc_role role, uint64_t deadline_ns);

/* The endpoint of a stream transport that needs nothing more; one that does embeds it first. */
struct stream_endpoint {
	struct ipc_endpoint base;
	enum ipc_role role;
	struct stream stream;
};

/*
 * Prepares an endpoint over fd, which the channel keeps, and fd_nowait (or -1),
 * which the endpoint closes in stream_endpoint_release(), whatever this returns.
 *
 * Returns 0, or -errno as stream_init(), or fd_nowait itself where that is an
 * -errno: the result of pipes_open_nowait() can be handed on unchecked.
 */
int stream_endpoint_init(struct stream_endpoint *endpoint, const struct ipc_transport *transport,
                         enum ipc_role role, stream_move *move,
                         const struct ipc_channel_options *options, int fd, int fd_nowait);
void stream_endpoint_release(struct stream_endpoint *endpoint);

/* Allocates and prepares an endpoint; the table's endpoint_open() and endpoint_close(). */
int stream_endpoint_open(struct ipc_endpoint **out, const struct ipc_transport *transport,
                         enum ipc_role role, stream_move *move,
                         const struct ipc_channel_options *options, int fd, int fd_nowait);
void stream_endpoint_close(struct ipc_endpoint *endpoint);

/* Fills the table's endpoint_open() where the channel is a pair of sockets. */
int stream_endpoint_open_socket(struct ipc_endpoint **out, struct ipc_channel *channel,
                                enum ipc_role role);

/* Fill the table's send, recv and flush. */
int stream_endpoint_send(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
                         uint64_t deadline_ns, unsigned flags);
ssize_t stream_endpoint_recv(struct ipc_endpoint *endpoint, void *data, size_t data_bytes_max,
                             uint64_t deadline_ns);
int stream_endpoint_flush(struct ipc_endpoint *endpoint);

/* Moves for file descriptors: readv and writev, on fd_nowait where they must not wait. */
ssize_t stream_read_file(struct stream *stream, uint64_t deadline_ns);
ssize_t stream_write_file(struct stream *stream, uint64_t deadline_ns);

/* Moves for sockets: recvmsg and sendmsg; fd_nowait is not used. */
ssize_t stream_read_socket(struct stream *stream, uint64_t deadline_ns);
ssize_t stream_write_socket(struct stream *stream, uint64_t deadline_ns);

/* Checks the options of a transport that frames messages on a stream: limits_check(). */
int stream_check(const struct ipc_transport *transport, const struct ipc_channel_options *options,
                 char *why, size_t why_bytes);

#endif
