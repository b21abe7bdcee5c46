/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/overflow.c - cells that their contexts' own planes can't hold.
 *
 * A context's plane has one cell for 8 bytes. Where that can't say it all (bytes
 * that were touched at different times, or from different places), the other cells
 * go to planes that all contexts of a page share, one list of them for reads and one
 * for writes: bytes 8 | atomic 1 | epoch 27 | slot 6 | node 22. A plane belongs to an
 * era, which holds the upper bits of the epochs.
 *
 * A cell is needless once an access has followed that is ordered after it, touches the
 * same bytes and is as strong: whatever will race with the older one races with the newer
 * one, too (as in FastTrack: Flanagan and Freund, PLDI 2009, section 3). Each access
 * removes what it makes needless here, and one that comes to be kept here removes it from
 * the contexts' own planes, too. So while accesses are ordered, 8 bytes have a needed cell
 * for each byte and kind at most, of which one is in a plane of its context's own: 7 planes
 * for reads and 7 for writes are enough, whatever is touched when, and by how many. Reads
 * that are not ordered among each other are all needed; so is a plain access before
 * atomic ones.
 */
#include "suites/racecheck/runtime/shadow.h"

#include <string.h>

enum { SHORT_EPOCH_BITS = 27, SLOT_SHIFT = 36, NODE_SHIFT = 42 };

#define SHORT_EPOCH_MASK ((1ull << SHORT_EPOCH_BITS) - 1)
#define SLOT_MASK (CONTEXT_MAX - 1ull)

_Static_assert(SLOT_MASK == 63 && NODE_MAX <= 1 << (64 - NODE_SHIFT), "they fit into a cell");

/* A cell of the caller's that is to be put here, or by its own plane. */
struct spill {
	struct thread *t;
	struct arena *arena;
	struct page *page;
	uint32_t granule;
	bool is_write;
	bool is_old; /* not of the caller's present access, but of one before */
	uint64_t epoch;
	uint64_t cell;
};

static uint32_t slot_of(uint64_t cell)
{
	return cell >> SLOT_SHIFT & SLOT_MASK;
}

static uint32_t era_of(const struct spill *spill)
{
	return (uint32_t)(spill->epoch >> SHORT_EPOCH_BITS);
}

static uint64_t epoch_of(const struct arena *arena, uint32_t plane, uint64_t cell)
{
	return (cell >> CELL_EPOCH_SHIFT & SHORT_EPOCH_MASK) | (uint64_t)arena->plane_era[plane]
	                                                               << SHORT_EPOCH_BITS;
}

static struct overflow *overflow_of(struct arena *arena, struct page *page)
{
	uint32_t unit = atomic_load_explicit(&page->overflow, memory_order_acquire);

	if (unit == 0) {
		uint32_t fresh = arena_take(arena, OVERFLOW_CLASS);

		if (atomic_compare_exchange_strong(&page->overflow, &unit, fresh))
			unit = fresh;
		else
			arena_give(arena, fresh, OVERFLOW_CLASS);
	}
	return arena_at(arena, unit);
}

/* Does the access follow another one, of that epoch, and is as strong? */
static bool is_covered(const struct spill *spill, uint64_t old, uint32_t slot, uint64_t epoch)
{
	/* What others had done before, nobody knows any more. */
	if (spill->is_old)
		return slot == spill->t->slot && epoch <= spill->epoch &&
		       ((spill->cell ^ old) & CELL_ATOMIC) == 0;
	return epoch <= spill->t->context->clock[slot] &&
	       !((spill->cell & CELL_ATOMIC) && !(old & CELL_ATOMIC));
}

/*
 * Puts the cell into a plane's place if that is free, says the same of other bytes, or
 * would be needless. Without the lock only the caller's own cells may be replaced:
 * no other can have emptied their plane, and given it another era, since.
 */
static bool place_take(const struct spill *spill, uint32_t plane, bool is_locked)
{
	_Atomic uint64_t *place = &plane_cells(spill->arena, plane)[spill->granule];
	uint64_t old = *place;
	uint64_t cell;

	do {
		cell = spill->cell;
		if (!is_locked && (old == 0 || slot_of(old) != spill->t->slot))
			return false;
		if (((old ^ cell) & ~CELL_MASK) == 0)
			cell |= old & CELL_MASK;
		else if (old != 0 && ((old & CELL_MASK & ~cell) != 0 ||
		                      !is_covered(spill, old, slot_of(old),
		                                  epoch_of(spill->arena, plane, old))))
			return false;
	} while (!atomic_compare_exchange_weak(place, &old, cell));
	return true;
}

