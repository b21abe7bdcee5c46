/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/wrap_other.c - sleeps, and annotations. */
#include "suites/racecheck/runtime/wrap.h"

#include <pthread.h>
#include <sched.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* ---- sleeping: no edge, whatever it is meant for ---- */

/* time: what is read of the program's memory, or null; left: what is written if it was cut short.
 */
#define SLEEP(name, ret_type, parameters, arguments, done, time, left)                             \
	INTERPOSE ret_type name parameters                                                         \
	{                                                                                          \
		ret_type ret;                                                                      \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		READS(time, sizeof(struct timespec));                                              \
		if (is_scheduled) {                                                                \
			schedule_yield();                                                          \
			pthread_testcancel();                                                      \
			ret = (done);                                                              \
		} else {                                                                           \
			ret = REAL(name) arguments;                                                \
		}                                                                                  \
		if (ret != 0)                                                                      \
			WRITES(left, sizeof(struct timespec));                                     \
		call_end();                                                                        \
		return ret;                                                                        \
	}

SLEEP(sleep, unsigned, (unsigned seconds), (seconds), 0, NULL, NULL)
SLEEP(usleep, int, (useconds_t us), (us), 0, NULL, NULL)
SLEEP(nanosleep, int, (const struct timespec *time, struct timespec *left), (time, left), 0, time,
      errno == EINTR ? left : NULL)
SLEEP(clock_nanosleep, int,
      (clockid_t clock, int flags, const struct timespec *time, struct timespec *left),
      (clock, flags, time, left), 0, time, ret == EINTR && !(flags & TIMER_ABSTIME) ? left : NULL)
SLEEP(thrd_sleep, int, (const struct timespec *time, struct timespec *left), (time, left), 0, time,
      ret == -1 ? left : NULL)
SLEEP(sched_yield, int, (void), (), 0, NULL, NULL)

INTERPOSE void thrd_yield(void)
{
	sched_yield();
}

/* ---- annotations: for synchronisation that can't be seen ---- */

EXPORT void racecheck_acquire(const volatile void *object);
EXPORT void racecheck_release(const volatile void *object);
EXPORT void racecheck_ignore_begin(void);
EXPORT void racecheck_ignore_end(void);

EXPORT void racecheck_acquire(const volatile void *object)
{
	if (!call_begin(EDGE_annotation, CALLER))
		return;
	BUSY(sync_acquire(object, EDGE_annotation));
	call_end();
}

EXPORT void racecheck_release(const volatile void *object)
{
	if (!call_begin(EDGE_annotation, CALLER))
		return;
	BUSY(sync_release(object, EDGE_annotation));
	schedule_wake();
	call_end();
}

EXPORT void racecheck_ignore_begin(void)
{
	self.ignoring++;
}

EXPORT void racecheck_ignore_end(void)
{
	if (self.ignoring > 0)
		self.ignoring--;
}

/* `racecheck cc` puts them around inline assembly: an operand of it may be a lock. */
EXPORT void racecheck_before_assembly(const volatile void *operand);
EXPORT void racecheck_after_assembly(const volatile void *operand);

EXPORT void racecheck_before_assembly(const volatile void *operand)
{
	if (!operand || !call_begin(EDGE_assembly, CALLER))
		return;
	BUSY(sync_release(operand, EDGE_assembly));
	schedule_wake();
	call_end();
}

EXPORT void racecheck_after_assembly(const volatile void *operand)
{
	if (!operand || !call_begin(EDGE_assembly, CALLER))
		return;
	BUSY(sync_acquire(operand, EDGE_assembly));
	call_end();
}

EXPORT void __tsan_acquire(void *object)
{
	racecheck_acquire(object);
}

EXPORT void __tsan_release(void *object)
{
	racecheck_release(object);
}
