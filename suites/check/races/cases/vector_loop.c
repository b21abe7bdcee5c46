/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/vector_loop.c - a vectorised loop under a mutex; the twin's loop takes
 * none.
 *
 * The loop becomes 32-byte vectors before clang places its callbacks, which then skip them.
 *
 * case: vector_loop
 * models: threads processes
 * truth: correct free, broken racy
 * tier: P
 * missing: mutex
 * pairs: add/add
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * flags: -O3 -mavx2
 * machine: avx2
 * oracle: each element holds every addition
 */
#include "suites/check/races/race.h"

#ifdef OUTCOME
enum { ELEMENTS = 1 };
#else
enum { ELEMENTS = 256 };
#endif

struct shared {
	pthread_mutex_t mutex;
	_Alignas(64) int elements[ELEMENTS];
};

static void add_to_all(int *elements)
{
	for (int i = 0; i < ELEMENTS; i++)
		elements[i] = window(elements[i]) + 1; /* race: add update */
}

static void adder(void *memory)
{
	struct shared *shared = memory;

	for (int i = 0; i < ROUNDS; i++) {
		in_correct(must(pthread_mutex_lock(&shared->mutex) == 0));
		add_to_all(shared->elements);
		in_correct(must(pthread_mutex_unlock(&shared->mutex) == 0));
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	long kept = 0;

	race_mutex_init(&shared->mutex);
	race_peers(shared, adder, adder);
	for (int i = 0; i < ELEMENTS; i++)
		kept += shared->elements[i];
	race_outcome("kept", kept);
	race_outcome("lost", 2L * ROUNDS * ELEMENTS - kept);
	return race_end();
}
