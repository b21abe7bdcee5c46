/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/racecheck/touches.c - calls of the library that touch the program's memory.
 *
 * usage: touches           prints the names of the calls
 *        touches CALL      another thread touches the same memory without waiting for the call
 *        touches CALL ok   it waits
 *
 * Each call is all that its thread does to the memory: who misses the race does not see what
 * the library, or the kernel, reads and writes there.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

/* The memory in question: large enough for all, and what it holds at first is made before. */
static union {
	char text[256];
	wchar_t wide[32];
	unsigned short state[3];
	int number;
	siginfo_t info;
	struct rusage usage;
	struct pollfd poll[2];
	fd_set set;
	struct timeval interval;
	struct timespec time;
	struct epoll_event event[2];
	void *pointer;
	sigset_t signals;
	struct rlimit limit;
	struct itimerval timer;
	struct itimerspec clock;
	struct statvfs system;
	struct sysinfo machine;
	struct sched_param param;
	struct winsize window;
} shared;

static int pipe_ends[2];
static pid_t child;
static sem_t touched;

static void make_child(void)
{
	child = fork();
	if (child == 0)
		_exit(3);
}

static void make_poll(void)
{
	shared.poll[0] = (struct pollfd){.fd = pipe_ends[1], .events = POLLOUT};
}

static void make_set(void)
{
	FD_SET(pipe_ends[1], &shared.set);
}

static void make_text(void)
{
	memcpy(shared.text, "HOME", sizeof("HOME"));
}

static void make_option(void)
{
	shared.number = 1;
}

static sigset_t user_signal;

static void make_signal(void)
{
	sigemptyset(&user_signal);
	sigaddset(&user_signal, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &user_signal, NULL);
	raise(SIGUSR1);
}

static int make_epoll(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLOUT};

	epoll_ctl(epoll, EPOLL_CTL_ADD, pipe_ends[1], &event);
	return epoll;
}

static int make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static struct timeval no_interval;
static const struct timespec no_time;

/* How the other thread does it; volatile, so that the compiler does not drop it. */
static void reads(void)
{
	(void)*(volatile int *)&shared;
}

static void writes(void)
{
	*(volatile int *)&shared = *(volatile int *)&shared;
}

static void reads_answer(void)
{
	(void)*(volatile short *)&shared.poll[0].revents;
}

struct call {
	const char *name;
	void (*before)(void), (*call)(void), (*touch)(void);
	struct call *next;
};

static struct call *calls;

