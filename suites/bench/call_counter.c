/* SPDX-License-Identifier: MIT */
/* suites/bench/call_counter.c - counts the system calls of a process and its children. */
#include "suites/bench/call_counter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/interrupt.h"

#define TRACED_MAX 64
#define SYSCALL_STOP (SIGTRAP | 0x80)

static const struct {
	size_t number;
	const char *name;
} names[] = {
#define CALL(name) {SYS_##name, #name},
	CALL(read) CALL(write) CALL(readv) CALL(writev) CALL(recvfrom) CALL(sendto) CALL(
		recvmsg) CALL(sendmsg) CALL(recvmmsg) CALL(sendmmsg) CALL(futex) CALL(ppoll)
		CALL(mq_timedsend) CALL(mq_timedreceive) CALL(msgsnd) CALL(msgrcv) CALL(semop) CALL(
			semtimedop) CALL(io_uring_enter) CALL(sched_yield) CALL(clock_nanosleep)
			CALL(clock_gettime) CALL(timer_settime) CALL(rt_sigreturn) CALL(splice)
				CALL(vmsplice) CALL(tee) CALL(process_vm_readv)
					CALL(process_vm_writev) CALL(preadv2) CALL(pwritev2) CALL(
						epoll_pwait) CALL(mmap) CALL(munmap) CALL(madvise)
						CALL(brk) CALL(rt_sigtimedwait) CALL(membarrier)
							CALL(pidfd_open) CALL(kill) CALL(fsync)
								CALL(fdatasync)
#if defined(SYS_poll)
									CALL(poll)
#endif
#undef CALL
};

const char *call_name(size_t number)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].number == number)
			return names[i].name;
	}
	return NULL;
}

/* A traced thread or process while it lives. */
struct traced {
	pid_t tid;
	uint64_t counts[CALL_NUMBERS_MAX];
};

struct counter {
	struct call_counts *out;
	struct traced *traced;
	size_t traced_count;
	pid_t root;
	int root_status;
	bool is_root_gone;
};

static struct traced *counter_find(struct counter *counter, pid_t tid)
{
	for (size_t i = 0; i < counter->traced_count; i++) {
		if (counter->traced[i].tid == tid)
			return &counter->traced[i];
	}
	if (counter->traced_count == TRACED_MAX)
		return NULL;
	counter->traced[counter->traced_count] = (struct traced){.tid = tid};
	return &counter->traced[counter->traced_count++];
}

/* Adds a task's counts to those of its name; called while it can still be read. */
static void counter_settle(struct counter *counter, const struct traced *traced)
{
	struct call_counts *out = counter->out;
	struct call_task *task = NULL;
	char path[64];
	char name[sizeof(task->name)] = "?";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)traced->tid);
	file = fopen(path, "re");
	if (file) {
		if (fgets(name, sizeof(name), file))
			name[strcspn(name, "\n")] = '\0';
		fclose(file);
	}
	for (size_t i = 0; i < out->tasks_count && !task; i++)
		task = strcmp(out->tasks[i].name, name) == 0 ? &out->tasks[i] : NULL;
	if (!task) {
		if (out->tasks_count == CALL_TASKS_MAX)
			return;
		task = &out->tasks[out->tasks_count++];
		*task = (struct call_task){0};
		memcpy(task->name, name, sizeof(name));
	}
	for (size_t i = 0; i < CALL_NUMBERS_MAX; i++)
		task->counts[i] += traced->counts[i];
}

static void counter_count(struct counter *counter, pid_t tid)
{
	struct traced *traced = counter_find(counter, tid);
	struct __ptrace_syscall_info info;

	if (!traced || ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr < CALL_NUMBERS_MAX)
		traced->counts[info.entry.nr]++;
}

/* Handles one stop of a traced task and lets it go on. */
static void counter_stop(struct counter *counter, pid_t tid, int status)
{
	int event = status >> 16;
	int signal_number = WSTOPSIG(status);

	if (signal_number == SYSCALL_STOP) {
		counter_count(counter, tid);
		signal_number = 0;
	} else if (event == PTRACE_EVENT_EXIT) {
		struct traced *traced = counter_find(counter, tid);

		if (traced)
			counter_settle(counter, traced);
		signal_number = 0;
	} else if (event != 0) {
		signal_number = 0; /* A new task, or the stop that follows being seized. */
	}
	ptrace(PTRACE_SYSCALL, tid, 0, signal_number);
}

static void counter_exit(struct counter *counter, pid_t tid, int status)
{
	if (tid == counter->root) {
		counter->is_root_gone = true;
		counter->root_status = status;
	}
	/* Its place may be taken by another: tids come round. */
	for (size_t i = 0; i < counter->traced_count; i++) {
		if (counter->traced[i].tid == tid)
			counter->traced[i] = counter->traced[--counter->traced_count];
	}
}

static int counter_loop(struct counter *counter, uint64_t deadline_ns)
{
	struct interrupt interrupt = {0};
	int ret = interrupt_enter(&interrupt, deadline_ns);

	while (ret == 0 && !counter->is_root_gone) {
		int status;
		pid_t tid = waitpid(-1, &status, __WALL);

		if (tid < 0 && errno == ECHILD)
			break;
		if (tid < 0)
			ret = interrupt_again(&interrupt, deadline_ns);
		else if (WIFSTOPPED(status))
			counter_stop(counter, tid, status);
		else
			counter_exit(counter, tid, status);
	}
	interrupt_leave(&interrupt);
	interrupt_release(&interrupt);
	return ret;
}

/* The child: waits to be seized, then works. */
static void work_in_child(const int gate[2], int (*work)(void *context), void *context)
{
	char go;

	/* Or its end would not be seen, and a child whose parent was killed wait for ever. */
	close(gate[1]);
	if (read(gate[0], &go, 1) != 1)
		_exit(1);
	_exit(work(context) < 0);
}

static int seize(pid_t pid)
{
	/* EXITKILL: whatever becomes of us, nothing traced outlives us. */
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
	               PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;

	if (ptrace(PTRACE_SEIZE, pid, 0, options) < 0 || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0)
		return -errno;
	return 0;
}

int call_counter_run(struct call_counts *out, int (*work)(void *context), void *context,
                     uint64_t deadline_ns)
{
	struct counter counter = {.out = out};
	int gate[2];
	int ret;

	*out = (struct call_counts){0};
	counter.traced = calloc(TRACED_MAX, sizeof(*counter.traced));
	if (!counter.traced)
		return -ENOMEM;
	if (pipe2(gate, O_CLOEXEC) < 0) {
		ret = -errno;
		free(counter.traced);
		return ret;
	}
	fflush(NULL);
	counter.root = fork();
	if (counter.root == 0)
		work_in_child(gate, work, context);
	ret = counter.root < 0 ? -errno : seize(counter.root);
	if (ret == 0 && write(gate[1], "", 1) != 1)
		ret = -errno;
	if (ret == 0)
		ret = counter_loop(&counter, deadline_ns);
	if (counter.root > 0 && !counter.is_root_gone) {
		kill(counter.root, SIGKILL);
		while (waitpid(counter.root, NULL, __WALL) != counter.root && errno != ECHILD)
			;
	}
	if (ret == 0 && counter.root_status != 0)
		ret = -ECHILD;
	close(gate[0]);
	close(gate[1]);
	free(counter.traced);
	return ret;
}
