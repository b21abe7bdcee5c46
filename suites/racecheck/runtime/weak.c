/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/weak.c - store buffers for atomics.
 *
 * Under the controlled scheduler an atomic store that is not sequentially
 * consistent may wait in its context's buffer. TSO lets them out in order, as
 * x86 does; PSO in any order between release stores, as weaker machines do.
 */
#include "suites/racecheck/runtime/weak.h"

#include "suites/racecheck/runtime/runtime.h"

#include <string.h>

enum { BUFFER_MAX = 8 };

struct buffered {
	volatile void *pointer;
	uint64_t value;
	size_t bytes;
	bool is_release;
	uint64_t clock[CONTEXT_MAX];
};

static __thread struct buffered buffer[BUFFER_MAX];
static __thread uint32_t buffered_count;

static void store_out(uint32_t index)
{
	struct buffered *entry = &buffer[index];

	atomic_publish(entry->pointer, entry->clock, entry->is_release);
	switch (entry->bytes) {
	case 1:
		__atomic_store_n((volatile uint8_t *)entry->pointer, (uint8_t)entry->value,
		                 __ATOMIC_SEQ_CST);
		break;
	case 2:
		__atomic_store_n((volatile uint16_t *)entry->pointer, (uint16_t)entry->value,
		                 __ATOMIC_SEQ_CST);
		break;
	case 4:
		__atomic_store_n((volatile uint32_t *)entry->pointer, (uint32_t)entry->value,
		                 __ATOMIC_SEQ_CST);
		break;
	default:
		__atomic_store_n((volatile uint64_t *)entry->pointer, entry->value,
		                 __ATOMIC_SEQ_CST);
		break;
	}
	buffered_count--;
	memmove(entry, entry + 1, (buffered_count - index) * sizeof(*entry));
	schedule_wake();
}

void weak_drain(void)
{
	if (!is_scheduled)
		return;
	while (buffered_count > 0)
		store_out(0);
}

bool weak_put(volatile void *pointer, size_t bytes, const void *value, int order)
{
	struct buffered *entry;

	if (!is_scheduled || session->schedule.weak == WEAK_NONE || bytes > 8 ||
	    (order & 0xff) == __ATOMIC_SEQ_CST || self.ignoring) {
		weak_drain();
		return false;
	}
	/* A release store comes after all that stands before it. */
	if (session->schedule.weak == WEAK_PSO && is_release(order))
		weak_drain();
	if (buffered_count == BUFFER_MAX)
		store_out(0);
	entry = &buffer[buffered_count++];
	entry->pointer = pointer;
	entry->bytes = bytes;
	entry->value = 0;
	entry->is_release = is_release(order);
	memcpy(&entry->value, value, bytes);
	memcpy(entry->clock, is_release(order) ? self.context->clock : self.context->releasing,
	       sizeof(entry->clock));
	if (is_release(order))
		context_advance();
	return true;
}

bool weak_find(const volatile void *pointer, size_t bytes, void *value)
{
	for (uint32_t i = buffered_count; i > 0; i--) {
		if (buffer[i - 1].pointer == pointer && buffer[i - 1].bytes == bytes) {
			memcpy(value, &buffer[i - 1].value, bytes);
			return true;
		}
	}
	return false;
}

void weak_tick(void)
{
	uint64_t x = session->schedule.step * 0x9e3779b97f4a7c15ull ^
	             session->schedule.seed * 0xc2b2ae3d27d4eb4full;
	uint32_t index = 0;

	x ^= x >> 29;
	if (buffered_count == 0 || (x & 3) != 0)
		return;
	if (session->schedule.weak == WEAK_PSO) {
		/* The oldest store to each place goes first. */
		index = (uint32_t)(x >> 8) % buffered_count;
		for (uint32_t i = 0; i < index; i++) {
			if (buffer[i].pointer == buffer[index].pointer || buffer[index].is_release)
				index = i;
		}
	}
	store_out(index);
}