static bool place_find(const struct spill *spill, uint32_t first, bool is_locked)
{
	for (uint32_t plane = first; plane != 0; plane = spill->arena->plane_next[plane]) {
		if (spill->arena->plane_era[plane] == era_of(spill) &&
		    place_take(spill, plane, is_locked))
			return true;
	}
	return false;
}

static bool plane_is_empty(const struct arena *arena, uint32_t plane)
{
	const _Atomic uint64_t *cells = plane_cells(arena, plane);

	for (uint32_t i = 0; i < PLANE_CELLS; i++) {
		if (atomic_load_explicit(&cells[i], memory_order_relaxed) != 0)
			return false;
	}
	return true;
}

/*
 * Finds a plane for the cell's era: one of another era of which nothing is left, or a new
 * one. False: there is no memory, and no verdict.
 */
static bool plane_add(const struct spill *spill, _Atomic uint32_t *first)
{
	struct arena *arena = spill->arena;
	uint32_t plane = *first;

	while (plane != 0 &&
	       (arena->plane_era[plane] == era_of(spill) || !plane_is_empty(arena, plane)))
		plane = arena->plane_next[plane];
	if (plane == 0) {
		plane = arena_take_plane(arena);
		if (plane == ARENA_PLANES - 1)
			return false;
		arena->plane_next[plane] = *first;
		*first = plane;
	}
	arena->plane_era[plane] = era_of(spill);
	return true;
}

static void place_make(const struct spill *spill)
{
	struct overflow *overflow = overflow_of(spill->arena, spill->page);
	_Atomic uint32_t *first = &overflow->first[spill->is_write];

	if (place_find(spill, *first, false))
		return;
	lock_take(&overflow->lock);
	overflow->has_cells[spill->granule / 64] |= 1ull << spill->granule % 64;
	while (!place_find(spill, *first, true) && plane_add(spill, first))
		;
	lock_give(&overflow->lock);
}

/* Takes bytes out of a cell, unless it has just changed. */
static void cell_clear(_Atomic uint64_t *place, uint64_t old, uint64_t mask)
{
	uint64_t rest = old & ~(mask & CELL_MASK);

	atomic_compare_exchange_strong(place, &old, (rest & CELL_MASK) != 0 ? rest : 0);
}

/* Removes what is needless now from a context's own planes of one kind. */
static void prune_own(const struct spill *spill, uint32_t slot, bool is_write)
{
	struct arena *arena = spill->arena;
	_Atomic uint32_t *first = page_plane(arena, spill->page, slot, is_write, false);
	uint32_t plane = first ? *first : 0;

	for (; plane != 0; plane = arena->plane_next[plane]) {
		_Atomic uint64_t *place = &plane_cells(arena, plane)[spill->granule];
		uint64_t old = *place;
		uint64_t epoch = cell_epoch(arena, plane, old);
		bool is_itself = slot == spill->t->slot && is_write == spill->is_write &&
		                 epoch == spill->t->epoch;

		if ((old & spill->cell & CELL_MASK) != 0 && !is_itself &&
		    is_covered(spill, old, slot, epoch))
			cell_clear(place, old, spill->cell);
	}
}

static void prune(const struct spill *spill)
{
	for (int kind = 0; kind <= spill->is_write; kind++) {
		for (uint64_t users = spill->page->users[kind]; users != 0; users &= users - 1)
			prune_own(spill, (uint32_t)__builtin_ctzll(users), kind);
	}
}

/* Is nothing kept here for its 8 bytes? */
static bool granule_is_empty(const struct spill *spill, uint32_t plane)
{
	while (plane != 0 && plane_cells(spill->arena, plane)[spill->granule] == 0)
		plane = spill->arena->plane_next[plane];
	return plane == 0;
}

static struct spill spill_of(struct thread *t, const struct tlb_entry *entry, uintptr_t address,
                             uint64_t epoch, uint64_t cell, bool is_write)
{
	return (struct spill){
		.t = t,
		.arena = entry->arena,
		.page = entry->page,
		.granule = (uint32_t)(address & 4095) >> 3,
		.is_write = is_write,
		.epoch = epoch,
		.cell = (cell & (CELL_MASK | CELL_ATOMIC)) |
	                (epoch & SHORT_EPOCH_MASK) << CELL_EPOCH_SHIFT |
	                (uint64_t)t->slot << SLOT_SHIFT | cell >> CELL_SITE_SHIFT << NODE_SHIFT,
	};
}

/*
 * Memory that was filled, and is used as an atomic from now on: moves the cell of the
 * caller's own plane here, and puts the new one there, where it is found at once. Only
 * where nothing else is kept here: what was moved may become needless unseen. False: it is
 * not so.
 */
