/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/torn_word.c - a word of eight bytes; the twin lays it across two cache
 * lines.
 *
 * An aligned word of eight bytes is whole on x86 at each moment; one that lies across two
 * cache lines is not. The peers write all zeros and all ones, and look for a mixture.
 *
 * case: torn_word
 * models: threads processes
 * truth: correct free, broken racy
 * tier: H
 * missing: alignment and atomicity
 * pairs: write/write, write/read
 * outcomes: correct whole, broken whole torn
 * forced: torn
 * oracle: what is read was written
 */
#include "suites/check/races/race.h"

#ifdef OUTCOME
#define REPEATS 300000
#else
#define REPEATS ROUNDS
#endif

struct shared {
	_Alignas(64) char lines[128];
	long torn_counts[2];
};

#ifdef BROKEN
typedef uint64_t __attribute__((aligned(1))) word_t;

static word_t *place(struct shared *shared)
{
	return (word_t *)(shared->lines + 60);
}

#define put(word, value) (*(word) = (value))
#define get(word) (*(word))
#else
typedef uint64_t word_t;

static word_t *place(struct shared *shared)
{
	return (word_t *)shared->lines;
}

#define put(word, value) __atomic_store_n((word), (value), __ATOMIC_RELAXED)
#define get(word) __atomic_load_n((word), __ATOMIC_RELAXED)
#endif

static void toggle(struct shared *shared, uint64_t value, long *torn_count)
{
	volatile word_t *word = place(shared);
	uint64_t seen;

	race_pause();
	for (int i = 0; i < REPEATS; i++) {
		put(word, value); /* race: write write */
		seen = get(word); /* race: read read */
		if (seen != 0 && seen != UINT64_MAX)
			++*torn_count;
	}
}

static void zeros(void *memory)
{
	struct shared *shared = memory;

	toggle(shared, 0, &shared->torn_counts[0]);
}

static void ones(void *memory)
{
	struct shared *shared = memory;

	toggle(shared, UINT64_MAX, &shared->torn_counts[1]);
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	long torn_count;

	race_peers(shared, zeros, ones);
	torn_count = shared->torn_counts[0] + shared->torn_counts[1];
	race_outcome("whole", 2L * REPEATS - torn_count);
	race_outcome("torn", torn_count);
	return race_end();
}
