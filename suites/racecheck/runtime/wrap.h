/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/wrap.h - what all wrapped calls begin and end with. */
#ifndef RACECHECK_WRAP_H
#define RACECHECK_WRAP_H

/* libc declares these names, partly with extensions, partly in headers not wanted here. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wpedantic"

#include <errno.h>
#include <stdarg.h>

#include "suites/racecheck/runtime/channel.h"

/* Who called the wrapper, or the syscall() that forwards to it. */
#undef CALLER
#define CALLER (self.forwarder ? self.forwarder : (uintptr_t)__builtin_return_address(0))

/*
 * Begins a wrapped call from place. False: the caller is the runtime itself,
 * or another wrapped call, and the real call is all there is to do.
 */
static inline bool call_enter(enum edge edge, uintptr_t place)
{
	struct thread *t = &self;

	if (!runtime_enter())
		return false;
	t->edge_place = place;
	atomic_store_explicit(&t->context->calling, (uint16_t)edge, memory_order_relaxed);
	return true;
}

/* As call_enter(), at a place where others may be let run. */
static inline bool call_begin(enum edge edge, uintptr_t place)
{
	if (!call_enter(edge, place))
		return false;
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

/* Says that a function of libc read or wrote memory for the program; none where pointer is null. */
static inline void touch(const void *pointer, size_t bytes, bool is_write, uintptr_t place)
{
	if (pointer && bytes != 0 && self.busy == 0)
		shadow_access((uintptr_t)pointer, bytes, is_write, false, place);
}

#define READS(pointer, bytes) touch(pointer, bytes, false, CALLER)
#define WRITES(pointer, bytes) touch(pointer, bytes, true, CALLER)

/* wrap_text.c: reads the texts that a format of printf() takes from its arguments. */
void touch_format(const char *format, va_list arguments, uintptr_t place);

/*
 * wrap_scan.c: writes what a format of scanf() has put where its arguments point;
 * count: as scanf() returned.
 */
void touch_scanned(const char *format, va_list arguments, int count, uintptr_t place);

/* Runs a statement of the runtime with signals held back. */
#define BUSY(statement)                                                                            \
	do {                                                                                       \
		self.busy++;                                                                       \
		statement;                                                                         \
		self.busy--;                                                                       \
	} while (0)

#endif
