/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_report.c - ipcbench report: show a stored session again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/claim_json.h"
#include "results/store.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/semantics.h"

struct reading {
	struct report_builder *builder;
};

static int on_session(void *context, const struct session *session)
{
	struct reading *reading = context;
	int ret = report_builder_create(&reading->builder, session);

	if (ret == 0)
		semantics_add(reading->builder);
	return ret;
}

static int on_run(void *context, const struct run *run)
{
	return report_add_run(((struct reading *)context)->builder, run);
}

static int on_skip(void *context, const struct run_cell *cell, const char *reason)
{
	return report_add_skip(((struct reading *)context)->builder, cell, reason);
}

static int on_note(void *context, const char *kind, const char *body)
{
	struct report_claim *claim;
	int ret;

	/* What a later version noted is not shown by this one. */
	if (strcmp(kind, CLAIM_NOTE) != 0)
		return 0;
	claim = malloc(sizeof(*claim));
	if (!claim)
		return -ENOMEM;
	ret = claim_parse(claim, body);
	if (ret == 0)
		ret = report_add_claim(((struct reading *)context)->builder, claim);
	free(claim);
	return ret;
}

/* Reads a session into a report. Returns 0, or -errno, said. */
static int read_report(const struct cli *cli, const char *reference, struct report **out)
{
	struct reading reading = {0};
	const struct store_reader reader = {
		.context = &reading,
		.session = on_session,
		.run = on_run,
		.skip = on_skip,
		.note = on_note,
	};
	struct store *store;
	char why[512] = "";
	int ret = store_open(&store, cli->store, STORE_READ, why, sizeof(why));

	if (ret == 0) {
		ret = store_read(store, reference, &reader, why, sizeof(why));
		store_close(store);
	}
	if (ret == 0)
		ret = report_build(out, reading.builder);
	report_builder_destroy(reading.builder);
	if (ret < 0)
		cli_error("%s", why[0] ? why : strerror(-ret));
	return ret;
}

static int report_run(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "report",
		.arguments = "[SESSION]",
		.summary = "Shows a stored session: the latest, or the one whose uuid begins so",
		.options = CLI_PLUGIN | CLI_STORE | CLI_FORMAT | CLI_OUTPUT,
		.arguments_max = 1,
	};
	const struct exporter *exporter;
	struct report *report;
	struct cli cli;
	int status;

	if (cli_parse(&spec, argc, argv, &cli) != STATUS_DONE ||
	    cli_exporter(&cli, &exporter) != STATUS_DONE)
		return STATUS_USAGE;
	if (read_report(&cli, cli.arguments_count > 0 ? cli.arguments[0] : "latest", &report) < 0)
		return STATUS_FAILED;
	status = cli_write(&cli, exporter, report);
	report_destroy(report);
	return status;
}

const struct command command_report = {
	.name = "report",
	.summary = "show a stored session again",
	.run = report_run,
};