static bool place_swap(const struct spill *new, const struct tlb_entry *entry, uintptr_t address,
                       uint64_t cell, uint64_t old)
{
	struct thread *t = new->t;
	uint64_t epoch =
		t->epoch >> EPOCH_BITS << EPOCH_BITS | (old & CELL_EPOCH_MASK) >> CELL_EPOCH_SHIFT;
	struct spill spill = spill_of(t, entry, address, epoch, old, new->is_write);
	uint32_t first = overflow_of(spill.arena, spill.page)->first[new->is_write];

	spill.is_old = true;
	if (!place_find(&spill, first, false)) {
		if (!granule_is_empty(&spill, first))
			return false;
		place_make(&spill);
	}
	atomic_exchange(&entry->cells[new->is_write][new->granule], cell);
	return true;
}

static void note_recent(const struct spill *spill, uintptr_t address)
{
	struct thread *t = spill->t;
	uint64_t key = recent_key(address, spill->is_write);
	uint64_t *recent = recent_slot(t, address, spill->is_write);
	uint64_t generation = atomic_load_explicit(&tlb_generation, memory_order_relaxed);

	if (t->recent_epoch != t->epoch || t->recent_generation != generation) {
		memset(t->recent, 0, sizeof(t->recent));
		t->recent_epoch = t->epoch;
		t->recent_generation = generation;
	}
	if ((*recent & ~CELL_MASK) != key)
		*recent = key;
	*recent |= spill->cell & CELL_MASK;
}

void overflow_put(struct thread *t, const struct tlb_entry *entry, uintptr_t address, uint64_t cell,
                  bool is_write)
{
	struct spill spill = spill_of(t, entry, address, t->epoch, cell, is_write);
	uint64_t own = entry->cells[is_write][spill.granule];

	if (!(cell & CELL_ATOMIC) || (own & CELL_ATOMIC) || own == 0 ||
	    !place_swap(&spill, entry, address, cell, own))
		place_make(&spill);
	prune(&spill);
	if (!(cell & CELL_ATOMIC))
		note_recent(&spill, address);
}

/*
 * Checks an access against a place in a shared plane. What the place says is removed if
 * it is needless now: the access has its own cell already.
 */
static void check_place(const struct arena *arena, uint32_t plane, const struct access *access,
                        bool is_write)
{
	const struct thread *t = access->t;
	uint32_t granule = (uint32_t)(access->address & 4095) >> 3;
	_Atomic uint64_t *place = &plane_cells(arena, plane)[granule];
	uint64_t cell;
	uint64_t epoch;
	uint32_t slot;

	/* The plane had one era while the place did not change. */
	do {
		cell = *place;
		epoch = epoch_of(arena, plane, cell);
	} while (cell != *place);
	slot = slot_of(cell);
	if ((cell & access->mask) == 0 ||
	    (slot == t->slot && epoch == t->epoch && is_write == access->is_write))
		return;
	if (epoch > t->context->clock[slot]) {
		if ((is_write || access->is_write) && !(access->is_atomic && (cell & CELL_ATOMIC)))
			shadow_report(access, slot, epoch,
			              (cell & (CELL_MASK | CELL_ATOMIC)) |
			                      cell >> NODE_SHIFT << CELL_SITE_SHIFT,
			              is_write);
	} else if (!(access->is_atomic && !(cell & CELL_ATOMIC)) &&
	           (access->is_write || !is_write)) {
		cell_clear(place, cell, access->mask);
	}
}

void overflow_check(struct arena *arena, const struct page *page, const struct access *access)
{
	const struct overflow *overflow = arena_at(arena, page->overflow);

	for (int kind = 0; kind < 2; kind++) {
		uint32_t plane = overflow->first[kind];

		for (; plane != 0; plane = arena->plane_next[plane])
			check_place(arena, plane, access, kind);
	}
}

void overflow_wipe(struct arena *arena, const struct page *page, uint32_t granule, uint32_t count)
{
	const struct overflow *overflow;

	if (page->overflow == 0)
		return;
	overflow = arena_at(arena, page->overflow);
	planes_wipe(arena, overflow->first[0], granule, count);
	planes_wipe(arena, overflow->first[1], granule, count);
}

void overflow_free(struct arena *arena, struct page *page)
{
	const struct overflow *overflow;

	if (page->overflow == 0)
		return;
	overflow = arena_at(arena, page->overflow);
	planes_give(arena, overflow->first[0]);
	planes_give(arena, overflow->first[1]);
	arena_give(arena, page->overflow, OVERFLOW_CLASS);
}
