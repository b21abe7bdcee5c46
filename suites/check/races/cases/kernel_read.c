/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/kernel_read.c - a record that read() fills; the twin's reader does not
 * wait.
 *
 * The kernel is the writer: it fills the record inside the call. The twin's reader does not
 * wait for its end.
 *
 * case: kernel_read
 * models: threads processes
 * forms: read syscall pread readv recv
 * truth: correct free, broken racy
 * tier: P
 * missing: wait for the end of the call
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the kernel wrote
 */
#include <semaphore.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "suites/check/races/race.h"

struct shared {
	sem_t filled;
	long record;
	long seen;
	int ends[2];
};

static ssize_t fill(int fd, long *record)
{
#if defined(FORM_SYSCALL)
	return syscall(SYS_read, fd, record, sizeof(*record)); /* race: write write */
#elif defined(FORM_PREAD)
	return pread(fd, record, sizeof(*record), 0); /* race: write write */
#elif defined(FORM_READV)
	return readv(fd, &(struct iovec){record, sizeof(*record)}, 1); /* race: write write */
#elif defined(FORM_RECV)
	return recv(fd, record, sizeof(*record), 0); /* race: write write */
#else
	return read(fd, record, sizeof(*record)); /* race: write write */
#endif
}

static void filler(void *memory)
{
	struct shared *shared = memory;

	race_pause();
	must(fill(shared->ends[0], &shared->record) == sizeof(shared->record));
	must(sem_post(&shared->filled) == 0);
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	in_correct(must(sem_wait(&shared->filled) == 0));
	shared->seen = shared->record; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	long record = 42;
	int *ends = shared->ends;

	must(sem_init(&shared->filled, race.is_processes, 0) == 0);
#ifdef FORM_PREAD
	ends[0] = ends[1] = memfd_create("race", MFD_CLOEXEC);
	must(ends[0] >= 0);
#else
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
#endif
	must(write(ends[1], &record, sizeof(record)) == sizeof(record));
	race_peers(shared, filler, reader);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
