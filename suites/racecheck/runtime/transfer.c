/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/transfer.c - bytes and messages through the kernel.
 *
 * A call is made as attempts that don't block, each under its channel's lock,
 * so that the channel's queue of clocks is in the order of the kernel's queue
 * of bytes. Between attempts the caller waits in poll(), or in the scheduler.
 */
#include "suites/racecheck/runtime/transfer.h"

#include "suites/racecheck/runtime/fd.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

enum { PARTS_MAX = 1024 };

static void look_busy(int fd, struct fd_look *look)
{
	self.busy++;
	fd_look(fd, look);
	self.busy--;
}

static size_t parts_bytes(const struct transfer *transfer)
{
	size_t bytes = 0;

	for (size_t i = 0; i < transfer->part_count; i++)
		bytes += transfer->parts[i].iov_len;
	return bytes;
}

/* Copies parts without the first skip bytes, and at most most bytes. Returns their number. */
static size_t parts_cut(const struct transfer *transfer, size_t skip, size_t most,
                        struct iovec *out)
{
	size_t count = 0;

	for (size_t i = 0; i < transfer->part_count && count < PARTS_MAX && most > 0; i++) {
		struct iovec part = transfer->parts[i];
		size_t cut = part.iov_len < skip ? part.iov_len : skip;

		skip -= cut;
		part.iov_base = (char *)part.iov_base + cut;
		part.iov_len -= cut;
		if (part.iov_len > most)
			part.iov_len = most;
		most -= part.iov_len;
		if (part.iov_len > 0)
			out[count++] = part;
	}
	return count;
}

static void touch_parts(const struct transfer *transfer, size_t bytes, bool is_write)
{
	for (size_t i = 0; i < transfer->part_count && bytes > 0; i++) {
		size_t part =
			transfer->parts[i].iov_len < bytes ? transfer->parts[i].iov_len : bytes;

		shadow_access((uintptr_t)transfer->parts[i].iov_base, part, is_write, false,
		              transfer->place);
		bytes -= part;
	}
}

void transfer_touch_mapped(int fd, const struct fd_look *look, long long end, long bytes,
                           bool is_write, uintptr_t place)
{
	uintptr_t address;

	if (bytes <= 0 || look->type != FD_FILE)
		return;
	if (end < 0)
		end = sys_call3(SYS_lseek, fd, 0, SEEK_CUR);
	if (end < bytes)
		return;
	self.busy++;
	address = map_window(fd, look->inode, (uint64_t)(end - bytes), (size_t)bytes);
	self.busy--;
	if (address != 0)
		shadow_access(address, (size_t)bytes, is_write, true, place);
}

static void touch_mapped(const struct transfer *transfer, const struct fd_look *look, long bytes,
                         bool is_write)
{
	transfer_touch_mapped(transfer->fd, look,
	                      transfer->offset < 0 ? -1 : transfer->offset + bytes, bytes, is_write,
	                      transfer->place);
}

/* Receives a datagram and who sent it, which the caller may not have asked for. */
static long attempt_datagram(const struct transfer *transfer, int flags, uint32_t *sender)
{
	_Alignas(8) char from[128];
	struct msghdr message = {
		.msg_iov = (struct iovec *)transfer->parts,
		.msg_iovlen = transfer->part_count,
	};
	struct msghdr *asked = transfer->message ? transfer->message : &message;
	void *name = asked->msg_name;
	socklen_t room = asked->msg_namelen;
	long bytes;

	message = *asked;
	message.msg_name = from;
	message.msg_namelen = sizeof(from);
	bytes = sys_call3(SYS_recvmsg, transfer->fd, &message, flags);
	if (bytes < 0)
		return bytes;
	*sender = (uint32_t)fd_address_key((struct sockaddr *)(void *)from, message.msg_namelen).a;
	if (name)
		memcpy(name, from, message.msg_namelen < room ? message.msg_namelen : room);
	else
		message.msg_namelen = room;
	message.msg_name = name;
	*asked = message;
	return bytes;
}

/* *sender: of a datagram; untouched by others. */
static long attempt_in(const struct transfer *transfer, const struct fd_look *look, int flags,
                       uint32_t *sender)
{
	if (look->type == FD_LOSSY)
		return attempt_datagram(transfer, flags, sender);
	if (transfer->message)
		return sys_call3(SYS_recvmsg, transfer->fd, transfer->message, flags);
	if (transfer->offset >= 0)
		return sys_call4(SYS_preadv, transfer->fd, transfer->parts, transfer->part_count,
		                 transfer->offset);
	return sys_call3(SYS_readv, transfer->fd, transfer->parts, transfer->part_count);
}