/* A call: what to do before, itself, and how the other thread touches the memory. */
#define CALL(name, before, made, touched)                                                          \
	static void before_##name(void)                                                            \
	{                                                                                          \
		(void)(before);                                                                    \
	}                                                                                          \
	static void call_##name(void)                                                              \
	{                                                                                          \
		(void)(made);                                                                      \
	}                                                                                          \
	__attribute__((constructor)) static void add_##name(void)                                  \
	{                                                                                          \
		static struct call this = {#name, before_##name, call_##name, touched, NULL};      \
                                                                                                   \
		this.next = calls;                                                                 \
		calls = &this;                                                                     \
	}

#pragma GCC diagnostic ignored "-Wunused-result"

CALL(wait, make_child(), wait(&shared.number), reads)
CALL(waitpid, make_child(), waitpid(child, &shared.number, 0), reads)
CALL(waitid, make_child(), waitid(P_PID, (id_t)child, &shared.info, WEXITED), reads)
CALL(wait4, make_child(), wait4(child, NULL, 0, &shared.usage), reads)
CALL(poll, make_poll(), poll(shared.poll, 1, 0), reads_answer)
CALL(poll_fd, make_poll(), poll(shared.poll, 1, 0), writes)
CALL(ppoll_time, 0, ppoll(NULL, 0, &shared.time, NULL), writes)
CALL(select, make_set(), select(pipe_ends[1] + 1, NULL, &shared.set, NULL, &no_interval), reads)
CALL(select_time, 0, select(0, NULL, NULL, NULL, &shared.interval), reads)
CALL(pselect, make_set(), pselect(pipe_ends[1] + 1, NULL, &shared.set, NULL, &no_time, NULL), reads)
CALL(epoll_wait, 0, epoll_wait(make_epoll(), shared.event, 2, 0), reads)
CALL(epoll_ctl, 0,
     epoll_ctl(epoll_create1(EPOLL_CLOEXEC), EPOLL_CTL_ADD, pipe_ends[1], shared.event), writes)
CALL(nanosleep, 0, nanosleep(&shared.time, NULL), writes)
CALL(clock_nanosleep, 0, clock_nanosleep(CLOCK_MONOTONIC, 0, &shared.time, NULL), writes)
CALL(thrd_sleep, 0, thrd_sleep(&shared.time, NULL), writes)
CALL(posix_memalign, 0, posix_memalign(&shared.pointer, 64, 64), reads)
CALL(pthread_sigmask, 0, pthread_sigmask(SIG_BLOCK, NULL, &shared.signals), reads)
CALL(sigprocmask, 0, sigprocmask(SIG_BLOCK, &shared.signals, NULL), writes)
CALL(sigpending, 0, sigpending(&shared.signals), reads)
CALL(sigismember, 0, sigismember(&shared.signals, SIGUSR1), writes)
CALL(sigwait, make_signal(), sigwait(&user_signal, &shared.number), reads)
CALL(sigwaitinfo, make_signal(), sigwaitinfo(&user_signal, &shared.info), reads)
CALL(posix_spawn, 0,
     posix_spawn(&shared.number, "/bin/true", NULL, NULL, (char *[]){"true", NULL}, NULL), reads)
CALL(socketpair, 0, socketpair(AF_UNIX, SOCK_STREAM, 0, &shared.number), reads)
CALL(sched_getaffinity, 0, sched_getaffinity(0, 8, (cpu_set_t *)&shared), reads)
CALL(pthread_getname_np, 0, pthread_getname_np(pthread_self(), shared.text, 16), reads)
CALL(getrlimit, 0, getrlimit(RLIMIT_NOFILE, &shared.limit), reads)
CALL(setrlimit, getrlimit(RLIMIT_NOFILE, &shared.limit), setrlimit(RLIMIT_NOFILE, &shared.limit),
     writes)
CALL(getitimer, 0, getitimer(ITIMER_REAL, &shared.timer), reads)
CALL(timerfd_gettime, 0,
     timerfd_gettime(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), &shared.clock), reads)
CALL(statvfs, 0, statvfs("/", &shared.system), reads)
CALL(fstatvfs, 0, fstatvfs(pipe_ends[0], &shared.system), reads)
CALL(sysinfo, 0, sysinfo(&shared.machine), reads)
CALL(sched_getparam, 0, sched_getparam(0, &shared.param), reads)
CALL(sched_setparam, 0, sched_setparam(0, &shared.param), writes)
CALL(sched_setscheduler, 0, sched_setscheduler(0, SCHED_OTHER, &shared.param), writes)
CALL(setsockopt, make_option(),
     setsockopt(make_socket(), SOL_SOCKET, SO_PASSCRED, &shared.number, sizeof(int)), writes)
CALL(getsockopt, 0,
     getsockopt(make_socket(), SOL_SOCKET, SO_TYPE, &shared.number, &(socklen_t){sizeof(int)}),
     reads)
CALL(ioctl, 0, ioctl(pipe_ends[0], FIONREAD, &shared.number), reads)
CALL(erand48, 0, erand48(shared.state), reads)
CALL(nrand48, 0, nrand48(shared.state), reads)
CALL(jrand48, 0, jrand48(shared.state), reads)
CALL(swab, 0, swab("abcd", shared.text, 4), reads)
CALL(strxfrm, 0, strxfrm(shared.text, "abcd", sizeof(shared.text)), reads)
CALL(swprintf, 0, swprintf(shared.wide, 32, L"%d", 7), reads)
CALL(getenv, make_text(), getenv(shared.text), writes)

static void *touch(void *argument)
{
	const struct call *call = argument;

	sem_wait(&touched);
	call->touch();
	return NULL;
}

/* Posts before the call, or after it. */
static int run(const struct call *call, int is_ok)
{
	pthread_t other;

	if (pipe(pipe_ends) != 0 || sem_init(&touched, 0, 0) != 0)
		return 99;
	call->before();
	if (pthread_create(&other, NULL, touch, (void *)(uintptr_t)call) != 0)
		return 99;
	if (!is_ok)
		sem_post(&touched);
	call->call();
	if (is_ok)
		sem_post(&touched);
	pthread_join(other, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	for (const struct call *call = calls; call; call = call->next) {
		if (argc == 1)
			puts(call->name);
		else if (strcmp(argv[1], call->name) == 0)
			return run(call, argc == 3);
	}
	return argc == 1 ? 0 : 99;
}
