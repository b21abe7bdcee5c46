/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/readiness.c - waiting for readiness alone; the twin writes the data
 * after the event.
 *
 * The reader learns that there is something, and never reads it.
 *
 * case: readiness
 * models: threads processes
 * forms: poll ppoll select pselect epoll_wait epoll_pwait epoll_pwait2 epoll_ctl
 * truth: correct free, broken racy
 * tier: L
 * missing: readiness
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>

#include "suites/check/races/race.h"

struct shared {
	int fd;
	int epoll;
	int data;
	int seen;
};

/* The count makes the descriptor ready, or it was and is only watched from now on. */
static void make_ready(const struct shared *shared)
{
#ifdef FORM_EPOLL_CTL
	struct epoll_event event = {.events = EPOLLIN};

	must(epoll_ctl(shared->epoll, EPOLL_CTL_ADD, shared->fd, &event) == 0);
#else
	must(write(shared->fd, &(uint64_t){1}, 8) == 8);
#endif
}

static void wait_until_ready(const struct shared *shared)
{
	int fd = shared->fd;
#if defined(FORM_POLL) || defined(FORM_PPOLL)
	struct pollfd poller = {.fd = fd, .events = POLLIN};
#elif defined(FORM_SELECT) || defined(FORM_PSELECT)
	fd_set fds;
#else
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = shared->epoll;
#endif
#if !defined(FORM_EPOLL_WAIT) && !defined(FORM_EPOLL_CTL)
	const struct timespec timeout = {.tv_sec = RACE_WAIT_S};
#endif

#if defined(FORM_POLL)
	must(poll(&poller, 1, (int)timeout.tv_sec * 1000) == 1);
#elif defined(FORM_PPOLL)
	must(ppoll(&poller, 1, &timeout, NULL) == 1);
#elif defined(FORM_SELECT)
	FD_ZERO(&fds);
	FD_SET(fd, &fds);
	must(select(fd + 1, &fds, NULL, NULL, &(struct timeval){.tv_sec = timeout.tv_sec}) == 1);
#elif defined(FORM_PSELECT)
	FD_ZERO(&fds);
	FD_SET(fd, &fds);
	must(pselect(fd + 1, &fds, NULL, NULL, &timeout, NULL) == 1);
#else
#ifdef FORM_EPOLL_CTL
	(void)fd;
#else
	must(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
#endif
#if defined(FORM_EPOLL_PWAIT)
	must(epoll_pwait(epoll, &event, 1, (int)timeout.tv_sec * 1000, NULL) == 1);
#elif defined(FORM_EPOLL_PWAIT2)
	must(epoll_pwait2(epoll, &event, 1, &timeout, NULL) == 1);
#else
	must(epoll_wait(epoll, &event, 1, RACE_WAIT_S * 1000) == 1);
#endif
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	make_ready(shared);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	wait_until_ready(shared);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

#ifdef FORM_EPOLL_CTL
	shared->fd = eventfd(1, EFD_CLOEXEC);
#else
	shared->fd = eventfd(0, EFD_CLOEXEC);
#endif
	shared->epoll = epoll_create1(EPOLL_CLOEXEC);
	must(shared->fd >= 0 && shared->epoll >= 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
