/* SPDX-License-Identifier: MIT */
/*
 * ipc/lifeline.h - tells peers that share memory of each other's death.
 *
 * Shared memory says nothing of a peer that has gone, but the kernel closes what
 * it held: each role holds one end of a socket pair, which follows channel_drop()
 * and exit, also by SIGKILL and before a zombie is reaped. A waiter that has
 * slept a slice looks at its own end for the hang-up of the other. No process id
 * is involved, so that none can be taken for another.
 */
#ifndef IPC_LIFELINE_H
#define IPC_LIFELINE_H

#include <stdbool.h>

#include "ipc/transport.h"

struct lifeline {
	int fds[2]; /* by enum ipc_role; -1: dropped */
};

/* Makes a lifeline, both of whose ends this process holds. Returns 0, or -errno: -EMFILE. */
int lifeline_init(struct lifeline *lifeline);

/* Gives up this process's end of a role. */
void lifeline_drop(struct lifeline *lifeline, enum ipc_role role);

/* Gives up both ends. */
void lifeline_release(struct lifeline *lifeline);

/* Says whether every holder of the end opposite to role has gone; role's own end is held. */
bool lifeline_is_cut(const struct lifeline *lifeline, enum ipc_role role);

#endif
