/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/cmd_selftest.c - ipcbench selftest: does ab cry wolf, and does it find one?
 *
 * A comparison is one cell and one quantile. --aa compares this program with
 * itself; --inject slows one arm down by a known share of the quantile under test.
 * Each pair of cells is a session of its own, as a user would measure it.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "results/kolmogorov.h"
#include "results/statistics.h"
#include "suites/bench/ab_pairs.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/progress.h"
#include "suites/bench/stop.h"
#include "workloads/clock_facts.h"

#define AA_DEFAULT 40u
#define INJECT_DEFAULT 10u
#define TRIALS_DEFAULT 20u
#define ROUNDS 12u
#define INJECT_ROUNDS 16u
#define FOUND_SHARE 0.95
#define FLAGGED_SHARE 0.01
#define JUDGED_FROM 200u /* comparisons: with fewer, a share of them says little */
#define KS_P_MIN 0.01
#define SLOWER_SHARE_MIN 0.40
#define SLOWER_SHARE_MAX 0.60
/* A p50 needs few samples; many rounds of many trials shall end soon. */
#define INJECT_TIME_NS (10 * NS_PER_MS)

struct injection {
	const char *placement;
	uint64_t trials;
	uint64_t found;
	uint64_t blind;  /* trials in which an effect of that size could not have been seen */
	uint64_t failed; /* trials that gave no verdict */
};

struct selftest {
	struct cli cli;
	bool is_json;
	struct stop stop;
	struct arm_program self;
	struct ab_pairs pairs; /* every cell that may be used, with itself */
	uint64_t tick_ns;
	struct progress progress;
	struct runner_progress at;
	uint64_t comparisons;
	uint64_t flagged_first;
	uint64_t flagged;
	uint64_t slower;
	uint64_t covered; /* intervals that hold the truth: no effect */
	uint64_t failed;
	double *p; /* of stage 1; comparisons of them */
	struct injection injections[2];
};

static const char *const placements[2] = {"same_core", "cross_core"};

/* Measures one pair by itself and judges it. *out is the caller's. Returns 0, or -errno. */
static int measure_pair(struct selftest *self, const struct ab_pair *pair, uint64_t seed,
                        uint64_t time_ns, uint32_t rounds, struct verdict_report **out)
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

static bool is_alarm(const struct comparison *c)
{
	return c->verdict == COMPARISON_REGRESSED || c->verdict == COMPARISON_IMPROVED;
}

/* Counts the comparisons of one A/A pair, as far as some are still wanted. */
static void count_aa(struct selftest *self, const struct verdict_report *report)
{
	for (size_t i = 0; i < report->rows_count && self->comparisons < self->cli.aa; i++) {
		const struct comparison *c = &report->rows[i].comparison;

		if (c->stage_count == 0) {
			self->failed++;
			self->comparisons++;
			self->p[self->comparisons - 1] = 1.0;
			continue;
		}
		self->flagged_first += c->is_suspect;
		self->flagged += is_alarm(c);
		self->slower += c->stages[0].test.estimate > 0.0;
		self->covered += c->stages[0].test.low <= 0.0 && c->stages[0].test.high >= 0.0;
		self->p[self->comparisons++] = c->stages[0].test.p;
	}
}

/* Spreads the comparisons over all cells. Returns 0, or -errno. */
static int run_aa(struct selftest *self)
{
	for (size_t i = 0; self->comparisons < self->cli.aa; i++) {
		const struct ab_pair *pair = &self->pairs.pairs[i % self->pairs.pairs_count];
		struct verdict_report *report;
		int ret;

		show_progress(self, pair);
		ret = measure_pair(self, pair, self->cli.seed + i, 0, ROUNDS, &report);
		if (ret < 0)
			return ret;
		count_aa(self, report);
		verdict_report_destroy(report);
	}
	return 0;
}

