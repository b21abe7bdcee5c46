/* SPDX-License-Identifier: MIT */
/*
 * ipc/pair.h - the channel that is two descriptors, one a role.
 *
 * Pipes and connected sockets: what a process holds for a role is one
 * descriptor, and the kernel tells of a gone role when its last copy is closed.
 */
#ifndef IPC_PAIR_H
#define IPC_PAIR_H

#include "ipc/transport.h"

/* Embed it first where a channel needs more. */
struct pair_channel {
	struct ipc_channel base;
	struct ipc_channel_options options;
	int fds[2]; /* by enum ipc_role; -1: dropped */
};

/* Opens both descriptors, close-on-exec. Returns 0, or -errno with fds untouched. */
typedef int pair_open(int fds[2], const struct ipc_channel_options *options);

/* Makes a channel if the transport's check() allows it. Returns 0, or -errno. */
int pair_channel_create(struct ipc_channel **out, const struct ipc_transport *transport,
                        const struct ipc_channel_options *options, pair_open *open_both);

/* Fill the table's members of these names. */
void pair_channel_drop(struct ipc_channel *channel, enum ipc_role role);
void pair_channel_destroy(struct ipc_channel *channel);

#endif
