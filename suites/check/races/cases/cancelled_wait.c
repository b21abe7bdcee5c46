/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/cancelled_wait.c - a wait on a condition that is cancelled; the twin
 * writes the data after it gave the mutex back.
 *
 * The mutex is held again when the clean-up runs (POSIX.1-2017, XSH 2.9.5).
 *
 * case: cancelled_wait
 * models: threads
 * forms: wait timedwait
 * truth: correct free, broken racy
 * tier: P
 * missing: lock
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the clean-up sees what was written under the mutex
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	_Atomic bool is_waiting; /* these order nothing */
	_Atomic bool is_written;
	int data;
	int seen;
};

static void clean_up(void *memory)
{
	struct shared *shared = memory;

	shared->seen = shared->data; /* race: read read */
	must(pthread_mutex_unlock(&shared->mutex) == 0);
	race_done();
}

static void *waiter(void *memory)
{
	struct shared *shared = memory;

	must(pthread_mutex_lock(&shared->mutex) == 0);
	pthread_cleanup_push(clean_up, shared);
	atomic_store_explicit(&shared->is_waiting, true, memory_order_relaxed);
	for (;;) {
#ifdef FORM_TIMEDWAIT
		struct timespec deadline = race_deadline(CLOCK_REALTIME);

		must(pthread_cond_timedwait(&shared->cond, &shared->mutex, &deadline) == 0);
#else
		must(pthread_cond_wait(&shared->cond, &shared->mutex) == 0);
#endif
	}
	pthread_cleanup_pop(0);
	return NULL;
}

static void *writer(void *memory)
{
	struct shared *shared = memory;

	race_until(atomic_load_explicit(&shared->is_waiting, memory_order_relaxed));
	must(pthread_mutex_lock(&shared->mutex) == 0);
	in_correct(shared->data = 42);
	must(pthread_mutex_unlock(&shared->mutex) == 0);
	in_broken(atomic_store_explicit(&shared->is_written, true, memory_order_relaxed));
	in_broken(shared->data = window(42)); /* race: write write */
	atomic_store_explicit(&shared->is_written, true, memory_order_relaxed);
	return NULL;
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	pthread_t threads[2];

	race_mutex_init(&shared->mutex);
	must(pthread_cond_init(&shared->cond, NULL) == 0);
	must(pthread_create(&threads[0], NULL, waiter, shared) == 0);
	must(pthread_create(&threads[1], NULL, writer, shared) == 0);
	race_until(atomic_load_explicit(&shared->is_written, memory_order_relaxed));
	must(pthread_cancel(threads[0]) == 0);
	must(pthread_join(threads[0], NULL) == 0);
	must(pthread_join(threads[1], NULL) == 0);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
