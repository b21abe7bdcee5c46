/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/two_writes.c - 2+2w: each peer stores to both words, in opposite orders.
 * The twin is relaxed.
 *
 * The outcome is what the words hold at the end, x first. x86 keeps stores in order.
 *
 * case: two_writes
 * models: threads processes
 * truth: correct free, broken free
 * tier: C
 * missing: sequential consistency
 * outcomes: correct 12 21 22, broken 11 12 21 22
 * oracle: not both first stores are last
 */
#include "suites/check/races/race.h"

#define ORDER in_correct(memory_order_seq_cst) in_broken(memory_order_relaxed)

static const char *const words[] = {"00", "01", "02", "10", "11", "12", "20", "21", "22"};

struct shared {
	struct {
		_Alignas(64) _Atomic int x;
		_Alignas(64) _Atomic int y;
	} rounds[LITMUS_ROUNDS];
};

static void left(void *memory)
{
	struct shared *shared = memory;

	for (unsigned i = 0; i < LITMUS_ROUNDS; i++) {
		race_meet(i, 2);
		atomic_store_explicit(&shared->rounds[i].x, 1, ORDER);
		atomic_store_explicit(&shared->rounds[i].y, 2, ORDER);
	}
}

static void right(void *memory)
{
	struct shared *shared = memory;

	for (unsigned i = 0; i < LITMUS_ROUNDS; i++) {
		race_meet(i, 2);
		atomic_store_explicit(&shared->rounds[i].y, 1, ORDER);
		atomic_store_explicit(&shared->rounds[i].x, 2, ORDER);
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	long counts[9] = {0};

	race_peers(shared, left, right);
	for (int i = 0; i < LITMUS_ROUNDS; i++)
		counts[shared->rounds[i].x * 3 + shared->rounds[i].y]++;
	for (int i = 0; i < 9; i++)
		race_outcome(words[i], counts[i]);
	return race_end();
}
