/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/folder.h - a folder of its own for each test, gone afterwards.
 *
 * folder_make() and folder_remove() are CMocka's set-up and teardown; *state is the
 * struct folder. The others fail the test themselves: not for children.
 */
#ifndef SUITES_CHECK_UNIT_FOLDER_H
#define SUITES_CHECK_UNIT_FOLDER_H

#include <limits.h>
#include <stddef.h>

struct folder {
	char path[PATH_MAX];
};

int folder_make(void **state);
int folder_remove(void **state);

/* Writes the path of a name in the folder. */
void folder_path(const struct folder *folder, char *out, size_t out_bytes, const char *name);

/* Makes a file of these bytes, and the folders above it. */
void folder_write(const struct folder *folder, const char *name, const void *data, size_t bytes);

/* Reads exactly so many bytes of a file. */
void folder_read(const struct folder *folder, const char *name, void *out, size_t bytes);

/* Returns the size of a file, or -1 if it is absent. */
long folder_size(const struct folder *folder, const char *name);

/* Makes a file that takes all the room its disk has left. */
void folder_fill(const struct folder *folder, const char *name);

#endif
