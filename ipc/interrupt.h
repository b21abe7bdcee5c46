/* SPDX-License-Identifier: MIT */
/*
 * ipc/interrupt.h - ends a blocking system call that has no timeout.
 *
 * A per-thread timer sends its thread SIGRTMAX - 1, which makes the call return
 * EINTR. It is armed once for a far deadline and again only for an earlier one,
 * so that a message costs no extra system call.
 *
 * A signal that arrives between the check of the clock and the call would be
 * lost, and the call would hang: so the timer repeats, by itself, as a tool may put
 * off the handler. A wait that it ended stops it; outside of any wait the handler
 * does, so that other code of the thread sees at most one such signal per deadline.
 */
#ifndef IPC_INTERRUPT_H
#define IPC_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "ipc/clock.h"

#define INTERRUPT_REPEAT_NS (5 * NS_PER_MS)

/* Zeroed memory is a valid interrupt. It belongs to the thread that first uses it. */
struct interrupt {
	bool is_created;
	timer_t timer;
	uint64_t armed_ns;       /* 0: not armed */
	sig_atomic_t fired_seen; /* interrupt_fired when it was armed */
	struct interrupt *next;  /* of the same thread */
};

/* What the handler knows of its thread: whether it waits, and how often the handler ran. */
extern _Thread_local volatile sig_atomic_t interrupt_waits;
extern _Thread_local volatile sig_atomic_t interrupt_fired;

/*
 * Arms the timer for deadline_ns, absolute CLOCK_MONOTONIC nanoseconds; 0 disarms
 * it. The first call installs the process's handler and unblocks the signal in
 * this thread.
 *
 * Returns 0, or -errno: -EAGAIN (RLIMIT_SIGPENDING), -ENOMEM.
 */
int interrupt_set(struct interrupt *interrupt, uint64_t deadline_ns);

/*
 * Begins a wait: until interrupt_leave(), system calls that block return EINTR
 * at deadline_ns, and then every INTERRUPT_REPEAT_NS; perhaps once before.
 *
 * Returns 0, or -errno as interrupt_set().
 */
static inline int interrupt_enter(struct interrupt *interrupt, uint64_t deadline_ns)
{
	/* First of all: a signal from here on is repeated. */
	interrupt_waits = 1;
	if (interrupt->armed_ns != 0 && interrupt->armed_ns <= deadline_ns &&
	    interrupt->fired_seen == interrupt_fired)
		return 0;
	return interrupt_set(interrupt, deadline_ns);
}

/*
 * Goes on with a wait whose call returned EINTR, by an earlier call's alarm or a
 * stranger's signal. Returns 0, or -errno: -ETIMEDOUT (deadline_ns has passed).
 */
int interrupt_again(struct interrupt *interrupt, uint64_t deadline_ns);

/* Ends the wait. */
static inline void interrupt_leave(struct interrupt *interrupt)
{
	interrupt_waits = 0;
	/* It repeats for a call that is over. */
	if (interrupt->fired_seen != interrupt_fired)
		(void)interrupt_set(interrupt, 0);
}

/* Deletes the timer. The same thread calls it. */
void interrupt_release(struct interrupt *interrupt);

#endif
