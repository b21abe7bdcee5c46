/* SPDX-License-Identifier: MIT */
/* suites/bench/ab_session.c - a live comparison from its sides to what is shown of it. */
#include "suites/bench/ab_session.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/clock.h"
#include "suites/bench/build.h"
#include "suites/bench/command.h"
#include "suites/bench/revision.h"
#include "workloads/anchors.h"
#include "workloads/clock_facts.h"

#define ROUNDS_DEFAULT 20u
/* What a round of both arms takes beside what is recorded: processes, peers, warm-up. */
#define ROUND_OVERHEAD_NS (30 * NS_PER_MS)
/* What is kept of a budget for the rounds that confirm. */
#define BUDGET_CONFIRM_SHARE 0.25

/* Returns what one round of all pairs takes, about. */
static uint64_t estimate_round_ns(const struct ab_session *ab)
{
	uint64_t sum_ns = 0;

	for (size_t i = 0; i < ab->pairs.pairs_count; i++) {
		uint64_t recorded_ns = ab->request.time_ms * NS_PER_MS;

		if (recorded_ns == 0)
			recorded_ns = ab->forecasts[i].recorded_ns;
		sum_ns += 2 * recorded_ns + ROUND_OVERHEAD_NS;
	}
	return sum_ns;
}

/* Finds the rounds that a budget pays for. Returns STATUS_DONE, or STATUS_USAGE said. */
static int plan_rounds(const struct ab_session *ab, uint32_t *rounds)
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

/* Says beforehand what the rounds can see, at the deviation that is to be expected. */
static void show_plan(const struct ab_session *ab, uint32_t rounds)
{
	const struct power *power = &comparison_rules_default.power;
	size_t cells = ab->pairs.pairs_count - 1;
	double worst[AB_QUANTILES] = {0.0};
	size_t recorded = 0;

	for (size_t i = 0; i < cells; i++) {
		recorded += ab->forecasts[i].is_recorded;
		for (size_t j = 0; j < AB_QUANTILES; j++)
			worst[j] =
				fmax(worst[j],
			             power_least_effect(power, ab->forecasts[i].sigmas[j], rounds));
	}
	fprintf(ab->cli.is_dry_run ? stdout : stderr,
	        "plan: %zu cells and a control, %u paired rounds, about %.0f s; least effect that "
	        "can be seen, if they scatter as %s: p50 %.1f %%, p99 %.1f %%\n",
	        cells, rounds, (double)estimate_round_ns(ab) * rounds / NS_PER_S,
	        recorded == cells ? "last time"
	        : recorded > 0    ? "last time, or as usual where there was none"
	                          : "usual",
	        worst[AB_P50] * 100.0, worst[AB_P99] * 100.0);
}

/* True if the cell of the control is compared as well: one session has each cell once. */
static bool is_second_control(const struct ab_session *ab, const struct ab_round *round)
{
	const struct ab_pair *control = &ab->pairs.pairs[ab->pairs.pairs_count - 1];

	if (round->runs[0].cell != &control->cells[0])
		return false;
	for (const struct ab_pair *pair = ab->pairs.pairs; pair < control; pair++) {
		if (strcmp(pair->cells[0].name, control->cells[0].name) == 0)
			return true;
	}
	return false;
}

static int on_round(void *context, const struct ab_round *round)
{
	struct ab_session *ab = context;

	if (round->runs[0].failure[0] != '\0') {
		progress_end(&ab->progress);
		cli_error("%s, round %u failed: %s", round->runs[0].cell->name,
		          round->runs[0].round + 1, round->runs[0].failure);
	}
	return is_second_control(ab, round) ? 0 : session_log_add(&ab->log, round->runs, 2);
}

static void on_progress(void *context, const struct runner_progress *at)
{
	struct ab_session *ab = context;

	progress_show(&ab->progress, at);
}

static bool has_hybrid(const struct ab_session *ab)
{
	for (size_t i = 0; i < ab->pairs.pairs_count; i++) {
		if (ab->pairs.pairs[i].is_hybrid)
			return true;
	}
	return false;
}

static int measure(struct ab_session *ab, uint32_t rounds)
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
	const struct ab_session *ab = what;

	return ab->exporter->write(out, ab->report);
}

/* True if some row can't see an effect of the size that was asked for. */
static bool lacks_power(const struct ab_session *ab)
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

