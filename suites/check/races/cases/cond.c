/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/cond.c - a condition variable; the twin writes after it has signalled.
 *
 * case: cond
 * models: threads processes
 * forms: wait timedwait clockwait broadcast
 * truth: correct free, broken racy
 * tier: P
 * missing: lock around the write
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	_Atomic bool is_waiting; /* the reader, or it is about to: it has the mutex */
	bool is_ready;
	int data;
	int seen;
};

static void writer(void *memory)
{
	struct shared *shared = memory;

	/* Orders nothing; the reader has to wait. */
	race_until(atomic_load_explicit(&shared->is_waiting, memory_order_relaxed));
	in_correct(shared->data = window(42));
	must(pthread_mutex_lock(&shared->mutex) == 0);
	shared->is_ready = true;
#ifdef FORM_BROADCAST
	must(pthread_cond_broadcast(&shared->cond) == 0);
#else
	must(pthread_cond_signal(&shared->cond) == 0);
#endif
	must(pthread_mutex_unlock(&shared->mutex) == 0);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void wait_for_signal(struct shared *shared)
{
#if defined(FORM_TIMEDWAIT)
	struct timespec deadline = race_deadline(CLOCK_REALTIME);

	must(pthread_cond_timedwait(&shared->cond, &shared->mutex, &deadline) == 0);
#elif defined(FORM_CLOCKWAIT)
	struct timespec deadline = race_deadline(CLOCK_MONOTONIC);

	must(pthread_cond_clockwait(&shared->cond, &shared->mutex, CLOCK_MONOTONIC, &deadline) ==
	     0);
#else
	must(pthread_cond_wait(&shared->cond, &shared->mutex) == 0);
#endif
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	must(pthread_mutex_lock(&shared->mutex) == 0);
	atomic_store_explicit(&shared->is_waiting, true, memory_order_relaxed);
	while (!shared->is_ready)
		wait_for_signal(shared);
	must(pthread_mutex_unlock(&shared->mutex) == 0);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	pthread_condattr_t attributes;

	race_mutex_init(&shared->mutex);
	must(pthread_condattr_init(&attributes) == 0);
	must(pthread_condattr_setpshared(&attributes, race_pshared()) == 0);
	must(pthread_cond_init(&shared->cond, &attributes) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
