/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/call_counter.h - counts the system calls of a process and its children.
 *
 * The work runs in a child that is traced with ptrace, down to every thread and
 * process it starts: exact and without privilege, but slow, so never in a timed
 * pass. The C library's clock readings and other vDSO calls don't enter the
 * kernel and aren't counted.
 */
#ifndef SUITES_BENCH_CALL_COUNTER_H
#define SUITES_BENCH_CALL_COUNTER_H

#include <stddef.h>
#include <stdint.h>

#define CALL_NUMBERS_MAX 512 /* system calls have lower numbers on the machines we know */
#define CALL_TASKS_MAX 16

/* The calls of all threads or processes of one name. */
struct call_task {
	char name[16]; /* as in /proc/PID/comm when it ended */
	uint64_t counts[CALL_NUMBERS_MAX];
};

struct call_counts {
	struct call_task tasks[CALL_TASKS_MAX];
	size_t tasks_count;
};

/*
 * Runs work(context) in a traced child until it has ended or deadline_ns has
 * passed; then the child is killed. The child exits with what work returned.
 *
 * Returns 0, or -errno: -EPERM (a policy forbids ptrace), -ETIMEDOUT, -ECHILD
 * (work failed), -ENOMEM.
 */
int call_counter_run(struct call_counts *out, int (*work)(void *context), void *context,
                     uint64_t deadline_ns);

/* Returns the name of a system call, or null if it is none that IPC is likely to make. */
const char *call_name(size_t number);

#endif
