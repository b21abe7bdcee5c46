/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_ipc.c - semaphores and message queues of POSIX.
 *
 * A post is a unit, a wait takes the oldest. Messages are taken by type or
 * priority, as the kernel does. Calls of queues are made as attempts under the
 * channel's lock; between them the caller waits on the channel's version.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
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

/* ---- message queues: an expired limit makes an attempt ---- */

/* A deadline of another clock as CLOCK_MONOTONIC; 0: none. */
static uint64_t monotonic_ns(const struct timespec *limit, int clock)
{
	uint64_t now = now_ns(clock);
	uint64_t at;

	if (!limit)
		return 0;
	at = (uint64_t)limit->tv_sec * 1000000000u + (uint64_t)limit->tv_nsec;
	return now_ns(CLOCK_MONOTONIC) + (at > now ? at - now : 0) + 1;
}

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
	uint64_t deadline = monotonic_ns(limit, CLOCK_REALTIME);
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
		if (!channel_await(ref, version, edge, deadline)) {
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
	uint64_t deadline = monotonic_ns(limit, CLOCK_REALTIME);
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
		if (!channel_await(ref, version, edge, deadline)) {
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
