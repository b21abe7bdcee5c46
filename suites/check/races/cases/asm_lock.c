/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/asm_lock.c - a lock in inline assembly; the twin adds after unlocking
 * it.
 *
 * No compiler and no library sees this lock. Detectors that follow synchronisation report
 * the correct twin, but for racecheck, which wraps the assembly; watchpoints see that nobody
 * touches the count meanwhile.
 *
 * case: asm_lock
 * models: threads processes
 * truth: correct free, broken racy
 * tier: H
 * missing: lock
 * machine: x86
 * pairs: add/add
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * engine: watchpoints
 * oracle: the count holds every addition
 */
#include "suites/check/races/race.h"

struct shared {
	int word;
	long count;
};

static void lock(int *word)
{
	int old;

	do {
		old = 1;
		__asm__ volatile("xchgl %0, %1" : "+r"(old), "+m"(*word) : : "memory");
		if (old != 0)
			sched_yield();
	} while (old != 0);
}

static void unlock(int *word)
{
	__asm__ volatile("movl $0, %0" : "=m"(*word) : : "memory");
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
