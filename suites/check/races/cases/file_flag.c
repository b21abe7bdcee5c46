/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/file_flag.c - a byte in a file as a flag; the twin writes the data after
 * it.
 *
 * A byte in a file is the flag; the reader looks until it is there.
 *
 * case: file_flag
 * models: threads processes
 * forms: pwrite write pwrite64 pwritev copy_file_range
 * truth: correct free, broken racy
 * tier: L
 * missing: file
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <fcntl.h>
#include <sys/uio.h>

#include "suites/check/races/race.h"

struct shared {
	int fd;
	int source; /* a file with a byte in it */
	int data;
	int seen;
};

static void raise_flag(int fd, int source)
{
	(void)source;
#if defined(FORM_WRITE)
	must(write(fd, "x", 1) == 1);
#elif defined(FORM_PWRITE64)
	must(pwrite64(fd, "x", 1, 0) == 1);
#elif defined(FORM_PWRITEV)
	must(pwritev(fd, &(struct iovec){"x", 1}, 1, 0) == 1);
#elif defined(FORM_COPY_FILE_RANGE)
	must(copy_file_range(source, &(off_t){0}, fd, &(off_t){0}, 1, 0) == 1);
#else
	must(pwrite(fd, "x", 1, 0) == 1);
#endif
}

static bool is_raised(int fd)
{
	char byte;

#if defined(FORM_PWRITE64)
	return pread64(fd, &byte, 1, 0) == 1;
#elif defined(FORM_PWRITEV)
	return preadv(fd, &(struct iovec){&byte, 1}, 1, 0) == 1;
#else
	return pread(fd, &byte, 1, 0) == 1;
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	raise_flag(shared->fd, shared->source);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	race_until(is_raised(shared->fd));
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	shared->fd = memfd_create("race", MFD_CLOEXEC);
	must(shared->fd >= 0);
	shared->source = memfd_create("source", MFD_CLOEXEC);
	must(shared->source >= 0 && pwrite(shared->source, "x", 1, 0) == 1);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
