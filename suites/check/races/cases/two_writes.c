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
#include "suites/check/races/litmus.h"

#define ORDER in_correct(memory_order_seq_cst) in_broken(memory_order_relaxed)

static void left(struct litmus_round *at)
{
	atomic_store_explicit(&at->x, 1, ORDER);
	atomic_store_explicit(&at->y, 2, ORDER);
}

static void right(struct litmus_round *at)
{
	atomic_store_explicit(&at->y, 1, ORDER);
	atomic_store_explicit(&at->x, 2, ORDER);
}

static void look(struct litmus_round *at)
{
	at->r[0] = at->x;
	at->r[1] = at->y;
}

int main(int argc, char **argv)
{
	litmus_step *const steps[] = {left, right};

	return litmus_run(argc, argv, steps, 2, 2, look);
}
