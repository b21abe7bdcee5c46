/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/strangers.c - two programs on one named segment; the twin's flag is
 * relaxed.
 *
 * Each peer is a program of its own that opens the segment by its name. RACE_OTHER names
 * this case as another compiler built it; the writer is then that one.
 *
 * case: strangers
 * models: processes
 * truth: correct free, broken racy
 * tier: C
 * missing: release
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * oracle: the reader sees what the writer wrote before the flag
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>

#include "suites/check/races/race.h"

extern char **environ;

struct shared {
	_Atomic int flag;
	int data;
	int seen;
};

static void writer(struct shared *shared)
{
	shared->data = 42; /* race: write write */
	atomic_store_explicit(&shared->flag, 1,
	                      in_correct(memory_order_release) in_broken(memory_order_relaxed));
}

static void reader(struct shared *shared)
{
	race_until(atomic_load_explicit(&shared->flag, memory_order_acquire) == 1);
	shared->seen = shared->data; /* race: read read */
}

static struct shared *attach(const char *name, int flags)
{
	int fd = shm_open(name, O_RDWR | flags, 0600);
	struct shared *shared;

	must(fd >= 0);
	must(ftruncate(fd, sizeof(*shared)) == 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(shared != MAP_FAILED);
	must(close(fd) == 0);
	return shared;
}

static pid_t spawn(const char *program, const char *role, char *name)
{
	char *arguments[] = {(char *)role, "processes", name, NULL};
	pid_t pid;

	must(posix_spawn(&pid, program, NULL, NULL, arguments, environ) == 0);
	return pid;
}

int main(int argc, char **argv)
{
	const char *other = getenv("RACE_OTHER");
	struct shared *shared;
	char name[64];
	pid_t pids[2];

	race_begin(argc, argv, 1);
	if (argc == 3) {
		shared = attach(argv[2], 0);
		if (strcmp(argv[0], "writer") == 0)
			writer(shared);
		else
			reader(shared);
		return 0;
	}
	snprintf(name, sizeof(name), "/race-%d", (int)getpid());
	shared = attach(name, O_CREAT | O_EXCL);
	pids[0] = spawn("/proc/self/exe", "reader", name);
	pids[1] = spawn(other ? other : "/proc/self/exe", "writer", name);
	race_join(pids[0]);
	race_join(pids[1]);
	must(shm_unlink(name) == 0);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