/* Finds the p50 of a cell in one round without a delay. Returns 0, or -errno. */
static int find_p50(const struct selftest *self, const struct ab_pair *pair, uint64_t seed,
                    uint64_t *p50_ns)
{
	const struct ab_round_request request = {
		.programs = {pair->programs[0], pair->programs[1]},
		.cells = {&pair->cells[0], &pair->cells[1]},
		.metric = pair->metric,
		.stage = 1,
		.random = seed,
		.time_ns = INJECT_TIME_NS,
		.tick_ns = self->tick_ns,
		.stop_fd = self->stop.fd,
	};
	struct ab_slices slices = {0};
	struct ab_round round;
	int ret = ab_round_play(&request, &slices, &round);

	if (ret == 0 && round.runs[0].failure[0] != '\0')
		ret = -EIO;
	if (ret == 0)
		*p50_ns = histogram_quantile(round.histograms[0], 0.5) / round.runs[0].batch;
	ab_round_release(&round);
	return ret;
}

/* One trial: B is slowed down by the share, half of it in each direction of a trip. */
static int run_trial(struct selftest *self, const struct ab_pair *pair, uint64_t seed,
                     struct injection *injection)
{
	struct ab_pair slowed = *pair;
	struct verdict_report *report = NULL;
	const struct comparison *c;
	uint64_t p50_ns = 0;
	int ret = find_p50(self, pair, seed, &p50_ns);

