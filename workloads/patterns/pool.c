/* SPDX-License-Identifier: MIT */
/*
 * workloads/patterns/pool.c - the pool as a workload: real tasks, by N workers.
 *
 * What it measures is tasks a second, from the first one handed out to the last
 * result checked. One peer that is alone does the same work without a partner: the
 * cell to divide by for a speed-up.
 */
#include "workloads/pool.h"

static int pool_run(struct workload_peer *self)
{
	return self->index == 0 ? pool_dispatch(self) : pool_work(self);
}

#define NAMES_4(a, b, c, d) "worker" a, "worker" b, "worker" c, "worker" d
static const char *const worker_names[POOL_WORKERS_MAX] = {
	NAMES_4("1", "2", "3", "4"),     NAMES_4("5", "6", "7", "8"),
	NAMES_4("9", "10", "11", "12"),  NAMES_4("13", "14", "15", "16"),
	NAMES_4("17", "18", "19", "20"), NAMES_4("21", "22", "23", "24"),
	NAMES_4("25", "26", "27", "28"), NAMES_4("29", "30", "31", "32"),
};

static void pool_shape(const struct cell *cell, const void *job, struct workload *self)
{
	const struct pool_job *pool_job = job;
	uint32_t workers = pool_worker_count(cell);

	self->peer_count = workers + 1;
	self->route_count = 2 * workers;
	self->spare_count = pool_job && pool_job->crash != POOL_CRASH_NONE ? workers : 0;
	for (uint32_t i = 0; i < workers; i++) {
		self->peer_names[i + 1] = worker_names[i];
		self->routes[pool_task_route(i)] = (struct workload_route){0, i + 1};
		self->routes[pool_result_route(i)] = (struct workload_route){i + 1, 0};
	}
}

static void pool_resolve(struct cell *cell)
{
	/* A message has a header: 0 bytes can only mean as many as the task needs. */
	if (cell->values[CELL_SIZE] == 0 && cell_task(cell))
		cell->values[CELL_SIZE] = pool_message_bytes(cell);
}

static const char *pool_fault(const struct cell *cell)
{
	const struct task *task = cell_task(cell);

	if (!task)
		return "the pool needs a task: name one, as task:fibonacci";
	if (cell->values[CELL_PEERS] > POOL_WORKERS_MAX)
		return "the pool has at most 32 peers that work";
	if (cell->values[CELL_AMOUNT] > task->amount_max)
		return "the amount is more than the task can take";
	if (cell->values[CELL_SIZE] < pool_message_bytes(cell))
		return "the size is less than the task's messages need; leave it out";
	if (cell->values[CELL_IN_FLIGHT] > POOL_CREDIT_MAX)
		return "the pool gives a peer at most 64 tasks at once";
	if (cell->values[CELL_TOUCH] != cell_default(CELL_TOUCH, cell->transport))
		return "the pool's messages are real work: all of it is written and read";
	if ((cell->transport->caps & IPC_CAP_ONE_PEER) &&
	    (cell->values[CELL_PEERS] != CELL_PEERS_DEFAULT ||
	     cell->values[CELL_MODEL] == MODEL_GIL))
		return "the transport has only one peer, which does all the work";
	return NULL;
}

static size_t pool_pattern_bytes(const struct cell *cell)
{
	return sizeof(struct pool_shared) + pool_worker_count(cell) * sizeof(struct pool_seat);
}

const struct workload workload_pool = {
	.name = "pool",
	.summary = "real work: a dispatcher hands tasks to peers and checks each result",
	.needs = 0,
	.metric = RUN_THROUGHPUT,
	.peer_count = 3,
	.peer_names = {"dispatcher", "worker1", "worker2"},
	.route_count = 4,
	.measuring_peer = 0,
	.has_in_flight = true,
	.has_tasks = true,
	.explanation =
		"The dispatcher hands tasks to the workers, each of which has at most in_flight of "
		"them, over a channel to each, and collects the results over another one from "
		"each. It compares every result bit for bit with what it computed alone before. "
		"The clock runs from the first task handed out until the last result is checked. A "
		"message is a task with its result. With a transport of one peer the same work is "
		"done without a partner.",
	.run = pool_run,
	.shape = pool_shape,
	.resolve = pool_resolve,
	.fault = pool_fault,
	.slots = pool_credit,
	.pattern_bytes = pool_pattern_bytes,
};
