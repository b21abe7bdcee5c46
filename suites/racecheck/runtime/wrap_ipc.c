/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_ipc.c - semaphores and message queues.
 *
 * A post is a unit, a wait takes the oldest. Messages are taken by type or
 * priority, as the kernel does. Calls of queues are made as attempts under the
 * channel's lock; between them the caller waits on the channel's version.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <time.h>

#include "suites/racecheck/runtime/fd.h"

/* ---- POSIX semaphores ---- */

static struct channel_ref sem_channel(const sem_t *sem)
{
	return channel_in(sync_at(sem));
}

static void sem_put(const sem_t *sem, unsigned count, enum edge edge)
{
	struct channel_ref ref = sem_channel(sem);

	if (edge_is_off(edge))
		return;
	lock_take(&ref.channel->lock);
	if (count != 0)
		channel_put(ref, count, 0);
	lock_give(&ref.channel->lock);
	context_advance();
	context_log(edge, false);
}

static void sem_get(const sem_t *sem, enum edge edge)
{
	struct channel_ref ref = sem_channel(sem);

	if (edge_is_off(edge))
		return;
	lock_take(&ref.channel->lock);
	if (!channel_get(ref, 1, ANY_TAG)) {
		/* Posted out of sight, or by one that died on the way. */
		channel_get_all(ref);
		context_join_gone(true);
	}
	lock_give(&ref.channel->lock);
	context_log(edge, true);
}

INTERPOSE int sem_init(sem_t *sem, int is_shared, unsigned value)
{
	if (call_begin(EDGE_sem_init, CALLER)) {
		BUSY({
			struct channel_ref ref = sem_channel(sem);

			lock_take(&ref.channel->lock);
			channel_clear(ref);
			clock_drop(ref.arena, &ref.channel->all);
			lock_give(&ref.channel->lock);
			sem_put(sem, value, EDGE_sem_init);
		});
		call_end();
	}
	return REAL(sem_init)(sem, is_shared, value);
}

enum { POSTS_MAX = 1024 };

/*
 * Gives a semaphore that was just made its value. Whoever finds it may take it at once:
 * so it begins empty, and the clock is there before what can be taken.
 */
static void sem_fill(sem_t *sem, unsigned value, unsigned missing)
{
	BUSY(sem_put(sem, value, EDGE_sem_open));
	for (unsigned i = 0; i < missing; i++)
		REAL(sem_post)(sem);
}

INTERPOSE sem_t *sem_open(const char *name, int flags, ...)
{
	mode_t mode = 0;
	unsigned value = 0;
	unsigned missing = 0;
	sem_t *sem;
	char path[300];
	bool is_new = false;

	if (flags & O_CREAT) {
		va_list arguments;

		va_start(arguments, flags);
		mode = va_arg(arguments, mode_t);
		value = va_arg(arguments, unsigned);
		va_end(arguments);
	}
	if (!call_begin(EDGE_sem_open, CALLER))
		return REAL(sem_open)(name, flags, mode, value);
	if (flags & O_CREAT) {
		missing = value <= POSTS_MAX ? value : 0;
		sem = REAL(sem_open)(name, flags | O_EXCL, mode, value - missing);
		is_new = sem != SEM_FAILED;
		if (!is_new && errno == EEXIST && !(flags & O_EXCL))
			sem = REAL(sem_open)(name, flags, mode, value);
	} else {
		sem = REAL(sem_open)(name, flags);
	}
	if (sem != SEM_FAILED) {
		/* libc mapped it out of sight. */
		snprintf(path, sizeof(path), "/dev/shm/sem.%s", name + (name[0] == '/'));
		BUSY(map_import(path));
		if (is_new)
			sem_fill(sem, value, missing);
	}
	call_end();
	return sem;
}

INTERPOSE int sem_post(sem_t *sem)
{
	int ret;

	if (!call_begin(EDGE_sem_post, CALLER))
		return REAL(sem_post)(sem);
	BUSY(sem_put(sem, 1, EDGE_sem_post));
	ret = REAL(sem_post)(sem);
	schedule_wake();
	call_end();
	return ret;
}

