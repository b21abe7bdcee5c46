/* SPDX-License-Identifier: MIT */
/* ipc/lifeline.c - tells peers that share memory of each other's death. */
#include "ipc/lifeline.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

int lifeline_init(struct lifeline *lifeline)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	*lifeline = (struct lifeline){.fds = {fds[0], fds[1]}};
	return 0;
}

void lifeline_drop(struct lifeline *lifeline, enum ipc_role role)
{
	if (lifeline->fds[role] >= 0)
		close(lifeline->fds[role]);
	lifeline->fds[role] = -1;
}

void lifeline_release(struct lifeline *lifeline)
{
	lifeline_drop(lifeline, IPC_PRODUCER);
	lifeline_drop(lifeline, IPC_CONSUMER);
}

bool lifeline_is_cut(const struct lifeline *lifeline, enum ipc_role role)
{
	/* POLLHUP is always reported; a descriptor of -1 is skipped. */
	struct pollfd own = {.fd = lifeline->fds[role]};

	return poll(&own, 1, 0) > 0 && (own.revents & POLLHUP) != 0;
}
