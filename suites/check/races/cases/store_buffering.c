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
#include "suites/check/races/litmus.h"

#define ORDER in_correct(memory_order_seq_cst) in_broken(memory_order_relaxed)

static void left(struct litmus_round *at)
{
	atomic_store_explicit(&at->x, 1, ORDER);
	at->r[0] = atomic_load_explicit(&at->y, ORDER);
}

static void right(struct litmus_round *at)
{
	atomic_store_explicit(&at->y, 1, ORDER);
	at->r[1] = atomic_load_explicit(&at->x, ORDER);
}

int main(int argc, char **argv)
{
	litmus_step *const steps[] = {left, right};

	return litmus_run(argc, argv, steps, 2, 2, NULL);
}
