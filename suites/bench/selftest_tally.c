/* SPDX-License-Identifier: MIT */
/* suites/bench/selftest_tally.c - how often ab was right and wrong, and whether that will do. */
#include "suites/bench/selftest_tally.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/kolmogorov.h"
#include "results/statistics.h"
#include "suites/bench/command.h"

#define FOUND_SHARE 0.95
/* One in so many must scatter little for a share of those to say something. */
#define QUIET_TRIALS_SHARE 3u
#define SUSPECT_SHARE 0.01
/* Of one in a hundred suspects the confirmation lets 0.05 pass. */
#define FLAGGED_SHARE 0.0005
#define KS_P_MIN 0.01
#define SLOWER_SHARE_MIN 0.40
#define SLOWER_SHARE_MAX 0.60
#define COVERED_SHARE_MIN 0.92
#define COVERED_SHARE_MAX 0.98
/* With more to run, a miss is nobody's fault. */
#define LOAD_MAX 2.0
/* A normal number is larger with a chance of 0.1 %. */
#define CHANCE_Z 3.09

const char *const selftest_placements[SELFTEST_PLACEMENTS] = {
	[SELFTEST_SAME_CORE] = "same_core",
	[SELFTEST_CROSS_CORE] = "cross_core",
};

int selftest_tally_init(struct selftest_tally *tally, uint64_t comparisons_max, uint64_t trials_max)
{
	*tally = (struct selftest_tally){
		.comparisons_max = comparisons_max,
		.trials_max = trials_max,
		.p = calloc((size_t)comparisons_max + 1, sizeof(double)),
	};
	if (!tally->p)
		return -ENOMEM;
	for (size_t i = 0; i < SELFTEST_PLACEMENTS; i++) {
		tally->injections[i].effects = calloc((size_t)trials_max + 1, sizeof(double));
		if (!tally->injections[i].effects) {
			selftest_tally_release(tally);
			return -ENOMEM;
		}
	}
	return 0;
}

void selftest_tally_release(struct selftest_tally *tally)
{
	for (size_t i = 0; i < SELFTEST_PLACEMENTS; i++)
		free(tally->injections[i].effects);
	free(tally->p);
	*tally = (struct selftest_tally){0};
}

static bool covers(const struct signed_rank *test, double truth)
{
	return test->low <= truth && truth <= test->high;
}

void selftest_tally_add_equal(struct selftest_tally *tally, const struct comparison *comparison)
{
	const struct signed_rank *test = &comparison->stages[0].test;

	if (tally->comparisons == tally->comparisons_max)
		return;
	if (comparison->stage_count == 0) {
		tally->failed++;
		tally->p[tally->comparisons++] = 1.0;
		return;
	}
	tally->flagged_first += comparison->is_suspect;
	tally->flagged += comparison->verdict == COMPARISON_REGRESSED ||
	                  comparison->verdict == COMPARISON_IMPROVED;
	tally->covered += covers(test, 0.0);
	tally->slower += test->estimate > 0.0;
	tally->slower_of++;
	tally->p[tally->comparisons++] = test->p;
}

void selftest_tally_add_trial(struct selftest_tally *tally, unsigned placement,
                              const struct comparison *comparison)
{
	struct selftest_injection *injection = &tally->injections[placement];
	double share = (double)tally->percent / 100.0;
	bool is_found;
	bool is_quiet;

	if (injection->trials == tally->trials_max)
		return;
	injection->trials++;
	if (!comparison || comparison->stage_count == 0) {
		injection->failed++;
		return;
	}
	injection->effects[injection->trials - injection->failed - 1] =
		expm1(comparison->stages[0].test.estimate);
	injection->covered += covers(&comparison->stages[0].test, log1p(share));
	is_found = comparison->verdict == COMPARISON_REGRESSED;
	is_quiet = comparison->stages[0].sigma <=
	           (tally->is_p99 ? SELFTEST_QUIET_TAIL : SELFTEST_QUIET);
	injection->found += is_found;
	injection->quiet += is_quiet;
	injection->quiet_found += is_quiet && is_found;
	injection->unchanged += comparison->verdict == COMPARISON_UNCHANGED;
	if (!is_found)
		injection->blind += comparison->least_seen > share ||
		                    comparison->high - comparison->low > share / 2;
}

