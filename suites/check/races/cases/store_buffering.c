/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/store_buffering.c - sb: each peer stores to one word and loads the
 * other; the twin is relaxed.
 *
 * A store may wait in the processor's buffer while the load after it is served: x86 does this.
 *
 * case: store_buffering
 * models: threads processes
 * truth: correct free, broken free
 * tier: C
 * missing: sequential consistency
 * outcomes: correct 01 10 11, broken 00 01 10 11
 * forced: 00
 * oracle: both peers don't read 0
 */
#include "suites/check/races/race.h"

#define ORDER in_correct(memory_order_seq_cst) in_broken(memory_order_relaxed)

static const char *const words[] = {"00", "01", "10", "11"};

struct shared {
	struct {
		_Alignas(64) _Atomic int x;
		_Alignas(64) _Atomic int y;
		int r0, r1;
	} rounds[LITMUS_ROUNDS];
};

static void left(void *memory)
{
	struct shared *shared = memory;

	for (unsigned i = 0; i < LITMUS_ROUNDS; i++) {
		race_meet(i, 2);
		atomic_store_explicit(&shared->rounds[i].x, 1, ORDER);
		shared->rounds[i].r0 = atomic_load_explicit(&shared->rounds[i].y, ORDER);
	}
}

static void right(void *memory)
{
	struct shared *shared = memory;

	for (unsigned i = 0; i < LITMUS_ROUNDS; i++) {
		race_meet(i, 2);
		atomic_store_explicit(&shared->rounds[i].y, 1, ORDER);
		shared->rounds[i].r1 = atomic_load_explicit(&shared->rounds[i].x, ORDER);
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	long counts[4] = {0};

	race_peers(shared, left, right);
	for (int i = 0; i < LITMUS_ROUNDS; i++)
		counts[shared->rounds[i].r0 * 2 + shared->rounds[i].r1]++;
	for (int i = 0; i < 4; i++)
		race_outcome(words[i], counts[i]);
	return race_end();
}
