/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/sleep.c - waiting by a semaphore; the twin sleeps for as long as it
 * should take.
 *
 * case: sleep
 * models: threads processes
 * truth: correct free, broken racy
 * tier: P
 * missing: any synchronisation
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

static void writer(void *memory)
{
	struct shared *shared = memory;

	shared->data = window(42); /* race: write write */
	must(sem_post(&shared->written) == 0);
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	in_correct(must(sem_wait(&shared->written) == 0));
	in_broken(race_sleep_us(20000));
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