static double share_of(uint64_t part, uint64_t whole)
{
	return whole > 0 ? (double)part / (double)whole : 0.0;
}

/* Returns a copy of numbers in ascending order, for free(), or null. */
static double *sorted_copy(const double *numbers, size_t count)
{
	double *sorted = malloc((count + 1) * sizeof(*sorted));

	if (!sorted)
		return NULL;
	memcpy(sorted, numbers, count * sizeof(*sorted));
	statistics_sort(sorted, count);
	return sorted;
}

/*
 * Returns the p of evenly spread p-values; NAN without memory, and of a replay: an exact
 * test of twelve rounds has some eighty p-values, which thousands of draws make seen.
 */
static double ks_p(const struct selftest_tally *tally)
{
	double *sorted = tally->replayed ? NULL : sorted_copy(tally->p, (size_t)tally->comparisons);
	double p = sorted ? kolmogorov_uniform_p(sorted, (size_t)tally->comparisons) : NAN;

	free(sorted);
	return p;
}

/* Returns the median of the effects that were seen; NAN without any, or memory. */
static double median_effect(const struct selftest_injection *injection)
{
	size_t count = (size_t)(injection->trials - injection->failed);
	double *sorted = count > 0 ? sorted_copy(injection->effects, count) : NULL;
	double median = sorted ? statistics_median(sorted, count) : NAN;

	free(sorted);
	return median;
}

/* True if so many of all are more than a rate explains, but for a chance of 0.1 %. */
static bool exceeds(uint64_t count, double rate, uint64_t all)
{
	double expected = rate * (double)all;

	return (double)count > expected + CHANCE_Z * sqrt(expected) + 1.0;
}

static bool is_within(double share, double low, double high)
{
	return share >= low && share <= high;
}

/* The bars of what was measured. Writes which one does not hold, and returns false. */
static bool live_equals_hold(const struct selftest_tally *tally, char *why, size_t why_bytes)
{
	uint64_t suspects_max = (uint64_t)ceil(SUSPECT_SHARE * (double)tally->comparisons);

	if (tally->flagged > 0)
		snprintf(why, why_bytes, "%llu equal pairs were flagged; none may be",
		         (unsigned long long)tally->flagged);
	else if (tally->flagged_first > suspects_max)
		snprintf(why, why_bytes, "%llu equal pairs were suspects; at most %llu may be",
		         (unsigned long long)tally->flagged_first,
		         (unsigned long long)suspects_max);
	else if (tally->comparisons >= SELFTEST_JUDGED_FROM && !(ks_p(tally) > KS_P_MIN))
		snprintf(why, why_bytes, "the p-values of equal pairs are not evenly spread");
	else
		return true;
	return false;
}

/* Those of a replay, which makes so many draws that chance has its share. */
static bool replayed_equals_hold(const struct selftest_tally *tally, char *why, size_t why_bytes)
{
	if (exceeds(tally->flagged, FLAGGED_SHARE, tally->comparisons))
		snprintf(why, why_bytes, "%llu of %llu equal pairs were flagged; 0.05 %% may be",
		         (unsigned long long)tally->flagged,
		         (unsigned long long)tally->comparisons);
	else if (exceeds(tally->flagged_first, SUSPECT_SHARE, tally->comparisons))
		snprintf(why, why_bytes, "%llu of %llu equal pairs were suspects; 1 %% may be",
		         (unsigned long long)tally->flagged_first,
		         (unsigned long long)tally->comparisons);
	else if (tally->comparisons >= SELFTEST_JUDGED_FROM &&
	         !is_within(share_of(tally->covered, tally->comparisons), COVERED_SHARE_MIN,
	                    COVERED_SHARE_MAX))
		snprintf(why, why_bytes,
		         "the intervals of equal pairs don't hold the truth in "
		         "92 to 98 %%");
	else
		return true;
	return false;
}

