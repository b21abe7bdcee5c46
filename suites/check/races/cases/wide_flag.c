/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/wide_flag.c - a flag of 16 bytes; the twin's store is relaxed.
 *
 * case: wide_flag
 * models: threads processes
 * truth: correct free, broken racy
 * tier: C
 * missing: release
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * flags: -mcx16
 * machine: cx16
 * oracle: the reader sees what the writer wrote before the flag
 */
#include "suites/check/races/race.h"

__extension__ typedef unsigned __int128 wide_t;

struct shared {
	wide_t flag;
	int data;
	int seen;
};

static void writer(void *memory)
{
	struct shared *shared = memory;

	late(shared->data, 42); /* race: write write */
	__atomic_store_n(&shared->flag, 1,
	                 in_correct(__ATOMIC_RELEASE) in_broken(__ATOMIC_RELAXED));
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	race_until(__atomic_load_n(&shared->flag, __ATOMIC_ACQUIRE) == 1);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
