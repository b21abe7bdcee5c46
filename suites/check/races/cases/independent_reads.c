/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/independent_reads.c - iriw: two peers store, two more load both words in
 * opposite orders.
 *
 * 1010 says that one reader saw x first and the other one y. All x86 processors see one order.
 *
 * case: independent_reads
 * models: threads processes
 * truth: correct free, broken free
 * tier: C
 * missing: sequential consistency
 * outcomes: correct all but 1010, broken all
 * oracle: the readers agree on the order of the stores
 */
#include "suites/check/races/race.h"

#define ORDER in_correct(memory_order_seq_cst) in_broken(memory_order_relaxed)

static const char *const words[] = {"0000", "0001", "0010", "0011", "0100", "0101", "0110", "0111",
                                    "1000", "1001", "1010", "1011", "1100", "1101", "1110", "1111"};

struct shared {
	struct {
		_Alignas(64) _Atomic int x;
		_Alignas(64) _Atomic int y;
		int r0, r1, r2, r3;
	} rounds[LITMUS_ROUNDS];
};

static void left(void *memory)
{
	struct shared *shared = memory;

	for (unsigned i = 0; i < LITMUS_ROUNDS; i++) {
		race_meet(i, 4);
		atomic_store_explicit(&shared->rounds[i].x, 1, ORDER);
	}
}

static void right(void *memory)
{
	struct shared *shared = memory;

	for (unsigned i = 0; i < LITMUS_ROUNDS; i++) {
		race_meet(i, 4);
		atomic_store_explicit(&shared->rounds[i].y, 1, ORDER);
	}
}

static void first(void *memory)
{
	struct shared *shared = memory;

	for (unsigned i = 0; i < LITMUS_ROUNDS; i++) {
		race_meet(i, 4);
		shared->rounds[i].r0 = atomic_load_explicit(&shared->rounds[i].x, ORDER);
		shared->rounds[i].r1 = atomic_load_explicit(&shared->rounds[i].y, ORDER);
	}
}

static void second(void *memory)
{
	struct shared *shared = memory;

	for (unsigned i = 0; i < LITMUS_ROUNDS; i++) {
		race_meet(i, 4);
		shared->rounds[i].r2 = atomic_load_explicit(&shared->rounds[i].y, ORDER);
		shared->rounds[i].r3 = atomic_load_explicit(&shared->rounds[i].x, ORDER);
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	long counts[16] = {0};

	race_peers(shared, left, right, first, second);
	for (int i = 0; i < LITMUS_ROUNDS; i++)
		counts[((shared->rounds[i].r0 * 2 + shared->rounds[i].r1) * 2 +
		        shared->rounds[i].r2) *
		               2 +
		       shared->rounds[i].r3]++;
	for (int i = 0; i < 16; i++)
		race_outcome(words[i], counts[i]);
	return race_end();
}
