/* SPDX-License-Identifier: MIT */
/* workloads/cell.c - the keys of a cell, its name, and whether it can run. */
#include "workloads/cell.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ipc/limits.h"
#include "ipc/registry.h"
#include "workloads/payload.h"
#include "workloads/placement.h"
#include "workloads/tasks/task.h"
#include "workloads/workload.h"

/* All slots together; many large messages in flight would only measure the page allocator. */
#define CHANNEL_BYTES_MAX ((size_t)8 << 20)

static const char *const wait_names[] = {"block", "spin", "hybrid", NULL};
static const char *const model_names[] = {"processes", "threads", "gil", NULL};
static const char *const touch_names[] = {"full", "header", NULL};
static const char *const access_names[] = {"in_place", "copy", NULL};

/* names: null for numbers and for what a registry lists. */
static const struct {
	const char *name;
	const char *const *names;
} keys[CELL_KEYS] = {
	[CELL_TRANSPORT] = {"transport", NULL},
	[CELL_WORKLOAD] = {"workload", NULL},
	[CELL_SIZE] = {"size", NULL},
	[CELL_PLACEMENT] = {"placement", placement_names},
	[CELL_WAIT] = {"wait", wait_names},
	[CELL_MODEL] = {"model", model_names},
	[CELL_IN_FLIGHT] = {"in_flight", NULL},
	[CELL_TOUCH] = {"touch", touch_names},
	[CELL_ACCESS] = {"access", access_names},
	[CELL_PEERS] = {"peers", NULL},
	[CELL_TASK] = {"task", NULL},
	[CELL_AMOUNT] = {"amount", NULL},
};

const char *cell_key_name(enum cell_key key)
{
	return keys[key].name;
}

enum cell_key cell_key_find(const char *name)
{
	enum cell_key key = 0;

	while (key < CELL_KEYS && strcmp(keys[key].name, name) != 0)
		key++;
	return key;
}

bool cell_key_is_number(enum cell_key key)
{
	return key == CELL_SIZE || key == CELL_IN_FLIGHT || key == CELL_PEERS || key == CELL_AMOUNT;
}

const char *cell_value_name(enum cell_key key, size_t index)
{
	const struct ipc_transport *transport;
	const struct workload *workload;
	const struct task *task;

	if (key == CELL_TRANSPORT) {
		transport = registry_at(index);
		return transport ? transport->name : NULL;
	}
	if (key == CELL_WORKLOAD) {
		workload = workload_at(index);
		return workload ? workload->name : NULL;
	}
	if (key == CELL_TASK) {
		task = index > CELL_TASK_NONE ? task_at(index - 1) : NULL;
		return index == CELL_TASK_NONE ? "none" : task ? task->name : NULL;
	}
	if (cell_key_is_number(key))
		return NULL;
	for (size_t i = 0; i < index; i++) {
		if (!keys[key].names[i])
			return NULL;
	}
	return keys[key].names[index];
}

uint64_t cell_default(enum cell_key key, const struct ipc_transport *transport)
{
	switch (key) {
	case CELL_IN_FLIGHT:
		return CELL_IN_FLIGHT_DEFAULT;
	case CELL_TOUCH:
		return PAYLOAD_TOUCH_FULL;
	case CELL_ACCESS:
		return transport->caps & IPC_CAP_ZERO_COPY ? ACCESS_IN_PLACE : ACCESS_COPY;
	case CELL_PEERS:
		return CELL_PEERS_DEFAULT;
	case CELL_TASK:
		return CELL_TASK_NONE;
	case CELL_AMOUNT:
		return CELL_AMOUNT_DEFAULT;
	default:
		return 0;
	}
}

void cell_format_value(enum cell_key key, uint64_t value, char *out, size_t out_bytes)
{
	if (key == CELL_SIZE)
		snprintf(out, out_bytes, "%lluB", (unsigned long long)value);
	else if (cell_key_is_number(key))
		snprintf(out, out_bytes, "%llu", (unsigned long long)value);
	else
		snprintf(out, out_bytes, "%s", cell_value_name(key, (size_t)value));
}

