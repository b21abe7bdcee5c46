/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/sem_named.c - a semaphore with a name; the twin writes after it has
 * posted.
 *
 * case: sem_named
 * models: threads processes
 * truth: correct free, broken racy
 * tier: P
 * missing: semaphore
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <fcntl.h>
#include <semaphore.h>

#include "suites/check/races/race.h"

struct shared {
	int data;
	int seen;
};

static char name[64];

/* Each peer opens it, as strangers would. */
static sem_t *open_by_name(int flags)
{
	sem_t *semaphore = sem_open(name, flags, 0600, 0);

	must(semaphore != SEM_FAILED);
	return semaphore;
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	must(sem_post(open_by_name(0)) == 0);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	must(sem_wait(open_by_name(0)) == 0);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	snprintf(name, sizeof(name), "/race-%d", (int)getpid());
	open_by_name(O_CREAT | O_EXCL);
	race_peers(shared, reader, writer);
	must(sem_unlink(name) == 0);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
