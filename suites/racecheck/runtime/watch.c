/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/watch.c - the second engine: watchpoints by sampling.
 *
 * One plain access in some thousands is stalled for a while with its bytes
 * written into a slot that all contexts look at. An access that meets a slot,
 * or a value that changed meanwhile, is a race, whatever the program uses to
 * synchronise: this engine knows no edges, so it has no false alarm by a
 * lock it does not know, but it sees only what collides.
 */
#include "suites/racecheck/runtime/runtime.h"

#include <string.h>
#include <time.h>

/* A position that is the same in all processes; private memory by process. */
static uint64_t position(uintptr_t address)
{
	struct tlb_entry *entry = shadow_translate(&self, address);
	uint64_t offset = address & 4095;

	if (entry->page->region != 0)
		return 1 + (1ull << 62 | (uint64_t)entry->page->region << 44 |
		            (uint64_t)entry->page->index << 12 | offset);
	return 1 + ((uint64_t)(self.context->pid & 0x3fff) << 47 | address);
}

static uint64_t value_of(uintptr_t address, size_t bytes)
{
	uint64_t value = 0;

	memcpy(&value, (const void *)address, bytes > 8 ? 8 : bytes);
	return value;
}

static void side_of(struct side *side, uint32_t slot, uint32_t node, bool is_write, size_t bytes)
{
	record_side(side, slot, session->context[slot].clock[slot], node,
	            is_write ? SIDE_IS_WRITE : 0, (uint32_t)bytes);
}

/* Is somebody stalled on these bytes? */
static void look(uintptr_t address, uint64_t at, size_t bytes, bool is_write, bool is_atomic,
                 uintptr_t place)
{
	for (uint32_t i = 0; i < WATCH_MAX; i++) {
		struct watch *watch = &session->watch[i];
		uint64_t where = watch->where;
		struct side later;
		struct side earlier;

		if (where < 2 || where >= at + bytes || at >= where + watch->bytes ||
		    watch->context == self.slot || !(is_write || watch->is_write))
			continue;
		/* Changed by the stalled access's own partner; it need not look. */
		atomic_store(&watch->hit, 1);
		side_of(&later, self.slot, site_node(&self, place), is_write, bytes);
		if (is_atomic)
			later.flags |= SIDE_IS_ATOMIC;
		side_of(&earlier, watch->context, watch->node, watch->is_write, watch->bytes);
		record_watch(address, &later, &earlier, 0);
	}
}

static struct watch *watch_take(uint64_t at, size_t bytes, bool is_write, uint32_t node)
{
	for (uint32_t i = 0; i < WATCH_MAX; i++) {
		struct watch *watch = &session->watch[i];
		uint64_t none = 0;

		if (watch->where == 0 && atomic_compare_exchange_strong(&watch->where, &none, 1)) {
			watch->bytes = (uint32_t)bytes;
			watch->is_write = is_write;
			watch->context = self.slot;
			watch->node = node;
			watch->hit = 0;
			atomic_store(&watch->where, at);
			return watch;
		}
	}
	return NULL;
}

static void stall(uintptr_t address, uint64_t at, size_t bytes, bool is_write, uintptr_t place)
{
	struct timespec pause = {.tv_nsec = (long)session->watch_us * 1000};
	uint32_t node = site_node(&self, place);
	uint64_t before = value_of(address, bytes);
	struct watch *watch = watch_take(at, bytes, is_write, node);
	struct side later;
	struct side earlier;

	if (!watch)
		return;
	sys_call2(SYS_nanosleep, &pause, 0);
	if (before != value_of(address, bytes) && !watch->hit) {
		/* Written by the kernel, or by code that is not checked. */
		side_of(&earlier, self.slot, node, is_write, bytes);
		later = (struct side){
			.flags = SIDE_IS_WRITE | SIDE_IS_KERNEL,
			.bytes = (uint32_t)bytes,
			.occupant = earlier.occupant,
		};
		record_watch(address, &later, &earlier, REPORT_VALUE_CHANGED);
	}
	atomic_store(&watch->where, 0);
}

void watch_access(uintptr_t address, size_t bytes, bool is_write, bool is_atomic, uintptr_t place)
{
	struct thread *t = &self;
	uint64_t at;

	t->busy++;
	if (shadow_translate(t, address)->is_quiet) {
		t->busy--;
		return;
	}
	at = position(address);
	look(address, at, bytes, is_write, is_atomic, place);
	if (!is_atomic && bytes <= 64) {
		if (t->watch_skip > 0) {
			t->watch_skip--;
		} else {
			t->random = t->random * 1664525u + 1013904223u;
			t->watch_skip = session->watch_every / 2 +
			                (t->random >> 8) % (session->watch_every + 1);
			stall(address, at, bytes, is_write, place);
		}
	}
	t->busy--;
	runtime_leave();
}