/* Appends "<separator><prefix><value>"; a name that is too long is cut, never overrun. */
static void append_value(const struct cell *cell, enum cell_key key, char separator, bool with_key,
                         char *out, size_t out_bytes)
{
	size_t used = strlen(out);
	char value[RUN_CELL_BYTES];

	cell_format_value(key, cell->values[key], value, sizeof(value));
	if (used > 0 && used + 1 < out_bytes) {
		out[used++] = separator;
		out[used] = '\0';
	}
	snprintf(out + used, out_bytes - used, "%s%s%s", with_key ? cell_key_name(key) : "",
	         with_key ? "=" : "", value);
}

static void append_params(const struct cell *cell, char *out, size_t out_bytes)
{
	for (enum cell_key key = CELL_KEYS_NAMED; key < CELL_KEYS; key++) {
		if (cell->values[key] != cell_default(key, cell->transport))
			append_value(cell, key, '/', true, out, out_bytes);
	}
}

void cell_name(const struct cell *cell, char *out, size_t out_bytes)
{
	out[0] = '\0';
	for (enum cell_key key = 0; key < CELL_KEYS_NAMED; key++)
		append_value(cell, key, '/', false, out, out_bytes);
	append_params(cell, out, out_bytes);
}

/* Returns how many messages the cell's channels are made for. */
static size_t cell_slots(const struct cell *cell)
{
	size_t size = (size_t)cell->values[CELL_SIZE];
	size_t slots = (size_t)cell->values[CELL_IN_FLIGHT];

	if (cell->workload->slots)
		return cell->workload->slots(cell);
	if (slots == CELL_IN_FLIGHT_DEFAULT && size > CHANNEL_BYTES_MAX / slots)
		return size > CHANNEL_BYTES_MAX / 2 ? 2 : CHANNEL_BYTES_MAX / size;
	return slots;
}

void cell_describe(const struct cell *cell, struct run_cell *out)
{
	*out = (struct run_cell){
		.size_bytes = cell->values[CELL_SIZE],
		.in_flight = cell->workload->slots || cell->workload->has_in_flight
	                             ? (uint32_t)cell_slots(cell)
	                             : 1,
	};
	cell_name(cell, out->name, sizeof(out->name));
	append_params(cell, out->params, sizeof(out->params));
	snprintf(out->transport, sizeof(out->transport), "%s", cell->transport->name);
	snprintf(out->workload, sizeof(out->workload), "%s", cell->workload->name);
	cell_format_value(CELL_PLACEMENT, cell->values[CELL_PLACEMENT], out->placement,
	                  sizeof(out->placement));
	cell_format_value(CELL_WAIT, cell->values[CELL_WAIT], out->wait, sizeof(out->wait));
	cell_format_value(CELL_MODEL, cell->values[CELL_MODEL], out->model, sizeof(out->model));
}

const struct task *cell_task(const struct cell *cell)
{
	uint64_t value = cell->values[CELL_TASK];

	return value == CELL_TASK_NONE ? NULL : task_at((size_t)value - 1);
}

bool cell_is_in_place(const struct cell *cell)
{
	return cell->values[CELL_ACCESS] == ACCESS_IN_PLACE;
}

void cell_channel_options(const struct cell *cell, uint64_t spin_ns,
                          struct ipc_channel_options *out)
{
	*out = (struct ipc_channel_options){
		.size = sizeof(*out),
		.wait = (enum ipc_wait)cell->values[CELL_WAIT],
		.message_bytes_max = (size_t)cell->values[CELL_SIZE],
		.slot_count = cell_slots(cell),
		.producer_count = 1,
		.consumer_count = 1,
		/* A peer that spins on the CPU its partner needs only delays it. */
		.spin_ns = cell->values[CELL_PLACEMENT] == PLACEMENT_CROSS_CORE ||
	                                   cell->values[CELL_PLACEMENT] == PLACEMENT_CROSS_SOCKET ||
	                                   cell->values[CELL_PLACEMENT] == PLACEMENT_SMT_SIBLING
	                           ? spin_ns
	                           : 0,
	};
}

