/* SPDX-License-Identifier: MIT */
/* results/recorder.c - what one peer measured in one round. */
#include "results/recorder.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Returns the nanoseconds between two times of getrusage(), whose step is a microsecond. */
static uint64_t between_ns(struct timeval from, struct timeval to)
{
	int64_t us = ((int64_t)to.tv_sec - from.tv_sec) * 1000000 + (to.tv_usec - from.tv_usec);

	/* The kernel splits user from system by ticks; a share may step back, the sum can't. */
	return us > 0 ? (uint64_t)us * 1000u : 0;
}

static uint64_t between(long from, long to)
{
	return to > from ? (uint64_t)(to - from) : 0;
}

size_t recorder_bytes(unsigned bits)
{
	return offsetof(struct recorder, histogram) + histogram_bytes(bits);
}

void recorder_init(struct recorder *recorder, unsigned bits)
{
	memset(recorder, 0, offsetof(struct recorder, histogram));
	histogram_init(&recorder->histogram, bits);
}

/* Makes this process's own page table entries, as a write to each page would. */
static void prefault(struct recorder *recorder)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)recorder & ~(page_bytes - 1);
	uintptr_t end = (uintptr_t)recorder + recorder_bytes(recorder->histogram.bits);

	/* Before Linux 5.14 this is refused, and the faults are counted as what they are. */
	(void)madvise((void *)start, end - start, MADV_POPULATE_WRITE);
}

void recorder_start(struct recorder *recorder)
{
	prefault(recorder);
	getrusage(RUSAGE_THREAD, &recorder->at_start);
	recorder->counters = (struct recorder_counters){.start_ns = now_ns()};
}

void recorder_stop(struct recorder *recorder)
{
	struct recorder_counters *counters = &recorder->counters;
	const struct rusage *start = &recorder->at_start;
	uint64_t stop_ns = now_ns();
	struct rusage stop;

	if (counters->start_ns == 0)
		return;
	getrusage(RUSAGE_THREAD, &stop);
	counters->stop_ns = stop_ns;
	counters->cpu_user_ns = between_ns(start->ru_utime, stop.ru_utime);
	counters->cpu_system_ns = between_ns(start->ru_stime, stop.ru_stime);
	counters->voluntary_switches = between(start->ru_nvcsw, stop.ru_nvcsw);
	counters->involuntary_switches = between(start->ru_nivcsw, stop.ru_nivcsw);
	counters->minor_faults = between(start->ru_minflt, stop.ru_minflt);
	counters->major_faults = between(start->ru_majflt, stop.ru_majflt);
}
