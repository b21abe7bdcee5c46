/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/fences.c - a relaxed flag between two fences; the twin has no release
 * fence.
 *
 * case: fences
 * models: threads processes
 * truth: correct free, broken racy
 * tier: C
 * missing: release fence
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before the flag
 */
#include "suites/check/races/race.h"

struct shared {
	_Atomic int flag;
	int data;
	int seen;
};

static void writer(void *memory)
{
	struct shared *shared = memory;

	late(shared->data, 42); /* race: write write */
	in_correct(atomic_thread_fence(memory_order_release));
	atomic_store_explicit(&shared->flag, 1, memory_order_relaxed);
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	race_until(atomic_load_explicit(&shared->flag, memory_order_relaxed) == 1);
	atomic_thread_fence(memory_order_acquire);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
