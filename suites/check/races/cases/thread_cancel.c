/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/thread_cancel.c - a thread that is cancelled reads in its clean-up; the
 * twin writes the data after cancelling it.
 *
 * case: thread_cancel
 * models: threads
 * truth: correct free, broken racy
 * tier: P
 * missing: cancellation
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the clean-up sees what was written before the cancellation
 */
#include "suites/check/races/race.h"

struct shared {
	_Atomic bool is_waiting;
	int data;
	int seen;
};

static void clean_up(void *memory)
{
	struct shared *shared = memory;

	shared->seen = shared->data; /* race: read read */
	race_done();
}

static void *waiter(void *memory)
{
	struct shared *shared = memory;

	pthread_cleanup_push(clean_up, shared);
	atomic_store(&shared->is_waiting, true);
	for (;;)
		race_sleep_us(1000);
	pthread_cleanup_pop(0);
	return NULL;
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	pthread_t thread;

	must(pthread_create(&thread, NULL, waiter, shared) == 0);
	race_until(atomic_load(&shared->is_waiting));
	in_correct(shared->data = 42);
	must(pthread_cancel(thread) == 0);
	in_broken(shared->data = window(42)); /* race: write write */
	must(pthread_join(thread, NULL) == 0);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
