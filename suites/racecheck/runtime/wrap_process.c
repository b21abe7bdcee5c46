/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/wrap_process.c - the lives of processes. */
#include "suites/racecheck/runtime/wrap.h"

#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "suites/racecheck/runtime/fd.h"
#include "suites/racecheck/runtime/process.h"

extern char **environ;

enum { ENVIRONMENT_MAX = 4096, ARGUMENT_MAX = 4096, ENDED_WAIT_ROUNDS = 4000 };

/* ---- fork ---- */

static uint32_t child_prepare(enum edge edge)
{
	uint32_t slot;

	self.busy++;
	slot = context_create(context_heritage(edge), 0, 0);
	if (slot < CONTEXT_MAX)
		session->context[slot].parent = self.context->pid;
	context_advance();
	context_log(edge, false);
	self.busy--;
	schedule_created(slot);
	return slot;
}

static void child_started(uint32_t slot, pid_t pid)
{
	if (slot == CONTEXT_MAX)
		return;
	if (pid > 0) {
		session->context[slot].pid = (uint32_t)pid;
		return;
	}
	session->context[slot].schedule = SCHEDULE_DONE;
	session->context[slot].state = CONTEXT_JOINED;
}

INTERPOSE pid_t fork(void)
{
	uint32_t slot;
	pid_t pid;

	if (!call_begin(EDGE_fork, CALLER))
		return REAL(fork)();
	slot = child_prepare(EDGE_fork);
	pid = REAL(fork)();
	if (pid == 0) {
		map_forked();
		thread_forked();
		context_forked(slot);
		if (is_scheduled && self.context)
			schedule_await();
	} else {
		child_started(slot, pid);
		if (is_scheduled)
			schedule_point();
	}
	delay_begin(pid == 0);
	call_end();
	return pid;
}

/*
 * vfork() returns twice in one frame, so it can't be an ordinary function: the
 * return address is kept in a register that both returns have. The child runs
 * in the parent's memory until it executes or ends.
 */
static __thread uint32_t vfork_slot;
static __thread struct context *vfork_parent;
static __thread uint32_t vfork_parent_slot;
/* What the child knew when it executed: its row may be the new program's by then. */
static __thread uint64_t vfork_clock[CONTEXT_MAX];
static __thread bool has_vfork_clock;

__attribute__((used)) void racecheck_vfork_before(void);
__attribute__((used)) void racecheck_vfork_after(long pid);

void racecheck_vfork_before(void)
{
	vfork_parent = NULL;
	has_vfork_clock = false;
	if (!call_begin(EDGE_vfork, 0))
		return;
	vfork_slot = child_prepare(EDGE_vfork);
	vfork_parent = self.context;
	vfork_parent_slot = self.slot;
	call_end();
}

void racecheck_vfork_after(long pid)
{
	if (!vfork_parent)
		return;
	if (pid == 0) {
		if (vfork_slot == CONTEXT_MAX)
			return;
		/* The kernel holds the parent back: the turn is the child's. */
		context_adopt(vfork_slot);
		if (is_scheduled) {
			vfork_parent->schedule = SCHEDULE_BLOCKED;
			atomic_store(&vfork_parent->is_external, 1);
			atomic_store(&session->schedule.turn, vfork_slot + 1);
		}
		return;
	}
	/* Back from the child, which used this thread's place meanwhile. */
	self.context = NULL;
	context_adopt(vfork_parent_slot);
	schedule_inside();
	child_started(vfork_slot, (pid_t)pid);
	if (pid > 0 && vfork_slot < CONTEXT_MAX) {
		BUSY({
			clock_join(self.context->clock,
			           has_vfork_clock ? vfork_clock
			                           : session->context[vfork_slot].clock,
			           context_count());
			self.context->clock[self.slot] = self.epoch;
		});
	}
}

__asm__(".weak vfork\n"
        ".type vfork, @function\n"
        "vfork:\n"
        "	subq $8, %rsp\n"
        "	call racecheck_vfork_before\n"
        "	addq $8, %rsp\n"
        "	popq %rdi\n"
        "	movl $58, %eax\n" /* SYS_vfork */
        "	syscall\n"
        "	pushq %rdi\n"
        "	pushq %rax\n"
        "	movq %rax, %rdi\n"
        "	subq $8, %rsp\n"
        "	call racecheck_vfork_after\n"
        "	addq $8, %rsp\n"
        "	popq %rax\n"
        "	cmpq $0, %rax\n"
        "	jge 1f\n"
        "	negl %eax\n"
        "	movl %eax, %edi\n"
        "	subq $8, %rsp\n"
        "	call racecheck_vfork_failed\n"
        "	addq $8, %rsp\n"
        "1:	ret\n"
        ".size vfork, .-vfork\n");

