/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/sysv_sem.c - a System V semaphore; the twin writes after the operation.
 *
 * case: sysv_sem
 * models: threads processes
 * forms: semop semtimedop semctl setall getval removed
 * truth: correct free, broken racy
 * tier: P
 * missing: semaphore
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <sys/ipc.h>
#include <sys/sem.h>

#include "suites/check/races/race.h"

struct shared {
	int set;
	int data;
	int seen;
};

static void change(int set, short by)
{
	struct sembuf operation = {.sem_op = by};

#ifdef FORM_SEMTIMEDOP
	const struct timespec timeout = {.tv_sec = RACE_WAIT_S};

	must(semtimedop(set, &operation, 1, &timeout) == 0);
#else
	must(semop(set, &operation, 1) == 0);
#endif
}

/* Adds one, or sets the value to one. */
static void post(int set)
{
#if defined(FORM_SEMCTL)
	must(semctl(set, 0, SETVAL, 1) == 0);
#elif defined(FORM_REMOVED)
	must(semctl(set, 0, IPC_RMID) == 0);
#elif defined(FORM_SETALL)
	must(semctl(set, 0, SETALL, &(unsigned short){1}) == 0);
#else
	change(set, 1);
#endif
}

static void await(int set)
{
#if defined(FORM_GETVAL)
	/* To look is enough: semctl() synchronises memory (POSIX.1-2017, XBD 4.12). */
	race_until(semctl(set, 0, GETVAL) == 1);
#elif defined(FORM_REMOVED)
	must(semop(set, &(struct sembuf){.sem_op = -1}, 1) < 0);
	must(errno == EIDRM || errno == EINVAL);
#else
	change(set, -1);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	post(shared->set);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	await(shared->set);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	shared->set = semget(IPC_PRIVATE, 1, 0600);
	must_have("System V semaphores", shared->set >= 0);
	race_peers(shared, reader, writer);
	semctl(shared->set, 0, IPC_RMID);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
