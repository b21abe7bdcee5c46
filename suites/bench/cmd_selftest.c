/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/cmd_selftest.c - ipcbench selftest: does ab cry wolf, and does it find one?
 *
 * A comparison is one cell and one quantile. --aa compares this program with
 * itself; --inject slows one arm down by a known share of the quantile under test.
 * Each pair of cells is a session of its own, as a user would measure it. --replay
 * asks the same of the rounds of a stored session, many times over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "results/statistics.h"
#include "suites/bench/ab_pairs.h"
#include "suites/bench/ab_recording.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/progress.h"
#include "suites/bench/selftest_replay.h"
#include "suites/bench/selftest_tally.h"
#include "suites/bench/stop.h"
#include "workloads/clock_facts.h"

#define AA_DEFAULT 40u
#define INJECT_DEFAULT 10u
#define TRIALS_DEFAULT 20u
/* Of a replay, which costs no measuring. */
#define REPLAY_AA_DEFAULT 2000u
#define REPLAY_TRIALS_DEFAULT 1000u
/* Of an undelayed cell, before a trial: one alone may have met the machine in another mood. */
#define TYPICAL_ROUNDS 3u
/* What is typical of a cell: the median over both arms of these, later over A's last rounds. */
#define RECENT_ROUNDS (2 * TYPICAL_ROUNDS)
/* A p50 needs few samples; many rounds of many trials shall end soon. */
#define INJECT_SAMPLES 600u
#define INJECT_TIME_NS_MIN (10 * NS_PER_MS)
#define INJECT_TIME_NS_MAX (30 * NS_PER_MS)
/* Half the effect needs four times the samples: what scatters falls with their root. */
#define INJECT_PERCENT_SMALL 10u
#define INJECT_SMALL_TIMES 4u
/* Nearly twice what they take on a quiet machine: 40 and 20 shall end within four minutes. */
#define COMPARISON_NS (1900 * NS_PER_MS)
#define TRIAL_NS (4000 * NS_PER_MS)
/* Who asks for more has no such hurry. */
#define TRIAL_NS_MANY (7000 * NS_PER_MS)
/* A p99 takes all the samples that ab takes for it. */
#define TRIAL_NS_TAIL (16000 * NS_PER_MS)

struct selftest {
	struct cli cli;
	bool is_json;
	struct stop stop;
	struct arm_program self;
	struct ab_pairs pairs; /* every cell that may be used, with itself */
	uint64_t tick_ns;
	struct progress progress;
	struct runner_progress at;
	struct selftest_tally tally;
	char replayed[SESSION_UUID_BYTES];
};

/* A delay of B's that is to be a share of what the quantile is in A. */
struct injection {
	double share;
	double quantile;
	double recent_ns[RECENT_ROUNDS]; /* of A, the oldest overwritten */
	size_t next;
	struct ab_pair *pair; /* the one that is measured */
};

/* Half of the delay is in each direction of a trip. */
static void set_delay(struct injection *injection)
{
	double sorted[RECENT_ROUNDS];

	memcpy(sorted, injection->recent_ns, sizeof(sorted));
	statistics_sort(sorted, RECENT_ROUNDS);
	injection->pair->delays[1] = (struct ab_delay){
		.delay_ns = (uint64_t)(statistics_median(sorted, RECENT_ROUNDS) * injection->share /
	                               2.0),
		.one_in = 1,
	};
}

static double quantile_of(const struct ab_round *round, size_t arm, double quantile)
{
	return (double)histogram_quantile(round->histograms[arm], quantile) /
	       (double)round->runs[arm].batch;
}

/* The quantile drifts by more than the share: the next round's delay follows it. */
static int follow(void *context, const struct ab_round *round)
{
	struct injection *injection = context;

	if (round->runs[0].failure[0] != '\0')
		return 0;
	injection->recent_ns[injection->next++ % RECENT_ROUNDS] =
		quantile_of(round, 0, injection->quantile);
	set_delay(injection);
	return 0;
}

