/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/c11_thread.c - a thread of C11 and its join; the twin reads before it
 * joins.
 *
 * case: c11_thread
 * models: threads
 * truth: correct free, broken racy
 * tier: C
 * missing: join
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: main sees what the thread wrote
 */
#include <threads.h>

#include "suites/check/races/race.h"

struct shared {
	int given;
	int data;
	int seen;
};

static int writer(void *memory)
{
	struct shared *shared = memory;

	shared->data = window(shared->given); /* race: write write */
	return 0;
}

static int bystander(void *memory)
{
	(void)memory;
	return 0;
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	thrd_t other;
	thrd_t thread;

	/* A process of one thread has nothing to order: what follows has two. */
	must(thrd_create(&other, bystander, NULL) == thrd_success);
	shared->given = 42;
	must(thrd_create(&thread, writer, shared) == thrd_success);
	in_broken(shared->seen = shared->data); /* race: read read */
	in_broken(race_done());
	must(thrd_join(thread, NULL) == thrd_success);
	in_correct(shared->seen = shared->data);
	must(thrd_join(other, NULL) == thrd_success);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
