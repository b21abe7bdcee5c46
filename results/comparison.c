/* SPDX-License-Identifier: MIT */
/* results/comparison.c - two arms measured in pairs of rounds -> effect, interval, verdict. */
#include "results/comparison.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "results/multiplicity.h"
#include "results/statistics.h"

/* Makes the median distance from the median a standard deviation, for normal numbers. */
#define MAD_TO_SIGMA 1.4826

const struct comparison_rules comparison_rules_default = {
	.alpha_suspect = 0.005,
	.alpha_confirm = 0.05,
	.confidence = 0.95,
	.power = {.alpha = 0.005, .power = 0.95},
};

const char *comparison_verdict_name(enum comparison_verdict verdict)
{
	static const char *const names[] = {
		[COMPARISON_REGRESSED] = "REGRESSED",
		[COMPARISON_IMPROVED] = "IMPROVED",
		[COMPARISON_SMALL] = "SMALL",
		[COMPARISON_UNCHANGED] = "UNCHANGED",
		[COMPARISON_INCONCLUSIVE] = "INCONCLUSIVE",
	};

	return names[verdict];
}

void comparison_differences(const double *a, const double *b, size_t count, bool more_is_better,
                            double *out)
{
	for (size_t i = 0; i < count; i++)
		out[i] = more_is_better ? log(a[i]) - log(b[i]) : log(b[i]) - log(a[i]);
}

double comparison_least_effect(double share, double tick_ns, double value_ns)
{
	return fmax(share, 2.0 * tick_ns / value_ns);
}

/* Returns a robust standard deviation; the plain one if more than half are equal. */
static double find_sigma(const double *differences, size_t count)
{
	double sorted[SIGNED_RANK_COUNT_MAX];
	double mean = 0.0;
	double squares = 0.0;
	double mad;

	for (size_t i = 0; i < count; i++) {
		sorted[i] = differences[i];
		mean += differences[i] / (double)count;
	}
	statistics_sort(sorted, count);
	mad = statistics_mad(sorted, count);
	if (mad > 0.0)
		return MAD_TO_SIGMA * mad;
	for (size_t i = 0; i < count; i++)
		squares += (differences[i] - mean) * (differences[i] - mean);
	return sqrt(squares / (double)(count - 1));
}

/* The fewest rounds can't reach the level: with them all must agree. */
static bool is_suspicious(const struct signed_rank *test, const struct comparison_rules *rules)
{
	double least_p = ldexp(1.0, 1 - (int)COMPARISON_ROUNDS_MIN);

	return test->p < rules->alpha_suspect ||
	       (test->count == COMPARISON_ROUNDS_MIN && test->p <= least_p);
}

int comparison_add_stage(struct comparison *comparison, const double *differences, size_t count,
                         const struct comparison_rules *rules)
{
	struct comparison_stage stage;
	int ret;

	if (comparison->stage_count == 2)
		return -E2BIG;
	if (count < COMPARISON_ROUNDS_MIN)
		return -EDOM;
	ret = signed_rank_test(differences, count, rules->confidence, &stage.test);
	if (ret < 0)
		return ret;
	stage.sigma = find_sigma(differences, count);
	if (comparison->stage_count == 0)
		comparison->is_suspect =
			is_suspicious(&stage.test, rules) &&
			fabs(expm1(stage.test.estimate)) > comparison->least_effect;
	comparison->stages[comparison->stage_count++] = stage;
	return 0;
}

static bool same_sign(double a, double b)
{
	return (a > 0.0) == (b > 0.0);
}

/* True if it is judged by stage 2; otherwise by stage 1, or by none. */
static bool is_measured_again(const struct comparison *c)
{
	return c->is_suspect && c->stage_count == 2;
}

