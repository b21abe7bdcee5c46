/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/aba.c - a free list with a tagged head; the twin's head has no tag.
 *
 * A list of free elements: its head is an index that is exchanged. One peer reads head and
 * next, and is held; the other takes two elements and gives the first one back. The head is
 * what it was, the list is not. All words are atomic: this is no data race.
 *
 * case: aba
 * models: threads processes
 * truth: correct free, broken free
 * tier: C
 * missing: a tag beside the index
 * outcomes: correct whole, broken whole twice
 * forced: twice
 * oracle: no element is handed out twice
 */
#include "suites/check/races/race.h"

enum { ELEMENTS = 4, NONE = 0xff };

struct shared {
	_Atomic uint64_t head; /* a tag above, an index in the lowest byte */
	_Atomic uint8_t next[ELEMENTS];
	_Atomic int owner_counts[ELEMENTS];
	_Atomic int twice_count;
};

static void hold(struct shared *shared, uint8_t index)
{
	if (index != NONE && atomic_fetch_add(&shared->owner_counts[index], 1) > 0)
		atomic_fetch_add(&shared->twice_count, 1);
}

static bool exchange(struct shared *shared, uint64_t *head, uint8_t index)
{
	uint64_t tag = in_correct((*head >> 8) + 1) in_broken(0);

	return atomic_compare_exchange_strong(&shared->head, head, tag << 8 | index);
}

static uint8_t take(struct shared *shared, bool is_slow)
{
	uint64_t head = atomic_load(&shared->head);
	uint8_t next;

	do {
		if ((uint8_t)head == NONE)
			return NONE;
		next = atomic_load(&shared->next[(uint8_t)head]);
		if (is_slow)
			race_pause();
	} while (!exchange(shared, &head, next));
	return (uint8_t)head;
}

static void give(struct shared *shared, uint8_t index)
{
	uint64_t head = atomic_load(&shared->head);

	do
		atomic_store(&shared->next[index], (uint8_t)head);
	while (!exchange(shared, &head, index));
}

static void slow(void *memory)
{
	struct shared *shared = memory;

	hold(shared, take(shared, true));
	hold(shared, take(shared, false));
}

static void quick(void *memory)
{
	struct shared *shared = memory;
	uint8_t first;

	race_await_window();
	first = take(shared, false);
	hold(shared, take(shared, false));
	if (first != NONE)
		give(shared, first);
	race_close_window();
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	for (uint8_t i = 0; i < ELEMENTS; i++)
		atomic_store(&shared->next[i], i + 1 < ELEMENTS ? i + 1 : NONE);
	race_peers(shared, slow, quick);
	race_outcome(shared->twice_count > 0 ? "twice" : "whole", 1);
	return race_end();
}
