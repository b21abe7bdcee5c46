/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/aio.c - the end of a POSIX asynchronous request; the twin writes the
 * data after the request.
 *
 * One thread asks, another waits until it is done.
 *
 * case: aio
 * models: threads
 * forms: write read suspend fsync listio signal
 * truth: correct free, broken racy
 * tier: L
 * missing: end of a request
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it asked
 */
#include <aio.h>
#include <fcntl.h>

#include "suites/check/races/race.h"

struct shared {
	struct aiocb block;
	char byte;
	_Atomic bool is_asked; /* orders nothing */
	int data;
	int seen;
};

static void ask(struct aiocb *block)
{
#if defined(FORM_READ)
	must(aio_read(block) == 0);
#elif defined(FORM_FSYNC)
	must(aio_fsync(O_SYNC, block) == 0);
#elif defined(FORM_LISTIO)
	block->aio_lio_opcode = LIO_WRITE;
	must(lio_listio(LIO_NOWAIT, &block, 1, NULL) == 0);
#else
	must(aio_write(block) == 0);
#endif
}

static void await_end(struct aiocb *block)
{
#if defined(FORM_SUSPEND)
	const struct aiocb *list[] = {block};

	must(aio_suspend(list, 1, &(struct timespec){.tv_sec = RACE_WAIT_S}) == 0);
#elif defined(FORM_SIGNAL)
	sigset_t set;

	(void)block;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(sigtimedwait(&set, NULL, &(struct timespec){.tv_sec = RACE_WAIT_S}) == SIGUSR1);
#else
	race_until(aio_error(block) == 0);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	ask(&shared->block);
	atomic_store_explicit(&shared->is_asked, true, memory_order_relaxed);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	race_until(atomic_load_explicit(&shared->is_asked, memory_order_relaxed));
	await_end(&shared->block);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	struct aiocb *block = &shared->block;

	block->aio_fildes = memfd_create("race", MFD_CLOEXEC);
	must(block->aio_fildes >= 0 && pwrite(block->aio_fildes, "x", 1, 0) == 1);
	block->aio_buf = &shared->byte;
	block->aio_nbytes = 1;
	block->aio_sigevent.sigev_notify = SIGEV_NONE;
#ifdef FORM_SIGNAL
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	block->aio_sigevent.sigev_notify = SIGEV_SIGNAL;
	block->aio_sigevent.sigev_signo = SIGUSR1;
#endif
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
