/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/sigsuspend.c - a signal that a handler takes; the twin writes the data
 * after sending it.
 *
 * case: sigsuspend
 * models: threads processes
 * forms: sigsuspend pause
 * truth: correct free, broken racy
 * tier: L
 * missing: signal
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include "suites/check/races/race.h"

struct shared {
	_Atomic pid_t reader;
	_Atomic bool is_woken;
	int data;
	int seen;
};

static volatile sig_atomic_t is_signalled;

static void handler(int number)
{
	(void)number;
	is_signalled = 1;
}

/* pause() misses a signal that comes just before it. */
static void send_signal(struct shared *shared)
{
	pid_t reader = atomic_load_explicit(&shared->reader, memory_order_relaxed);

	must(kill(reader, SIGUSR1) == 0);
#ifdef FORM_PAUSE
	for (int i = 0; i < RACE_WAIT_S * 1000 &&
	                !atomic_load_explicit(&shared->is_woken, memory_order_relaxed);
	     i++) {
		race_sleep_us(1000);
		/* It may have ended meanwhile. */
		kill(reader, SIGUSR1);
	}
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	race_until(atomic_load_explicit(&shared->reader, memory_order_relaxed) != 0);
	send_signal(shared);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	const struct sigaction action = {.sa_handler = handler};
	sigset_t signals;

	must(sigaction(SIGUSR1, &action, NULL) == 0);
	must(pthread_sigmask(SIG_SETMASK, NULL, &signals) == 0);
	sigdelset(&signals, SIGUSR1);
	atomic_store_explicit(&shared->reader, getpid(), memory_order_relaxed);
#ifdef FORM_PAUSE
	must(pthread_sigmask(SIG_SETMASK, &signals, NULL) == 0);
	while (!is_signalled)
		pause();
#else
	while (!is_signalled)
		sigsuspend(&signals);
#endif
	atomic_store_explicit(&shared->is_woken, true, memory_order_relaxed);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	must(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
