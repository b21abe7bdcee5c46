/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/thread_signal.c - a signal to one thread; the twin writes the data
 * after sending it.
 *
 * case: thread_signal
 * models: threads
 * forms: pthread_kill pthread_sigqueue tgkill
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
	_Atomic bool is_known;
	pthread_t reader;
	_Atomic pid_t reader_tid;
	int data;
	int seen;
};

static sigset_t signals;

static void notify(struct shared *shared)
{
#if defined(FORM_TGKILL)
	must(tgkill(getpid(), atomic_load(&shared->reader_tid), SIGUSR1) == 0);
#elif defined(FORM_PTHREAD_SIGQUEUE)
	must(pthread_sigqueue(shared->reader, SIGUSR1, (union sigval){0}) == 0);
#else
	must(pthread_kill(shared->reader, SIGUSR1) == 0);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	/* Orders the writer behind the reader only. */
	race_until(atomic_load(&shared->is_known));
	in_correct(shared->data = window(42));
	notify(shared);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	int number;

	shared->reader = pthread_self();
	atomic_store(&shared->reader_tid, gettid());
	atomic_store(&shared->is_known, true);
	must(sigwait(&signals, &number) == 0);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	must(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
