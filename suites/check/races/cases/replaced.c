/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/replaced.c - a worker that died is reaped and replaced before another
 * learns of its death; the twin does not wait to learn of it.
 *
 * What the dead one did must not be forgotten with it, though a new process has come.
 *
 * case: replaced
 * models: processes
 * forms: robust undo pipe flock
 * truth: correct free, broken racy
 * tier: P
 * missing: news of the death
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the survivor sees what the dead worker wrote
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/sem.h>

#include "suites/check/races/race.h"

struct shared {
	pthread_mutex_t mutex;
	int set;
	int ends[2];
	int file;
	_Atomic bool is_held; /* these order nothing */
	_Atomic bool is_replaced;
	_Atomic bool is_over;
	int data;
	int seen;
};

/* The file, opened anew: a lock belongs to the open file. */
static int lock_file(int file)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	fd = open(path, O_RDWR | O_CLOEXEC);
	must(fd >= 0 && flock(fd, LOCK_EX) == 0);
	return fd;
}

/* Takes what tells of the owner's death. */
static void hold(struct shared *shared)
{
#if defined(FORM_UNDO)
	must(semop(shared->set, &(struct sembuf){.sem_op = -1, .sem_flg = SEM_UNDO}, 1) == 0);
#elif defined(FORM_PIPE)
	must(close(shared->ends[0]) == 0);
#elif defined(FORM_FLOCK)
	(void)lock_file(shared->file);
#else
	must(pthread_mutex_lock(&shared->mutex) == 0);
#endif
}

static void await_death(struct shared *shared)
{
#if defined(FORM_UNDO)
	must(semop(shared->set, &(struct sembuf){.sem_op = -1}, 1) == 0);
#elif defined(FORM_PIPE)
	char byte;

	must(read(shared->ends[0], &byte, 1) == 0);
#elif defined(FORM_FLOCK)
	(void)lock_file(shared->file);
#else
	must(pthread_mutex_lock(&shared->mutex) == EOWNERDEAD);
#endif
}

static void worker(void *memory)
{
	struct shared *shared = memory;

	hold(shared);
	late(shared->data, 42); /* race: write write */
	atomic_store_explicit(&shared->is_held, true, memory_order_relaxed);
	raise(SIGKILL);
}

static void replacement(void *memory)
{
	struct shared *shared = memory;

	race_until(atomic_load_explicit(&shared->is_over, memory_order_relaxed));
}

static void survivor(void *memory)
{
	struct shared *shared = memory;

	must(close(shared->ends[1]) == 0);
	race_until(atomic_load_explicit(&shared->is_replaced, memory_order_relaxed));
	in_correct(await_death(shared));
	shared->seen = shared->data; /* race: read read */
}

static void prepare(struct shared *shared)
{
	pthread_mutexattr_t attributes;

	must(pthread_mutexattr_init(&attributes) == 0);
	must(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
	must(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0);
	must(pthread_mutex_init(&shared->mutex, &attributes) == 0);
	must(pipe(shared->ends) == 0);
	shared->file = memfd_create("race", MFD_CLOEXEC);
	must(shared->file >= 0);
	shared->set = semget(IPC_PRIVATE, 1, 0600);
	must_have("System V semaphores", shared->set >= 0);
	must(semctl(shared->set, 0, SETVAL, 1) == 0);
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	pid_t pids[3];

	prepare(shared);
	pids[0] = race_fork(survivor, shared);
	pids[1] = race_fork(worker, shared);
	must(close(shared->ends[1]) == 0);
	must(waitpid(pids[1], NULL, 0) == pids[1]);
	pids[2] = race_fork(replacement, shared);
	atomic_store_explicit(&shared->is_replaced, true, memory_order_relaxed);
	race_join(pids[0]);
	atomic_store_explicit(&shared->is_over, true, memory_order_relaxed);
	race_join(pids[2]);
	must(semctl(shared->set, 0, IPC_RMID) == 0);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
