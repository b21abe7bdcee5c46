/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_file.c - locks on files, and files as locks.
 *
 * Locks on ranges are kept range by range, shared and exclusive apart. flock()
 * and fcntl() know nothing of each other. A file that is made with O_EXCL and
 * removed again is a lock, too: its name carries the clock.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suites/racecheck/runtime/fd.h"

/* A lock request on bytes first to last of a file. */
struct range {
	uint64_t first, last;
	bool is_shared;
};

static struct segment *segment_at(struct channel_ref ref, uint32_t unit)
{
	return arena_at(ref.arena, unit);
}

static bool overlaps(const struct segment *segment, const struct range *range)
{
	return segment->first <= range->last && range->first <= segment->last;
}

/* Before an unlock: the clock goes to the range, by how it was held. */
static void range_release(struct channel_ref ref, const struct range *range)
{
	struct segment *exact = NULL;
	uint32_t unit;

	lock_take(&ref.channel->lock);
	for (unit = ref.channel->head; unit != 0; unit = segment_at(ref, unit)->next) {
		struct segment *segment = segment_at(ref, unit);

		if (segment->first == range->first && segment->last == range->last)
			exact = segment;
	}
	if (!exact) {
		unit = arena_take(ref.arena, 0);
		exact = segment_at(ref, unit);
		exact->first = range->first;
		exact->last = range->last;
		exact->next = ref.channel->head;
		ref.channel->head = unit;
	}
	clock_add(ref.arena, range->is_shared ? &exact->readers : &exact->clock,
	          self.context->clock);
	lock_give(&ref.channel->lock);
	context_advance();
}

static void range_acquire(struct channel_ref ref, const struct range *range)
{
	lock_take(&ref.channel->lock);
	for (uint32_t unit = ref.channel->head; unit != 0; unit = segment_at(ref, unit)->next) {
		struct segment *segment = segment_at(ref, unit);

		if (!overlaps(segment, range))
			continue;
		clock_take(ref.arena, &segment->clock, self.context->clock);
		if (!range->is_shared)
			clock_take(ref.arena, &segment->readers, self.context->clock);
	}
	lock_give(&ref.channel->lock);
}

/* Ranges the process holds, so that an unlock knows how and what. */
enum { HELD_MAX = 256, PROCESS_OWNS = -1, ANY_OWNER = -2 };
static struct held {
	uint64_t device, inode;
	struct range range;
	bool is_flock;
	int owner; /* descriptor; -1: the process owns its record locks */
} held[HELD_MAX];
static uint32_t held_count;
static _Atomic uint32_t held_lock;

static struct channel_ref lock_channel(uint64_t device, uint64_t inode, bool is_flock)
{
	return channel_at((struct channel_key){is_flock ? CHANNEL_FLOCK : CHANNEL_RECORD_LOCK,
	                                       inode, device});
}

/* Releases the parts of what is held that lie in a range, and forgets them. */
static void held_release(const struct fd_look *look, const struct range *range, bool is_flock,
                         int owner)
{
	lock_take(&held_lock);
	for (uint32_t i = 0; i < held_count; i++) {
		struct held *entry = &held[i];
		struct range part = entry->range;

		if (entry->device != look->device || entry->inode != look->inode ||
		    entry->is_flock != is_flock || (owner != ANY_OWNER && entry->owner != owner) ||
		    part.first > range->last || range->first > part.last)
			continue;
		range_release(lock_channel(look->device, look->inode, is_flock), &part);
		if (part.first < range->first && part.last > range->last && held_count < HELD_MAX) {
			held[held_count] = *entry;
			held[held_count++].range.first = range->last + 1;
			entry->range.last = range->first - 1;
		} else if (part.first < range->first) {
			entry->range.last = range->first - 1;
		} else if (part.last > range->last) {
			entry->range.first = range->last + 1;
		} else {
			*entry = held[--held_count];
			i--;
		}
	}
	lock_give(&held_lock);
}

static void held_add(const struct fd_look *look, const struct range *range, bool is_flock,
                     int owner)
{
	lock_take(&held_lock);
	if (held_count < HELD_MAX)
		held[held_count++] =
			(struct held){look->device, look->inode, *range, is_flock, owner};
	else
		no_verdict("more than %d locks on files in a process", HELD_MAX);
	lock_give(&held_lock);
}

