/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/sync.c - clocks of objects that lie in memory.
 *
 * An object is found by its address through the shadow of its page, so that a
 * lock in shared memory is one object for all, at whatever addresses it is
 * mapped. Clocks are stored with room for the contexts seen so far and grow.
 */
#include "suites/racecheck/runtime/channel.h"

#include <string.h>

_Static_assert(sizeof(struct sync) <= ARENA_UNIT_BYTES, "a sync object is one unit");
_Static_assert(sizeof(struct page) <= ARENA_UNIT_BYTES, "a page is one unit");
_Static_assert(sizeof(struct segment) <= ARENA_UNIT_BYTES, "a segment is one unit");
_Static_assert(sizeof(struct channel) <= 2 * ARENA_UNIT_BYTES, "a channel is two units");

static uint64_t *clock_grow(struct arena *arena, struct stored_clock *clock)
{
	uint32_t count = context_count();
	unsigned class = 0;
	uint32_t unit;

	while ((8u << class) < count)
		class ++;
	if (clock->unit != 0 && clock->class >= class)
		return arena_at(arena, clock->unit);
	unit = arena_take(arena, class);
	if (clock->unit != 0) {
		memcpy(arena_at(arena, unit), arena_at(arena, clock->unit),
		       ARENA_UNIT_BYTES << clock->class);
		arena_give(arena, clock->unit, clock->class);
	}
	*clock = (struct stored_clock){unit, class};
	return arena_at(arena, unit);
}

void clock_store_slow(struct arena *arena, struct stored_clock *clock, const uint64_t *from)
{
	uint64_t *into = clock_grow(arena, clock);

	memcpy(into, from, ARENA_UNIT_BYTES << clock->class);
}

void clock_add(struct arena *arena, struct stored_clock *clock, const uint64_t *from)
{
	uint64_t *into = clock_grow(arena, clock);

	clock_join(into, from, 8u << clock->class);
}

bool clock_take(struct arena *arena, const struct stored_clock *clock, uint64_t *into)
{
	return clock->unit != 0 &&
	       clock_join(into, arena_at(arena, clock->unit), 8u << clock->class);
}

void clock_drop(struct arena *arena, struct stored_clock *clock)
{
	if (clock->unit != 0)
		arena_give(arena, clock->unit, clock->class);
	*clock = (struct stored_clock){0, 0};
}

/* Adds an object to the list of its granule; the first of two that race wins. */
static uint32_t sync_add(struct arena *arena, uint32_t *head, uint32_t offset)
{
	uint32_t unit = arena_take(arena, 0);
	struct sync *sync = arena_at(arena, unit);
	uint32_t seen = __atomic_load_n(head, __ATOMIC_ACQUIRE);

	sync->offset = offset;
	do {
		for (uint32_t at = seen; at != 0; at = ((struct sync *)arena_at(arena, at))->next) {
			if (((struct sync *)arena_at(arena, at))->offset != offset)
				continue;
			arena_give(arena, unit, 0);
			return at;
		}
		sync->next = seen;
	} while (!__atomic_compare_exchange_n(head, &seen, unit, false, __ATOMIC_SEQ_CST,
	                                      __ATOMIC_ACQUIRE));
	return unit;
}

struct sync_ref sync_in_slow(struct arena *arena, struct page *page, uint32_t offset)
{
	uint32_t table = atomic_load_explicit(&page->sync, memory_order_acquire);
	uint32_t none = 0;
	uint32_t *head;
	uint32_t unit;

	if (table == 0) {
		table = arena_take(arena, 5);
		if (!atomic_compare_exchange_strong(&page->sync, &none, table)) {
			arena_give(arena, table, 5);
			table = none;
		}
	}
	head = (uint32_t *)arena_at(arena, table) + (offset >> 3);
	for (unit = __atomic_load_n(head, __ATOMIC_ACQUIRE); unit != 0;) {
		struct sync *sync = arena_at(arena, unit);

		if (sync->offset == offset)
			return (struct sync_ref){arena, sync};
		unit = sync->next;
	}
	unit = sync_add(arena, head, offset);
	return (struct sync_ref){arena, arena_at(arena, unit)};
}

void sync_reset(const volatile void *address)
{
	struct sync_ref ref = sync_at(address);

	lock_take(&ref.sync->lock);
	clock_drop(ref.arena, &ref.sync->writers);
	clock_drop(ref.arena, &ref.sync->readers);
	ref.sync->holder = 0;
	ref.sync->releaser = 0;
	ref.sync->knower = 0;
	ref.sync->arrivals = 0;
	ref.sync->is_written = 0;
	lock_give(&ref.sync->lock);
}

void sync_release(const volatile void *address, enum edge edge)
{
	struct sync_ref ref;

	if (edge_is_off(edge))
		return;
	ref = sync_at(address);
	lock_take(&ref.sync->lock);
	clock_add(ref.arena, &ref.sync->writers, self.context->clock);
	ref.sync->knower = 0;
	lock_give(&ref.sync->lock);
	context_advance();
	context_log(edge, false);
}

void sync_acquire(const volatile void *address, enum edge edge)
{
	struct sync_ref ref;

	if (edge_is_off(edge))
		return;
	ref = sync_at(address);
	lock_take(&ref.sync->lock);
	clock_take(ref.arena, &ref.sync->writers, self.context->clock);
	lock_give(&ref.sync->lock);
	context_log(edge, true);
}

void sync_lock(const volatile void *address, enum edge edge, bool is_shared)
{
	struct sync_ref ref = sync_at(address);
	struct sync *sync = ref.sync;

	lock_take(&sync->lock);
	if (!is_shared) {
		sync->holder = 1 + self.context->occupant;
		sync->is_written = 1;
	}
	if (!edge_is_off(edge)) {
		/* Readers come after writers, but not after each other. */
		clock_take(ref.arena, &sync->writers, self.context->clock);
		if (!is_shared)
			clock_take(ref.arena, &sync->readers, self.context->clock);
	}
	lock_give(&sync->lock);
	context_log(edge, true);
}

void sync_unlock(const volatile void *address, enum edge edge)
{
	struct sync_ref ref = sync_at(address);
	struct sync *sync = ref.sync;

	lock_take(&sync->lock);
	if (!edge_is_off(edge))
		clock_add(ref.arena, sync->is_written ? &sync->writers : &sync->readers,
		          self.context->clock);
	sync->is_written = 0;
	sync->knower = 0;
	lock_give(&sync->lock);
	if (!edge_is_off(edge)) {
		context_advance();
		context_log(edge, false);
	}
}

void sync_inherit(const volatile void *address)
{
	struct sync_ref ref = sync_at(address);

	if (ref.sync->holder != 0 && !edge_is_off(EDGE_death))
		context_join_dead(ref.sync->holder - 1);
}
