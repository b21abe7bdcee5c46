/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/half_atomic.c - a word that is written atomically; the twin reads it
 * plainly.
 *
 * One atomic access of two is not enough: a compiler may tear or invent the other.
 *
 * case: half_atomic
 * models: threads processes
 * forms: store rmw
 * truth: correct free, broken racy
 * tier: C
 * missing: atomic read
 * pairs: write/read
 * outcomes: correct old new, broken old new
 * oracle: none: the processor does as it should
 */
#include "suites/check/races/race.h"

struct shared {
	int word;
	int seen;
};

static void writer(void *memory)
{
	struct shared *shared = memory;

#ifdef FORM_RMW
	__atomic_fetch_add(&shared->word, 42, __ATOMIC_RELAXED); /* race: write update */
#else
	__atomic_store_n(&shared->word, 42, __ATOMIC_RELAXED); /* race: write write */
#endif
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->seen = __atomic_load_n(&shared->word, __ATOMIC_RELAXED));
	in_broken(shared->seen = shared->word); /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "new" : "old", 1);
	return race_end();
}
