/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/hidden.c - two writes under one lock; the twin's writes lie outside it.
 *
 * The twin's first peer writes before it takes the lock, the second one after it has given it
 * back. In the order first, second the lock happens to order the writes, so that a detector
 * that follows one run sees nothing: other schedules have to be tried.
 *
 * case: hidden
 * models: threads processes
 * truth: correct free, broken racy
 * tier: P
 * missing: lock around both writes
 * pairs: first/second
 * outcomes: correct one two, broken one two
 * schedules: 20
 * oracle: none: each order is as good
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_mutex_t mutex;
	int last;
};

static void first(void *memory)
{
	struct shared *shared = memory;

	in_broken(shared->last = 1); /* race: first write */
	must(pthread_mutex_lock(&shared->mutex) == 0);
	in_correct(shared->last = 1);
	must(pthread_mutex_unlock(&shared->mutex) == 0);
}

static void second(void *memory)
{
	struct shared *shared = memory;

	must(pthread_mutex_lock(&shared->mutex) == 0);
	in_correct(shared->last = 2);
	must(pthread_mutex_unlock(&shared->mutex) == 0);
	in_broken(shared->last = 2); /* race: second write */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_mutex_init(&shared->mutex);
	race_peers(shared, first, second);
	race_outcome(shared->last == 1 ? "one" : "two", 1);
	return race_end();
}
