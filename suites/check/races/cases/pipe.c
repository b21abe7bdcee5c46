/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/pipe.c - a pipe; the twin writes the data after the byte.
 *
 * case: pipe
 * models: threads processes
 * forms: read readv splice tee sendfile sendfile64 preadv2
 * truth: correct free, broken racy
 * tier: L
 * missing: pipe
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "suites/check/races/race.h"

struct shared {
	int ends[2];
	int file; /* with a byte in it */
	int data;
	int seen;
};

static void put(int fd, int file)
{
	char byte = 1;

	(void)file;
#if defined(FORM_READV)
	must(writev(fd, &(struct iovec){&byte, 1}, 1) == 1);
#elif defined(FORM_PREADV2)
	must(pwritev2(fd, &(struct iovec){&byte, 1}, 1, -1, 0) == 1);
#elif defined(FORM_SENDFILE64)
	must(sendfile64(fd, file, &(off64_t){0}, 1) == 1);
#elif defined(FORM_SENDFILE)
	must(sendfile(fd, file, &(off_t){0}, 1) == 1);
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
#elif defined(FORM_PREADV2)
	must(preadv2(fd, &(struct iovec){&byte, 1}, 1, -1, 0) == 1);
#elif defined(FORM_SPLICE) || defined(FORM_TEE)
	int other[2];

	/* The byte goes to another pipe, unread. */
	must(pipe(other) == 0);
#ifdef FORM_TEE
	must(tee(fd, other[1], 1, 0) == 1);
#else
	must(splice(fd, NULL, other[1], NULL, 1, 0) == 1);
#endif
	(void)byte;
#else
	must(read(fd, &byte, 1) == 1);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	put(shared->ends[1], shared->file);
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
	shared->file = memfd_create("byte", MFD_CLOEXEC);
	must(shared->file >= 0 && pwrite(shared->file, "x", 1, 0) == 1);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
