/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/sigwait.c - a signal that is waited for; the twin writes the data after
 * sending it.
 *
 * The signal is sent to the process; the reader alone waits for it.
 *
 * case: sigwait
 * models: threads processes
 * forms: sigwait sigwaitinfo sigtimedwait sigqueue killpg pidfd
 * truth: correct free, broken racy
 * tier: L
 * missing: signal
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <sys/syscall.h>

#include "suites/check/races/race.h"

struct shared {
	_Atomic pid_t reader;
	int data;
	int seen;
};

static sigset_t signals;

static void notify(pid_t pid)
{
#if defined(FORM_SIGQUEUE)
	must(sigqueue(pid, SIGUSR1, (union sigval){0}) == 0);
#elif defined(FORM_KILLPG)
	must(pid > 0);
	must(killpg(getpgrp(), SIGUSR1) == 0);
#elif defined(FORM_PIDFD)
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	must(fd >= 0);
	must(syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0) == 0);
#else
	must(kill(pid, SIGUSR1) == 0);
#endif
}

static void wait_for_signal(void)
{
#if defined(FORM_SIGWAITINFO)
	must(sigwaitinfo(&signals, NULL) == SIGUSR1);
#elif defined(FORM_SIGTIMEDWAIT) || defined(FORM_SIGQUEUE)
	const struct timespec timeout = {.tv_sec = RACE_WAIT_S};

	must(sigtimedwait(&signals, NULL, &timeout) == SIGUSR1);
#else
	int number;

	must(sigwait(&signals, &number) == 0);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	race_until(atomic_load_explicit(&shared->reader, memory_order_relaxed) != 0);
	notify(atomic_load_explicit(&shared->reader, memory_order_relaxed));
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	atomic_store_explicit(&shared->reader, getpid(), memory_order_relaxed);
	wait_for_signal();
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	must(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
#ifdef FORM_KILLPG
	/* Who started us must not get it. */
	must(setpgid(0, 0) == 0);
#endif
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
