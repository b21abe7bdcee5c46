/* SPDX-License-Identifier: MIT */
/*
 * results/signed_rank.c - the exact Wilcoxon signed-rank test of paired differences.
 *
 * Ranks are kept doubled, so that mid-ranks of ties are integers too. The null
 * distribution comes from adding one rank after another: half of the chance keeps
 * the sum, half adds the rank. All terms are positive and a half is exact in
 * binary, so that small tails keep their relative precision.
 */
#include "results/signed_rank.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "results/statistics.h"

/*
 * Finds P(T <= i) for i from 0 to limit, where T sums each rank with a chance of
 * a half. *out is the caller's, for free(). Returns 0, or -ENOMEM.
 */
static int distribute(const uint32_t *ranks, size_t count, uint64_t limit, double **out)
{
	double *chances = calloc(limit + 1, sizeof(*chances));

	if (!chances)
		return -ENOMEM;
	chances[0] = 1.0;
	for (size_t i = 0; i < count; i++) {
		uint64_t rank = ranks[i];

		for (uint64_t sum = limit; sum >= rank; sum--)
			chances[sum] = 0.5 * (chances[sum] + chances[sum - rank]);
		for (uint64_t sum = 0; sum < rank && sum <= limit; sum++)
			chances[sum] *= 0.5;
	}
	for (uint64_t sum = 1; sum <= limit; sum++)
		chances[sum] += chances[sum - 1];
	*out = chances;
	return 0;
}

/* Does the same for the ranks 1 to count. */
static int distribute_untied(size_t count, uint64_t limit, double **out)
{
	uint32_t ranks[SIGNED_RANK_COUNT_MAX];

	if (count == 0 || count > SIGNED_RANK_COUNT_MAX)
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		ranks[i] = (uint32_t)i + 1;
	return distribute(ranks, count, limit, out);
}

static uint64_t walsh_count(size_t count)
{
	return (uint64_t)count * (count + 1) / 2;
}

int signed_rank_probability(size_t count, uint64_t rank_sum, double *out)
{
	uint64_t limit = walsh_count(count);
	double *chances;
	int ret;

	if (rank_sum < limit)
		limit = rank_sum;
	ret = distribute_untied(count, limit, &chances);
	if (ret < 0)
		return ret;
	*out = chances[limit];
	free(chances);
	return 0;
}

int signed_rank_critical(size_t count, double probability, int64_t *out)
{
	uint64_t limit = walsh_count(count);
	int64_t critical = -1;
	double *chances;
	int ret = distribute_untied(count, limit, &chances);

	if (ret < 0)
		return ret;
	while (critical < (int64_t)limit && chances[critical + 1] <= probability)
		critical++;
	free(chances);
	*out = critical;
	return 0;
}

static int by_distance(const void *left, const void *right)
{
	double a = fabs(*(const double *)left);
	double b = fabs(*(const double *)right);

	return (a > b) - (a < b);
}

/*
 * Gives each of the numbers, which ascend by distance from zero, twice its rank;
 * tied ones share the mean. Returns twice the rank sum of the positive ones.
 */
static uint64_t rank(const double *sorted, size_t count, uint32_t *ranks)
{
	uint64_t sum = 0;
	size_t end;

	for (size_t start = 0; start < count; start = end) {
		for (end = start + 1; end < count && fabs(sorted[end]) == fabs(sorted[start]);)
			end++;
		for (size_t i = start; i < end; i++) {
			/* Twice the mean of start + 1 to end. */
			ranks[i] = (uint32_t)(start + 1 + end);
			if (sorted[i] > 0.0)
				sum += ranks[i];
		}
	}
	return sum;
}

static int find_p(const double *differences, size_t count, struct signed_rank *out)
{
	double sorted[SIGNED_RANK_COUNT_MAX];
	uint32_t ranks[SIGNED_RANK_COUNT_MAX];
	size_t used = 0;
	uint64_t total;
	uint64_t sum;
	double *chances;
	int ret;

	for (size_t i = 0; i < count; i++) {
		if (differences[i] != 0.0)
			sorted[used++] = differences[i];
		out->count_higher += differences[i] > 0.0;
	}
	out->count_zero = count - used;
	qsort(sorted, used, sizeof(sorted[0]), by_distance);
	sum = rank(sorted, used, ranks);
	out->rank_sum = (double)sum / 2;
	/* The distribution is symmetric: the smaller tail will do. */
	total = 2 * walsh_count(used);
	if (sum > total - sum)
		sum = total - sum;
	ret = distribute(ranks, used, sum, &chances);
	if (ret < 0)
		return ret;
	out->p = fmin(1.0, 2.0 * chances[sum]);
	free(chances);
	return 0;
}

static int find_estimate(const double *differences, size_t count, double confidence,
                         struct signed_rank *out)
{
	size_t averages_count = (size_t)walsh_count(count);
	double *averages = malloc(averages_count * sizeof(*averages));
	size_t used = 0;
	int64_t critical;
	int ret;

	if (!averages)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = i; j < count; j++)
			averages[used++] = (differences[i] + differences[j]) / 2;
	}
	statistics_sort(averages, averages_count);
	out->estimate = statistics_median(averages, averages_count);
	ret = signed_rank_critical(count, (1.0 - confidence) / 2, &critical);
	if (ret == 0 && critical >= 0) {
		/* The (C + 1)th from either end, counted from 1. */
		out->low = averages[critical];
		out->high = averages[averages_count - 1 - (size_t)critical];
	}
	free(averages);
	return ret;
}

int signed_rank_test(const double *differences, size_t count, double confidence,
                     struct signed_rank *out)
{
	struct signed_rank result = {.count = count, .low = -INFINITY, .high = INFINITY};
	int ret;

	if (count == 0 || count > SIGNED_RANK_COUNT_MAX || !(confidence > 0.0 && confidence < 1.0))
		return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(differences[i]))
			return -EINVAL;
	}
	ret = find_p(differences, count, &result);
	if (ret == 0)
		ret = find_estimate(differences, count, confidence, &result);
	if (ret == 0)
		*out = result;
	return ret;
}