/*
 * Measures one pair by itself and judges it, with a delay that follows A if injection is
 * not null. *out is the caller's. Returns 0, or -errno.
 */
static int measure_pair(struct selftest *self, const struct ab_pair *pair, uint64_t seed,
                        uint64_t time_ns, uint32_t rounds, struct injection *injection,
                        struct verdict_report **out)
{
	struct ab_pair copy = *pair;
	struct ab_measure measure = {
		.pairs = &copy,
		.pairs_count = 1,
		.seed = seed,
		.rounds = rounds,
		.time_ns = time_ns,
		.tick_ns = self->tick_ns,
		.stop_fd = self->stop.fd,
	};
	int ret = verdict_report_create(&measure.report);

	if (ret < 0)
		return ret;
	if (injection) {
		injection->pair = &copy;
		set_delay(injection);
		measure.context = injection;
		measure.on_round = follow;
	}
	measure.report->tick_ns = (double)self->tick_ns;
	ret = ab_measure_add_pairs(&measure);
	if (ret == 0)
		ret = ab_measure_run(&measure);
	if (ret < 0) {
		verdict_report_destroy(measure.report);
		return ret;
	}
	*out = measure.report;
	return 0;
}

static void show_progress(struct selftest *self, const struct ab_pair *pair)
{
	self->at.cell = &pair->cells[0];
	progress_show(&self->progress, &self->at);
	self->at.rounds_done++;
	self->at.round++;
}

/* Spreads the comparisons over all cells. Returns 0, or -errno. */
static int run_equals(struct selftest *self)
{
	uint64_t until_ns = clock_now_ns() + self->cli.aa * COMPARISON_NS;

	for (size_t i = 0; self->tally.comparisons < self->cli.aa; i++) {
		const struct ab_pair *pair = &self->pairs.pairs[i % self->pairs.pairs_count];
		struct verdict_report *report;
		int ret;

		show_progress(self, pair);
		ret = measure_pair(self, pair, self->cli.seed + i, 0, SELFTEST_ROUNDS, NULL,
		                   &report);
		if (ret < 0)
			return ret;
		for (size_t row = 0; row < report->rows_count; row++)
			selftest_tally_add_equal(&self->tally, &report->rows[row].comparison);
		verdict_report_destroy(report);
		if (clock_now_ns() > until_ns)
			break;
	}
	self->tally.is_late |= self->tally.comparisons < self->cli.aa;
	return 0;
}

/*
 * Finds the quantile of a cell without a delay, in both arms of some rounds, and how to cut
 * its rounds. found_ns: RECENT_ROUNDS. Returns 0, or -errno.
 */
static int find_typical(const struct selftest *self, struct ab_pair *pair, uint64_t seed,
                        double *found_ns)
{
	struct ab_round_request request = {
		.programs = {pair->programs[0], pair->programs[1]},
		.cells = {&pair->cells[0], &pair->cells[1]},
		.metric = pair->metric,
		.stage = 1,
		.time_ns = self->cli.is_p99 ? 0 : INJECT_TIME_NS_MIN,
		.tick_ns = self->tick_ns,
		.stop_fd = self->stop.fd,
	};
	int ret = 0;

	for (size_t i = 0; i < TYPICAL_ROUNDS && ret == 0; i++) {
		struct ab_round round;

		request.random = seed + i;
		ret = ab_round_play(&request, &pair->slices, &round);
		if (ret == 0 && round.runs[0].failure[0] != '\0')
			ret = -EIO;
		for (size_t arm = 0; arm < 2 && ret == 0; arm++)
			found_ns[2 * i + arm] =
				quantile_of(&round, arm, ab_quantiles[self->cli.is_p99]);
		ab_round_release(&round);
	}
	return ret;
}

