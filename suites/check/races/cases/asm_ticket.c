/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/asm_ticket.c - a ticket lock in inline assembly that gets pointers; the
 * twin adds after giving the turn away.
 *
 * The assembly names no memory operand: that it touches what it points to is known by its
 * clobber alone. Its statements stand where a block could not, and some are no statements.
 *
 * case: asm_ticket
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

struct shared {
	int next;
	int serving;
	long count;
};

__asm__(".globl racecheck_case_mark");
extern char racecheck_case_mark __asm__("racecheck_case_mark");

static int draw(int *next)
{
	int ticket = 1;

	__asm__ volatile("lock; xaddl %0, (%1)" : "+r"(ticket) : "r"(next) : "memory");
	return ticket;
}

static int look(int *serving)
{
	int value;

	__asm__ volatile("movl (%[at]), %[value]"
	                 : [value] "=r"(value)
	                 : [at] "r"(serving)
	                 : "memory");
	return value;
}

static void lock(struct shared *shared)
{
	int ticket = draw(&shared->next);

	while (look(&shared->serving) != ticket)
		sched_yield();
}

static void unlock(struct shared *shared)
{
	if (shared->serving >= 0)
		__asm__ volatile("incl (%0)" : : "r"(&shared->serving) : "cc", "memory");
	else
		__asm__ volatile("" : : : "memory");
}

static void adder(void *memory)
{
	struct shared *shared = memory;

	for (int i = 0; i < ROUNDS; i++) {
		lock(shared);
		in_correct(shared->count = window(shared->count) + 1);
		unlock(shared);
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
