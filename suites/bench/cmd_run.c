/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_run.c - ipcbench run: measure cells, store and show them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/clock.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/measure.h"
#include "workloads/plan.h"

#define ROUNDS_DEFAULT 12u
#define BUDGET_DEFAULT_MS 38000u
/* What a round costs beside measuring: peers, channels, the store. */
#define ROUND_OVERHEAD_NS (7 * NS_PER_MS)
#define MEASURE_NS_MIN (4 * NS_PER_MS)
#define MEASURE_NS_MAX (100 * NS_PER_MS)
#define WARMUP_SHARE 5u
#define WARMUP_NS_MIN (2 * NS_PER_MS)

/* Splits the budget over all rounds of all cells, within what makes sense for one. */
static void plan_times(const struct request *request, const struct cli *cli, size_t cells,
                       struct measure_options *out)
{
	uint64_t budget_ns = (cli->budget_ms > 0 ? cli->budget_ms : BUDGET_DEFAULT_MS) * NS_PER_MS;
	uint64_t share_ns;
	uint64_t measure_ns;

	out->rounds = request->rounds > 0 ? (uint32_t)request->rounds : ROUNDS_DEFAULT;
	share_ns = budget_ns / (cells * out->rounds);
	measure_ns = share_ns > ROUND_OVERHEAD_NS ? share_ns - ROUND_OVERHEAD_NS : 0;
	measure_ns = measure_ns * WARMUP_SHARE / (WARMUP_SHARE + 1);
	if (measure_ns < MEASURE_NS_MIN)
		measure_ns = MEASURE_NS_MIN;
	/* A budget that was asked for is used up; the default isn't, for a few cells. */
	if (cli->budget_ms == 0 && measure_ns > MEASURE_NS_MAX)
		measure_ns = MEASURE_NS_MAX;
	if (request->time_ms > 0)
		measure_ns = request->time_ms * NS_PER_MS;
	out->measure_ns = measure_ns;
	out->warmup_ns = measure_ns / WARMUP_SHARE;
	if (out->warmup_ns < WARMUP_NS_MIN)
		out->warmup_ns = WARMUP_NS_MIN;
}

/* Says why there is nothing to measure. Returns the exit status. */
static int nothing_to_measure(const struct plan *plan)
{
	const struct plan_skip *first = plan->skips_count > 0 ? &plan->skips[0] : NULL;
	char name[RUN_CELL_BYTES];

	if (!first) {
		cli_error("these filters leave no cell; 'ipcbench list' shows what there is");
		return STATUS_FAILED;
	}
	for (size_t i = 0; i < plan->skips_count; i++) {
		if (plan->skips[i].verdict == CELL_UNAVAILABLE)
			first = &plan->skips[i];
	}
	cell_name(&first->cell, name, sizeof(name));
	cli_error("no cell can be measured; %s: %s", name, first->reason);
	return first->verdict == CELL_UNAVAILABLE ? STATUS_UNAVAILABLE : STATUS_FAILED;
}

static int show_plan(const struct plan *plan, const struct measure_options *options)
{
	char name[RUN_CELL_BYTES];

	for (size_t i = 0; i < plan->cells_count; i++) {
		cell_name(&plan->cells[i], name, sizeof(name));
		printf("%s\n", name);
	}
	for (size_t i = 0; i < plan->skips_count; i++) {
		cell_name(&plan->skips[i].cell, name, sizeof(name));
		printf("# skipped: %s: %s\n", name, plan->skips[i].reason);
	}
	printf("# %zu cells, %u rounds of %.1f ms each, seed %llu\n", plan->cells_count,
	       options->rounds, (double)options->measure_ns / NS_PER_MS,
	       (unsigned long long)options->seed);
	return STATUS_DONE;
}

static int measure_and_write(const struct plan *plan, struct measure_options *options,
                             const struct cli *cli, const struct exporter *exporter)
{
	struct report *report = NULL;
	int status = measure_plan(plan, options, &report);

	if (report) {
		int written = cli_write(cli, exporter, report);

		if (status == STATUS_DONE)
			status = written;
		report_destroy(report);
	}
	return status;
}

static int run_run(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "run",
		.arguments = "[FILTER...]",
		.summary = "Measures the cells that the filters select, stores and shows them",
		.text = "A FILTER is key:value[,value...] or the name of a cell, in which each "
			"part "
			"may be a glob. Keys: transport, workload, size, placement (same_core, "
			"smt_sibling, cross_core, cross_socket, unpinned), wait (block, spin, "
			"hybrid), "
			"model (processes, threads, gil), task, amount, peers, in_flight, touch "
			"(full, header), access "
			"(in_place, copy); and rounds, time_ms. Names may be globs; numbers are "
			"decimal with K or M, a range is low..high. !key:value excludes.",
		.options = CLI_PLUGIN | CLI_STORE | CLI_FORMAT | CLI_OUTPUT | CLI_SEED |
	                   CLI_BUDGET | CLI_DRY_RUN | CLI_QUIET,
		.arguments_max = CLI_ARGUMENTS_MAX,
	};
	const struct exporter *exporter;
	struct measure_options options = {.kind = "run"};
	struct request request;
	struct plan *plan = NULL;
	char *line = cli_quote_line(argc, argv);
	struct cli cli;
	int status = STATUS_USAGE;
	int ret;

	if (!line || cli_parse(&spec, argc, argv, &cli) != STATUS_DONE ||
	    cli_exporter(&cli, &exporter) != STATUS_DONE ||
	    cli_request(&cli, &request) != STATUS_DONE)
		goto out;
	ret = plan_create(&plan, &request);
	if (ret < 0) {
		cli_error(ret == -E2BIG ? "these filters select more than %d cells; narrow them"
		                        : "out of memory for up to %d cells",
		          PLAN_CELLS_MAX);
		goto out;
	}
	if (plan->cells_count == 0) {
		status = nothing_to_measure(plan);
		goto out;
	}
	status = cli.is_dry_run ? STATUS_DONE : cli_check_output(&cli);
	if (status != STATUS_DONE)
		goto out;
	plan_times(&request, &cli, plan->cells_count, &options);
	options.argv = line;
	options.store = cli.store;
	options.seed = cli.seed;
	options.is_quiet = cli.is_quiet;
	status = cli.is_dry_run ? show_plan(plan, &options)
	                        : measure_and_write(plan, &options, &cli, exporter);
out:
	plan_destroy(plan);
	free(line);
	return status;
}

const struct command command_run = {
	.name = "run",
	.summary = "measure cells, store them and show a table",
	.run = run_run,
};
