/* SPDX-License-Identifier: MIT */
/*
 * workloads/pool.h - a dispatcher that hands tasks to workers and collects results.
 *
 * Peer 0 dispatches; each other peer is a worker, joined to it by one channel for
 * tasks and one for results. A worker never has more tasks than its credit, and a
 * result buys the next one: a slow worker gets less. In the pool's own memory a
 * worker announces each result, so that the dispatcher, which waits for many
 * channels at once, sleeps until there is one and then reads that channel alone.
 */
#ifndef WORKLOADS_POOL_H
#define WORKLOADS_POOL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/cpu.h"
#include "workloads/cell.h"
#include "workloads/gil.h"
#include "workloads/tasks/task.h"
#include "workloads/workload.h"

#define POOL_WORKERS_MAX 32u
#define POOL_CREDIT_MAX 64u

/* A task's id that ends its worker. */
#define POOL_STOP UINT64_MAX

/* Each message starts with this; a task's input or result follows. */
struct pool_header {
	uint64_t id;    /* of the task, from 0; or POOL_STOP */
	int32_t status; /* of a result: 0 or -errno */
	uint32_t bytes; /* that follow */
};

_Static_assert(sizeof(struct pool_header) == 16, "both ends are one build, but say it once");

/* How a worker ends itself, at one task, for an experiment. */
enum pool_crash {
	POOL_CRASH_NONE,
	POOL_CRASH_SEGV,   /* a write to no address */
	POOL_CRASH_ABORT,  /* abort() */
	POOL_CRASH_KILL,   /* SIGKILL to itself */
	POOL_CRASH_MEMORY, /* takes memory until a limit, then aborts */
};

/* What became of a pool; in memory that its reader shares with the dispatcher. */
struct pool_outcome {
	_Atomic uint64_t handed_out; /* tasks, each counted once */
	_Atomic uint64_t completed;
	_Atomic uint64_t repeated;   /* given to another, since their worker died */
	_Atomic uint64_t died_count; /* workers */
	_Atomic uint64_t crashed_ns; /* when the worker crashed; CLOCK_MONOTONIC */
	_Atomic uint64_t noticed_ns; /* when the dispatcher knew */
};

/* Where the dispatcher's tasks come from and where their results go. */
struct pool_source {
	void *context;
	/*
	 * Writes the input of a task, room_bytes at most. May be asked again for a task
	 * whose worker died. Returns its bytes, -ENODATA (that was the last one), or
	 * another -errno, which ends the pool.
	 */
	ssize_t (*fill)(void *context, uint64_t id, void *room, size_t room_bytes);
	/* Takes a result; status is 0 or the task's -errno. Returns 0, or -errno, which ends all.
	 */
	int (*take)(void *context, uint64_t id, int status, const void *result, size_t bytes);
};

/* What a round of the pool does instead of measuring; round_request.job. */
struct pool_job {
	const struct pool_source *source; /* null: the task's own inputs, checked */
	enum pool_crash crash;
	uint64_t crash_id;            /* the task at which its worker crashes, once */
	struct pool_outcome *outcome; /* null: nobody asks */
};

/* What a worker and the dispatcher share, each on lines of its own. */
struct pool_seat {
	_Alignas(CACHE_SEPARATION_BYTES) _Atomic uint64_t
		announced; /* results, sent or about to be */
	_Atomic int32_t pid;
};

struct pool_shared {
	_Alignas(CACHE_SEPARATION_BYTES) _Atomic uint32_t bell; /* counts announcements */
	_Alignas(CACHE_SEPARATION_BYTES) _Atomic uint32_t is_asleep;
	_Alignas(CACHE_SEPARATION_BYTES) _Atomic uint64_t measured_from; /* a task's id */
	_Atomic uint32_t has_crashed;
	_Atomic uint32_t is_ready; /* task is filled in: before the gate */
	struct gil lock;
	struct task_shared task;
	struct pool_seat seats[]; /* one a worker */
};

/* Returns the routes of worker index: 0 is the first worker. */
static inline uint32_t pool_task_route(uint32_t worker)
{
	return 2 * worker;
}

static inline uint32_t pool_result_route(uint32_t worker)
{
	return 2 * worker + 1;
}

/* Returns how many workers a cell has. */
uint32_t pool_worker_count(const struct cell *cell);

/* Returns the bytes of the largest message that a cell's task needs. */
size_t pool_message_bytes(const struct cell *cell);

/* Returns how many tasks a worker may have at once. */
uint32_t pool_credit(const struct cell *cell);

/*
 * Says whether a channel surely holds a worker's credit of messages. If not, a
 * result is announced before it is sent: its sender waits until it is read.
 */
bool pool_is_buffered(const struct cell *cell);

/* Fills in a peer's view of its task; index as in task_peer. */
void pool_task_peer(const struct workload_peer *self, uint32_t index, struct task_peer *out);

/* Plays peer 0, or the only peer. Returns 0, or -errno after peer_fail(). */
int pool_dispatch(struct workload_peer *self);

/* Plays a worker. As pool_dispatch(). */
int pool_work(struct workload_peer *self);

/* A worker's part, one message at a time, for a peer that is alone. */
struct pool_worker {
	struct workload_peer *self;
	struct pool_shared *shared;
	struct pool_seat *seat;
	const struct task *task;
	struct task_peer peer;
	uint32_t index; /* of the worker */
	bool is_measured;
	bool is_buffered;
	unsigned char *result; /* room for one message, where results aren't written in place */
};

int pool_worker_open(struct pool_worker *worker, struct workload_peer *self, uint32_t index);
void pool_worker_close(struct pool_worker *worker);

/* Takes one task and sends its result. Returns 1 after POOL_STOP, 0, or -errno said. */
int pool_worker_step(struct pool_worker *worker);

#endif
