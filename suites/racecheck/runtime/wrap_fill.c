/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_fill.c - functions that fill what the program points at.
 *
 * Times, states of open files, random bytes, names and addresses: libc or the kernel
 * writes them. As in wrap_memory.c, the plain names are libc's own: the build
 * renames them.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <arpa/inet.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* FILL: a call that wrote bytes of what pointer names if the condition on ret holds. */
#define FILL(name, ret_type, parameters, arguments, condition, pointer, bytes)                     \
	EXPORT ret_type __wrap_##name parameters;                                                  \
	EXPORT ret_type __wrap_##name parameters                                                   \
	{                                                                                          \
		ret_type ret = name arguments;                                                     \
                                                                                                   \
		if ((condition) && (pointer))                                                      \
			WRITES(pointer, bytes);                                                    \
		return ret;                                                                        \
	}

/* TAKE: a call that reads bytes of what pointer names. */
#define TAKE(name, ret_type, parameters, arguments, pointer, bytes)                                \
	EXPORT ret_type __wrap_##name parameters;                                                  \
	EXPORT ret_type __wrap_##name parameters                                                   \
	{                                                                                          \
		READS(pointer, bytes);                                                             \
		return name arguments;                                                             \
	}

/* ---- times ---- */

FILL(clock_gettime, int, (clockid_t clock, struct timespec *out), (clock, out), ret == 0, out,
     sizeof(*out))
FILL(clock_getres, int, (clockid_t clock, struct timespec *out), (clock, out), ret == 0, out,
     sizeof(*out))
FILL(timespec_get, int, (struct timespec * out, int base), (out, base), ret != 0, out, sizeof(*out))
FILL(gettimeofday, int, (struct timeval * out, void *zone), (out, zone), ret == 0, out,
     sizeof(*out))
FILL(time, time_t, (time_t * out), (out), true, out, sizeof(*out))
FILL(times, clock_t, (struct tms * out), (out), true, out, sizeof(*out))
FILL(getrusage, int, (int who, struct rusage *out), (who, out), ret == 0, out, sizeof(*out))

#define BROKEN_DOWN(name)                                                                          \
	EXPORT struct tm *__wrap_##name(const time_t *time, struct tm *out)                        \
	{                                                                                          \
		READS(time, sizeof(*time));                                                        \
		WRITES(out, sizeof(*out));                                                         \
		return name(time, out);                                                            \
	}

BROKEN_DOWN(gmtime_r)
BROKEN_DOWN(localtime_r)

#define FROM_BROKEN_DOWN(name)                                                                     \
	EXPORT time_t __wrap_##name(struct tm *time)                                               \
	{                                                                                          \
		WRITES(time, sizeof(*time));                                                       \
		return name(time);                                                                 \
	}

FROM_BROKEN_DOWN(mktime)
FROM_BROKEN_DOWN(timegm)

EXPORT size_t __wrap_strftime(char *to, size_t room, const char *format, const struct tm *time)
{
	size_t bytes = strftime(to, room, format, time);

	READS(format, strlen(format) + 1);
	READS(time, sizeof(*time));
	WRITES(to, bytes != 0 ? bytes + 1 : 0);
	return bytes;
}

EXPORT char *__wrap_ctime_r(const time_t *time, char *out)
{
	char *text = ctime_r(time, out);

	READS(time, sizeof(*time));
	if (text)
		WRITES(out, strlen(out) + 1);
	return text;
}

EXPORT char *__wrap_asctime_r(const struct tm *time, char *out)
{
	char *text = asctime_r(time, out);

	READS(time, sizeof(*time));
	if (text)
		WRITES(out, strlen(out) + 1);
	return text;
}

/* ---- files, names, the machine ---- */

FILL(fstat, int, (int fd, struct stat *out), (fd, out), ret == 0, out, sizeof(*out))
FILL(fstat64, int, (int fd, struct stat64 *out), (fd, out), ret == 0, out, sizeof(*out))
FILL(realpath, char *, (const char *path, char *out), (path, out), ret, out, strlen(out) + 1)
FILL(getcwd, char *, (char *out, size_t room), (out, room), ret, out, strlen(out) + 1)
FILL(gethostname, int, (char *out, size_t room), (out, room), ret == 0, out,
     strnlen(out, room - 1) + 1)
