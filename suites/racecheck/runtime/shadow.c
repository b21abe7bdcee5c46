/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/shadow.c - cells: who touched which bytes, when.
 *
 * A cell is 64 bits: bytes 8 | atomic 1 | epoch 31 | node 24, for one context,
 * one kind of access and one granule of 8 bytes. A plane belongs to an era,
 * which holds the upper bits of the epoch. An access first stores its own
 * cell, with a full fence, then reads those of the others: of two
 * accesses at the same time at least one sees the other.
 *
 * A cell is replaced only by an access that any access that races with the old
 * one races with, too: of the same context, later, to at least the same bytes,
 * and not weaker (an atomic access never replaces a plain one).
 */
#include "suites/racecheck/runtime/runtime.h"

#include <linux/membarrier.h>
#include <string.h>

void shadow_forget_tlb(void)
{
	memset(self.tlb, 0, sizeof(self.tlb));
}

static uint32_t era_of(const struct thread *t)
{
	return (uint32_t)(t->epoch >> EPOCH_BITS);
}

/* No membarrier(): whoever stores a cell must fence itself. */
static bool has_no_barrier;

void shadow_register(void)
{
	if (sys_call3(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) < 0)
		has_no_barrier = true;
}

/*
 * Adds the caller to a page's users. A context that is alone on a page stores
 * its cells without a fence before it looks for others: the newcomer pays, with a
 * barrier on all CPUs. Either the others see its bit, or it sees their cells.
 */
