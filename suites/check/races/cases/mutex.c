/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/mutex.c - a mutex; the twin adds after unlocking it.
 *
 * case: mutex
 * models: threads processes
 * forms: lock timedlock clocklock trylock
 * truth: correct free, broken racy
 * tier: P
 * missing: mutex
 * pairs: add/add
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * oracle: the count holds every addition
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_mutex_t mutex;
	long count;
};

static void lock(pthread_mutex_t *mutex)
{
#if defined(FORM_TIMEDLOCK)
	struct timespec deadline = race_deadline(CLOCK_REALTIME);

	must(pthread_mutex_timedlock(mutex, &deadline) == 0);
#elif defined(FORM_CLOCKLOCK)
	struct timespec deadline = race_deadline(CLOCK_MONOTONIC);

	must(pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &deadline) == 0);
#elif defined(FORM_TRYLOCK)
	race_until(pthread_mutex_trylock(mutex) == 0);
#else
	must(pthread_mutex_lock(mutex) == 0);
#endif
}

static void adder(void *memory)
{
	struct shared *shared = memory;

	for (int i = 0; i < ROUNDS; i++) {
		lock(&shared->mutex);
		in_correct(shared->count = window(shared->count) + 1);
		must(pthread_mutex_unlock(&shared->mutex) == 0);
		in_broken(shared->count = window(shared->count) + 1); /* race: add update */
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_mutex_init(&shared->mutex);
	race_peers(shared, adder, adder);
	race_outcome("kept", shared->count);
	race_outcome("lost", 2 * ROUNDS - shared->count);
	return race_end();
}
