/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_ab.c - ipcbench ab: two builds, plug-ins or settings against each other. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/clock.h"
#include "suites/bench/ab_pairs.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/progress.h"
#include "suites/bench/revision.h"
#include "suites/bench/session_log.h"
#include "suites/bench/stop.h"
#include "workloads/anchors.h"
#include "workloads/clock_facts.h"

#define ROUNDS_DEFAULT 20u
/* What a round of both arms takes beside what is recorded: processes, peers, warm-up. */
#define ROUND_OVERHEAD_NS (45 * NS_PER_MS)
/* What is kept of a budget for the rounds that confirm. */
#define BUDGET_CONFIRM_SHARE 0.25

/* What an arm records in a round by placement, and how rounds usually scatter. For plans only. */
static const struct {
	const char *placement;
	uint64_t recorded_ns;
	double sigma_p50;
	double sigma_p99;
} usual[] = {
	{"same_core", 22 * NS_PER_MS, 0.01, 0.04},
	{"cross_core", 90 * NS_PER_MS, 0.03, 0.10},
	{"", 60 * NS_PER_MS, 0.05, 0.15}, /* any other */
};

struct ab {
	struct cli cli;
	const struct verdict_exporter *exporter;
	char *line;
	struct stop stop;
	struct side sides[2];
	struct arm_program self;
	const char *filters[CLI_ARGUMENTS_MAX];
	size_t filters_count;
	struct request request; /* of the common filters: rounds and time_ms */
	struct ab_pairs pairs;
	struct session_log log;
	struct progress progress;
	struct verdict_report *report;
	char note[512];
};

static size_t usual_of(const struct run_cell *cell)
{
	size_t i = 0;

	while (usual[i].placement[0] != '\0' && strcmp(usual[i].placement, cell->placement) != 0)
		i++;
	return i;
}

/* Returns what one round of all pairs takes, about. */
static uint64_t estimate_round_ns(const struct ab *ab)
{
	uint64_t sum_ns = 0;

	for (size_t i = 0; i < ab->pairs.pairs_count; i++) {
		uint64_t recorded_ns = ab->request.time_ms * NS_PER_MS;

		if (recorded_ns == 0)
			recorded_ns = usual[usual_of(&ab->pairs.pairs[i].cells[0])].recorded_ns;
		sum_ns += 2 * recorded_ns + ROUND_OVERHEAD_NS;
	}
	return sum_ns;
}

