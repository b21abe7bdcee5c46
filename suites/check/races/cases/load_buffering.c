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
#include "suites/check/races/litmus.h"

#define STORE_ORDER in_correct(memory_order_release) in_broken(memory_order_relaxed)
#define LOAD_ORDER in_correct(memory_order_acquire) in_broken(memory_order_relaxed)

static void left(struct litmus_round *at)
{
	at->r[0] = atomic_load_explicit(&at->x, LOAD_ORDER);
	atomic_store_explicit(&at->y, 1, STORE_ORDER);
}

static void right(struct litmus_round *at)
{
	at->r[1] = atomic_load_explicit(&at->y, LOAD_ORDER);
	atomic_store_explicit(&at->x, 1, STORE_ORDER);
}

int main(int argc, char **argv)
{
	litmus_step *const steps[] = {left, right};

	return litmus_run(argc, argv, steps, 2, 2, NULL);
}
