/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/bench/bars.c - programs that take the detector to its limits; see bars.sh.
 *
 * usage: bars threads|processes
 *        bars crowd|gibibyte|accesses|epochs ok|racy
 *        bars shadow_two|shadow_words|shadow_bytes|shadow_passes|shadow_readers ok|racy
 *
 * Each prints what it found, and ends with 0, or with 2 if something failed. ok is
 * race-free; racy has one race, made after all the rest.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 64, CROWD = 32, FEW = 4, INCREMENTS = 3 };
#define GIBIBYTE (1ull << 30)
#define TOUCHED_EVERY (64ull << 10)
#define ACCESSES 1000000000ull
#define BLOCK 4000000ull

/* What the processes of a mode share: a lock on a page of its own, and the memory in question. */
struct shared {
	pthread_mutex_t lock;
	pthread_rwlock_t readers;
	_Alignas(PAGE) volatile uint64_t words[];
};

/* One mode: what each of its threads does, and how many of them there are. */
struct mode {
	const char *name;
	uint64_t bytes;
	int processes, threads; /* of each process */
	void (*work)(struct shared *shared, int index);
	bool has_twins;
};

static struct shared *shared;
static const struct mode *mode;
static bool is_racy;

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "bars: %s failed\n", what);
	exit(2);
}

/* What a scheduler can interleave to lose updates. */
static void lose_updates(struct shared *s, int index)
{
	(void)index;
	for (int i = 0; i < INCREMENTS; i++)
		s->words[0]++;
}

static void crowd(struct shared *s, int index)
{
	for (int i = 0; i < INCREMENTS; i++) {
		pthread_mutex_lock(&s->lock);
		for (int word = 0; word < CROWD; word++)
			s->words[word]++;
		pthread_mutex_unlock(&s->lock);
		s->words[CROWD * 2 + index]++;
	}
}

/* All bytes of every page, read and written in words; others follow under the lock. */
static void shadow_words(struct shared *s, int index)
{
	(void)index;
	for (int page = 0; page < PAGES; page++) {
		pthread_mutex_lock(&s->lock);
		for (int word = 0; word < PAGE / 8; word++)
			s->words[page * (PAGE / 8) + word]++;
		pthread_mutex_unlock(&s->lock);
	}
}

/* The worst for the shadow: each byte is touched by itself, and at another time. */
static void shadow_bytes(struct shared *s, int index)
{
	volatile unsigned char *bytes = (volatile unsigned char *)s->words;

	(void)index;
	for (int i = 0; i < PAGES * PAGE; i++) {
		pthread_mutex_lock(&s->lock);
		bytes[i]++;
		pthread_mutex_unlock(&s->lock);
	}
}

/* The same, those that are neighbours at far times, and read when all were written. */
static void shadow_passes(struct shared *s, int index)
{
	volatile unsigned char *bytes = (volatile unsigned char *)s->words;

	(void)index;
	for (int i = 0; i < 2 * PAGES * PAGE; i++) {
		int at = i % (PAGES * PAGE / 8) * 8 + i / (PAGES * PAGE / 8) % 8;

		pthread_mutex_lock(&s->lock);
		if (i < PAGES * PAGE)
			bytes[at] = 1;
		else
			(void)bytes[at];
		pthread_mutex_unlock(&s->lock);
	}
}

/* Reads that are not ordered among each other: none makes another needless. */
static void shadow_readers(struct shared *s, int index)
{
	volatile unsigned char *bytes = (volatile unsigned char *)s->words;

	(void)index;
	for (int i = 0; i < PAGES * PAGE; i++) {
		pthread_rwlock_rdlock(&s->readers);
		(void)bytes[i];
		pthread_rwlock_unlock(&s->readers);
	}
}

static void gibibyte(struct shared *s, int index)
{
	(void)index;
	for (uint64_t at = 0; at < GIBIBYTE; at += TOUCHED_EVERY) {
		pthread_mutex_lock(&s->lock);
		s->words[at / 8]++;
		pthread_mutex_unlock(&s->lock);
	}
}

