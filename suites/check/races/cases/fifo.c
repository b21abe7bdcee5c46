/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/fifo.c - a FIFO that each peer opens; the twin writes the data after the
 * byte.
 *
 * case: fifo
 * models: threads processes
 * truth: correct free, broken racy
 * tier: L
 * missing: pipe
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "suites/check/races/race.h"

struct shared {
	int data;
	int seen;
};

static char path[256];

static int open_by_name(int flags)
{
	int fd = open(path, flags);

	must(fd >= 0);
	return fd;
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	must(write(open_by_name(O_WRONLY), "x", 1) == 1);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	char byte;

	must(read(open_by_name(O_RDONLY), &byte, 1) == 1);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	char name[32];

	snprintf(name, sizeof(name), "race-%d.fifo", (int)getpid());
	race_temporary(path, sizeof(path), name);
	must(mkfifo(path, 0600) == 0);
	race_peers(shared, reader, writer);
	must(unlink(path) == 0);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
