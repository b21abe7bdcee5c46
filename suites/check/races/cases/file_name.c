/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/file_name.c - a file that is there as a flag; the twin writes the data
 * after it.
 *
 * The file's name is the flag; the reader looks until it is there.
 *
 * case: file_name
 * models: threads processes
 * forms: stat access open fopen rename mkdir mkdirat linkat readlink renameat
 * truth: correct free, broken racy
 * tier: L
 * missing: name
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "suites/check/races/race.h"

struct shared {
	char directory[256];
	char path[272];
	char other[272];
	int data;
	int seen;
};

static void raise_flag(const struct shared *shared)
{
#if defined(FORM_FOPEN)
	FILE *file = fopen(shared->path, "w");

	must(file != NULL && fclose(file) == 0);
#elif defined(FORM_RENAME)
	must(rename(shared->other, shared->path) == 0);
#elif defined(FORM_RENAMEAT)
	must(renameat(AT_FDCWD, shared->other, AT_FDCWD, shared->path) == 0);
#elif defined(FORM_MKDIRAT)
	must(mkdirat(AT_FDCWD, shared->path, 0700) == 0);
#elif defined(FORM_LINKAT)
	must(linkat(AT_FDCWD, shared->other, AT_FDCWD, shared->path, 0) == 0);
#elif defined(FORM_READLINK)
	must(symlinkat("nowhere", AT_FDCWD, shared->path) == 0);
#elif defined(FORM_MKDIR)
	must(mkdir(shared->path, 0700) == 0);
#else
	int fd = open(shared->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	must(fd >= 0 && close(fd) == 0);
#endif
}

static bool is_raised(const struct shared *shared)
{
#if defined(FORM_ACCESS)
	return access(shared->path, F_OK) == 0;
#elif defined(FORM_OPEN)
	int fd = open(shared->path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && close(fd) == 0;
#elif defined(FORM_FOPEN)
	FILE *file = fopen(shared->path, "r");

	return file && fclose(file) == 0;
#elif defined(FORM_MKDIRAT)
	struct statx state;

	return statx(AT_FDCWD, shared->path, 0, STATX_BASIC_STATS, &state) == 0;
#elif defined(FORM_LINKAT)
	return faccessat(AT_FDCWD, shared->path, F_OK, 0) == 0;
#elif defined(FORM_READLINK)
	char target[16];

	return readlink(shared->path, target, sizeof(target)) > 0;
#else
	struct stat state;

	return stat(shared->path, &state) == 0;
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	raise_flag(shared);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	race_until(is_raised(shared));
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_temporary(shared->directory, sizeof(shared->directory), "race.XXXXXX");
	must(mkdtemp(shared->directory) != NULL);
	snprintf(shared->path, sizeof(shared->path), "%s/flag", shared->directory);
	snprintf(shared->other, sizeof(shared->other), "%s/other", shared->directory);
#if defined(FORM_RENAME) || defined(FORM_RENAMEAT)
	must(mkdir(shared->other, 0700) == 0);
#elif defined(FORM_LINKAT)
	must(close(open(shared->other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) == 0);
#endif
	race_peers(shared, reader, writer);
	must(remove(shared->path) == 0);
	remove(shared->other);
	must(rmdir(shared->directory) == 0);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