static long attempt_out(const struct transfer *transfer, const struct iovec *parts, size_t count,
                        bool is_first, bool is_socket)
{
	struct msghdr message = {0};

	if (is_socket) {
		if (transfer->message && is_first)
			message = *transfer->message;
		message.msg_iov = (struct iovec *)parts;
		message.msg_iovlen = count;
		return sys_call3(SYS_sendmsg, transfer->fd, &message,
		                 transfer->flags | MSG_DONTWAIT);
	}
	if (transfer->offset >= 0)
		return sys_call4(SYS_pwritev, transfer->fd, parts, count, transfer->offset);
	return sys_call3(SYS_writev, transfer->fd, parts, count);
}

/* Matches what a stranger read meanwhile: the oldest clocks went with its bytes. */
static void resync(const struct fd_look *look, struct channel_ref ref, int fd)
{
	int waiting = 0;

	if (!look->is_reliable || (look->type != FD_PIPE && look->type != FD_STREAM))
		return;
	if (sys_call3(SYS_ioctl, fd, FIONREAD, &waiting) < 0 || waiting < 0)
		return;
	if (ref.channel->units > (uint64_t)waiting)
		channel_drop(ref, ref.channel->units - (uint64_t)waiting);
	/* More than is known: written by a stranger, in front of or behind ours. */
	ref.channel->is_primed = ref.channel->units < (uint64_t)waiting;
}

static void take_unknown(struct channel_ref ref)
{
	channel_get_all(ref);
	channel_get_everything();
}

static void take_signals(const struct transfer *transfer, long bytes)
{
	const struct signalfd_siginfo *info = transfer->parts[0].iov_base;

	for (long i = 0; i + (long)sizeof(*info) <= bytes; i += (long)sizeof(*info), info++)
		signal_taken((int)info->ssi_signo, info->ssi_code,
		             info->ssi_signo == SIGCHLD ? info->ssi_pid : 0, transfer->edge);
}

/*
 * A datagram comes after the send of the oldest one of its sender, as long as none was
 * lost; else after all of them.
 */
static void take_datagram(const struct transfer *transfer, struct channel_ref ref, uint32_t sender)
{
	if (sender == 0 || (transfer->flags & (MSG_PEEK | MSG_ERRQUEUE)) ||
	    fd_has_lost(transfer->fd) || !channel_get(ref, 1, sender))
		channel_get_all(ref);
}

/* Orders the caller after what it has just taken, with the channel's lock held. */
static void took(const struct transfer *transfer, const struct fd_look *look,
                 struct channel_ref ref, long bytes, uint32_t sender)
{
	uint64_t units = look->type == FD_MESSAGE ? 1 : (uint64_t)bytes;
	bool is_end = bytes == 0 && look->type != FD_EVENTFD;

	if (edge_is_off(transfer->edge))
		return;
	if (look->type == FD_LOSSY) {
		take_datagram(transfer, ref, sender);
	} else if (look->type == FD_TIMERFD || look->type == FD_FILE) {
		channel_get_all(ref);
	} else if (look->type == FD_SIGNALFD) {
		take_signals(transfer, bytes);
	} else if (look->type == FD_EVENTFD) {
		uint64_t value = 0;

		memcpy(&value, transfer->parts[0].iov_base, sizeof(value));
		if (!channel_get(ref, value, ANY_TAG))
			take_unknown(ref);
	} else if (is_end && (look->type != FD_MESSAGE || ref.channel->head == 0)) {
		clock_take(ref.arena, &ref.channel->ended, self.context->clock);
		context_join_gone(false);
	} else if (transfer->flags & MSG_PEEK) {
		channel_copy(ref, units);
	} else {
		bool is_unknown = ref.channel->is_primed != 0 && look->type != FD_MESSAGE;

		if (!channel_get(ref, units, ANY_TAG) || is_unknown)
			take_unknown(ref);
	}
	clock_add(ref.arena, &ref.channel->taken, self.context->clock);
	if (look->type == FD_PIPE && bytes > 0)
		channel_empty(ref, (uint64_t)bytes);
	context_advance();
	context_log(transfer->edge, true);
}