static void show_miss(struct selftest *self, const struct ab_pair *pair, const struct comparison *c)
{
	if (c->verdict == COMPARISON_REGRESSED || self->cli.is_quiet)
		return;
	progress_end(&self->progress);
	fprintf(stderr, "missed: %s: %s, %+.1f %% [%+.1f, %+.1f], p %.3g, least seen %.1f %%\n",
	        pair->cells[0].name, comparison_verdict_name(c->verdict), 100.0 * c->effect,
	        100.0 * c->low, 100.0 * c->high, c->p, 100.0 * c->least_seen);
}

static bool is_small(const struct selftest *self)
{
	return self->cli.inject_percent < INJECT_PERCENT_SMALL;
}

/* Returns how long each round records; 0: what the quantiles need. */
static uint64_t trial_ns(const struct selftest *self, double p50_ns)
{
	uint64_t time_ns = (uint64_t)(p50_ns * INJECT_SAMPLES);

	if (self->cli.is_p99)
		return 0;
	if (time_ns < INJECT_TIME_NS_MIN)
		time_ns = INJECT_TIME_NS_MIN;
	if (time_ns > INJECT_TIME_NS_MAX)
		time_ns = INJECT_TIME_NS_MAX;
	return is_small(self) ? time_ns * INJECT_SMALL_TIMES : time_ns;
}

/*
 * One trial: B is slowed down by the share. Every trip is, so that each quantile moves by
 * the same time.
 */
static int run_trial(struct selftest *self, const struct ab_pair *pair, uint64_t seed,
                     unsigned placement)
{
	struct ab_pair slowed = *pair;
	struct injection injection = {
		.share = (double)self->cli.inject_percent / 100.0,
		.quantile = ab_quantiles[self->cli.is_p99],
	};
	struct verdict_report *report = NULL;
	const struct comparison *judged;
	int ret = find_typical(self, &slowed, seed, injection.recent_ns);

	if (ret == -EIO) {
		selftest_tally_add_trial(&self->tally, placement, NULL);
		return 0;
	}
	if (ret < 0)
		return ret;
	ret = measure_pair(self, &slowed, seed, trial_ns(self, injection.recent_ns[0]),
	                   SELFTEST_TRIAL_ROUNDS, &injection, &report);
	if (ret < 0)
		return ret;
	judged = &report->rows[self->cli.is_p99 ? AB_P99 : AB_P50].comparison;
	show_miss(self, pair, judged);
	selftest_tally_add_trial(&self->tally, placement, judged);
	verdict_report_destroy(report);
	return 0;
}

/* Finds the cell number index of a placement, counted round and round. Null: none. */
static const struct ab_pair *pick(const struct selftest *self, const char *placement, size_t index)
{
	size_t count = 0;

	for (size_t i = 0; i < self->pairs.pairs_count; i++)
		count += strcmp(self->pairs.pairs[i].cells[0].placement, placement) == 0;
	if (count == 0)
		return NULL;
	index %= count;
	for (size_t i = 0; i < self->pairs.pairs_count; i++) {
		const struct ab_pair *pair = &self->pairs.pairs[i];

		if (strcmp(pair->cells[0].placement, placement) == 0 && index-- == 0)
			return pair;
	}
	return NULL;
}

