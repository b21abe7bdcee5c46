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
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: who reads the flag reads the data that is written with it
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_rwlock_t rwlock;
	_Atomic bool has_looked; /* the reader, once: orders nothing */
	bool is_ready;
	int data;
	int seen;
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

static void writer(void *memory)
{
	struct shared *shared = memory;

	race_until(atomic_load_explicit(&shared->has_looked, memory_order_relaxed));
	lock(&shared->rwlock, in_correct(true) in_broken(false));
	shared->is_ready = true;   /* race: write write */
	shared->data = window(42); /* race: write write */
	must(pthread_rwlock_unlock(&shared->rwlock) == 0);
}

static bool look(struct shared *shared)
{
	bool is_ready;

	lock(&shared->rwlock, false);
	is_ready = shared->is_ready; /* race: read read */
	shared->seen = shared->data; /* race: read read */
	must(pthread_rwlock_unlock(&shared->rwlock) == 0);
	atomic_store_explicit(&shared->has_looked, true, memory_order_relaxed);
	return is_ready;
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	race_until(look(shared));
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	pthread_rwlockattr_t attributes;

	must(pthread_rwlockattr_init(&attributes) == 0);
	must(pthread_rwlockattr_setpshared(&attributes, race_pshared()) == 0);
	must(pthread_rwlock_init(&shared->rwlock, &attributes) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
