/* SPDX-License-Identifier: MIT */
/* ipc/clock.h - monotonic time in 64-bit nanoseconds. */
#ifndef IPC_CLOCK_H
#define IPC_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_US UINT64_C(1000)

/* Returns CLOCK_MONOTONIC in nanoseconds. */
static inline uint64_t clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Returns the time of the kernel's last tick, up to 10 ms ago, for a quarter of the price. */
static inline uint64_t clock_tick_ns(void)
{
	struct timespec tick;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &tick);
	return (uint64_t)tick.tv_sec * NS_PER_S + (uint64_t)tick.tv_nsec;
}

/* Returns ns as a timespec, for calls that take an absolute or a relative time. */
static inline struct timespec clock_timespec(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S),
	};
}

/* Sleeps until deadline_ns, absolute CLOCK_MONOTONIC nanoseconds, whatever signals come. */
static inline void clock_sleep_until(uint64_t deadline_ns)
{
	struct timespec deadline = clock_timespec(deadline_ns);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL) != 0)
		;
}

#endif
