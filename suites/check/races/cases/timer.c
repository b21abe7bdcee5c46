/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/timer.c - a timer's signal; the twin writes the data after setting the
 * timer.
 *
 * case: timer
 * models: threads
 * forms: timer_settime setitimer alarm
 * truth: correct free, broken racy
 * tier: L
 * missing: timer
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <sys/time.h>

#include "suites/check/races/race.h"

struct shared {
	int data;
	int seen;
};

static sigset_t signals;
#ifdef FORM_TIMER_SETTIME
static timer_t timer; /* of main() */
#endif

static void set_timer(void)
{
#if defined(FORM_SETITIMER)
	const struct itimerval soon = {.it_value = {.tv_usec = 1000}};

	must(setitimer(ITIMER_REAL, &soon, NULL) == 0);
#elif defined(FORM_ALARM)
	alarm(1);
#else
	const struct itimerspec soon = {.it_value = {.tv_nsec = 1000000}};

	must(timer_settime(timer, 0, &soon, NULL) == 0);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	set_timer();
	/* Held for longer than the timer takes. */
	in_broken(race_await_window());
	in_broken(shared->data = 42); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	int number;

	must(sigwait(&signals, &number) == 0);
	shared->seen = shared->data; /* race: read read */
	race_done();
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	/* What race_begin() set must not be taken for the timer. */
	alarm(0);
	sigemptyset(&signals);
	sigaddset(&signals, SIGALRM);
	sigaddset(&signals, SIGIO);
	must(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
#ifdef FORM_TIMER_SETTIME
	must(timer_create(CLOCK_MONOTONIC,
	                  &(struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGIO},
	                  &timer) == 0);
#endif
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
