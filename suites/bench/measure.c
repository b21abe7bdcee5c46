/* SPDX-License-Identifier: MIT */
/* suites/bench/measure.c - one measuring session: store, environment, signals, runner. */
#include "suites/bench/measure.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ipc/clock.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/progress.h"
#include "suites/bench/semantics.h"
#include "suites/bench/session_log.h"
#include "suites/bench/stop.h"
#include "workloads/anchors.h"
#include "workloads/clock_facts.h"
#include "workloads/runner.h"

struct measurement {
	const struct measure_options *options;
	struct session_log log;
	struct report_builder *builder;
	struct progress progress;
	struct stop stop;
	uint64_t rounds_failed;
};

static int on_run(void *context, const struct run *run)
{
	struct measurement *self = context;
	int ret;

	if (run->failure[0] != '\0') {
		self->rounds_failed++;
		progress_end(&self->progress);
		cli_error("%s, round %u failed: %s", run->cell->name, run->round + 1, run->failure);
	}
	ret = session_log_add(&self->log, run, 1);
	if (ret < 0) {
		progress_end(&self->progress);
		return ret;
	}
	return report_add_run(self->builder, run);
}

static void on_progress(void *context, const struct runner_progress *at)
{
	struct measurement *self = context;

	progress_show(&self->progress, at);
}

static int add_skips(struct measurement *self, const struct plan *plan)
{
	for (size_t i = 0; i < plan->skips_count; i++) {
		const struct plan_skip *skip = &plan->skips[i];
		struct run_cell cell;
		int ret;

		cell_describe(&skip->cell, &cell);
		ret = session_log_skip(&self->log, &cell, skip->reason);
		if (ret < 0)
			return ret;
		ret = report_add_skip(self->builder, &cell, skip->reason);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Opens and writes all that a session needs before it measures. */
static int begin(struct measurement *self, const struct plan *plan)
{
	const struct measure_options *options = self->options;
	int ret = session_log_open(&self->log, options->store, options->kind, options->argv,
	                           options->seed);

	if (ret < 0)
		return ret;
	ret = report_builder_create(&self->builder, &self->log.session);
	if (ret < 0) {
		cli_error("%s", strerror(-ret));
		return ret;
	}
	semantics_add(self->builder);
	return add_skips(self, plan);
}

static bool has_hybrid(const struct plan *plan)
{
	for (size_t i = 0; i < plan->cells_count; i++) {
		if (plan->cells[i].values[CELL_WAIT] == IPC_WAIT_HYBRID)
			return true;
	}
	return false;
}

static int run(struct measurement *self, const struct plan *plan)
{
	const struct measure_options *options = self->options;
	struct clock_facts clock;
	struct runner_options runner = {
		.rounds = options->rounds,
		.measure_ns = options->measure_ns,
		.warmup_ns = options->warmup_ns,
		.seed = options->seed,
		.stop_fd = self->stop.fd,
		.context = self,
		.on_run = on_run,
		.on_progress = on_progress,
	};
	int ret;

	clock_facts_observe(&clock);
	runner.tick_ns = clock.tick_ns;
	if (has_hybrid(plan))
		runner.spin_ns = anchor_wake_up_ns();
	progress_init(&self->progress, options->is_quiet);
	ret = runner_run(plan, &runner);
	progress_end(&self->progress);
	return ret;
}

/* Closes the session's row and sums up. Returns an exit status. */
static int finish(struct measurement *self, int ret, struct report **out)
{
	int signal_number = stop_signal(&self->stop);
	const char *state = signal_number ? "interrupted" : ret < 0 ? "failed" : "complete";

	if (session_log_finish(&self->log, state) < 0)
		ret = ret < 0 ? ret : -EIO;
	report_set_status(self->builder, state, self->log.session.ended_ns);
	if (report_build(out, self->builder) < 0)
		ret = -ENOMEM;
	if (signal_number) {
		cli_error("stopped by %s; finished rounds are stored in session %.8s",
		          signal_number == SIGINT ? "SIGINT" : "SIGTERM", self->log.session.uuid);
		return STATUS_SIGNAL + signal_number;
	}
	if (ret == -ENOMEM)
		cli_error("out of memory; finished rounds are stored in session %.8s",
		          self->log.session.uuid);
	return ret < 0 || self->rounds_failed > 0 ? STATUS_FAILED : STATUS_DONE;
}

int measure_plan(const struct plan *plan, const struct measure_options *options,
                 struct report **out)
{
	struct measurement self = {.options = options};
	int status = STATUS_FAILED;
	int ret = stop_catch(&self.stop);

	if (ret < 0)
		cli_error("signals can't be caught: %s", strerror(-ret));
	else if (begin(&self, plan) == 0)
		status = finish(&self, run(&self, plan), out);
	session_log_close(&self.log);
	report_builder_destroy(self.builder);
	stop_release(&self.stop);
	return status;
}
