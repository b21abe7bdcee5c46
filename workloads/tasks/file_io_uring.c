/* SPDX-License-Identifier: MIT */
/*
 * workloads/tasks/file_io_uring.c - a file written, synced and read back, by io_uring.
 *
 * All writes go to the kernel in one call, the sync behind them as one that waits
 * for what was sent before it; then all reads, in another.
 */
#include "workloads/tasks/file_io.h"

#include <errno.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Pieces on their way at once, and the sync. */
#define RING_ENTRIES 64u

static int uring_probe(char *why, size_t why_bytes)
{
	struct io_uring ring;
	int ret = io_uring_queue_init(2, &ring, 0);

	if (ret < 0) {
		snprintf(why, why_bytes,
		         "io_uring can't be used: %s; see the sysctl kernel.io_uring_disabled and "
		         "the container's seccomp profile",
		         strerror(-ret));
		return ret;
	}
	io_uring_queue_exit(&ring);
	return 0;
}

static int uring_open(struct task_peer *self)
{
	struct io_uring *ring = malloc(sizeof(*ring));
	int ret = ring ? file_io_open(self) : task_fail(self, -ENOMEM, "no memory for a ring");

	if (ret == 0) {
		ret = io_uring_queue_init(RING_ENTRIES, ring, 0);
		if (ret < 0) {
			file_io_close(self);
			task_fail(self, ret, "io_uring_queue_init: %s", strerror(-ret));
		}
	}
	if (ret < 0) {
		free(ring);
		return ret;
	}
	((struct file_io *)self->own)->ring = ring;
	return 0;
}

static void uring_close(struct task_peer *self)
{
	struct io_uring *ring = ((struct file_io *)self->own)->ring;

	io_uring_queue_exit(ring);
	free(ring);
	file_io_close(self);
}

/* Waits for count completions; each must have moved its length. Returns 0 or -errno. */
static int reap(struct io_uring *ring, unsigned count)
{
	int ret = 0;

	for (unsigned i = 0; i < count; i++) {
		struct __kernel_timespec limit = {.tv_sec = 4};
		struct io_uring_cqe *done;
		int waited;

		do
			waited = io_uring_wait_cqe_timeout(ring, &done, &limit);
		while (waited == -EINTR);
		if (waited < 0)
			return waited;
		if (done->res < 0 && ret == 0)
			ret = done->res;
		else if ((uint64_t)(unsigned)done->res != done->user_data && ret == 0)
			ret = -EIO;
		io_uring_cqe_seen(ring, done);
	}
	return ret;
}

/* Sends the whole block in batches, and a sync behind what is written. */
static int move_by_ring(struct file_io *own, enum file_io_way way)
{
	struct io_uring *ring = own->ring;
	bool syncs = way == FILE_IO_STORE;
	size_t at = 0;
	int ret = 0;

	while (ret >= 0 && (at < own->bytes || syncs)) {
		unsigned queued = 0;

		for (; at < own->bytes && queued < RING_ENTRIES - 1; queued++) {
			struct io_uring_sqe *entry = io_uring_get_sqe(ring);
			unsigned bytes = own->bytes - at < FILE_IO_PIECE_BYTES
			                         ? (unsigned)(own->bytes - at)
			                         : FILE_IO_PIECE_BYTES;

			if (way == FILE_IO_STORE)
				io_uring_prep_write(entry, own->fd, own->block + at, bytes, at);
			else
				io_uring_prep_read(entry, own->fd, own->block + at, bytes, at);
			entry->user_data = bytes;
			at += bytes;
		}
		if (at == own->bytes && syncs) {
			struct io_uring_sqe *entry = io_uring_get_sqe(ring);

			io_uring_prep_fsync(entry, own->fd, IORING_FSYNC_DATASYNC);
			entry->flags |= IOSQE_IO_DRAIN; /* after all that were sent before */
			entry->user_data = 0;
			syncs = false;
			queued++;
		}
		ret = io_uring_submit_and_wait(ring, queued);
		if (ret >= 0)
			ret = reap(ring, queued);
	}
	return ret;
}

static ssize_t uring_compute(struct task_peer *self, const void *input, size_t input_bytes,
                             void *result)
{
	return file_io_compute_by(move_by_ring, self, input, input_bytes, result);
}

const struct task task_file_io_uring = {
	.name = "file_io_uring",
	.summary = "a block written to a file, synced to the disk and read back, by io_uring",
	.explanation = "As file_io, but the pieces of a block go to the kernel in one call of "
		       "io_uring with the sync behind them, and come back in another.",
	.probe = uring_probe,
	.open = uring_open,
	.close = uring_close,
	.compute = uring_compute,
	FILE_IO_MEMBERS,
};