static bool equals_hold(const struct selftest_tally *tally, char *why, size_t why_bytes)
{
	if (tally->replayed ? !replayed_equals_hold(tally, why, why_bytes)
	                    : !live_equals_hold(tally, why, why_bytes))
		return false;
	if (tally->slower_of < SELFTEST_JUDGED_FROM ||
	    is_within(share_of(tally->slower, tally->slower_of), SLOWER_SHARE_MIN,
	              SLOWER_SHARE_MAX))
		return true;
	snprintf(why, why_bytes, "of equal arms B is not slower in 40 to 60 %%");
	return false;
}

/* True if the misses of rounds that scatter widely are not counted against ab. */
static bool counts_quiet_only(const struct selftest_tally *tally)
{
	return tally->is_p99 || tally->percent < SELFTEST_LARGE_PERCENT;
}

/* The trials that count, and how many of them were found and should be. */
struct score {
	uint64_t trials;
	uint64_t found;
	uint64_t wanted;
};

static struct score score_of(const struct selftest_tally *tally,
                             const struct selftest_injection *injection)
{
	bool is_quiet = counts_quiet_only(tally);
	struct score score = {
		.trials = is_quiet ? injection->quiet : injection->trials,
		.found = is_quiet ? injection->quiet_found : injection->found,
	};

	score.wanted = (uint64_t)ceil(FOUND_SHARE * (double)score.trials);
	return score;
}

/* True if the intervals hold what was injected as often as they say, where that is known. */
static bool coverage_holds(const struct selftest_tally *tally,
                           const struct selftest_injection *injection)
{
	return !tally->replayed || injection->trials < SELFTEST_JUDGED_FROM ||
	       is_within(share_of(injection->covered, injection->trials), COVERED_SHARE_MIN,
	                 COVERED_SHARE_MAX);
}

/*
 * Others have more to run than the CPUs can: while one waits for a CPU anyway, a delay of
 * the other costs nothing, and what was injected is not there to be found.
 */
static bool is_crowded(const struct selftest_tally *tally)
{
	return tally->load > LOAD_MAX;
}

/*
 * Says whether the misses are the machine's: what could not be seen, or gave no
 * verdict, or was not there.
 */
static bool is_noise(const struct selftest_tally *tally, const struct selftest_injection *injection)
{
	return is_crowded(tally) || (!counts_quiet_only(tally) &&
	                             injection->found + injection->blind + injection->failed >=
	                                     score_of(tally, injection).wanted);
}