__attribute__((used)) long racecheck_vfork_failed(int error);

long racecheck_vfork_failed(int error)
{
	errno = error;
	return -1;
}

/* ---- exec: the session goes on in the new program ---- */

/* Copies an environment with the session's name in it. */
static char **environment_with_session(char *const *environment, char **room)
{
	static char setting[256];
	const char *value = getenv(SESSION_ENV);
	size_t name_bytes = sizeof(SESSION_ENV) - 1;
	size_t count = 0;

	if (!value)
		return (char **)(uintptr_t)environment;
	snprintf(setting, sizeof(setting), "%s=%s", SESSION_ENV, value);
	for (size_t i = 0; environment && environment[i]; i++) {
		if (strncmp(environment[i], SESSION_ENV, name_bytes) == 0 &&
		    environment[i][name_bytes] == '=')
			continue;
		if (count == ENVIRONMENT_MAX - 2)
			return (char **)(uintptr_t)environment;
		room[count++] = environment[i];
	}
	room[count++] = setting;
	room[count] = NULL;
	return room;
}

static void exec_prepare(void)
{
	if (!runtime_enter())
		return;
	self.edge_place = 0;
	BUSY(fd_closed_all(true));
	if (vfork_parent && self.context != vfork_parent) {
		memcpy(vfork_clock, self.context->clock, sizeof(vfork_clock));
		has_vfork_clock = true;
	}
	if (is_scheduled)
		atomic_store(&self.context->is_external, 2);
	schedule_wake();
}

static int exec_failed(int error)
{
	if (self.context)
		atomic_store(&self.context->is_external, 0);
	errno = error;
	return -1;
}

static int run_program(const char *path, char *const *arguments, char *const *environment,
                       bool is_searched)
{
	char *room[ENVIRONMENT_MAX];
	char **with = environment_with_session(environment, room);

	exec_prepare();
	if (is_searched)
		REAL(execvpe)(path, arguments, with);
	else
		REAL(execve)(path, arguments, with);
	return exec_failed(errno);
}

INTERPOSE int execve(const char *path, char *const arguments[], char *const environment[])
{
	return run_program(path, arguments, environment, false);
}

INTERPOSE int execv(const char *path, char *const arguments[])
{
	return run_program(path, arguments, environ, false);
}

INTERPOSE int execvp(const char *path, char *const arguments[])
{
	return run_program(path, arguments, environ, true);
}

INTERPOSE int execvpe(const char *path, char *const arguments[], char *const environment[])
{
	return run_program(path, arguments, environment, true);
}

INTERPOSE int fexecve(int fd, char *const arguments[], char *const environment[])
{
	char *room[ENVIRONMENT_MAX];
	char **with = environment_with_session(environment, room);
	long ret;

	exec_prepare();
	ret = sys_call6(SYS_execveat, fd, (long)"", (long)arguments, (long)with, 0x1000, 0);
	return exec_failed((int)-ret);
}

/* Collects the arguments of an execl() call; environment: the one after the null. */
#define LISTED(name, is_searched, environment)                                                     \
	INTERPOSE int name(const char *path, const char *first, ...)                               \
	{                                                                                          \
		char *collected[ARGUMENT_MAX];                                                     \
		size_t count = 0;                                                                  \
		va_list arguments;                                                                 \
		int ret;                                                                           \
                                                                                                   \
		va_start(arguments, first);                                                        \
		collected[count] = (char *)(uintptr_t)first;                                       \
		while (collected[count] && count < ARGUMENT_MAX - 1)                               \
			collected[++count] = va_arg(arguments, char *);                            \
		ret = run_program(path, collected, environment, is_searched);                      \
		va_end(arguments);                                                                 \
		return ret;                                                                        \
	}

LISTED(execl, false, environ)
LISTED(execlp, true, environ)
LISTED(execle, false, va_arg(arguments, char **))

/* ---- spawn: released to the child before it can run ---- */

static void spawn_prepare(enum edge edge)
{
	channel_release((struct channel_key){CHANNEL_SPAWN, self.context->pid, 0}, edge);
	/* For those whose ancestors end before they start, as in `command &`. */
	channel_release((struct channel_key){CHANNEL_SPAWN, 0, 0}, edge);
}

/* What the child comes after: not what its parent does later, before others are started. */
static void spawn_tell(pid_t child, enum edge edge)
{
	channel_release((struct channel_key){CHANNEL_SPAWN, (uint64_t)child, 1}, edge);
}

/* Under the scheduler a spawned program joins in before its parent goes on. */
static void spawn_settle(pid_t pid)
{
	struct timespec pause = {.tv_nsec = 1000000};

	if (!is_scheduled)
		return;
	for (int i = 0; i < 300 && !context_is_known((uint32_t)pid) && !is_dead((uint32_t)pid); i++)
		sys_call2(SYS_nanosleep, &pause, 0);
}

