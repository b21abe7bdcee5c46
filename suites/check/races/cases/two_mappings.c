/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/two_mappings.c - one page mapped twice; the twin adds after unlocking.
 *
 * Each peer has a view of its own of one page, at another address: also two threads of one
 * process. Who goes by addresses sees two words.
 *
 * case: two_mappings
 * models: threads processes
 * truth: correct free, broken racy
 * tier: P
 * missing: mutex
 * pairs: add/add
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * oracle: the count holds every addition
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_mutex_t mutex;
	long count;
};

static int fd;

static struct shared *map(void)
{
	void *memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	must(memory != MAP_FAILED);
	return memory;
}

static void adder(void *memory)
{
	struct shared *shared = map();

	(void)memory;
	for (int i = 0; i < ROUNDS; i++) {
		must(pthread_mutex_lock(&shared->mutex) == 0);
		in_correct(shared->count = window(shared->count) + 1);
		must(pthread_mutex_unlock(&shared->mutex) == 0);
		in_broken(shared->count = window(shared->count) + 1); /* race: add update */
	}
}

int main(int argc, char **argv)
{
	pthread_mutexattr_t attributes;
	struct shared *shared;

	race_begin(argc, argv, 1);
	fd = memfd_create("race", MFD_CLOEXEC);
	must(fd >= 0);
	must(ftruncate(fd, sizeof(*shared)) == 0);
	shared = map();
	must(pthread_mutexattr_init(&attributes) == 0);
	must(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
	must(pthread_mutex_init(&shared->mutex, &attributes) == 0);
	race_peers(NULL, adder, adder);
	race_outcome("kept", shared->count);
	race_outcome("lost", 2 * ROUNDS - shared->count);
	return race_end();
}
