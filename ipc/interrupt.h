/* SPDX-License-Identifier: MIT */
/*
 * ipc/interrupt.h - ends a blocking system call that has no timeout.
 *
 * A per-thread timer sends its thread SIGRTMAX - 1, whose handler does nothing
 * but make the call return EINTR. It is armed once for a far deadline and again
 * only for an earlier one, so that a message costs no extra system call. After
 * the deadline it fires every INTERRUPT_REPEAT_NS: a signal that arrives between
 * the check of the clock and the call would else be lost, and the call would hang.
 */
#ifndef IPC_INTERRUPT_H
#define IPC_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "ipc/clock.h"

#define INTERRUPT_REPEAT_NS (5 * NS_PER_MS)

/* Zeroed memory is a valid interrupt. It belongs to the thread that first arms it. */
struct interrupt {
	bool is_created;
	timer_t timer;
	uint64_t armed_ns; /* 0: not armed */
};

/*
 * Arms the timer for deadline_ns, absolute CLOCK_MONOTONIC nanoseconds. The first
 * call installs the process's handler and unblocks the signal in this thread.
 *
 * Returns 0, or -errno: -EAGAIN (RLIMIT_SIGPENDING), -ENOMEM.
 */
int interrupt_set(struct interrupt *interrupt, uint64_t deadline_ns);

/* As interrupt_set(), but leaves a timer that is armed for an earlier time. */
static inline int interrupt_arm(struct interrupt *interrupt, uint64_t deadline_ns)
{
	if (interrupt->armed_ns != 0 && interrupt->armed_ns <= deadline_ns)
		return 0;
	return interrupt_set(interrupt, deadline_ns);
}

/* Deletes the timer. The same thread calls it. */
void interrupt_release(struct interrupt *interrupt);

#endif
