/* SPDX-License-Identifier: MIT */
/* results/verdict_report.c - what a comparison of two arms found, ready to be shown. */
#include "results/verdict_report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/statistics.h"

/* Least effect that matters by quantile, shares; p50 and throughput first. */
#define LEAST_EFFECT 0.03
#define LEAST_EFFECT_TAIL 0.05

size_t verdict_quantiles(enum run_metric metric, const double **out)
{
	static const double trip_quantiles[VERDICT_QUANTILES_MAX] = {0.5, 0.99};
	static const double rate[] = {0.0};

	*out = metric == RUN_ROUND_TRIP ? trip_quantiles : rate;
	return metric == RUN_ROUND_TRIP ? VERDICT_QUANTILES_MAX : 1;
}

int verdict_report_create(struct verdict_report **out)
{
	struct verdict_report *report = calloc(1, sizeof(*report));

	if (!report)
		return -ENOMEM;
	report->rules = comparison_rules_default;
	*out = report;
	return 0;
}

const double verdict_shift_points[VERDICT_SHIFT_POINTS] = {
	0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999,
};

static void series_release(struct verdict_series *series)
{
	free(series->values[0]);
	free(series->values[1]);
}

void verdict_report_destroy(struct verdict_report *report)
{
	if (!report)
		return;
	for (size_t i = 0; i < report->rows_count; i++) {
		for (size_t stage = 0; stage < VERDICT_STAGES; stage++)
			series_release(&report->rows[i].series[stage]);
		free(report->rows[i].differences);
	}
	for (size_t i = 0; i < report->pairs_count * VERDICT_STAGES * VERDICT_SHIFT_POINTS; i++) {
		size_t pair = i / (VERDICT_STAGES * VERDICT_SHIFT_POINTS);
		size_t stage = i / VERDICT_SHIFT_POINTS % VERDICT_STAGES;

		series_release(&report->pairs[pair].shift[stage][i % VERDICT_SHIFT_POINTS]);
	}
	free(report->rows);
	free(report->thefts);
	free(report->pairs);
	free(report);
}