/* Is the lock held through another descriptor only, a copy of this one? */
static int owner_of(const struct fd_look *look, bool is_flock, int owner)
{
	int any = owner;

	for (uint32_t i = 0; i < held_count; i++) {
		if (held[i].device != look->device || held[i].inode != look->inode ||
		    held[i].is_flock != is_flock)
			continue;
		if (held[i].owner == owner)
			return owner;
		any = held[i].owner;
	}
	return any;
}

void locks_closed(int fd, uint64_t device, uint64_t inode)
{
	const struct range all = {0, UINT64_MAX, false};
	struct fd_look look = {.device = device, .inode = inode};

	if (held_count == 0 || edge_is_off(EDGE_close))
		return;
	/* Any close of the file drops the process's record locks. */
	held_release(&look, &all, false, PROCESS_OWNS);
	held_release(&look, &all, false, fd);
	held_release(&look, &all, true, fd);
}

/* After a lock was got. Who held it and died without a word comes first, too. */
static void got_lock(const struct fd_look *look, const struct range *range, bool is_flock,
                     int owner, enum edge edge)
{
	if (edge_is_off(edge))
		return;
	self.busy++;
	range_acquire(lock_channel(look->device, look->inode, is_flock), range);
	context_join_gone(false);
	held_add(look, range, is_flock, owner);
	context_log(edge, true);
	self.busy--;
}

static void drop_lock(const struct fd_look *look, const struct range *range, bool is_flock,
                      int owner, enum edge edge)
{
	if (edge_is_off(edge))
		return;
	self.busy++;
	held_release(look, range, is_flock, owner);
	context_log(edge, false);
	self.busy--;
}

INTERPOSE int flock(int fd, int operation)
{
	struct range range = {0, UINT64_MAX, (operation & LOCK_SH) != 0};
	struct fd_look look;
	int ret;

	if (!call_begin(EDGE_flock, CALLER))
		return REAL(flock)(fd, operation);
	BUSY(fd_look(fd, &look));
	/* To change a lock's kind is to drop it first. */
	drop_lock(&look, &range, true, operation & LOCK_UN ? owner_of(&look, true, fd) : fd,
	          EDGE_flock);
	if (LIKELY(!is_scheduled)) {
		ret = REAL(flock)(fd, operation);
	} else {
		while ((ret = REAL(flock)(fd, operation | LOCK_NB)) != 0 && errno == EWOULDBLOCK &&
		       !(operation & LOCK_NB))
			schedule_block(EDGE_flock, 0);
	}
	if (ret == 0 && !(operation & LOCK_UN))
		got_lock(&look, &range, true, fd, EDGE_flock);
	schedule_wake();
	call_end();
	return ret;
}

static bool range_of(int fd, const struct flock *request, struct range *out)
{
	off_t start = request->l_start;
	struct stat status = {0};

	if (request->l_whence == SEEK_CUR)
		start += lseek(fd, 0, SEEK_CUR);
	if (request->l_whence == SEEK_END && sys_call2(SYS_fstat, fd, &status) == 0)
		start += status.st_size;
	if (request->l_len < 0)
		start += request->l_len;
	out->first = start > 0 ? (uint64_t)start : 0;
	out->last =
		request->l_len == 0 ? UINT64_MAX : out->first + (uint64_t)llabs(request->l_len) - 1;
	out->is_shared = request->l_type == F_RDLCK;
	return true;
}

static int record_lock(enum edge edge, int fd, int command, struct flock *request)
{
	bool is_wait = command == F_SETLKW || command == F_OFD_SETLKW;
	int attempt = command == F_SETLKW ? F_SETLK : F_OFD_SETLK;
	bool is_open_file = command == F_OFD_SETLK || command == F_OFD_SETLKW;
	int owner = is_open_file ? fd : PROCESS_OWNS;
	struct fd_look look;
	struct range range;
	int ret;

	BUSY(fd_look(fd, &look));
	range_of(fd, request, &range);
	if (is_open_file && request->l_type == F_UNLCK)
		owner = owner_of(&look, false, fd);
	drop_lock(&look, &range, false, owner, edge);
	if (LIKELY(!is_scheduled) || !is_wait) {
		ret = REAL(fcntl)(fd, command, request);
	} else {
		while ((ret = REAL(fcntl)(fd, attempt, request)) != 0 &&
		       (errno == EAGAIN || errno == EACCES))
			schedule_block(edge, 0);
	}
	if (ret == 0 && request->l_type != F_UNLCK)
		got_lock(&look, &range, false, owner, edge);
	schedule_wake();
	call_end();
	return ret;
}

