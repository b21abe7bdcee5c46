/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/arena.c - blocks of 64-byte units, and planes.
 *
 * Both arenas are sparse mappings: an index is handed out by counting up, and
 * memory is paid for when it is touched. Blocks are used again, planes are not
 * given back while their page lives.
 */
#include "suites/racecheck/runtime/runtime.h"

#include <string.h>

struct arena arenas[2];

void arena_lay(struct arena *arena, char *base)
{
	*arena = (struct arena){
		.head = (struct arena_head *)base,
		.plane_next = (_Atomic uint32_t *)(base + ARENA_HEAD_BYTES),
		.plane_era = (_Atomic uint32_t *)(base + ARENA_HEAD_BYTES + ARENA_NEXT_BYTES),
		.units = base + ARENA_HEAD_BYTES + ARENA_NEXT_BYTES + ARENA_ERA_BYTES,
		.planes = base + ARENA_HEAD_BYTES + ARENA_NEXT_BYTES + ARENA_ERA_BYTES +
	                  ARENA_UNITS_BYTES,
	};
}

uint32_t arena_take(struct arena *arena, unsigned class)
{
	struct arena_head *head = arena->head;
	uint32_t unit;

	lock_take(&head->lock);
	unit = head->free_units[class];
	if (unit != 0) {
		uint32_t *block = arena_at(arena, unit);

		head->free_units[class] = block[0];
		lock_give(&head->lock);
		memset(block, 0, ARENA_UNIT_BYTES << class);
		return unit;
	}
	/* Index 0 means none; a block is aligned to its size. */
	unit = head->unit_count == 0 ? 32 : head->unit_count;
	unit = (unit + (1u << class) - 1) & ~((1u << class) - 1);
	if (unit + (1u << class) >= ARENA_UNITS) {
		lock_give(&head->lock);
		no_verdict("the detector's memory for synchronisation objects is used up");
		unit = 1; /* a scratch unit that all share from now on */
		return unit;
	}
	head->unit_count = unit + (1u << class);
	lock_give(&head->lock);
	return unit;
}

void arena_give(struct arena *arena, uint32_t unit, unsigned class)
{
	struct arena_head *head = arena->head;
	uint32_t *block = arena_at(arena, unit);

	if (unit < 32)
		return;
	lock_take(&head->lock);
	block[0] = head->free_units[class];
	head->free_units[class] = unit;
	lock_give(&head->lock);
}

uint32_t arena_take_plane(struct arena *arena)
{
	struct arena_head *head = arena->head;
	uint32_t plane;

	lock_take(&head->lock);
	plane = head->free_plane;
	if (plane != 0) {
		head->free_plane = arena->plane_next[plane];
		lock_give(&head->lock);
		memset(arena->planes + (uint64_t)plane * 4096, 0, 4096);
		arena->plane_next[plane] = 0;
		return plane;
	}
	plane = head->plane_count + 1;
	if (plane < ARENA_PLANES - 1)
		head->plane_count = plane;
	lock_give(&head->lock);
	if (plane >= ARENA_PLANES - 1)
		no_verdict("the detector's shadow memory is used up");
	return plane;
}

void arena_give_plane(struct arena *arena, uint32_t plane)
{
	struct arena_head *head = arena->head;

	lock_take(&head->lock);
	arena->plane_next[plane] = head->free_plane;
	head->free_plane = plane;
	lock_give(&head->lock);
}
