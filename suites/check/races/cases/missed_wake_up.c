/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/missed_wake_up.c - a wake-up; the twin looks before it takes the mutex.
 *
 * The sleeper looks at the flag and then sleeps. The twin looks before it takes the mutex,
 * so that the flag may be raised and the signal be sent in between: nobody wakes it any more.
 *
 * case: missed_wake_up
 * models: threads processes
 * truth: correct free, broken free
 * tier: C
 * missing: look and sleep in one step
 * outcomes: correct woken, broken woken missed
 * forced: missed
 * oracle: the sleeper is woken, and not by its timeout
 */
#include "suites/check/races/race.h"

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	_Atomic bool is_raised;
	bool is_missed;
};

static void sleeper(void *memory)
{
	struct shared *shared = memory;
	struct timespec deadline;
	bool is_raised = false;

	in_broken(is_raised = window(atomic_load(&shared->is_raised)));
	must(pthread_mutex_lock(&shared->mutex) == 0);
	in_correct(is_raised = window(atomic_load(&shared->is_raised)));
	deadline = race_now(CLOCK_REALTIME);
	deadline.tv_nsec += 250 * 1000 * 1000;
	deadline.tv_sec += deadline.tv_nsec / 1000000000;
	deadline.tv_nsec %= 1000000000;
	if (!is_raised)
		shared->is_missed = pthread_cond_timedwait(&shared->cond, &shared->mutex,
		                                           &deadline) == ETIMEDOUT;
	must(pthread_mutex_unlock(&shared->mutex) == 0);
}

static void waker(void *memory)
{
	struct shared *shared = memory;

	race_await_window();
	must(pthread_mutex_lock(&shared->mutex) == 0);
	atomic_store(&shared->is_raised, true);
	must(pthread_cond_signal(&shared->cond) == 0);
	must(pthread_mutex_unlock(&shared->mutex) == 0);
	race_close_window();
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	pthread_condattr_t attributes;

	race_mutex_init(&shared->mutex);
	must(pthread_condattr_init(&attributes) == 0);
	must(pthread_condattr_setpshared(&attributes, race_pshared()) == 0);
	must(pthread_cond_init(&shared->cond, &attributes) == 0);
	race_peers(shared, sleeper, waker);
	race_outcome(shared->is_missed ? "missed" : "woken", 1);
	return race_end();
}
