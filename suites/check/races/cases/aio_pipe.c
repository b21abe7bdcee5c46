/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/aio_pipe.c - a byte that a POSIX asynchronous request puts into a pipe;
 * the twin writes the data after the request.
 *
 * case: aio_pipe
 * models: threads processes
 * forms: write listio read
 * truth: correct free, broken racy
 * tier: L
 * missing: pipe
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it asked
 */
#include <aio.h>

#include "suites/check/races/race.h"

struct shared {
	int ends[2];
	int data;
	int seen;
};

static struct aiocb block_of(int fd, char *byte)
{
	return (struct aiocb){
		.aio_fildes = fd,
		.aio_lio_opcode = LIO_WRITE,
		.aio_buf = byte,
		.aio_nbytes = 1,
		.aio_sigevent.sigev_notify = SIGEV_NONE,
	};
}

static void await_end(struct aiocb *block)
{
	const struct aiocb *list[] = {block};

	must(aio_suspend(list, 1, &(struct timespec){.tv_sec = RACE_WAIT_S}) == 0);
	must(aio_error(block) == 0 && aio_return(block) == 1);
}

static void writer(void *memory)
{
	struct shared *shared = memory;
	char byte = 'x';
	struct aiocb block = block_of(shared->ends[1], &byte);

	in_correct(shared->data = window(42));
#if defined(FORM_READ)
	must(write(shared->ends[1], &byte, 1) == 1);
#elif defined(FORM_LISTIO)
	must(lio_listio(LIO_NOWAIT, (struct aiocb *[]){&block}, 1, NULL) == 0);
#else
	must(aio_write(&block) == 0);
#endif
	in_broken(shared->data = window(42)); /* race: write write */
#ifdef FORM_READ
	(void)block;
#else
	await_end(&block);
#endif
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	char byte;

#ifdef FORM_READ
	struct aiocb block = block_of(shared->ends[0], &byte);

	must(aio_read(&block) == 0);
	await_end(&block);
#else
	must(read(shared->ends[0], &byte, 1) == 1);
#endif
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	must(pipe(shared->ends) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
