/* SPDX-License-Identifier: MIT */
/* ipc/futex.h - wait for and wake on a 32-bit word, between processes or threads. */
#ifndef IPC_FUTEX_H
#define IPC_FUTEX_H

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ipc/clock.h"

/*
 * Waits while *word is expected, until deadline_ns (absolute CLOCK_MONOTONIC).
 * May wake for no reason: the caller looks again.
 *
 * Returns 0 (woken, or a signal came), or -errno: -EAGAIN (*word was not
 * expected), -ETIMEDOUT.
 */
static inline int futex_wait(const _Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
	struct timespec deadline = clock_timespec(deadline_ns);

	/* The bitset form is the one that takes an absolute monotonic time. */
	if (syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, &deadline, NULL,
	            FUTEX_BITSET_MATCH_ANY) == 0)
		return 0;
	return errno == EINTR ? 0 : -errno;
}

/* Wakes at most count waiters on *word. */
static inline void futex_wake(const _Atomic uint32_t *word, int count)
{
	syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

#endif
