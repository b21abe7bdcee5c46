/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/memory_copy.c - records copied under a mutex; the twin copies outside
 * it.
 *
 * The size is a constant, so that the compiler writes the copy out and calls nothing.
 *
 * case: memory_copy
 * models: threads processes
 * forms: memcpy memset
 * truth: correct free, broken racy
 * tier: P
 * missing: mutex
 * pairs: write/write
 * outcomes: correct whole, broken whole torn
 * forced: torn
 * oracle: all bytes of the record are one peer's
 */
#include "suites/check/races/race.h"

struct record {
	char bytes[48];
};

struct shared {
	pthread_mutex_t mutex;
	struct record record;
	_Atomic int next;
};

static void put(struct record *to, const struct record *from)
{
#if defined(OUTCOME)
	/* The processor copies piece by piece; here it is held in the middle. */
	memcpy(to, from, sizeof(*to) / 2);
	race_pause();
	memcpy(to->bytes + sizeof(*to) / 2, from->bytes + sizeof(*to) / 2, sizeof(*to) / 2);
#elif defined(FORM_MEMSET)
	(void)from;
	memset(to, 0, sizeof(*to)); /* race: write write */
#else
	memcpy(to, from, sizeof(*to)); /* race: write write */
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;
	struct record own;
	int self = 1 + atomic_fetch_add_explicit(&shared->next, 1, memory_order_relaxed);

	memset(&own, self, sizeof(own));
	for (int i = 0; i < ROUNDS; i++) {
		in_correct(must(pthread_mutex_lock(&shared->mutex) == 0));
		put(&shared->record, &own);
		in_correct(must(pthread_mutex_unlock(&shared->mutex) == 0));
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	const char *bytes = shared->record.bytes;
	bool is_whole = true;

	race_mutex_init(&shared->mutex);
	race_peers(shared, writer, writer);
	for (size_t i = 1; i < sizeof(shared->record.bytes); i++)
		is_whole = is_whole && bytes[i] == bytes[0];
	race_outcome(is_whole ? "whole" : "torn", 1);
	return race_end();
}
