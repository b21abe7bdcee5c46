/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/posix_mq.c - a POSIX message queue; the twin writes the data after the
 * message.
 *
 * case: posix_mq
 * models: threads processes
 * forms: send timedsend notify
 * truth: correct free, broken racy
 * tier: L
 * missing: message queue
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <fcntl.h>
#include <mqueue.h>

#include "suites/check/races/race.h"

struct shared {
	mqd_t queue;
	_Atomic bool is_ready; /* the reader */
	int data;
	int seen;
};

#ifdef FORM_NOTIFY
static sigset_t signals;
#endif

static void put(mqd_t queue)
{
#ifdef FORM_TIMEDSEND
	struct timespec deadline = race_deadline(CLOCK_REALTIME);

	must(mq_timedsend(queue, "x", 1, 0, &deadline) == 0);
#else
	must(mq_send(queue, "x", 1, 0) == 0);
#endif
}

static void get(mqd_t queue)
{
	char byte;

#if defined(FORM_NOTIFY)
	struct timespec timeout = {.tv_sec = RACE_WAIT_S};

	/* The message stays where it is. */
	(void)queue;
	(void)byte;
	must(sigtimedwait(&signals, NULL, &timeout) == SIGUSR1);
#elif defined(FORM_TIMEDSEND)
	struct timespec deadline = race_deadline(CLOCK_REALTIME);

	must(mq_timedreceive(queue, &byte, 1, NULL, &deadline) == 1);
#else
	must(mq_receive(queue, &byte, 1, NULL) == 1);
#endif
}

/* Asks to be told of the message. */
static void prepare(mqd_t queue)
{
#ifdef FORM_NOTIFY
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};

	must(mq_notify(queue, &event) == 0);
#else
	(void)queue;
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	race_until(atomic_load_explicit(&shared->is_ready, memory_order_relaxed));
	in_correct(shared->data = window(42));
	put(shared->queue);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	prepare(shared->queue);
	atomic_store_explicit(&shared->is_ready, true, memory_order_relaxed);
	get(shared->queue);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	struct mq_attr attributes = {.mq_maxmsg = 2, .mq_msgsize = 1};
	char name[64];

	snprintf(name, sizeof(name), "/race-%d", (int)getpid());
	shared->queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attributes);
	must_have("POSIX message queues", shared->queue != (mqd_t)-1);
	must(mq_unlink(name) == 0);
#ifdef FORM_NOTIFY
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	must(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
#endif
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
