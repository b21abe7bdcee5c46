/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/double_fetch.c - a length that is fetched once; the twin fetches it
 * twice.
 *
 * The length lies in memory that the other peer may write. The twin fetches it once for the
 * check and once more for the use.
 *
 * case: double_fetch
 * models: threads processes
 * truth: correct free, broken free
 * tier: C
 * missing: one fetch into a private copy
 * outcomes: correct inside, broken inside outside
 * forced: outside
 * oracle: the length that is used was checked
 */
#include "suites/check/races/race.h"

enum { BYTES_MAX = 64 };

struct shared {
	_Atomic uint32_t bytes;
	bool is_outside;
};

static void user(void *memory)
{
	struct shared *shared = memory;
	uint32_t bytes = atomic_load_explicit(&shared->bytes, memory_order_relaxed);

	if (bytes > BYTES_MAX)
		return;
	race_pause();
	in_broken(bytes = atomic_load_explicit(&shared->bytes, memory_order_relaxed));
	shared->is_outside = bytes > BYTES_MAX;
}

static void liar(void *memory)
{
	struct shared *shared = memory;

	race_await_window();
	atomic_store_explicit(&shared->bytes, 1000, memory_order_relaxed);
	race_close_window();
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	atomic_store(&shared->bytes, 8);
	race_peers(shared, user, liar);
	race_outcome(shared->is_outside ? "outside" : "inside", 1);
	return race_end();
}
