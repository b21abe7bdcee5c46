/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/wrap_other.c - sleeps, and annotations. */
#include "suites/racecheck/runtime/wrap.h"

#include <pthread.h>
#include <sched.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

/* ---- sleeping: no edge, whatever it is meant for ---- */

#define SLEEP(name, ret_type, parameters, arguments, done)                                         \
	INTERPOSE ret_type name parameters                                                         \
	{                                                                                          \
		ret_type ret;                                                                      \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		if (is_scheduled) {                                                                \
			schedule_yield();                                                          \
			pthread_testcancel();                                                      \
			ret = (done);                                                              \
		} else {                                                                           \
			ret = REAL(name) arguments;                                                \
		}                                                                                  \
		call_end();                                                                        \
		return ret;                                                                        \
	}

SLEEP(sleep, unsigned, (unsigned seconds), (seconds), 0)
SLEEP(usleep, int, (useconds_t us), (us), 0)
SLEEP(nanosleep, int, (const struct timespec *time, struct timespec *left), (time, left), 0)
SLEEP(clock_nanosleep, int,
      (clockid_t clock, int flags, const struct timespec *time, struct timespec *left),
      (clock, flags, time, left), 0)
SLEEP(thrd_sleep, int, (const struct timespec *time, struct timespec *left), (time, left), 0)
SLEEP(sched_yield, int, (void), (), 0)

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
