/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/sem_named.c - a semaphore with a name; the twin writes after it has
 * posted.
 *
 * case: sem_named
 * models: threads processes
 * forms: post sem_open
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
static sem_t *open_by_name(int flags, unsigned value)
{
	sem_t *semaphore = sem_open(name, flags, 0600, value);

	must(semaphore != SEM_FAILED);
	return semaphore;
}

/* Lets the reader go on; or has the semaphore begin that way. */
static void post(void)
{
#ifdef FORM_SEM_OPEN
	open_by_name(O_CREAT | O_EXCL, 1);
#else
	must(sem_post(open_by_name(0, 0)) == 0);
#endif
}

static void wait_for_post(void)
{
#ifdef FORM_SEM_OPEN
	sem_t *semaphore;

	race_until((semaphore = sem_open(name, 0)) != SEM_FAILED);
	must(sem_wait(semaphore) == 0);
#else
	must(sem_wait(open_by_name(0, 0)) == 0);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	post();
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	wait_for_post();
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	snprintf(name, sizeof(name), "/race-%d", (int)getpid());
#ifndef FORM_SEM_OPEN
	open_by_name(O_CREAT | O_EXCL, 0);
#endif
	race_peers(shared, reader, writer);
	must(sem_unlink(name) == 0);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
