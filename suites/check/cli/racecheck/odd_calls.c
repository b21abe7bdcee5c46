/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/racecheck/odd_calls.c - calls that fail, or write less than they are told of.
 *
 * Another thread writes all the while what the calls leave alone: that is no race. Ends with 5
 * if libc answers as without racecheck, with 99 and the line if not. With an argument, a race
 * with a timer's maker, whose timer does not send the signal that came.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { STATUS = 5, ROOM = 2, LIMIT_S = 20 };

/* Written by the other thread, without a word to the first. */
static struct {
	struct sockaddr_un address; /* but for its first bytes */
	char text[8];
	int unreached;
	int after_literal;
} untouched;

#define require(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "line %d: %s\n", __LINE__, strerror(errno));               \
			_exit(99);                                                                 \
		}                                                                                  \
	} while (0)

#define require_fault(call)                                                                        \
	do {                                                                                       \
		errno = 0;                                                                         \
		require((call) == -1 && errno == EFAULT);                                          \
	} while (0)

static void *write_untouched(void *unused)
{
	memset((char *)&untouched + ROOM, 1, sizeof(untouched) - ROOM);
	return unused;
}

/* None of these may be looked at before the kernel has refused it. */
static void call_with_bad_paths(void)
{
	const char *volatile paths[] = {NULL, (const char *)16};
	struct stat state;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const char *path = paths[i];

		require_fault(open(path, O_RDONLY | O_CLOEXEC));
		require_fault(open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600));
		require_fault(openat(AT_FDCWD, path, O_CREAT | O_EXCL | O_CLOEXEC, 0600));
		require_fault(mkdir(path, 0700));
		require_fault(link("/", path));
		require_fault(symlink("/", path));
		require_fault(rename("/none", path));
		require_fault(rename(path, "/none"));
		require_fault(unlink(path));
		require_fault(rmdir(path));
		require_fault(access(path, F_OK));
		require_fault(stat(path, &state));
		require(fopen(path, "w") == NULL && errno == EFAULT);
	}
}

static void get_a_long_address(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t bytes = sizeof(sa_family_t);
	struct sockaddr_un own = {.sun_family = AF_UNIX};

	_Static_assert(sizeof(sa_family_t) == ROOM, "the other thread leaves so much out");
	require(fd >= 0);
	/* With no path, the kernel chooses a name. */
	require(bind(fd, (struct sockaddr *)&own, sizeof(sa_family_t)) == 0);
	require(getsockname(fd, (struct sockaddr *)&untouched.address, &bytes) == 0);
	require(bytes > ROOM);
	require_fault(getsockname(fd, (struct sockaddr *)&own, NULL));
	require(close(fd) == 0);
}

static void tell_errors_without_room(void)
{
	char *volatile none = NULL;

	strerror_r(99999, none, 0);
	strerror_r(99999, untouched.text, 0);
}

static int scan_by_list(FILE *file, const char *format, ...)
{
	va_list arguments;
	int count;

	va_start(arguments, format);
	count = vfscanf(file, format, arguments);
	va_end(arguments);
	return count;
}

static void scan_in_part(void)
{
	FILE *file = fmemopen((char[]){"12x"}, 3, "r");
	int number = 0;
	int end = 0;

	require(sscanf("12x", "%d,%n", &number, &untouched.after_literal) == 1);
	require(sscanf("12 x", "%2$d %1$d", &untouched.unreached, &end) == 1 && end == 12);
	require(sscanf("12 x", "%d %n%d", &number, &end, &untouched.unreached) == 1 && end == 3);
	require(file && scan_by_list(file, "%d,%n", &number, &untouched.after_literal) == 1);
	require(fclose(file) == 0);
}

static void *send_in_two(void *raw)
{
	const int *ends = raw;

	require(write(ends[1], "aaaa", 4) == 4);
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	require(write(ends[1], "bbbb", 4) == 4);
	return NULL;
}

