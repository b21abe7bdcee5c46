/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/eventfd_count.c - an eventfd that begins with a count; the twin writes
 * the data after making it.
 *
 * case: eventfd_count
 * models: threads
 * truth: correct free, broken racy
 * tier: L
 * missing: eventfd
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it made the eventfd
 */
#include <sys/eventfd.h>

#include "suites/check/races/race.h"

struct shared {
	_Atomic int fd; /* one more than its number; 0: there is none yet */
	int data;
	int seen;
};

static void writer(void *memory)
{
	struct shared *shared = memory;
	int fd;

	in_correct(shared->data = window(42));
	fd = eventfd(1, EFD_CLOEXEC);
	must(fd >= 0);
	atomic_store_explicit(&shared->fd, fd + 1, memory_order_relaxed);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	uint64_t count;

	/* The number orders nothing; the count that is read there does. */
	race_until(atomic_load_explicit(&shared->fd, memory_order_relaxed) != 0);
	must(read(atomic_load_explicit(&shared->fd, memory_order_relaxed) - 1, &count, 8) == 8);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
