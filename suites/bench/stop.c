/* SPDX-License-Identifier: MIT */
/* suites/bench/stop.c - SIGINT and SIGTERM as something to read, so that nothing is cut short. */
#include "suites/bench/stop.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

int stop_catch(struct stop *stop)
{
	sigset_t set;

	stop->fd = -1;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, &stop->mask_before) < 0)
		return -errno;
	stop->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return stop->fd < 0 ? -errno : 0;
}

int stop_signal(const struct stop *stop)
{
	struct signalfd_siginfo info;

	if (read(stop->fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}

bool stop_is_due(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) > 0;
}

void stop_release(struct stop *stop)
{
	if (stop->fd >= 0)
		close(stop->fd);
	sigprocmask(SIG_SETMASK, &stop->mask_before, NULL);
}
