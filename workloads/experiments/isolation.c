/* SPDX-License-Identifier: MIT */
/*
 * workloads/experiments/isolation.c - one of four peers crashes: who survives, what is lost, how
 * soon it is noticed.
 *
 * The pool works at real tasks, so many of them, over a pipe; at one task its worker
 * crashes. Processes: the dispatcher takes what the dead one had sent, gives what it
 * owed to another, and the pool ends its work. Threads: all of them end with it.
 */
#include "workloads/experiments/experiment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ipc/clock.h"
#include "ipc/registry.h"
#include "workloads/placement.h"
#include "workloads/pool.h"
#include "workloads/runner.h"

#define WORKERS 4u
#define TERMS 2000u

/* Tasks that are counted; in memory that the dispatcher and its starter share. */
struct count {
	uint64_t tasks;
	_Atomic uint64_t taken;
	_Atomic uint64_t wrong;
};

static ssize_t count_fill(void *context, uint64_t id, void *room, size_t room_bytes)
{
	const struct count *count = context;
	const uint32_t terms = TERMS;

	if (id >= count->tasks)
		return -ENODATA;
	if (room_bytes < sizeof(terms))
		return -EMSGSIZE;
	memcpy(room, &terms, sizeof(terms));
	return sizeof(terms);
}

static int count_take(void *context, uint64_t id, int status, const void *result, size_t bytes)
{
	struct count *count = context;

	(void)id;
	(void)result;
	atomic_fetch_add_explicit(&count->taken, 1, memory_order_relaxed);
	if (status != 0 || bytes == 0)
		atomic_fetch_add_explicit(&count->wrong, 1, memory_order_relaxed);
	return 0;
}

struct shared {
	struct count count;
	struct pool_outcome outcome;
};

static struct cell cell_of(enum model model)
{
	struct cell cell = {.transport = registry_find("pipe")};

	for (enum cell_key key = CELL_KEYS_NAMED; key < CELL_KEYS && cell.transport; key++)
		cell.values[key] = cell_default(key, cell.transport);
	for (size_t i = 0; registry_at(i); i++) {
		if (registry_at(i) == cell.transport)
			cell.values[CELL_TRANSPORT] = i;
	}
	for (size_t i = 0; workload_at(i); i++) {
		if (workload_at(i) == &workload_pool)
			cell.values[CELL_WORKLOAD] = i;
	}
	for (size_t i = 0; task_at(i); i++) {
		if (task_at(i) == &task_fibonacci)
			cell.values[CELL_TASK] = i + 1;
	}
	cell.workload = &workload_pool;
	cell.values[CELL_PLACEMENT] = PLACEMENT_UNPINNED;
	cell.values[CELL_WAIT] = IPC_WAIT_BLOCK;
	cell.values[CELL_MODEL] = model;
	cell.values[CELL_PEERS] = WORKERS;
	cell.values[CELL_AMOUNT] = TERMS;
	workload_pool.resolve(&cell);
	return cell;
}

/* Plays the pool with a crash. Returns 0, or -errno; *told_ns is when the starter knew. */
static int play(struct experiment_run *self, enum model model, enum pool_crash crash,
                struct shared *shared, uint64_t *told_ns)
{
	const struct cell cell = cell_of(model);
	const struct pool_source source = {&shared->count, count_fill, count_take};
	struct pool_job job = {
		.source = &source,
		.crash = crash,
		.crash_id = shared->count.tasks / 4,
		.outcome = &shared->outcome,
	};
	const struct runner_options options = {
		.measure_ns = 10 * NS_PER_S,
		.tick_ns = 1,
		.seed = self->seed,
		.stop_fd = -1,
	};
	struct run_cell description;
	const struct round_request round = {
		.cell = &cell,
		.description = &description,
		.options = &options,
		.job = &job,
	};
	struct round_memory *memory = NULL;
	struct run *run = calloc(1, sizeof(*run));
	int ret;

	if (!run)
		return -ENOMEM;
	cell_describe(&cell, &description);
	ret = round_play(&round, run, &memory);
	*told_ns = clock_now_ns();
	if (ret == 0 && model == MODEL_PROCESSES && run->failure[0] != '\0')
		ret = experiment_fail(self, -EIO, "%s", run->failure);
	round_release(memory);
	free(run);
	return ret;
}

static int crash_one(struct experiment_run *self, enum model model, enum pool_crash crash,
                     const char *name)
{
	const char *models[] = {"processes", "threads", "gil"};
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t told_ns = 0;
	uint64_t noticed_ns;
	int ret;

	if (shared == MAP_FAILED)
		return experiment_fail(self, -ENOMEM, "no memory");
	shared->count.tasks = self->is_quick ? 200 : 2000;
	ret = play(self, model, crash, shared, &told_ns);
	if (ret == 0) {
		/* Threads have no survivor to notice: their starter does. */
		noticed_ns = model == MODEL_PROCESSES ? shared->outcome.noticed_ns : told_ns;
		experiment_add(self,
		               model == MODEL_PROCESSES
		                       ? (double)(WORKERS - shared->outcome.died_count)
		                       : 0.0,
		               "%s_%s_survivors_count", name, models[model]);
		experiment_add(self, (double)(shared->count.tasks - shared->count.taken),
		               "%s_%s_lost_tasks_count", name, models[model]);
		experiment_add(self, (double)shared->outcome.repeated, "%s_%s_repeated_tasks_count",
		               name, models[model]);
		experiment_add(self, (double)(noticed_ns - shared->outcome.crashed_ns) / 1e6,
		               "%s_%s_noticed_ms", name, models[model]);
		if (shared->count.wrong > 0 || shared->outcome.crashed_ns == 0)
			ret = experiment_fail(self, -EBADMSG,
			                      "%s under %s: no crash, or %llu wrong "
			                      "results",
			                      name, models[model],
			                      (unsigned long long)shared->count.wrong);
	} else if (self->why[0] == '\0') {
		experiment_fail(self, ret, "%s under %s: %s", name, models[model], strerror(-ret));
	}
	munmap(shared, sizeof(*shared));
	return ret;
}

static int isolation_run(struct experiment_run *self)
{
	static const struct {
		const char *name;
		enum pool_crash crash;
	} ways[] = {
		{"segv", POOL_CRASH_SEGV},
		{"abort", POOL_CRASH_ABORT},
		{"kill", POOL_CRASH_KILL},
		{"memory", POOL_CRASH_MEMORY},
	};
	int ret = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]) && ret == 0; i++) {
		for (enum model model = MODEL_PROCESSES; model <= MODEL_GIL && ret == 0; model++)
			ret = crash_one(self, model, ways[i].crash, ways[i].name);
	}
	return ret;
}

const struct experiment experiment_isolation = {
	.name = "isolation",
	.summary = "one of four peers crashes: who survives, what is lost, how soon it is noticed",
	.run = isolation_run,
};