static void add_user(const struct thread *t, struct page *page, bool is_write)
{
	uint64_t mine = 1ull << t->slot;
	uint64_t others = atomic_fetch_or(&page->users[is_write], mine);

	others |= page->users[!is_write];
	if ((others & ~mine) != 0)
		sys_call3(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
}

/* Finds or makes the plane of the caller that takes new cells. */
static void own_cells(struct thread *t, struct tlb_entry *entry, bool is_write)
{
	struct arena *arena = entry->arena;
	_Atomic uint32_t *first = page_plane(arena, entry->page, t->slot, is_write, true);
	uint32_t plane = atomic_load_explicit(first, memory_order_relaxed);

	if (plane == 0 || arena->plane_era[plane] != era_of(t)) {
		uint32_t new_plane = arena_take_plane(arena);

		arena->plane_next[new_plane] = plane;
		arena->plane_era[new_plane] = era_of(t);
		atomic_store(first, new_plane);
		plane = new_plane;
	}
	if (!(entry->page->users[is_write] & 1ull << t->slot))
		add_user(t, entry->page, is_write);
	entry->cells[is_write] = plane_cells(arena, plane);
	if (!has_no_barrier && arena->plane_next[plane] == 0)
		entry->only[is_write] = entry->cells[is_write];
}

struct tlb_entry *shadow_translate_slow(struct thread *t, uintptr_t address)
{
	struct tlb_entry *entry = tlb_slot(t, address);
	uint64_t tag = tlb_tag(address);

	if (UNLIKELY(t->context->is_cancelled))
		thread_cancelled();
	entry->tag = 0;
	entry->cells[0] = entry->cells[1] = NULL;
	entry->only[0] = entry->only[1] = NULL;
	entry->page = map_page(address, &entry->arena);
	entry->is_quiet = entry->arena == &arenas[ARENA_PRIVATE] &&
	                  atomic_load_explicit(&other_threads, memory_order_relaxed) == 0;
	entry->tag = tag;
	return entry;
}

/* Stores a cell where one cell per granule is not enough. */
static void put_chained(struct arena *arena, uint32_t first, uint32_t granule, uint64_t cell)
{
	uint64_t mask = cell & CELL_MASK;
	uint32_t place = 0;
	uint32_t last = first;

	for (uint32_t plane = first; plane != 0; plane = arena->plane_next[plane]) {
		uint64_t old = plane_cells(arena, plane)[granule];
		bool is_weaker = (cell & CELL_ATOMIC) && !(old & CELL_ATOMIC);

		if (arena->plane_era[plane] != arena->plane_era[first])
			break;
		last = plane;
		if ((old & CELL_MASK) == 0 || (!is_weaker && (old & CELL_MASK & ~mask) == 0)) {
			place = plane;
			break;
		}
		if (((old ^ cell) & ~CELL_MASK) == 0) {
			cell |= old & CELL_MASK;
			place = plane;
			break;
		}
	}
	if (place == 0) {
		place = arena_take_plane(arena);
		arena->plane_era[place] = arena->plane_era[first];
		atomic_store(&arena->plane_next[place], arena->plane_next[last]);
		atomic_store(&arena->plane_next[last], place);
	}
	atomic_store_explicit(&plane_cells(arena, place)[granule], cell, memory_order_seq_cst);
	for (uint32_t plane = first; plane != 0; plane = arena->plane_next[plane]) {
		_Atomic uint64_t *other = &plane_cells(arena, plane)[granule];
		uint64_t old = *other;

		if (plane == place || (old & mask) == 0)
			continue;
		if ((cell & CELL_ATOMIC) && !(old & CELL_ATOMIC))
			continue;
		atomic_store(other, (old & CELL_MASK & ~mask) == 0 ? 0 : old & ~mask);
	}
}

/* is_fenced: a full fence stands between the call and the check of others anyway. */
static inline void put_granule(struct thread *t, uintptr_t address, uint64_t mask, bool is_write,
                               bool is_atomic, bool is_fenced, uintptr_t place)
{
	struct tlb_entry *entry = shadow_translate(t, address);
	struct arena *arena = entry->arena;
	_Atomic uint64_t *cells;
	uint32_t plane;

	if (!entry->is_quiet && UNLIKELY(entry->cells[is_write] == NULL))
		own_cells(t, entry, is_write);
	if (LIKELY(shadow_put_fast(t, entry, address, mask, is_write, is_atomic, is_fenced, place)))
		return;
	cells = entry->cells[is_write];
	plane = (uint32_t)(((uintptr_t)cells - (uintptr_t)arena->planes) >> 12);
	entry->only[is_write] = NULL;
	put_chained(arena, plane, (uint32_t)(address & 4095) >> 3,
	            mask | (is_atomic ? CELL_ATOMIC : 0) | t->epoch_bits |
	                    (uint64_t)site_node(t, place) << CELL_SITE_SHIFT);
}

void shadow_alone(struct thread *t, struct tlb_entry *entry, uintptr_t address, uint64_t mask,
                  bool is_write, uintptr_t place)
{
	_Atomic uint64_t *cell = &entry->only[is_write][(address & 4095) >> 3];
	struct page *page = entry->page;
	uint64_t others;

	t->busy++;
	atomic_store_explicit(
		cell, mask | t->epoch_bits | (uint64_t)site_node(t, place) << CELL_SITE_SHIFT,
		memory_order_relaxed);
	/* Not even the compiler may look for others first; add_user() holds the CPU to it. */
	atomic_signal_fence(memory_order_seq_cst);
	others = atomic_load_explicit(&page->users[1], memory_order_relaxed);
	if (is_write)
		others |= atomic_load_explicit(&page->users[0], memory_order_relaxed);
	atomic_store_explicit(&t->context->last_access, t->epoch, memory_order_relaxed);
	if (UNLIKELY((others & ~(1ull << t->slot)) != 0)) {
		atomic_thread_fence(memory_order_seq_cst);
		shadow_check(address, (size_t)__builtin_popcountll(mask), is_write, false, place);
	}
	t->busy--;
	runtime_leave();
}

static void check_slot(struct thread *t, struct tlb_entry *entry, uintptr_t address, uint64_t mask,
                       uint32_t slot, bool is_write, bool is_atomic, bool other_is_write,
                       uintptr_t place)
{
	struct arena *arena = entry->arena;
	uint32_t granule = (uint32_t)(address & 4095) >> 3;
	_Atomic uint32_t *first = page_plane(arena, entry->page, slot, other_is_write, false);
	uint32_t plane = first ? atomic_load_explicit(first, memory_order_acquire) : 0;

	for (; plane != 0; plane = arena->plane_next[plane]) {
		uint64_t cell = plane_cells(arena, plane)[granule];
		uint64_t epoch = (cell & CELL_EPOCH_MASK) >> CELL_EPOCH_SHIFT;

		if (LIKELY((cell & mask) == 0) || (is_atomic && (cell & CELL_ATOMIC)))
			continue;
		if (UNLIKELY(session->has_eras))
			epoch |= (uint64_t)arena->plane_era[plane] << EPOCH_BITS;
		if (epoch > t->context->clock[slot])
			record_race(address, (size_t)__builtin_popcountll(mask), is_write,
			            is_atomic, site_node(t, place), slot, epoch, cell,
			            other_is_write);
	}
}

static inline void check_granule(struct thread *t, uintptr_t address, uint64_t mask, bool is_write,
                                 bool is_atomic, uintptr_t place)
{
	struct tlb_entry *entry = shadow_translate(t, address);
	uint64_t mine = 1ull << t->slot;
	uint64_t writers;
	uint64_t readers;

	if (entry->is_quiet)
		return;
	writers = entry->page->users[1] & ~mine;
	readers = is_write ? entry->page->users[0] & ~mine : 0;
	for (; writers != 0; writers &= writers - 1)
		check_slot(t, entry, address, mask, (uint32_t)__builtin_ctzll(writers), is_write,
		           is_atomic, true, place);
	for (; readers != 0; readers &= readers - 1)
		check_slot(t, entry, address, mask, (uint32_t)__builtin_ctzll(readers), is_write,
		           is_atomic, false, place);
}

/* The bytes of an access within the granule at address, as a mask; *count of them. */
static uint64_t granule_mask(uintptr_t address, size_t left, size_t *count)
{
	size_t offset = address & 7;

	*count = left < 8 - offset ? left : 8 - offset;
	return ((1ull << *count) - 1) << offset;
}

void shadow_put(uintptr_t address, size_t bytes, bool is_write, bool is_atomic, bool is_fenced,
                uintptr_t place)
{
	struct thread *t = &self;
	size_t count;

	for (size_t done = 0; done < bytes; done += count) {
		uint64_t mask = granule_mask(address + done, bytes - done, &count);

		put_granule(t, address + done, mask, is_write, is_atomic, is_fenced, place);
	}
	atomic_store_explicit(&t->context->last_access, t->epoch, memory_order_relaxed);
}

void shadow_check(uintptr_t address, size_t bytes, bool is_write, bool is_atomic, uintptr_t place)
{
	struct thread *t = &self;
	size_t count;

	for (size_t done = 0; done < bytes; done += count) {
		uint64_t mask = granule_mask(address + done, bytes - done, &count);

		check_granule(t, address + done, mask, is_write, is_atomic, place);
	}
}

void shadow_access(uintptr_t address, size_t bytes, bool is_write, bool is_atomic, uintptr_t place)
{
	struct thread *t = &self;

	if (bytes == 0 || (address + bytes) >> 47 != 0)
		return;
	if (!runtime_enter() || t->ignoring)
		return;
	if (UNLIKELY(is_watching)) {
		watch_access(address, bytes, is_write, is_atomic, place);
		return;
	}
	t->busy++;
	/* The stores pair with those of whoever touches the bytes at the same time. */
	shadow_put(address, bytes, is_write, is_atomic, false, place);
	shadow_check(address, bytes, is_write, is_atomic, place);
	t->busy--;
	runtime_leave();
}
