/* SPDX-License-Identifier: MIT */
/* ipc/cpu.h - what a busy loop needs to know of the processor. */
#ifndef IPC_CPU_H
#define IPC_CPU_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "ipc/clock.h"

#define CACHE_LINE_BYTES 64
/* Apart by two lines: the adjacent-line prefetcher pairs them. */
#define CACHE_SEPARATION_BYTES 128

/* Tells the processor that this is a busy loop. */
static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield");
#endif
}

#define SPIN_CLOCK_EVERY 256u
#define SPIN_YIELD_AFTER_NS (50 * NS_PER_US)

/* A bounded busy wait. Start it as {0}. */
struct spin {
	uint32_t turns;
	uint64_t start_ns;
};

/*
 * Waits one turn. The clock is read every SPIN_CLOCK_EVERY turns only; a peer
 * that is late by SPIN_YIELD_AFTER_NS may have lost its CPU to this loop, which
 * then offers it.
 *
 * Returns false when until_ns (absolute) has passed.
 */
static inline bool spin_turn(struct spin *spin, uint64_t until_ns)
{
	uint64_t now_ns;

	cpu_relax();
	if (++spin->turns % SPIN_CLOCK_EVERY != 0)
		return true;
	now_ns = clock_now_ns();
	if (spin->start_ns == 0)
		spin->start_ns = now_ns;
	if (now_ns >= until_ns)
		return false;
	if (now_ns - spin->start_ns > SPIN_YIELD_AFTER_NS)
		sched_yield();
	return true;
}

#endif
