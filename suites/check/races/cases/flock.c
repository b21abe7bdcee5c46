/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/flock.c - a lock on a file; the twin adds after unlocking it.
 *
 * Each peer opens the file itself: a lock of a description that both
 * inherited would keep nobody out.
 *
 * case: flock
 * models: threads processes
 * forms: flock ofd
 * truth: correct free, broken racy
 * tier: L
 * missing: file lock
 * pairs: add/add
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * oracle: the count holds every addition
 */
#include <fcntl.h>
#include <sys/file.h>

#include "suites/check/races/race.h"

struct shared {
	long count;
};

static char path[256];

static void change(int fd, bool is_lock)
{
#ifdef FORM_OFD
	struct flock lock = {.l_type = is_lock ? F_WRLCK : F_UNLCK, .l_whence = SEEK_SET};

	must(fcntl(fd, F_OFD_SETLKW, &lock) == 0);
#else
	must(flock(fd, is_lock ? LOCK_EX : LOCK_UN) == 0);
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
