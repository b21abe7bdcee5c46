/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/stream_lock.c - the lock of a stream of the library; the twin adds
 * after giving it back.
 *
 * case: stream_lock
 * models: threads
 * forms: flockfile ftrylockfile
 * truth: correct free, broken racy
 * tier: P
 * missing: lock
 * pairs: add/add
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * oracle: the count holds every addition
 */
#include "suites/check/races/race.h"

struct shared {
	long count;
};

static void lock(FILE *file)
{
#ifdef FORM_FTRYLOCKFILE
	race_until(ftrylockfile(file) == 0);
#else
	flockfile(file);
#endif
}

static void adder(void *memory)
{
	struct shared *shared = memory;

	for (int i = 0; i < ROUNDS; i++) {
		lock(stderr);
		in_correct(shared->count = window(shared->count) + 1);
		funlockfile(stderr);
		in_broken(shared->count = window(shared->count) + 1); /* race: add update */
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, adder, adder);
	race_outcome("kept", shared->count);
	race_outcome("lost", 2 * ROUNDS - shared->count);
	return race_end();
}
