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
	strcpy(shared.text, "HOME");
}

static void make_option(void)
{
	shared.number = 1;
}

static int make_epoll(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLOUT};

	epoll_ctl(epoll, EPOLL_CTL_ADD, pipe_ends[1], &event);
	return epoll;
}

static struct timeval no_interval;
static const struct timespec no_time;

/* What to do before, the call, and how the other thread touches the memory. */
#define CALLS(row)                                                                                                                \
	row(wait, make_child(), wait(&shared.number), reads) row(                                                                 \
		waitpid, make_child(), waitpid(child, &shared.number, 0),                                                         \
		reads) row(waitid, make_child(),                                                                                  \
	                   waitid(P_PID, (id_t)child, &shared.info, WEXITED),                                                     \
	                   reads) row(wait4, make_child(), wait4(child, NULL, 0, &shared.usage),                                  \
	                              reads) row(poll, make_poll(), poll(shared.poll, 1, 0),                                      \
	                                         reads_answer) row(poll_fd, make_poll(),                                          \
	                                                           poll(shared.poll, 1, 0),                                       \
	                                                           writes)                                                        \
		row(ppoll_time, (void)0, ppoll(NULL, 0, &shared.time, NULL),                                                      \
	            writes) row(select, make_set(),                                                                               \
	                        select(pipe_ends[1] + 1, NULL, &shared.set, NULL, &no_interval),                                  \
	                        reads) row(select_time, (void)0,                                                                  \
	                                   select(0, NULL, NULL, NULL, &shared.interval),                                         \
	                                   reads) row(pselect, make_set(),                                                        \
	                                              pselect(pipe_ends[1] + 1, NULL, &shared.set,                                \
	                                                      NULL, &no_time, NULL),                                              \
	                                              reads)                                                                      \
			row(epoll_wait, (void)0, epoll_wait(make_epoll(), shared.event, 2, 0),                                    \
	                    reads) row(epoll_ctl, (void)0,                                                                        \
	                               epoll_ctl(epoll_create1(EPOLL_CLOEXEC), EPOLL_CTL_ADD,                                     \
	                                         pipe_ends[1], shared.event),                                                     \
	                               writes) row(nanosleep, (void)0,                                                            \
	                                           nanosleep(&shared.time, NULL),                                                 \
	                                           writes) row(clock_nanosleep, (void)0,                                          \
	                                                       clock_nanosleep(CLOCK_MONOTONIC,                                   \
	                                                                       0, &shared.time,                                   \
	                                                                       NULL),                                             \
	                                                       writes) row(thrd_sleep, (void)0,                                   \
	                                                                   thrd_sleep(                                            \
										   &shared.time, NULL),                           \
	                                                                   writes) row(posix_memalign,                            \
	                                                                               (void)0,                                   \
	                                                                               posix_memalign(&shared.pointer,            \
	                                                                                              64,                         \
	                                                                                              64),                        \
	                                                                               reads)                                     \
				row(pthread_sigmask, (void)0,                                                                     \
	                            pthread_sigmask(SIG_BLOCK, NULL, &shared.signals),                                            \
	                            reads) row(sigprocmask, (void)0,                                                              \
	                                       sigprocmask(SIG_BLOCK, &shared.signals, NULL),                                     \
	                                       writes) row(sigpending, (void)0,                                                   \
	                                                   sigpending(&shared.signals),                                           \
	                                                   reads) row(getrlimit, (void)0,                                         \
	                                                              getrlimit(RLIMIT_NOFILE, &shared.limit),                    \
	                                                              reads) row(setrlimit,                                       \
	                                                                         getrlimit(RLIMIT_NOFILE, &shared.limit),         \
	                                                                         setrlimit(RLIMIT_NOFILE, &shared.limit),         \
	                                                                         writes)                                          \
					row(getitimer, (void)0, getitimer(ITIMER_REAL, &shared.timer), reads) row(                \
						timerfd_gettime, (void)0,                                                         \
						timerfd_gettime(                                                                  \
							timerfd_create(                                                           \
								CLOCK_MONOTONIC, TFD_CLOEXEC),                                    \
							&shared.clock),                                                           \
						reads) row(statvfs, (void)0,                                                      \
	                                                   statvfs("/", &shared.system),                                          \
	                                                   reads) row(fstatvfs, (void)0,                                          \
	                                                              fstatvfs(pipe_ends[0], &shared.system),                     \
	                                                              reads)                                                      \
						row(sysinfo, (void)0, sysinfo(&shared.machine), reads) row(                       \
							sched_getparam,                                                           \
							(void)0, sched_getparam(0, &shared.param),                                \
							reads) row(sched_setparam, (void)0,                                       \
	                                                           sched_setparam(0, &shared.param),                              \
	                                                           writes) row(sched_setscheduler,                                \
	                                                                       (void)0,                                           \
	                                                                       sched_setscheduler(0, SCHED_OTHER, &shared.param), \
	                                                                       writes)                                            \
							row(setsockopt, make_option(),                                            \
	                                                    setsockopt(                                                           \
								    socket(AF_UNIX,                                               \
	                                                                   SOCK_STREAM |                                          \
	                                                                           SOCK_CLOEXEC,                                  \
	                                                                   0),                                                    \
								    SOL_SOCKET,                                                   \
								    SO_PASSCRED,                                                  \
								    &shared.number,                                               \
								    sizeof(int)),                                                 \
	                                                    writes) row(getsockopt, (void)0,                                      \
	                                                                getsockopt(                                               \
										socket(AF_UNIX,                                   \
	                                                                               SOCK_STREAM |                              \
	                                                                                       SOCK_CLOEXEC,                      \
	                                                                               0),                                        \
										SOL_SOCKET,                                       \
										SO_TYPE,                                          \
										&shared.number,                                   \
										&(socklen_t){sizeof(                              \
											int)}),                                   \
	                                                                reads) row(ioctl, (void)0,                                \
	                                                                           ioctl(pipe_ends[0],                            \
	                                                                                 FIONREAD,                                \
	                                                                                 &shared                                  \
	                                                                                          .number),                       \
	                                                                           reads)                                         \
								row(erand48, (void)0,                                             \
	                                                            erand48(shared.state),                                        \
	                                                            reads) row(nrand48, (void)0,                                  \
	                                                                       nrand48(shared.state),                             \
	                                                                       reads) row(jrand48,                                \
	                                                                                  (void)0,                                \
	                                                                                  jrand48(shared.state),                  \
	                                                                                  reads)                                  \
									row(swab, (void)0,                                        \
	                                                                    swab("abcd",                                          \
	                                                                         shared.text, 4),                                 \
	                                                                    reads) row(strxfrm,                                   \
	                                                                               (void)0,                                   \
	                                                                               strxfrm(shared.text,                       \
	                                                                                       "a"                                \
	                                                                                       "b"                                \
	                                                                                       "c"                                \
	                                                                                       "d",                               \
	                                                                                       sizeof(shared.text)),              \
	                                                                               reads)                                     \
										row(swprintf,                                     \
	                                                                            (void)0,                                      \
	                                                                            swprintf(                                     \
											    shared.wide,                          \
											    32,                                   \
											    L"%d",                                \
											    7),                                   \
	                                                                            reads)                                        \
											row(getenv,                               \
	                                                                                    make_text(),                          \
	                                                                                    getenv(shared.text),                  \
	                                                                                    writes)

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

#define FUNCTIONS(name, before, call, touch)                                                       \
	static void before_##name(void)                                                            \
	{                                                                                          \
		(void)(before);                                                                    \
	}                                                                                          \
	static void call_##name(void)                                                              \
	{                                                                                          \
		(void)(call);                                                                      \
	}

#define ROW(name, before, call, touch) {#name, before_##name, call_##name, touch},

#pragma GCC diagnostic ignored "-Wunused-result"
CALLS(FUNCTIONS)

static const struct call {
	const char *name;
	void (*before)(void), (*call)(void), (*touch)(void);
} calls[] = {CALLS(ROW)};

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
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (argc == 1)
			puts(calls[i].name);
		else if (strcmp(argv[1], calls[i].name) == 0)
			return run(&calls[i], argc == 3);
	}
	return argc == 1 ? 0 : 99;
}
