/* SPDX-License-Identifier: MIT */
/* workloads/tasks/file_io.c - a file written, synced and read back, by system calls. */
#include "workloads/tasks/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workloads/payload.h"

size_t file_io_bytes_max(uint32_t amount)
{
	(void)amount;
	return sizeof(uint32_t);
}

ssize_t file_io_make(struct task_peer *self, uint32_t index, void *input)
{
	(void)self;
	memcpy(input, &index, sizeof(index));
	return sizeof(index);
}

/* Makes a file and takes its name away at once: whatever ends the worker, nothing is left. */
static int open_unnamed(struct task_peer *self)
{
	char path[sizeof(self->shared->text) + 16];
	int fd;
	int ret;

	snprintf(path, sizeof(path), "%s/block-XXXXXX", self->shared->text);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0) {
		unlink(path);
		return fd;
	}
	ret = -errno;
	return task_fail(self, ret, "no file can be made in '%s': %s", self->shared->text,
	                 strerror(-ret));
}

int file_io_open(struct task_peer *self)
{
	struct file_io *own = calloc(1, sizeof(*own));
	int fd;

	if (!own)
		return task_fail(self, -ENOMEM, "no memory for a file");
	own->bytes = (size_t)self->amount * 1024;
	own->block = malloc(own->bytes);
	fd = own->block ? open_unnamed(self)
	                : task_fail(self, -ENOMEM, "no memory for a block of %u KiB", self->amount);
	if (fd < 0) {
		free(own->block);
		free(own);
		return fd;
	}
	own->fd = fd;
	self->own = own;
	return 0;
}

void file_io_close(struct task_peer *self)
{
	struct file_io *own = self->own;

	close(own->fd);
	free(own->block);
	free(own);
}

/* Writes the block of an input into own->block. Returns 0, or -errno after task_fail(). */
static int fill(struct task_peer *self, const void *input, size_t input_bytes)
{
	struct file_io *own = self->own;
	uint32_t index;

	if (input_bytes != sizeof(index))
		return task_fail(self, -EBADMSG, "%zu bytes name no block", input_bytes);
	memcpy(&index, input, sizeof(index));
	for (size_t i = 0; i < own->bytes / sizeof(uint64_t); i++) {
		uint64_t word = payload_mix(self->seed, index, i);

		memcpy(own->block + i * sizeof(word), &word, sizeof(word));
		if (i % 4096 == 0)
			task_checkpoint(self);
	}
	return 0;
}

/* Writes the result: the checksum of own->block. Returns its bytes. */
static ssize_t finish(struct task_peer *self, void *result)
{
	struct file_io *own = self->own;
	uint32_t crc = 0;

	for (size_t at = 0; at < own->bytes; at += FILE_IO_PIECE_BYTES) {
		size_t bytes = own->bytes - at;

		if (bytes > FILE_IO_PIECE_BYTES)
			bytes = FILE_IO_PIECE_BYTES;
		crc = payload_crc32c(crc, own->block + at, bytes);
		task_checkpoint(self);
	}
	memcpy(result, &crc, sizeof(crc));
	return sizeof(crc);
}

ssize_t file_io_compute_by(file_io_move *move, struct task_peer *self, const void *input,
                           size_t input_bytes, void *result)
{
	struct file_io *own = self->own;
	int ret = fill(self, input, input_bytes);

	if (ret < 0)
		return ret;
	task_wait_begin(self);
	ret = move(own, FILE_IO_STORE);
	/* What is read must come from the file. */
	memset(own->block, 0, own->bytes);
	if (ret == 0)
		ret = move(own, FILE_IO_LOAD);
	task_wait_end(self);
	if (ret < 0)
		return task_fail(self, ret, "a block can't be written and read back: %s",
		                 strerror(-ret));
	return finish(self, result);
}

static int move_by_calls(struct file_io *own, enum file_io_way way)
{
	for (size_t at = 0; at < own->bytes;) {
		size_t bytes = own->bytes - at;
		ssize_t moved;

		if (bytes > FILE_IO_PIECE_BYTES)
			bytes = FILE_IO_PIECE_BYTES;
		moved = way == FILE_IO_STORE ? pwrite(own->fd, own->block + at, bytes, (off_t)at)
		                             : pread(own->fd, own->block + at, bytes, (off_t)at);
		if (moved < 0 && errno == EINTR)
			continue;
		if (moved <= 0)
			return moved < 0 ? -errno : -EIO;
		at += (size_t)moved;
	}
	return way == FILE_IO_STORE && fdatasync(own->fd) < 0 ? -errno : 0;
}

static ssize_t file_io_compute(struct task_peer *self, const void *input, size_t input_bytes,
                               void *result)
{
	return file_io_compute_by(move_by_calls, self, input, input_bytes, result);
}

const struct task task_file_io = {
	.name = "file_io",
	.summary = "a block written to a file, synced to the disk and read back, by system calls",
	.explanation = "A task is a block that a seed makes. A worker writes it to a file of its "
		       "own in $TMPDIR or /var/tmp in pieces of 16 KiB, has it synced (fdatasync), "
		       "reads it back and returns its CRC32C.",
	.open = file_io_open,
	.close = file_io_close,
	.compute = file_io_compute,
	FILE_IO_MEMBERS,
};
