/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/futex_wake.c - a futex alone: who is woken comes after who woke it; the
 * twin writes the data after the call.
 *
 * The word never changes.
 *
 * case: futex_wake
 * models: threads processes
 * forms: wake wake_op requeue
 * truth: correct free, broken racy
 * tier: L
 * missing: futex
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it woke the reader
 */
#include <linux/futex.h>
#include <sys/syscall.h>

#include "suites/check/races/race.h"

struct shared {
	uint32_t word;
	uint32_t second;
	int data;
	int seen;
};

static void wake(struct shared *shared)
{
#if defined(FORM_WAKE_OP)
	/* Adds nothing to the second word, and wakes who waits there. */
	race_until(syscall(SYS_futex, &shared->word, FUTEX_WAKE_OP, 1, 1, &shared->second,
	                   FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0)) == 1);
#elif defined(FORM_REQUEUE)
	race_until(syscall(SYS_futex, &shared->word, FUTEX_CMP_REQUEUE, 0, 1, &shared->second, 0) ==
	           1);
	must(syscall(SYS_futex, &shared->second, FUTEX_WAKE, 1, NULL, NULL, 0) == 1);
#else
	race_until(syscall(SYS_futex, &shared->word, FUTEX_WAKE, 1, NULL, NULL, 0) == 1);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	wake(shared);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	const struct timespec timeout = {.tv_sec = RACE_WAIT_S};

#ifdef FORM_WAKE_OP
	must(syscall(SYS_futex, &shared->second, FUTEX_WAIT, 0, &timeout, NULL, 0) == 0);
#else
	must(syscall(SYS_futex, &shared->word, FUTEX_WAIT, 0, &timeout, NULL, 0) == 0);
#endif
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
