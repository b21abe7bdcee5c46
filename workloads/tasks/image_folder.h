/* SPDX-License-Identifier: MIT */
/*
 * workloads/tasks/image_folder.h - the user's picture files, as tasks of the pool.
 *
 * The dispatcher reads a file and hands out its pixels; a worker does the
 * operations and encodes; the dispatcher writes processed_<name>. A file that
 * can't be read or written is one error of its own, and the rest goes on.
 */
#ifndef WORKLOADS_TASKS_IMAGE_FOLDER_H
#define WORKLOADS_TASKS_IMAGE_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "results/run.h"
#include "workloads/pool.h"

#define IMAGE_FILES_MAX 65536u

/* A file, and what became of it; in memory that the dispatcher shares with its starter. */
struct image_file {
	char path[512];
	uint32_t is_done;
	char failure[RUN_TEXT_BYTES]; /* empty, or why it was not processed */
};

struct image_folder {
	struct image_file *files; /* in the order of their names */
	uint32_t files_count;
	size_t files_bytes;
	size_t pixels_max; /* of the largest picture among them */
	uint32_t operations;
	const char *to; /* the folder for results */
	struct pool_source source;
	/* Of the dispatcher alone: */
	uint32_t next;
	uint32_t *file_of_task; /* by task id */
};

/*
 * Lists the files: each path is a file, or a folder whose *.png files are meant.
 * One that is missing or no PNG is among them, with its failure. Makes the folder
 * to, unless it is there.
 *
 * On success *out is the caller's, for image_folder_destroy(). Returns 0, or
 * -errno with one line in why: -ENOENT (no file at all), -E2BIG, -EACCES, -ENOMEM.
 */
int image_folder_create(struct image_folder **out, const char *const *paths, size_t paths_count,
                        const char *to, uint32_t operations, char *why, size_t why_bytes);

/* Null is allowed. */
void image_folder_destroy(struct image_folder *folder);

/*
 * Draws count pictures of width by three quarters of it, from a seed, and writes
 * them as picture_<n>.png into a folder, which it makes unless it is there.
 * Returns 0, or -errno with one line in why.
 */
int image_folder_draw(const char *path, uint32_t count, uint32_t width, uint64_t seed, char *why,
                      size_t why_bytes);

#endif
