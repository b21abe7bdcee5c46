/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/torn_struct.c - a record of 24 bytes under a mutex; the twin's reader
 * takes no lock.
 *
 * case: torn_struct
 * models: threads processes
 * truth: correct free, broken racy
 * tier: P
 * missing: mutex
 * pairs: write/read
 * outcomes: correct whole, broken whole torn
 * forced: torn
 * oracle: the three parts of what is read belong together
 */
#include "suites/check/races/race.h"

struct record {
	uint64_t first, second, third;
};

struct shared {
	pthread_mutex_t mutex;
	struct record record;
	long torn_count;
	long whole_count;
};

static void writer(void *memory)
{
	struct shared *shared = memory;

	for (uint64_t i = 1; i <= ROUNDS; i++) {
		must(pthread_mutex_lock(&shared->mutex) == 0);
		shared->record.first = i;          /* race: write write */
		shared->record.second = window(i); /* race: write write */
		shared->record.third = i;          /* race: write write */
		must(pthread_mutex_unlock(&shared->mutex) == 0);
	}
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	struct record copy;

	for (int i = 0; i < ROUNDS; i++) {
		in_correct(must(pthread_mutex_lock(&shared->mutex) == 0));
		race_await_window();
		copy = shared->record; /* race: read read */
		race_close_window();
		in_correct(must(pthread_mutex_unlock(&shared->mutex) == 0));
		if (copy.first == copy.second && copy.second == copy.third)
			shared->whole_count++;
		else
			shared->torn_count++;
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_mutex_init(&shared->mutex);
	race_peers(shared, writer, reader);
	race_outcome("whole", shared->whole_count);
	race_outcome("torn", shared->torn_count);
	return race_end();
}
