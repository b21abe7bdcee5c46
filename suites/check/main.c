/* SPDX-License-Identifier: MIT */
/* suites/check/main.c - ipccheck: finds the command and runs it. */
#include "suites/check/command.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND_PREFIX "ipccheck "

static const struct check_command *const commands[] = {
#define CHECK_COMMAND(name) &command_##name,
#include "registered_cmds.inc"
#undef CHECK_COMMAND
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

int command_usage_error(const char *command, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "ipccheck%s%s: ", *command ? " " : "", command);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return CHECK_EXIT_FAILED;
}

/* Says whether argp shall answer with its help; it prints none under ARGP_NO_ERRS. */
static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-?") == 0 ||
		    strcmp(argv[i], "--usage") == 0)
			return true;
	}
	return false;
}

error_t command_parse_other(int key, const struct argp_state *state)
{
	int index = state->next < state->argc ? state->next : state->argc - 1;

	if (key != ARGP_KEY_ERROR)
		return ARGP_ERR_UNKNOWN;
	/* An option that was read whole is behind next, a cluster is before it. */
	if (index > 1 && state->argv[index][0] != '-')
		index--;
	exit(command_usage_error(
		state->name + strlen(COMMAND_PREFIX),
		"'%s': unknown option, or a value missing or too many; see %s --help",
		state->argv[index], state->name));
}

void command_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	char name[64];
	char *saved = argv[0];

	snprintf(name, sizeof(name), COMMAND_PREFIX "%s", saved);
	argv[0] = name; /* What argp's help begins with. */
	/* Argp's own message has a second line, and names no remedy. */
	argp_parse(argp, argc, argv, asks_for_help(argc, argv) ? 0 : ARGP_NO_ERRS, NULL, input);
	argv[0] = saved;
}

bool command_parse_number(const char *text, uint64_t number_max, uint64_t *out)
{
	uint64_t number = 0;

	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
		return false;
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (number > (number_max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*out = number;
	return true;
}

static void print_help(void)
{
	printf("Usage: ipccheck COMMAND [OPTION...]\n"
	       "Tests the IPC transports of this machine against one contract.\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-12s %s\n", commands[i]->name, commands[i]->summary);
	printf("\n  -?, --help     print this, or with a command its options\n"
	       "  -V, --version  print the version\n");
}

static int run_command(int argc, char **argv)
{
	if (argc < 2)
		return command_usage_error("", "no command given; see ipccheck --help");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0) {
		print_help();
		return CHECK_EXIT_PASSED;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("ipccheck %s\n", CHECK_VERSION);
		return CHECK_EXIT_PASSED;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(argc - 1, argv + 1);
	}
	return command_usage_error("", "there is no command '%s'; see ipccheck --help", argv[1]);
}

int main(int argc, char **argv)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	int status;

	/* As the contract asks of a process that owns endpoints. */
	sigaction(SIGPIPE, &ignore, NULL);
	status = run_command(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "ipccheck: can't write to stdout: %s\n", strerror(errno));
		return CHECK_EXIT_FAILED;
	}
	return status;
}
