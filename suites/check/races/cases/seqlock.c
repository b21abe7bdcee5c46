/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/seqlock.c - a sequence lock; the twin's data is no atomic.
 *
 * The writer makes the number odd, writes, and makes it even again; a reader that saw an even
 * number that did not change has a whole record. The data is read while it may be written, so
 * that it must be atomic; the twin's is plain. The writer begins when the reader has looked
 * once: else it might end before, and nothing would race.
 *
 * case: seqlock
 * models: threads processes
 * truth: correct free, broken racy
 * tier: C
 * missing: atomic data between fences
 * pairs: write/read
 * outcomes: correct whole, broken whole torn
 * oracle: both words of what is read belong together
 */
#include "suites/check/races/race.h"

struct shared {
	_Atomic unsigned number;
	_Atomic bool has_looked;
	long first, second;
	long torn_count;
	long whole_count;
};

#ifdef BROKEN
#define put(word, value) (*(word) = (value))
#define get(word) (*(word))
#else
#define put(word, value) __atomic_store_n((word), (value), __ATOMIC_RELAXED)
#define get(word) __atomic_load_n((word), __ATOMIC_RELAXED)
#endif

static void writer(void *memory)
{
	struct shared *shared = memory;

	race_until(atomic_load_explicit(&shared->has_looked, memory_order_relaxed));
	for (int i = 1; i <= ROUNDS; i++) {
		unsigned number = atomic_load_explicit(&shared->number, memory_order_relaxed);

		atomic_store_explicit(&shared->number, number + 1, memory_order_relaxed);
		atomic_thread_fence(memory_order_release);
		put(&shared->first, i);  /* race: write write */
		put(&shared->second, i); /* race: write write */
		atomic_store_explicit(&shared->number, number + 2, memory_order_release);
	}
}

/* Returns false when a writer came in between. */
static bool try_to_read(struct shared *shared, long *first, long *second)
{
	unsigned before = atomic_load_explicit(&shared->number, memory_order_acquire);

	*first = get(&shared->first);   /* race: read read */
	*second = get(&shared->second); /* race: read read */
	atomic_thread_fence(memory_order_acquire);
	return before % 2 == 0 &&
	       atomic_load_explicit(&shared->number, memory_order_relaxed) == before;
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	long first;
	long second;

	for (int i = 0; i < ROUNDS; i++) {
		race_until(try_to_read(shared, &first, &second));
		atomic_store_explicit(&shared->has_looked, true, memory_order_relaxed);
		if (first == second)
			shared->whole_count++;
		else
			shared->torn_count++;
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, writer, reader);
	race_outcome("whole", shared->whole_count);
	race_outcome("torn", shared->torn_count);
	return race_end();
}
