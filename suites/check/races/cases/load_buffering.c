/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/load_buffering.c - lb: each peer loads one word and stores to the other;
 * the twin is relaxed.
 *
 * C11 allows 11 for relaxed loads and stores; x86 never lets a store pass an earlier load.
 *
 * case: load_buffering
 * models: threads processes
 * truth: correct free, broken free
 * tier: C
 * missing: release and acquire
 * outcomes: correct 00 01 10, broken 00 01 10 11
 * oracle: both peers don't read 1
 */
#include "suites/check/races/race.h"

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
		shared->rounds[i].r0 = atomic_load_explicit(
			&shared->rounds[i].x,
			in_correct(memory_order_acquire) in_broken(memory_order_relaxed));
		atomic_store_explicit(&shared->rounds[i].y, 1,
		                      in_correct(memory_order_release)
		                              in_broken(memory_order_relaxed));
	}
}

static void right(void *memory)
{
	struct shared *shared = memory;

	for (unsigned i = 0; i < LITMUS_ROUNDS; i++) {
		race_meet(i, 2);
		shared->rounds[i].r1 = atomic_load_explicit(
			&shared->rounds[i].y,
			in_correct(memory_order_acquire) in_broken(memory_order_relaxed));
		atomic_store_explicit(&shared->rounds[i].x, 1,
		                      in_correct(memory_order_release)
		                              in_broken(memory_order_relaxed));
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
