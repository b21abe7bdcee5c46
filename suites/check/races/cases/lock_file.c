/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/lock_file.c - a name in the file system as a lock; the twin adds after
 * removing it.
 *
 * Who makes the name has the lock; who fails tries again. The kernel makes a name once.
 *
 * case: lock_file
 * models: threads processes
 * forms: open open64 openat openat64 mkdir link symlink rename
 * truth: correct free, broken racy
 * tier: L
 * missing: name
 * pairs: add/add
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * oracle: the count holds every addition
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "suites/check/races/race.h"

struct shared {
	long count;
};

static char folder[256];
static char name[288];
static char target[288]; /* a file that is there */

static bool try_to_make(void)
{
	int fd = -1;

#if defined(FORM_MKDIR)
	return mkdir(name, 0700) == 0;
#elif defined(FORM_LINK)
	return link(target, name) == 0;
#elif defined(FORM_SYMLINK) || defined(FORM_RENAME)
	return symlink(target, name) == 0;
#elif defined(FORM_OPEN64)
	fd = open64(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
#elif defined(FORM_OPENAT)
	fd = openat(AT_FDCWD, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
#elif defined(FORM_OPENAT64)
	fd = openat64(AT_FDCWD, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
#else
	fd = open(name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
#endif
	if (fd >= 0)
		must(close(fd) == 0);
	return fd >= 0;
}

static void take_away(void)
{
#if defined(FORM_MKDIR)
	must(rmdir(name) == 0);
#elif defined(FORM_OPENAT)
	must(unlinkat(AT_FDCWD, name, 0) == 0);
#elif defined(FORM_RENAME)
	char away[sizeof(name) + 16];

	snprintf(away, sizeof(away), "%s.away", name);
	must(rename(name, away) == 0);
#else
	must(unlink(name) == 0);
#endif
}

static void adder(void *memory)
{
	struct shared *shared = memory;

	for (int i = 0; i < ROUNDS; i++) {
		race_until(try_to_make());
		in_correct(shared->count = window(shared->count) + 1);
		take_away();
		in_broken(shared->count = window(shared->count) + 1); /* race: add update */
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	int fd;

	race_temporary(folder, sizeof(folder), "race-XXXXXX");
	must(mkdtemp(folder) != NULL);
	snprintf(name, sizeof(name), "%s/lock", folder);
	snprintf(target, sizeof(target), "%s/target", folder);
	fd = creat(target, 0600);
	must(fd >= 0 && close(fd) == 0);
	race_peers(shared, adder, adder);
	must(unlink(target) == 0);
#ifdef FORM_RENAME
	snprintf(name, sizeof(name), "%s/lock.away", folder);
	must(unlink(name) == 0);
#endif
	must(rmdir(folder) == 0);
	race_outcome("kept", shared->count);
	race_outcome("lost", 2 * ROUNDS - shared->count);
	return race_end();
}
