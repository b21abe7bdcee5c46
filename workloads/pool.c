/* SPDX-License-Identifier: MIT */
/* workloads/pool.c - what both sides of the pool agree on, by the cell alone. */
#include "workloads/pool.h"

/* Tasks that a worker has at once: while it computes one, the next is already there. */
#define CREDIT_HEAVY 2u
/* Short tasks are over before the dispatcher has come round. */
#define CREDIT_LIGHT 8u
/* What every kernel queue holds, with room for what the kernel adds to a message. */
#define BUFFERED_BYTES 32768u

uint32_t pool_worker_count(const struct cell *cell)
{
	if (cell->transport->caps & IPC_CAP_ONE_PEER)
		return 1;
	return (uint32_t)cell->values[CELL_PEERS];
}

static uint32_t amount_of(const struct cell *cell)
{
	const struct task *task = cell_task(cell);

	return cell->values[CELL_AMOUNT] == CELL_AMOUNT_DEFAULT
	               ? task->amount_default
	               : (uint32_t)cell->values[CELL_AMOUNT];
}

size_t pool_message_bytes(const struct cell *cell)
{
	return sizeof(struct pool_header) + cell_task(cell)->bytes_max(amount_of(cell));
}

/* Says whether a channel has a slot for each message, however large. */
static bool has_slots(const struct cell *cell)
{
	return cell->transport->caps & (IPC_CAP_SHARED_MEMORY | IPC_CAP_ZERO_COPY);
}

static uint32_t credit_wanted(const struct cell *cell)
{
	if (cell->transport->caps & IPC_CAP_ONE_PEER)
		return 1;
	if (cell->values[CELL_IN_FLIGHT] != CELL_IN_FLIGHT_DEFAULT)
		return (uint32_t)cell->values[CELL_IN_FLIGHT];
	return amount_of(cell) <= cell_task(cell)->amount_light ? CREDIT_LIGHT : CREDIT_HEAVY;
}

uint32_t pool_credit(const struct cell *cell)
{
	uint32_t wanted = credit_wanted(cell);

	/*
	 * Two peers that both wait to write to each other would wait for ever: a
	 * worker that may block while it sends has no other task on its way.
	 */
	if (!has_slots(cell) && wanted * cell->values[CELL_SIZE] > BUFFERED_BYTES) {
		wanted = (uint32_t)(BUFFERED_BYTES / cell->values[CELL_SIZE]);
		return wanted > 1 ? wanted : 1;
	}
	return wanted;
}

bool pool_is_buffered(const struct cell *cell)
{
	return has_slots(cell) || pool_credit(cell) * cell->values[CELL_SIZE] <= BUFFERED_BYTES;
}

void pool_task_peer(const struct workload_peer *self, uint32_t index, struct task_peer *out)
{
	struct pool_shared *shared = self->pattern;

	*out = (struct task_peer){
		.seed = self->seed,
		.amount = amount_of(self->cell),
		.index = index,
		.deadline_ns = self->deadline_ns,
		.shared = &shared->task,
		.lock = self->cell->values[CELL_MODEL] == MODEL_GIL ? &shared->lock : NULL,
	};
}
