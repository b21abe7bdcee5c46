/* SPDX-License-Identifier: MIT */
/* suites/check/unit/folder.c - a folder of its own for each test, gone afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "suites/check/unit/folder.h"

#define OPEN_FOLDERS_MAX 16

int folder_make(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct folder *folder = calloc(1, sizeof(*folder));

	if (!folder)
		return -1;
	snprintf(folder->path, sizeof(folder->path), "%s/ipccheck.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(folder->path)) {
		free(folder);
		return -1;
	}
	*state = folder;
	return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

int folder_remove(void **state)
{
	struct folder *folder = *state;
	int ret = nftw(folder->path, remove_one, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS);

	free(folder);
	return ret;
}

void folder_path(const struct folder *folder, char *out, size_t out_bytes, const char *name)
{
	assert_true(snprintf(out, out_bytes, "%s/%s", folder->path, name) < (int)out_bytes);
}

/* Makes the folders above a path. */
static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

void folder_write(const struct folder *folder, const char *name, const void *data, size_t bytes)
{
	char path[PATH_MAX];
	int fd;

	folder_path(folder, path, sizeof(path), name);
	make_parents(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, bytes), bytes);
	assert_int_equal(close(fd), 0);
}

void folder_read(const struct folder *folder, const char *name, void *out, size_t bytes)
{
	char path[PATH_MAX];
	int fd;

	folder_path(folder, path, sizeof(path), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, out, bytes), bytes);
	assert_int_equal(close(fd), 0);
}

long folder_size(const struct folder *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat status;

	folder_path(folder, path, sizeof(path), name);
	return stat(path, &status) == 0 ? (long)status.st_size : -1;
}

void folder_fill(const struct folder *folder, const char *name)
{
	static const char zeros[65536];
	char path[PATH_MAX];
	int fd;

	folder_path(folder, path, sizeof(path), name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	/* The last pieces are smaller than a page. */
	for (size_t bytes = sizeof(zeros); bytes > 0; bytes /= 2) {
		while (write(fd, zeros, bytes) > 0)
			;
	}
	assert_int_equal(close(fd), 0);
}
