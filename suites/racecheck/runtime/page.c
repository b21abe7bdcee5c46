/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/page.c - the shadow of one page of memory.
 *
 * A page has, for each context that touched it and for reads and writes apart,
 * a plane of one cell per 8 bytes; another one when an era ends. What these
 * can't hold goes to planes that all share: overflow.c.
 */
#include "suites/racecheck/runtime/shadow.h"

#include <string.h>

_Atomic uint32_t *page_plane(struct arena *arena, struct page *page, uint32_t slot, bool is_write,
                             bool is_made)
{
	_Atomic uint32_t *group = &page->group[slot / 8];
	uint32_t unit = atomic_load_explicit(group, memory_order_acquire);

	if (UNLIKELY(unit == 0)) {
		uint32_t none = 0;

		if (!is_made)
			return NULL;
		unit = arena_take(arena, 0);
		if (!atomic_compare_exchange_strong(group, &none, unit)) {
			arena_give(arena, unit, 0);
			unit = none;
		}
	}
	return (_Atomic uint32_t *)arena_at(arena, unit) + (slot % 8) * 2 + is_write;
}

void planes_wipe(struct arena *arena, uint32_t plane, uint32_t granule, uint32_t count)
{
	for (; plane != 0; plane = arena->plane_next[plane]) {
		_Atomic uint64_t *cells = plane_cells(arena, plane) + granule;

		for (uint32_t i = 0; i < count; i++)
			atomic_store_explicit(&cells[i], 0, memory_order_relaxed);
	}
}

void planes_give(struct arena *arena, uint32_t plane)
{
	while (plane != 0) {
		uint32_t next = arena->plane_next[plane];

		arena_give_plane(arena, plane);
		plane = next;
	}
}

static void sync_wipe(struct arena *arena, struct page *page, uint32_t granule, uint32_t count)
{
	uint32_t *heads;

	if (page->sync == 0)
		return;
	heads = arena_at(arena, page->sync);
	for (uint32_t i = granule; i < granule + count; i++) {
		while (heads[i] != 0) {
			uint32_t unit = heads[i];
			struct sync *sync = arena_at(arena, unit);

			heads[i] = sync->next;
			clock_drop(arena, &sync->writers);
			clock_drop(arena, &sync->readers);
			arena_give(arena, unit, 0);
		}
	}
}

static void page_wipe_part(struct arena *arena, struct page *page, uint32_t granule, uint32_t count)
{
	uint64_t users = page->users[0] | page->users[1];

	for (uint32_t group = 0; users != 0; group++, users >>= 8) {
		uint32_t *planes;

		if ((users & 0xff) == 0 || page->group[group] == 0)
			continue;
		planes = arena_at(arena, page->group[group]);
		for (uint32_t i = 0; i < 16; i++)
			planes_wipe(arena, planes[i], granule, count);
	}
	overflow_wipe(arena, page, granule, count);
	sync_wipe(arena, page, granule, count);
}

void page_wipe(uintptr_t address, size_t bytes)
{
	uintptr_t end = address + bytes;

	if (bytes == 0 || end >> 47 != 0)
		return;
	self.recent_epoch = 0;
	while (address < end) {
		uint32_t entry = mmu_table[address >> 12];
		uintptr_t next = (address | 4095) + 1;
		uintptr_t stop = next < end ? next : end;
		uint32_t first = (uint32_t)((address & 4095) >> 3);
		uint32_t last = (uint32_t)(((stop - 1) & 4095) >> 3);

		if (entry != 0 && !(entry & MMU_SHARED)) {
			struct arena *arena = &arenas[ARENA_PRIVATE];

			page_wipe_part(arena, arena_at(arena, entry), first, last - first + 1);
		}
		address = next;
	}
}

void page_free(struct arena *arena, uint32_t unit)
{
	struct page *page = arena_at(arena, unit);

	overflow_free(arena, page);
	sync_wipe(arena, page, 0, PLANE_CELLS);
	if (page->sync != 0)
		arena_give(arena, page->sync, 5);
	for (uint32_t group = 0; group < GROUP_COUNT; group++) {
		uint32_t *planes;

		if (page->group[group] == 0)
			continue;
		planes = arena_at(arena, page->group[group]);
		for (uint32_t i = 0; i < 16; i++)
			planes_give(arena, planes[i]);
		arena_give(arena, page->group[group], 0);
	}
	arena_give(arena, unit, 0);
}
