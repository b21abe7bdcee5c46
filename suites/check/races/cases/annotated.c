/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/annotated.c - a lock in inline assembly that is annotated; the twin
 * adds after unlocking it.
 *
 * The assembly gets the lock's address as a number, so that nobody can tell what it touches:
 * racecheck.h tells of the order.
 *
 * case: annotated
 * models: threads processes
 * truth: correct free, broken racy
 * tier: H
 * missing: lock
 * machine: x86
 * pairs: add/add
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * oracle: the count holds every addition
 */
#include "suites/check/races/race.h"
#include "suites/racecheck/racecheck.h"

struct shared {
	int word;
	long count;
};

static void lock(int *word)
{
	int old;

	do {
		old = 1;
		__asm__ volatile("xchgl %0, (%1)" : "+r"(old) : "r"((uintptr_t)word) : "memory");
		if (old != 0)
			sched_yield();
	} while (old != 0);
	RACECHECK_ACQUIRE(word);
}

static void unlock(int *word)
{
	RACECHECK_RELEASE(word);
	__asm__ volatile("movl $0, (%0)" : : "r"((uintptr_t)word) : "memory");
}

static void adder(void *memory)
{
	struct shared *shared = memory;

	for (int i = 0; i < ROUNDS; i++) {
		lock(&shared->word);
		in_correct(shared->count = window(shared->count) + 1);
		unlock(&shared->word);
		in_broken(shared->count = window(shared->count) + 1); /* race: add update */
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, adder, adder);
	race_outcome("kept", shared->count);
	race_outcome("lost", 2 * ROUNDS - shared->count);
	return race_end();
}
