/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/stack_part.c - a thread's result in an array on its creator's stack; the
 * twin reads it before the join.
 *
 * A compiler may take a part of an array for private, though the array is not.
 *
 * case: stack_part
 * models: threads
 * forms: element field
 * truth: correct free, broken racy
 * tier: P
 * missing: thread
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the creator sees what the thread did
 */
#include "suites/check/races/race.h"

struct job {
	int number;
	int result;
};

static void *work(void *memory)
{
#ifdef FORM_FIELD
	((struct job *)memory)->result = window(42); /* race: write write */
#else
	((int *)memory)[1] = window(42); /* race: write write */
#endif
	return NULL;
}

/* Creates the thread, and returns the result, which the twin reads too early. */
static int run(void)
{
	pthread_t thread;
	int seen;
#ifdef FORM_FIELD
	struct job job = {.number = 1};

	must(pthread_create(&thread, NULL, work, &job) == 0);
	in_correct(must(pthread_join(thread, NULL) == 0));
	seen = job.result; /* race: read read */
#else
	int results[4] = {0};

	must(pthread_create(&thread, NULL, work, results) == 0);
	in_correct(must(pthread_join(thread, NULL) == 0));
	seen = results[1]; /* race: read read */
#endif
	in_broken(must(pthread_join(thread, NULL) == 0));
	return seen;
}

int main(int argc, char **argv)
{
	race_begin(argc, argv, 1);
	race_outcome(run() == 42 ? "fresh" : "stale", 1);
	return race_end();
}