/* Judges the trials at one placement. Returns an exit status, with its cause in why. */
static int judge_injection(const struct selftest_tally *tally, size_t placement, char *why,
                           size_t why_bytes)
{
	const struct selftest_injection *injection = &tally->injections[placement];
	struct score score = score_of(tally, injection);

	if (!coverage_holds(tally, injection)) {
		snprintf(why, why_bytes,
		         "%s: the intervals don't hold what was injected in 92 to 98 %%",
		         selftest_placements[placement]);
		return STATUS_REGRESSED;
	}
	if (injection->unchanged > 0 && !tally->replayed) {
		snprintf(why, why_bytes, "%s: %llu slowed ones were said to be unchanged%s",
		         selftest_placements[placement], (unsigned long long)injection->unchanged,
		         is_crowded(tally)
		                 ? ": this machine is too noisy to tell; try again when it is quiet"
		                 : "");
		return is_crowded(tally) ? STATUS_FAILED : STATUS_REGRESSED;
	}
	if (injection->found >= (uint64_t)ceil(FOUND_SHARE * (double)injection->trials))
		return STATUS_DONE;
	if (score.trials * QUIET_TRIALS_SHARE < injection->trials) {
		snprintf(why, why_bytes,
		         "%s: in all but %llu of %llu trials the rounds scattered by more than "
		         "%.1f %%: this machine is too noisy to tell; try again when it is quiet",
		         selftest_placements[placement], (unsigned long long)score.trials,
		         (unsigned long long)injection->trials,
		         100.0 * (tally->is_p99 ? SELFTEST_QUIET_TAIL : SELFTEST_QUIET));
		return STATUS_FAILED;
	}
	if (score.found >= score.wanted)
		return STATUS_DONE;
	snprintf(why, why_bytes, "%s: %llu of %llu slowed ones%s were found, %llu should be%s",
	         selftest_placements[placement], (unsigned long long)score.found,
	         (unsigned long long)score.trials,
	         counts_quiet_only(tally) ? " with rounds that scatter little" : "",
	         (unsigned long long)score.wanted,
	         is_noise(tally, injection)
	                 ? ": this machine is too noisy to tell; try again when it is quiet"
	                 : "");
	return is_noise(tally, injection) ? STATUS_FAILED : STATUS_REGRESSED;
}

int selftest_tally_judge(const struct selftest_tally *tally, char *why, size_t why_bytes)
{
	uint64_t failed = tally->failed;
	int status = STATUS_DONE;

	if (!equals_hold(tally, why, why_bytes))
		return STATUS_REGRESSED;
	for (size_t i = 0; i < SELFTEST_PLACEMENTS && status != STATUS_REGRESSED; i++) {
		int one = judge_injection(tally, i, why, why_bytes);

		failed += tally->injections[i].failed;
		status = one != STATUS_DONE ? one : status;
	}
	if (status != STATUS_DONE || (failed == 0 && !tally->is_late))
		return status;
	if (failed > 0)
		snprintf(why, why_bytes,
		         "%llu comparisons failed; 'ipcbench ab' of the same cells says why",
		         (unsigned long long)failed);
	else
		snprintf(why, why_bytes,
		         "stopped half-way, since this takes far longer than it should: this "
		         "machine is too noisy to tell; try again when it is quiet");
	return STATUS_FAILED;
}

static json_t *number_json(double number)
{
	return isfinite(number) ? json_real(number) : json_null();
}

static json_t *injection_json(const struct selftest_tally *tally, size_t placement)
{
	const struct selftest_injection *injection = &tally->injections[placement];
	double effect = median_effect(injection);

	return json_pack(
		"{s:I, s:f, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:f}", "percent",
		(json_int_t)tally->percent, "quantile", tally->is_p99 ? 0.99 : 0.5, "placement",
		selftest_placements[placement], "trials", (json_int_t)injection->trials, "found",
		(json_int_t)injection->found, "quiet", (json_int_t)injection->quiet, "quiet_found",
		(json_int_t)injection->quiet_found, "unchanged", (json_int_t)injection->unchanged,
		"failed", (json_int_t)injection->failed, "blind", (json_int_t)injection->blind,
		"effect", isfinite(effect) ? json_real(effect) : json_null(), "coverage",
		share_of(injection->covered, injection->trials - injection->failed));
}

