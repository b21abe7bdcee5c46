/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_aio.c - POSIX asynchronous I/O.
 *
 * libc makes the transfer in a thread of its own, out of sight. A request releases to its
 * control block, and whoever learns that it is done comes after it, and after those whose
 * bytes it brought. Its buffer counts as touched when it is handed in: from then on libc may.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <aio.h>
#include <signal.h>
#include <unistd.h>

#include "suites/racecheck/runtime/fd.h"

static struct channel_key block_key(const struct aiocb *block)
{
	return (struct channel_key){CHANNEL_AIO, (uintptr_t)block, self.context->pid};
}

/* Before a request; event: how its end is told; may be null. */
static void requested(const struct aiocb *block, int operation, const struct sigevent *event,
                      enum edge edge, uintptr_t place)
{
	struct fd_look look;

	if (operation == LIO_READ || operation == LIO_WRITE)
		touch((const void *)(uintptr_t)block->aio_buf, block->aio_nbytes,
		      operation == LIO_READ, place);
	channel_release(block_key(block), edge);
	if (event && event->sigev_notify == SIGEV_SIGNAL)
		signal_sent(getpid(), event->sigev_signo, edge);
	if (operation != LIO_WRITE)
		return;
	BUSY(fd_look(block->aio_fildes, &look));
	/* Readers of a stream find bytes that nobody put, and come after all that was released. */
	if (look.type == FD_FILE)
		channel_release(look.write, edge);
}

/* After it was seen that a request is done. */
static void finished(const struct aiocb *block, enum edge edge)
{
	struct fd_look look;

	if (edge_is_off(edge))
		return;
	channel_acquire(block_key(block), edge);
	BUSY(fd_look(block->aio_fildes, &look));
	if (look.type == FD_FILE)
		channel_acquire(look.read, edge);
	else
		BUSY(channel_get_everything());
}

static int request(struct aiocb *block, int operation, enum edge edge, uintptr_t place)
{
	if (call_begin(edge, place)) {
		requested(block, operation, &block->aio_sigevent, edge, place);
		call_end();
	}
	return operation == LIO_READ ? REAL(aio_read)(block) : REAL(aio_write)(block);
}

static int sync_request(int operation, struct aiocb *block, uintptr_t place)
{
	if (call_begin(EDGE_aio_fsync, place)) {
		requested(block, LIO_NOP, &block->aio_sigevent, EDGE_aio_fsync, place);
		call_end();
	}
	return REAL(aio_fsync)(operation, block);
}

static int list_request(int mode, struct aiocb *const list[], int count, struct sigevent *event,
                        uintptr_t place)
{
	int ret;

	if (!call_begin(EDGE_lio_listio, place))
		return REAL(lio_listio)(mode, list, count, event);
	for (int i = 0; i < count; i++) {
		if (list[i])
			requested(list[i], list[i]->aio_lio_opcode, &list[i]->aio_sigevent,
			          EDGE_lio_listio, place);
	}
	if (event && event->sigev_notify == SIGEV_SIGNAL)
		signal_sent(getpid(), event->sigev_signo, EDGE_lio_listio);
	schedule_outside(EDGE_lio_listio);
	ret = REAL(lio_listio)(mode, list, count, event);
	schedule_inside();
	for (int i = 0; i < count && mode == LIO_WAIT; i++) {
		if (list[i])
			finished(list[i], EDGE_lio_listio);
	}
	call_end();
	return ret;
}

static int error_of(const struct aiocb *block, uintptr_t place)
{
	int error;

	if (!call_begin(EDGE_aio_error, place))
		return REAL(aio_error)(block);
	error = REAL(aio_error)(block);
	if (error == EINPROGRESS)
		schedule_spin();
	else
		finished(block, EDGE_aio_error);
	call_end();
	return error;
}

static int suspend(const struct aiocb *const list[], int count, const struct timespec *limit,
                   uintptr_t place)
{
	int ret;

	if (!call_begin(EDGE_aio_suspend, place))
		return REAL(aio_suspend)(list, count, limit);
	schedule_outside(EDGE_aio_suspend);
	ret = REAL(aio_suspend)(list, count, limit);
	schedule_inside();
	/* It says that one is done, not which. */
	for (int i = 0; i < count && ret == 0; i++) {
		if (list[i] && REAL(aio_error)(list[i]) != EINPROGRESS)
			finished(list[i], EDGE_aio_suspend);
	}
	call_end();
	return ret;
}

/* Each call has two names, which are one where off_t has 64 bits. */
#define NAMES(suffix)                                                                              \
	INTERPOSE int aio_read##suffix(struct aiocb##suffix *block)                                \
	{                                                                                          \
		return request((struct aiocb *)block, LIO_READ, EDGE_aio_read, CALLER);            \
	}                                                                                          \
                                                                                                   \
	INTERPOSE int aio_write##suffix(struct aiocb##suffix *block)                               \
	{                                                                                          \
		return request((struct aiocb *)block, LIO_WRITE, EDGE_aio_write, CALLER);          \
	}                                                                                          \
                                                                                                   \
	INTERPOSE int aio_fsync##suffix(int operation, struct aiocb##suffix *block)                \
	{                                                                                          \
		return sync_request(operation, (struct aiocb *)block, CALLER);                     \
	}                                                                                          \
                                                                                                   \
	INTERPOSE int lio_listio##suffix(int mode, struct aiocb##suffix *const list[], int count,  \
	                                 struct sigevent *event)                                   \
	{                                                                                          \
		return list_request(mode, (struct aiocb *const *)list, count, event, CALLER);      \
	}                                                                                          \
                                                                                                   \
	INTERPOSE int aio_error##suffix(const struct aiocb##suffix *block)                         \
	{                                                                                          \
		return error_of((const struct aiocb *)block, CALLER);                              \
	}                                                                                          \
                                                                                                   \
	INTERPOSE int aio_suspend##suffix(const struct aiocb##suffix *const list[], int count,     \
	                                  const struct timespec *limit)                            \
	{                                                                                          \
		return suspend((const struct aiocb *const *)list, count, limit, CALLER);           \
	}

NAMES()
NAMES(64)
