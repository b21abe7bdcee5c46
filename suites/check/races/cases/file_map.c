/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/file_map.c - a file by its descriptor and as memory; the twin's reader
 * does not wait.
 *
 * The writer need not map the file that the reader has mapped.
 *
 * case: file_map
 * models: threads processes
 * forms: pwrite write pread
 * truth: correct free, broken racy
 * tier: P
 * missing: wait for the end of the call
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what was written
 */
#include <semaphore.h>

#include "suites/check/races/race.h"

struct shared {
	sem_t filled;
	int file;
	long seen;
};

static volatile long *map_record(int file)
{
	void *memory = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	must(memory != MAP_FAILED);
	return memory;
}

static void fill(int file)
{
	long record = 42;

#if defined(FORM_PREAD)
	*map_record(file) = record; /* race: write write */
#elif defined(FORM_WRITE)
	must(write(file, &record, sizeof(record)) == sizeof(record)); /* race: write write */
#else
	must(pwrite(file, &record, sizeof(record), 0) == sizeof(record)); /* race: write write */
#endif
}

static void filler(void *memory)
{
	struct shared *shared = memory;

	race_pause();
	fill(shared->file);
	must(sem_post(&shared->filled) == 0);
}

static void reader(void *memory)
{
	struct shared *shared = memory;
#ifdef FORM_PREAD
	long record = 0;

	in_correct(must(sem_wait(&shared->filled) == 0));
	must(pread(shared->file, &record, sizeof(record), 0) >= 0); /* race: read read */
	shared->seen = record;
#else
	volatile long *record = map_record(shared->file);

	in_correct(must(sem_wait(&shared->filled) == 0));
	shared->seen = *record; /* race: read read */
#endif
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	must(sem_init(&shared->filled, race.is_processes, 0) == 0);
	shared->file = memfd_create("race", MFD_CLOEXEC);
	must(shared->file >= 0 && ftruncate(shared->file, sizeof(long)) == 0);
	(void)map_record(shared->file);
	race_peers(shared, filler, reader);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
