/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_poll.c - calls that wait for several descriptors.
 *
 * To see that a descriptor is ready is to see what made it ready, whether or
 * not it is read afterwards: the first waiting release, the end of a stream,
 * or the death of a process.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "suites/racecheck/runtime/fd.h"

enum { WATCHED_MAX = 1024 };

/* What epoll_ctl() registered: the kernel tells the data back, not the descriptor. */
static struct {
	int epoll, fd;
	uint64_t data;
} watched[WATCHED_MAX];
static uint32_t watched_count;
static _Atomic uint32_t watched_lock;

static bool is_queue_of_clocks(const struct fd_look *look)
{
	return look->type == FD_PIPE || look->type == FD_STREAM || look->type == FD_MESSAGE ||
	       look->type == FD_EVENTFD || look->type == FD_QUEUE;
}

/* A descriptor may be written to: whoever made room comes before the caller. */
static void seen_room(int fd, enum edge edge)
{
	struct fd_look look;
	struct channel_ref ref;

	if (edge_is_off(edge))
		return;
	fd_look(fd, &look);
	if (!is_queue_of_clocks(&look))
		return;
	ref = channel_at(look.write);
	channel_open(ref);
	channel_peek_room(ref);
	channel_got_room(ref);
	channel_close(ref);
	context_log(edge, true);
}

/* The process of a pidfd has ended; once it is reaped the kernel does not say which that was. */
static void see_end(uint32_t pid)
{
	if (pid != FD_PID_REAPED)
		context_join_process(pid);
	else
		context_join_gone(true);
}

static void seen_ready(int fd, bool is_readable, enum edge edge)
{
	struct fd_look look;
	struct channel_ref ref;

	if (edge_is_off(edge))
		return;
	fd_look(fd, &look);
	if (look.type == FD_PIDFD) {
		see_end(fd_pid(fd));
	} else if (is_queue_of_clocks(&look)) {
		ref = channel_at(look.read);
		channel_open(ref);
		channel_await_streams(ref);
		if (is_readable && ref.channel->head != 0)
			channel_peek(ref);
		else if (is_readable)
			channel_get_all(ref);
		/* Not all calls tell the end of a stream from bytes to read. */
		if (fd_poll(fd, POLLIN | POLLRDHUP) & (POLLHUP | POLLRDHUP)) {
			clock_take(ref.arena, &ref.channel->ended, self.context->clock);
			context_join_gone(false);
		}
		channel_close(ref);
	} else if (look.type == FD_LOSSY) {
		ref = channel_at(look.read);
		channel_open(ref);
		if (ref.channel->head == 0 || fd_has_lost(fd))
			channel_get_all(ref);
		else
			channel_peek(ref);
		channel_close(ref);
	} else if (look.type == FD_LISTEN || look.type == FD_TIMERFD) {
		if (look.type == FD_LISTEN)
			look.read.b += 1000;
		channel_acquire(look.read, edge);
	} else if (look.type == FD_EPOLL) {
		/* Which of its descriptors is ready is not said. */
		channel_get_everything();
	} else if (look.type == FD_INOTIFY) {
		fd_changed(fd_watch_mask(fd), edge);
	}
	context_log(edge, true);
}

static void seen_polled(const struct pollfd *fds, nfds_t count, enum edge edge)
{
	for (nfds_t i = 0; i < count; i++) {
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR | POLLRDHUP))
			seen_ready(fds[i].fd, (fds[i].revents & POLLIN) != 0, edge);
		if (fds[i].revents & POLLOUT)
			seen_room(fds[i].fd, edge);
	}
}

/*
 * WAITER: a call that waits, made as attempts without a wait under the
 * scheduler; is_forever and is_never say what its time limit is, reads and writes what
 * memory the kernel looks at first and answers in.
 */
