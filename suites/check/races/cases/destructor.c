/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/destructor.c - a thread's destructor signals; the twin writes the data
 * after the signal.
 *
 * A destructor that sets its key again is called again, in up to four rounds.
 *
 * case: destructor
 * models: threads
 * forms: first last
 * truth: correct free, broken racy
 * tier: P
 * missing: semaphore
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the destructor wrote before it signalled
 */
#include <limits.h>
#include <semaphore.h>

#include "suites/check/races/race.h"

struct shared {
	pthread_key_t key;
	sem_t done;
	int rounds;           /* of the destructor's thread alone */
	_Atomic bool is_read; /* orders nothing */
	int data;
	int seen;
};

static void destroy(void *memory)
{
	struct shared *shared = memory;

#ifdef FORM_LAST
	if (++shared->rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
		must(pthread_setspecific(shared->key, shared) == 0);
		return;
	}
#endif
	in_correct(shared->data = 42);
	must(sem_post(&shared->done) == 0);
	in_broken(race_until(atomic_load_explicit(&shared->is_read, memory_order_relaxed)));
	in_broken(shared->data = 42); /* race: write write */
}

/* The key is newer than the thread: its destructor is behind those of older ones. */
static void writer(void *memory)
{
	struct shared *shared = memory;

	must(pthread_key_create(&shared->key, destroy) == 0);
	must(pthread_setspecific(shared->key, shared) == 0);
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	must(sem_wait(&shared->done) == 0);
	shared->seen = shared->data; /* race: read read */
	atomic_store_explicit(&shared->is_read, true, memory_order_relaxed);
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	must(sem_init(&shared->done, 0, 0) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
