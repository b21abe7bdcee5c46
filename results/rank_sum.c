/* SPDX-License-Identifier: MIT */
/* results/rank_sum.c - the Wilcoxon rank-sum test of two samples that are not paired. */
#include "results/rank_sum.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "results/power.h"
#include "results/statistics.h"

struct ranked {
	double number;
	uint32_t twice; /* the mid-rank, doubled to be an integer */
	uint32_t is_b;
};

/* Which of the numbers of ranks stand in b under the null: all subsets of b_count. */
struct null {
	const struct ranked *ranks;
	size_t count;
	size_t b_count;
};

static int compare_ranked(const void *left, const void *right)
{
	const struct ranked *a = left;
	const struct ranked *b = right;

	return (a->number > b->number) - (a->number < b->number);
}

/* Gives equal numbers the mean of their ranks. Returns the sum of t^3 - t over ties of t. */
static double set_ranks(struct ranked *all, size_t count)
{
	double ties = 0.0;

	qsort(all, count, sizeof(*all), compare_ranked);
	for (size_t start = 0; start < count;) {
		size_t end = start;
		double tied;

		while (end < count && all[end].number == all[start].number)
			end++;
		for (size_t i = start; i < end; i++)
			all[i].twice = (uint32_t)(start + 1 + end);
		tied = (double)(end - start);
		ties += tied * tied * tied - tied;
		start = end;
	}
	return ties;
}

/*
 * Counts the subsets by their doubled rank sum: ways[size][sum] holds those of the
 * ranks so far. On success *out is one array of sums, for free(), and *sums its length.
 */
static int count_subsets(const struct null *null, double **out, size_t *sums)
{
	size_t total = null->count * (null->count + 1);
	size_t room = total + 1;
	double *ways = calloc((null->b_count + 1) * room, sizeof(*ways));
	size_t reached = 0;

	if (!ways)
		return -ENOMEM;
	ways[0] = 1.0;
	for (size_t i = 0; i < null->count; i++) {
		size_t rank = null->ranks[i].twice;
		size_t most = i + 1 < null->b_count ? i + 1 : null->b_count;

		reached += rank;
		/* Downwards, so that no rank is taken twice. */
		for (size_t size = most; size > 0; size--) {
			double *to = ways + size * room;
			const double *from = ways + (size - 1) * room;

			for (size_t sum = rank; sum <= reached; sum++)
				to[sum] += from[sum - rank];
		}
	}
	memmove(ways, ways + null->b_count * room, room * sizeof(*ways));
	*out = ways;
	*sums = room;
	return 0;
}

static double fraction(const double *ways, size_t from, size_t to, double all)
{
	double sum = 0.0;

	for (size_t i = from; i < to; i++)
		sum += ways[i];
	return sum / all;
}

/* The exact two-sided p of a doubled rank sum, given the ties. */
static int exact_p(const struct null *null, size_t observed, double *out)
{
	double *ways;
	size_t sums;
	double all;
	double lower;
	double upper;
	int ret = count_subsets(null, &ways, &sums);

	if (ret < 0)
		return ret;
	all = fraction(ways, 0, sums, 1.0);
	lower = fraction(ways, 0, observed + 1, all);
	upper = fraction(ways, observed, sums, all);
	free(ways);
	*out = fmin(1.0, 2.0 * fmin(lower, upper));
	return 0;
}

/* The standard deviation of the rank sum under the null. */
static double null_sigma(double m, double n, double ties)
{
	double count = m + n;

	return sqrt(m * n / 12.0 * (count + 1.0 - ties / (count * (count - 1.0))));
}

static double normal_p(size_t a_count, size_t b_count, double rank_sum, double ties)
{
	double m = (double)a_count;
	double n = (double)b_count;
	double away = fabs(rank_sum - n * (m + n + 1.0) / 2.0) - 0.5;
	double sigma = null_sigma(m, n, ties);

	return sigma > 0.0 && away > 0.0 ? erfc(away / sigma / sqrt(2.0)) : 1.0;
}

