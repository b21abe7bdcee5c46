/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/lost_update.c - adding to a counter; the twin adds in two steps.
 *
 * case: lost_update
 * models: threads processes
 * truth: correct free, broken racy
 * tier: C
 * missing: atomic addition
 * pairs: add/add
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * oracle: the count holds every addition
 */
#include "suites/check/races/race.h"

struct shared {
	long count;
};

/* A call of its own: gcc gives what is left of the loop the line of its head. */
static __attribute__((noinline)) void add_one(long *count)
{
	in_correct(__atomic_fetch_add(count, window(1), __ATOMIC_RELAXED));
	in_broken(*count = window(*count) + 1); /* race: add update */
}

static void adder(void *memory)
{
	struct shared *shared = memory;

	for (int i = 0; i < ROUNDS; i++)
		add_one(&shared->count);
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, adder, adder);
	race_outcome("kept", shared->count);
	race_outcome("lost", 2 * ROUNDS - shared->count);
	return race_end();
}
