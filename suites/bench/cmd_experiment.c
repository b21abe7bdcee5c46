/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_experiment.c - ipcbench experiment: what peers cost and risk, apart from cells.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/clock.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/session_log.h"
#include "suites/bench/stop.h"
#include "workloads/experiments/experiment.h"

/* Under this budget there are fewer repetitions. */
#define QUICK_BUDGET_MS 10000u
#define LIMIT_NS (30 * NS_PER_S) /* of one experiment */

struct laboratory {
	struct cli cli;
	struct session_log log;
	struct report_builder *builder;
	struct report_claim row;
	struct experiment_run run;
	const struct exporter *exporter;
	struct stop stop;
	int failed; /* experiments */
};

/* Adds what was found to the store and the report. Returns 0, or -errno. */
static int record(struct laboratory *self, const struct experiment *experiment)
{
	struct report_claim *row = &self->row;
	int ret;

	*row = (struct report_claim){0};
	snprintf(row->id, sizeof(row->id), "%s", experiment->name);
	snprintf(row->claim, sizeof(row->claim), "%s", experiment->summary);
	snprintf(row->reason, sizeof(row->reason), "%s", self->run.why);
	for (size_t i = 0; i < self->run.facts_count && i < REPORT_MEASURES_MAX; i++) {
		const struct fact *fact = &self->run.facts[i];

		snprintf(row->measured[i].name, sizeof(row->measured[i].name), "%s", fact->name);
		row->measured[i].value = fact->value;
		row->measured_count++;
	}
	ret = session_log_claim(&self->log, row);
	return ret < 0 ? ret : report_add_claim(self->builder, row);
}

static bool is_wanted(const struct cli *cli, const struct experiment *experiment)
{
	for (int i = 0; i < cli->arguments_count; i++) {
		if (strcmp(cli->arguments[i], experiment->name) == 0)
			return true;
	}
	return cli->arguments_count == 0;
}

/* Runs what was named. Returns 0, or -errno: -EINTR (a signal came), or the store's. */
static int run_all(struct laboratory *self)
{
	bool is_quick = self->cli.budget_ms > 0 && self->cli.budget_ms < QUICK_BUDGET_MS;
	const struct experiment *experiment;
	int ret = 0;

	for (size_t i = 0; (experiment = experiment_at(i)) && ret == 0; i++) {
		if (!is_wanted(&self->cli, experiment))
			continue;
		if (!self->cli.is_quiet)
			fprintf(stderr, "measuring: %s\n", experiment->summary);
		if (experiment_play(experiment, self->cli.seed, is_quick, clock_now_ns() + LIMIT_NS,
		                    &self->run) < 0) {
			cli_error("experiment %s: %s", experiment->name, self->run.why);
			self->failed++;
		}
		ret = record(self, experiment);
		if (ret == 0 && stop_is_due(self->stop.fd))
			ret = -EINTR;
	}
	return ret;
}

static int write_all(struct laboratory *self)
{
	struct report *report;
	int status;

	if (report_build(&report, self->builder) < 0) {
		cli_error("out of memory");
		return STATUS_FAILED;
	}
	status = cli_write(&self->cli, self->exporter, report);
	report_destroy(report);
	return status == STATUS_DONE && self->failed > 0 ? STATUS_FAILED : status;
}

/* Runs and writes, in an open session. Returns the exit status. */
static int play(struct laboratory *self)
{
	int ret = report_builder_create(&self->builder, &self->log.session);

	if (ret == 0)
		ret = run_all(self);
	if (session_log_finish(&self->log, ret == -EINTR                 ? "interrupted"
	                                   : ret < 0 || self->failed > 0 ? "failed"
	                                                                 : "complete") < 0)
		return STATUS_FAILED;
	if (ret == -EINTR) {
		cli_error("stopped by a signal; finished experiments are stored in session %.8s",
		          self->log.session.uuid);
		return STATUS_SIGNAL + stop_signal(&self->stop);
	}
	if (ret < 0) {
		cli_error("the experiments ended early: %s", strerror(-ret));
		return STATUS_FAILED;
	}
	report_set_status(self->builder, self->log.session.status, self->log.session.ended_ns);
	return write_all(self);
}

/* Checks that each name is one. Returns STATUS_DONE, or STATUS_USAGE said. */
static int check_names(const struct cli *cli)
{
	char known[256] = "";
	size_t used = 0;

	for (size_t i = 0; experiment_at(i) && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
		                         i > 0 ? ", " : "", experiment_at(i)->name);
	for (int i = 0; i < cli->arguments_count; i++) {
		if (!experiment_find(cli->arguments[i])) {
			cli_error("experiment '%s' is unknown; there are: %s", cli->arguments[i],
			          known);
			return STATUS_USAGE;
		}
	}
	return STATUS_DONE;
}

static int experiment_run(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "experiment",
		.arguments = "[NAME...]",
		.summary = "Measures what peers cost and risk: spawn, memory, context_switch, "
			   "background, convoy, race, isolation",
		.text = "Each experiment is one question about threads and processes, with "
			"numbers for an answer; without a name, all are run. With a --budget below "
			"10s there are fewer repetitions. thread-or-process judges by the same.",
		.options = CLI_STORE | CLI_FORMAT | CLI_OUTPUT | CLI_SEED | CLI_BUDGET | CLI_QUIET,
		.arguments_max = CLI_ARGUMENTS_MAX,
	};
	struct laboratory *self = calloc(1, sizeof(*self));
	char *line = cli_quote_line(argc, argv);
	int status = STATUS_USAGE;

	if (!self || !line) {
		cli_error("out of memory");
		status = STATUS_FAILED;
		goto out;
	}
	if (cli_parse(&spec, argc, argv, &self->cli) != STATUS_DONE ||
	    cli_exporter(&self->cli, &self->exporter) != STATUS_DONE ||
	    check_names(&self->cli) != STATUS_DONE)
		goto out;
	status = STATUS_FAILED;
	if (stop_catch(&self->stop) < 0)
		cli_error("signals can't be caught");
	else if (session_log_open(&self->log, self->cli.store, "run", line, self->cli.seed) == 0)
		status = play(self);
	session_log_close(&self->log);
	report_builder_destroy(self->builder);
	stop_release(&self->stop);
out:
	free(line);
	free(self);
	return status;
}

const struct command command_experiment = {
	.name = "experiment",
	.summary = "measure what peers cost and risk: spawn, isolation, race and others",
	.run = experiment_run,
};
