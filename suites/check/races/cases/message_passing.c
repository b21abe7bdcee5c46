/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/message_passing.c - mp: data, then a flag; read flag, then data. The
 * twin is relaxed.
 *
 * x86 keeps stores in order and loads in order, so that 10 needs other hardware or a compiler.
 *
 * case: message_passing
 * models: threads processes
 * truth: correct free, broken free
 * tier: C
 * missing: release and acquire
 * outcomes: correct 00 01 11, broken 00 01 10 11
 * oracle: who reads the flag reads the data
 */
#include "suites/check/races/litmus.h"

#define STORE_ORDER in_correct(memory_order_release) in_broken(memory_order_relaxed)
#define LOAD_ORDER in_correct(memory_order_acquire) in_broken(memory_order_relaxed)

static void left(struct litmus_round *at)
{
	atomic_store_explicit(&at->x, 1, memory_order_relaxed);
	atomic_store_explicit(&at->y, 1, STORE_ORDER);
}

static void right(struct litmus_round *at)
{
	at->r[0] = atomic_load_explicit(&at->y, LOAD_ORDER);
	at->r[1] = atomic_load_explicit(&at->x, memory_order_relaxed);
}

int main(int argc, char **argv)
{
	litmus_step *const steps[] = {left, right};

	return litmus_run(argc, argv, steps, 2, 2, NULL);
}
