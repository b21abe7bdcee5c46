/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/fd.c - what a descriptor is.
 *
 * Device and inode name pipes and files. Anonymous inodes all share one number:
 * eventfds have an id in /proc/self/fdinfo, and for others a coarse key must
 * do. A socket puts to its peer's inode, which socketpair() tells, or else the
 * kernel's socket diagnosis; an Internet socket is named by both addresses.
 */
#include "suites/racecheck/runtime/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/vfs.h>

static uint64_t hash_bytes(const void *data, size_t bytes, uint64_t hash)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ at[i]) * 0x100000001b3ull;
	return hash;
}

/* Reads /proc/self/fdinfo/<fd>; leaves text empty if that fails. */
static void fdinfo_text(int fd, char *text, size_t room)
{
	char path[48];
	long file;
	long bytes;

	text[0] = '\0';
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = sys_call3(SYS_open, path, O_CLOEXEC, 0);
	if (file < 0)
		return;
	bytes = sys_call3(SYS_read, file, text, room - 1);
	sys_call1(SYS_close, file);
	text[bytes > 0 ? bytes : 0] = '\0';
}

/* Reads the number after a label there; 0: none. */
static uint64_t fdinfo_number(int fd, const char *label)
{
	char text[1024];
	const char *found;

	fdinfo_text(fd, text, sizeof(text));
	found = strstr(text, label);
	return found ? strtoull(found + strlen(label), NULL, 10) : 0;
}

uint32_t fd_watch_mask(int fd)
{
	static const char label[] = " mask:";
	char text[4096];
	uint32_t mask = 0;

	fdinfo_text(fd, text, sizeof(text));
	for (const char *at = text; (at = strstr(at, label)) != NULL; at += strlen(label))
		mask |= (uint32_t)strtoul(at + strlen(label), NULL, 16);
	return mask;
}

uint32_t fd_pid(int fd)
{
	return (uint32_t)fdinfo_number(fd, "\nPid:");
}

static void look_anonymous(int fd, struct fd_look *out)
{
	static const struct {
		const char *name;
		enum fd_type type;
		enum channel_kind kind;
	} kinds[] = {
		{"[eventfd]", FD_EVENTFD, CHANNEL_EVENTFD},
		{"[signalfd]", FD_SIGNALFD, CHANNEL_SIGNAL},
		{"[timerfd]", FD_TIMERFD, CHANNEL_TIMERFD},
		{"[eventpoll]", FD_EPOLL, CHANNEL_EPOLL},
		{"inotify", FD_INOTIFY, CHANNEL_OTHER},
		{"[pidfd]", FD_PIDFD, CHANNEL_OTHER},
	};
	char path[32];
	long bytes;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	bytes = sys_call3(SYS_readlink, path, out->name, sizeof(out->name) - 1);
	out->name[bytes > 0 ? bytes : 0] = '\0';
	out->type = strstr(out->name, "[io_uring]") ? FD_PLAIN : FD_UNCOVERED;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strstr(out->name, kinds[i].name))
			continue;
		out->type = kinds[i].type;
		out->read = out->write = (struct channel_key){kinds[i].kind, (uint64_t)fd, 0};
		if (out->type == FD_EVENTFD)
			out->read.a = out->write.a = fdinfo_number(fd, "eventfd-id:");
		else if (out->type == FD_TIMERFD)
			/* Nothing tells two timers apart in all processes: they share a clock. */
			out->read.a = out->write.a = 0;
	}
}

