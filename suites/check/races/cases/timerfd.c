/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/timerfd.c - a timer that is set and then expires; the twin writes the
 * data after setting it.
 *
 * case: timerfd
 * models: threads processes
 * truth: correct free, broken racy
 * tier: L
 * missing: timer
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <sys/timerfd.h>

#include "suites/check/races/race.h"

struct shared {
	int fd;
	int data;
	int seen;
};

static const struct itimerspec soon = {.it_value = {.tv_nsec = 1}};

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	must(timerfd_settime(shared->fd, 0, &soon, NULL) == 0);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	uint64_t count;

	must(read(shared->fd, &count, 8) == 8);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	shared->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	must(shared->fd >= 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
