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

#endif