/* Asks the kernel for the inode of a unix socket's peer; 0: none. */
static uint64_t diagnose_peer(uint64_t inode)
{
	struct {
		struct nlmsghdr header;
		struct unix_diag_req request;
	} ask = {
		.header = {sizeof(ask), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0},
		.request = {.sdiag_family = AF_UNIX,
	                    .udiag_states = ~0u,
	                    .udiag_ino = (uint32_t)inode,
	                    .udiag_show = UDIAG_SHOW_PEER,
	                    .udiag_cookie = {~0u, ~0u}},
	};
	_Alignas(8) char answer[1024];
	struct nlmsghdr *header = (struct nlmsghdr *)answer;
	uint64_t peer = 0;
	long fd = sys_call3(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	long bytes;

	if (fd < 0)
		return 0;
	sys_call6(SYS_sendto, fd, (long)&ask, sizeof(ask), 0, 0, 0);
	bytes = sys_call6(SYS_recvfrom, fd, (long)answer, sizeof(answer), MSG_DONTWAIT, 0, 0);
	sys_call1(SYS_close, fd);
	if (bytes < (long)sizeof(*header) || header->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return 0;
	for (size_t at = NLMSG_LENGTH(sizeof(struct unix_diag_msg));
	     at + sizeof(struct rtattr) <= (size_t)bytes;) {
		const struct rtattr *attribute = (const struct rtattr *)(answer + at);

		if (attribute->rta_len < sizeof(*attribute))
			break;
		if (attribute->rta_type == UNIX_DIAG_PEER)
			peer = *(const uint32_t *)(answer + at + sizeof(*attribute));
		at += RTA_ALIGN(attribute->rta_len);
	}
	return peer;
}

/* A socket's channel keeps its peer's inode in head of its key's second half. */
static uint64_t peer_of(uint64_t inode)
{
	struct channel_ref ref = channel_at((struct channel_key){CHANNEL_SOCKET, inode, 1});

	if (ref.channel->units == 0)
		ref.channel->units = diagnose_peer(inode);
	return ref.channel->units;
}

static uint64_t socket_inode(int fd)
{
	struct stat status = {0};

	sys_call2(SYS_fstat, fd, &status);
	return status.st_ino;
}

void fd_pair(int one, int other)
{
	uint64_t a = socket_inode(one);
	uint64_t b = socket_inode(other);

	channel_at((struct channel_key){CHANNEL_SOCKET, a, 1}).channel->units = b;
	channel_at((struct channel_key){CHANNEL_SOCKET, b, 1}).channel->units = a;
}

struct channel_key fd_address_key(const struct sockaddr *address, socklen_t bytes)
{
	struct channel_key key = {CHANNEL_SOCKET_ADDRESS, 0, 0};

	if (bytes < sizeof(address->sa_family))
		return key;
	key.b = address->sa_family;
	if (address->sa_family == AF_INET)
		key.a = ((const struct sockaddr_in *)(const void *)address)->sin_port;
	else if (address->sa_family == AF_INET6)
		key.a = ((const struct sockaddr_in6 *)(const void *)address)->sin6_port;
	else if (address->sa_family == AF_UNIX) {
		const char *path = ((const struct sockaddr_un *)(const void *)address)->sun_path;
		size_t room = bytes - sizeof(address->sa_family);
		/* An abstract name is all of its bytes, a path ends at its zero. */
		size_t length = room > 0 && path[0] != '\0' ? strnlen(path, room) : room;

		key.a = hash_bytes(path, length, 0xcbf29ce484222325ull);
	}
	if (key.b == AF_INET6)
		key.b = AF_INET;
	return key;
}

static struct channel_key name_key(int fd, long call)
{
	_Alignas(8) char room[128] = {0};
	socklen_t bytes = sizeof(room);

	if (sys_call3(call, fd, room, &bytes) < 0)
		return (struct channel_key){CHANNEL_SOCKET_ADDRESS, 0, 0};
	return fd_address_key((struct sockaddr *)(void *)room, bytes);
}

uint32_t fd_port(int fd)
{
	return (uint32_t)name_key(fd, SYS_getsockname).a;
}

bool fd_has_lost(int fd)
{
	uint32_t memory[SK_MEMINFO_VARS] = {0};
	socklen_t bytes = sizeof(memory);

	return sys_call6(SYS_getsockopt, fd, SOL_SOCKET, SO_MEMINFO, (long)memory, (long)&bytes,
	                 0) < 0 ||
	       memory[SK_MEMINFO_DROPS] != 0;
}

void fd_bound(int fd)
{
	struct channel_ref ref;
	struct fd_look look;

	fd_look(fd, &look);
	if (look.type != FD_LOSSY && look.type != FD_MESSAGE)
		return;
	ref = channel_at(look.read);
	channel_open(ref);
	channel_clear(ref);
	channel_close(ref);
}

static int option(int fd, int name)
{
	int value = 0;
	socklen_t bytes = sizeof(value);

	sys_call6(SYS_getsockopt, fd, SOL_SOCKET, name, (long)&value, (long)&bytes, 0);
	return value;
}

static void look_socket(int fd, struct fd_look *out)
{
	int domain = option(fd, SO_DOMAIN);
	int type = option(fd, SO_TYPE);
	struct channel_key local;
	struct channel_key remote;
	uint64_t peer;

	out->type = type == SOCK_STREAM ? FD_STREAM : FD_MESSAGE;
	if (option(fd, SO_ACCEPTCONN)) {
		out->type = FD_LISTEN;
		out->read = out->write = name_key(fd, SYS_getsockname);
		return;
	}
	if (domain == AF_UNIX) {
		peer = peer_of(out->inode);
		out->is_reliable = true;
		out->read = (struct channel_key){CHANNEL_SOCKET, out->inode, 0};
		out->write = (struct channel_key){CHANNEL_SOCKET, peer, 0};
		if (type == SOCK_DGRAM && peer == 0) {
			/* Not connected: known by the name it is bound to. */
			out->read = name_key(fd, SYS_getsockname);
			out->write = name_key(fd, SYS_getpeername);
		} else if (type == SOCK_DGRAM) {
			local = name_key(fd, SYS_getsockname);
			remote = name_key(fd, SYS_getpeername);
			if (local.a != 0)
				out->read = local;
			if (remote.a != 0)
				out->write = remote;
		}
		return;
	}
	local = name_key(fd, SYS_getsockname);
	remote = name_key(fd, SYS_getpeername);
	if (type == SOCK_DGRAM || type == SOCK_RAW) {
		out->type = FD_LOSSY;
		out->read = local;
		out->write = remote;
		out->read.b = out->write.b = 100 + SOCK_DGRAM;
		return;
	}
	out->read = (struct channel_key){CHANNEL_SOCKET_ADDRESS, local.a << 20 | remote.a, 200};
	out->write = (struct channel_key){CHANNEL_SOCKET_ADDRESS, remote.a << 20 | local.a, 200};
}

/* A POSIX message queue is a file of a file system of its own. */
static bool is_queue(int fd, const struct stat *status)
{
	enum { MQUEUE_MAGIC = 0x19800202, MQUEUE_BYTES = 80 };
	struct statfs system = {0};

	/* All queues have this size: it spares other files the second call. */
	return status->st_size == MQUEUE_BYTES && sys_call2(SYS_fstatfs, fd, &system) == 0 &&
	       system.f_type == MQUEUE_MAGIC;
}

void fd_look(int fd, struct fd_look *out)
{
	struct stat status = {0};

	*out = (struct fd_look){.type = FD_BAD};
	if (sys_call2(SYS_fstat, fd, &status) < 0)
		return;
	out->device = status.st_dev;
	out->inode = status.st_ino;
	out->type = FD_PLAIN;
	switch (status.st_mode & S_IFMT) {
	case S_IFIFO:
		out->type = FD_PIPE;
		out->is_reliable = true;
		out->read = out->write =
			(struct channel_key){CHANNEL_PIPE, status.st_ino, status.st_dev};
		break;
	case S_IFSOCK:
		look_socket(fd, out);
		break;
	case S_IFREG:
		out->type = is_queue(fd, &status) ? FD_QUEUE : FD_FILE;
		out->read = out->write =
			(struct channel_key){out->type == FD_QUEUE ? CHANNEL_MQ : CHANNEL_FILE,
		                             status.st_ino, status.st_dev};
		break;
	case S_IFCHR:
		out->type = FD_TERMINAL;
		break;
	case 0:
		look_anonymous(fd, out);
		break;
	default:
		break;
	}
}

uint64_t fd_pipe_room(int fd)
{
	long bytes = sys_call3(SYS_fcntl, fd, F_GETPIPE_SZ, 0);
	int waiting = 0;

	sys_call3(SYS_ioctl, fd, FIONREAD, &waiting);
	return bytes > waiting ? (uint64_t)(bytes - waiting) : 0;
}

bool fd_is_nonblocking(int fd)
{
	return (sys_call3(SYS_fcntl, fd, F_GETFL, 0) & O_NONBLOCK) != 0;
}

int fd_poll(int fd, int events)
{
	struct pollfd entry = {fd, (short)events, 0};
	long ret = sys_call3(SYS_poll, &entry, 1, 0);

	return ret < 0 ? POLLERR : entry.revents;
}

int fd_wait(int fd, int events, int timeout_ms, enum edge edge)
{
	struct pollfd entry = {fd, (short)events, 0};
	int ret;

	if (is_scheduled) {
		bool has_time =
			schedule_block(edge, timeout_ms >= 0 ? 1 + (uint64_t)timeout_ms : 0);

		pthread_testcancel();
		return has_time ? 0 : -ETIMEDOUT;
	}
	self.is_interrupted = false;
	ret = REAL(poll)(&entry, 1, timeout_ms);
	if (ret == 0)
		return -ETIMEDOUT;
	/* A handler with SA_RESTART would have gone on waiting. */
	return ret < 0 && errno == EINTR && self.is_interrupted ? -EINTR : 0;
}

/* Releases to whoever reads the end of what fd writes to. */
static void release_end(struct channel_key key, enum edge edge)
{
	struct channel_ref ref = channel_at(key);

	if (edge_is_off(edge))
		return;
	lock_take(&ref.channel->lock);
	if (!ref.channel->is_shut)
		clock_add(ref.arena, &ref.channel->ended, self.context->clock);
	ref.channel->is_shut |= edge == EDGE_shutdown;
	lock_give(&ref.channel->lock);
	context_advance();
	context_log(edge, false);
}

/* Releases to whoever writes to what nobody takes from any more. */
static void release_hung_up(struct channel_key key, enum edge edge)
{
	struct channel_ref ref = channel_at(key);

	if (edge_is_off(edge))
		return;
	lock_take(&ref.channel->lock);
	if (!ref.channel->is_deaf)
		clock_add(ref.arena, &ref.channel->hung, self.context->clock);
	ref.channel->is_deaf |= edge == EDGE_shutdown;
	lock_give(&ref.channel->lock);
	context_advance();
	context_log(edge, false);
}

void fd_hung_up(int fd, enum edge edge)
{
	struct fd_look look;

	fd_look(fd, &look);
	if (look.type == FD_STREAM || look.type == FD_MESSAGE)
		release_hung_up(look.read, edge);
}

int fd_timeout(int fd, int option)
{
	struct timeval timeout = {0};
	socklen_t bytes = sizeof(timeout);

	if (sys_call6(SYS_getsockopt, fd, SOL_SOCKET, option, (long)&timeout, (long)&bytes, 0) <
	            0 ||
	    (timeout.tv_sec == 0 && timeout.tv_usec == 0))
		return -1;
	return (int)(timeout.tv_sec * 1000 + timeout.tv_usec / 1000) + 1;
}

void fd_shut(int fd)
{
	struct fd_look look;

	fd_look(fd, &look);
	if (look.type == FD_STREAM || look.type == FD_MESSAGE)
		release_end(look.write, EDGE_shutdown);
}

void fd_changing(enum fd_change change, enum edge edge)
{
	if (UNLIKELY(session->has_inotify))
		channel_release((struct channel_key){CHANNEL_INOTIFY, change, 0}, edge);
}

void fd_changed(uint32_t mask, enum edge edge)
{
	static const uint32_t masks[] = {
		[CHANGE_DATA] = IN_MODIFY | IN_ATTRIB | IN_ACCESS | IN_OPEN,
		[CHANGE_NAME] = IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF,
		[CHANGE_CLOSE] = IN_CLOSE,
	};

	for (uint32_t change = 0; change < sizeof(masks) / sizeof(masks[0]); change++) {
		if (mask & masks[change])
			channel_acquire((struct channel_key){CHANNEL_INOTIFY, change, 0}, edge);
	}
}

void fd_closed(int fd, enum edge edge)
{
	struct fd_look look;

	long access = 0;

	fd_look(fd, &look);
	if (look.type == FD_PIPE)
		access = sys_call3(SYS_fcntl, fd, F_GETFL, 0) & O_ACCMODE;
	if (look.type == FD_STREAM || look.type == FD_MESSAGE ||
	    (look.type == FD_PIPE && access != O_WRONLY))
		release_hung_up(look.read, edge);
	if (look.type == FD_STREAM || look.type == FD_MESSAGE ||
	    (look.type == FD_PIPE && access != O_RDONLY)) {
		release_end(look.write, edge);
	} else if (look.type == FD_FILE) {
		fd_changing(CHANGE_CLOSE, edge);
		locks_closed(fd, look.device, look.inode);
	}
}

static void closed_range(unsigned first, unsigned last, bool is_exec, enum edge edge)
{
	struct {
		uint64_t inode, offset;
		unsigned short bytes;
		unsigned char type;
		char name[256];
	} * entry;
	_Alignas(8) char room[4096];
	long directory =
		sys_call3(SYS_open, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	long bytes;

	if (directory < 0)
		return;
	while ((bytes = sys_call3(SYS_getdents64, directory, room, sizeof(room))) > 0) {
		for (long at = 0; at < bytes; at += entry->bytes) {
			const char *name;
			int fd;

			entry = (void *)(room + at);
			name = (const char *)&entry->type + 1;
			if (name[0] == '.')
				continue;
			fd = (int)strtol(name, NULL, 10);
			if (fd == directory || (unsigned)fd < first || (unsigned)fd > last ||
			    (is_exec && !(sys_call3(SYS_fcntl, fd, F_GETFD, 0) & FD_CLOEXEC)))
				continue;
			fd_closed(fd, edge);
		}
	}
	sys_call1(SYS_close, directory);
}

void fd_closed_range(unsigned first, unsigned last, enum edge edge)
{
	closed_range(first, last, false, edge);
}

void fd_closed_all(bool is_exec)
{
	closed_range(0, UINT_MAX, is_exec, EDGE_close);
}
