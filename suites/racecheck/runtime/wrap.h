/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/wrap.h - what all wrapped calls begin and end with. */
#ifndef RACECHECK_WRAP_H
#define RACECHECK_WRAP_H

/* libc declares these names, partly with extensions, partly in headers not wanted here. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wpedantic"

#include <errno.h>

#include "suites/racecheck/runtime/runtime.h"

/* Who called the wrapper, or the syscall() that forwards to it. */
#undef CALLER
#define CALLER (self.forwarder ? self.forwarder : (uintptr_t)__builtin_return_address(0))

/*
 * Begins a wrapped call from place. False: the caller is the runtime itself,
 * or another wrapped call, and the real call is all there is to do.
 */
static inline bool call_begin(enum edge edge, uintptr_t place)
{
	struct thread *t = &self;

	if (t->in_call || !runtime_enter())
		return false;
	t->edge_place = place;
	atomic_store_explicit(&t->context->calling, (uint16_t)edge, memory_order_relaxed);
	if (UNLIKELY(is_scheduled))
		schedule_point();
	else
		delay_point();
	return true;
}

static inline void call_end(void)
{
	struct thread *t = &self;

	if (t->context)
		atomic_store_explicit(&t->context->calling, 0, memory_order_relaxed);
	runtime_leave();
}

/* Runs a statement of the runtime with signals held back. */
#define BUSY(statement)                                                                            \
	do {                                                                                       \
		self.busy++;                                                                       \
		statement;                                                                         \
		self.busy--;                                                                       \
	} while (0)

#endif
