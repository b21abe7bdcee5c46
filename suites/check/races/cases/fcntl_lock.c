/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/fcntl_lock.c - a record lock on a file; the twin adds after unlocking
 * it.
 *
 * The owner of such a lock is the process, so threads can't use it.
 *
 * case: fcntl_lock
 * models: processes
 * forms: fcntl lockf fcntl64 lockf64
 * truth: correct free, broken racy
 * tier: P
 * missing: file lock
 * pairs: add/add
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * oracle: the count holds every addition
 */
#include <fcntl.h>

#include "suites/check/races/race.h"

struct shared {
	long count;
};

static char path[256];

static void change(int fd, bool is_lock)
{
#if defined(FORM_LOCKF)
	must(lockf(fd, is_lock ? F_LOCK : F_ULOCK, 0) == 0);
#elif defined(FORM_LOCKF64)
	must(lockf64(fd, is_lock ? F_LOCK : F_ULOCK, 0) == 0);
#elif defined(FORM_FCNTL64)
	struct flock64 lock = {.l_type = is_lock ? F_WRLCK : F_UNLCK, .l_whence = SEEK_SET};

	must(fcntl64(fd, F_SETLKW, &lock) == 0);
#else
	struct flock lock = {.l_type = is_lock ? F_WRLCK : F_UNLCK, .l_whence = SEEK_SET};

	must(fcntl(fd, F_SETLKW, &lock) == 0);
#endif
}

static void adder(void *memory)
{
	struct shared *shared = memory;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	must(fd >= 0);
	for (int i = 0; i < ROUNDS; i++) {
		change(fd, true);
		in_correct(shared->count = window(shared->count) + 1);
		change(fd, false);
		in_broken(shared->count = window(shared->count) + 1); /* race: add update */
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	int fd;

	race_temporary(path, sizeof(path), "race-XXXXXX");
	fd = mkstemp(path);
	must(fd >= 0);
	race_peers(shared, adder, adder);
	must(unlink(path) == 0);
	race_outcome("kept", shared->count);
	race_outcome("lost", 2 * ROUNDS - shared->count);
	return race_end();
}
