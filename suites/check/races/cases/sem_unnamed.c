/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/sem_unnamed.c - a semaphore in the memory; the twin writes after it has
 * posted.
 *
 * case: sem_unnamed
 * models: threads processes
 * forms: wait timedwait clockwait trywait
 * truth: correct free, broken racy
 * tier: P
 * missing: semaphore
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <semaphore.h>

#include "suites/check/races/race.h"

struct shared {
	sem_t written;
	int data;
	int seen;
};

static void take(sem_t *semaphore)
{
#if defined(FORM_TIMEDWAIT)
	struct timespec deadline = race_deadline(CLOCK_REALTIME);

	must(sem_timedwait(semaphore, &deadline) == 0);
#elif defined(FORM_CLOCKWAIT)
	struct timespec deadline = race_deadline(CLOCK_MONOTONIC);

	must(sem_clockwait(semaphore, CLOCK_MONOTONIC, &deadline) == 0);
#elif defined(FORM_TRYWAIT)
	race_until(sem_trywait(semaphore) == 0);
#else
	must(sem_wait(semaphore) == 0);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	must(sem_post(&shared->written) == 0);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	take(&shared->written);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	must(sem_init(&shared->written, race.is_processes, 0) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
