/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/acquire_release.c - a flag with release and acquire; the twin's store is
 * relaxed.
 *
 * x86 keeps stores in order, so that the twin's stale reading needs other hardware, or
 * another compiler: only the model of the language condemns it.
 *
 * case: acquire_release
 * models: threads processes
 * forms: flag seq_cst fetch_add exchange compare sync narrow
 * truth: correct free, broken racy
 * tier: C
 * missing: release
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before the flag
 */
#include "suites/check/races/race.h"

#ifdef FORM_NARROW
typedef uint8_t flag_t;
#else
typedef uint32_t flag_t;
#endif

#ifdef FORM_SEQ_CST
#define LOAD_ORDER __ATOMIC_SEQ_CST
#define STORE_ORDER in_correct(__ATOMIC_SEQ_CST) in_broken(__ATOMIC_RELAXED)
#else
#define LOAD_ORDER __ATOMIC_ACQUIRE
#define STORE_ORDER in_correct(__ATOMIC_RELEASE) in_broken(__ATOMIC_RELAXED)
#endif

struct shared {
	flag_t flag;
	int data;
	int seen;
};

static void raise_flag(flag_t *flag)
{
#if defined(FORM_FETCH_ADD)
	__atomic_fetch_add(flag, 1, STORE_ORDER);
#elif defined(FORM_EXCHANGE)
	__atomic_exchange_n(flag, 1, STORE_ORDER);
#elif defined(FORM_COMPARE)
	flag_t expected = 0;

	__atomic_compare_exchange_n(flag, &expected, 1, false, STORE_ORDER, __ATOMIC_RELAXED);
#elif defined(FORM_SYNC)
	in_correct(__sync_lock_test_and_set(flag, 0); __sync_fetch_and_add(flag, 1));
	in_broken(__atomic_fetch_add(flag, 1, __ATOMIC_RELAXED));
#else
	__atomic_store_n(flag, 1, STORE_ORDER);
#endif
}

static bool is_raised(flag_t *flag)
{
#if defined(FORM_COMPARE)
	flag_t expected = 1;

	return __atomic_compare_exchange_n(flag, &expected, 1, false, LOAD_ORDER, __ATOMIC_RELAXED);
#elif defined(FORM_SYNC)
	return __sync_fetch_and_add(flag, 0) == 1;
#else
	return __atomic_load_n(flag, LOAD_ORDER) == 1;
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	late(shared->data, 42); /* race: write write */
	raise_flag(&shared->flag);
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	race_until(is_raised(&shared->flag));
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
