/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/slowed_send.c - send(2) that takes longer, for a plug-in of a test.
 *
 * Linked with --wrap=send: the plug-in's source is the example's, unchanged.
 */
#include <sys/socket.h>
#include <time.h>

#define DELAY_NS 20000

ssize_t __real_send(int fd, const void *data, size_t bytes, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t bytes, int flags);

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

ssize_t __wrap_send(int fd, const void *data, size_t bytes, int flags)
{
	long long until_ns = now_ns() + DELAY_NS;

	while (now_ns() < until_ns)
		;
	return __real_send(fd, data, bytes, flags);
}
