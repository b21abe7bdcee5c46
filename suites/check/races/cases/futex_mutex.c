/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/futex_mutex.c - a mutex made of a word and futex calls; the twin's word
 * is no atomic.
 *
 * The word is 0 (free), 1 (held) or 2 (held, with a waiter). The twin reads and then writes
 * it: both peers may find it free.
 *
 * case: futex_mutex
 * models: threads processes
 * truth: correct free, broken racy
 * tier: C
 * missing: atomic exchange
 * pairs: add/add, take/take
 * outcomes: correct kept, broken kept lost
 * forced: lost
 * oracle: the count holds every addition
 */
#include <linux/futex.h>
#include <sys/syscall.h>

#include "suites/check/races/race.h"

struct shared {
	uint32_t word;
	long count;
};

#ifdef BROKEN
static uint32_t take(uint32_t *word, uint32_t value)
{
	uint32_t old = window(*word); /* race: take read */

	*word = value; /* race: take write */
	return old;
}
#else
static uint32_t take(uint32_t *word, uint32_t value)
{
	return __atomic_exchange_n(word, value, __ATOMIC_ACQ_REL);
}
#endif

static void lock(uint32_t *word)
{
	const struct timespec timeout = {.tv_nsec = 50 * 1000 * 1000};

	if (take(word, 1) == 0)
		return;
	while (take(word, 2) != 0)
		syscall(SYS_futex, word, FUTEX_WAIT, 2, &timeout, NULL, 0);
}

static void unlock(uint32_t *word)
{
	if (take(word, 0) == 2)
		syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void adder(void *memory)
{
	struct shared *shared = memory;

	for (int i = 0; i < ROUNDS; i++) {
		lock(&shared->word);
		shared->count = window(shared->count) + 1; /* race: add update */
		unlock(&shared->word);
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, adder, adder);
	race_outcome("kept", shared->count);
	race_outcome("lost", 2 * ROUNDS - shared->count);
	return race_end();
}