static bool is_lock_command(int command)
{
	return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK ||
	       command == F_OFD_SETLKW;
}

#define FCNTL(name)                                                                                \
	INTERPOSE int name(int fd, int command, ...)                                               \
	{                                                                                          \
		va_list arguments;                                                                 \
		void *argument;                                                                    \
                                                                                                   \
		va_start(arguments, command);                                                      \
		argument = va_arg(arguments, void *);                                              \
		va_end(arguments);                                                                 \
		if (!is_lock_command(command) || !call_begin(EDGE_##name, CALLER))                 \
			return REAL(name)(fd, command, argument);                                  \
		return record_lock(EDGE_##name, fd, command, argument);                            \
	}

FCNTL(fcntl)
FCNTL(fcntl64)

#define LOCKF(name, offset_type)                                                                   \
	INTERPOSE int name(int fd, int command, offset_type bytes)                                 \
	{                                                                                          \
		struct flock request = {.l_type = command == F_ULOCK ? F_UNLCK : F_WRLCK,          \
		                        .l_whence = SEEK_CUR,                                      \
		                        .l_len = bytes};                                           \
                                                                                                   \
		if (command == F_TEST || !call_begin(EDGE_##name, CALLER))                         \
			return REAL(name)(fd, command, bytes);                                     \
		return record_lock(EDGE_##name, fd, command == F_LOCK ? F_SETLKW : F_SETLK,        \
		                   &request);                                                      \
	}

LOCKF(lockf, off_t)
LOCKF(lockf64, off64_t)

/* ---- names ---- */

/* The key of a name: its directory's identity and its last part. */
static struct channel_key name_key(int directory, const char *path)
{
	const char *last = strrchr(path, '/');
	char parent[PATH_MAX];
	struct stat status = {0};
	uint64_t hash = 0xcbf29ce484222325ull;
	size_t bytes = last ? (size_t)(last - path) + 1 : 0;

	if (bytes >= sizeof(parent))
		bytes = 0;
	memcpy(parent, path, bytes);
	parent[bytes] = '\0';
	sys_call4(SYS_newfstatat, directory, bytes != 0 ? parent : ".", &status, 0);
	for (last = last ? last + 1 : path; *last; last++)
		hash = (hash ^ (unsigned char)*last) * 0x100000001b3ull;
	return (struct channel_key){CHANNEL_NAME, hash ^ status.st_ino, status.st_dev};
}

static struct channel_key name_key_busy(int directory, const char *path)
{
	struct channel_key key;

	BUSY(key = name_key(directory, path));
	return key;
}

/* Before a name is made: the clock goes to whoever finds it. */
void name_making(int directory, const char *path, enum edge edge)
{
	struct channel_key key = name_key_busy(directory, path);

	key.kind = CHANNEL_NAME_MADE;
	channel_release(key, edge);
}

void name_looked_up(int directory, const char *path, bool is_there, enum edge edge)
{
	struct channel_key key = name_key_busy(directory, path);

	key.kind = is_there ? CHANNEL_NAME_MADE : CHANNEL_NAME;
	channel_acquire(key, edge);
}

/* Did open() tell something of the name? Who may have made it has only if O_EXCL says so. */
static bool opened(int fd, int flags)
{
	if (flags & O_CREAT)
		return fd >= 0 && (flags & O_EXCL);
	return fd >= 0 || errno == ENOENT;
}

#define OPEN(name, parameters, directory, real_call)                                               \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		va_list arguments;                                                                 \
		mode_t mode;                                                                       \
		int fd;                                                                            \
                                                                                                   \
		touch(path, strlen(path) + 1, false, CALLER);                                      \
		va_start(arguments, flags);                                                        \
		mode = va_arg(arguments, mode_t);                                                  \
		va_end(arguments);                                                                 \
		if ((flags & O_CREAT) && call_begin(EDGE_##name, CALLER)) {                        \
			name_making(directory, path, EDGE_##name);                                 \
			call_end();                                                                \
		}                                                                                  \
		fd = real_call;                                                                    \
		if (!opened(fd, flags) || !call_begin(EDGE_##name, CALLER))                        \
			return fd;                                                                 \
		if (flags & O_CREAT)                                                               \
			channel_acquire(name_key_busy(directory, path), EDGE_##name);              \
		else                                                                               \
			name_looked_up(directory, path, fd >= 0, EDGE_##name);                     \
		call_end();                                                                        \
		return fd;                                                                         \
	}

/* The ends of a fifo, by its identity; false: path is none, or open() will not wait for one. */
static bool fifo_ends(int directory, const char *path, int flags, struct channel_key *own,
                      struct channel_key *other)
{
	struct stat status = {0};
	bool is_writer = (flags & O_ACCMODE) == O_WRONLY;

	if ((flags & (O_NONBLOCK | O_PATH)) || (flags & O_ACCMODE) == O_RDWR ||
	    sys_call4(SYS_newfstatat, directory, path, &status, 0) < 0 || !S_ISFIFO(status.st_mode))
		return false;
	*own = (struct channel_key){is_writer ? CHANNEL_FIFO_WRITER : CHANNEL_FIFO_READER,
	                            status.st_ino, status.st_dev};
	*other = *own;
	other->kind = is_writer ? CHANNEL_FIFO_READER : CHANNEL_FIFO_WRITER;
	return true;
}

/* A fifo waits in open() for its other end: both come after what the other did before. */
static int open_outside(int directory, const char *path, int flags, mode_t mode, enum edge edge,
                        uintptr_t place)
{
	struct channel_key own;
	struct channel_key other;
	int fd;

	if (!path || !fifo_ends(directory, path, flags, &own, &other) || !call_begin(edge, place))
		return REAL(openat)(directory, path, flags, mode);
	channel_release(own, edge);
	schedule_outside(edge);
	fd = REAL(openat)(directory, path, flags, mode);
	schedule_inside();
	if (fd >= 0)
		channel_acquire(other, edge);
	call_end();
	return fd;
}

OPEN(open, (const char *path, int flags, ...), AT_FDCWD,
     open_outside(AT_FDCWD, path, flags, mode, EDGE_open, CALLER))
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD,
     open_outside(AT_FDCWD, path, flags, mode, EDGE_open64, CALLER))
OPEN(openat, (int directory, const char *path, int flags, ...), directory,
     open_outside(directory, path, flags, mode, EDGE_openat, CALLER))
OPEN(openat64, (int directory, const char *path, int flags, ...), directory,
     open_outside(directory, path, flags, mode, EDGE_openat64, CALLER))

/* REMOVE: a name goes away; whoever makes it anew comes after. MAKE: the reverse. */
#define REMOVE(name, parameters, arguments, directory, path)                                       \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		if (call_begin(EDGE_##name, CALLER)) {                                             \
			channel_release(name_key_busy(directory, path), EDGE_##name);              \
			call_end();                                                                \
		}                                                                                  \
		return REAL(name) arguments;                                                       \
	}

#define MAKE(name, parameters, arguments, path)                                                    \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		int ret;                                                                           \
                                                                                                   \
		if (call_begin(EDGE_##name, CALLER)) {                                             \
			name_making(AT_FDCWD, path, EDGE_##name);                                  \
			call_end();                                                                \
		}                                                                                  \
		ret = REAL(name) arguments;                                                        \
		if (ret == 0 && call_begin(EDGE_##name, CALLER)) {                                 \
			channel_acquire(name_key_busy(AT_FDCWD, path), EDGE_##name);               \
			call_end();                                                                \
		}                                                                                  \
		return ret;                                                                        \
	}

REMOVE(unlink, (const char *path), (path), AT_FDCWD, path)
REMOVE(unlinkat, (int directory, const char *path, int flags), (directory, path, flags), directory,
       path)
REMOVE(rmdir, (const char *path), (path), AT_FDCWD, path)

/* The old name goes away, and the new one comes. */
INTERPOSE int rename(const char *from, const char *to)
{
	if (call_begin(EDGE_rename, CALLER)) {
		channel_release(name_key_busy(AT_FDCWD, from), EDGE_rename);
		name_making(AT_FDCWD, to, EDGE_rename);
		call_end();
	}
	return REAL(rename)(from, to);
}

MAKE(mkdir, (const char *path, mode_t mode), (path, mode), path)
MAKE(link, (const char *from, const char *path), (from, path), path)
MAKE(symlink, (const char *from, const char *path), (from, path), path)
