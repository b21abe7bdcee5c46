/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/spin.c - a spin lock; the twin adds after unlocking it.
 *
 * case: spin
 * models: threads processes
 * forms: lock trylock
 * truth: correct free, broken racy
 * tier: P
 * missing: spin lock
 * pairs: add/add
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * oracle: the count holds every addition
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_spinlock_t spin;
	long count;
};

static void lock(pthread_spinlock_t *spin)
{
#ifdef FORM_TRYLOCK
	race_until(pthread_spin_trylock(spin) == 0);
#else
	must(pthread_spin_lock(spin) == 0);
#endif
}

static void adder(void *memory)
{
	struct shared *shared = memory;

	for (int i = 0; i < ROUNDS; i++) {
		lock(&shared->spin);
		in_correct(shared->count = window(shared->count) + 1);
		must(pthread_spin_unlock(&shared->spin) == 0);
		in_broken(shared->count = window(shared->count) + 1); /* race: add update */
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	must(pthread_spin_init(&shared->spin, race_pshared()) == 0);
	race_peers(shared, adder, adder);
	race_outcome("kept", shared->count);
	race_outcome("lost", 2 * ROUNDS - shared->count);
	return race_end();
}
