/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/rwlock.c - a reader-writer lock; the twin writes under the readers' side
 * of it.
 *
 * case: rwlock
 * models: threads processes
 * forms: lock timed clock try
 * truth: correct free, broken racy
 * tier: P
 * missing: write lock
 * pairs: add/add, add/look
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * oracle: the count holds every addition
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_rwlock_t lock;
	long count;
};

static void lock(pthread_rwlock_t *rwlock, bool is_to_write)
{
#if defined(FORM_TIMED)
	struct timespec deadline = race_deadline(CLOCK_REALTIME);

	must((is_to_write ? pthread_rwlock_timedwrlock(rwlock, &deadline)
	                  : pthread_rwlock_timedrdlock(rwlock, &deadline)) == 0);
#elif defined(FORM_CLOCK)
	struct timespec deadline = race_deadline(CLOCK_MONOTONIC);

	must((is_to_write ? pthread_rwlock_clockwrlock(rwlock, CLOCK_MONOTONIC, &deadline)
	                  : pthread_rwlock_clockrdlock(rwlock, CLOCK_MONOTONIC, &deadline)) == 0);
#elif defined(FORM_TRY)
	race_until((is_to_write ? pthread_rwlock_trywrlock(rwlock)
	                        : pthread_rwlock_tryrdlock(rwlock)) == 0);
#else
	must((is_to_write ? pthread_rwlock_wrlock(rwlock) : pthread_rwlock_rdlock(rwlock)) == 0);
#endif
}

static void adder(void *memory)
{
	struct shared *shared = memory;
	long looked;

	for (int i = 0; i < ROUNDS; i++) {
		lock(&shared->lock, in_correct(true) in_broken(false));
		shared->count = window(shared->count) + 1; /* race: add update */
		must(pthread_rwlock_unlock(&shared->lock) == 0);

		lock(&shared->lock, false);
		looked = shared->count; /* race: look read */
		must(pthread_rwlock_unlock(&shared->lock) == 0);
		must(looked > 0);
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	pthread_rwlockattr_t attributes;

	must(pthread_rwlockattr_init(&attributes) == 0);
	must(pthread_rwlockattr_setpshared(&attributes, race_pshared()) == 0);
	must(pthread_rwlock_init(&shared->lock, &attributes) == 0);
	race_peers(shared, adder, adder);
	race_outcome("kept", shared->count);
	race_outcome("lost", 2 * ROUNDS - shared->count);
	return race_end();
}