static json_t *injections_json(const struct selftest_tally *tally)
{
	json_t *array = json_array();

	for (size_t i = 0; i < SELFTEST_PLACEMENTS && tally->percent > 0 && array; i++) {
		if (json_array_append_new(array, injection_json(tally, i)) < 0) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

/* Adds what only a replay knows. Returns 0, or -1. */
static int add_replay(json_t *object, const struct selftest_tally *tally)
{
	if (!tally->replayed)
		return 0;
	return json_object_set_new(object, "replay",
	                           json_pack("{s:s, s:I, s:I}", "session", tally->replayed,
	                                     "sequences", (json_int_t)tally->sequences,
	                                     "sequences_flagged",
	                                     (json_int_t)tally->sequences_flagged));
}

int selftest_tally_write_json(FILE *out, const struct selftest_tally *tally)
{
	json_t *object = json_pack(
		"{s:s, s:s, s:I, s:{s:I, s:I, s:I}, s:o, s:o, s:f, s:f}", "schema", "ipcbench/1",
		"type", "selftest", "seed", (json_int_t)tally->seed, "aa", "comparisons",
		(json_int_t)tally->comparisons, "flagged_stage1", (json_int_t)tally->flagged_first,
		"flagged", (json_int_t)tally->flagged, "inject", injections_json(tally), "ks_p",
		number_json(ks_p(tally)), "slower_share", share_of(tally->slower, tally->slower_of),
		"coverage", share_of(tally->covered, tally->comparisons));
	int ret = 0;

	if (!object || add_replay(object, tally) < 0)
		ret = -ENOMEM;
	else if (json_dumpf(object, out, JSON_COMPACT) < 0 || fputc('\n', out) == EOF)
		ret = -EIO;
	json_decref(object);
	return ret;
}

static void write_equals(FILE *out, const struct selftest_tally *tally)
{
	fprintf(out, "A/A: %llu comparisons, %llu suspected, %llu flagged after confirmation\n",
	        (unsigned long long)tally->comparisons, (unsigned long long)tally->flagged_first,
	        (unsigned long long)tally->flagged);
	if (!tally->replayed)
		fprintf(out, "     p-values evenly spread: KS p %.3f\n", ks_p(tally));
	fprintf(out, "     B slower in %.0f %%; intervals hold the truth in %.1f %%%s\n",
	        100.0 * share_of(tally->slower, tally->slower_of),
	        100.0 * share_of(tally->covered, tally->comparisons),
	        tally->comparisons < SELFTEST_JUDGED_FROM ? " (not judged below 200)" : "");
	if (tally->sequences > 0)
		fprintf(out,
		        "     ten rounds, then ten others, rank test at 0.05: flagged in %.1f %% "
		        "of "
		        "%llu\n",
		        100.0 * share_of(tally->sequences_flagged, tally->sequences),
		        (unsigned long long)tally->sequences);
}

static void write_reproduce(FILE *out, const struct selftest_tally *tally)
{
	fprintf(out, "reproduce: ipcbench selftest");
	if (tally->replayed)
		fprintf(out, " --replay %s", tally->replayed);
	if (tally->comparisons_max > 0)
		fprintf(out, " --aa %llu", (unsigned long long)tally->comparisons_max);
	if (tally->percent > 0)
		fprintf(out, " --inject %llu%s --trials %llu", (unsigned long long)tally->percent,
		        tally->is_p99 ? " --quantile p99" : "",
		        (unsigned long long)tally->trials_max);
	fprintf(out, " --seed %llu\n", (unsigned long long)tally->seed);
}

int selftest_tally_write_text(FILE *out, const struct selftest_tally *tally)
{
	if (tally->comparisons > 0)
		write_equals(out, tally);
	for (size_t i = 0; i < SELFTEST_PLACEMENTS && tally->percent > 0; i++) {
		const struct selftest_injection *injection = &tally->injections[i];

		if (injection->trials > 0)
			fprintf(out,
			        "+%llu %% at %s, %s: found in %llu of %llu, of those whose rounds "
			        "scatter by at most %.1f %% in %llu of %llu; seen as %+.1f %%\n",
			        (unsigned long long)tally->percent, tally->is_p99 ? "p99" : "p50",
			        selftest_placements[i], (unsigned long long)injection->found,
			        (unsigned long long)injection->trials,
			        100.0 * (tally->is_p99 ? SELFTEST_QUIET_TAIL : SELFTEST_QUIET),
			        (unsigned long long)injection->quiet_found,
			        (unsigned long long)injection->quiet,
			        100.0 * median_effect(injection));
	}
	write_reproduce(out, tally);
	return ferror(out) ? -EIO : 0;
}
