/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_clean.c - ipcbench clean: remove what dead runs left behind. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ipc/names.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"

struct cleaning {
	bool is_dry_run;
	int failures;
};

static void print_object(void *context, const char *kind, const char *object, int ret)
{
	struct cleaning *cleaning = context;

	if (ret < 0) {
		cleaning->failures++;
		cli_error("%s %s can't be removed: %s", kind, object, strerror(-ret));
		return;
	}
	printf("%s %s %s\n", cleaning->is_dry_run ? "would remove" : "removed", kind, object);
}

static int clean_run(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "clean",
		.summary = "Removes the named objects that dead runs left, and nothing else",
		.options = CLI_DRY_RUN,
	};
	struct cleaning cleaning = {0};
	char why[RUN_TEXT_BYTES];
	struct cli cli;
	int count;

	if (cli_parse(&spec, argc, argv, &cli) != STATUS_DONE)
		return STATUS_USAGE;
	cleaning.is_dry_run = cli.is_dry_run;
	count = names_clean(cli.is_dry_run, print_object, &cleaning);
	if (count < 0) {
		names_refuse(count, why, sizeof(why));
		cli_error("%s", why);
		return STATUS_FAILED;
	}
	printf("%d object%s %s\n", count, count == 1 ? "" : "s",
	       cli.is_dry_run ? "would be removed" : "removed");
	return cleaning.failures > 0 ? STATUS_FAILED : STATUS_DONE;
}

const struct command command_clean = {
	.name = "clean",
	.summary = "remove what dead runs left behind",
	.run = clean_run,
};
