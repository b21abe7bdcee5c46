/* SPDX-License-Identifier: MIT */
/*
 * workloads/work/file_io.h - a file written, synced and read back, whatever moves it.
 *
 * A task is a block of so many KiB that a seed makes; its result is the CRC32C of
 * what the file held after it was synced.
 */
#ifndef WORKLOADS_WORK_FILE_IO_H
#define WORKLOADS_WORK_FILE_IO_H

#include "workloads/work/task.h"

/* A file is written and read in pieces of this size. */
#define FILE_IO_PIECE_BYTES 16384u

/* What a worker keeps: a file without a name, and one block. */
struct file_io {
	int fd;
	size_t bytes; /* of a block */
	unsigned char *block;
	void *ring; /* of the io_uring form */
};

/* Members of struct task that both forms share. */
size_t file_io_bytes_max(uint32_t amount);
ssize_t file_io_make(struct task_peer *self, uint32_t index, void *input);
int file_io_open(struct task_peer *self);
void file_io_close(struct task_peer *self);

/* Writes the block of an input into file_io.block. Returns 0, or -errno after task_fail(). */
int file_io_fill(struct task_peer *self, const void *input, size_t input_bytes);

/* Writes the result: the checksum of file_io.block. Returns its bytes. */
ssize_t file_io_finish(struct task_peer *self, void *result);

#endif
