/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/refused_unlock.c - an error-checking mutex; the twin gives back what it
 * does not hold.
 *
 * That is refused, and hands nothing over.
 *
 * case: refused_unlock
 * models: threads processes
 * truth: correct free, broken racy
 * tier: P
 * missing: lock
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what was written under the mutex
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_mutex_t mutex;
	_Atomic bool is_written; /* orders nothing */
	int data;
	int seen;
};

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(must(pthread_mutex_lock(&shared->mutex) == 0));
	late(shared->data, 42); /* race: write write */
	in_correct(must(pthread_mutex_unlock(&shared->mutex) == 0));
	in_broken(must(pthread_mutex_unlock(&shared->mutex) == EPERM));
	atomic_store_explicit(&shared->is_written, true, memory_order_relaxed);
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	race_until(atomic_load_explicit(&shared->is_written, memory_order_relaxed));
	must(pthread_mutex_lock(&shared->mutex) == 0);
	shared->seen = shared->data; /* race: read read */
	must(pthread_mutex_unlock(&shared->mutex) == 0);
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	pthread_mutexattr_t attributes;

	must(pthread_mutexattr_init(&attributes) == 0);
	must(pthread_mutexattr_setpshared(&attributes, race_pshared()) == 0);
	must(pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK) == 0);
	must(pthread_mutex_init(&shared->mutex, &attributes) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