/* Makes one trial at each placement that has cells. Returns 0, or -errno. */
static int run_trials(struct selftest *self, uint64_t trial)
{
	for (unsigned i = 0; i < SELFTEST_PLACEMENTS; i++) {
		const struct ab_pair *pair = pick(self, selftest_placements[i], (size_t)trial);
		int ret;

		if (!pair)
			continue;
		show_progress(self, pair);
		ret = run_trial(self, pair, self->cli.seed + 1000003 * (trial + 1) + i, i);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int run_injections(struct selftest *self)
{
	uint64_t each_ns = self->cli.is_p99                    ? TRIAL_NS_TAIL
	                   : self->cli.trials > TRIALS_DEFAULT ? TRIAL_NS_MANY
	                                                       : TRIAL_NS;
	uint64_t times = is_small(self) ? INJECT_SMALL_TIMES : 1;
	uint64_t until_ns =
		clock_now_ns() + self->cli.trials * SELFTEST_PLACEMENTS * times * each_ns;
	uint64_t trial;
	int ret = 0;

	for (trial = 0; trial < self->cli.trials && clock_now_ns() < until_ns && ret == 0; trial++)
		ret = run_trials(self, trial);
	self->tally.is_late |= trial < self->cli.trials;
	return ret;
}

static int write_result(FILE *out, const void *what)
{
	const struct selftest *self = what;

	return self->is_json ? selftest_tally_write_json(out, &self->tally)
	                     : selftest_tally_write_text(out, &self->tally);
}

/* Cells of several mechanisms, alternating between placements. */
static int find_cells(struct selftest *self)
{
	static const char *const filters[2][4] = {
		{"transport:pipe,unix_stream,unix_seqpacket,posix_mq,tcp,shm_ring",
	         "workload:ping_pong", "wait:block", "placement:same_core"},
		{"transport:pipe,unix_stream,unix_seqpacket,posix_mq,tcp,shm_ring",
	         "workload:ping_pong", "wait:block", "placement:cross_core"},
	};
	struct ab_pairs found[2] = {0};
	int status = STATUS_DONE;

	for (size_t i = 0; i < 2 && status == STATUS_DONE; i++)
		status = ab_pairs_ask_alone(&found[i], &self->self, filters[i], 4, self->stop.fd);
	self->pairs.pairs =
		calloc(found[0].pairs_count + found[1].pairs_count + 1, sizeof(struct ab_pair));
	if (!self->pairs.pairs)
		status = STATUS_FAILED;
	for (size_t i = 0;
	     status == STATUS_DONE && (i < found[0].pairs_count || i < found[1].pairs_count); i++) {
		for (size_t placement = 0; placement < 2; placement++) {
			if (i < found[placement].pairs_count)
				self->pairs.pairs[self->pairs.pairs_count++] =
					found[placement].pairs[i];
		}
	}
	ab_pairs_release(&found[0]);
	ab_pairs_release(&found[1]);
	if (status == STATUS_DONE && self->pairs.pairs_count == 0) {
		cli_error("no cell can be measured here");
		status = STATUS_UNAVAILABLE;
	}
	return status;
}

/* Returns how many have something to run, by CPU, in the last minute; 0: not known. */
static double load_by_cpu(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	double load;

	return getloadavg(&load, 1) == 1 && cpus > 0 ? load / (double)cpus : 0.0;
}

/* Measures everything. Returns an exit status; what went wrong was said. */
static int run_live(struct selftest *self)
{
	struct clock_facts clock;
	int status = find_cells(self);
	int signal_number;
	int ret;

	if (status != STATUS_DONE)
		return status;
	clock_facts_observe(&clock);
	self->tick_ns = clock.tick_ns;
	self->at.rounds_total =
		(self->cli.aa + 1) / 2 +
		(self->cli.inject_percent > 0 ? self->cli.trials * SELFTEST_PLACEMENTS : 0);
	progress_init(&self->progress, self->cli.is_quiet);
	ret = run_equals(self);
	if (ret == 0 && self->cli.inject_percent > 0)
		ret = run_injections(self);
	progress_end(&self->progress);
	self->tally.load = load_by_cpu();
	signal_number = stop_signal(&self->stop);
	if (signal_number)
		return STATUS_SIGNAL + signal_number;
	if (ret < 0)
		cli_error("selftest: %s", strerror(-ret));
	return ret < 0 ? STATUS_FAILED : STATUS_DONE;
}

/* Fills the tally from a stored session. Returns an exit status; what went wrong was said. */
static int run_replay(struct selftest *self)
{
	char why[512] = "";
	int ret = selftest_replay(&self->tally, self->cli.store, self->cli.replay, self->replayed,
	                          why, sizeof(why));

	if (ret == 0)
		return STATUS_DONE;
	cli_error("%s", why[0] != '\0' ? why : strerror(-ret));
	return STATUS_FAILED;
}

static int run_and_judge(struct selftest *self)
{
	char why[512];
	int status = self->cli.replay ? run_replay(self) : run_live(self);

	if (status == STATUS_DONE)
		status = cli_write_with(&self->cli, write_result, self);
	if (status != STATUS_DONE)
		return status;
	status = selftest_tally_judge(&self->tally, why, sizeof(why));
	if (status != STATUS_DONE)
		cli_error("%s", why);
	return status;
}

/* Refuses what ab is not made to find. Returns STATUS_DONE, or STATUS_USAGE said. */
static int check_injection(const struct cli *cli)
{
	double least = verdict_least_share(cli->is_p99 ? 0.99 : 0.5);

	if (cli->is_p99 && cli->inject_percent == 0 && cli->aa > 0) {
		cli_error("--quantile p99 has no effect without --inject; name a percentage");
		return STATUS_USAGE;
	}
	if (cli->inject_percent == 0 || (double)cli->inject_percent > 100.0 * least)
		return STATUS_DONE;
	cli_error("inject '%llu' is no more than what ab takes for no change, %.0f %%; inject "
	          "more",
	          (unsigned long long)cli->inject_percent, 100.0 * least);
	return STATUS_USAGE;
}

/* Takes what the line leaves out from what is usual. */
static void set_defaults(struct cli *cli)
{
	if (cli->aa == 0 && cli->inject_percent == 0) {
		cli->aa = cli->replay ? REPLAY_AA_DEFAULT : AA_DEFAULT;
		cli->inject_percent = INJECT_DEFAULT;
	}
	if (cli->trials == 0)
		cli->trials = cli->replay ? REPLAY_TRIALS_DEFAULT : TRIALS_DEFAULT;
	if (cli->inject_percent == 0)
		cli->trials = 0;
}

static int run_selftest(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "selftest",
		.arguments = "",
		.summary = "Measures how often ab is wrong: on equal arms, and on a slowed one",
		.text = "Without --aa or --inject it does both, 40 comparisons and 10 %. At most "
			"1 % (rounded up) of equal pairs may be suspects, none may be flagged "
			"after confirmation, and 95 % of the slowed ones must be found at each "
			"placement: below 10 % of the p50, and of the p99, of those whose rounds "
			"scatter by at most 2.5 % (p99: 5 %). --replay draws rounds of a stored "
			"session of ab instead of "
			"measuring, and by default 2000 comparisons and 1000 trials. Exit status: "
			"0 the bars hold; 1 they don't; 3 this machine is too noisy to tell.",
		.options = CLI_STORE | CLI_FORMAT | CLI_OUTPUT | CLI_SEED | CLI_QUIET | CLI_AA |
	                   CLI_INJECT | CLI_QUANTILE | CLI_TRIALS | CLI_REPLAY,
	};
	struct selftest *self = calloc(1, sizeof(*self));
	int status = STATUS_USAGE;

	if (!self) {
		cli_error("out of memory");
		return STATUS_FAILED;
	}
	self->self.path = "/proc/self/exe";
	if (cli_parse(&spec, argc, argv, &self->cli) != STATUS_DONE ||
	    cli_text_or_json(&self->cli, &self->is_json) != STATUS_DONE ||
	    check_injection(&self->cli) != STATUS_DONE)
		goto out;
	set_defaults(&self->cli);
	status = STATUS_FAILED;
	if (selftest_tally_init(&self->tally, self->cli.aa, self->cli.trials) < 0) {
		cli_error("out of memory");
		goto out;
	}
	self->tally.seed = self->cli.seed;
	self->tally.percent = self->cli.inject_percent;
	self->tally.is_p99 = self->cli.is_p99;
	if (stop_catch(&self->stop) < 0) {
		cli_error("signals can't be caught");
		goto out;
	}
	status = run_and_judge(self);
	stop_release(&self->stop);
out:
	selftest_tally_release(&self->tally);
	ab_pairs_release(&self->pairs);
	free(self);
	return status;
}

const struct command command_selftest = {
	.name = "selftest",
	.summary = "measure how often ab is wrong, on this machine",
	.run = run_selftest,
};