#define SEM_WAIT(name, parameters, arguments, deadline)                                            \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		int ret;                                                                           \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		if (LIKELY(!is_scheduled) || EDGE_##name == EDGE_sem_trywait) {                    \
			ret = REAL(name) arguments;                                                \
		} else {                                                                           \
			while ((ret = REAL(sem_trywait)(sem)) != 0 && errno == EAGAIN) {           \
				if (schedule_block(EDGE_##name, deadline))                         \
					continue;                                                  \
				errno = ETIMEDOUT;                                                 \
				break;                                                             \
			}                                                                          \
		}                                                                                  \
		if (ret == 0)                                                                      \
			BUSY(sem_get(sem, EDGE_##name));                                           \
		else if (is_scheduled)                                                             \
			schedule_spin();                                                           \
		call_end();                                                                        \
		return ret;                                                                        \
	}

#define LATE(time) ((uint64_t)(time)->tv_sec * 1000000000u + (uint64_t)(time)->tv_nsec + 1)
SEM_WAIT(sem_wait, (sem_t * sem), (sem), 0)
SEM_WAIT(sem_trywait, (sem_t * sem), (sem), 0)
SEM_WAIT(sem_timedwait, (sem_t * sem, const struct timespec *limit), (sem, limit), LATE(limit))
SEM_WAIT(sem_clockwait, (sem_t * sem, clockid_t clock, const struct timespec *limit),
         (sem, clock, limit), LATE(limit))

/* ---- attempts under a channel's lock ---- */

/* Waits until the channel moved on from version, or deadline_ns passed (0: none). */
static bool await_version(struct channel_ref ref, uint32_t version, enum edge edge,
                          uint64_t deadline_ns)
{
	uint64_t now;

	if (is_scheduled) {
		bool has_time = schedule_block(edge, deadline_ns);

		pthread_testcancel();
		return has_time;
	}
	now = now_ns(CLOCK_MONOTONIC);
	if (deadline_ns != 0 && now >= deadline_ns)
		return false;
	/* A stranger moves no version: look again by and by. */
	lock_wait(&ref.channel->version, version, 5000000);
	return true;
}

/* A deadline of another clock as CLOCK_MONOTONIC; 0: none. */
static uint64_t monotonic(const struct timespec *limit, int clock)
{
	uint64_t now = now_ns(clock);
	uint64_t at;

	if (!limit)
		return 0;
	at = (uint64_t)limit->tv_sec * 1000000000u + (uint64_t)limit->tv_nsec;
	return now_ns(CLOCK_MONOTONIC) + (at > now ? at - now : 0) + 1;
}

/* ---- POSIX message queues: an expired limit makes an attempt ---- */

static struct channel_ref mq_channel(mqd_t queue)
{
	struct fd_look look;

	fd_look(queue, &look);
	return channel_at((struct channel_key){CHANNEL_MQ, look.inode, look.device});
}

static void mq_bound(struct channel_ref ref, mqd_t queue)
{
	struct mq_attr attributes;

	if (ref.channel->room == 0 && mq_getattr(queue, &attributes) == 0)
		channel_bound(ref, (uint64_t)(attributes.mq_maxmsg - attributes.mq_curmsgs));
}

static int mq_put(enum edge edge, mqd_t queue, const char *data, size_t bytes, unsigned priority,
                  const struct timespec *limit, uintptr_t place)
{
	static const struct timespec expired;
	uint64_t deadline = monotonic(limit, CLOCK_REALTIME);
	struct channel_ref ref;
	uint32_t version;
	bool has_waited = false;
	int ret;

	shadow_access((uintptr_t)data, bytes, false, false, place);
	if (session->has_notified_queue)
		BUSY(channel_release((struct channel_key){CHANNEL_NOTIFY, 0, 0}, edge));
	BUSY(ref = mq_channel(queue));
	for (;;) {
		self.busy++;
		channel_open(ref);
		version = ref.channel->version + 1;
		mq_bound(ref, queue);
		ret = REAL(mq_timedsend)(queue, data, bytes, priority, &expired);
		if (ret == 0 && !edge_is_off(edge)) {
			channel_fill(ref, 1);
			channel_put(ref, 1, priority);
			if (has_waited)
				clock_take(ref.arena, &ref.channel->taken, self.context->clock);
			context_advance();
			context_log(edge, false);
		}
		channel_close(ref);
		self.busy--;
		if (ret == 0 || errno != ETIMEDOUT)
			break;
		has_waited = true;
		if (!await_version(ref, version, edge, deadline)) {
			errno = ETIMEDOUT;
			break;
		}
	}
	schedule_wake();
	call_end();
	return ret;
}

static ssize_t mq_get(enum edge edge, mqd_t queue, char *data, size_t room, unsigned *priority,
                      const struct timespec *limit, uintptr_t place)
{
	static const struct timespec expired;
	uint64_t deadline = monotonic(limit, CLOCK_REALTIME);
	struct channel_ref ref;
	unsigned tag = 0;
	uint32_t version;
	ssize_t ret;

	BUSY(ref = mq_channel(queue));
	for (;;) {
		self.busy++;
		channel_open(ref);
		version = ref.channel->version + 1;
		ret = REAL(mq_timedreceive)(queue, data, room, &tag, &expired);
		if (ret >= 0 && !edge_is_off(edge)) {
			if (!channel_get(ref, 1, tag))
				channel_get_everything();
			channel_empty(ref, 1);
			clock_add(ref.arena, &ref.channel->taken, self.context->clock);
			context_advance();
			context_log(edge, true);
		}
		channel_close(ref);
		self.busy--;
		if (ret >= 0 || errno != ETIMEDOUT)
			break;
		if (!await_version(ref, version, edge, deadline)) {
			errno = ETIMEDOUT;
			break;
		}
	}
	if (ret >= 0) {
		shadow_access((uintptr_t)data, (size_t)ret, true, false, place);
		if (priority)
			*priority = tag;
	}
	schedule_wake();
	call_end();
	return ret;
}

INTERPOSE int mq_send(mqd_t queue, const char *data, size_t bytes, unsigned priority)
{
	if (!call_begin(EDGE_mq_send, CALLER))
		return REAL(mq_send)(queue, data, bytes, priority);
	return mq_put(EDGE_mq_send, queue, data, bytes, priority, NULL, CALLER);
}

INTERPOSE int mq_timedsend(mqd_t queue, const char *data, size_t bytes, unsigned priority,
                           const struct timespec *limit)
{
	if (!call_begin(EDGE_mq_timedsend, CALLER))
		return REAL(mq_timedsend)(queue, data, bytes, priority, limit);
	return mq_put(EDGE_mq_timedsend, queue, data, bytes, priority, limit, CALLER);
}

INTERPOSE ssize_t mq_receive(mqd_t queue, char *data, size_t room, unsigned *priority)
{
	if (!call_begin(EDGE_mq_receive, CALLER))
		return REAL(mq_receive)(queue, data, room, priority);
	return mq_get(EDGE_mq_receive, queue, data, room, priority, NULL, CALLER);
}

INTERPOSE ssize_t mq_timedreceive(mqd_t queue, char *data, size_t room, unsigned *priority,
                                  const struct timespec *limit)
{
	if (!call_begin(EDGE_mq_timedreceive, CALLER))
		return REAL(mq_timedreceive)(queue, data, room, priority, limit);
	return mq_get(EDGE_mq_timedreceive, queue, data, room, priority, limit, CALLER);
}

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
		await_version(ref, version, EDGE_msgsnd, 0);
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
		await_version(ref, version, EDGE_msgrcv, 0);
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
		if (!await_version(set, version, edge, deadline)) {
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
