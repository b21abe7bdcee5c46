/* SPDX-License-Identifier: MIT */
/* suites/bench/main.c - ipcbench: finds the command and runs it. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "suites/bench/cli.h"
#include "suites/bench/command.h"

#define COMMAND(name) extern const struct command command_##name;
#include "registered_cmds.inc"
#undef COMMAND

static const struct command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "registered_cmds.inc"
#undef COMMAND
};

enum { COMMANDS_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_help(void)
{
	printf("Usage: ipcbench COMMAND [OPTION...] [ARGUMENT...]\n"
	       "Measures the ways in which processes and threads on one Linux machine hand work\n"
	       "to each other.\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS_COUNT; i++) {
		if (commands[i]->summary)
			printf("  %-18s %s\n", commands[i]->name, commands[i]->summary);
	}
	printf("\n  --help             Print this help; 'ipcbench COMMAND --help' explains a "
	       "command\n"
	       "  --version          Print the version\n\n"
	       "Exit status: 0 done; 2 a mistake on the command line; 3 nothing left to measure,\n"
	       "a history that can't be used, or a failed measurement; 77 nothing of this can run\n"
	       "here; 130, 143 stopped by a signal.\n");
}

/* A result that did not reach its reader is not a result. */
static int close_stdout(int status)
{
	/* What failed has said why; that may have been this. */
	if ((fflush(stdout) == 0 && !ferror(stdout)) || status == STATUS_FAILED)
		return status;
	cli_error("can't write to stdout: %s", strerror(errno));
	return status == STATUS_DONE ? STATUS_FAILED : status;
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2) {
		cli_error("no command; try 'ipcbench run', or 'ipcbench --help' for the others");
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_help();
		return STATUS_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("ipcbench %s\n", IPCBENCH_VERSION);
		return STATUS_DONE;
	}
	for (size_t i = 0; i < COMMANDS_COUNT; i++) {
		if (strcmp(argv[1], commands[i]->name) == 0)
			return commands[i]->run(argc - 1, argv + 1);
	}
	cli_error("command '%s' is unknown; 'ipcbench --help' lists them", argv[1]);
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	setlocale(LC_CTYPE, "");
	/* A gone partner is an error of a call here, not the end of the process. */
	sigaction(SIGPIPE, &ignore, NULL);
	return close_stdout(dispatch(argc, argv));
}
