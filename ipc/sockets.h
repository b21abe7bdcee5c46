/* SPDX-License-Identifier: MIT */
/* ipc/sockets.h - connected Unix sockets without a name, and their buffers. */
#ifndef IPC_SOCKETS_H
#define IPC_SOCKETS_H

#include <stddef.h>

#include "ipc/transport.h"

/*
 * Opens a connected pair of type (SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM) into
 * fds, by enum ipc_role, whose producer's buffer has room for all slots, as far
 * as net.core.wmem_max allows.
 *
 * Returns 0, or -errno: -EMFILE, -ENOMEM, -EMSGSIZE (one largest message does
 * not fit into the buffer that was granted).
 */
int sockets_open_pair(int fds[2], int type, const struct ipc_channel_options *options);

/* Says whether such a pair can be made. Returns 0, or -errno with the cause in why. */
int sockets_probe(int type, char *why, size_t why_bytes);

/* Checks the options of a socket that keeps boundaries: limits_check() by SO_SNDBUF. */
int sockets_check(const struct ipc_transport *transport, const struct ipc_channel_options *options,
                  char *why, size_t why_bytes);

#endif
