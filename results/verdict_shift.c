/* SPDX-License-Identifier: MIT */
/* results/verdict_shift.c - where in the distribution two arms differ. */
#include "results/verdict_shift.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "results/multiplicity.h"
#include "results/signed_rank.h"

#define ALPHA 0.05

/* Returns the stage that a pair's suspects were judged by. */
static unsigned stage_of(const struct verdict_report *report, const struct verdict_pair *pair)
{
	for (size_t i = 0; i < pair->rows_count; i++) {
		if (report->rows[pair->first_row + i].comparison.stage_count == 2)
			return 1;
	}
	return 0;
}

static int find_point(const struct verdict_report *report, const struct verdict_series *series,
                      size_t point, struct verdict_shift *out, double *p)
{
	struct signed_rank test;
	double *differences;
	int ret;

	if (series->count < COMPARISON_ROUNDS_MIN || series->count > SIGNED_RANK_COUNT_MAX)
		return 0;
	differences = malloc(series->count * sizeof(*differences));
	if (!differences)
		return -ENOMEM;
	comparison_differences(series->values[0], series->values[1], series->count, false,
	                       differences);
	ret = signed_rank_test(differences, series->count, report->rules.confidence, &test);
	free(differences);
	if (ret < 0)
		return ret;
	out->effect[point] = expm1(test.estimate);
	out->low[point] = expm1(test.low);
	out->high[point] = expm1(test.high);
	out->is_known[point] = true;
	*p = test.p;
	return 0;
}

int verdict_shift_find(const struct verdict_report *report, size_t index, struct verdict_shift *out)
{
	const struct verdict_pair *pair = &report->pairs[index];
	const struct verdict_series *series = pair->shift[stage_of(report, pair)];
	double p[VERDICT_SHIFT_POINTS];
	double adjusted[VERDICT_SHIFT_POINTS];
	size_t known = 0;
	int ret = 0;

	*out = (struct verdict_shift){0};
	for (size_t i = 0; i < VERDICT_SHIFT_POINTS && ret == 0; i++) {
		ret = find_point(report, &series[i], i, out, &p[known]);
		known += out->is_known[i];
	}
	if (ret == 0 && known == 0)
		ret = -ENODATA;
	if (ret == 0)
		ret = multiplicity_holm(p, known, adjusted);
	if (ret < 0)
		return ret;
	known = 0;
	for (size_t i = 0; i < VERDICT_SHIFT_POINTS; i++) {
		if (out->is_known[i])
			out->is_significant[i] = adjusted[known++] < ALPHA;
	}
	return 0;
}
