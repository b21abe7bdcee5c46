/* SPDX-License-Identifier: MIT */
/* results/multiplicity.c - p-values corrected for how many of them there are. */
#include "results/multiplicity.h"

#include <errno.h>
#include <stdlib.h>

struct ranked {
	double p;
	size_t index;
};

static int by_p(const void *left, const void *right)
{
	const struct ranked *a = left;
	const struct ranked *b = right;

	if (a->p != b->p)
		return a->p < b->p ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

/* Returns the p-values in ascending order, for free(), or null. */
static struct ranked *rank(const double *p, size_t count)
{
	struct ranked *ranked = malloc((count > 0 ? count : 1) * sizeof(*ranked));

	if (!ranked)
		return NULL;
	for (size_t i = 0; i < count; i++)
		ranked[i] = (struct ranked){p[i], i};
	qsort(ranked, count, sizeof(*ranked), by_p);
	return ranked;
}

int multiplicity_holm(const double *p, size_t count, double *adjusted)
{
	struct ranked *ranked = rank(p, count);
	double highest = 0.0;

	if (!ranked)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		double value = ranked[i].p * (double)(count - i);

		/* What is less likely can't be more certain. */
		highest = value > highest ? value : highest;
		adjusted[ranked[i].index] = highest < 1.0 ? highest : 1.0;
	}
	free(ranked);
	return 0;
}

int multiplicity_benjamini_hochberg(const double *p, size_t count, double *adjusted)
{
	struct ranked *ranked = rank(p, count);
	double lowest = 1.0;

	if (!ranked)
		return -ENOMEM;
	for (size_t i = count; i > 0; i--) {
		double value = ranked[i - 1].p * ((double)count / (double)i);

		lowest = value < lowest ? value : lowest;
		adjusted[ranked[i - 1].index] = lowest;
	}
	free(ranked);
	return 0;
}
