/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/racecheck/strangers.c - programs that a program starts, and who comes after
 * whom.
 *
 * usage: strangers siblings      two workers write the same word; nothing orders one after the
 * other strangers in_turn       the second is started once the first was waited for strangers later
 * the parent writes, once it has started it, what the worker reads strangers before        it
 * writes it before strangers background    a shell starts the worker and does not wait; another
 * shell ends strangers foreground    the shell waits for it
 *
 * Ends with 0, or with 99 if something failed.
 */
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 20000 };

struct shared {
	int word;
	/* These order nothing. */
	_Atomic int has_returned; /* the shell that started the worker */
	_Atomic int is_done;      /* the worker */
};

extern char **environ;
static const char *program;
static int segment;
static struct shared *shared;

/* What is tested, not used: how racecheck orders it. */
static int (*const run_command)(const char *command) = system;

static void map(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, segment, 0);
	if (shared == MAP_FAILED)
		_exit(99);
}

/* Starts a worker, which inherits the segment. */
static pid_t start(const char *work)
{
	char number[16];
	char *arguments[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)work, number, NULL};
	pid_t pid;

	snprintf(number, sizeof(number), "%d", segment);
	if (posix_spawn(&pid, program, NULL, NULL, arguments, environ) != 0)
		_exit(99);
	return pid;
}

static void shell(const char *work, const char *end)
{
	char command[512];

	snprintf(command, sizeof(command), "'%s' %s %d %s", program, work, segment, end);
	if (run_command(command) != 0)
		_exit(99);
}

static void await(_Atomic int *flag)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	int ms = 0;

	while (atomic_load_explicit(flag, memory_order_relaxed) == 0) {
		if (++ms == LIMIT_MS)
			_exit(99);
		nanosleep(&pause, NULL);
	}
}

static void set(_Atomic int *flag)
{
	atomic_store_explicit(flag, 1, memory_order_relaxed);
}

static void run(const char *what)
{
	if (strcmp(what, "siblings") == 0) {
		start("write");
		start("write");
	} else if (strcmp(what, "in_turn") == 0) {
		waitpid(start("write"), NULL, 0);
		start("write");
	} else if (strcmp(what, "later") == 0) {
		start("read");
		shared->word = 1;
		start("nothing");
	} else if (strcmp(what, "before") == 0) {
		shared->word = 1;
		start("read");
	} else if (strcmp(what, "background") == 0) {
		shell("write_later", "&");
		set(&shared->has_returned);
		await(&shared->is_done);
		/* Most likely it has ended then. */
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
		if (run_command("true") != 0)
			_exit(99);
		shared->word++;
	} else {
		shell("write", "");
		shared->word++;
	}
	while (wait(NULL) > 0)
		;
}

static void work(const char *what)
{
	/* Not before the shell is gone: who ends earlier may have been waited for. */
	if (strcmp(what, "write_later") == 0)
		await(&shared->has_returned);
	if (strcmp(what, "read") == 0)
		(void)*(volatile int *)&shared->word;
	else if (strcmp(what, "nothing") != 0)
		shared->word++;
	set(&shared->is_done);
}

int main(int argc, char **argv)
{
	program = argv[0];
	if (argc == 3) {
		segment = (int)strtol(argv[2], NULL, 10);
		map();
		work(argv[1]);
		return 0;
	}
	segment = memfd_create("strangers", 0);
	if (argc != 2 || segment < 0 || ftruncate(segment, sizeof(*shared)) != 0)
		return 99;
	map();
	run(argv[1]);
	return 0;
}
