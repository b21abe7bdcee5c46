/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/fifo.c - a named pipe, with whole messages framed on it.
 *
 * Each peer opens the name itself, once to wait and once with O_NONBLOCK. The
 * channel holds a descriptor a role, as a pipe does, so that a peer which opens
 * late does not look like one that has gone. The name lives as long as the channel.
 */
#include "ipc/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "ipc/limits.h"
#include "ipc/names.h"
#include "ipc/pair.h"
#include "ipc/pipes.h"
#include "ipc/stream.h"

struct fifo_channel {
	struct pair_channel pair;
	struct name name;
};

static int fifo_probe(char *why, size_t why_bytes)
{
	struct name name;
	int ret = pipes_probe(why, why_bytes);

	if (ret < 0)
		return ret;
	ret = names_add(&name, NAME_FIFO);
	if (ret == -EPERM || ret == -ENOSYS)
		return limits_refuse_call(why, why_bytes, ret, "mkfifo", "FIFOs");
	if (ret < 0)
		return names_refuse(ret, why, why_bytes);
	names_remove(&name);
	return 0;
}

static int fifo_check(const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	return pipes_check(&transport_fifo, options, why, why_bytes);
}

/*
 * Opens an end that waits, without waiting for another end to be opened.
 * held is the channel's descriptor of that end.
 */
static int fifo_open(const struct name *name, int access_mode, int held, bool nowait)
{
	int fd = names_open_fifo(name, access_mode | O_NONBLOCK);

	/* No reader is left: a write must say so, and the held end can say it. */
	if (fd == -ENXIO && held >= 0) {
		fd = fcntl(held, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
	if (fd >= 0 && !nowait && fcntl(fd, F_SETFL, 0) < 0) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	return fd;
}

static void fifo_channel_destroy(struct ipc_channel *channel)
{
	if (!channel)
		return;
	names_remove(&((struct fifo_channel *)channel)->name);
	pair_channel_destroy(channel);
}

static int fifo_channel_create(struct ipc_channel **out, const struct ipc_channel_options *options)
{
	struct fifo_channel *self;
	int *fds;
	int ret = limits_allow(&transport_fifo, options);

	if (ret < 0)
		return ret;
	self = malloc(sizeof(*self));
	if (!self)
		return -ENOMEM;
	*self = (struct fifo_channel){
		.pair.base.transport = &transport_fifo,
		.pair.options = *options,
		.pair.fds = {-1, -1},
	};
	ret = names_add(&self->name, NAME_FIFO);
	if (ret < 0)
		goto fail;
	/* A reader first: a FIFO that nobody reads refuses writers. */
	fds = self->pair.fds;
	fds[IPC_CONSUMER] = fifo_open(&self->name, O_RDONLY, -1, false);
	fds[IPC_PRODUCER] = fifo_open(&self->name, O_WRONLY, -1, false);
	ret = fds[IPC_CONSUMER] < 0 ? fds[IPC_CONSUMER] : fds[IPC_PRODUCER];
	if (ret < 0)
		goto fail;
	pipes_grow(fds[IPC_CONSUMER], options);
	*out = &self->pair.base;
	return 0;

fail:
	fifo_channel_destroy(&self->pair.base);
	return ret;
}

static void fifo_endpoint_close(struct ipc_endpoint *endpoint)
{
	int fd;

	if (!endpoint)
		return;
	fd = ((struct stream_endpoint *)endpoint)->stream.fd;
	stream_endpoint_close(endpoint);
	close(fd);
}

static int fifo_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                              enum ipc_role role)
{
	struct fifo_channel *from = (struct fifo_channel *)channel;
	bool produces = role == IPC_PRODUCER;
	int access_mode = produces ? O_WRONLY : O_RDONLY;
	int held = from->pair.fds[role];
	int fd = fifo_open(&from->name, access_mode, held, false);
	int ret;

	if (fd < 0)
		return fd;
	ret = stream_endpoint_open(
		out, &transport_fifo, role, produces ? stream_write_file : stream_read_file,
		&from->pair.options, fd, fifo_open(&from->name, access_mode, held, true));
	if (ret < 0)
		close(fd);
	return ret;
}

const struct ipc_transport transport_fifo = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "fifo",
	.summary = "named pipe, messages framed by their length",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_EMPTY |
                IPC_CAP_MULTI_PRODUCER | IPC_CAP_HANGUP | IPC_CAP_THREADS,
	.probe = fifo_probe,
	.channel_create = fifo_channel_create,
	.channel_drop = pair_channel_drop,
	.channel_destroy = fifo_channel_destroy,
	.endpoint_open = fifo_endpoint_open,
	.endpoint_close = fifo_endpoint_close,
	.send = stream_endpoint_send,
	.recv = stream_endpoint_recv,
	.flush = stream_endpoint_flush,
	.check = fifo_check,
};
