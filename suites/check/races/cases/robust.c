/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/robust.c - a robust mutex whose owner dies; the twin reads without
 * taking it.
 *
 * The owner of the mutex dies by SIGKILL inside; what it wrote is seen by whoever the mutex
 * tells of its death. The twin knows of the death, but by a relaxed word alone.
 *
 * case: robust
 * models: processes
 * truth: correct free, broken racy
 * tier: P
 * missing: lock
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the survivor sees what the dead owner wrote
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_mutex_t mutex;
	_Atomic int is_written;
	int data;
	int seen;
};

static void owner(void *memory)
{
	struct shared *shared = memory;

	must(pthread_mutex_lock(&shared->mutex) == 0);
	late(shared->data, 42); /* race: write write */
	atomic_store_explicit(&shared->is_written, 1, memory_order_relaxed);
	raise(SIGKILL);
}

static void survivor(void *memory)
{
	struct shared *shared = memory;

	race_until(atomic_load_explicit(&shared->is_written, memory_order_relaxed) == 1);
	in_correct(must(pthread_mutex_lock(&shared->mutex) == EOWNERDEAD));
	shared->seen = shared->data; /* race: read read */
	in_correct(must(pthread_mutex_consistent(&shared->mutex) == 0));
	in_correct(must(pthread_mutex_unlock(&shared->mutex) == 0));
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	pthread_mutexattr_t attributes;
	pid_t pids[2];

	must(pthread_mutexattr_init(&attributes) == 0);
	must(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
	must(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
	must(pthread_mutex_init(&shared->mutex, &attributes) == 0);
	pids[0] = race_fork(owner, shared);
	pids[1] = race_fork(survivor, shared);
	must(waitpid(pids[0], NULL, 0) == pids[0]);
	race_join(pids[1]);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
