/* SPDX-License-Identifier: MIT */
/*
 * workloads/tasks/task.h - the contract of a task: real work that the pool hands out.
 *
 * A task is a pure function of its input: make() writes the input of an index, and
 * compute() turns it into a result, the same bytes in each peer, so that the
 * dispatcher can compare what comes back with what it computed alone. Nothing here
 * prints; what went wrong is -errno with one line in task_peer.why.
 */
#ifndef WORKLOADS_TASKS_TASK_H
#define WORKLOADS_TASKS_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "results/run.h"
#include "workloads/gil.h"

/* What a task's start() tells its peers: a port, a folder. In memory that all of them share. */
struct task_shared {
	uint64_t number;
	char text[192];
};

/* One peer's view of a task. */
struct task_peer {
	uint64_t seed;
	uint32_t amount; /* how much work one task is, in the task's unit */
	uint32_t index;  /* of this peer among those that compute */
	uint64_t deadline_ns;
	struct task_shared *shared;
	struct gil *lock; /* null: nothing is locked */
	void *own;        /* the task's, made by open() */
	void *served;     /* the task's, made by start() */
	char why[RUN_TEXT_BYTES];
};

struct task {
	const char *name;
	const char *summary;
	const char *amount_unit; /* what the key amount counts */
	uint32_t amount_default;
	uint32_t amount_max;
	uint32_t amount_light;   /* up to it a peer is given several tasks ahead */
	uint32_t input_count;    /* inputs that differ; tasks take them in turn */
	const char *explanation; /* what is computed and what is checked, in whole sentences */

	/* Says whether this machine can do it, with the cause in why. Optional. */
	int (*probe)(char *why, size_t why_bytes);

	/* Returns the bytes that an input or a result has at most. */
	size_t (*bytes_max)(uint32_t amount);

	/*
	 * Starts what the peers share, in the dispatcher, before any peer works, and
	 * ends it after the last has ended. Optional.
	 */
	int (*start)(struct task_peer *self);
	void (*stop)(struct task_peer *self);

	/* Opens and closes what each computing peer needs for itself. Optional. */
	int (*open)(struct task_peer *self);
	void (*close)(struct task_peer *self);

	/* Writes the input of an index, from 0 to input_count - 1. Returns its bytes, or -errno. */
	ssize_t (*make)(struct task_peer *self, uint32_t index, void *input);

	/*
	 * Computes. Calls task_checkpoint() every few microseconds, and puts
	 * task_wait_begin() and task_wait_end() around what only waits. Returns the
	 * result's bytes, or -errno.
	 */
	ssize_t (*compute)(struct task_peer *self, const void *input, size_t input_bytes,
	                   void *result);
};

/* Hands the lock over if another thread asked for it. */
static inline void task_checkpoint(struct task_peer *self)
{
	if (self->lock)
		gil_checkpoint(self->lock, self, self->deadline_ns);
}

/* Around a call that waits: others may compute. */
static inline void task_wait_begin(struct task_peer *self)
{
	if (self->lock)
		gil_release(self->lock, self);
}

static inline void task_wait_end(struct task_peer *self)
{
	if (self->lock)
		gil_take(self->lock, self, self->deadline_ns);
}

/* States why a task's function fails. Returns error, which is -errno. */
int task_fail(struct task_peer *self, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Each task; declared here so that its definition is checked against it. */
#define TASK(name) extern const struct task task_##name;
#include "registered_tasks.inc"
#undef TASK

/* Returns the task at index, or null past the last one. */
const struct task *task_at(size_t index);

#endif
