/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/record.c - writes a race into the session.
 *
 * Only numbers are written here; the launcher finds names and lines for them
 * after the run. A pair of places is reported once.
 */
#include "suites/racecheck/runtime/runtime.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

static uint64_t side_key(uint32_t node, bool is_write)
{
	uint64_t place = node != 0 ? session->node[node - 1].place : 0;

	return (place << 1 | is_write) * 0x9e3779b97f4a7c15ull;
}

/* Is this pair of places new? Both orders of it are one pair. */
static bool pair_is_new(uint64_t one, uint64_t other)
{
	uint64_t key = (one < other ? one ^ other * 31 : other ^ one * 31) | 1;
	uint64_t count = sizeof(session->pairs) / sizeof(session->pairs[0]);

	for (uint64_t i = 0; i < count; i++) {
		_Atomic uint64_t *slot = &session->pairs[(key + i) % count];
		uint64_t found = 0;

		if (atomic_compare_exchange_strong(slot, &found, key))
			return true;
		if (found == key)
			return false;
	}
	return false;
}

/* Who used the slot at that epoch: the latest that began no later. */
static uint32_t occupant_find(uint32_t slot, uint64_t epoch)
{
	uint32_t count = session->occupant_count;

	if (count > OCCUPANT_MAX)
		count = OCCUPANT_MAX;
	for (uint32_t i = count; i > 0; i--) {
		if (session->occupant[i - 1].slot == slot &&
		    session->occupant[i - 1].first_epoch <= epoch)
			return i - 1;
	}
	return 0;
}

void record_side(struct side *side, uint32_t slot, uint64_t epoch, uint32_t node, uint32_t flags,
                 uint32_t bytes)
{
	struct context *context = &session->context[slot];
	uint64_t count = atomic_load(&context->log_count);

	*side = (struct side){
		.occupant = occupant_find(slot, epoch),
		.node = node,
		.flags = flags,
		.bytes = bytes,
		.epoch = epoch,
	};
	for (uint64_t i = count; i > 0 && i + SYNC_LOG > count; i--) {
		struct sync_event event = context->log[(i - 1) % SYNC_LOG];

		if (event.epoch <= epoch) {
			if (event.epoch >= session->occupant[side->occupant].first_epoch)
				side->last = event;
			return;
		}
	}
}

static struct report *report_add(void)
{
	uint32_t index = atomic_fetch_add(&session->report_count, 1);

	if (index < REPORT_MAX)
		return &session->report[index];
	atomic_store(&session->report_count, REPORT_MAX);
	atomic_fetch_add(&session->reports_lost, 1);
	return NULL;
}

/* Says what private memory an address is part of. */
static void name_private(uintptr_t address, char *name, size_t bytes)
{
	struct dl_find_object found;
	const char *path;

	if (_dl_find_object((void *)address, &found) != 0) {
		snprintf(name, bytes, "heap or stack");
		return;
	}
	path = found.dlfo_link_map->l_name;
	snprintf(name, bytes, "global 0x%llx of %.40s",
	         (unsigned long long)(address - found.dlfo_link_map->l_addr),
	         path[0] != '\0' ? path : "the program");
}

static void report_fill(struct report *report, uintptr_t address)
{
	map_where(address, &report->region, &report->offset);
	report->pid = session->context[self.slot].pid;
	if (report->region == 0)
		name_private(address, report->symbol, sizeof(report->symbol));
	atomic_store_explicit(&report->is_ready, 1, memory_order_release);
}

void record_race(uintptr_t address, size_t bytes, bool is_write, bool is_atomic, uint32_t node,
                 uint32_t slot, uint64_t epoch, uint64_t cell, bool other_is_write)
{
	uint32_t other_node = (uint32_t)(cell >> CELL_SITE_SHIFT);
	bool other_is_atomic = (cell & CELL_ATOMIC) != 0;
	struct report *report;

	if (is_write && other_is_write && edge_is_off(EDGE_check_write_write))
		return;
	if (is_write && !other_is_write && edge_is_off(EDGE_check_write_read))
		return;
	if (!is_write && edge_is_off(EDGE_check_read_write))
		return;
	if (is_atomic != other_is_atomic && edge_is_off(EDGE_check_plain_atomic))
		return;
	if (!pair_is_new(side_key(node, is_write), side_key(other_node, other_is_write)))
		return;
	report = report_add();
	if (!report)
		return;
	record_side(&report->later, self.slot, self.epoch, node,
	            (is_write ? SIDE_IS_WRITE : 0) | (is_atomic ? SIDE_IS_ATOMIC : 0),
	            (uint32_t)bytes);
	record_side(&report->earlier, slot, epoch, other_node,
	            (other_is_write ? SIDE_IS_WRITE : 0) | (other_is_atomic ? SIDE_IS_ATOMIC : 0),
	            (uint32_t)__builtin_popcountll(cell & CELL_MASK));
	report_fill(report, address);
}

void record_watch(uintptr_t address, const struct side *later, const struct side *earlier,
                  uint32_t flags)
{
	struct report *report;

	if (!pair_is_new(side_key(later->node, later->flags & SIDE_IS_WRITE),
	                 side_key(earlier->node, earlier->flags & SIDE_IS_WRITE)))
		return;
	report = report_add();
	if (!report)
		return;
	report->flags = REPORT_WATCH | flags;
	report->later = *later;
	report->earlier = *earlier;
	report_fill(report, address);
}