/* MSG_WAITALL waits for all of them, MSG_PEEK or not, and recvmsg() as recv() does. */
static void receive_all(void)
{
	char text[8];
	struct iovec parts[2] = {{text, 6}, {text + 6, 2}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	pthread_t sender;
	int ends[2];

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	require(pthread_create(&sender, NULL, send_in_two, ends) == 0);
	require(recvmsg(ends[0], &message, MSG_WAITALL) == 8);
	require(memcmp(text, "aaaabbbb", 8) == 0 && pthread_join(sender, NULL) == 0);
	require(pthread_create(&sender, NULL, send_in_two, ends) == 0);
	/* The kernel's own Unix sockets peek at what is there; no longer wait is asked for. */
	require(recv(ends[0], text, 4, MSG_WAITALL | MSG_PEEK) == 4);
	require(recv(ends[0], text, 8, MSG_WAITALL) == 8);
	require(memcmp(text, "aaaabbbb", 8) == 0 && pthread_join(sender, NULL) == 0);
	require(close(ends[0]) == 0 && close(ends[1]) == 0);
}

/* A timeout of the socket ends a call by any name. */
static void run_into_timeouts(void)
{
	const struct timeval soon = {.tv_usec = 20000};
	struct sockaddr_un own = {.sun_family = AF_UNIX};
	static char much[1 << 20];
	int ends[2];
	int fd;

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	require(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)) == 0);
	require(setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)) == 0);
	require(read(ends[0], much, 1) < 0 && errno == EAGAIN);
	require(write(ends[0], much, sizeof(much)) < (ssize_t)sizeof(much));
	require(close(ends[0]) == 0 && close(ends[1]) == 0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	require(fd >= 0 && bind(fd, (struct sockaddr *)&own, sizeof(sa_family_t)) == 0);
	require(listen(fd, 1) == 0);
	require(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)) == 0);
	require(accept(fd, NULL, NULL) < 0 && errno == EAGAIN);
	require(close(fd) == 0);
}

static void *write_too_much(void *stream)
{
	static const char much[1 << 20];

	fwrite(much, 1, sizeof(much), stream);
	return NULL;
}

/* Whoever is cancelled while it writes to a stream leaves it to others. */
static void cancel_a_writer(void)
{
	struct pollfd room = {.events = POLLOUT};
	pthread_t writer;
	char byte;
	int ends[2];
	FILE *file;
	void *end;

	require(pipe2(ends, O_CLOEXEC) == 0);
	file = fdopen(ends[1], "w");
	require(file && pthread_create(&writer, NULL, write_too_much, file) == 0);
	room.fd = ends[1];
	while (poll(&room, 1, 0) != 0)
		sched_yield();
	require(pthread_cancel(writer) == 0 && pthread_join(writer, &end) == 0);
	require(end == PTHREAD_CANCELED && ftrylockfile(file) == 0);
	funlockfile(file);
	require(read(ends[0], &byte, 1) == 1);
	/* What is left in its buffer finds nobody who reads. */
	require(close(ends[0]) == 0 && close(ends[1]) == 0);
	fclose(file);
}

static void ignore_notice(union sigval value)
{
	(void)value;
}

static void *set_timer(void *timer)
{
	const struct itimerspec late = {.it_value = {.tv_sec = 10 * LIMIT_S}};

	untouched.unreached = 1;
	require(timer_settime(timer, 0, &late, NULL) == 0);
	return NULL;
}

static void take_a_signal_that_no_timer_sent(void)
{
	struct sigevent notice = {.sigev_notify = SIGEV_THREAD,
	                          .sigev_signo = SIGUSR1,
	                          .sigev_notify_function = ignore_notice};
	struct itimerspec left = {0};
	pthread_t other;
	sigset_t signals;
	timer_t timer;
	int number;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	require(pthread_sigmask(SIG_BLOCK, &signals, NULL) == 0);
	require(timer_create(CLOCK_MONOTONIC, &notice, &timer) == 0);
	require(pthread_create(&other, NULL, set_timer, timer) == 0);
	/* To ask a timer whether it is set orders nothing. */
	while (left.it_value.tv_sec == 0)
		require(timer_gettime(timer, &left) == 0);
	require(raise(SIGUSR1) == 0 && sigwait(&signals, &number) == 0);
	untouched.unreached++;
	require(pthread_join(other, NULL) == 0);
}

int main(int argc, char **argv)
{
	pthread_t other;

	(void)argv;
	alarm(LIMIT_S);
	if (argc > 1) {
		take_a_signal_that_no_timer_sent();
		return STATUS;
	}
	require(pthread_create(&other, NULL, write_untouched, NULL) == 0);
	call_with_bad_paths();
	get_a_long_address();
	tell_errors_without_room();
	scan_in_part();
	receive_all();
	run_into_timeouts();
	cancel_a_writer();
	require(pthread_join(other, NULL) == 0);
	return STATUS;
}
