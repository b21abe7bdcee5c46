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
#include "suites/check/races/litmus.h"

#define ORDER in_correct(memory_order_seq_cst) in_broken(memory_order_relaxed)

static void left(struct litmus_round *at)
{
	atomic_store_explicit(&at->x, 1, ORDER);
	atomic_store_explicit(&at->x, 2, ORDER);
}

static void right(struct litmus_round *at)
{
	at->r[0] = atomic_load_explicit(&at->x, ORDER);
	at->r[1] = atomic_load_explicit(&at->x, ORDER);
}

int main(int argc, char **argv)
{
	litmus_step *const steps[] = {left, right};

	return litmus_run(argc, argv, steps, 2, 2, NULL);
}
