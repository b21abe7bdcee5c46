/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/thread_join.c - a thread and its join; the twin reads before it joins.
 *
 * case: thread_join
 * models: threads
 * forms: join tryjoin timedjoin clockjoin
 * truth: correct free, broken racy
 * tier: P
 * missing: join
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: main sees what the thread wrote
 */
#include "suites/check/races/race.h"

struct shared {
	int given;
	int data;
	int seen;
};

static void *writer(void *memory)
{
	struct shared *shared = memory;

	shared->data = window(shared->given); /* race: write write */
	return NULL;
}

static void *bystander(void *memory)
{
	return memory;
}

static void join(pthread_t thread)
{
#if defined(FORM_TRYJOIN)
	race_until(pthread_tryjoin_np(thread, NULL) == 0);
#elif defined(FORM_TIMEDJOIN)
	struct timespec deadline = race_deadline(CLOCK_REALTIME);

	must(pthread_timedjoin_np(thread, NULL, &deadline) == 0);
#elif defined(FORM_CLOCKJOIN)
	struct timespec deadline = race_deadline(CLOCK_MONOTONIC);

	must(pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &deadline) == 0);
#else
	must(pthread_join(thread, NULL) == 0);
#endif
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	pthread_t other;
	pthread_t thread;

	/* A process of one thread has nothing to order: what follows has two. */
	must(pthread_create(&other, NULL, bystander, NULL) == 0);
	shared->given = 42;
	must(pthread_create(&thread, NULL, writer, shared) == 0);
	in_broken(shared->seen = shared->data); /* race: read read */
	in_broken(race_done());
	join(thread);
	in_correct(shared->seen = shared->data);
	must(pthread_join(other, NULL) == 0);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