/* Returns why the wait can't be had, or null. */
static const char *wait_fault(const struct cell *cell)
{
	uint32_t caps = cell->transport->caps;
	enum ipc_wait wait = (enum ipc_wait)cell->values[CELL_WAIT];
	enum placement placement = (enum placement)cell->values[CELL_PLACEMENT];

	if (wait != IPC_WAIT_SPIN && !(caps & IPC_CAP_BLOCK))
		return "the transport can't wait in the kernel (no IPC_CAP_BLOCK)";
	if (wait != IPC_WAIT_BLOCK && !(caps & IPC_CAP_SPIN))
		return "the transport can't wait on the CPU (no IPC_CAP_SPIN)";
	if (wait == IPC_WAIT_SPIN && !(caps & IPC_CAP_ONE_PEER) &&
	    (placement == PLACEMENT_SAME_CORE || placement == PLACEMENT_UNPINNED))
		return "a peer that spins needs a CPU of its own: pin it apart from its partner";
	return NULL;
}

/* Returns what contradicts itself in the cell, or null. */
static const char *cell_fault(const struct cell *cell)
{
	uint32_t caps = cell->transport->caps;

	if (cell->workload->needs & ~caps)
		return "the transport lacks a capability that the workload needs";
	if (cell->values[CELL_MODEL] == MODEL_PROCESSES && (caps & IPC_CAP_ONE_PROCESS))
		return "the transport lives inside one process";
	if (cell->values[CELL_MODEL] != MODEL_PROCESSES && !(caps & IPC_CAP_THREADS))
		return "the transport's peers can't be threads";
	if ((caps & IPC_CAP_ONE_PEER) && cell->values[CELL_PLACEMENT] != PLACEMENT_UNPINNED)
		return "the transport has only one peer: nothing to place";
	if (cell->values[CELL_SIZE] == 0 && !(caps & IPC_CAP_EMPTY))
		return "the transport doesn't promise empty messages";
	if (cell->values[CELL_ACCESS] == ACCESS_IN_PLACE && !(caps & IPC_CAP_ZERO_COPY))
		return "the transport has no access in place (no IPC_CAP_ZERO_COPY)";
	if (cell->values[CELL_IN_FLIGHT] != CELL_IN_FLIGHT_DEFAULT &&
	    !cell->workload->has_in_flight)
		return "the workload has no in_flight to set";
	if (!cell->workload->has_tasks && cell->values[CELL_MODEL] == MODEL_GIL)
		return "a lock that is held while computing means nothing to a workload without "
		       "tasks";
	if (!cell->workload->has_tasks && (cell->values[CELL_TASK] != CELL_TASK_NONE ||
	                                   cell->values[CELL_AMOUNT] != CELL_AMOUNT_DEFAULT ||
	                                   cell->values[CELL_PEERS] != CELL_PEERS_DEFAULT))
		return "the workload has no tasks and no number of peers to set";
	if (cell->workload->fault && cell->workload->fault(cell))
		return cell->workload->fault(cell);
	return wait_fault(cell);
}

/* Asks a transport that has no check() in the only way left. */
static int try_channel(const struct ipc_transport *transport,
                       const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	struct ipc_channel *channel;
	int ret = transport->channel_create(&channel, options);

	if (ret == 0)
		transport->channel_destroy(channel);
	else if (ret == -EMSGSIZE)
		snprintf(why, why_bytes, "messages of %zu bytes are over the transport's limit",
		         options->message_bytes_max);
	else
		snprintf(why, why_bytes, "no channel can be made: %s", limits_error(-ret));
	return ret;
}

enum cell_verdict cell_judge(const struct cell *cell, char *why, size_t why_bytes)
{
	const char *fault = cell_fault(cell);
	struct ipc_channel_options options;
	int cpus[2];
	int ret;

	if (fault) {
		snprintf(why, why_bytes, "%s", fault);
		return CELL_IMPOSSIBLE;
	}
	if (cell->transport->probe(why, why_bytes) < 0)
		return CELL_UNAVAILABLE;
	if (placement_cpus((enum placement)cell->values[CELL_PLACEMENT], cpus, 2, why, why_bytes) <
	    0)
		return CELL_UNAVAILABLE;
	if (cell_task(cell) && cell_task(cell)->probe && cell_task(cell)->probe(why, why_bytes) < 0)
		return CELL_UNAVAILABLE;
	cell_channel_options(cell, 0, &options);
	ret = cell->transport->check ? cell->transport->check(&options, why, why_bytes)
	                             : try_channel(cell->transport, &options, why, why_bytes);
	return ret < 0 ? CELL_UNAVAILABLE : CELL_RUNS;
}
