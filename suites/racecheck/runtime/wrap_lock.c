/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_lock.c - locks of POSIX and C11.
 *
 * Each row of the tables below is a call: its signature, the object, and the
 * attempt that stands for it under the controlled scheduler.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <pthread.h>
#include <stdio.h>
#include <threads.h>
#include <time.h>

enum { OWNER_ROUNDS = 4000 };

static void locked(const volatile void *object, int ret, enum edge edge, bool is_shared)
{
	if (ret != 0 && ret != EOWNERDEAD)
		return;
	BUSY({
		if (ret == EOWNERDEAD)
			sync_inherit(object);
		sync_lock(object, edge, is_shared);
	});
}

/* A deadline of a timed call for the scheduler, whose time is virtual. */
static uint64_t virtual_deadline(const struct timespec *deadline)
{
	return (uint64_t)deadline->tv_sec * 1000000000u + (uint64_t)deadline->tv_nsec + 1;
}

/*
 * LOCK: name, parameters, arguments, object, attempt, its answer when it would
 * block, the deadline (0: none), the call's answer past it, shared or not.
 */
#define LOCK(name, parameters, arguments, object, attempt, busy, deadline, late, is_shared)        \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		int ret;                                                                           \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		if (LIKELY(!is_scheduled)) {                                                       \
			ret = REAL(name) arguments;                                                \
		} else {                                                                           \
			while ((ret = (attempt)) == (busy)) {                                      \
				if (schedule_block(EDGE_##name, deadline))                         \
					continue;                                                  \
				ret = (late);                                                      \
				break;                                                             \
			}                                                                          \
		}                                                                                  \
		locked((const volatile void *)(object), ret, EDGE_##name, is_shared);              \
		call_end();                                                                        \
		return ret;                                                                        \
	}

#define TRY_LOCK(name, type, is_shared)                                                            \
	INTERPOSE int name(type object)                                                            \
	{                                                                                          \
		int ret;                                                                           \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name)(object);                                                 \
		ret = REAL(name)(object);                                                          \
		locked((const volatile void *)object, ret, EDGE_##name, is_shared);                \
		if (ret != 0 && is_scheduled)                                                      \
			schedule_spin();                                                           \
		call_end();                                                                        \
		return ret;                                                                        \
	}

/*
 * Says whether an unlock can hand the mutex over: kinds that know their owner refuse
 * anybody else, and then nothing was released.
 */
static bool is_own(const pthread_mutex_t *mutex)
{
	enum { RECURSIVE = 1, ERROR_CHECKING = 2, KIND = 3, ROBUST = 16, INHERITING = 32 };
	int kind = mutex->__data.__kind;

	return ((kind & KIND) != RECURSIVE && (kind & KIND) != ERROR_CHECKING &&
	        !(kind & (ROBUST | INHERITING))) ||
	       (uint32_t)mutex->__data.__owner == self.tid;
}

#define UNLOCK(name, type)                                                                         \
	INTERPOSE int name(type object)                                                            \
	{                                                                                          \
		int ret;                                                                           \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name)(object);                                                 \
		BUSY(sync_unlock((const volatile void *)object, EDGE_##name));                     \
		ret = REAL(name)(object);                                                          \
		schedule_wake();                                                                   \
		call_end();                                                                        \
		return ret;                                                                        \
	}

#define DESTROY(name, type, ret_type)                                                              \
	INTERPOSE ret_type name(type object)                                                       \
	{                                                                                          \
		if (call_begin(EDGE_##name, CALLER)) {                                             \
			BUSY(sync_reset((const volatile void *)object));                           \
			call_end();                                                                \
		}                                                                                  \
		return REAL(name)(object);                                                         \
	}

#define INIT(name, type, argument)                                                                 \
	INTERPOSE int name(type object, argument with)                                             \
	{                                                                                          \
		if (call_begin(EDGE_##name, CALLER)) {                                             \
			BUSY(sync_reset((const volatile void *)object));                           \
			call_end();                                                                \
		}                                                                                  \
		return REAL(name)(object, with);                                                   \
	}

/* Is a thread on its way out, after its last step under the scheduler? */
static bool is_ending(uint32_t tid)
{
	for (uint32_t slot = 0; slot < context_count(); slot++) {
		const struct context *context = &session->context[slot];

		if (context->tid == tid && context->schedule == SCHEDULE_DONE)
			return !is_gone(tid);
	}
	return false;
}

/*
 * An error-checking mutex answers its owner at once; an attempt would not. One
 * whose owner is about to die is waited for, so that each run finds it dead.
 */
static int mutex_attempt(pthread_mutex_t *mutex)
{
	const struct timespec pause = {.tv_nsec = 50000};
	uint32_t owner = (uint32_t)mutex->__data.__owner;

	if (owner == self.tid && (mutex->__data.__kind & 3) == 2)
		return EDEADLK;
	for (int i = 0; i < OWNER_ROUNDS && owner != 0 && is_ending(owner); i++)
		sys_call2(SYS_nanosleep, &pause, 0);
	return REAL(pthread_mutex_trylock)(mutex);
}

#define MUTEX pthread_mutex_t *mutex
#define TIMED const struct timespec *deadline
#define CLOCK clockid_t clock
LOCK(pthread_mutex_lock, (MUTEX), (mutex), mutex, mutex_attempt(mutex), EBUSY, 0, 0, false)
LOCK(pthread_mutex_timedlock, (MUTEX, TIMED), (mutex, deadline), mutex, mutex_attempt(mutex), EBUSY,
     virtual_deadline(deadline), ETIMEDOUT, false)
LOCK(pthread_mutex_clocklock, (MUTEX, CLOCK, TIMED), (mutex, clock, deadline), mutex,
     mutex_attempt(mutex), EBUSY, virtual_deadline(deadline), ETIMEDOUT, false)
TRY_LOCK(pthread_mutex_trylock, pthread_mutex_t *, false)

INTERPOSE int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
	int ret;

	if (!call_begin(EDGE_pthread_mutex_unlock, CALLER))
		return REAL(pthread_mutex_unlock)(mutex);
	if (is_own(mutex))
		BUSY(sync_unlock(mutex, EDGE_pthread_mutex_unlock));
	ret = REAL(pthread_mutex_unlock)(mutex);
	schedule_wake();
	call_end();
	return ret;
}

INIT(pthread_mutex_init, pthread_mutex_t *, const pthread_mutexattr_t *)
DESTROY(pthread_mutex_destroy, pthread_mutex_t *, int)

#define RWLOCK pthread_rwlock_t *lock
LOCK(pthread_rwlock_rdlock, (RWLOCK), (lock), lock, REAL(pthread_rwlock_tryrdlock)(lock), EBUSY, 0,
     0, true)
LOCK(pthread_rwlock_timedrdlock, (RWLOCK, TIMED), (lock, deadline), lock,
     REAL(pthread_rwlock_tryrdlock)(lock), EBUSY, virtual_deadline(deadline), ETIMEDOUT, true)
LOCK(pthread_rwlock_clockrdlock, (RWLOCK, CLOCK, TIMED), (lock, clock, deadline), lock,
     REAL(pthread_rwlock_tryrdlock)(lock), EBUSY, virtual_deadline(deadline), ETIMEDOUT, true)
LOCK(pthread_rwlock_wrlock, (RWLOCK), (lock), lock, REAL(pthread_rwlock_trywrlock)(lock), EBUSY, 0,
     0, false)
LOCK(pthread_rwlock_timedwrlock, (RWLOCK, TIMED), (lock, deadline), lock,
     REAL(pthread_rwlock_trywrlock)(lock), EBUSY, virtual_deadline(deadline), ETIMEDOUT, false)
LOCK(pthread_rwlock_clockwrlock, (RWLOCK, CLOCK, TIMED), (lock, clock, deadline), lock,
     REAL(pthread_rwlock_trywrlock)(lock), EBUSY, virtual_deadline(deadline), ETIMEDOUT, false)
TRY_LOCK(pthread_rwlock_tryrdlock, pthread_rwlock_t *, true)
TRY_LOCK(pthread_rwlock_trywrlock, pthread_rwlock_t *, false)
UNLOCK(pthread_rwlock_unlock, pthread_rwlock_t *)
INIT(pthread_rwlock_init, pthread_rwlock_t *, const pthread_rwlockattr_t *)
DESTROY(pthread_rwlock_destroy, pthread_rwlock_t *, int)

LOCK(pthread_spin_lock, (pthread_spinlock_t * lock), (lock), lock, REAL(pthread_spin_trylock)(lock),
     EBUSY, 0, 0, false)
TRY_LOCK(pthread_spin_trylock, pthread_spinlock_t *, false)
UNLOCK(pthread_spin_unlock, pthread_spinlock_t *)
INIT(pthread_spin_init, pthread_spinlock_t *, int)
DESTROY(pthread_spin_destroy, pthread_spinlock_t *, int)

#define MTX mtx_t *mutex
LOCK(mtx_lock, (MTX), (mutex), mutex, REAL(mtx_trylock)(mutex), thrd_busy, 0, thrd_error, false)
LOCK(mtx_timedlock, (MTX, TIMED), (mutex, deadline), mutex, REAL(mtx_trylock)(mutex), thrd_busy,
     virtual_deadline(deadline), thrd_timedout, false)
TRY_LOCK(mtx_trylock, mtx_t *, false)
UNLOCK(mtx_unlock, mtx_t *)
INIT(mtx_init, mtx_t *, int)
DESTROY(mtx_destroy, mtx_t *, void)

INTERPOSE void flockfile(FILE *file)
{
	if (!call_begin(EDGE_flockfile, CALLER)) {
		REAL(flockfile)(file);
		return;
	}
	if (LIKELY(!is_scheduled)) {
		REAL(flockfile)(file);
	} else {
		while (REAL(ftrylockfile)(file) != 0)
			schedule_block(EDGE_flockfile, 0);
	}
	locked(file, 0, EDGE_flockfile, false);
	call_end();
}

TRY_LOCK(ftrylockfile, FILE *, false)

INTERPOSE void funlockfile(FILE *file)
{
	if (call_begin(EDGE_funlockfile, CALLER)) {
		BUSY(sync_unlock(file, EDGE_funlockfile));
		REAL(funlockfile)(file);
		schedule_wake();
		call_end();
		return;
	}
	REAL(funlockfile)(file);
}

/* ---- condition variables: they pass no clock of their own, their mutex does ---- */

/*
 * Under the scheduler a wait is emulated: arrivals counts waiters, threshold
 * the signals that were given to them. Returns false if the deadline passed.
 */
static bool cond_emulate(const volatile void *cond, enum edge edge, uint64_t deadline_ns)
{
	struct sync *sync;
	bool is_signalled = false;
	bool has_time = true;

	BUSY(sync = sync_at(cond).sync);
	sync->arrivals++;
	while (!is_signalled && has_time) {
		has_time = schedule_block(edge, deadline_ns);
		if (sync->threshold > 0) {
			sync->threshold--;
			is_signalled = true;
		}
	}
	sync->arrivals--;
	return is_signalled;
}

static void cond_notify(const volatile void *cond, bool is_all)
{
	struct sync *sync;

	if (!is_scheduled)
		return;
	BUSY(sync = sync_at(cond).sync);
	if (is_all)
		sync->threshold = sync->arrivals;
	else if (sync->threshold < sync->arrivals)
		sync->threshold++;
	schedule_wake();
}

struct wait {
	const void *mutex;
	enum edge edge;
};

/* A wait that is cancelled holds the mutex again, before the program's own handlers run. */
static void wait_cancelled(void *raw)
{
	const struct wait *wait = raw;

	BUSY(sync_lock(wait->mutex, wait->edge, false));
	call_end();
}

/* WAIT: name, parameters, arguments, lock and unlock calls, deadline, answer past it. */
#define WAIT(name, parameters, arguments, lock_call, unlock_call, deadline, late)                  \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		struct wait wait = {mutex, EDGE_##name};                                           \
		bool has_time = true;                                                              \
		int ret;                                                                           \
                                                                                                   \
		/* Whose mutex it is not is refused. */                                            \
		if (!is_own((const pthread_mutex_t *)mutex) || !call_begin(EDGE_##name, CALLER))   \
			return REAL(name) arguments;                                               \
		BUSY(sync_unlock(mutex, EDGE_##name));                                             \
		if (LIKELY(!is_scheduled)) {                                                       \
			pthread_cleanup_push(wait_cancelled, &wait);                               \
			ret = REAL(name) arguments;                                                \
			pthread_cleanup_pop(0);                                                    \
		} else {                                                                           \
			REAL(unlock_call)(mutex);                                                  \
			schedule_wake();                                                           \
			has_time = cond_emulate(cond, EDGE_##name, deadline);                      \
			while ((ret = REAL(lock_call)(mutex)) == EBUSY || ret == thrd_busy)        \
				schedule_block(EDGE_##name, 0);                                    \
			if (ret == 0 && !has_time)                                                 \
				ret = (late);                                                      \
		}                                                                                  \
		if (ret == EOWNERDEAD)                                                             \
			BUSY(sync_inherit(mutex));                                                 \
		/* The mutex is held again, also when the wait timed out. */                       \
		BUSY(sync_lock(mutex, EDGE_##name, false));                                        \
		call_end();                                                                        \
		return ret;                                                                        \
	}

#define NOTIFY(name, type, is_all)                                                                 \
	INTERPOSE int name(type cond)                                                              \
	{                                                                                          \
		if (call_begin(EDGE_##name, CALLER)) {                                             \
			cond_notify(cond, is_all);                                                 \
			call_end();                                                                \
		}                                                                                  \
		return REAL(name)(cond);                                                           \
	}

#define COND pthread_cond_t *cond
WAIT(pthread_cond_wait, (COND, MUTEX), (cond, mutex), pthread_mutex_trylock, pthread_mutex_unlock,
     0, 0)
WAIT(pthread_cond_timedwait, (COND, MUTEX, TIMED), (cond, mutex, deadline), pthread_mutex_trylock,
     pthread_mutex_unlock, virtual_deadline(deadline), ETIMEDOUT)
WAIT(pthread_cond_clockwait, (COND, MUTEX, CLOCK, TIMED), (cond, mutex, clock, deadline),
     pthread_mutex_trylock, pthread_mutex_unlock, virtual_deadline(deadline), ETIMEDOUT)
WAIT(cnd_wait, (cnd_t * cond, MTX), (cond, mutex), mtx_trylock, mtx_unlock, 0, 0)
WAIT(cnd_timedwait, (cnd_t * cond, MTX, TIMED), (cond, mutex, deadline), mtx_trylock, mtx_unlock,
     virtual_deadline(deadline), thrd_timedout)
NOTIFY(pthread_cond_signal, pthread_cond_t *, false)
NOTIFY(pthread_cond_broadcast, pthread_cond_t *, true)
NOTIFY(cnd_signal, cnd_t *, false)
NOTIFY(cnd_broadcast, cnd_t *, true)

/* ---- barriers: two clocks in turn, so that a fast thread of the next round adds nothing ---- */

INTERPOSE int pthread_barrier_init(pthread_barrier_t *barrier, const pthread_barrierattr_t *with,
                                   unsigned count)
{
	if (call_begin(EDGE_pthread_barrier_init, CALLER)) {
		BUSY({
			sync_reset(barrier);
			sync_at(barrier).sync->threshold = count;
		});
		call_end();
	}
	return REAL(pthread_barrier_init)(barrier, with, count);
}

DESTROY(pthread_barrier_destroy, pthread_barrier_t *, int)

/* Adds the caller to its round. Returns the round's number. */
static uint32_t barrier_arrive(struct sync_ref ref, bool *is_last)
{
	struct sync *sync = ref.sync;
	uint32_t count = sync->threshold != 0 ? sync->threshold : 1;
	struct stored_clock *clock;
	uint32_t round;

	lock_take(&sync->lock);
	round = sync->arrivals / count;
	clock = round & 1 ? &sync->readers : &sync->writers;
	if (sync->arrivals % count == 0 && sync->threshold != 0)
		clock_drop(ref.arena, clock);
	sync->arrivals++;
	*is_last = sync->arrivals % count == 0;
	if (!edge_is_off(EDGE_pthread_barrier_wait))
		clock_add(ref.arena, clock, self.context->clock);
	lock_give(&sync->lock);
	context_advance();
	context_log(EDGE_pthread_barrier_wait, false);
	return round;
}

static void barrier_leave(struct sync_ref ref, uint32_t round)
{
	lock_take(&ref.sync->lock);
	clock_take(ref.arena, round & 1 ? &ref.sync->readers : &ref.sync->writers,
	           self.context->clock);
	lock_give(&ref.sync->lock);
	context_log(EDGE_pthread_barrier_wait, true);
}

INTERPOSE int pthread_barrier_wait(pthread_barrier_t *barrier)
{
	struct sync_ref ref;
	bool is_last;
	uint32_t round;
	int ret;

	if (!call_begin(EDGE_pthread_barrier_wait, CALLER))
		return REAL(pthread_barrier_wait)(barrier);
	BUSY(ref = sync_at(barrier));
	BUSY(round = barrier_arrive(ref, &is_last));
	if (LIKELY(!is_scheduled) || ref.sync->threshold == 0) {
		ret = REAL(pthread_barrier_wait)(barrier);
	} else {
		schedule_wake();
		while (ref.sync->arrivals / ref.sync->threshold <= round)
			schedule_block(EDGE_pthread_barrier_wait, 0);
		ret = is_last ? PTHREAD_BARRIER_SERIAL_THREAD : 0;
	}
	BUSY(barrier_leave(ref, round));
	call_end();
	return ret;
}
