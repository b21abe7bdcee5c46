/* SPDX-License-Identifier: MIT */
/* ipc/pipes.h - what pipe, fifo and uring_pipe need of pipes. */
#ifndef IPC_PIPES_H
#define IPC_PIPES_H

#include <stddef.h>

#include "ipc/transport.h"

/* Opens a pipe with room for all slots into fds, by enum ipc_role. Returns 0 or -errno. */
int pipes_open_pair(int fds[2], const struct ipc_channel_options *options);

/* Asks for a pipe with room for all slots; less room only means earlier backpressure. */
void pipes_grow(int fd, const struct ipc_channel_options *options);

/* As stream_check(); with many producers a frame must fit into PIPE_BUF. */
int pipes_check(const struct ipc_transport *transport, const struct ipc_channel_options *options,
                char *why, size_t why_bytes);

/*
 * Opens the pipe of fd, role's end of it, a second time, with its own
 * O_NONBLOCK: two calls on one pipe can then differ in whether they wait,
 * without a call to change it.
 *
 * Returns a descriptor, or -errno: -ENOENT (/proc is not mounted), -EMFILE.
 */
int pipes_open_nowait(int fd, enum ipc_role role);

/* Says whether pipes_open_nowait() can work here. Returns 0, or -errno with a cause in why. */
int pipes_probe(char *why, size_t why_bytes);

/* The same for pipes_open_pair(), too. */
int pipes_probe_pair(char *why, size_t why_bytes);

#endif