/* Its share of them, in blocks under the lock. */
static void accesses(struct shared *s, int index)
{
	(void)index;
	for (uint64_t done = 0; done < ACCESSES / 2; done += BLOCK) {
		pthread_mutex_lock(&s->lock);
		for (uint64_t i = 0; i < BLOCK / 2; i++)
			s->words[i % (PAGE / 8)]++;
		pthread_mutex_unlock(&s->lock);
	}
}

/* Enough releases to take a clock that starts before a limit beyond it. */
static void epochs(struct shared *s, int index)
{
	(void)index;
	for (int i = 0; i < 100; i++) {
		pthread_mutex_lock(&s->lock);
		s->words[i % 2]++;
		pthread_mutex_unlock(&s->lock);
	}
}

static const struct mode modes[] = {
	{"threads", PAGE, 1, 2, lose_updates, false},
	{"processes", PAGE, 2, 1, lose_updates, false},
	/* With the word behind: one page. */
	{"crowd", PAGE - 8, CROWD, 2, crowd, true},
	{"shadow_two", PAGES *PAGE, 1, 2, shadow_words, true},
	{"shadow_words", PAGES *PAGE, FEW, 2, shadow_words, true},
	{"shadow_bytes", PAGES *PAGE, FEW, 2, shadow_bytes, true},
	{"shadow_passes", PAGES *PAGE, FEW, 2, shadow_passes, true},
	{"shadow_readers", PAGES *PAGE, FEW, 2, shadow_readers, true},
	{"gibibyte", GIBIBYTE, 2, 1, gibibyte, true},
	{"accesses", PAGE, 2, 1, accesses, true},
	{"epochs", PAGE, 2, 1, epochs, true},
};

static void *run(void *argument)
{
	int index = (int)(intptr_t)argument;

	mode->work(shared, index);
	/* The one race is between the first and the last, in the word behind the others. */
	if (is_racy && (index == 0 || index == mode->processes * mode->threads - 1))
		shared->words[mode->bytes / 8] = 1;
	return NULL;
}

/* One process: its threads, itself among them. */
static void run_process(int process)
{
	intptr_t index = (intptr_t)process * mode->threads;
	pthread_t other;

	if (mode->threads == 2 && pthread_create(&other, NULL, run, (void *)(index + 1)) != 0)
		fail("pthread_create");
	run((void *)index);
	if (mode->threads == 2)
		pthread_join(other, NULL);
}

static void run_all(void)
{
	bool is_right = true;

	for (int process = 1; process < mode->processes; process++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("fork");
		if (pid == 0) {
			run_process(process);
			_exit(0);
		}
	}
	run_process(0);
	for (int process = 1; process < mode->processes; process++) {
		int status;

		is_right = wait(&status) > 0 && status == 0 && is_right;
	}
	if (!is_right)
		fail("a child");
}

static void share(void)
{
	pthread_mutexattr_t attributes;
	pthread_rwlockattr_t readers;

	shared = mmap(NULL, sizeof(*shared) + mode->bytes + 8, PROT_READ | PROT_WRITE,
	              MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared == MAP_FAILED)
		fail("mmap");
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&shared->lock, &attributes);
	pthread_rwlockattr_init(&readers);
	pthread_rwlockattr_setpshared(&readers, PTHREAD_PROCESS_SHARED);
	pthread_rwlock_init(&shared->readers, &readers);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc >= 2 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[1], modes[i].name) == 0)
			mode = &modes[i];
	}
	if (!mode || argc != (mode->has_twins ? 3 : 2))
		fail("reading the command line");
	is_racy = mode->has_twins && strcmp(argv[2], "racy") == 0;
	share();
	run_all();
	printf("%llu %llu\n", (unsigned long long)shared->words[0],
	       (unsigned long long)mode->bytes);
	return 0;
}
