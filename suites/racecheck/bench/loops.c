/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/bench/loops.c - loops whose cost per access a detector raises.
 *
 * Prints a line for each loop: its name, and nanoseconds per access as the median
 * of the rounds. A second thread lives all along, so that memory can race and
 * nothing is left out; what it has touched itself is "visited". overhead.sh
 * builds it for each detector and compares.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { WORDS = 8192, PASSES = 40, ROUNDS = 9 };

struct memory {
	uint64_t words[WORDS];
	pthread_mutex_t mutex;
	_Atomic uint64_t counter;
	struct {
		int one, other;
	} fields;
};

static pthread_barrier_t visited, over;

/* The other thread: touches all of a memory, and lives on. */
static void *visit(void *argument)
{
	struct memory *memory = argument;

	for (int i = 0; i < WORDS; i++)
		memory->words[i]++;
	memory->fields.one = memory->fields.other = 1;
	pthread_barrier_wait(&visited);
	pthread_barrier_wait(&over);
	return NULL;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Each loop does WORDS * PASSES accesses. */
static void sweep_read(struct memory *memory)
{
	uint64_t sum = 0;

	for (int pass = 0; pass < PASSES; pass++) {
		for (int i = 0; i < WORDS; i++)
			sum += memory->words[i];
	}
	memory->words[0] = sum;
}

static void sweep_write(struct memory *memory)
{
	for (uint64_t pass = 0; pass < PASSES; pass++) {
		for (uint64_t i = 0; i < WORDS; i++)
			memory->words[i] = i + pass;
	}
}

static void same_word(struct memory *memory)
{
	volatile uint64_t *word = &memory->words[7];

	for (int i = 0; i < WORDS * PASSES / 2; i++)
		*word = *word + 1;
}

/* Both lie within the same 8 bytes. */
static void two_fields(struct memory *memory)
{
	volatile int *one = &memory->fields.one;
	volatile int *other = &memory->fields.other;

	for (int i = 0; i < WORDS * PASSES / 4; i++) {
		*one = *one + 1;
		*other = *other + 1;
	}
}

/* Each word is written in a new epoch: nothing can be skipped as known. */
static void fresh_epochs(struct memory *memory)
{
	for (int i = 0; i < WORDS * PASSES; i += 64) {
		pthread_mutex_lock(&memory->mutex);
		pthread_mutex_unlock(&memory->mutex);
		for (int k = 0; k < 64; k++)
			memory->words[(i + k) % WORDS] += 1;
	}
}

static void locked(struct memory *memory)
{
	for (int i = 0; i < WORDS * PASSES; i++) {
		pthread_mutex_lock(&memory->mutex);
		memory->words[3]++;
		pthread_mutex_unlock(&memory->mutex);
	}
}

static void fetch_add(struct memory *memory)
{
	for (int i = 0; i < WORDS * PASSES; i++)
		atomic_fetch_add_explicit(&memory->counter, 1, memory_order_acq_rel);
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return left < right ? -1 : left > right;
}

static void measure(const char *place, const char *name, void (*loop)(struct memory *),
                    struct memory *memory)
{
	double ns[ROUNDS];

	loop(memory);
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t begun = now_ns();

		loop(memory);
		ns[i] = (double)(now_ns() - begun) / (WORDS * PASSES);
	}
	qsort(ns, ROUNDS, sizeof(ns[0]), compare);
	printf("%s.%s %.2f\n", place, name, ns[ROUNDS / 2]);
}

static void measure_all(const char *place, struct memory *memory)
{
	pthread_mutex_init(&memory->mutex, NULL);
	measure(place, "sweep_read", sweep_read, memory);
	measure(place, "sweep_write", sweep_write, memory);
	measure(place, "same_word", same_word, memory);
	measure(place, "two_fields", two_fields, memory);
	measure(place, "fresh_epochs", fresh_epochs, memory);
	measure(place, "locked", locked, memory);
	measure(place, "fetch_add", fetch_add, memory);
}

static struct memory *share(void)
{
	struct memory *memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE,
	                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

int main(void)
{
	struct memory *heap = calloc(1, sizeof(*heap));
	struct memory *shared = share();
	struct memory *seen = share();
	pthread_t other;

	if (!heap || !shared || !seen || pthread_barrier_init(&visited, NULL, 2) != 0 ||
	    pthread_barrier_init(&over, NULL, 2) != 0 ||
	    pthread_create(&other, NULL, visit, seen) != 0) {
		fputs("loops: no memory or no thread\n", stderr);
		return 1;
	}
	pthread_barrier_wait(&visited);
	measure_all("heap", heap);
	measure_all("shared", shared);
	measure_all("visited", seen);
	pthread_barrier_wait(&over);
	pthread_join(other, NULL);
	munmap(seen, sizeof(*seen));
	munmap(shared, sizeof(*shared));
	free(heap);
	return 0;
}