/*
 * Finds C, the largest U with P(U <= C) <= probability for untied samples; -1 if
 * even P(U <= 0) is above it. U is the rank sum without its least value.
 */
static int critical(size_t a_count, size_t b_count, double probability, int64_t *out)
{
	size_t count = a_count + b_count;
	struct ranked *ranks;
	struct null null;
	double *ways;
	double all;
	double sum = 0.0;
	size_t least = b_count * (b_count + 1);
	size_t sums;
	int ret;

	if (count > RANK_SUM_EXACT_MAX) {
		double middle = (double)a_count * (double)b_count / 2.0;
		double sigma = null_sigma((double)a_count, (double)b_count, 0.0);
		double at = middle - 0.5 + power_normal_quantile(probability) * sigma;

		*out = at < 0.0 ? -1 : (int64_t)at;
		return 0;
	}
	ranks = calloc(count, sizeof(*ranks));
	if (!ranks)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		ranks[i].twice = (uint32_t)(2 * (i + 1));
	null = (struct null){ranks, count, b_count};
	ret = count_subsets(&null, &ways, &sums);
	free(ranks);
	if (ret < 0)
		return ret;
	all = fraction(ways, 0, sums, 1.0);
	*out = -1;
	/* Untied sums are even. */
	for (size_t i = least; i < sums; i += 2) {
		sum += ways[i] / all;
		if (sum > probability)
			break;
		*out = (int64_t)((i - least) / 2);
	}
	free(ways);
	return 0;
}

/* Sets estimate and interval from all differences. */
static int estimate(const double *a, size_t a_count, const double *b, size_t b_count,
                    double confidence, struct rank_sum *out)
{
	size_t count = a_count * b_count;
	double *differences = calloc(count, sizeof(*differences));
	int64_t tail;
	int ret;

	if (!differences)
		return -ENOMEM;
	for (size_t i = 0; i < a_count; i++) {
		for (size_t j = 0; j < b_count; j++)
			differences[i * b_count + j] = b[j] - a[i];
	}
	statistics_sort(differences, count);
	out->estimate = statistics_median(differences, count);
	ret = critical(a_count, b_count, (1.0 - confidence) / 2.0, &tail);
	out->low = -INFINITY;
	out->high = INFINITY;
	if (ret == 0 && tail >= 0) {
		out->low = differences[tail];
		out->high = differences[count - 1 - (size_t)tail];
	}
	free(differences);
	return ret;
}

static int are_finite(const double *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(numbers[i]))
			return 0;
	}
	return 1;
}

int rank_sum_test(const double *a, size_t a_count, const double *b, size_t b_count,
                  double confidence, struct rank_sum *out)
{
	size_t count = a_count + b_count;
	struct rank_sum result;
	struct ranked *all;
	size_t twice = 0;
	double ties;
	int ret = 0;

	if (a_count == 0 || b_count == 0 || a_count > RANK_SUM_COUNT_MAX ||
	    b_count > RANK_SUM_COUNT_MAX || count > RANK_SUM_COUNT_MAX || !are_finite(a, a_count) ||
	    !are_finite(b, b_count))
		return -EINVAL;
	all = calloc(count, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		all[i] = (struct ranked){
			.number = i < a_count ? a[i] : b[i - a_count],
			.is_b = i >= a_count,
		};
	ties = set_ranks(all, count);
	for (size_t i = 0; i < count; i++)
		twice += all[i].is_b ? all[i].twice : 0;
	result.rank_sum = (double)twice / 2.0;
	if (count <= RANK_SUM_EXACT_MAX) {
		const struct null null = {all, count, b_count};

		ret = exact_p(&null, twice, &result.p);
	} else {
		result.p = normal_p(a_count, b_count, result.rank_sum, ties);
	}
	free(all);
	if (ret == 0)
		ret = estimate(a, a_count, b, b_count, confidence, &result);
	if (ret == 0)
		*out = result;
	return ret;
}