#define SPAWN(name)                                                                                \
	INTERPOSE int name(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,  \
	                   const posix_spawnattr_t *attributes, char *const arguments[],           \
	                   char *const environment[])                                              \
	{                                                                                          \
		char *room[ENVIRONMENT_MAX];                                                       \
		char **with = environment_with_session(environment, room);                         \
		pid_t child = 0;                                                                   \
		int ret;                                                                           \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name)(pid, path, files, attributes, arguments, with);          \
		spawn_prepare(EDGE_##name);                                                        \
		self.context->is_spawning = 1;                                                     \
		ret = REAL(name)(&child, path, files, attributes, arguments, with);                \
		if (ret == 0)                                                                      \
			spawn_tell(child, EDGE_##name);                                            \
		self.context->is_spawning = 0;                                                     \
		if (ret == 0 && pid) {                                                             \
			WRITES(pid, sizeof(*pid));                                                 \
			*pid = child;                                                              \
		}                                                                                  \
		if (ret == 0)                                                                      \
			spawn_settle(child);                                                       \
		call_end();                                                                        \
		return ret;                                                                        \
	}

SPAWN(posix_spawn)
SPAWN(posix_spawnp)

/* What pclose() waits for began after the first call. */
static _Atomic uint64_t first_popen_ns;

INTERPOSE FILE *popen(const char *command, const char *mode)
{
	uint64_t now = now_ns(CLOCK_BOOTTIME);
	uint64_t never = 0;
	FILE *file;

	if (!call_begin(EDGE_popen, CALLER))
		return REAL(popen)(command, mode);
	atomic_compare_exchange_strong(&first_popen_ns, &never, now);
	spawn_prepare(EDGE_popen);
	file = REAL(popen)(command, mode);
	call_end();
	return file;
}

/*
 * SHELL: a call that waits for programs; they come before its return, but none that began
 * before since. What comes before the call comes before them only if it starts them,
 * too: begin, its first step.
 */
#define SHELL(name, parameters, arguments, begin, since)                                           \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		uint64_t since_ns = (since);                                                       \
		int ret;                                                                           \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		begin;                                                                             \
		schedule_outside(EDGE_##name);                                                     \
		ret = REAL(name) arguments;                                                        \
		schedule_inside();                                                                 \
		if (!edge_is_off(EDGE_##name))                                                     \
			BUSY(context_join_gone_since(since_ns));                                   \
		call_end();                                                                        \
		return ret;                                                                        \
	}

SHELL(system, (const char *command), (command), spawn_prepare(EDGE_system), now_ns(CLOCK_BOOTTIME))
SHELL(pclose, (FILE * file), (file), stdio_closing(file, EDGE_pclose), first_popen_ns)

/* ---- wait ---- */

void process_waited(pid_t pid, int status, enum edge edge)
{
	if (edge_is_off(edge) || pid == 0 || (pid < 0 && errno != ECHILD))
		return;
	self.busy++;
	if (pid < 0) {
		/* All children have ended, and the kernel reaped those that were left. */
		context_join_gone(true);
		context_log(edge, true);
		self.busy--;
		return;
	}
	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		if (context_is_known((uint32_t)pid))
			context_join_process((uint32_t)pid);
		else
			context_join_gone(true);
	} else {
		channel_acquire((struct channel_key){CHANNEL_STOP, (uint64_t)pid, 0}, edge);
	}
	context_log(edge, true);
	self.busy--;
}

/* Has a child said goodbye that the kernel does not show yet? */
static bool child_is_ending(void)
{
	for (uint32_t slot = 0; slot < context_count(); slot++) {
		struct context *context = &session->context[slot];

		if (context->parent == self.context->pid && context->schedule == SCHEDULE_DONE &&
		    context->state == CONTEXT_ENDED && !is_gone(context->pid))
			return true;
	}
	return false;
}

/* Waits a moment for a child that is on its way out. Returns true if there was one. */
static bool await_ending(void)
{
	struct timespec pause = {.tv_nsec = 50000};
	int round;

	for (round = 0; round < ENDED_WAIT_ROUNDS && child_is_ending(); round++)
		sys_call2(SYS_nanosleep, &pause, 0);
	return round != 0;
}

static void wait_scheduled(enum edge edge)
{
	if (!await_ending())
		schedule_block(edge, 0);
}

/*
 * WAITER: attempt is the call with WNOHANG; it answers 0 while nothing happened. used: where
 * the kernel tells what the child has used, or null.
 */
#define WAITER(name, parameters, arguments, attempt, is_patient, used)                             \
	INTERPOSE pid_t name parameters                                                            \
	{                                                                                          \
		int status_room = 0;                                                               \
		pid_t pid;                                                                         \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		if (!status)                                                                       \
			status = &status_room;                                                     \
		if (LIKELY(!is_scheduled)) {                                                       \
			pid = REAL(name) arguments;                                                \
		} else {                                                                           \
			await_ending();                                                            \
			while ((pid = (attempt)) == 0 && (is_patient))                             \
				wait_scheduled(EDGE_##name);                                       \
		}                                                                                  \
		process_waited(pid, pid > 0 ? *status : 0, EDGE_##name);                           \
		if (pid > 0) {                                                                     \
			WRITES(status != &status_room ? status : NULL, sizeof(*status));           \
			WRITES(used, sizeof(struct rusage));                                       \
		}                                                                                  \
		call_end();                                                                        \
		return pid;                                                                        \
	}

WAITER(wait, (int *status), (status), REAL(waitpid)(-1, status, WNOHANG), true, NULL)
WAITER(waitpid, (pid_t which, int *status, int options), (which, status, options),
       REAL(waitpid)(which, status, options | WNOHANG), !(options & WNOHANG), NULL)
WAITER(wait3, (int *status, int options, struct rusage *usage), (status, options, usage),
       REAL(wait3)(status, options | WNOHANG, usage), !(options & WNOHANG), usage)
WAITER(wait4, (pid_t which, int *status, int options, struct rusage *usage),
       (which, status, options, usage), REAL(wait4)(which, status, options | WNOHANG, usage),
       !(options & WNOHANG), usage)

INTERPOSE int waitid(idtype_t type, id_t which, siginfo_t *info, int options)
{
	siginfo_t room;
	int ret;

	if (!call_begin(EDGE_waitid, CALLER))
		return REAL(waitid)(type, which, info, options);
	if (!info)
		info = &room;
	memset(info, 0, sizeof(*info));
	if (LIKELY(!is_scheduled)) {
		ret = REAL(waitid)(type, which, info, options);
	} else {
		while ((ret = REAL(waitid)(type, which, info, options | WNOHANG)) == 0 &&
		       info->si_pid == 0 && !(options & WNOHANG))
			wait_scheduled(EDGE_waitid);
	}
	if (ret == 0 && info->si_pid != 0) {
		bool is_end = info->si_code == CLD_EXITED || info->si_code == CLD_KILLED ||
		              info->si_code == CLD_DUMPED;

		process_waited(info->si_pid, is_end ? 0 : 0x137f, EDGE_waitid);
	}
	/* The rest of it is left as it was. */
	if (ret == 0 && info != &room)
		WRITES(info, (size_t)((char *)(&info->si_status + 1) - (char *)info));
	call_end();
	return ret;
}

/* ---- what is not covered ---- */

INTERPOSE int clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	void *extra[3];
	va_list arguments;

	va_start(arguments, argument);
	for (size_t i = 0; i < 3; i++)
		extra[i] = va_arg(arguments, void *);
	va_end(arguments);
	if (runtime_enter())
		no_verdict("clone() is not covered");
	return REAL(clone)(function, stack, flags, argument, extra[0], extra[1], extra[2]);
}

#define REMOTE(name)                                                                               \
	INTERPOSE ssize_t name(pid_t pid, const struct iovec *own, unsigned long own_count,        \
	                       const struct iovec *other, unsigned long other_count,               \
	                       unsigned long flags)                                                \
	{                                                                                          \
		if (runtime_enter())                                                               \
			no_verdict("%s() is not covered", #name);                                  \
		return REAL(name)(pid, own, own_count, other, other_count, flags);                 \
	}

REMOTE(process_vm_readv)
REMOTE(process_vm_writev)

/* ---- the end ---- */

void process_ending(void)
{
	struct thread *t = &self;

	if (!t->context || t->busy)
		return;
	t->edge_place = 0;
	BUSY(fd_closed_all(false));
	/* First: whoever gets the turn may look for children that have ended. */
	context_end_process();
	schedule_end();
}

static _Noreturn void leave(int status, enum edge edge)
{
	(void)edge;
	if (runtime_enter())
		process_ending();
	for (;;)
		sys_call1(SYS_exit_group, status);
}

INTERPOSE void _exit(int status)
{
	leave(status, EDGE__exit);
}

INTERPOSE void _Exit(int status)
{
	leave(status, EDGE__exit);
}

/* The main thread ends by itself: others go on. */
INTERPOSE void pthread_exit(void *result)
{
	if (runtime_enter() && self.tid == self.context->pid)
		schedule_end();
	REAL(pthread_exit)(result);
	__builtin_unreachable();
}

INTERPOSE void thrd_exit(int result)
{
	pthread_exit((void *)(intptr_t)result);
	__builtin_unreachable();
}