/* The five verdicts of a comparison whose figures are set. */
static enum comparison_verdict decide(const struct comparison *c,
                                      const struct comparison_rules *rules)
{
	bool is_confirmed = is_measured_again(c);
	bool is_significant =
		c->p_adjusted < (is_confirmed ? rules->alpha_confirm : rules->alpha_suspect);

	if (c->stage_count == 0 || (c->is_suspect && !is_confirmed))
		return COMPARISON_INCONCLUSIVE;
	if (is_significant && fabs(c->effect) <= c->least_effect)
		return COMPARISON_SMALL;
	if (is_confirmed && is_significant &&
	    same_sign(c->stages[0].test.estimate, c->stages[1].test.estimate))
		return c->effect > 0.0 ? COMPARISON_REGRESSED : COMPARISON_IMPROVED;
	if (c->low > -c->least_effect && c->high < c->least_effect)
		return COMPARISON_UNCHANGED;
	return COMPARISON_INCONCLUSIVE;
}

/*
 * Returns the rounds that would decide. Beside those that show an effect that
 * matters, the interval, whose width falls with the root of the rounds, must fit
 * between the estimate and the least effect.
 */
static size_t rounds_to_decide(const struct comparison *c, const struct comparison_rules *rules)
{
	const struct comparison_stage *stage = &c->stages[c->stage_count - 1];
	size_t rounds = power_rounds_needed(&rules->power, stage->sigma, c->least_effect);
	double margin = fabs(c->least_effect - fabs(c->effect));
	double ratio = (c->high - c->low) / 2 / margin;
	double fitting = ceil(ratio * ratio * (double)c->rounds);

	if (c->verdict != COMPARISON_INCONCLUSIVE)
		return rounds;
	if (fitting < (double)SIZE_MAX && (size_t)fitting > rounds)
		rounds = (size_t)fitting;
	return rounds > c->rounds ? rounds : c->rounds + 1;
}

static void set_figures(struct comparison *c)
{
	const struct comparison_stage *stage = &c->stages[c->stage_count - 1];

	c->effect = expm1(stage->test.estimate);
	c->low = expm1(stage->test.low);
	c->high = expm1(stage->test.high);
	c->p = stage->test.p;
	c->p_adjusted = stage->test.p;
	c->rounds = stage->test.count;
	c->is_coarse = stage->test.count_zero * 2 >= stage->test.count;
}

/*
 * Holm over those of one family that are judged by the same stage. The others than
 * suspects too: of many equal cells, one in a hundred would have a small effect.
 */
static int adjust_family(struct comparison *comparisons, size_t count, bool is_advisory,
                         bool is_again, double *p)
{
	size_t used = 0;
	int ret;

	for (size_t i = 0; i < count; i++) {
		struct comparison *c = &comparisons[i];

		if (c->stage_count > 0 && is_measured_again(c) == is_again &&
		    c->is_advisory == is_advisory)
			p[used++] = c->p;
	}
	ret = multiplicity_holm(p, used, p);
	for (size_t i = count; i > 0 && ret == 0; i--) {
		struct comparison *c = &comparisons[i - 1];

		if (c->stage_count > 0 && is_measured_again(c) == is_again &&
		    c->is_advisory == is_advisory)
			c->p_adjusted = p[--used];
	}
	return ret;
}

int comparison_judge(struct comparison *comparisons, size_t count,
                     const struct comparison_rules *rules)
{
	double *p = malloc((count > 0 ? count : 1) * sizeof(*p));
	int ret = 0;

	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (comparisons[i].stage_count > 0)
			set_figures(&comparisons[i]);
	}
	for (size_t i = 0; i < 4 && ret == 0; i++)
		ret = adjust_family(comparisons, count, i & 1, i & 2, p);
	free(p);
	for (size_t i = 0; i < count && ret == 0; i++) {
		struct comparison *c = &comparisons[i];

		c->verdict = decide(c, rules);
		if (c->stage_count == 0)
			continue;
		c->least_seen = power_least_effect(&rules->power,
		                                   c->stages[c->stage_count - 1].sigma, c->rounds);
		c->rounds_needed = rounds_to_decide(c, rules);
	}
	return ret;
}

bool comparison_is_invalid(const struct comparison *comparisons, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (comparisons[i].is_control && (comparisons[i].verdict == COMPARISON_REGRESSED ||
		                                  comparisons[i].verdict == COMPARISON_IMPROVED))
			return true;
	}
	return false;
}