FILL(uname, int, (struct utsname * out), (out), ret == 0, out, sizeof(*out))

/* An address that is longer than the room for it is cut short, but its full length is told. */
#define ADDRESS(name)                                                                              \
	EXPORT int __wrap_##name(int fd, struct sockaddr *out, socklen_t *bytes)                   \
	{                                                                                          \
		socklen_t room = bytes ? *bytes : 0;                                               \
		int ret = name(fd, out, bytes);                                                    \
                                                                                                   \
		if (ret == 0)                                                                      \
			WRITES(out, room < *bytes ? room : *bytes);                                \
		return ret;                                                                        \
	}

ADDRESS(getsockname)
ADDRESS(getpeername)

FILL(pipe, int, (int out[2]), (out), ret == 0, out, 2 * sizeof(*out))
FILL(pipe2, int, (int out[2], int flags), (out, flags), ret == 0, out, 2 * sizeof(*out))

EXPORT int __wrap_inet_pton(int family, const char *text, void *out)
{
	int ret = inet_pton(family, text, out);

	READS(text, strlen(text) + 1);
	if (ret == 1)
		WRITES(out, family == AF_INET ? 4 : 16);
	return ret;
}

EXPORT const char *__wrap_inet_ntop(int family, const void *from, char *out, socklen_t room)
{
	const char *text = inet_ntop(family, from, out, room);

	READS(from, family == AF_INET ? 4 : 16);
	if (text)
		WRITES(out, strlen(out) + 1);
	return text;
}

/* ---- random bytes ---- */

FILL(getrandom, ssize_t, (void *out, size_t bytes, unsigned flags), (out, bytes, flags), ret > 0,
     out, (size_t)ret)
FILL(getentropy, int, (void *out, size_t bytes), (out, bytes), ret == 0, out, bytes)
FILL(rand_r, int, (unsigned *seed), (seed), true, seed, sizeof(*seed))

/* ---- signals ---- */

FILL(sigemptyset, int, (sigset_t * out), (out), ret == 0, out, sizeof(*out))
FILL(sigfillset, int, (sigset_t * out), (out), ret == 0, out, sizeof(*out))
FILL(sigaddset, int, (sigset_t * out, int number), (out, number), ret == 0, out, sizeof(*out))
FILL(sigdelset, int, (sigset_t * out, int number), (out, number), ret == 0, out, sizeof(*out))

/* The kernel takes no more of a set than it has signals. */
enum { SIGNAL_BYTES = _NSIG / 8 };

#define MASK(name)                                                                                 \
	EXPORT int __wrap_##name(int how, const sigset_t *set, sigset_t *old)                      \
	{                                                                                          \
		int ret;                                                                           \
                                                                                                   \
		READS(set, SIGNAL_BYTES);                                                          \
		ret = name(how, set, old);                                                         \
		if (ret == 0)                                                                      \
			WRITES(old, SIGNAL_BYTES);                                                 \
		return ret;                                                                        \
	}

EXPORT int __wrap_sigismember(const sigset_t *set, int number)
{
	int ret = sigismember(set, number);

	if (ret >= 0)
		READS((const char *)set + (number - 1) / 64 * 8, 8);
	return ret;
}

MASK(pthread_sigmask)
MASK(sigprocmask)
FILL(sigpending, int, (sigset_t * out), (out), ret == 0, out, SIGNAL_BYTES)

/* ---- limits, options, timers ---- */

FILL(getrlimit, int, (__rlimit_resource_t which, struct rlimit *out), (which, out), ret == 0, out,
     sizeof(*out))
FILL(getitimer, int, (__itimer_which_t which, struct itimerval *out), (which, out), ret == 0, out,
     sizeof(*out))
FILL(timer_gettime, int, (timer_t timer, struct itimerspec *out), (timer, out), ret == 0, out,
     sizeof(*out))
FILL(timerfd_gettime, int, (int fd, struct itimerspec *out), (fd, out), ret == 0, out, sizeof(*out))
FILL(statvfs, int, (const char *path, struct statvfs *out), (path, out), ret == 0, out,
     sizeof(*out))
