/* SPDX-License-Identifier: MIT */
/* suites/bench/command.h - a command of ipcbench: one file, one line in CMakeLists.txt. */
#ifndef SUITES_BENCH_COMMAND_H
#define SUITES_BENCH_COMMAND_H

/* Exit statuses, as the manual page lists them. */
enum command_status {
	STATUS_DONE = 0,
	STATUS_REGRESSED = 1,
	STATUS_USAGE = 2,
	STATUS_FAILED = 3,
	STATUS_NOT_COMPARABLE = 4,
	STATUS_INCONCLUSIVE = 5,
	STATUS_UNAVAILABLE = 77,
	STATUS_SIGNAL = 128, /* plus the signal's number */
};

struct command {
	const char *name;
	const char *summary; /* one line for --help; null: hidden, for other programs to call */
	/* Runs with its own argv, argv[0] being its name. Returns an exit status. */
	int (*run)(int argc, char **argv);
};

#endif
