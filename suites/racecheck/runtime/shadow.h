/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/shadow.h - the insides of the shadow: pages, planes, cells.
 *
 * For the callbacks of accesses, which look at cells themselves where that is enough, and
 * for page.c, shadow.c and overflow.c. All others call what runtime.h has.
 */
#ifndef RACECHECK_SHADOW_H
#define RACECHECK_SHADOW_H

#include "suites/racecheck/runtime/runtime.h"

/* ---- page.c: the planes of a page ---- */

enum { PLANE_CELLS = 512, OVERFLOW_CLASS = 1 };

/* What the planes that a page's contexts share hang on. */
struct overflow {
	_Atomic uint32_t lock;     /* of whoever takes a place or a plane, or gives it a new era */
	_Atomic uint32_t first[2]; /* lists of planes: reads, writes; they never get shorter */
	/* A bit for 8 bytes that have cells there, or had. */
	_Atomic uint64_t has_cells[PLANE_CELLS / 64];
};

_Static_assert(sizeof(struct overflow) <= ARENA_UNIT_BYTES << OVERFLOW_CLASS, "it has a block");

/* The first plane of a context in a page: index 0 for none. */
_Atomic uint32_t *page_plane(struct arena *arena, struct page *page, uint32_t slot, bool is_write,
                             bool is_made);
/* Empties the cells of count granules in a list of planes. */
void planes_wipe(struct arena *arena, uint32_t plane, uint32_t granule, uint32_t count);
/* Gives a list of planes back. */
void planes_give(struct arena *arena, uint32_t plane);
static inline _Atomic uint64_t *plane_cells(const struct arena *arena, uint32_t plane)
{
	return (_Atomic uint64_t *)(arena->planes + (uint64_t)plane * 4096);
}

/* ---- shadow.c: cells in a context's own planes ---- */

/* A plain access within 8 bytes of a page, of which own is the caller's own cell. */
void shadow_short(const struct page *page, _Atomic uint64_t *own, uintptr_t address, uint64_t mask,
                  bool is_write, uintptr_t place);

/* The cell of an access of the caller's, as its own plane holds it. */
static inline uint64_t cell_make(struct thread *t, uint64_t mask, bool is_atomic, uintptr_t place)
{
	return mask | (is_atomic ? CELL_ATOMIC : 0) | t->epoch_bits |
	       (uint64_t)site_node(t, place) << CELL_SITE_SHIFT;
}

/*
 * Stores the cell of an access within one granule, where that is one store. False:
 * shadow_put() has to do it. is_fenced: as there.
 */
static inline bool shadow_put_fast(struct thread *t, struct tlb_entry *entry, uintptr_t address,
                                   uint64_t mask, bool is_write, bool is_atomic, bool is_fenced,
                                   uintptr_t place)
{
	_Atomic uint64_t *cells = entry->cells[is_write];
	uint32_t granule = (uint32_t)(address & 4095) >> 3;
	uint64_t cell;
	uint64_t old;

	if (UNLIKELY(cells == NULL))
		return entry->is_quiet;
	old = atomic_load_explicit(&cells[granule], memory_order_relaxed);
	/* In the same epoch, the same bytes, and not stronger: nothing new. */
	if (((old ^ t->epoch_bits) & CELL_EPOCH_MASK) == 0 && (old & mask) == mask &&
	    (is_atomic || !(old & CELL_ATOMIC)))
		return true;
	if (UNLIKELY((old & CELL_MASK & ~mask) != 0 ||
	             (old != 0 && is_atomic && !(old & CELL_ATOMIC))))
		return false;
	cell = cell_make(t, mask, is_atomic, place);
	/* An exchange is the full fence that the check needs, for less than a fence. */
	if (is_fenced)
		atomic_store_explicit(&cells[granule], cell, memory_order_relaxed);
	else
		atomic_exchange(&cells[granule], cell);
	return true;
}

/* An access within one granule that is checked. */
struct access {
	struct thread *t;
	uintptr_t address;
	uint64_t mask;
	bool is_write, is_atomic;
	uintptr_t place;
};

/* Reports the race of an access with what a cell of a context says. */
void shadow_report(const struct access *access, uint32_t slot, uint64_t epoch, uint64_t cell,
                   bool other_is_write);

/* The epoch of a cell in a context's own plane. */
static inline uint64_t cell_epoch(const struct arena *arena, uint32_t plane, uint64_t cell)
{
	uint64_t epoch = (cell & CELL_EPOCH_MASK) >> CELL_EPOCH_SHIFT;

	if (UNLIKELY(session->has_eras))
		epoch |= (uint64_t)arena->plane_era[plane] << EPOCH_BITS;
	return epoch;
}

