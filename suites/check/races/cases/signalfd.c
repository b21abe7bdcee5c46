/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/signalfd.c - a signal read from a descriptor; the twin writes the data
 * after sending it.
 *
 * case: signalfd
 * models: threads processes
 * truth: correct free, broken racy
 * tier: L
 * missing: signal
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <sys/signalfd.h>

#include "suites/check/races/race.h"

struct shared {
	_Atomic pid_t reader;
	int data;
	int seen;
};

static sigset_t signals;

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	race_until(atomic_load_explicit(&shared->reader, memory_order_relaxed) != 0);
	must(kill(atomic_load_explicit(&shared->reader, memory_order_relaxed), SIGUSR1) == 0);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	struct signalfd_siginfo info;
	int fd = signalfd(-1, &signals, SFD_CLOEXEC);

	must(fd >= 0);
	atomic_store_explicit(&shared->reader, getpid(), memory_order_relaxed);
	must(read(fd, &info, sizeof(info)) == sizeof(info));
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
