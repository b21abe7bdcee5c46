/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_report.c - ipcbench report: show a stored session again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/claim_json.h"
#include "results/store.h"
#include "results/verdict_stored.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/semantics.h"

struct reading {
	struct report_builder *builder;
};

/* Which session it is, before it is decided how to read it. */
struct head {
	char uuid[SESSION_UUID_BYTES];
	bool is_comparison;
};

struct shown {
	const struct verdict_exporter *exporter;
	const struct verdict_report *report;
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

/* Reads a session into a report. Returns 0, or -errno. */
static int read_report(struct store *store, const char *uuid, struct report **out, char *why,
                       size_t why_bytes)
{
	struct reading reading = {0};
	const struct store_reader reader = {
		.context = &reading,
		.session = on_session,
		.run = on_run,
		.skip = on_skip,
		.note = on_note,
	};
	int ret = store_read(store, uuid, &reader, why, why_bytes);

	if (ret == 0)
		ret = report_build(out, reading.builder);
	report_builder_destroy(reading.builder);
	return ret;
}

/* Says what went wrong with the history. Returns an exit status. */
static int refuse(int ret, const char *why)
{
	cli_error("%s", why[0] != '\0' ? why : strerror(-ret));
	return STATUS_FAILED;
}

static int write_verdicts(FILE *out, const void *what)
{
	const struct shown *shown = what;

	return shown->exporter->write(out, shown->report);
}

/* Shows a session of ab: its rounds are judged again. Returns an exit status. */
static int show_comparison(const struct cli *cli, struct store *store, const char *uuid)
{
	struct verdict_stored stored;
	struct shown shown;
	char why[512] = "";
	char *show;
	int status = cli_verdict_exporter(cli, &shown.exporter);
	int ret;

	if (status != STATUS_DONE)
		return status;
	ret = verdict_stored_read(store, uuid, &stored, why, sizeof(why));
	if (ret < 0)
		return refuse(ret, why);
	shown.report = stored.report;
	show = cli_show_line(cli, stored.session.uuid);
	stored.report->show = show;
	status = cli_write_with(cli, write_verdicts, &shown);
	verdict_stored_release(&stored);
	free(show);
	return status;
}

static int show_cells(const struct cli *cli, struct store *store, const char *uuid)
{
	const struct exporter *exporter;
	struct report *report;
	char why[512] = "";
	int status = cli_exporter(cli, &exporter);
	int ret;

	if (status != STATUS_DONE)
		return status;
	ret = read_report(store, uuid, &report, why, sizeof(why));
	if (ret < 0)
		return refuse(ret, why);
	status = cli_write(cli, exporter, report);
	report_destroy(report);
	return status;
}

static int on_head(void *context, const struct session *session)
{
	struct head *head = context;

	memcpy(head->uuid, session->uuid, sizeof(head->uuid));
	head->is_comparison = strcmp(session->kind, "ab") == 0;
	return 0;
}

static int report_run(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "report",
		.arguments = "[SESSION]",
		.summary = "Shows a stored session: the latest, or the one whose uuid begins so",
		.text = "A session of ab is judged again, and shown as ab showed it, in text, "
			"json, markdown, junit and html; the other formats give what each arm "
			"measured.",
		.options = CLI_PLUGIN | CLI_STORE | CLI_FORMAT | CLI_OUTPUT,
		.arguments_max = 1,
	};
	struct head head = {0};
	const struct store_reader reader = {.context = &head, .session = on_head};
	const struct exporter *exporter;
	char why[512] = "";
	struct store *store;
	struct cli cli;
	int status;
	int ret;

	/* What has no verdicts to show has each arm's cells; there is no third kind. */
	if (cli_parse(&spec, argc, argv, &cli) != STATUS_DONE ||
	    cli_exporter(&cli, &exporter) != STATUS_DONE)
		return STATUS_USAGE;
	ret = store_open(&store, cli.store, STORE_READ, why, sizeof(why));
	if (ret < 0)
		return refuse(ret, why);
	ret = store_read(store, cli.arguments_count > 0 ? cli.arguments[0] : "latest", &reader, why,
	                 sizeof(why));
	if (ret < 0)
		status = refuse(ret, why);
	else if (head.is_comparison && verdict_exporter_find(cli.format ? cli.format : "text"))
		status = show_comparison(&cli, store, head.uuid);
	else
		status = show_cells(&cli, store, head.uuid);
	store_close(store);
	return status;
}

const struct command command_report = {
	.name = "report",
	.summary = "show a stored session again",
	.run = report_run,
};