int verdict_report_add_pair(struct verdict_report *report, const struct run_cell *a,
                            const struct run_cell *b, enum run_metric metric, bool is_control)
{
	const double *quantiles;
	size_t count = verdict_quantiles(metric, &quantiles);
	struct verdict_pair *pairs;
	struct verdict_row *rows;

	pairs = realloc(report->pairs, (report->pairs_count + 1) * sizeof(*pairs));
	if (!pairs)
		return -ENOMEM;
	report->pairs = pairs;
	rows = realloc(report->rows, (report->rows_count + count) * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	report->rows = rows;
	pairs[report->pairs_count] = (struct verdict_pair){
		.cells = {*a, *b},
		.metric = metric,
		.is_control = is_control,
		.first_row = report->rows_count,
		.rows_count = count,
	};
	for (size_t i = 0; i < count; i++)
		rows[report->rows_count++] = (struct verdict_row){
			.pair = report->pairs_count,
			.quantile = quantiles[i],
			.comparison.is_control = is_control,
			.comparison.is_advisory = is_control,
		};
	report->pairs_count++;
	return 0;
}

double verdict_value(const struct run *run, double quantile)
{
	uint64_t value;

	if (run->metric == RUN_THROUGHPUT)
		return run->elapsed_ns > 0 && run->messages > 0
		               ? (double)run->messages * 1e9 / (double)run->elapsed_ns
		               : NAN;
	if (!run->histogram || run->histogram->count == 0)
		return NAN;
	value = histogram_quantile(run->histogram, quantile);
	return value > 0 && value != HISTOGRAM_CLIPPED ? (double)value / (double)run->batch : NAN;
}

static int series_add(struct verdict_series *series, double a, double b)
{
	if (series->count == series->room) {
		size_t room = series->room > 0 ? 2 * series->room : 32;

		for (size_t arm = 0; arm < 2; arm++) {
			double *grown = realloc(series->values[arm], room * sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			series->values[arm] = grown;
		}
		series->room = room;
	}
	series->values[0][series->count] = a;
	series->values[1][series->count++] = b;
	return 0;
}

/* Keeps the quantiles of a round along the distribution. Returns 0, or -ENOMEM. */
static int add_shift(struct verdict_pair *pair, unsigned stage, const struct run *a,
                     const struct run *b)
{
	uint64_t in[2][VERDICT_SHIFT_POINTS];
	const struct run *runs[2] = {a, b};

	for (size_t arm = 0; arm < 2; arm++) {
		if (!runs[arm]->histogram || runs[arm]->histogram->count == 0)
			return 0;
		histogram_quantiles(runs[arm]->histogram, verdict_shift_points,
		                    VERDICT_SHIFT_POINTS, in[arm]);
	}
	for (size_t i = 0; i < VERDICT_SHIFT_POINTS; i++) {
		int ret;

		if (in[0][i] == 0 || in[1][i] == 0 || in[0][i] == HISTOGRAM_CLIPPED ||
		    in[1][i] == HISTOGRAM_CLIPPED)
			continue;
		ret = series_add(&pair->shift[stage][i], (double)in[0][i] / (double)a->batch,
		                 (double)in[1][i] / (double)b->batch);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Notes a round that was disturbed. Returns 0, or -ENOMEM. */
static int add_theft(struct verdict_report *report, size_t pair, unsigned stage, uint32_t round,
                     double share)
{
	struct verdict_theft *grown;

	if (!(share > VERDICT_STEAL_MAX))
		return 0;
	grown = realloc(report->thefts, (report->thefts_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	report->thefts = grown;
	grown[report->thefts_count++] = (struct verdict_theft){pair, stage, round, share};
	return 0;
}

static bool is_excluded(struct verdict_pair *pair, unsigned stage, double steal_share)
{
	double share = (double)(pair->excluded[stage] + 1) / (double)(pair->rounds[stage] + 1);

	if (!(steal_share > VERDICT_STEAL_MAX) || share > VERDICT_EXCLUDED_MAX)
		return false;
	pair->excluded[stage]++;
	return true;
}

int verdict_report_add_round(struct verdict_report *report, size_t index, unsigned stage,
                             const struct run *a, const struct run *b, double steal_share)
{
	struct verdict_pair *pair = &report->pairs[index];
	const char *failure = a->failure[0] != '\0' ? a->failure : b->failure;
	int ret;

	if (failure[0] != '\0') {
		if (pair->failed++ == 0)
			snprintf(pair->failure, sizeof(pair->failure), "%s", failure);
		pair->rounds[stage]++;
		return 0;
	}
	if (pair->batch == 0)
		pair->batch = a->batch;
	ret = add_theft(report, index, stage, a->round, steal_share);
	if (ret < 0)
		return ret;
	if (!is_excluded(pair, stage, steal_share)) {
		for (size_t i = 0; i < pair->rows_count; i++) {
			struct verdict_row *row = &report->rows[pair->first_row + i];
			double in_a = verdict_value(a, row->quantile);
			double in_b = verdict_value(b, row->quantile);

			if (isfinite(in_a) && isfinite(in_b))
				ret = series_add(&row->series[stage], in_a, in_b);
			if (ret < 0)
				return ret;
		}
		ret = add_shift(pair, stage, a, b);
		if (ret < 0)
			return ret;
	}
	pair->rounds[stage]++;
	return 0;
}

size_t verdict_report_counted(const struct verdict_report *report, size_t index, unsigned stage)
{
	const struct verdict_pair *pair = &report->pairs[index];

	return report->rows[pair->first_row].series[stage].count;
}

static int differences_of(const struct verdict_report *report, const struct verdict_row *row,
                          unsigned stage, double **out)
{
	const struct verdict_series *series = &row->series[stage];

	*out = malloc((series->count > 0 ? series->count : 1) * sizeof(**out));
	if (!*out)
		return -ENOMEM;
	comparison_differences(series->values[0], series->values[1], series->count,
	                       report->pairs[row->pair].metric == RUN_THROUGHPUT, *out);
	return 0;
}

/* Returns the median of one arm's values in a stage; NAN without memory or values. */
static double median_of(const struct verdict_series *series, size_t arm)
{
	double *sorted = series->count > 0 ? malloc(series->count * sizeof(*sorted)) : NULL;
	double median;

	if (!sorted)
		return NAN;
	memcpy(sorted, series->values[arm], series->count * sizeof(*sorted));
	statistics_sort(sorted, series->count);
	median = statistics_median(sorted, series->count);
	free(sorted);
	return median;
}

double verdict_least_share(double quantile)
{
	return quantile > 0.5 ? LEAST_EFFECT_TAIL : LEAST_EFFECT;
}

/* The least effect that matters: a number of nanoseconds has the clock's step in it. */
static double least_effect_of(const struct verdict_report *report, const struct verdict_row *row)
{
	const struct verdict_pair *pair = &report->pairs[row->pair];
	double share = verdict_least_share(row->quantile);
	double value = median_of(&row->series[0], 0);

	if (pair->metric == RUN_THROUGHPUT || !(value > 0.0))
		return share;
	return comparison_least_effect(share, report->tick_ns,
	                               value * (double)(pair->batch > 0 ? pair->batch : 1));
}

/* Hands a stage to the comparison, and keeps what is to be shown of it. */
static int add_stage(struct verdict_report *report, struct verdict_row *row, unsigned stage)
{
	const struct verdict_series *series = &row->series[stage];
	double *differences;
	int ret;

	if (series->count == 0)
		return 0;
	if (stage == 0)
		row->comparison.least_effect = least_effect_of(report, row);
	ret = differences_of(report, row, stage, &differences);
	if (ret < 0)
		return ret;
	free(row->differences);
	row->differences = differences;
	ret = comparison_add_stage(&row->comparison, differences, series->count, &report->rules);
	row->values[0] = median_of(series, 0);
	row->values[1] = median_of(series, 1);
	row->rounds_worse = 0;
	for (size_t i = 0; i < series->count; i++)
		row->rounds_worse += differences[i] > 0.0;
	/* Too few rounds are no error: the verdict says that it can't tell. */
	return ret == -EDOM ? 0 : ret;
}

int verdict_report_screen(struct verdict_report *report)
{
	int ret = 0;

	for (size_t i = 0; i < report->rows_count && ret == 0; i++)
		ret = add_stage(report, &report->rows[i], 0);
	return ret;
}

bool verdict_report_has_suspect(const struct verdict_report *report, size_t index)
{
	const struct verdict_pair *pair = &report->pairs[index];

	for (size_t i = 0; i < pair->rows_count; i++) {
		if (report->rows[pair->first_row + i].comparison.is_suspect)
			return true;
	}
	return false;
}

int verdict_report_judge(struct verdict_report *report)
{
	struct comparison *all = malloc((report->rows_count + 1) * sizeof(*all));
	int ret = all ? 0 : -ENOMEM;

	for (size_t i = 0; i < report->rows_count && ret == 0; i++) {
		struct verdict_row *row = &report->rows[i];

		/* The rows beside a suspect were measured again too; they keep stage 1. */
		if (row->comparison.is_suspect)
			ret = add_stage(report, row, 1);
		all[i] = row->comparison;
	}
	if (ret == 0)
		ret = comparison_judge(all, report->rows_count, &report->rules);
	for (size_t i = 0; i < report->rows_count && ret == 0; i++)
		report->rows[i].comparison = all[i];
	free(all);
	report->is_judged = ret == 0;
	return ret;
}

struct verdict_counts verdict_report_count(const struct verdict_report *report)
{
	struct verdict_counts counts = {0};

	for (size_t i = 0; i < report->rows_count; i++) {
		const struct comparison *c = &report->rows[i].comparison;

		counts.is_invalid |= comparison_is_invalid(c, 1);
		if (c->is_control)
			continue;
		counts.suspects += c->is_suspect;
		counts.failed += c->stage_count == 0;
		counts.regressed += c->verdict == COMPARISON_REGRESSED && !c->is_advisory;
		counts.improved += c->verdict == COMPARISON_IMPROVED;
		counts.small += c->verdict == COMPARISON_SMALL;
		counts.unchanged += c->verdict == COMPARISON_UNCHANGED;
		counts.inconclusive += c->verdict == COMPARISON_INCONCLUSIVE;
	}
	return counts;
}

void verdict_pair_name(const struct verdict_pair *pair, char *out, size_t out_bytes)
{
	const char *a = pair->cells[0].name;
	const char *b = pair->cells[1].name;
	size_t start = 0;
	size_t tail = 0;

	if (strcmp(a, b) == 0) {
		snprintf(out, out_bytes, "%s", a);
		return;
	}
	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		start = a[i] == '/' ? i + 1 : start;
	for (size_t i = 1; i < strlen(a) - start && i < strlen(b) - start; i++) {
		if (a[strlen(a) - i] != b[strlen(b) - i])
			break;
		tail = a[strlen(a) - i] == '/' ? i : tail;
	}
	snprintf(out, out_bytes, "%.*s{%.*s,%.*s}%s", (int)start, a,
	         (int)(strlen(a) - start - tail), a + start, (int)(strlen(b) - start - tail),
	         b + start, a + strlen(a) - tail);
}

const char *verdict_quantile_name(const struct verdict_row *row)
{
	return row->quantile == 0.0 ? "rate" : row->quantile == 0.5 ? "p50" : "p99";
}