/* One attempt under the lock. -EAGAIN: it would block. */
static long step_in(const struct transfer *transfer, const struct fd_look *look,
                    struct channel_ref ref, bool is_waiting)
{
	int flags = transfer->flags & ~MSG_WAITALL;
	uint32_t sender = 0;
	long bytes = -EAGAIN;

	self.busy++;
	channel_open(ref);
	channel_await_streams(ref);
	if (!is_waiting || fd_poll(transfer->fd, POLLIN) != 0) {
		resync(look, ref, transfer->fd);
		bytes = attempt_in(transfer, look, flags | MSG_DONTWAIT, &sender);
		if (bytes >= 0)
			took(transfer, look, ref, bytes, sender);
	}
	channel_close(ref);
	self.busy--;
	return bytes;
}

static bool is_ordered(const struct fd_look *look)
{
	switch (look->type) {
	case FD_PIPE:
	case FD_STREAM:
	case FD_MESSAGE:
	case FD_LOSSY:
	case FD_EVENTFD:
	case FD_TIMERFD:
	case FD_SIGNALFD:
		return true;
	default:
		return false;
	}
}

static void take_changes(const struct transfer *transfer, long bytes)
{
	const char *events = transfer->parts[0].iov_base;
	uint32_t mask = 0;
	struct inotify_event event;

	for (long at = 0; at + (long)sizeof(event) <= bytes;
	     at += (long)(sizeof(event) + event.len)) {
		memcpy(&event, events + at, sizeof(event));
		mask |= event.mask;
	}
	fd_changed(mask, transfer->edge);
}

/* A call the channels know nothing of; it may block. */
static long plain_in(const struct transfer *transfer, const struct fd_look *look)
{
	bool is_outside = look->type != FD_FILE && look->type != FD_BAD;
	long bytes;

	if (look->type == FD_UNCOVERED)
		no_verdict("%s of an %s descriptor is not covered", "read()", look->name);
	if (is_outside)
		schedule_outside(transfer->edge);
	bytes = attempt_in(transfer, look, transfer->flags, NULL);
	if (is_outside)
		schedule_inside();
	if (bytes > 0)
		touch_parts(transfer, (size_t)bytes, true);
	if (bytes >= 0 && look->type == FD_FILE)
		channel_acquire(look->read, transfer->edge);
	if (bytes > 0 && look->type == FD_INOTIFY)
		take_changes(transfer, bytes);
	touch_mapped(transfer, look, bytes, false);
	return bytes;
}

long transfer_in(const struct transfer *transfer)
{
	struct fd_look look;
	struct channel_ref ref;
	bool is_waiting;
	int timeout = -1;
	long bytes;

	look_busy(transfer->fd, &look);
	if (!is_ordered(&look))
		return plain_in(transfer, &look);
	self.busy++;
	ref = channel_at(look.read);
	is_waiting = !fd_is_nonblocking(transfer->fd) && !(transfer->flags & MSG_DONTWAIT);
	if (is_waiting)
		timeout = fd_timeout(transfer->fd, SO_RCVTIMEO);
	self.busy--;
	for (;;) {
		int ret;

		bytes = step_in(transfer, &look, ref, is_waiting);
		if (bytes != -EAGAIN || !is_waiting)
			break;
		ret = fd_wait(transfer->fd, POLLIN, timeout, transfer->edge);
		if (ret < 0)
			return ret == -ETIMEDOUT ? -EAGAIN : ret;
	}
	if (bytes > 0)
		touch_parts(transfer, (size_t)bytes, true);
	if (bytes >= 0)
		schedule_wake();
	return bytes;
}

static void put(const struct transfer *transfer, const struct fd_look *look, struct channel_ref ref,
                long bytes)
{
	if (edge_is_off(transfer->edge))
		return;
	if (look->type == FD_LOSSY) {
		channel_put(ref, 1, fd_port(transfer->fd));
	} else if (look->type == FD_EVENTFD) {
		uint64_t value = 0;

		memcpy(&value, transfer->parts[0].iov_base, sizeof(value));
		if (value != 0)
			channel_put(ref, value, 0);
	} else if (look->type == FD_MESSAGE) {
		channel_put(ref, 1, 0);
	} else if (bytes > 0) {
		if (look->type == FD_PIPE)
			channel_fill(ref, (uint64_t)bytes);
		channel_put(ref, (uint64_t)bytes, 0);
	}
	context_advance();
	context_log(transfer->edge, false);
}

