/* SPDX-License-Identifier: MIT */
/*
 * suites/check/command.h - the commands of ipccheck.
 *
 * A command is one file, cmd_<name>.c, that defines command_<name>, and one line,
 * register(check cmd <name>).
 */
#ifndef CHECK_COMMAND_H
#define CHECK_COMMAND_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

/* What every command returns and the program exits with. */
enum check_exit {
	CHECK_EXIT_PASSED = 0,
	/* A case failed or broke, or none ran, or the command line is wrong. */
	CHECK_EXIT_FAILED = 1,
};

struct check_command {
	const char *name;
	const char *summary; /* one line, no full stop */

	/*
	 * Runs the command; argv[0] is its name. It reads its options itself,
	 * reports usage errors on stderr, and returns an enum check_exit.
	 */
	int (*run)(int argc, char **argv);
};

/* Each command; declared here so that its definition is checked against it. */
#define CHECK_COMMAND(name) extern const struct check_command command_##name;
#include "registered_cmds.inc"
#undef CHECK_COMMAND

/*
 * Reports a usage error on stderr in one line: command, value, what is wrong with
 * it, and the remedy. Returns CHECK_EXIT_FAILED.
 */
int command_usage_error(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Parses a command's options by argp into *input; --help and --usage print and
 * exit. Exits with CHECK_EXIT_FAILED and one line if an option or value is unknown.
 */
void command_parse(const struct argp *argp, int argc, char **argv, void *input);

/* What an argp parser does with the keys it does not know: usage errors, above all. */
error_t command_parse_other(int key, const struct argp_state *state);

/* Reads a decimal number of at most number_max. Returns false if text is anything else. */
bool command_parse_number(const char *text, uint64_t number_max, uint64_t *out);

#endif
