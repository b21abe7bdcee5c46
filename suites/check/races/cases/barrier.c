/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/barrier.c - a barrier; the twin writes after it.
 *
 * case: barrier
 * models: threads processes
 * truth: correct free, broken racy
 * tier: P
 * missing: barrier
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_barrier_t barrier;
	int data;
	int seen;
};

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	pthread_barrier_wait(&shared->barrier);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	pthread_barrier_wait(&shared->barrier);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	pthread_barrierattr_t attributes;

	must(pthread_barrierattr_init(&attributes) == 0);
	must(pthread_barrierattr_setpshared(&attributes, race_pshared()) == 0);
	must(pthread_barrier_init(&shared->barrier, &attributes, 2) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
