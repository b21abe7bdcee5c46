/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/in_time.c - one access always comes later than the other; the twin's
 * flag does not promise it.
 *
 * That it comes later is no order: what the first peer did may not have arrived. A form has
 * the later access and the earlier one in its name.
 *
 * case: in_time
 * models: threads processes
 * forms: check_write_write check_read_write check_write_read
 * truth: correct free, broken racy
 * tier: C
 * missing: release
 * pairs: first/second
 * outcomes: correct done, broken done
 * oracle: none: the processor does as it should
 */
#include "suites/check/races/race.h"

struct shared {
	_Atomic bool is_done; /* with its access: the first peer */
	int data;
	int seen;
};

static void first(void *memory)
{
	struct shared *shared = memory;

#ifdef FORM_CHECK_WRITE_READ
	shared->seen = shared->data; /* race: first read */
#else
	shared->data = 1; /* race: first write */
#endif
	in_correct(atomic_store_explicit(&shared->is_done, true, memory_order_release));
	in_broken(atomic_store_explicit(&shared->is_done, true, memory_order_relaxed));
}

static void second(void *memory)
{
	struct shared *shared = memory;

	race_until(atomic_load_explicit(&shared->is_done, memory_order_acquire));
#ifdef FORM_CHECK_READ_WRITE
	shared->seen = shared->data; /* race: second read */
#else
	shared->data = 2; /* race: second write */
#endif
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, second, first);
	race_outcome("done", shared->is_done);
	return race_end();
}
