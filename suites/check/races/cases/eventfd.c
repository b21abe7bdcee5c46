/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/eventfd.c - an eventfd; the twin writes the data after the count.
 *
 * case: eventfd
 * models: threads processes
 * forms: read eventfd_read
 * truth: correct free, broken racy
 * tier: L
 * missing: eventfd
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <sys/eventfd.h>

#include "suites/check/races/race.h"

struct shared {
	int fd;
	int data;
	int seen;
};

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
#ifdef FORM_EVENTFD_READ
	must(eventfd_write(shared->fd, 1) == 0);
#else
	must(write(shared->fd, &(uint64_t){1}, 8) == 8);
#endif
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	uint64_t count;

#ifdef FORM_EVENTFD_READ
	must(eventfd_read(shared->fd, &count) == 0);
#else
	must(read(shared->fd, &count, 8) == 8);
#endif
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	shared->fd = eventfd(0, EFD_CLOEXEC);
	must(shared->fd >= 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
