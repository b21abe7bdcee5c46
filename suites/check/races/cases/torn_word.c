/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/torn_word.c - a word of eight bytes; the twin lays it across two cache
 * lines.
 *
 * An aligned word of eight bytes is whole on x86 at each moment; one that lies across two
 * cache lines is not. One peer writes zeros and ones in turn, the other looks for a mixture.
 *
 * case: torn_word
 * models: threads processes
 * truth: correct free, broken racy
 * tier: H
 * missing: alignment and atomicity
 * pairs: write/read
 * outcomes: correct whole, broken whole torn
 * forced: torn
 * oracle: what is read was written
 */
#include "suites/check/races/race.h"

enum { REPEATS = 100 };

struct shared {
	_Alignas(64) char lines[128];
	long torn_count;
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

static void writer(void *memory)
{
	volatile word_t *word = place(memory);

	for (unsigned round = 0; round < LITMUS_ROUNDS && !race_is_over(round); round++) {
		race_meet(round, 2);
		for (int i = 0; i < REPEATS; i++)
			put(word, i % 2 == 0 ? UINT64_MAX : 0); /* race: write write */
	}
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	volatile word_t *word = place(shared);
	uint64_t seen;

	for (unsigned round = 0; round < LITMUS_ROUNDS && !race_is_over(round); round++) {
		race_meet(round, 2);
		for (int i = 0; i < REPEATS; i++) {
			seen = get(word); /* race: read read */
			if (seen != 0 && seen != UINT64_MAX)
				shared->torn_count++;
		}
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, writer, reader);
	race_outcome("whole", (long)race_rounds(LITMUS_ROUNDS) * REPEATS - shared->torn_count);
	race_outcome("torn", shared->torn_count);
	return race_end();
}