#define WAITER(name, ret_type, parameters, arguments, attempt, is_never, is_forever, seen, reads,  \
               writes)                                                                             \
	INTERPOSE ret_type name parameters                                                         \
	{                                                                                          \
		ret_type ret;                                                                      \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		reads;                                                                             \
		if (LIKELY(!is_scheduled)) {                                                       \
			ret = REAL(name) arguments;                                                \
		} else {                                                                           \
			while ((ret = (attempt)) == 0 && !(is_never) &&                            \
			       schedule_block(EDGE_##name, (is_forever) ? 0 : 1)) {                \
			}                                                                          \
			if (is_never)                                                              \
				schedule_spin();                                                   \
		}                                                                                  \
		if (ret > 0)                                                                       \
			BUSY(seen);                                                                \
		if (ret >= 0)                                                                      \
			writes;                                                                    \
		call_end();                                                                        \
		return ret;                                                                        \
	}

static bool is_zero(const struct timespec *timeout)
{
	return timeout && timeout->tv_sec == 0 && timeout->tv_nsec == 0;
}

static const struct timespec no_time;

static void writes_polled(struct pollfd *fds, nfds_t count, uintptr_t place)
{
	for (nfds_t i = 0; i < count; i++)
		touch(&fds[i].revents, sizeof(fds[i].revents), true, place);
}

WAITER(poll, int, (struct pollfd * fds, nfds_t count, int timeout), (fds, count, timeout),
       REAL(poll)(fds, count, 0), timeout == 0, timeout < 0, seen_polled(fds, count, EDGE_poll),
       READS(fds, count * sizeof(*fds)), writes_polled(fds, count, CALLER))
WAITER(ppoll, int,
       (struct pollfd * fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask),
       (fds, count, timeout, mask), REAL(ppoll)(fds, count, &no_time, mask), is_zero(timeout),
       !timeout, seen_polled(fds, count, EDGE_ppoll),
       (READS(fds, count * sizeof(*fds)), READS(timeout, sizeof(*timeout))),
       writes_polled(fds, count, CALLER))

static void seen_selected(int count, const fd_set *readable, const fd_set *writable, enum edge edge)
{
	for (int fd = 0; fd < count; fd++) {
		if (readable && FD_ISSET(fd, readable))
			seen_ready(fd, true, edge);
		if (writable && FD_ISSET(fd, writable))
			seen_room(fd, edge);
	}
}

/* The kernel reads sets and answers in them, in whole words. */
static void touch_sets(int count, fd_set *in, fd_set *out, fd_set *other, bool is_write,
                       uintptr_t place)
{
	fd_set *sets[3] = {in, out, other};
	size_t bytes = count > 0 ? ((size_t)count + 63) / 64 * 8 : 0;

	for (int i = 0; i < 3; i++)
		touch(sets[i], bytes, is_write, place);
}

/* An attempt of select() that keeps the sets if nothing is ready. */
static int select_attempt(int count, fd_set *in, fd_set *out, fd_set *other)
{
	fd_set copies[3];
	fd_set *sets[3] = {in, out, other};
	struct timeval none = {0, 0};
	int ret;

	for (int i = 0; i < 3; i++) {
		if (sets[i])
			memcpy(&copies[i], sets[i], sizeof(fd_set));
	}
	ret = REAL(select)(count, in, out, other, &none);
	for (int i = 0; i < 3 && ret == 0; i++) {
		if (sets[i])
			memcpy(sets[i], &copies[i], sizeof(fd_set));
	}
	return ret;
}

/* Linux leaves in timeout the time that was left. */
WAITER(select, int, (int count, fd_set *in, fd_set *out, fd_set *other, struct timeval *timeout),
       (count, in, out, other, timeout), select_attempt(count, in, out, other),
       timeout && timeout->tv_sec == 0 && timeout->tv_usec == 0, !timeout,
       seen_selected(count, in, out, EDGE_select),
       (touch_sets(count, in, out, other, false, CALLER), READS(timeout, sizeof(*timeout))),
       (touch_sets(count, in, out, other, true, CALLER), WRITES(timeout, sizeof(*timeout))))
WAITER(pselect, int,
       (int count, fd_set *in, fd_set *out, fd_set *other, const struct timespec *timeout,
        const sigset_t *mask),
       (count, in, out, other, timeout, mask), select_attempt(count, in, out, other),
       is_zero(timeout), !timeout, seen_selected(count, in, out, EDGE_pselect),
       (touch_sets(count, in, out, other, false, CALLER), READS(timeout, sizeof(*timeout))),
       touch_sets(count, in, out, other, true, CALLER))

static void watched_set(int epoll, int operation, int fd, const struct epoll_event *event)
{
	uint32_t i;

	lock_take(&watched_lock);
	for (i = 0; i < watched_count; i++) {
		if (watched[i].epoll == epoll && watched[i].fd == fd)
			break;
	}
	if (operation == EPOLL_CTL_DEL && i < watched_count) {
		watched[i] = watched[--watched_count];
	} else if (event && i < WATCHED_MAX) {
		watched[i].epoll = epoll;
		watched[i].fd = fd;
		watched[i].data = event->data.u64;
		if (i == watched_count)
			watched_count++;
	}
	lock_give(&watched_lock);
}

INTERPOSE int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	int ret;

	if (!call_begin(EDGE_epoll_ctl, CALLER))
		return REAL(epoll_ctl)(epoll, operation, fd, event);
	if (event && operation != EPOLL_CTL_DEL)
		READS(event, sizeof(*event));
	channel_release((struct channel_key){CHANNEL_EPOLL, (uint64_t)epoll, 0}, EDGE_epoll_ctl);
	BUSY(watched_set(epoll, operation, fd, event));
	ret = REAL(epoll_ctl)(epoll, operation, fd, event);
	schedule_wake();
	call_end();
	return ret;
}