	injection->trials++;
	if (ret == 0) {
		slowed.delays[1] = (struct ab_delay){
			.delay_ns = p50_ns * self->cli.inject_percent / 200,
			.one_in = 1,
		};
		ret = measure_pair(self, &slowed, seed, INJECT_TIME_NS, INJECT_ROUNDS, &report);
	}
	if (ret == -EIO) {
		injection->failed++;
		return 0;
	}
	if (ret < 0)
		return ret;
	c = &report->rows[0].comparison;
	if (c->verdict != COMPARISON_REGRESSED && !self->cli.is_quiet) {
		progress_end(&self->progress);
		fprintf(stderr,
		        "missed: %s: %s, %+.1f %% [%+.1f, %+.1f], p %.3g, least seen %.1f %%\n",
		        pair->cells[0].name, comparison_verdict_name(c->verdict), 100.0 * c->effect,
		        100.0 * c->low, 100.0 * c->high, c->p, 100.0 * c->least_seen);
	}
	injection->found += c->verdict == COMPARISON_REGRESSED;
	injection->failed += c->stage_count == 0;
	injection->blind += c->stage_count > 0 && c->verdict != COMPARISON_REGRESSED &&
	                    c->least_seen > (double)self->cli.inject_percent / 100.0;
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

static int run_injections(struct selftest *self)
{
	for (uint64_t trial = 0; trial < self->cli.trials; trial++) {
		for (size_t i = 0; i < 2; i++) {
			const struct ab_pair *pair = pick(self, placements[i], (size_t)trial);
			int ret;

			self->injections[i].placement = placements[i];
			if (!pair)
				continue;
			show_progress(self, pair);
			ret = run_trial(self, pair, self->cli.seed + 1000003 * (trial + 1) + i,
			                &self->injections[i]);
			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

static double ks_p(struct selftest *self)
{
	statistics_sort(self->p, self->comparisons);
	return kolmogorov_uniform_p(self->p, self->comparisons);
}

static double share_of(uint64_t part, uint64_t whole)
{
	return whole > 0 ? (double)part / (double)whole : 0.0;
}

static bool aa_holds(struct selftest *self)
{
	double slower = share_of(self->slower, self->comparisons);

	if (self->flagged > 0 ||
	    self->flagged_first > (uint64_t)ceil(FLAGGED_SHARE * (double)self->comparisons))
		return false;
	return self->comparisons < JUDGED_FROM ||
	       (ks_p(self) > KS_P_MIN && slower >= SLOWER_SHARE_MIN && slower <= SLOWER_SHARE_MAX);
}

static bool injection_holds(const struct injection *injection)
{
	return injection->found >= (uint64_t)ceil(FOUND_SHARE * (double)injection->trials);
}

/*
 * Says whether the misses are the machine's: what could not be seen, or gave no
 * verdict, or others have more to run than twice the CPUs.
 */
static bool is_noise(const struct injection *injection)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	double load;

	if (getloadavg(&load, 1) == 1 && load > 2.0 * (double)cpus)
		return true;
	return injection->found + injection->blind + injection->failed >=
	       (uint64_t)ceil(FOUND_SHARE * (double)injection->trials);
}

static int status_of(struct selftest *self)
{
	uint64_t failed = self->failed;
	bool is_noisy = false;

	if (!aa_holds(self))
		return STATUS_REGRESSED;
	for (size_t i = 0; i < 2 && self->cli.inject_percent > 0; i++) {
		const struct injection *injection = &self->injections[i];

		failed += injection->failed;
		if (injection_holds(injection))
			continue;
		if (!is_noise(injection))
			return STATUS_REGRESSED;
		is_noisy = true;
	}
	if (failed > 0)
		cli_error("%llu comparisons failed; 'ipcbench ab' of the same cells says why",
		          (unsigned long long)failed);
	else if (is_noisy)
		cli_error("this machine is too noisy to tell; try again when it is quiet");
	return failed > 0 || is_noisy ? STATUS_FAILED : STATUS_DONE;
}

static json_t *injections_json(const struct selftest *self)
{
	json_t *array = json_array();

	for (size_t i = 0; i < 2 && self->cli.inject_percent > 0 && array; i++) {
		const struct injection *injection = &self->injections[i];

		if (injection->trials > 0 &&
		    json_array_append_new(
			    array, json_pack("{s:I, s:f, s:s, s:I, s:I, s:I}", "percent",
		                             (json_int_t)self->cli.inject_percent, "quantile", 0.5,
		                             "placement", injection->placement, "trials",
		                             (json_int_t)injection->trials, "found",
		                             (json_int_t)injection->found, "failed",
		                             (json_int_t)injection->failed)) < 0) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

static int write_json(FILE *out, struct selftest *self)
{
	json_t *object = json_pack(
		"{s:s, s:s, s:I, s:{s:I, s:I, s:I}, s:o, s:f, s:f, s:f}", "schema", "ipcbench/1",
		"type", "selftest", "seed", (json_int_t)self->cli.seed, "aa", "comparisons",
		(json_int_t)self->comparisons, "flagged_stage1", (json_int_t)self->flagged_first,
		"flagged", (json_int_t)self->flagged, "inject", injections_json(self), "ks_p",
		ks_p(self), "slower_share", share_of(self->slower, self->comparisons), "coverage",
		share_of(self->covered, self->comparisons));
	int ret = 0;

	if (!object)
		return -ENOMEM;
	if (json_dumpf(object, out, JSON_COMPACT) < 0 || fputc('\n', out) == EOF)
		ret = -EIO;
	json_decref(object);
	return ret;
}

static int write_text(FILE *out, struct selftest *self)
{
	if (self->comparisons > 0) {
		fprintf(out,
		        "A/A: %llu comparisons, %llu suspected, %llu flagged after confirmation\n",
		        (unsigned long long)self->comparisons,
		        (unsigned long long)self->flagged_first, (unsigned long long)self->flagged);
		fprintf(out,
		        "     p-values even: KS p %.3f; B slower in %.0f %%; intervals hold the "
		        "truth "
		        "in %.1f %%%s\n",
		        ks_p(self), 100.0 * share_of(self->slower, self->comparisons),
		        100.0 * share_of(self->covered, self->comparisons),
		        self->comparisons < JUDGED_FROM ? " (not judged below 200)" : "");
	}
	for (size_t i = 0; i < 2 && self->cli.inject_percent > 0; i++) {
		const struct injection *injection = &self->injections[i];

		if (injection->trials > 0)
			fprintf(out, "+%llu %% at p50, %s: found in %llu of %llu\n",
			        (unsigned long long)self->cli.inject_percent, injection->placement,
			        (unsigned long long)injection->found,
			        (unsigned long long)injection->trials);
	}
	fprintf(out, "reproduce: ipcbench selftest");
	if (self->comparisons > 0)
		fprintf(out, " --aa %llu", (unsigned long long)self->cli.aa);
	if (self->cli.inject_percent > 0)
		fprintf(out, " --inject %llu --trials %llu",
		        (unsigned long long)self->cli.inject_percent,
		        (unsigned long long)self->cli.trials);
	fprintf(out, " --seed %llu\n", (unsigned long long)self->cli.seed);
	return ferror(out) ? -EIO : 0;
}

static int write_result(FILE *out, const void *what)
{
	/* To sort the p-values changes nothing that is seen. */
	struct selftest *self = *(struct selftest *const *)what;

	return self->is_json ? write_json(out, self) : write_text(out, self);
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

static int run_all(struct selftest *self)
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
		(self->cli.aa + 1) / 2 + (self->cli.inject_percent > 0 ? self->cli.trials * 2 : 0);
	progress_init(&self->progress, self->cli.is_quiet);
	ret = run_aa(self);
	if (ret == 0 && self->cli.inject_percent > 0)
		ret = run_injections(self);
	progress_end(&self->progress);
	signal_number = stop_signal(&self->stop);
	if (signal_number)
		return STATUS_SIGNAL + signal_number;
	if (ret < 0) {
		cli_error("selftest: %s", strerror(-ret));
		return STATUS_FAILED;
	}
	status = cli_write_with(&self->cli, write_result, &self);
	return status != STATUS_DONE ? status : status_of(self);
}

static int run_selftest(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "selftest",
		.arguments = "",
		.summary = "Measures how often ab is wrong: on equal arms, and on a slowed one",
		.text = "Without --aa or --inject it does both, 40 comparisons and 10 %. Exit "
			"status: 0 "
			"the bars hold; 1 they don't; 3 this machine is too noisy to tell. At most "
			"1 % (rounded up) of equal pairs may be suspects, none may be flagged "
			"after "
			"confirmation, and 95 % of the slowed ones must be found at each "
			"placement.",
		.options = CLI_FORMAT | CLI_OUTPUT | CLI_SEED | CLI_QUIET | CLI_AA | CLI_INJECT |
	                   CLI_TRIALS,
	};
	struct selftest *self = calloc(1, sizeof(*self));
	int status = STATUS_USAGE;

	if (!self) {
		cli_error("out of memory");
		return STATUS_FAILED;
	}
	self->self.path = "/proc/self/exe";
	if (cli_parse(&spec, argc, argv, &self->cli) != STATUS_DONE ||
	    cli_text_or_json(&self->cli, &self->is_json) != STATUS_DONE)
		goto out;
	if (self->cli.aa == 0 && self->cli.inject_percent == 0) {
		self->cli.aa = AA_DEFAULT;
		self->cli.inject_percent = INJECT_DEFAULT;
	}
	if (self->cli.trials == 0)
		self->cli.trials = TRIALS_DEFAULT;
	self->p = calloc((size_t)self->cli.aa + 1, sizeof(*self->p));
	status = STATUS_FAILED;
	if (self->p && stop_catch(&self->stop) == 0)
		status = run_all(self);
	if (self->p)
		stop_release(&self->stop);
out:
	ab_pairs_release(&self->pairs);
	free(self->p);
	free(self);
	return status;
}

const struct command command_selftest = {
	.name = "selftest",
	.summary = "measure how often ab is wrong, on this machine",
	.run = run_selftest,
};
