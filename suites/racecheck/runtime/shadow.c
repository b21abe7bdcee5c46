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
 * and not weaker (an atomic access never replaces a plain one). One that may not
 * be replaced stays, and the new one goes to overflow.c.
 */
#include "suites/racecheck/runtime/shadow.h"

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

bool has_barrier;

void shadow_register(void)
{
	has_barrier =
		sys_call3(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) >= 0;
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

		if (new_plane != plane)
			arena->plane_next[new_plane] = plane;
		arena->plane_era[new_plane] = era_of(t);
		atomic_store(first, new_plane);
		plane = new_plane;
	}
	if (!(entry->page->users[is_write] & 1ull << t->slot))
		add_user(t, entry->page, is_write);
	entry->cells[is_write] = plane_cells(arena, plane);
}

struct tlb_entry *shadow_translate_slow(struct thread *t, uintptr_t address)
{
	struct tlb_entry *entry = tlb_slot(t, address);
	uint64_t tag = tlb_tag(address);

	if (UNLIKELY(t->context->is_cancelled))
		thread_cancelled();
	entry->tag = 0;
	entry->cells[0] = entry->cells[1] = NULL;
	entry->page = map_page(address, &entry->arena);
	entry->is_quiet = entry->arena == &arenas[ARENA_PRIVATE] &&
	                  atomic_load_explicit(&other_threads, memory_order_relaxed) == 0;
	entry->tag = tag;
	return entry;
}

/* is_fenced: a full fence stands between the call and the check of others anyway. */
static inline void put_granule(struct thread *t, uintptr_t address, uint64_t mask, bool is_write,
                               bool is_atomic, bool is_fenced, uintptr_t place)
{
	struct tlb_entry *entry = shadow_translate(t, address);
	_Atomic uint64_t *own;
	uint64_t cell;
	uint64_t old;

	if (!entry->is_quiet && UNLIKELY(entry->cells[is_write] == NULL))
		own_cells(t, entry, is_write);
	if (LIKELY(shadow_put_fast(t, entry, address, mask, is_write, is_atomic, is_fenced, place)))
		return;
	own = &entry->cells[is_write][(address & 4095) >> 3];
	old = *own;
	cell = cell_make(t, mask, is_atomic, place);
	if (((old ^ cell) & ~CELL_MASK) == 0)
		atomic_exchange(own, cell | old);
	else
		overflow_put(t, entry, address, cell, is_write);
}

/*
 * Begins a short access: from here on no handler puts a cell there. False: one has put one
 * that may not be replaced.
 */
static inline bool short_begin(struct thread *t, const _Atomic uint64_t *own, uint64_t mask)
{
	t->busy++;
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&t->context->last_access, t->epoch, memory_order_relaxed);
	return LIKELY((atomic_load_explicit(own, memory_order_relaxed) & CELL_MASK & ~mask) == 0);
}

static inline void short_end(struct thread *t)
{
	t->busy--;
	runtime_leave();
}

/* The same where others have touched the page: with a fence, and a check. */
static __attribute__((noinline)) void short_among_others(const struct page *page,
                                                         _Atomic uint64_t *own, uintptr_t address,
                                                         uint64_t mask, bool is_write,
                                                         uintptr_t place)
{
	const struct arena *arena = &arenas[page->region != 0 ? ARENA_SHARED : ARENA_PRIVATE];
	struct thread *t = &self;
	size_t bytes = (size_t)__builtin_popcountll(mask);

	if (UNLIKELY(!short_begin(t, own, mask))) {
		t->busy--;
		shadow_access(address, bytes, is_write, false, place);
		return;
	}
	atomic_exchange(own, cell_make(t, mask, false, place));
	if (UNLIKELY(!shadow_is_clean(t, arena, page, address, mask, is_write, false)))
		shadow_check(address, bytes, is_write, false, place);
	short_end(t);
}

/*
 * A context that is alone on a page stores its cells without a fence, and checks nothing, if
 * it is still alone then. Not where the check would remove what overflow.c keeps.
 */
void shadow_short(const struct page *page, _Atomic uint64_t *own, uintptr_t address, uint64_t mask,
                  bool is_write, uintptr_t place)
{
	struct thread *t = &self;
	bool is_alone;

	if (!has_barrier || page->overflow != 0 || shadow_has_others(t, page, is_write)) {
		short_among_others(page, own, address, mask, is_write, place);
		return;
	}
	is_alone = short_begin(t, own, mask);
	if (is_alone)
		atomic_store_explicit(own, cell_make(t, mask, false, place), memory_order_relaxed);
	/* Not even the compiler may look for others first; add_user() holds the CPU to it. */
	atomic_signal_fence(memory_order_seq_cst);
	is_alone = is_alone && !shadow_has_others(t, page, is_write);
	short_end(t);
	if (UNLIKELY(!is_alone))
		short_among_others(page, own, address, mask, is_write, place);
}

void shadow_report(const struct access *access, uint32_t slot, uint64_t epoch, uint64_t cell,
                   bool other_is_write)
{
	record_race(access->address, (size_t)__builtin_popcountll(access->mask), access->is_write,
	            access->is_atomic, site_node(access->t, access->place), slot, epoch, cell,
	            other_is_write);
}

static void check_slot(const struct access *access, struct arena *arena, struct page *page,
                       uint32_t slot, bool other_is_write)
{
	uint32_t granule = (uint32_t)(access->address & 4095) >> 3;
	_Atomic uint32_t *first = page_plane(arena, page, slot, other_is_write, false);
	uint32_t plane = first ? atomic_load_explicit(first, memory_order_acquire) : 0;

	for (; plane != 0; plane = arena->plane_next[plane]) {
		uint64_t cell = plane_cells(arena, plane)[granule];
		uint64_t epoch;

		if (LIKELY((cell & access->mask) == 0) ||
		    (access->is_atomic && (cell & CELL_ATOMIC)))
			continue;
		epoch = cell_epoch(arena, plane, cell);
		if (epoch > access->t->context->clock[slot])
			shadow_report(access, slot, epoch, cell, other_is_write);
	}
}

static inline void check_granule(const struct access *access)
{
	struct tlb_entry *entry = shadow_translate(access->t, access->address);
	struct page *page = entry->page;
	uint64_t mine = 1ull << access->t->slot;
	uint64_t writers;
	uint64_t readers;

	if (entry->is_quiet)
		return;
	writers = page->users[1] & ~mine;
	readers = access->is_write ? page->users[0] & ~mine : 0;
	for (; writers != 0; writers &= writers - 1)
		check_slot(access, entry->arena, page, (uint32_t)__builtin_ctzll(writers), true);
	for (; readers != 0; readers &= readers - 1)
		check_slot(access, entry->arena, page, (uint32_t)__builtin_ctzll(readers), false);
	/* Last, since a cell may be moved there from a context's own plane. */
	if (page_has_overflow(entry->arena, page, (uint32_t)(access->address & 4095) >> 3))
		overflow_check(entry->arena, page, access);
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
	struct access access = {&self, address, 0, is_write, is_atomic, place};
	size_t count;

	for (size_t done = 0; done < bytes; done += count) {
		access.address = address + done;
		access.mask = granule_mask(address + done, bytes - done, &count);
		check_granule(&access);
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