FILL(fstatvfs, int, (int fd, struct statvfs *out), (fd, out), ret == 0, out, sizeof(*out))
FILL(sysinfo, int, (struct sysinfo * out), (out), ret == 0, out, sizeof(*out))
FILL(sched_getaffinity, int, (pid_t pid, size_t bytes, cpu_set_t *out), (pid, bytes, out), ret == 0,
     out, bytes)
FILL(pthread_getname_np, int, (pthread_t thread, char *out, size_t room), (thread, out, room),
     ret == 0, out, strlen(out) + 1)
FILL(sched_getparam, int, (pid_t pid, struct sched_param *out), (pid, out), ret == 0, out,
     sizeof(*out))

TAKE(sched_setparam, int, (pid_t pid, const struct sched_param *from), (pid, from), from,
     sizeof(*from))
TAKE(sched_setscheduler, int, (pid_t pid, int policy, const struct sched_param *from),
     (pid, policy, from), from, sizeof(*from))
TAKE(setrlimit, int, (__rlimit_resource_t which, const struct rlimit *from), (which, from), from,
     sizeof(*from))
TAKE(setsockopt, int, (int fd, int level, int name, const void *value, socklen_t bytes),
     (fd, level, name, value, bytes), value, bytes)

EXPORT int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *bytes)
{
	int ret = getsockopt(fd, level, name, value, bytes);

	if (ret == 0) {
		WRITES(bytes, sizeof(*bytes));
		WRITES(value, *bytes);
	}
	return ret;
}

/* With one argument, whatever it is; only what these requests write is known. */
EXPORT int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
	int ret = ioctl(fd, request, argument);

	if (ret == 0 && (request == FIONREAD || request == TIOCOUTQ))
		WRITES(argument, sizeof(int));
	if (ret == 0 && request == TIOCGWINSZ)
		WRITES(argument, sizeof(struct winsize));
	return ret;
}

/* ---- numbers ---- */

#define FROM_48_BITS(name, ret_type)                                                               \
	FILL(name, ret_type, (unsigned short state[3]), (state), true, state, 3 * sizeof(*state))

FROM_48_BITS(erand48, double)
FROM_48_BITS(nrand48, long)
FROM_48_BITS(jrand48, long)

FILL(sem_getvalue, int, (sem_t * sem, int *out), (sem, out), ret == 0, out, sizeof(*out))
FILL(frexp, double, (double value, int *out), (value, out), true, out, sizeof(*out))
FILL(modf, double, (double value, double *out), (value, out), true, out, sizeof(*out))

/* ---- text ---- */

EXPORT char *__wrap_stpncpy(char *to, const char *from, size_t room)
{
	size_t bytes = strnlen(from, room);

	READS(from, bytes < room ? bytes + 1 : room);
	WRITES(to, room);
	return stpncpy(to, from, room);
}

EXPORT void *__wrap_memccpy(void *to, const void *from, int stop, size_t bytes)
{
	char *end = memccpy(to, from, stop, bytes);
	size_t copied = end ? (size_t)(end - (char *)to) : bytes;

	READS(from, copied);
	WRITES(to, copied);
	return end;
}

EXPORT void __wrap_swab(const void *from, void *to, ssize_t bytes)
{
	if (bytes > 1) {
		READS(from, (size_t)bytes & ~1ul);
		WRITES(to, (size_t)bytes & ~1ul);
	}
	swab(from, to, bytes);
}

EXPORT size_t __wrap_strxfrm(char *to, const char *from, size_t room)
{
	size_t bytes = strxfrm(to, from, room);

	READS(from, strlen(from) + 1);
	if (bytes < room)
		WRITES(to, bytes + 1);
	return bytes;
}

TAKE(getenv, char *, (const char *name), (name), name, strlen(name) + 1)

EXPORT char *__wrap_strerror_r(int number, char *out, size_t room)
{
	char *text = strerror_r(number, out, room);

	/* It may return a text of its own, or a room for nothing as it is. */
	if (text == out && room > 0)
		WRITES(out, strnlen(out, room - 1) + 1);
	return text;
}
