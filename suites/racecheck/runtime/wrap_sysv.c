/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_sysv.c - message queues and semaphores of System V.
 *
 * As in wrap_ipc.c, calls are made as attempts under a channel's lock; between them the
 * caller waits on the channel's version.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <stdarg.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <time.h>

/* ---- System V message queues ---- */

/* With the lock held: a call that failed since a queue, or a set, was removed. */
static void queue_is_gone(struct channel_ref ref, int ret, enum edge edge)
{
	if (ret >= 0 || (errno != EIDRM && errno != EINVAL) || edge_is_off(edge))
		return;
	clock_take(ref.arena, &ref.channel->hung, self.context->clock);
	context_log(edge, true);
}

/* Before a queue, or a set, is removed. */
static void queue_removing(struct channel_ref ref, enum edge edge)
{
	if (edge_is_off(edge))
		return;
	clock_add(ref.arena, &ref.channel->hung, self.context->clock);
	context_advance();
	context_log(edge, false);
}

INTERPOSE int msgctl(int id, int command, struct msqid_ds *status)
{
	struct channel_ref ref;
	int ret;

	if (command != IPC_RMID || !call_begin(EDGE_msgctl, CALLER))
		return REAL(msgctl)(id, command, status);
	self.busy++;
	ref = channel_at((struct channel_key){CHANNEL_MSG, (uint64_t)id, 0});
	channel_open(ref);
	queue_removing(ref, EDGE_msgsnd);
	ret = REAL(msgctl)(id, command, status);
	channel_close(ref);
	self.busy--;
	schedule_wake();
	call_end();
	return ret;
}

INTERPOSE int msgsnd(int id, const void *message, size_t bytes, int flags)
{
	struct channel_ref ref;
	bool has_waited = false;
	int ret;

	if (!call_begin(EDGE_msgsnd, CALLER))
		return REAL(msgsnd)(id, message, bytes, flags);
	shadow_access((uintptr_t)message, sizeof(long) + bytes, false, false, CALLER);
	BUSY(ref = channel_at((struct channel_key){CHANNEL_MSG, (uint64_t)id, 0}));
	for (;;) {
		uint32_t version;

		self.busy++;
		channel_open(ref);
		version = ref.channel->version + 1;
		ret = REAL(msgsnd)(id, message, bytes, flags | IPC_NOWAIT);
		if (ret == 0 && !edge_is_off(EDGE_msgsnd)) {
			channel_put(ref, 1, (uint32_t) * (const long *)message);
			if (has_waited)
				clock_take(ref.arena, &ref.channel->taken, self.context->clock);
			channel_got_room(ref);
			context_advance();
			context_log(EDGE_msgsnd, false);
		}
		ref.channel->is_full |= ret != 0 && errno == EAGAIN;
		queue_is_gone(ref, ret, EDGE_msgsnd);
		channel_close(ref);
		self.busy--;
		if (ret == 0 || errno != EAGAIN || (flags & IPC_NOWAIT))
			break;
		has_waited = true;
		channel_await(ref, version, EDGE_msgsnd, 0);
	}
	schedule_wake();
	call_end();
	return ret;
}

INTERPOSE ssize_t msgrcv(int id, void *message, size_t room, long type, int flags)
{
	struct channel_ref ref;
	ssize_t ret;

	if (!call_begin(EDGE_msgrcv, CALLER))
		return REAL(msgrcv)(id, message, room, type, flags);
	BUSY(ref = channel_at((struct channel_key){CHANNEL_MSG, (uint64_t)id, 0}));
	for (;;) {
		uint32_t version;

		self.busy++;
		channel_open(ref);
		version = ref.channel->version + 1;
		ret = REAL(msgrcv)(id, message, room, type, flags | IPC_NOWAIT);
		if (ret >= 0 && !edge_is_off(EDGE_msgrcv)) {
			/* A copy leaves the message, and does not say whose it was. */
			if (flags & MSG_COPY)
				channel_get_all(ref);
			else if (!channel_get(ref, 1, (uint32_t) * (const long *)message))
				channel_get_everything();
			if (!(flags & MSG_COPY))
				clock_add(ref.arena, &ref.channel->taken, self.context->clock);
			context_advance();
			context_log(EDGE_msgrcv, true);
		}
		queue_is_gone(ref, (int)ret, EDGE_msgrcv);
		channel_close(ref);
		self.busy--;
		if (ret >= 0 || errno != ENOMSG || (flags & IPC_NOWAIT))
			break;
		channel_await(ref, version, EDGE_msgrcv, 0);
	}
	if (ret >= 0)
		shadow_access((uintptr_t)message, sizeof(long) + (size_t)ret, true, false, CALLER);
	schedule_wake();
	call_end();
	return ret;
}

/* ---- System V semaphores ---- */

static struct channel_key sem_key(int id, unsigned short number, bool is_zero)
{
	return (struct channel_key){is_zero ? CHANNEL_SEM_ZERO : CHANNEL_SEM, (uint64_t)id, number};
}

