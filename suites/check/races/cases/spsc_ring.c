/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/spsc_ring.c - a ring for one producer and one consumer; the twin
 * publishes relaxed.
 *
 * case: spsc_ring
 * models: threads processes
 * truth: correct free, broken racy
 * tier: C
 * missing: release
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the messages arrive as they were sent, in their order
 */
#include "suites/check/races/race.h"

enum { SLOTS = 4 };

struct shared {
	_Atomic uint32_t head; /* written by the producer */
	_Atomic uint32_t tail; /* written by the consumer */
	int slots[SLOTS];
	long stale_count;
	long fresh_count;
};

static void producer(void *memory)
{
	struct shared *shared = memory;

	for (uint32_t head = 0; head < ROUNDS; head++) {
		/* Acquire: pairs with the release in consumer(). */
		race_until(head - atomic_load_explicit(&shared->tail, memory_order_acquire) <
		           SLOTS);
		late(shared->slots[head % SLOTS], (int)head + 1); /* race: write write */
		atomic_store_explicit(&shared->head, head + 1,
		                      in_correct(memory_order_release)
		                              in_broken(memory_order_relaxed));
	}
}

static void consumer(void *memory)
{
	struct shared *shared = memory;

	for (uint32_t tail = 0; tail < ROUNDS; tail++) {
		int value;

		/* Acquire: pairs with the release in producer(). */
		race_until(atomic_load_explicit(&shared->head, memory_order_acquire) != tail);
		value = shared->slots[tail % SLOTS]; /* race: read read */
		if (value == (int)tail + 1)
			shared->fresh_count++;
		else
			shared->stale_count++;
		atomic_store_explicit(&shared->tail, tail + 1, memory_order_release);
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, producer, consumer);
	race_outcome("fresh", shared->fresh_count);
	race_outcome("stale", shared->stale_count);
	return race_end();
}
