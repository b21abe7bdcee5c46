/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_advise.c - ipcbench advise: which transport and model for these needs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "suites/bench/advisor.h"
#include "suites/bench/advisor_write.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/semantics.h"

#define ROUNDS_MIN 12u
#define ROUNDS_MAX 48u
#define BUDGET_DEFAULT_MS 20000u
/* What a round costs beside measuring: two peers, channels, the store; and each further peer. */
#define ROUND_OVERHEAD_NS (7 * NS_PER_MS)
#define PEER_OVERHEAD_NS NS_PER_MS
#define WARMUP_NS (2 * NS_PER_MS)
#define MEASURE_NS_MIN (10 * NS_PER_MS)
#define MEASURE_NS_MAX (20 * NS_PER_MS)

/* Many short rounds tell more than a few long ones: the round is what is compared. */
static void plan_times(size_t cells, uint64_t peers, uint64_t budget_ns,
                       struct measure_options *out)
{
	uint64_t overhead_ns = ROUND_OVERHEAD_NS + WARMUP_NS + (peers - 2) * PEER_OVERHEAD_NS;
	uint64_t each_ns = budget_ns / cells;
	uint64_t rounds = each_ns / (overhead_ns + MEASURE_NS_MIN);
	uint64_t rest_ns;

	rounds = rounds < ROUNDS_MIN ? ROUNDS_MIN : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
	rest_ns = each_ns / rounds;
	rest_ns = rest_ns > overhead_ns ? rest_ns - overhead_ns : 0;
	out->rounds = (uint32_t)rounds;
	out->warmup_ns = WARMUP_NS;
	out->measure_ns = rest_ns < MEASURE_NS_MIN   ? MEASURE_NS_MIN
	                  : rest_ns > MEASURE_NS_MAX ? MEASURE_NS_MAX
	                                             : rest_ns;
}

/* Takes the needs from the line, or asks where there is none and a terminal. */
static int find_needs(const struct cli *cli, const struct report_semantics *semantics,
                      struct needs *out)
{
	char why[512];
	int ret = 0;

	needs_init(out);
	if (cli->arguments_count == 0 && !cli->format && isatty(STDIN_FILENO) &&
	    isatty(STDOUT_FILENO)) {
		if (needs_ask(out, semantics, stdin, stdout) < 0) {
			cli_error("the answers end here; needs can be given as key:value, too");
			return STATUS_USAGE;
		}
		putchar('\n');
	}
	for (int i = 0; i < cli->arguments_count && ret == 0; i++)
		ret = needs_add(out, cli->arguments[i], semantics, why, sizeof(why));
	if (ret == 0)
		ret = needs_settle(out, why, sizeof(why));
	if (ret < 0)
		cli_error("%s", why);
	return ret < 0 ? STATUS_USAGE : STATUS_DONE;
}

/* Measures what has no evidence, so that the history has it. Returns an exit status. */
static int measure_missing(struct advisor *advise, const struct cli *cli, const char *line)
{
	struct measure_options options = {
		.kind = "run",
		.argv = line,
		.store = cli->store,
		.seed = cli->seed,
		.is_quiet = cli->is_quiet,
	};
	uint64_t budget_ns = (cli->budget_ms > 0 ? cli->budget_ms : BUDGET_DEFAULT_MS) * NS_PER_MS;
	struct report *report = NULL;
	struct plan *missing;
	int status = STATUS_DONE;

	if (advisor_missing(advise, &missing) < 0) {
		cli_error("out of memory");
		return STATUS_FAILED;
	}
	if (cli->is_dry_run) {
		for (size_t i = 0; i < missing->cells_count; i++) {
			char name[RUN_CELL_BYTES];

			cell_name(&missing->cells[i], name, sizeof(name));
			printf("%s\n", name);
		}
	} else if (missing->cells_count > 0) {
		plan_times(missing->cells_count, advise->needs.peers, budget_ns, &options);
		if (!cli->is_quiet)
			fprintf(stderr,
			        "ipcbench: measuring %zu cells that have no evidence here\n",
			        missing->cells_count);
		status = measure_plan(missing, &options, &report);
		report_destroy(report);
	}
	plan_destroy(missing);
	return status;
}

/* A failed round leaves its cell without evidence; the others can still be ranked. */
static bool may_go_on(int status)
{
	return status == STATUS_DONE || status == STATUS_FAILED;
}

static int give_advice(struct advisor *advise, const struct cli *cli, const char *line,
                       bool is_json)
{
	int status;

	if (advisor_read(advise, cli->store) < 0)
		return STATUS_FAILED;
	status = measure_missing(advise, cli, line);
	if (cli->is_dry_run || !may_go_on(status))
		return status;
	if (advisor_read(advise, cli->store) < 0)
		return STATUS_FAILED;
	advisor_rank(advise);
	if (!is_json) {
		advisor_write_text(stdout, advise);
	} else if (advisor_write_json(stdout, advise) < 0) {
		cli_error("out of memory");
		return STATUS_FAILED;
	}
	return advise->ranked > 0 ? STATUS_DONE : STATUS_FAILED;
}

static int advise_run(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "advise",
		.arguments = "[NEED...]",
		.summary = "Ranks transports and models for your needs by what was measured here",
		.text = "A NEED is key:value. Keys: pattern (ping_pong, stream, pool), size, rate "
			"(messages a second), peers (more than 2: beside a dispatcher), must "
			"(words with commas: told, survives, "
			"distrust, no_uring, persistence, priorities, broadcast, ordering, "
			"boundaries, empty, in_place, many_producers, many_consumers, processes), "
			"for (latency, tail, throughput, cpu), wait (block, spin, hybrid), model "
			"(processes, threads, any), placement. On a terminal, without a need, it "
			"asks. Cells that have not been measured on this machine are measured.",
		.options = CLI_PLUGIN | CLI_STORE | CLI_FORMAT | CLI_SEED | CLI_BUDGET |
	                   CLI_DRY_RUN | CLI_QUIET,
		.arguments_max = CLI_ARGUMENTS_MAX,
	};
	struct report_semantics semantics;
	struct advisor *advise = NULL;
	struct needs needs;
	char *line = cli_quote_line(argc, argv);
	struct cli cli;
	bool is_json;
	int status = STATUS_USAGE;
	int ret;

	if (!line || cli_parse(&spec, argc, argv, &cli) != STATUS_DONE ||
	    cli_text_or_json(&cli, &is_json) != STATUS_DONE)
		goto out;
	semantics_fill(&semantics);
	status = find_needs(&cli, &semantics, &needs);
	if (status != STATUS_DONE)
		goto out;
	ret = advisor_create(&advise, &needs, &semantics);
	if (ret < 0) {
		cli_error("%s", strerror(-ret));
		status = STATUS_FAILED;
		goto out;
	}
	status = give_advice(advise, &cli, line, is_json);
out:
	advisor_destroy(advise);
	free(line);
	return status;
}

const struct command command_advise = {
	.name = "advise",
	.summary = "say which transport and model suit your needs, by measured cells",
	.run = advise_run,
};
