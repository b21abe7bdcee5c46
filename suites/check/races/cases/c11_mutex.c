/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/c11_mutex.c - a mutex of C11; the twin adds after unlocking it.
 *
 * case: c11_mutex
 * models: threads
 * forms: lock timedlock trylock
 * truth: correct free, broken racy
 * tier: C
 * missing: mutex
 * pairs: add/add
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * oracle: the count holds every addition
 */
#include <threads.h>

#include "suites/check/races/race.h"

struct shared {
	mtx_t mutex;
	long count;
};

static void lock(mtx_t *mutex)
{
#if defined(FORM_TIMEDLOCK)
	struct timespec deadline = race_deadline(CLOCK_REALTIME);

	must(mtx_timedlock(mutex, &deadline) == thrd_success);
#elif defined(FORM_TRYLOCK)
	race_until(mtx_trylock(mutex) == thrd_success);
#else
	must(mtx_lock(mutex) == thrd_success);
#endif
}

static void adder(void *memory)
{
	struct shared *shared = memory;

	for (int i = 0; i < ROUNDS; i++) {
		lock(&shared->mutex);
		in_correct(shared->count = window(shared->count) + 1);
		must(mtx_unlock(&shared->mutex) == thrd_success);
		in_broken(shared->count = window(shared->count) + 1); /* race: add update */
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	must(mtx_init(&shared->mutex, mtx_timed) == thrd_success);
	race_peers(shared, adder, adder);
	race_outcome("kept", shared->count);
	race_outcome("lost", 2 * ROUNDS - shared->count);
	return race_end();
}
