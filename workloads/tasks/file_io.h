/* SPDX-License-Identifier: MIT */
/*
 * workloads/tasks/file_io.h - a file written, synced and read back, whatever moves it.
 *
 * A task is a block of so many KiB that a seed makes; its result is the CRC32C of
 * what the file held after it was synced.
 */
#ifndef WORKLOADS_TASKS_FILE_IO_H
#define WORKLOADS_TASKS_FILE_IO_H

#include "workloads/tasks/folder.h"
#include "workloads/tasks/task.h"

/* A file is written and read in pieces of this size. */
#define FILE_IO_PIECE_BYTES 16384u

/* What a worker keeps: a file without a name, and one block. */
struct file_io {
	int fd;
	size_t bytes; /* of a block */
	unsigned char *block;
	void *ring; /* of the io_uring form */
};

/* What moves a block: all of it is written and synced to the disk, or read. */
enum file_io_way {
	FILE_IO_STORE,
	FILE_IO_LOAD,
};

/* Returns 0, or -errno. Blocks until it is done. */
typedef int file_io_move(struct file_io *own, enum file_io_way way);

/* Members of struct task that both forms share. */
size_t file_io_bytes_max(uint32_t amount);
ssize_t file_io_make(struct task_peer *self, uint32_t index, void *input);
int file_io_open(struct task_peer *self);
void file_io_close(struct task_peer *self);

/* Rows of both tables: a macro, since a table of constants can't be made by a function. */
#define FILE_IO_MEMBERS                                                                            \
	.amount_unit = "KiB of a block", .amount_default = 64, .amount_max = 65536,                \
	.amount_light = 0, .input_count = 4, .bytes_max = file_io_bytes_max,                       \
	.start = work_folder_make, .stop = work_folder_remove, .make = file_io_make

/* Computes a task, whose block goes to the disk and comes back by move. As struct task's. */
ssize_t file_io_compute_by(file_io_move *move, struct task_peer *self, const void *input,
                           size_t input_bytes, void *result);

#endif
