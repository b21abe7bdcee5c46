/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_thread_or_process.c - ipcbench thread-or-process: the question, by experiment.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "suites/bench/claims_write.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/semantics.h"
#include "suites/bench/stop.h"
#include "suites/bench/trial.h"

/* Under this budget one round has to do. */
#define QUICK_BUDGET_MS 30000u
/* Less than two minutes, whatever else runs here. */
#define LIMIT_NS (110 * NS_PER_S)

/* One run of this command. */
struct hearing {
	struct cli cli;
	struct session_log log;
	struct stop stop;
	struct trial trial;
	struct claim claims[CLAIMS_COUNT];
	const struct exporter *exporter; /* null: JSON of the claims */
};

static void on_progress(void *context, const char *what)
{
	const struct hearing *self = context;

	if (!self->cli.is_quiet)
		fprintf(stderr, "measuring: %s\n", what);
}

/* JSON is of the claims alone; other formats are those of every report. */
static int choose_format(struct hearing *self)
{
	if (self->cli.format && strcmp(self->cli.format, "json") == 0)
		return STATUS_DONE;
	return cli_exporter(&self->cli, &self->exporter);
}

static int measure(struct trial *trial)
{
	int ret = trial_measure_cells(trial);

	if (ret == 0)
		ret = trial_measure_python(trial);
	if (ret == 0)
		ret = trial_measure_experiments(trial);
	return ret;
}

static int write_all(struct hearing *self)
{
	struct claims_view view = {.trial = &self->trial};
	struct report *report;
	int status;

	if (report_build(&report, self->trial.builder) < 0) {
		cli_error("out of memory");
		return STATUS_FAILED;
	}
	view.report = report;
	if (self->exporter)
		status = cli_write(&self->cli, self->exporter, report);
	else
		status = cli_write_with(&self->cli, claims_write_json, &view);
	report_destroy(report);
	return status;
}

/* Measures, judges and writes, in an open session. Returns the exit status. */
static int play(struct hearing *self)
{
	struct trial *trial = &self->trial;
	int signal_number;
	int ret;

	ret = report_builder_create(&trial->builder, &self->log.session);
	if (ret < 0) {
		cli_error("%s", strerror(-ret));
		return STATUS_FAILED;
	}
	semantics_add(trial->builder);
	ret = measure(trial);
	if (ret == 0) {
		claims_judge(trial, self->claims);
		ret = claims_record(self->claims, trial->builder, &self->log);
	}
	signal_number = ret == -EINTR ? stop_signal(&self->stop) : 0;
	if (session_log_finish(&self->log, signal_number ? "interrupted"
	                                   : ret < 0     ? "failed"
	                                                 : "complete") < 0)
		return STATUS_FAILED;
	report_set_status(trial->builder, "complete", self->log.session.ended_ns);
	if (signal_number) {
		cli_error("stopped by a signal; finished rounds are stored in session %.8s",
		          self->log.session.uuid);
		return STATUS_SIGNAL + signal_number;
	}
	if (ret < 0) {
		cli_error("the experiment ended early: %s", strerror(-ret));
		return STATUS_FAILED;
	}
	return write_all(self);
}

static int thread_or_process_run(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "thread-or-process",
		.summary = "Settles by experiment what threads and processes can do for you",
		.text = "Measures real work under each model, what peers cost, what a crash or a "
			"missing lock loses, and the same work in CPython, in about a minute. For "
			"each claim it says whether it holds here, with the numbers; a verdict "
			"that this machine can't give is none. With a --budget below 30s there is "
			"one short round: enough to see it work.",
		.options = CLI_STORE | CLI_FORMAT | CLI_OUTPUT | CLI_SEED | CLI_BUDGET | CLI_QUIET,
	};
	struct hearing *self = calloc(1, sizeof(*self));
	char *line = cli_quote_line(argc, argv);
	int status = STATUS_USAGE;

	if (!self || !line) {
		cli_error("out of memory");
		status = STATUS_FAILED;
		goto out;
	}
	if (cli_parse(&spec, argc, argv, &self->cli) != STATUS_DONE ||
	    choose_format(self) != STATUS_DONE)
		goto out;
	status = STATUS_FAILED;
	if (stop_catch(&self->stop) < 0) {
		cli_error("signals can't be caught");
	} else if (session_log_open(&self->log, self->cli.store, "run", line, self->cli.seed) ==
	           0) {
		self->trial.seed = self->cli.seed;
		self->trial.is_quick =
			self->cli.budget_ms > 0 && self->cli.budget_ms < QUICK_BUDGET_MS;
		self->trial.deadline_ns = clock_now_ns() + LIMIT_NS;
		self->trial.stop_fd = self->stop.fd;
		self->trial.log = &self->log;
		self->trial.on_progress = on_progress;
		self->trial.context = self;
		status = play(self);
	}
	session_log_close(&self->log);
	report_builder_destroy(self->trial.builder);
	stop_release(&self->stop);
out:
	free(line);
	free(self);
	return status;
}

const struct command command_thread_or_process = {
	.name = "thread-or-process",
	.summary = "settle by experiment what threads and processes do",
	.run = thread_or_process_run,
};