static long step_out(const struct transfer *transfer, const struct fd_look *look,
                     struct channel_ref ref, size_t done, bool is_waiting)
{
	struct iovec parts[PARTS_MAX];
	bool is_socket = look->type != FD_PIPE && look->type != FD_EVENTFD;
	/* A pipe that is ready takes this much without blocking. */
	size_t most = look->type == FD_PIPE && is_waiting ? PIPE_BUF : SIZE_MAX;
	size_t count = parts_cut(transfer, done, most, parts);
	long bytes = -EAGAIN;

	self.busy++;
	channel_open(ref);
	if (look->type == FD_PIPE && ref.channel->room == 0)
		channel_bound(ref, fd_pipe_room(transfer->fd));
	if (is_socket || !is_waiting || fd_poll(transfer->fd, POLLOUT) != 0) {
		/* A ring takes no lock: it may have the bytes before their clock is put. */
		if (!edge_is_off(transfer->edge))
			clock_add(ref.arena, &ref.channel->all, self.context->clock);
		bytes = attempt_out(transfer, parts, count, done == 0, is_socket);
		if (bytes >= 0)
			put(transfer, look, ref, bytes);
		if (bytes >= 0 && !edge_is_off(transfer->edge))
			channel_got_room(ref);
		if (bytes == -EPIPE && !edge_is_off(transfer->edge))
			clock_take(ref.arena, &ref.channel->hung, self.context->clock);
	}
	ref.channel->is_full |= bytes == -EAGAIN;
	channel_close(ref);
	self.busy--;
	return bytes;
}

static long plain_out(const struct transfer *transfer, const struct fd_look *look)
{
	long bytes;

	if (look->type == FD_FILE) {
		channel_release(look->write, transfer->edge);
		fd_changing(CHANGE_DATA, transfer->edge);
	}
	if (transfer->message)
		return sys_call3(SYS_sendmsg, transfer->fd, transfer->message, transfer->flags);
	bytes = attempt_out(transfer, transfer->parts, transfer->part_count, true, false);
	touch_mapped(transfer, look, bytes, true);
	return bytes;
}

/* Where a message goes if the call names an address. */
static struct channel_key target(const struct transfer *transfer, const struct fd_look *look)
{
	struct channel_key key = look->write;

	if (transfer->message && transfer->message->msg_name &&
	    transfer->message->msg_namelen > 0 &&
	    (look->type == FD_LOSSY || look->type == FD_MESSAGE)) {
		key = fd_address_key(transfer->message->msg_name, transfer->message->msg_namelen);
		if (look->type == FD_LOSSY)
			key.b = 100 + SOCK_DGRAM;
	}
	return key;
}

/* The caller waited for room: it comes after whoever made it. */
static void waited_for_room(struct channel_ref ref)
{
	self.busy++;
	channel_open(ref);
	clock_take(ref.arena, &ref.channel->taken, self.context->clock);
	channel_close(ref);
	self.busy--;
}

long transfer_out(const struct transfer *transfer)
{
	size_t all = parts_bytes(transfer);
	struct fd_look look;
	struct channel_ref ref;
	bool is_waiting;
	bool has_waited = false;
	int timeout = -1;
	size_t done = 0;

	look_busy(transfer->fd, &look);
	touch_parts(transfer, all, false);
	if (!is_ordered(&look) || look.type == FD_TIMERFD || look.type == FD_SIGNALFD)
		return plain_out(transfer, &look);
	self.busy++;
	ref = channel_at(target(transfer, &look));
	is_waiting = !fd_is_nonblocking(transfer->fd) && !(transfer->flags & MSG_DONTWAIT);
	if (is_waiting)
		timeout = fd_timeout(transfer->fd, SO_SNDTIMEO);
	self.busy--;
	for (;;) {
		long bytes = step_out(transfer, &look, ref, done, is_waiting);

		if (bytes >= 0) {
			if (has_waited)
				waited_for_room(ref);
			schedule_wake();
			done += (size_t)bytes;
			if (done >= all || !is_waiting || look.type == FD_MESSAGE ||
			    look.type == FD_LOSSY)
				return (long)done;
			continue;
		}
		if (bytes != -EAGAIN || !is_waiting)
			return done > 0 ? (long)done : bytes;
		has_waited = true;
		bytes = fd_wait(transfer->fd, POLLOUT, timeout, transfer->edge);
		if (bytes < 0)
			return done > 0 ? (long)done : bytes == -ETIMEDOUT ? -EAGAIN : bytes;
	}
}
