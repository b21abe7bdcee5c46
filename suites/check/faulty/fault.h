/* SPDX-License-Identifier: MIT */
/*
 * suites/check/faulty/fault.h - transports broken on purpose, each to be caught by a clause.
 *
 * A fault wraps any transport and changes a few of its functions. It is a row,
 * fault_<name>, and its name in faulty/CMakeLists.txt; ctest then proves that the
 * clause it names fails, and no other: so that green means something (C43).
 */
#ifndef CHECK_FAULTY_FAULT_H
#define CHECK_FAULTY_FAULT_H

#include "ipc/transport.h"

/* How often a fault that strikes now and then does: at each 13th call of an endpoint. */
#define FAULT_EVERY 13u

struct faulty_channel {
	struct ipc_channel base;
	struct ipc_channel *inner;
	struct ipc_channel_options options;
	int fd; /* a fault's own; -1: none */
};

struct faulty_endpoint {
	struct ipc_endpoint base;
	struct ipc_endpoint *inner;
	struct faulty_channel *channel;
	uint64_t calls;      /* a fault's own count */
	unsigned char *kept; /* room for a message of the channel, and what it holds */
	ssize_t kept_bytes;  /* -1: nothing */
};

/* A fault's functions replace the wrapper's where they are not null. */
struct fault {
	const char *name;
	const char *clause;  /* that must catch it */
	const char *also;    /* clauses that it breaks by its nature too, or null */
	const char *summary; /* one line, no full stop */
	const char
		*transport; /* what it wraps unless another is asked for; null: FAULT_TRANSPORT */
	uint32_t needs;     /* enum ipc_cap of what it wraps */

	int (*send)(struct faulty_endpoint *self, const void *data, size_t bytes,
	            uint64_t deadline_ns, unsigned flags);
	ssize_t (*recv)(struct faulty_endpoint *self, void *data, size_t bytes_max,
	                uint64_t deadline_ns);
	/* Called after the inner channel was created or failed to be, with its result. */
	int (*created)(struct faulty_channel *self, int ret);
	/* Called before the inner endpoint is opened. */
	void (*opening)(struct faulty_endpoint *self);
	void (*abort)(struct faulty_endpoint *self);
};

#define CHECK_FAULT(name) extern const struct fault fault_##name;
#include "registered_faults.inc"
#undef CHECK_FAULT

/* What gets a fault that names no transport. */
#define FAULT_TRANSPORT "pipe"

/* Returns the fault at index, or null past the last one. */
const struct fault *fault_at(size_t index);

/* Returns the fault called name, or null. */
const struct fault *fault_find(const char *name);

/*
 * Makes the wrapper of inner that has the fault. There is one: call it from the
 * command, before any peer exists. It is valid until the next call.
 */
const struct ipc_transport *faulty_wrap(const struct fault *fault,
                                        const struct ipc_transport *inner);

/* Call through to what is wrapped. Deadlines are absolute or 0. */
int inner_send(struct faulty_endpoint *self, const void *data, size_t bytes, uint64_t deadline_ns,
               unsigned flags);
ssize_t inner_recv(struct faulty_endpoint *self, void *data, size_t bytes_max,
                   uint64_t deadline_ns);

/* Counts a call; returns true at each FAULT_EVERY-th. */
static inline int fault_strikes(struct faulty_endpoint *self)
{
	return ++self->calls % FAULT_EVERY == 0;
}

#endif
