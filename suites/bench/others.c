/* SPDX-License-Identifier: MIT */
/* suites/bench/others.c - how many CPUs others used meanwhile. */
#include "suites/bench/others.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ipc/clock.h"

/* Returns what all CPUs have worked: all fields of /proc/stat but those that wait; 0: unknown. */
static uint64_t busy_now_ns(void)
{
	enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIELDS };
	unsigned long long ticks[FIELDS] = {0};
	FILE *file = fopen("/proc/stat", "re");
	long hz = sysconf(_SC_CLK_TCK);
	int got;

	if (!file)
		return 0;
	got = fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &ticks[USER],
	             &ticks[NICE], &ticks[SYSTEM], &ticks[IDLE], &ticks[IOWAIT], &ticks[IRQ],
	             &ticks[SOFTIRQ], &ticks[STEAL]);
	fclose(file);
	if (got != FIELDS || hz <= 0)
		return 0;
	return (ticks[USER] + ticks[NICE] + ticks[SYSTEM] + ticks[IRQ] + ticks[SOFTIRQ] +
	        ticks[STEAL]) *
	       (NS_PER_S / (uint64_t)hz);
}

static uint64_t used_ns(int who)
{
	struct rusage usage;

	if (getrusage(who, &usage) < 0)
		return 0;
	return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * NS_PER_S +
	       (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * NS_PER_US;
}

void others_start(struct others *others)
{
	*others = (struct others){
		.start_ns = clock_now_ns(),
		.busy_ns = busy_now_ns(),
		.own_ns = used_ns(RUSAGE_SELF) + used_ns(RUSAGE_CHILDREN),
	};
}

double others_cpus(const struct others *others)
{
	struct others now;
	double busy;
	double own;

	others_start(&now);
	if (others->busy_ns == 0 || now.busy_ns == 0 || now.start_ns <= others->start_ns)
		return NAN;
	busy = (double)(now.busy_ns - others->busy_ns);
	own = (double)(now.own_ns - others->own_ns);
	return fmax(busy - own, 0.0) / (double)(now.start_ns - others->start_ns);
}
