/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/loopback.c - one peer is both ends: what the harness costs.
 *
 * A channel is one buffer. send() leaves the message in it, recv() takes it
 * from there; nothing waits, because the only peer that could fill or empty it
 * is the one that calls. It is printed beside the others, subtracted nowhere.
 */
#include "ipc/registry.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/cpu.h"

struct loopback_channel {
	struct ipc_channel base;
	size_t message_bytes_max;
	size_t message_bytes;
	bool is_full;
	unsigned char message[];
};

struct loopback_endpoint {
	struct ipc_endpoint base;
	struct loopback_channel *channel;
};

static int loopback_probe(char *why, size_t why_bytes)
{
	(void)why;
	(void)why_bytes;
	return 0;
}

static int loopback_channel_create(struct ipc_channel **out,
                                   const struct ipc_channel_options *options)
{
	struct loopback_channel *self;

	if (options->producer_count > 1 || options->consumer_count > 1 ||
	    options->wait != IPC_WAIT_SPIN)
		return -EINVAL;
	if (options->message_bytes_max > SIZE_MAX - sizeof(*self))
		return -EMSGSIZE;
	self = malloc(sizeof(*self) + options->message_bytes_max);
	if (!self)
		return -ENOMEM;
	self->base.transport = &transport_loopback;
	self->message_bytes_max = options->message_bytes_max;
	self->is_full = false;
	*out = &self->base;
	return 0;
}

static void loopback_channel_destroy(struct ipc_channel *channel)
{
	free(channel);
}

static int loopback_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                                  enum ipc_role role)
{
	struct loopback_endpoint *self = malloc(sizeof(*self));

	(void)role;
	if (!self)
		return -ENOMEM;
	*self = (struct loopback_endpoint){
		.base.transport = &transport_loopback,
		.channel = (struct loopback_channel *)channel,
	};
	*out = &self->base;
	return 0;
}

static void loopback_endpoint_close(struct ipc_endpoint *endpoint)
{
	free(endpoint);
}

/* Nobody else can change what this call waits for, but a deadline never ends early. */
static int loopback_wait(uint64_t deadline_ns)
{
	struct spin spin = {0};

	if (deadline_ns == 0)
		return -EAGAIN;
	while (spin_turn(&spin, deadline_ns))
		;
	return -ETIMEDOUT;
}

static int loopback_send(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
                         uint64_t deadline_ns, unsigned flags)
{
	struct loopback_channel *channel = ((struct loopback_endpoint *)endpoint)->channel;

	(void)flags;
	if (data_bytes > channel->message_bytes_max)
		return -EMSGSIZE;
	if (channel->is_full)
		return loopback_wait(ipc_deadline(endpoint, deadline_ns));
	memcpy(channel->message, data, data_bytes);
	channel->message_bytes = data_bytes;
	channel->is_full = true;
	return 0;
}

static ssize_t loopback_recv(struct ipc_endpoint *endpoint, void *data, size_t data_bytes_max,
                             uint64_t deadline_ns)
{
	struct loopback_channel *channel = ((struct loopback_endpoint *)endpoint)->channel;

	if (data_bytes_max < channel->message_bytes_max)
		return -EMSGSIZE;
	if (!channel->is_full)
		return loopback_wait(ipc_deadline(endpoint, deadline_ns));
	memcpy(data, channel->message, channel->message_bytes);
	channel->is_full = false;
	return (ssize_t)channel->message_bytes;
}

const struct ipc_transport transport_loopback = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "loopback",
	.summary = "one peer is both ends; the cost of the harness itself",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_SPIN | IPC_CAP_EMPTY | IPC_CAP_MESSAGE | IPC_CAP_THREADS |
                IPC_CAP_ONE_PROCESS | IPC_CAP_ONE_PEER,
	.probe = loopback_probe,
	.channel_create = loopback_channel_create,
	.channel_destroy = loopback_channel_destroy,
	.endpoint_open = loopback_endpoint_open,
	.endpoint_close = loopback_endpoint_close,
	.send = loopback_send,
	.recv = loopback_recv,
};
