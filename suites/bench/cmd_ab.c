/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_ab.c - ipcbench ab: two builds, plug-ins or settings against each other. */
#include <stdlib.h>

#include "suites/bench/ab_session.h"
#include "suites/bench/command.h"

/* Splits a line into what both sides are, and the filters of both. */
static int parse(struct ab_session *ab, int argc, char **argv, const struct cli_spec *spec)
{
	if (cli_parse(spec, argc, argv, &ab->cli) != STATUS_DONE ||
	    cli_verdict_exporter(&ab->cli, &ab->exporter) != STATUS_DONE)
		return STATUS_USAGE;
	if (ab->cli.arguments_count < 2) {
		cli_error("ab needs two sides: ipcbench ab A B [FILTER...]; see 'ipcbench ab "
		          "--help'");
		return STATUS_USAGE;
	}
	for (int i = 0; i < 2; i++) {
		if (side_parse(&ab->sides[i], (char)('A' + i), ab->cli.arguments[i],
		               ab->cli.plugins, ab->cli.plugins_count) != STATUS_DONE)
			return STATUS_USAGE;
	}
	return ab_session_add_filters(ab, ab->cli.arguments + 2, ab->cli.arguments_count - 2);
}

static int run_ab(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "ab",
		.arguments = "A B [FILTER...]",
		.summary = "Compares two builds, plug-ins or settings live, in interleaved slices",
		.text = "A and B are parts separated by blanks: a filter such as wait:block (a "
			"setting "
			"of that side), plugin=FILE.so, build=FILE (another ipcbench, or its "
			"folder) or "
			"rev=REVISION (of the git repository here, built on demand). A path or a "
			"revision may stand alone. A FILTER holds for both sides; see 'ipcbench "
			"run "
			"--help'. Cells go together that are equal in all that neither side sets. "
			"Exit status: 0 no regression; 1 a regression was confirmed; 3 a "
			"measurement "
			"failed, nothing was measured, or the control changed; 4 a build speaks "
			"another protocol; 5 see --require-power.",
		.options = CLI_PLUGIN | CLI_STORE | CLI_FORMAT | CLI_OUTPUT | CLI_SEED |
	                   CLI_BUDGET | CLI_DRY_RUN | CLI_QUIET | CLI_POWER,
		.arguments_max = CLI_ARGUMENTS_MAX,
		.keeps_plugins = true,
	};
	struct ab_session *ab = calloc(1, sizeof(*ab));
	char *line;
	int status = STATUS_FAILED;

	if (!ab) {
		cli_error("out of memory");
		return STATUS_FAILED;
	}
	line = cli_quote_line(argc, argv);
	ab->kind = "ab";
	ab->line = line;
	if (line)
		status = parse(ab, argc, argv, &spec);
	if (status == STATUS_DONE)
		status = ab_session_run(ab);
	ab_session_release(ab);
	free(line);
	free(ab);
	return status;
}

const struct command command_ab = {
	.name = "ab",
	.summary = "compare two builds, plug-ins or settings, live",
	.run = run_ab,
};