/* Says of each pair why it could not be judged. */
static void say_unjudged(const struct verdict_report *report)
{
	for (size_t i = 0; i < report->pairs_count; i++) {
		const struct verdict_pair *pair = &report->pairs[i];

		if (pair->is_control || report->rows[pair->first_row].comparison.stage_count > 0)
			continue;
		cli_error("%s can't be judged: of %u rounds %u failed and %u were left out, since "
		          "the hypervisor took more than %.0f %% of them%s%s",
		          pair->cells[0].name, pair->rounds[0], pair->failed, pair->excluded[0],
		          VERDICT_STEAL_MAX * 100.0, pair->failed > 0 ? "; first failure: " : "",
		          pair->failure);
	}
}

static int status_of(const struct ab_session *ab)
{
	struct verdict_counts counts = verdict_report_count(ab->report);

	if (counts.is_invalid) {
		cli_error("the control cell changed, which neither side can touch: the machine "
		          "disturbed one arm; measure again");
		return STATUS_FAILED;
	}
	if (counts.regressed > 0)
		return STATUS_REGRESSED;
	if (counts.failed > 0) {
		say_unjudged(ab->report);
		return STATUS_FAILED;
	}
	return lacks_power(ab) ? STATUS_INCONCLUSIVE : STATUS_DONE;
}

/* Ends the session and shows what there is. Returns an exit status. */
static int finish(struct ab_session *ab, int ret)
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

static int measure_and_show(struct ab_session *ab, uint32_t rounds)
{
	struct build builds[SESSION_ARMS_MAX];
	const struct session_subject subjects[SESSION_ARMS_MAX] = {
		build_of_side(&builds[0], &ab->sides[0]),
		build_of_side(&builds[1], &ab->sides[1]),
	};
	int ret = session_log_open_arms(&ab->log, ab->cli.store, ab->kind, ab->line, ab->cli.seed,
	                                subjects);

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
	memcpy(ab->uuid, ab->log.session.uuid, sizeof(ab->uuid));
	ab->report->seed = ab->cli.seed;
	ab->report->reproduce = ab->line;
	ab->report->show = ab->show = cli_show_line(&ab->cli, ab->uuid);
	ab->report->arms[0] = ab->sides[0].label;
	ab->report->arms[1] = ab->sides[1].label;
	if (side_is_same(&ab->sides[0], &ab->sides[1]))
		ab->report->note = "same program, plug-ins and options in both arms: A/A";
	return finish(ab, measure(ab, rounds));
}

/* Builds what must be built, pairs the cells, plans and measures. */
static int forecast(struct ab_session *ab)
{
	ab->forecasts = calloc(ab->pairs.pairs_count, sizeof(*ab->forecasts));
	if (!ab->forecasts) {
		cli_error("out of memory");
		return STATUS_FAILED;
	}
	ab_forecast_find(ab->forecasts, ab->pairs.pairs, ab->pairs.pairs_count, ab->cli.store);
	return STATUS_DONE;
}

static int run_all(struct ab_session *ab)
{
	uint32_t rounds;
	int status = STATUS_DONE;

	for (size_t i = 0; i < 2 && status == STATUS_DONE; i++)
		status = revision_build(&ab->sides[i], ab->stop.fd);
	if (status == STATUS_DONE)
		status = ab_pairs_find(&ab->pairs, ab->sides, &ab->self, ab->filters,
		                       ab->filters_count, ab->stop.fd);
	if (status == STATUS_DONE)
		status = forecast(ab);
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

int ab_session_add_filters(struct ab_session *ab, const char *const *arguments, int count)
{
	char why[1024];

	request_init(&ab->request);
	for (int i = 0; i < count; i++) {
		const char *filter = arguments[i];

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

int ab_session_run(struct ab_session *ab)
{
	int status = STATUS_FAILED;

	ab->self.path = "/proc/self/exe";
	if (stop_catch(&ab->stop) < 0)
		cli_error("signals can't be caught");
	else
		status = run_all(ab);
	if (ab->report)
		ab->report->session = NULL;
	session_log_close(&ab->log);
	stop_release(&ab->stop);
	return status;
}

void ab_session_release(struct ab_session *ab)
{
	verdict_report_destroy(ab->report);
	free(ab->show);
	free(ab->forecasts);
	ab_pairs_release(&ab->pairs);
	*ab = (struct ab_session){0};
}
