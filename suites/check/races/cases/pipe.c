/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/pipe.c - a pipe; the twin writes the data after the byte.
 *
 * case: pipe
 * models: threads processes
 * forms: read readv splice
 * truth: correct free, broken racy
 * tier: L
 * missing: pipe
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <fcntl.h>
#include <sys/uio.h>

#include "suites/check/races/race.h"

struct shared {
	int ends[2];
	int data;
	int seen;
};

static void put(int fd)
{
	char byte = 1;

#if defined(FORM_READV)
	must(writev(fd, &(struct iovec){&byte, 1}, 1) == 1);
#elif defined(FORM_SPLICE)
	must(vmsplice(fd, &(struct iovec){&byte, 1}, 1, 0) == 1);
#else
	must(write(fd, &byte, 1) == 1);
#endif
}

static void get(int fd)
{
	char byte;

#if defined(FORM_READV)
	must(readv(fd, &(struct iovec){&byte, 1}, 1) == 1);
#elif defined(FORM_SPLICE)
	int other[2];

	/* The byte moves to another pipe, unread. */
	must(pipe(other) == 0);
	must(splice(fd, NULL, other[1], NULL, 1, 0) == 1);
	(void)byte;
#else
	must(read(fd, &byte, 1) == 1);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	put(shared->ends[1]);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	get(shared->ends[0]);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	must(pipe(shared->ends) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
