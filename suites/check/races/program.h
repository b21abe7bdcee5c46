/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/program.h - other programs, run several at a time, each with a deadline.
 *
 * What a program and its children write to stdout and stderr is kept, in their order.
 */
#ifndef RACES_PROGRAM_H
#define RACES_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum program_end {
	PROGRAM_EXITED, /* with status */
	PROGRAM_KILLED, /* by the signal status */
	PROGRAM_HUNG,   /* killed at its deadline, with all of its group */
};

struct program {
	/* Of the starter. */
	const char *const *arguments;   /* ends with a null; the first is looked up in PATH */
	const char *const *environment; /* "NAME=VALUE" beside our own; null or ends with a null */
	uint64_t limit_ns;
	size_t ticket; /* the starter's, untouched */

	/* Of the runner. */
	pid_t pid;
	int pid_fd;
	int output_fd;
	uint64_t start_ns;

	/* After its end. */
	enum program_end end;
	int status;
	uint64_t duration_ns;
	char *output; /* ends with a zero byte; to be freed; null if memory is short */
};

/*
 * Starts *program; what it points to must stay until it has ended. Returns 0, or -errno:
 * -ENOENT (no such program), -EMFILE, -ENOMEM, -EAGAIN.
 */
int program_start(struct program *program);

/*
 * Waits until one of the programs ends by itself or at its deadline, and fills in the
 * rest of it. Slots with pid 0 are empty. Returns its index, or -errno.
 */
ssize_t program_wait(struct program *programs, size_t program_count);

/* Says whether PATH has the program. */
bool program_exists(const char *name);

#endif
