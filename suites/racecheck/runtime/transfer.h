/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/transfer.h - reads and writes of descriptors, whatever their call. */
#ifndef RACECHECK_TRANSFER_H
#define RACECHECK_TRANSFER_H

#include <sys/socket.h>
#include <sys/uio.h>

#include "suites/racecheck/runtime/runtime.h"

struct transfer {
	enum edge edge;
	int fd;
	const struct iovec *parts;
	size_t part_count;
	struct msghdr *message; /* null: not a socket call */
	int flags;
	long long offset; /* -1: the descriptor's own */
	uintptr_t place;
};

/* Takes bytes in. Returns their number or -errno. */
long transfer_in(const struct transfer *transfer);
/* Puts bytes out. Returns their number or -errno. */
long transfer_out(const struct transfer *transfer);
struct fd_look;
/*
 * Records what a call did to bytes of a file up to end (-1: where the descriptor is now), if
 * somebody has mapped them. Two calls on the same bytes are atomic to each other
 * (POSIX.1-2017, 2.9.7), so only a plain access to the map races with one.
 */
void transfer_touch_mapped(int fd, const struct fd_look *look, long long end, long bytes,
                           bool is_write, uintptr_t place);

/* ---- for the wrappers of calls that transfer ---- */

#define ONE_PART(pointer, size) &(const struct iovec){(void *)(uintptr_t)(pointer), size}, 1

/* As transfer_in(), with its parts as arguments. */
static inline long take(enum edge edge, int fd, const struct iovec *parts, size_t count,
                        struct msghdr *message, int flags, long long offset, uintptr_t place)
{
	const struct transfer transfer = {edge, fd, parts, count, message, flags, offset, place};

	return transfer_in(&transfer);
}

/* As transfer_out(), with its parts as arguments. */
static inline long give(enum edge edge, int fd, const struct iovec *parts, size_t count,
                        struct msghdr *message, int flags, long long offset, uintptr_t place)
{
	const struct transfer transfer = {edge, fd, parts, count, message, flags, offset, place};

	return transfer_out(&transfer);
}

/* Ends a wrapped call. Returns what the call returns, with errno set. */
ssize_t transfer_answer(long ret);

#endif
