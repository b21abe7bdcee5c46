/* SPDX-License-Identifier: MIT */
/* results/advice.c - candidates put in order by what was measured of them. */
#include "results/advice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/signed_rank.h"
#include "results/statistics.h"

#define CONFIDENCE 0.95
#define EDGE 0.01 /* by which one must be better, in its rounds, to go before a better median */

/* Collects the figures that there are. Returns how many. */
static size_t collect(const struct advice_candidate *candidate, double *out)
{
	size_t count = 0;

	for (size_t i = 0; i < candidate->rounds_count && i < ADVICE_ROUNDS_MAX; i++) {
		if (isfinite(candidate->rounds[i]) && candidate->rounds[i] > 0.0)
			out[count++] = candidate->rounds[i];
	}
	return count;
}

bool advice_is_measured(const struct advice_candidate *candidate)
{
	double figures[ADVICE_ROUNDS_MAX];

	return collect(candidate, figures) >= ADVICE_ROUNDS_MIN;
}

static double figure_of(const struct advice_candidate *candidate, size_t round)
{
	return round < candidate->rounds_count ? candidate->rounds[round] : NAN;
}

/* Sums up the rounds of a candidate. */
static void sum_up(struct advice_candidate *candidate)
{
	double figures[ADVICE_ROUNDS_MAX];
	size_t found = collect(candidate, figures);

	statistics_sort(figures, found);
	candidate->median = statistics_median(figures, found);
	candidate->low = statistics_quantile(figures, found, 0.25);
	candidate->high = statistics_quantile(figures, found, 0.75);
}

/* Collects the log ratios of the rounds that both have. Returns how many. */
static size_t pair(const struct advice_candidate *a, const struct advice_candidate *b, double *out)
{
	size_t count = 0;

	for (size_t round = 0; round < ADVICE_ROUNDS_MAX; round++) {
		double ratio = log(figure_of(a, round) / figure_of(b, round));

		if (isfinite(ratio))
			out[count++] = ratio;
	}
	return count;
}

/* Compares two round by round, if they were measured together. Returns whether that says more. */
static bool test_pairs(const struct advice_candidate *candidate,
                       const struct advice_candidate *first, bool more_is_better,
                       struct signed_rank *out)
{
	double ratios[ADVICE_ROUNDS_MAX];
	size_t count = candidate->session == first->session ? pair(candidate, first, ratios) : 0;

	for (size_t i = 0; i < count && more_is_better; i++)
		ratios[i] = -ratios[i];
	return count >= ADVICE_ROUNDS_MIN && signed_rank_test(ratios, count, CONFIDENCE, out) == 0;
}

/* Says how much worse a candidate is than the first, and whether rounds tell them apart. */
static void compare(struct advice_candidate *candidate, const struct advice_candidate *first,
                    bool more_is_better)
{
	double ratio = more_is_better ? first->median / candidate->median
	                              : candidate->median / first->median;
	struct signed_rank test;

	candidate->is_tied = candidate->low <= first->high && first->low <= candidate->high;
	if (test_pairs(candidate, first, more_is_better, &test)) {
		candidate->is_tied = test.low <= 0.0 && test.high >= 0.0;
		ratio = exp(test.estimate);
	}
	candidate->cost = fmax(1.0, ratio);
}

static int by_median(const void *left, const void *right)
{
	const struct advice_candidate *a = left;
	const struct advice_candidate *b = right;

	if (a->median != b->median)
		return a->median < b->median ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int by_median_falling(const void *left, const void *right)
{
	const struct advice_candidate *a = left;
	const struct advice_candidate *b = right;

	if (a->median != b->median)
		return a->median > b->median ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Moves the candidate at index to the front. */
static void put_first(struct advice_candidate *candidates, size_t index)
{
	struct advice_candidate moved = candidates[index];

	memmove(&candidates[1], &candidates[0], index * sizeof(*candidates));
	candidates[0] = moved;
}

/*
 * Puts one first that none beats in their common rounds: a machine that changes its
 * speed moves medians, but hardly the ratios inside a round.
 */
static void find_first(struct advice_candidate *candidates, size_t count, bool more_is_better)
{
	/* Each turn moves another one: a circle of beaters ends here, too. */
	for (size_t turn = 0; turn < count; turn++) {
		size_t better = 0;
		double least = -EDGE;

		for (size_t i = 1; i < count; i++) {
			struct signed_rank test;

			if (test_pairs(&candidates[i], &candidates[0], more_is_better, &test) &&
			    test.estimate < least) {
				least = test.estimate;
				better = i;
			}
		}
		if (better == 0)
			return;
		put_first(candidates, better);
	}
}

size_t advice_rank(struct advice_candidate *candidates, size_t count, bool more_is_better)
{
	size_t ranked = 0;

	/* Those in question to the front; the others keep their order. */
	for (size_t i = 0; i < count; i++) {
		struct advice_candidate moved = candidates[i];

		if (moved.is_excluded || !advice_is_measured(&moved))
			continue;
		memmove(&candidates[ranked + 1], &candidates[ranked],
		        (i - ranked) * sizeof(*candidates));
		candidates[ranked++] = moved;
	}
	if (ranked == 0)
		return 0;
	for (size_t i = 0; i < ranked; i++)
		sum_up(&candidates[i]);
	qsort(candidates, ranked, sizeof(*candidates),
	      more_is_better ? by_median_falling : by_median);
	find_first(candidates, ranked, more_is_better);
	for (size_t i = 0; i < ranked; i++)
		compare(&candidates[i], &candidates[0], more_is_better);
	candidates[0].cost = 1.0;
	candidates[0].is_tied = false;
	return ranked;
}
