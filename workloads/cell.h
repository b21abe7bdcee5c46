/* SPDX-License-Identifier: MIT */
/*
 * workloads/cell.h - a cell: one point of a plan, with all that may change a number.
 *
 * A cell is a value for each key. Its name is the first CELL_KEYS_NAMED values,
 * joined by '/', then /key=value for each further key that differs from its
 * default; the same name selects the cell again. A new key is one row in cell.c.
 */
#ifndef WORKLOADS_CELL_H
#define WORKLOADS_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/transport.h"
#include "results/run.h"
#include "workloads/placement.h"

struct task;
struct workload;

enum cell_key {
	CELL_TRANSPORT,
	CELL_WORKLOAD,
	CELL_SIZE,
	CELL_PLACEMENT,
	CELL_WAIT,
	CELL_MODEL,
	CELL_KEYS_NAMED, /* those above stand in each name, in this order */
	CELL_IN_FLIGHT = CELL_KEYS_NAMED,
	CELL_TOUCH,
	CELL_ACCESS,
	CELL_PEERS,
	CELL_TASK,
	CELL_AMOUNT,
	CELL_KEYS,
};

enum model {
	MODEL_PROCESSES,
	MODEL_THREADS,
	MODEL_GIL, /* threads under one lock, held while computing; see workloads/gil.h */
};

/* How a peer reaches a message's bytes. */
enum cell_access {
	ACCESS_IN_PLACE, /* claim and peek, where the transport has them */
	ACCESS_COPY,     /* send and recv, from and to the peer's own buffer */
};

#define CELL_IN_FLIGHT_DEFAULT 64u
#define CELL_PEERS_DEFAULT 2u
/* Of CELL_TASK: the workload has none. Other values are an index of task_at(), plus 1. */
#define CELL_TASK_NONE 0u
/* Of CELL_AMOUNT: what the task takes by itself. */
#define CELL_AMOUNT_DEFAULT 0u

/*
 * values holds, by key: a registry index, a workload index, bytes, then an
 * enumerator (placement.h, ipc/transport.h, those above), or a count.
 */
struct cell {
	uint64_t values[CELL_KEYS];
	const struct ipc_transport *transport;
	const struct workload *workload;
};

/* Returns the name of a key, as in key:value. */
const char *cell_key_name(enum cell_key key);

/* Finds a key by its name. Returns it, or CELL_KEYS. */
enum cell_key cell_key_find(const char *name);

/* Returns the values of a key that has a list of them, at index, or null past the last one. */
const char *cell_value_name(enum cell_key key, size_t index);

/* True for keys whose values are numbers. */
bool cell_key_is_number(enum cell_key key);

/* Returns the value that a key has when nobody names it; for CELL_IN_FLIGHT and later keys. */
uint64_t cell_default(enum cell_key key, const struct ipc_transport *transport);

/* Writes one value as it stands in a cell's name. */
void cell_format_value(enum cell_key key, uint64_t value, char *out, size_t out_bytes);

/* Writes the cell's name. */
void cell_name(const struct cell *cell, char *out, size_t out_bytes);

/* Describes the cell for results/, which knows no transports. */
void cell_describe(const struct cell *cell, struct run_cell *out);

/* Returns the task that the cell's peers work at, or null. */
const struct task *cell_task(const struct cell *cell);

/* True if peers use claim and peek in this cell. */
bool cell_is_in_place(const struct cell *cell);

/* Fills in the options of the cell's channels; spin_ns is for IPC_WAIT_HYBRID. */
void cell_channel_options(const struct cell *cell, uint64_t spin_ns,
                          struct ipc_channel_options *out);

enum cell_verdict {
	CELL_RUNS,
	CELL_IMPOSSIBLE,  /* contradicts what a transport or workload is: nowhere, ever */
	CELL_UNAVAILABLE, /* this machine can't: a feature, a limit, too few CPUs */
};

/*
 * Says whether the cell can run here; if not, why (one line). A transport without
 * check() is asked by making a channel, which is destroyed again.
 */
enum cell_verdict cell_judge(const struct cell *cell, char *why, size_t why_bytes);

#endif
