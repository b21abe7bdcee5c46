/* SPDX-License-Identifier: MIT */
/*
 * workloads/workload.h - the contract of a workload: who carries what to whom.
 *
 * A workload says how many peers it has and which channels join them. The same
 * run() is called in each peer, as a process or as a thread; it sends, receives,
 * checks and records, and never prints. With a transport of one peer
 * (IPC_CAP_ONE_PEER) there is only peer 0, which holds every endpoint.
 */
#ifndef WORKLOADS_WORKLOAD_H
#define WORKLOADS_WORKLOAD_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ipc/transport.h"
#include "results/recorder.h"
#include "results/run.h"
#include "workloads/cell.h"
#include "workloads/slice.h"

#define WORKLOAD_PEERS_MAX 33
#define WORKLOAD_ROUTES_MAX 64

/* A one-way channel from one peer to another, by their indices. */
struct workload_route {
	uint32_t producer;
	uint32_t consumer;
};

struct peer;

/* What run() works with. All of it belongs to the runner. */
struct workload_peer {
	const struct cell *cell;
	uint32_t index;
	bool is_alone; /* the only peer: it is both ends of every route */
	uint64_t seed;
	uint64_t warmup_ns;
	uint64_t measure_ns;
	uint64_t deadline_ns; /* absolute; every call that waits is given it */
	uint64_t batch;       /* operations a stamp; 0: find it while warming up */
	uint64_t tick_ns;     /* the step of the clock */
	struct ipc_endpoint *producers[WORKLOAD_ROUTES_MAX]; /* by route; null: not this peer's */
	struct ipc_endpoint *consumers[WORKLOAD_ROUTES_MAX];
	unsigned char *buffer; /* room for one message, of this peer alone */
	struct recorder *recorder;
	struct workload_shared *shared;
	void *pattern;     /* the workload's own memory, shared by all peers; zeroed at first */
	void *job;         /* what round_request.job says; null in a measurement */
	struct peer *peer; /* for peer_fail() and peer_pass_gate() */
};

/* Shared by all peers of a round. */
struct workload_shared {
	/*
	 * The messages at which the measured part starts and stops, UINT64_MAX until
	 * they are known. Set before the message is sent: its consumer compares, and
	 * nothing is added to a message.
	 */
	_Atomic uint64_t start_sequence;
	_Atomic uint64_t stop_sequence;
	struct slice_gate gate; /* of a round in slices */
};

/* Sets a mark. Relaxed: the message that is sent next orders it. */
static inline void workload_mark(_Atomic uint64_t *mark, uint64_t sequence)
{
	atomic_store_explicit(mark, sequence, memory_order_relaxed);
}

/* Says whether a message bears a mark. Relaxed: its receipt was the order. */
static inline bool workload_is_marked(const _Atomic uint64_t *mark, uint64_t sequence)
{
	return atomic_load_explicit(mark, memory_order_relaxed) == sequence;
}

struct workload {
	const char *name;
	const char *summary;
	uint32_t needs; /* enum ipc_cap, or-ed */
	enum run_metric metric;
	uint32_t peer_count;
	const char *peer_names[WORKLOAD_PEERS_MAX];
	uint32_t route_count;
	struct workload_route routes[WORKLOAD_ROUTES_MAX];
	uint32_t measuring_peer; /* whose recorder holds the result */
	uint32_t spare_count;    /* the last so many peers may die: the rest go on */
	bool has_in_flight;      /* the key in_flight means something to it */
	bool has_tasks;          /* so do task, amount, peers, and the model gil; see plan.h */
	const char *explanation; /* what is timed, in whole sentences */

	/*
	 * Plays this peer's part: set up, peer_pass_gate(), warm up, measure, end.
	 * Returns 0, or -errno after peer_fail() has said what happened.
	 */
	int (*run)(struct workload_peer *self);

	/*
	 * Plays this peer's part of one slice: exactly slice->operations of them, the
	 * first slice->skipped unrecorded. The measuring peer ends it with
	 * slice_elapsed(); counters.messages and bytes grow by what was recorded.
	 * Optional: null if the workload can't be cut into slices; ab leaves it out.
	 * Returns as run().
	 */
	int (*slice)(struct workload_peer *self, const struct slice *slice);

	/*
	 * All that follows is optional. Sets peers and routes of *self, a copy of the
	 * workload, where they depend on the cell or on the round's job (null in a
	 * measurement).
	 */
	void (*shape)(const struct cell *cell, const void *job, struct workload *self);
	/* Gives what nobody named a value that depends on other values of the cell. */
	void (*resolve)(struct cell *cell);
	/* Returns what contradicts itself in the cell, or null. */
	const char *(*fault)(const struct cell *cell);
	/* Returns how many messages each channel must hold. */
	uint32_t (*slots)(const struct cell *cell);
	/* Returns the bytes of memory that its peers share, workload_peer.pattern. */
	size_t (*pattern_bytes)(const struct cell *cell);
};

/* Each workload; declared here so that its definition is checked against it. */
#define WORKLOAD(name) extern const struct workload workload_##name;
#include "registered_workloads.inc"
#undef WORKLOAD

/* Returns the workload at index, or null past the last one. */
const struct workload *workload_at(size_t index);

#endif
