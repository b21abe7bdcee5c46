/* SPDX-License-Identifier: MIT */
/*
 * ipc/blocking.h - one loop that gives every system call the contract's waits.
 *
 * A kernel transport writes an attempt: one system call, blocking or not. The
 * loop around it adds deadlines, EINTR, spin, block and hybrid, so that these
 * mean the same for each of them.
 */
#ifndef IPC_BLOCKING_H
#define IPC_BLOCKING_H

#include <errno.h>
#include <sys/types.h>

#include "ipc/cpu.h"
#include "ipc/interrupt.h"
#include "ipc/transport.h"

/* How an endpoint waits. Zero what is not set; give it to blocking_release(). */
struct blocking {
	enum ipc_wait wait;
	uint64_t spin_ns;
	struct interrupt interrupt;
};

/*
 * One try of a system call on self. Returns >= 0, or -errno: -EAGAIN (it would
 * wait; only if nowait), -EINTR, or any other error, which ends the loop.
 */
typedef ssize_t blocking_attempt(void *self, bool nowait);

/* An attempt that found nothing costs a system call: it is itself the pause of the spin. */
#define BLOCKING_SPIN_CLOCK_EVERY 16u

/* Tries without waiting until it succeeds or until_ns; then -EAGAIN. */
static inline ssize_t blocking_spin(blocking_attempt *attempt, void *self, uint64_t until_ns)
{
	uint64_t start_ns = 0;

	for (unsigned turns = 1;; turns++) {
		ssize_t ret = attempt(self, true);
		uint64_t now_ns;

		if (ret != -EAGAIN && ret != -EINTR)
			return ret;
		if (turns % BLOCKING_SPIN_CLOCK_EVERY != 0)
			continue;
		now_ns = clock_now_ns();
		if (now_ns >= until_ns)
			return -EAGAIN;
		if (start_ns == 0)
			start_ns = now_ns;
		/* The peer may wait for this very CPU. */
		if (now_ns - start_ns > SPIN_YIELD_AFTER_NS)
			sched_yield();
	}
}

/* Lets the kernel wait until the attempt succeeds or deadline_ns; then -ETIMEDOUT. */
static inline ssize_t blocking_sleep(struct blocking *blocking, blocking_attempt *attempt,
                                     void *self, uint64_t deadline_ns)
{
	ssize_t ret = interrupt_enter(&blocking->interrupt, deadline_ns);

	while (ret == 0) {
		ret = attempt(self, false);
		if (ret != -EINTR)
			break;
		ret = interrupt_again(&blocking->interrupt, deadline_ns);
	}
	interrupt_leave(&blocking->interrupt);
	return ret;
}

/*
 * Calls attempt(self) until it succeeds, fails, or deadline_ns has passed: an
 * absolute time, or 0 for one try that never waits.
 *
 * Returns what attempt returned, or -EAGAIN (deadline 0), -ETIMEDOUT.
 */
static inline ssize_t blocking_call(struct blocking *blocking, blocking_attempt *attempt,
                                    void *self, uint64_t deadline_ns)
{
	ssize_t ret;

	if (deadline_ns == 0) {
		do
			ret = attempt(self, true);
		while (ret == -EINTR);
		return ret;
	}
	if (blocking->wait == IPC_WAIT_SPIN) {
		ret = blocking_spin(attempt, self, deadline_ns);
		return ret == -EAGAIN ? -ETIMEDOUT : ret;
	}
	if (blocking->wait == IPC_WAIT_HYBRID && blocking->spin_ns > 0) {
		uint64_t until_ns;

		ret = attempt(self, true); /* Before the clock is read: the peer may be ahead. */
		if (ret != -EAGAIN && ret != -EINTR)
			return ret;
		until_ns = clock_now_ns() + blocking->spin_ns;
		ret = blocking_spin(attempt, self, until_ns < deadline_ns ? until_ns : deadline_ns);
		if (ret != -EAGAIN)
			return ret;
	}
	return blocking_sleep(blocking, attempt, self, deadline_ns);
}

static inline void blocking_release(struct blocking *blocking)
{
	interrupt_release(&blocking->interrupt);
}

#endif
