/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/lock.c - spin locks in shared memory.
 *
 * The word holds the owner's thread id, so that a lock whose owner was killed
 * can be stolen. Clocks only grow, hence a half-done section does no harm.
 */
#include "suites/racecheck/runtime/runtime.h"

#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t now_ns(int clock)
{
	struct timespec now = {0};

	sys_call2(SYS_clock_gettime, clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Reads a thread's line in /proc from its state on into text. False: there is none. */
static bool read_state(uint32_t tid, char *text, size_t room)
{
	char path[40];
	long start = 0;
	long bytes;
	long fd;

	snprintf(path, sizeof(path), "/proc/%u/stat", tid);
	fd = sys_call3(SYS_open, path, 02000000, 0);
	if (fd < 0)
		return false;
	bytes = sys_call3(SYS_read, fd, text, room - 1);
	sys_call1(SYS_close, fd);
	text[bytes > 0 ? bytes : 0] = '\0';
	/* The name before the state may hold anything. */
	for (long i = 0; i + 2 < bytes; i++) {
		if (text[i] == ')' && text[i + 1] == ' ')
			start = i + 2;
	}
	memmove(text, text + start, bytes > 0 ? (size_t)(bytes - start) + 1 : 1);
	return true;
}

bool is_gone(uint32_t tid)
{
	char state[256];

	if (tid == 0)
		return false;
	if (sys_call2(SYS_tkill, tid, 0) == -3)
		return true;
	/* A zombie still takes signals. */
	return read_state(tid, state, sizeof(state)) && (state[0] == 'Z' || state[0] == 'X');
}

bool is_dead(uint32_t tid)
{
	enum { STATE_FIELD = 3, FLAGS_FIELD = 9, PF_EXITING = 4 };
	char state[256];
	const char *at = state;

	if (is_gone(tid))
		return true;
	if (tid == 0 || !read_state(tid, state, sizeof(state)))
		return false;
	/*
	 * What the kernel gives up for a thread that ends (locks on files, ends of
	 * pipes, robust mutexes) it gives up before the thread shows as a zombie.
	 */
	for (int field = STATE_FIELD; *at && field < FLAGS_FIELD; at++)
		field += *at == ' ';
	return (strtoul(at, NULL, 10) & PF_EXITING) != 0;
}

void lock_take_slow(_Atomic uint32_t *lock)
{
	uint32_t mine = self.tid ? self.tid : (uint32_t)sys_call1(SYS_gettid, 0);
	uint32_t owner = 0;
	uint64_t spins = 0;

	while (!atomic_compare_exchange_weak_explicit(lock, &owner, mine, memory_order_seq_cst,
	                                              memory_order_relaxed)) {
		if (owner == mine)
			return; /* left behind by a jump out of the runtime */
		if (owner != 0 && ++spins % 64 == 0)
			sys_call1(SYS_sched_yield, 0);
		if (owner != 0 && spins % 16384 == 0 && is_dead(owner))
			atomic_compare_exchange_strong(lock, &owner, 0);
		owner = 0;
	}
}

void lock_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
	struct timespec timeout = {
		.tv_sec = (time_t)(timeout_ns / 1000000000u),
		.tv_nsec = (long)(timeout_ns % 1000000000u),
	};

	sys_call4(SYS_futex, word, FUTEX_WAIT, expected, &timeout);
}

void lock_wake(_Atomic uint32_t *word)
{
	sys_call4(SYS_futex, word, FUTEX_WAKE, 1 << 20, 0);
}
