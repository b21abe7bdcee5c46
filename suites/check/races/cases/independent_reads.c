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
#include "suites/check/races/litmus.h"

#define ORDER in_correct(memory_order_seq_cst) in_broken(memory_order_relaxed)

static void left(struct litmus_round *at)
{
	atomic_store_explicit(&at->x, 1, ORDER);
}

static void right(struct litmus_round *at)
{
	atomic_store_explicit(&at->y, 1, ORDER);
}

static void first(struct litmus_round *at)
{
	at->r[0] = atomic_load_explicit(&at->x, ORDER);
	at->r[1] = atomic_load_explicit(&at->y, ORDER);
}

static void second(struct litmus_round *at)
{
	at->r[2] = atomic_load_explicit(&at->y, ORDER);
	at->r[3] = atomic_load_explicit(&at->x, ORDER);
}

int main(int argc, char **argv)
{
	litmus_step *const steps[] = {left, right, first, second};

	return litmus_run(argc, argv, steps, 4, 4, NULL);
}
