/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/spawn.c - a program that is started reads what its starter wrote; the
 * twin writes the data after starting it.
 *
 * The reader is this program again, which knows the segment by its descriptor.
 *
 * case: spawn
 * models: processes
 * forms: spawn spawnp execve vfork execvpe popen
 * truth: correct free, broken racy
 * tier: P
 * missing: start of a program
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it started it
 */
#include <fcntl.h>
#include <spawn.h>

#include "suites/check/races/race.h"

extern char **environ;

struct shared {
	_Atomic int is_over; /* the reader's last word */
	int data;
	int seen;
};

static char self[4096];     /* the path of this program */
static char descriptor[16]; /* of the segment, for the reader */

static struct shared *attach(int fd)
{
	struct shared *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	must(shared != MAP_FAILED);
	return shared;
}

#ifdef FORM_POPEN
/* Starts the reader, which the shell becomes. */
static void start(void)
{
	char command[sizeof(self) + 64];

	snprintf(command, sizeof(command), "exec %s processes %s", self, descriptor);
	must(popen(command, "w") != NULL);
}
#else
static void start(void)
{
	char *arguments[] = {self, "processes", descriptor, NULL};
	pid_t pid;

#if defined(FORM_SPAWNP)
	must(posix_spawnp(&pid, self, NULL, NULL, arguments, environ) == 0);
#elif defined(FORM_VFORK)
	pid = vfork();
	if (pid == 0) {
		execve(self, arguments, environ);
		_exit(RACE_EXIT_BROKEN);
	}
#elif defined(FORM_EXECVE) || defined(FORM_EXECVPE)
	pid = fork();
	if (pid == 0) {
#ifdef FORM_EXECVPE
		execvpe(self, arguments, environ);
#else
		execve(self, arguments, environ);
#endif
		_exit(RACE_EXIT_BROKEN);
	}
#else
	must(posix_spawn(&pid, self, NULL, NULL, arguments, environ) == 0);
#endif
	must(pid > 0);
}
#endif

#ifdef OUTCOME
/* The reader shares no window: it is waited for, without an order that a detector sees. */
static inline void race_await_end(struct shared *shared)
{
	race_until(atomic_load_explicit(&shared->is_over, memory_order_relaxed));
}
#else
#define race_await_end(shared) ((void)(shared))
#endif

static void reader(struct shared *shared)
{
	shared->seen = shared->data; /* race: read read */
	atomic_store(&shared->is_over, 1);
}

int main(int argc, char **argv)
{
	struct shared *shared;
	ssize_t bytes;
	int fd;

	race_begin(argc, argv, 1);
	if (argc == 3) {
		reader(attach((int)strtol(argv[2], NULL, 10)));
		return 0;
	}
	fd = memfd_create("race", 0);
	must(fd >= 0 && ftruncate(fd, sizeof(*shared)) == 0);
	snprintf(descriptor, sizeof(descriptor), "%d", fd);
	bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);
	must(bytes > 0);
	self[bytes] = '\0';
	shared = attach(fd);
	in_correct(shared->data = 42);
	start();
	in_broken(race_await_end(shared));
	in_broken(shared->data = 42); /* race: write write */
	race_until(atomic_load(&shared->is_over));
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
