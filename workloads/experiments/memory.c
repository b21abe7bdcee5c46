/* SPDX-License-Identifier: MIT */
/*
 * workloads/experiments/memory.c - what a peer weighs: PSS and USS of processes and threads.
 *
 * PSS shares a page out among those that map it; USS is what its end would give
 * back. Peers are weighed twice: as made, and after each has written to 1 MiB.
 */
#include "workloads/experiments/experiment.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "ipc/futex.h"

#define PEERS_MAX 64u
#define TOUCHED_BYTES ((size_t)1 << 20)

enum stage { STAGE_MADE, STAGE_TOUCHED, STAGE_END };

/* The maker and its peers meet here, each time a stage is reached. */
struct meeting {
	_Atomic uint32_t stage;   /* enum stage that peers may go on to */
	_Atomic uint32_t arrived; /* at the stage before */
	uint64_t deadline_ns;
};

struct weight {
	double pss_kib;
	double uss_kib;
};

static int weigh(pid_t pid, struct weight *out)
{
	char path[64];
	char line[128];
	unsigned long kib;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Pss: %lu kB", &kib) == 1)
			out->pss_kib += (double)kib;
		else if (sscanf(line, "Private_Clean: %lu kB", &kib) == 1 ||
		         sscanf(line, "Private_Dirty: %lu kB", &kib) == 1)
			out->uss_kib += (double)kib;
	}
	fclose(file);
	return 0;
}

/* Says that this peer has arrived, and waits for the next stage. */
static void meet(struct meeting *meeting, enum stage next)
{
	uint32_t stage;

	atomic_fetch_add_explicit(&meeting->arrived, 1, memory_order_release);
	futex_wake(&meeting->arrived, 1);
	while ((stage = atomic_load_explicit(&meeting->stage, memory_order_acquire)) < next) {
		if (futex_wait(&meeting->stage, stage, meeting->deadline_ns) == -ETIMEDOUT)
			return;
	}
}

static void live(struct meeting *meeting)
{
	unsigned char *memory = mmap(NULL, TOUCHED_BYTES, PROT_READ | PROT_WRITE,
	                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	meet(meeting, STAGE_TOUCHED);
	if (memory != MAP_FAILED)
		memset(memory, 1, TOUCHED_BYTES);
	meet(meeting, STAGE_END);
	if (memory != MAP_FAILED)
		munmap(memory, TOUCHED_BYTES);
}

static void *live_as_thread(void *meeting)
{
	live(meeting);
	return NULL;
}

/* Waits until count peers have arrived. */
static int gather(struct meeting *meeting, uint32_t count)
{
	uint32_t arrived;

	while ((arrived = atomic_load_explicit(&meeting->arrived, memory_order_acquire)) < count) {
		if (futex_wait(&meeting->arrived, arrived, meeting->deadline_ns) == -ETIMEDOUT)
			return -ETIMEDOUT;
	}
	return 0;
}

static void go_on(struct meeting *meeting, enum stage stage)
{
	atomic_store_explicit(&meeting->stage, stage, memory_order_release);
	futex_wake(&meeting->stage, INT_MAX);
}

struct group {
	bool are_threads;
	uint32_t count;
	uint32_t started;
	pid_t pids[PEERS_MAX];
	pthread_t threads[PEERS_MAX];
	struct meeting *meeting;
};

static int group_start(struct group *group)
{
	int ret = 0;

	for (; group->started < group->count && ret == 0; group->started += ret == 0) {
		uint32_t i = group->started;

		if (group->are_threads) {
			ret = -pthread_create(&group->threads[i], NULL, live_as_thread,
			                      group->meeting);
			continue;
		}
		group->pids[i] = fork();
		if (group->pids[i] < 0)
			ret = -errno;
		if (group->pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			live(group->meeting);
			_exit(0);
		}
	}
	return ret;
}

static void group_end(struct group *group)
{
	go_on(group->meeting, STAGE_END);
	for (uint32_t i = 0; i < group->started; i++) {
		if (group->are_threads)
			pthread_join(group->threads[i], NULL);
		else
			waitpid(group->pids[i], NULL, 0);
	}
}

/* Weighs the group: processes one by one, threads as what their process has more. */
static int group_weigh(const struct group *group, struct weight *out)
{
	int ret = 0;

	*out = (struct weight){0};
	if (group->are_threads)
		return weigh(getpid(), out);
	for (uint32_t i = 0; i < group->started && ret == 0; i++)
		ret = weigh(group->pids[i], out);
	return ret;
}

static void add(struct experiment_run *self, const struct group *group, const char *stage,
                struct weight weight, struct weight empty)
{
	const char *kind = group->are_threads ? "thread" : "process";
	double count = group->count;

	if (!group->are_threads)
		empty = (struct weight){0};
	experiment_add(self, (weight.pss_kib - empty.pss_kib) / count, "%s_%s_%u_peers_pss_kib",
	               kind, stage, group->count);
	experiment_add(self, (weight.uss_kib - empty.uss_kib) / count, "%s_%s_%u_peers_uss_kib",
	               kind, stage, group->count);
}

static int weigh_group(struct experiment_run *self, bool are_threads, uint32_t count)
{
	struct meeting *meeting = mmap(NULL, sizeof(*meeting), PROT_READ | PROT_WRITE,
	                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct group group = {.are_threads = are_threads, .count = count, .meeting = meeting};
	struct weight empty = {0};
	struct weight weight;
	int ret;

	if (meeting == MAP_FAILED)
		return -ENOMEM;
	meeting->deadline_ns = self->deadline_ns;
	ret = weigh(getpid(), &empty);
	if (ret == 0)
		ret = group_start(&group);
	if (ret == 0)
		ret = gather(meeting, count);
	if (ret == 0)
		ret = group_weigh(&group, &weight);
	if (ret == 0) {
		add(self, &group, "made", weight, empty);
		go_on(meeting, STAGE_TOUCHED);
		ret = gather(meeting, 2 * count);
	}
	if (ret == 0)
		ret = group_weigh(&group, &weight);
	if (ret == 0)
		add(self, &group, "touched", weight, empty);
	group_end(&group);
	munmap(meeting, sizeof(*meeting));
	return ret;
}

static int memory_run(struct experiment_run *self)
{
	static const uint32_t counts[] = {1, 8, PEERS_MAX};
	size_t counts_count = self->is_quick ? 1 : 3;
	int ret = 0;

	for (size_t i = 0; i < counts_count && ret == 0; i++) {
		ret = weigh_group(self, false, counts[i]);
		if (ret == 0)
			ret = weigh_group(self, true, counts[i]);
	}
	if (ret < 0)
		return experiment_fail(self, ret, "peers can't be weighed: %s", strerror(-ret));
	return 0;
}

const struct experiment experiment_memory = {
	.name = "memory",
	.summary = "what a peer weighs, as a process and as a thread",
	.run = memory_run,
};