/* With the set's lock held: the clocks of one operation that was done. */
static void sem_operated(int id, const struct sembuf *operation, enum edge edge)
{
	struct channel_ref ref = channel_at(sem_key(id, operation->sem_num, false));
	struct channel_ref zero = channel_at(sem_key(id, operation->sem_num, true));

	if (edge_is_off(edge))
		return;
	if (operation->sem_op > 0) {
		channel_put(ref, (uint64_t)operation->sem_op, 0);
		if (operation->sem_flg & SEM_UNDO)
			clock_add(ref.arena, &ref.channel->ended, self.context->clock);
	} else if (operation->sem_op < 0) {
		if (!channel_get(ref, (uint64_t)-operation->sem_op, ANY_TAG)) {
			/* Given back by SEM_UNDO when somebody ended, or out of sight. */
			channel_get_all(ref);
			context_join_gone(true);
		}
		clock_add(zero.arena, &zero.channel->all, self.context->clock);
		if (operation->sem_flg & SEM_UNDO)
			clock_add(ref.arena, &ref.channel->ended, self.context->clock);
	} else {
		channel_get_all(zero);
		/* Perhaps it was somebody's end that took it down to zero. */
		if (ref.channel->ended.unit != 0)
			context_join_gone(true);
	}
}

static int sem_operate(enum edge edge, int id, struct sembuf *operations, size_t count,
                       const struct timespec *timeout)
{
	struct channel_ref set;
	struct sembuf copies[64];
	uint64_t deadline = 0;
	int ret;

	if (count > sizeof(copies) / sizeof(copies[0])) {
		no_verdict("semop() of more than 64 operations is not covered");
		return REAL(semtimedop)(id, operations, count, timeout);
	}
	memcpy(copies, operations, count * sizeof(*operations));
	for (size_t i = 0; i < count; i++)
		copies[i].sem_flg |= IPC_NOWAIT;
	if (timeout)
		deadline = now_ns(CLOCK_MONOTONIC) + (uint64_t)timeout->tv_sec * 1000000000u +
		           (uint64_t)timeout->tv_nsec + 1;
	BUSY(set = channel_at(sem_key(id, 0xffff, true)));
	for (;;) {
		bool is_patient = true;
		uint32_t version;

		self.busy++;
		channel_open(set);
		version = set.channel->version + 1;
		ret = REAL(semop)(id, copies, count);
		for (size_t i = 0; i < count; i++) {
			if (ret == 0)
				sem_operated(id, &operations[i], edge);
			is_patient = is_patient && !(operations[i].sem_flg & IPC_NOWAIT);
		}
		if (ret == 0) {
			if (!edge_is_off(edge))
				clock_add(set.arena, &set.channel->all, self.context->clock);
			context_advance();
			context_log(edge, operations[0].sem_op <= 0);
		}
		queue_is_gone(set, ret, edge);
		channel_close(set);
		self.busy--;
		if (ret == 0 || errno != EAGAIN || !is_patient)
			break;
		if (!channel_await(set, version, edge, deadline)) {
			errno = EAGAIN;
			break;
		}
	}
	schedule_wake();
	call_end();
	return ret;
}

INTERPOSE int semop(int id, struct sembuf *operations, size_t count)
{
	if (!call_begin(EDGE_semop, CALLER))
		return REAL(semop)(id, operations, count);
	return sem_operate(EDGE_semop, id, operations, count, NULL);
}

INTERPOSE int semtimedop(int id, struct sembuf *operations, size_t count,
                         const struct timespec *timeout)
{
	if (!call_begin(EDGE_semtimedop, CALLER))
		return REAL(semtimedop)(id, operations, count, timeout);
	return sem_operate(EDGE_semtimedop, id, operations, count, timeout);
}

/* The semaphore was set: its value counts as posts of the caller. */
static void sem_was_set(int id, unsigned short number, unsigned value)
{
	struct channel_ref ref = channel_at(sem_key(id, number, false));
	struct channel_ref zero = channel_at(sem_key(id, number, true));

	channel_clear(ref);
	if (value != 0)
		channel_put(ref, value, 0);
	else
		clock_add(zero.arena, &zero.channel->all, self.context->clock);
}

INTERPOSE int semctl(int id, int number, int command, ...)
{
	struct channel_ref set;
	struct semid_ds status;
	va_list arguments;
	void *argument;
	int ret;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (!call_begin(EDGE_semctl, CALLER))
		return REAL(semctl)(id, number, command, argument);
	self.busy++;
	set = channel_at(sem_key(id, 0xffff, true));
	channel_open(set);
	if (command == IPC_RMID)
		queue_removing(set, EDGE_semctl);
	ret = REAL(semctl)(id, number, command, argument);
	if (command != SETVAL && command != SETALL) {
		/* To look at a set synchronises memory, too (POSIX.1-2017, XBD 4.12). */
		if (ret >= 0 && !edge_is_off(EDGE_semctl))
			channel_get_all(set);
		context_log(EDGE_semctl, true);
		channel_close(set);
		self.busy--;
		call_end();
		return ret;
	}
	if (ret >= 0 && !edge_is_off(EDGE_semctl))
		clock_add(set.arena, &set.channel->all, self.context->clock);
	if (ret >= 0 && command == SETVAL && !edge_is_off(EDGE_semctl)) {
		sem_was_set(id, (unsigned short)number, (unsigned)(uintptr_t)argument);
	} else if (ret >= 0 && !edge_is_off(EDGE_semctl) &&
	           REAL(semctl)(id, 0, IPC_STAT, &status) == 0) {
		for (unsigned short i = 0; i < status.sem_nsems; i++)
			sem_was_set(id, i, ((const unsigned short *)argument)[i]);
	}
	context_advance();
	context_log(EDGE_semctl, false);
	channel_close(set);
	self.busy--;
	schedule_wake();
	call_end();
	return ret;
}
