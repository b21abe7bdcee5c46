/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/membarrier.c - membarrier() in the reader stands for the writer's
 * fence, too; the twin's reader does not call it.
 *
 * The writer keeps its stores in order for the compiler only; the reader makes every processor
 * that runs one of the registered processes pass a barrier.
 *
 * case: membarrier
 * models: threads processes
 * truth: correct free, broken racy
 * tier: L
 * missing: barrier
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before the flag
 */
#include <linux/membarrier.h>
#include <sys/syscall.h>

#include "suites/check/races/race.h"

struct shared {
	_Atomic int flag;
	int data;
	int seen;
};

static int membarrier(int command)
{
	return (int)syscall(SYS_membarrier, command, 0, 0);
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	late(shared->data, 42); /* race: write write */
	atomic_signal_fence(memory_order_release);
	atomic_store_explicit(&shared->flag, 1, memory_order_relaxed);
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	race_until(atomic_load_explicit(&shared->flag, memory_order_relaxed) == 1);
	in_correct(must(membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED) == 0));
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	must_have("membarrier()", membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
