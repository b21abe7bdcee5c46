/* SPDX-License-Identifier: MIT */
/* workloads/gil.c - one lock that a thread holds while it computes, as CPython's. */
#include "workloads/gil.h"

#include <errno.h>

#include "ipc/clock.h"

/* Waits for a change, an interval at most. The mutex is held. Returns false past it. */
static bool wait_change(struct gil *gil, pthread_cond_t *change, uint64_t deadline_ns)
{
	uint64_t until_ns = clock_now_ns() + GIL_INTERVAL_NS;
	struct timespec until;

	if (until_ns > deadline_ns)
		until_ns = deadline_ns;
	until = clock_timespec(until_ns);
	return pthread_cond_clockwait(change, &gil->mutex, CLOCK_MONOTONIC, &until) != ETIMEDOUT;
}

static void want(struct gil *gil, uint32_t is_wanted)
{
	/* Relaxed: a hint to the holder; the mutex orders all else. */
	atomic_store_explicit(&gil->is_wanted, is_wanted, memory_order_relaxed);
}

/* The mutex is held. */
static void take_locked(struct gil *gil, const void *self, uint64_t deadline_ns)
{
	while (gil->holder) {
		uint64_t switches = gil->switches;

		if (clock_now_ns() >= deadline_ns)
			return;
		/* Only a holder that kept it for the whole interval is asked to go. */
		if (!wait_change(gil, &gil->freed, deadline_ns) && gil->holder &&
		    gil->switches == switches)
			want(gil, 1);
	}
	gil->holder = self;
	if (gil->holder_last != self) {
		gil->holder_last = self;
		gil->switches++;
		pthread_cond_signal(&gil->switched);
	}
	want(gil, 0);
}

void gil_take(struct gil *gil, const void *self, uint64_t deadline_ns)
{
	pthread_mutex_lock(&gil->mutex);
	take_locked(gil, self, deadline_ns);
	pthread_mutex_unlock(&gil->mutex);
}

void gil_release(struct gil *gil, const void *self)
{
	pthread_mutex_lock(&gil->mutex);
	if (gil->holder == self) {
		gil->holder = NULL;
		pthread_cond_signal(&gil->freed);
	}
	pthread_mutex_unlock(&gil->mutex);
}

void gil_hand_over(struct gil *gil, const void *self, uint64_t deadline_ns)
{
	pthread_mutex_lock(&gil->mutex);
	if (gil->holder == self) {
		gil->holder = NULL;
		pthread_cond_signal(&gil->freed);
		/* One that asked may have gone to its deadline: an interval is enough to come. */
		while (gil->holder_last == self) {
			if (!wait_change(gil, &gil->switched, deadline_ns))
				break;
		}
		take_locked(gil, self, deadline_ns);
	}
	pthread_mutex_unlock(&gil->mutex);
}
