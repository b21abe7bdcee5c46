/* SPDX-License-Identifier: MIT */
/* ipc/pipes.c - what pipe, fifo and uring_pipe need of pipes. */
#include "ipc/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "ipc/limits.h"
#include "ipc/stream.h"

/* What fs.pipe-max-size allows unless it was changed, and what a pipe starts with. */
#define PIPE_BYTES_MOST ((size_t)1 << 20)
#define PIPE_BYTES_DEFAULT ((size_t)1 << 16)

int pipes_open_pair(int fds[2], const struct ipc_channel_options *options)
{
	int made[2];

	if (pipe2(made, O_CLOEXEC) < 0)
		return -errno;
	pipes_grow(made[0], options);
	fds[IPC_CONSUMER] = made[0];
	fds[IPC_PRODUCER] = made[1];
	return 0;
}

void pipes_grow(int fd, const struct ipc_channel_options *options)
{
	size_t each = STREAM_HEADER_BYTES + options->message_bytes_max;
	size_t wanted =
		options->slot_count < SIZE_MAX / each ? options->slot_count * each : SIZE_MAX;

	for (size_t bytes = PIPE_BYTES_MOST; bytes > PIPE_BYTES_DEFAULT; bytes /= 2) {
		if (bytes / 2 >= wanted)
			continue;
		if (fcntl(fd, F_SETPIPE_SZ, (int)bytes) >= 0)
			return;
	}
}

int pipes_check(const struct ipc_transport *transport, const struct ipc_channel_options *options,
                char *why, size_t why_bytes)
{
	if (options->producer_count <= 1)
		return stream_check(transport, options, why, why_bytes);
	return limits_check(transport, options, PIPE_BUF - STREAM_HEADER_BYTES,
	                    "PIPE_BUF less a frame's length, with many producers", why, why_bytes);
}

int pipes_open_nowait(int fd, enum ipc_role role)
{
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = open(path, (role == IPC_PRODUCER ? O_WRONLY : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
	return ret < 0 ? -errno : ret;
}

int pipes_probe_pair(char *why, size_t why_bytes)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return limits_refuse_call(why, why_bytes, -errno, "pipe2", "pipes");
	close(fds[0]);
	close(fds[1]);
	return pipes_probe(why, why_bytes);
}

int pipes_probe(char *why, size_t why_bytes)
{
	if (access("/proc/self/fd", X_OK) == 0)
		return 0;
	return limits_refuse(why, why_bytes, -ENOENT,
	                     "/proc is not mounted: /proc/self/fd is needed to open a pipe twice");
}