static void seen_events(int epoll, const struct epoll_event *events, int count, enum edge edge)
{
	channel_acquire((struct channel_key){CHANNEL_EPOLL, (uint64_t)epoll, 0}, edge);
	for (int i = 0; i < count; i++) {
		for (uint32_t at = 0; at < watched_count; at++) {
			if (watched[at].epoll != epoll || watched[at].data != events[i].data.u64)
				continue;
			if (events[i].events & ~(uint32_t)EPOLLOUT)
				seen_ready(watched[at].fd, (events[i].events & EPOLLIN) != 0, edge);
			if (events[i].events & EPOLLOUT)
				seen_room(watched[at].fd, edge);
		}
	}
}

WAITER(epoll_wait, int, (int epoll, struct epoll_event *events, int room, int timeout),
       (epoll, events, room, timeout), REAL(epoll_wait)(epoll, events, room, 0), timeout == 0,
       timeout < 0, seen_events(epoll, events, ret, EDGE_epoll_wait), (void)0,
       WRITES(events, (size_t)ret * sizeof(*events)))
WAITER(epoll_pwait, int,
       (int epoll, struct epoll_event *events, int room, int timeout, const sigset_t *mask),
       (epoll, events, room, timeout, mask), REAL(epoll_pwait)(epoll, events, room, 0, mask),
       timeout == 0, timeout < 0, seen_events(epoll, events, ret, EDGE_epoll_pwait), (void)0,
       WRITES(events, (size_t)ret * sizeof(*events)))
WAITER(epoll_pwait2, int,
       (int epoll, struct epoll_event *events, int room, const struct timespec *timeout,
        const sigset_t *mask),
       (epoll, events, room, timeout, mask),
       REAL(epoll_pwait2)(epoll, events, room, &no_time, mask), is_zero(timeout), !timeout,
       seen_events(epoll, events, ret, EDGE_epoll_pwait2), READS(timeout, sizeof(*timeout)),
       WRITES(events, (size_t)ret * sizeof(*events)))