/* Splits a line into what both sides are, and the filters of both. */
static int parse(struct ab *ab, int argc, char **argv, const struct cli_spec *spec)
{
	char why[1024];

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
	request_init(&ab->request);
	for (int i = 2; i < ab->cli.arguments_count; i++) {
		const char *filter = ab->cli.arguments[i];

		/* Only these concern this process; the others are for the arms to judge. */
		if (strncmp(filter, "rounds:", 7) != 0 && strncmp(filter, "time_ms:", 8) != 0) {
			ab->filters[ab->filters_count++] = filter;
		} else if (request_add(&ab->request, filter, why, sizeof(why)) < 0) {
			cli_error("%s", why);
			return STATUS_USAGE;
		}
	}
	if (ab->request.rounds > 0 && (ab->request.rounds < COMPARISON_ROUNDS_MIN ||
	                               ab->request.rounds > SIGNED_RANK_COUNT_MAX)) {
		cli_error("rounds '%llu' is no number from %u to %u; with fewer nothing could be "
		          "found",
		          (unsigned long long)ab->request.rounds, COMPARISON_ROUNDS_MIN,
		          SIGNED_RANK_COUNT_MAX);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

/* Finds the rounds that a budget pays for. Returns STATUS_DONE, or STATUS_USAGE said. */
static int plan_rounds(const struct ab *ab, uint32_t *rounds)
{
	uint64_t round_ns = estimate_round_ns(ab);
	double budget_ns = (double)ab->cli.budget_ms * (double)NS_PER_MS;
	double fitting = budget_ns * (1.0 - BUDGET_CONFIRM_SHARE) / (double)round_ns;

	*rounds = ab->request.rounds > 0 ? (uint32_t)ab->request.rounds : ROUNDS_DEFAULT;
	if (ab->cli.budget_ms == 0)
		return STATUS_DONE;
	if (fitting < COMPARISON_ROUNDS_MIN) {
		cli_error("a budget of %.0f s is too short for %zu cells; give %.0f s, or narrow "
		          "the filters",
		          budget_ns / NS_PER_S, ab->pairs.pairs_count - 1,
		          ceil(COMPARISON_ROUNDS_MIN * (double)round_ns /
		               (1.0 - BUDGET_CONFIRM_SHARE) / NS_PER_S));
		return STATUS_USAGE;
	}
	*rounds = fitting < SIGNED_RANK_COUNT_MAX ? (uint32_t)fitting : SIGNED_RANK_COUNT_MAX;
	return STATUS_DONE;
}

/* Says beforehand what the rounds can see, at the deviation that such cells usually have. */
static void show_plan(const struct ab *ab, uint32_t rounds)
{
	const struct power *power = &comparison_rules_default.power;
	double worst[2] = {0.0, 0.0};

	for (size_t i = 0; i + 1 < ab->pairs.pairs_count; i++) {
		size_t kind = usual_of(&ab->pairs.pairs[i].cells[0]);

		worst[0] = fmax(worst[0], power_least_effect(power, usual[kind].sigma_p50, rounds));
		worst[1] = fmax(worst[1], power_least_effect(power, usual[kind].sigma_p99, rounds));
	}
	fprintf(ab->cli.is_dry_run ? stdout : stderr,
	        "plan: %zu cells and a control, %u paired rounds, about %.0f s; least effect that "
	        "can be seen, if they scatter as usual: p50 %.1f %%, p99 %.1f %%\n",
	        ab->pairs.pairs_count - 1, rounds,
	        (double)estimate_round_ns(ab) * rounds / NS_PER_S, worst[0] * 100.0,
	        worst[1] * 100.0);
}

static int on_round(void *context, const struct ab_round *round)
{
	struct ab *ab = context;

	if (round->runs[0].failure[0] != '\0') {
		progress_end(&ab->progress);
		cli_error("%s, round %u failed: %s", round->runs[0].cell->name,
		          round->runs[0].round + 1, round->runs[0].failure);
	}
	return session_log_add(&ab->log, round->runs, 2);
}

static void on_progress(void *context, const struct runner_progress *at)
{
	struct ab *ab = context;

	progress_show(&ab->progress, at);
}

static bool has_hybrid(const struct ab *ab)
{
	for (size_t i = 0; i < ab->pairs.pairs_count; i++) {
		if (ab->pairs.pairs[i].is_hybrid)
			return true;
	}
	return false;
}

static int measure(struct ab *ab, uint32_t rounds)
{
	struct ab_measure measure = {
		.report = ab->report,
		.pairs = ab->pairs.pairs,
		.pairs_count = ab->pairs.pairs_count,
		.seed = ab->cli.seed,
		.rounds = rounds,
		.time_ns = ab->request.time_ms * NS_PER_MS,
		.stop_fd = ab->stop.fd,
		.context = ab,
		.on_round = on_round,
		.on_progress = on_progress,
	};
	struct clock_facts clock;
	int ret;

	clock_facts_observe(&clock);
	measure.tick_ns = clock.tick_ns;
	ab->report->tick_ns = (double)clock.tick_ns;
	if (has_hybrid(ab))
		measure.spin_ns = anchor_wake_up_ns();
	ret = ab_measure_add_pairs(&measure);
	progress_init(&ab->progress, ab->cli.is_quiet);
	/* Before the first round, so that rounds of a run that dies can be judged. */
	if (ret == 0)
		ret = session_log_comparison(&ab->log, ab->report);
	if (ret == 0)
		ret = ab_measure_run(&measure);
	progress_end(&ab->progress);
	if (ab->report->thefts_count > 0 && session_log_comparison(&ab->log, ab->report) < 0 &&
	    ret == 0)
		ret = -EIO;
	return ret;
}

static int write_report(FILE *out, const void *what)
{
	const struct ab *ab = what;

	return ab->exporter->write(out, ab->report);
}

/* True if some row can't see an effect of the size that was asked for. */
static bool lacks_power(const struct ab *ab)
{
	double wanted = (double)ab->cli.power_percent / 100.0;

	for (size_t i = 0; i < ab->report->rows_count && wanted > 0.0; i++) {
		const struct comparison *c = &ab->report->rows[i].comparison;

		if (!c->is_control && (c->stage_count == 0 || c->least_seen > wanted ||
		                       c->verdict == COMPARISON_INCONCLUSIVE))
			return true;
	}
	return false;
}

static int status_of(const struct ab *ab)
{
	struct verdict_counts counts = verdict_report_count(ab->report);

	if (counts.is_invalid) {
		cli_error("the control cell changed, which neither side can touch: the machine "
		          "disturbed one arm; measure again");
		return STATUS_FAILED;
	}
	if (counts.regressed > 0)
		return STATUS_REGRESSED;
	if (counts.failed > 0)
		return STATUS_FAILED;
	return lacks_power(ab) ? STATUS_INCONCLUSIVE : STATUS_DONE;
}

/* Ends the session and shows what there is. Returns an exit status. */
static int finish(struct ab *ab, int ret)
{
	int signal_number = stop_signal(&ab->stop);
	const char *state = signal_number ? "interrupted" : ret < 0 ? "failed" : "complete";
	int status;

	if (session_log_finish(&ab->log, state) < 0 && ret == 0)
		ret = -EIO;
	if (signal_number) {
		cli_error("stopped by %s; finished rounds are stored in session %.8s",
		          signal_number == SIGINT ? "SIGINT" : "SIGTERM", ab->log.session.uuid);
		return STATUS_SIGNAL + signal_number;
	}
	if (ret < 0) {
		if (ret == -ENOMEM)
			cli_error("out of memory");
		return ret == -EPROTO ? STATUS_NOT_COMPARABLE : STATUS_FAILED;
	}
	status = cli_write_with(&ab->cli, write_report, ab);
	return status != STATUS_DONE ? status : status_of(ab);
}

static int measure_and_show(struct ab *ab, uint32_t rounds)
{
	int ret = session_log_open(&ab->log, ab->cli.store, "ab", ab->line, ab->cli.seed);

	for (size_t i = 0; i < ab->pairs.skips_count && ret == 0; i++)
		ret = session_log_skip(&ab->log, &ab->pairs.skips[i].cell,
		                       ab->pairs.skips[i].reason);
	if (ret < 0)
		return STATUS_FAILED;
	if (verdict_report_create(&ab->report) < 0) {
		cli_error("out of memory");
		return STATUS_FAILED;
	}
	ab->report->session = &ab->log.session;
	ab->report->seed = ab->cli.seed;
	ab->report->reproduce = ab->line;
	ab->report->arms[0] = ab->sides[0].label;
	ab->report->arms[1] = ab->sides[1].label;
	if (side_is_same(&ab->sides[0], &ab->sides[1]))
		ab->report->note = "same program, plug-ins and options in both arms: A/A";
	return finish(ab, measure(ab, rounds));
}

static int run_all(struct ab *ab)
{
	uint32_t rounds;
	int status = STATUS_DONE;

	for (size_t i = 0; i < 2 && status == STATUS_DONE; i++)
		status = revision_build(&ab->sides[i], ab->stop.fd);
	if (status == STATUS_DONE)
		status = ab_pairs_find(&ab->pairs, ab->sides, &ab->self, ab->filters,
		                       ab->filters_count, ab->stop.fd);
	if (status == STATUS_DONE)
		status = plan_rounds(ab, &rounds);
	if (status == STATUS_DONE) {
		if (ab->cli.is_dry_run || ab->cli.budget_ms > 0 || !ab->cli.is_quiet)
			show_plan(ab, rounds);
		if (!ab->cli.is_dry_run)
			status = measure_and_show(ab, rounds);
	}
	return status;
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
	struct ab *ab = calloc(1, sizeof(*ab));
	int status = STATUS_FAILED;

	if (!ab) {
		cli_error("out of memory");
		return STATUS_FAILED;
	}
	ab->self.path = "/proc/self/exe";
	ab->line = cli_quote_line(argc, argv);
	if (ab->line)
		status = parse(ab, argc, argv, &spec);
	if (status == STATUS_DONE)
		status = cli_check_output(&ab->cli);
	if (status == STATUS_DONE) {
		if (stop_catch(&ab->stop) < 0) {
			cli_error("signals can't be caught");
			status = STATUS_FAILED;
		} else {
			status = run_all(ab);
		}
		session_log_close(&ab->log);
		stop_release(&ab->stop);
	}
	verdict_report_destroy(ab->report);
	ab_pairs_release(&ab->pairs);
	free(ab->line);
	free(ab);
	return status;
}

const struct command command_ab = {
	.name = "ab",
	.summary = "compare two builds, plug-ins or settings, live",
	.run = run_ab,
};
