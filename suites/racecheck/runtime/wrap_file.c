/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_file.c - locks on files.
 *
 * Locks on ranges are kept range by range, shared and exclusive apart. flock()
 * and fcntl() know nothing of each other.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
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
