/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/coherence.c - corr: one peer stores 1 and then 2, the other loads twice.
 * The twin is relaxed.
 *
 * Each word on its own has one order for all who look, whatever the orders of memory.
 *
 * case: coherence
 * models: threads processes
 * truth: correct free, broken free
 * tier: C
 * missing: nothing: relaxed is enough
 * outcomes: correct 00 01 02 11 12 22, broken 00 01 02 11 12 22
 * oracle: a word never goes back
 */
#include "suites/check/races/race.h"

#define ORDER in_correct(memory_order_seq_cst) in_broken(memory_order_relaxed)

static const char *const words[] = {"00", "01", "02", "10", "11", "12", "20", "21", "22"};

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
		atomic_store_explicit(&shared->rounds[i].x, 2, ORDER);
	}
}

static void right(void *memory)
{
	struct shared *shared = memory;

	for (unsigned i = 0; i < LITMUS_ROUNDS; i++) {
		race_meet(i, 2);
		shared->rounds[i].r0 = atomic_load_explicit(&shared->rounds[i].x, ORDER);
		shared->rounds[i].r1 = atomic_load_explicit(&shared->rounds[i].x, ORDER);
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	long counts[9] = {0};

	race_peers(shared, left, right);
	for (int i = 0; i < LITMUS_ROUNDS; i++)
		counts[shared->rounds[i].r0 * 3 + shared->rounds[i].r1]++;
	for (int i = 0; i < 9; i++)
		race_outcome(words[i], counts[i]);
	return race_end();
}
