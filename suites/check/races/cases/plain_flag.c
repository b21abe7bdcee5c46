/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/plain_flag.c - publication by an atomic flag; the twin's flag is a plain
 * word.
 *
 * The twin's flag is a plain word. Compilers may keep it in a register or move it before
 * the data; the call in the loop keeps them from it here, so that nothing is seen to go wrong.
 *
 * case: plain_flag
 * models: threads processes
 * truth: correct free, broken racy
 * tier: C
 * missing: release and acquire
 * pairs: write/read, raise/look
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before the flag
 */
#include "suites/check/races/race.h"

struct shared {
	in_correct(_Atomic) int flag;
	int data;
	int seen;
};

static void writer(void *memory)
{
	struct shared *shared = memory;

	late(shared->data, 42); /* race: write write */
	shared->flag = 1;       /* race: raise write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	race_until(shared->flag == 1); /* race: look read */
	shared->seen = shared->data;   /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
