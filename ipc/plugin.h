/* SPDX-License-Identifier: MIT */
/*
 * ipc/plugin.h - what a plug-in over two descriptors needs beside its system calls.
 *
 * A channel that is one descriptor a role, endpoints on them, and the contract's
 * deadlines around an attempt that never waits. Inline, so that a plug-in still
 * links nothing of this project. A plug-in whose library has no descriptors fills
 * the table of transport.h itself. Only IPC_WAIT_BLOCK is offered.
 */
#ifndef IPC_PLUGIN_H
#define IPC_PLUGIN_H

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "ipc/transport.h"

struct plugin_channel {
	struct ipc_channel base;
	size_t message_bytes_max;
	int fds[2]; /* by enum ipc_role; -1: dropped */
};

struct plugin_endpoint {
	struct ipc_endpoint base;
	size_t message_bytes_max;
	int fd; /* the channel's */
};

/* Opens both descriptors, close-on-exec, by enum ipc_role. Returns 0, or -1 and errno. */
typedef int plugin_open(int fds[2]);

/* Sends a message, or receives one of up to data_bytes, without waiting: as send(2) and recv(2). */
typedef ssize_t plugin_attempt(int fd, void *data, size_t data_bytes);

/*
 * Makes a channel for messages of up to bytes_max. The caller gives it to
 * plugin_channel_destroy().
 *
 * Returns 0, -EINVAL (a wait other than block), -EMSGSIZE (options ask for more
 * than bytes_max), -ENOMEM, or what open_both failed with.
 */
static inline int plugin_channel_create(struct ipc_channel **out,
                                        const struct ipc_transport *transport,
                                        const struct ipc_channel_options *options, size_t bytes_max,
                                        plugin_open *open_both)
{
	struct plugin_channel *self;

	if (options->wait != IPC_WAIT_BLOCK)
		return -EINVAL;
	if (options->message_bytes_max > bytes_max)
		return -EMSGSIZE;
	self = malloc(sizeof(*self));
	if (!self)
		return -ENOMEM;
	*self = (struct plugin_channel){{transport}, options->message_bytes_max, {-1, -1}};
	if (open_both(self->fds) < 0) {
		int error = errno;

		free(self);
		return -error;
	}
	*out = &self->base;
	return 0;
}

/* Gives up a role's end, so that its last peer's exit is seen. Fills channel_drop. */
static inline void plugin_channel_drop(struct ipc_channel *channel, enum ipc_role role)
{
	int *fd = &((struct plugin_channel *)channel)->fds[role];

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* Fills channel_destroy. A null channel is none. */
static inline void plugin_channel_destroy(struct ipc_channel *channel)
{
	if (channel) {
		plugin_channel_drop(channel, IPC_PRODUCER);
		plugin_channel_drop(channel, IPC_CONSUMER);
	}
	free(channel);
}

/* Fills endpoint_open. Returns 0 or -ENOMEM. */
static inline int plugin_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                                       enum ipc_role role)
{
	const struct plugin_channel *from = (struct plugin_channel *)channel;
	struct plugin_endpoint *self = malloc(sizeof(*self));

	if (!self)
		return -ENOMEM;
	*self = (struct plugin_endpoint){
		{channel->transport, 0}, from->message_bytes_max, from->fds[role]};
	*out = &self->base;
	return 0;
}

/* Fills endpoint_close; the descriptor is the channel's. */
static inline void plugin_endpoint_close(struct ipc_endpoint *endpoint)
{
	free(endpoint);
}

/*
 * Waits, after an attempt failed with errno, until one may succeed.
 *
 * Returns 0 (try again), -EAGAIN (deadline_ns is 0), -ETIMEDOUT, -EPIPE (the
 * other end has gone), or another -errno of the attempt.
 */
static inline int plugin_wait(const struct plugin_endpoint *self, short events,
                              uint64_t deadline_ns)
{
	struct pollfd wait = {self->fd, events, 0};
	struct timespec now;
	int64_t left_ns;

	if (errno == EPIPE || errno == ECONNRESET)
		return -EPIPE;
	if (errno != EAGAIN && errno != EINTR)
		return -errno;
	deadline_ns = ipc_deadline(&self->base, deadline_ns);
	if (deadline_ns == 0)
		return -EAGAIN;
	clock_gettime(CLOCK_MONOTONIC, &now);
	left_ns = (int64_t)deadline_ns - (now.tv_sec * INT64_C(1000000000) + now.tv_nsec);
	if (left_ns <= 0)
		return -ETIMEDOUT;
	/* Rounded up: at the deadline's turn it is tried once more. */
	(void)poll(&wait, 1, (int)(left_ns < INT64_C(60000000000) ? left_ns / 1000000 + 1 : 60000));
	return 0;
}

/*
 * Attempts, waiting for events between, until deadline_ns as in transport.h's
 * send and recv. Blocks. Returns what the attempt returned, or an error of plugin_wait().
 */
static inline ssize_t plugin_call(const struct ipc_endpoint *endpoint, plugin_attempt *attempt,
                                  short events, void *data, size_t data_bytes, uint64_t deadline_ns)
{
	const struct plugin_endpoint *self = (const struct plugin_endpoint *)endpoint;

	for (;;) {
		ssize_t bytes = attempt(self->fd, data, data_bytes);
		int ret = bytes < 0 ? plugin_wait(self, events, deadline_ns) : 0;

		if (bytes >= 0 || ret < 0)
			return ret < 0 ? ret : bytes;
	}
}

/* Returns the largest message of the endpoint's channel. */
static inline size_t plugin_bytes_max(const struct ipc_endpoint *endpoint)
{
	return ((const struct plugin_endpoint *)endpoint)->message_bytes_max;
}

#endif
