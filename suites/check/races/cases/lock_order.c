/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/lock_order.c - two mutexes in one order; the twin's second peer takes
 * them in the other.
 *
 * The twin's peers take the two mutexes in opposite orders; each then waits for the other,
 * here for a quarter of a second.
 *
 * case: lock_order
 * models: threads processes
 * truth: correct free, broken free
 * tier: P
 * missing: one order of the locks
 * outcomes: correct done, broken done deadlock
 * forced: deadlock
 * oracle: both peers get both locks
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_mutex_t mutexes[2];
	long count;
	_Atomic int deadlock_count;
};

static void take_both(struct shared *shared, int first, int second)
{
	struct timespec deadline = race_now(CLOCK_REALTIME);

	must(pthread_mutex_lock(&shared->mutexes[first]) == 0);
	race_pause();
	deadline.tv_nsec += 250 * 1000 * 1000;
	deadline.tv_sec += deadline.tv_nsec / 1000000000;
	deadline.tv_nsec %= 1000000000;
	if (pthread_mutex_timedlock(&shared->mutexes[second], &deadline) == 0) {
		shared->count++;
		must(pthread_mutex_unlock(&shared->mutexes[second]) == 0);
	} else {
		atomic_fetch_add_explicit(&shared->deadlock_count, 1, memory_order_relaxed);
	}
	must(pthread_mutex_unlock(&shared->mutexes[first]) == 0);
}

static void one(void *memory)
{
	take_both(memory, 0, 1);
}

static void two(void *memory)
{
	take_both(memory, in_correct(0, 1) in_broken(1, 0));
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_mutex_init(&shared->mutexes[0]);
	race_mutex_init(&shared->mutexes[1]);
	race_peers(shared, one, two);
	race_outcome(shared->deadlock_count > 0 ? "deadlock" : "done", 1);
	return race_end();
}
