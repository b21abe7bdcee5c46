/* SPDX-License-Identifier: MIT */
/*
 * workloads/gil.h - one lock that a thread holds while it computes, as CPython's.
 *
 * It is released while its holder waits, and handed over to a waiter that has
 * waited GIL_INTERVAL_NS: the waiter asks, and the holder looks at each
 * checkpoint whether it was asked. A holder that was asked then waits until
 * another has had the lock, so that it can't take it back at once. That is how
 * CPython's ceval_gil.c works since 3.2.
 */
#ifndef WORKLOADS_GIL_H
#define WORKLOADS_GIL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* sys.getswitchinterval() of CPython. */
#define GIL_INTERVAL_NS UINT64_C(5000000)

/*
 * Shared by the threads of one process. All zero, it is free, and it needs no
 * release. A thread is known by an address of its own.
 */
struct gil {
	pthread_mutex_t mutex;
	pthread_cond_t freed;       /* for those that want the lock */
	pthread_cond_t switched;    /* for one that handed it over */
	const void *holder;         /* null: free */
	const void *holder_last;    /* who had it last */
	uint64_t switches;          /* times it went to another thread */
	_Atomic uint32_t is_wanted; /* a waiter has waited an interval */
};

/* Waits until the lock is the caller's, self; past the deadline it returns without it. */
void gil_take(struct gil *gil, const void *self, uint64_t deadline_ns);

/* Gives it up. Does nothing if self isn't its holder. */
void gil_release(struct gil *gil, const void *self);

/* Gives it up and waits to take it again. */
void gil_hand_over(struct gil *gil, const void *self, uint64_t deadline_ns);

/* Called by the holder every few microseconds: hands the lock over if a waiter asked. */
static inline void gil_checkpoint(struct gil *gil, const void *self, uint64_t deadline_ns)
{
	/* Relaxed: a request seen late costs a few more microseconds. */
	if (atomic_load_explicit(&gil->is_wanted, memory_order_relaxed))
		gil_hand_over(gil, self, deadline_ns);
}

#endif
