/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/c11_cond.c - a condition variable of C11; the twin writes after it has
 * signalled.
 *
 * case: c11_cond
 * models: threads
 * forms: signal broadcast timedwait
 * truth: correct free, broken racy
 * tier: C
 * missing: lock around the write
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <threads.h>

#include "suites/check/races/race.h"

struct shared {
	mtx_t mutex;
	cnd_t cond;
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
	must(mtx_lock(&shared->mutex) == thrd_success);
	shared->is_ready = true;
#ifdef FORM_BROADCAST
	must(cnd_broadcast(&shared->cond) == thrd_success);
#else
	must(cnd_signal(&shared->cond) == thrd_success);
#endif
	must(mtx_unlock(&shared->mutex) == thrd_success);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;
#ifdef FORM_TIMEDWAIT
	struct timespec deadline = race_deadline(CLOCK_REALTIME);
#endif

	must(mtx_lock(&shared->mutex) == thrd_success);
	atomic_store_explicit(&shared->is_waiting, true, memory_order_relaxed);
	while (!shared->is_ready) {
#ifdef FORM_TIMEDWAIT
		must(cnd_timedwait(&shared->cond, &shared->mutex, &deadline) == thrd_success);
#else
		must(cnd_wait(&shared->cond, &shared->mutex) == thrd_success);
#endif
	}
	must(mtx_unlock(&shared->mutex) == thrd_success);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	must(mtx_init(&shared->mutex, mtx_plain) == thrd_success);
	must(cnd_init(&shared->cond) == thrd_success);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
