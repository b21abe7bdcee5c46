/* SPDX-License-Identifier: MIT */
/* ipc/pair.c - the channel that is two descriptors, one a role. */
#include "ipc/pair.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "ipc/limits.h"

int pair_channel_create(struct ipc_channel **out, const struct ipc_transport *transport,
                        const struct ipc_channel_options *options, pair_open *open_both)
{
	struct pair_channel *self;
	int ret = limits_allow(transport, options);

	if (ret < 0)
		return ret;
	self = malloc(sizeof(*self));
	if (!self)
		return -ENOMEM;
	*self = (struct pair_channel){
		.base.transport = transport,
		.options = *options,
		.fds = {-1, -1},
	};
	ret = open_both(self->fds, options);
	if (ret < 0) {
		free(self);
		return ret;
	}
	*out = &self->base;
	return 0;
}

void pair_channel_drop(struct ipc_channel *channel, enum ipc_role role)
{
	int *fd = &((struct pair_channel *)channel)->fds[role];

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void pair_channel_destroy(struct ipc_channel *channel)
{
	if (!channel)
		return;
	pair_channel_drop(channel, IPC_PRODUCER);
	pair_channel_drop(channel, IPC_CONSUMER);
	free(channel);
}