/* Are, or were, cells of these 8 bytes kept in overflow.c? */
static inline bool page_has_overflow(const struct arena *arena, const struct page *page,
                                     uint32_t granule)
{
	uint32_t unit = atomic_load_explicit(&page->overflow, memory_order_acquire);
	const struct overflow *overflow = arena_at(arena, unit);

	return UNLIKELY(unit != 0) &&
	       (overflow->has_cells[granule / 64] & 1ull << granule % 64) != 0;
}

/* Has another context touched the page in a way that may race with a read, or a write? */
static inline bool shadow_has_others(const struct thread *t, const struct page *page, bool is_write)
{
	uint64_t others = atomic_load_explicit(&page->users[1], memory_order_relaxed);

	if (is_write)
		others |= atomic_load_explicit(&page->users[0], memory_order_relaxed);
	return (others & ~(1ull << t->slot)) != 0;
}

static inline bool cell_is_clean(const struct thread *t, uint32_t slot, uint64_t cell,
                                 uint64_t mask, bool is_atomic)
{
	return (cell & mask) == 0 || (is_atomic && (cell & CELL_ATOMIC)) ||
	       (cell & CELL_EPOCH_MASK) >> CELL_EPOCH_SHIFT <= t->context->clock[slot];
}

/*
 * Says for most accesses within 8 bytes, and at once, that they race with nothing. False:
 * shadow_check() has to tell.
 */
static inline bool shadow_is_clean(const struct thread *t, const struct arena *arena,
                                   const struct page *page, uintptr_t address, uint64_t mask,
                                   bool is_write, bool is_atomic)
{
	uint32_t granule = (uint32_t)(address & 4095) >> 3;
	uint64_t others = page->users[1] | (is_write ? page->users[0] : 0);

	for (others &= ~(1ull << t->slot); others != 0; others &= others - 1) {
		uint32_t slot = (uint32_t)__builtin_ctzll(others);
		const _Atomic uint32_t *planes = arena_at(arena, page->group[slot / 8]);

		/* No plane is number 0, which is as one without cells. */
		planes += (slot % 8) * 2;
		if (!cell_is_clean(t, slot, plane_cells(arena, planes[1])[granule], mask,
		                   is_atomic))
			return false;
		if (is_write && !cell_is_clean(t, slot, plane_cells(arena, planes[0])[granule],
		                               mask, is_atomic))
			return false;
	}
	/* Last: a plane may have been added, or a cell moved, while the others were looked at. */
	return LIKELY(session->has_eras == 0) && !page_has_overflow(arena, page, granule);
}

/* ---- overflow.c: cells that don't fit into their contexts' own planes ---- */

/* Stores a cell of the caller's present epoch, as a full fence. Drops what it makes needless. */
void overflow_put(struct thread *t, const struct tlb_entry *entry, uintptr_t address, uint64_t cell,
                  bool is_write);
/* Reports the races of an access with the cells of others that are kept there. */
void overflow_check(struct arena *arena, const struct page *page, const struct access *access);
/* Empties what a page keeps there for count granules. */
void overflow_wipe(struct arena *arena, const struct page *page, uint32_t granule, uint32_t count);
/* Gives back all that a page keeps there. */
void overflow_free(struct arena *arena, struct page *page);

/* Bytes that a thread has put there: number of 8 bytes << 9 | is_write << 8 | mask of them. */
static inline uint64_t recent_key(uintptr_t address, bool is_write)
{
	return (uint64_t)address >> 3 << 9 | (uint64_t)is_write << 8;
}

static inline uint64_t *recent_slot(struct thread *t, uintptr_t address, bool is_write)
{
	return &t->recent[((address >> 3) * 2 + is_write) % RECENT_SLOTS];
}

/* Has the caller put all of these bytes there in this epoch? Then nothing is new. */
static inline bool overflow_is_recent(struct thread *t, uintptr_t address, uint64_t mask,
                                      bool is_write)
{
	uint64_t wanted = recent_key(address, is_write) | mask;

	if (t->recent_epoch != t->epoch ||
	    t->recent_generation != atomic_load_explicit(&tlb_generation, memory_order_relaxed))
		return false;
	/* Read last: a handler may begin another epoch, but what it puts is of that. */
	atomic_signal_fence(memory_order_seq_cst);
	return (*recent_slot(t, address, is_write) & (~CELL_MASK | mask)) == wanted;
}

#endif
