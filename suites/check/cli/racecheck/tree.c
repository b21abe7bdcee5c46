/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/racecheck/tree.c - a parent and a child that share a segment, to be checked.
 *
 * The argument says what they do: see main(). It ends with 5 where nothing else is said.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <racecheck.h>

enum { COUNT = 100, LIMIT_S = 20, STATUS = 5 };

struct segment {
	pthread_mutex_t mutex;
	atomic_int is_written;
	int lock; /* taken by instructions that no compiler sees */
	long count;
};

static void require(int is_good)
{
	if (!is_good)
		_exit(99);
}

static void add(struct segment *segment, const char *what)
{
	int is_locked = strcmp(what, "ordered") == 0;

	for (int i = 0; i < COUNT; i++) {
		if (is_locked)
			require(pthread_mutex_lock(&segment->mutex) == 0);
		segment->count++;
		if (is_locked)
			require(pthread_mutex_unlock(&segment->mutex) == 0);
	}
}

/* A lock of which nobody sees where it is, since that is given as a number; x86 only. */
static void add_annotated(struct segment *segment, int is_annotated)
{
#ifdef __x86_64__
	for (int i = 0; i < COUNT; i++) {
		int was_taken;

		do {
			was_taken = 1;
			__asm__ volatile("xchgl %0, (%1)"
			                 : "+r"(was_taken)
			                 : "r"((uintptr_t)&segment->lock)
			                 : "memory");
		} while (was_taken);
		if (is_annotated)
			RACECHECK_ACQUIRE(&segment->lock);
		segment->count++;
		if (is_annotated)
			RACECHECK_RELEASE(&segment->lock);
		__asm__ volatile("movl $0, (%0)" : : "r"((uintptr_t)&segment->lock) : "memory");
	}
#else
	(void)is_annotated;
	add(segment, "ordered");
#endif
}

/* The child writes and dies; the parent knows it, but is not ordered behind it. */
static void be_killed(struct segment *segment)
{
	segment->count = 1;
	atomic_store_explicit(&segment->is_written, 1, memory_order_relaxed);
	raise(SIGKILL);
}

static void look(struct segment *segment)
{
	while (!atomic_load_explicit(&segment->is_written, memory_order_relaxed))
		clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = 100000}, NULL);
	require(segment->count == 1);
}

static void work(struct segment *segment, const char *what, int is_child)
{
	if (strcmp(what, "killed") == 0 && is_child)
		be_killed(segment);
	else if (strcmp(what, "killed") == 0)
		look(segment);
	else if (strcmp(what, "annotated") == 0 || strcmp(what, "hidden") == 0)
		add_annotated(segment, what[0] == 'a');
	else if (strcmp(what, "ignored") == 0) {
		RACECHECK_IGNORE_BEGIN();
		add(segment, what);
		RACECHECK_IGNORE_END();
	} else {
		add(segment, what);
	}
}

static struct segment *make_segment(void)
{
	int fd = memfd_create("tree", MFD_CLOEXEC);
	struct segment *segment;
	pthread_mutexattr_t attributes;

	require(fd >= 0 && ftruncate(fd, sizeof(*segment)) == 0);
	segment = mmap(NULL, sizeof(*segment), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	require(segment != MAP_FAILED);
	require(pthread_mutexattr_init(&attributes) == 0);
	require(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
	require(pthread_mutex_init(&segment->mutex, &attributes) == 0);
	return segment;
}

static void peek_at_oneself(void)
{
	long from = 1;
	long to = 0;
	struct iovec here = {&to, sizeof(to)};
	struct iovec there = {&from, sizeof(from)};

	require(syscall(SYS_process_vm_readv, getpid(), &here, 1, &there, 1, 0) == sizeof(to));
}

/*
 * ordered, racy, ignored, annotated, hidden: both add to a count, under a mutex, freely, or
 * under a lock in assembly; killed: the child dies by SIGKILL; crash: racy, and the
 * parent aborts; stuck: waits for what never comes; uncovered: a call nobody models.
 */
int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "ordered";
	struct segment *segment;
	pid_t child;

	alarm(LIMIT_S);
	segment = make_segment();
	printf("%s\n", what);
	fflush(stdout);
	if (strcmp(what, "stuck") == 0)
		pause();
	if (strcmp(what, "uncovered") == 0)
		peek_at_oneself();
	child = fork();
	require(child >= 0);
	work(segment, strcmp(what, "uncovered") == 0 ? "ordered" : what, child == 0);
	if (child == 0)
		_exit(0);
	if (strcmp(what, "crash") == 0)
		abort();
	require(waitpid(child, NULL, 0) == child);
	return STATUS;
}
