/* SPDX-License-Identifier: MIT */
/* results/stored_comparison.c - two stored sessions against each other. */
#include "results/stored_comparison.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/multiplicity.h"
#include "results/rank_sum.h"
#include "results/statistics.h"

/* The figures of one cell, a number a round that counts. */
struct stored_cell {
	struct run_cell cell;
	enum run_metric metric;
	uint64_t batch;
	double *values[VERDICT_QUANTILES_MAX]; /* in the order of a pair's rows */
	size_t counts[VERDICT_QUANTILES_MAX];
	size_t room;
	uint32_t played; /* failed ones too */
	uint32_t failed;
	char failure[RUN_TEXT_BYTES];
};

void stored_rounds_release(struct stored_rounds *rounds)
{
	for (size_t i = 0; i < rounds->cells_count; i++) {
		for (size_t q = 0; q < VERDICT_QUANTILES_MAX; q++)
			free(rounds->cells[i].values[q]);
	}
	free(rounds->cells);
	*rounds = (struct stored_rounds){0};
}

size_t stored_rounds_count(const struct stored_rounds *rounds)
{
	return rounds->cells_count;
}

const struct run_cell *stored_rounds_cell(const struct stored_rounds *rounds, size_t index)
{
	return &rounds->cells[index].cell;
}

static struct stored_cell *find(const struct stored_rounds *rounds, const char *name)
{
	for (size_t i = 0; i < rounds->cells_count; i++) {
		if (strcmp(rounds->cells[i].cell.name, name) == 0)
			return &rounds->cells[i];
	}
	return NULL;
}

const struct run_cell *stored_rounds_find(const struct stored_rounds *rounds, const char *name)
{
	const struct stored_cell *found = find(rounds, name);

	return found ? &found->cell : NULL;
}

/* Finds the cell of a run, or adds it. Returns null without memory. */
static struct stored_cell *cell_of(struct stored_rounds *rounds, const struct run *run)
{
	struct stored_cell *found = find(rounds, run->cell->name);
	struct stored_cell *grown;

	if (found)
		return found;
	grown = reallocarray(rounds->cells, rounds->cells_count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	rounds->cells = grown;
	found = &grown[rounds->cells_count++];
	*found = (struct stored_cell){.cell = *run->cell, .metric = run->metric};
	return found;
}

static int make_room(struct stored_cell *cell)
{
	size_t room = cell->room > 0 ? 2 * cell->room : 16;

	if (cell->played < cell->room)
		return 0;
	for (size_t q = 0; q < VERDICT_QUANTILES_MAX; q++) {
		double *grown = reallocarray(cell->values[q], room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		cell->values[q] = grown;
	}
	cell->room = room;
	return 0;
}

int stored_rounds_add(struct stored_rounds *rounds, const struct run *run)
{
	struct stored_cell *cell = cell_of(rounds, run);
	const double *quantiles;
	size_t count;

	if (!cell || make_room(cell) < 0)
		return -ENOMEM;
	cell->played++;
	if (run->failure[0] != '\0') {
		if (cell->failed++ == 0)
			memcpy(cell->failure, run->failure, sizeof(cell->failure));
		return 0;
	}
	if (cell->batch == 0)
		cell->batch = run->batch;
	count = verdict_quantiles(run->metric, &quantiles);
	for (size_t q = 0; q < count; q++) {
		double value = verdict_value(run, quantiles[q]);

		if (isfinite(value))
			cell->values[q][cell->counts[q]++] = value;
	}
	return 0;
}

static double median(double *numbers, size_t count)
{
	statistics_sort(numbers, count);
	return statistics_median(numbers, count);
}

/* What two sessions may differ by, whatever a history has seen. */
static double allowance_of(const struct verdict_row *row)
{
	return row->quantile > 0.5 ? STORED_ALLOWANCE_TAIL : STORED_ALLOWANCE;
}

/* Keeps what is to be shown: B's rounds beside the middle of A. */
static int keep_differences(struct verdict_row *row, const double *logs_b, size_t count,
                            double middle, double sign)
{
	row->differences = calloc(count, sizeof(*row->differences));
	if (!row->differences)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		row->differences[i] = sign * (logs_b[i] - middle);
		row->rounds_worse += row->differences[i] > 0.0;
	}
	return 0;
}

/* Keeps the rounds of both to be drawn, as many as both have; they are no pairs. */
static int keep_rounds(struct verdict_row *row, const double *a, const double *b, size_t count)
{
	struct verdict_series *series = &row->series[0];
	const double *from[2] = {a, b};

	for (size_t arm = 0; arm < 2; arm++) {
		series->values[arm] = calloc(count, sizeof(double));
		if (!series->values[arm])
			return -ENOMEM;
		memcpy(series->values[arm], from[arm], count * sizeof(double));
	}
	series->count = series->room = count;
	return 0;
}

/* Fills one row from the rounds of both; logs has room for both. Fewer rounds leave it empty. */
static int fill_row(const struct verdict_report *report, struct verdict_row *row,
                    const struct stored_cell *a, const struct stored_cell *b, size_t q,
                    double *logs)
{
	const size_t counts[2] = {a->counts[q], b->counts[q]};
	double *logs_b = logs + counts[0];
	/* So that above zero is worse. */
	double sign = a->metric == RUN_THROUGHPUT ? -1.0 : 1.0;
	struct comparison *c = &row->comparison;
	struct rank_sum test;
	int ret;

	c->least_effect = verdict_least_share(row->quantile);
	row->allowance = allowance_of(row);
	if (counts[0] < COMPARISON_ROUNDS_MIN || counts[1] < COMPARISON_ROUNDS_MIN)
		return 0;
	for (size_t i = 0; i < counts[0]; i++)
		logs[i] = sign * log(a->values[q][i]);
	for (size_t i = 0; i < counts[1]; i++)
		logs_b[i] = sign * log(b->values[q][i]);
	ret = rank_sum_test(logs, counts[0], logs_b, counts[1], report->rules.confidence, &test);
	if (ret < 0)
		return ret;
	c->rounds = counts[0] < counts[1] ? counts[0] : counts[1];
	c->stage_count = 1;
	c->p = c->p_adjusted = test.p;
	c->effect = expm1(test.estimate);
	c->low = expm1(test.low);
	c->high = expm1(test.high);
	c->stages[0].test = (struct signed_rank){.count = c->rounds,
	                                         .rank_sum = test.rank_sum,
	                                         .p = test.p,
	                                         .estimate = test.estimate,
	                                         .low = test.low,
	                                         .high = test.high};
	for (size_t i = 0; i < counts[1]; i++)
		logs_b[i] = log(b->values[q][i]);
	ret = keep_differences(row, logs_b, counts[1], sign * median(logs, counts[0]), sign);
	if (ret == 0)
		ret = keep_rounds(row, a->values[q], b->values[q], c->rounds);
	c->stages[0].sigma = c->least_seen = NAN;
	row->values[0] = exp(sign * statistics_median(logs, counts[0]));
	row->values[1] = exp(median(logs_b, counts[1]));
	return ret;
}

/* The control's name is that of the cell which no change of a transport touches. */
static bool is_control(const struct run_cell *cell)
{
	return strcmp(cell->transport, "loopback") == 0 && strcmp(cell->workload, "ping_pong") == 0;
}

static int add_pair(struct verdict_report *report, const struct stored_cell *a,
                    const struct stored_cell *b)
{
	double *logs = calloc(a->played + b->played + 1, sizeof(*logs));
	struct verdict_pair *pair;
	int ret = logs ? verdict_report_add_pair(report, &a->cell, &b->cell, a->metric,
	                                         is_control(&a->cell))
	               : -ENOMEM;

	if (ret < 0) {
		free(logs);
		return ret;
	}
	pair = &report->pairs[report->pairs_count - 1];
	pair->batch = a->batch;
	pair->rounds[0] = a->played < b->played ? a->played : b->played;
	pair->failed = a->failed + b->failed;
	memcpy(pair->failure, a->failed > 0 ? a->failure : b->failure, sizeof(pair->failure));
	for (size_t q = 0; q < pair->rows_count && ret == 0; q++)
		ret = fill_row(report, &report->rows[pair->first_row + q], a, b, q, logs);
	free(logs);
	return ret;
}

int stored_comparison_add(struct verdict_report *report, const struct stored_rounds *a,
                          const struct stored_rounds *b)
{
	int ret = 0;

	report->is_stored = true;
	for (size_t i = 0; i < a->cells_count && ret == 0; i++) {
		const struct stored_cell *partner = find(b, a->cells[i].cell.name);

		if (partner && partner->metric == a->cells[i].metric)
			ret = add_pair(report, &a->cells[i], partner);
	}
	return ret;
}

void stored_comparison_allow(struct verdict_report *report, const char *cell, double quantile,
                             double step)
{
	for (size_t i = 0; i < report->rows_count; i++) {
		struct verdict_row *row = &report->rows[i];

		if (row->quantile == quantile &&
		    strcmp(report->pairs[row->pair].cells[0].name, cell) == 0)
			row->allowance = fmax(row->allowance, step);
	}
}

static enum comparison_verdict decide(const struct verdict_row *row)
{
	const struct comparison *c = &row->comparison;
	double allowed = fmax(row->allowance, c->least_effect);
	bool is_significant = c->p_adjusted < STORED_ALPHA;

	if (c->stage_count == 0)
		return COMPARISON_INCONCLUSIVE;
	/* As far down as 1 / (1 + x) is as far as x up, so that A and B may change places. */
	if (is_significant && c->low > allowed)
		return COMPARISON_REGRESSED;
	if (is_significant && c->high < 1.0 / (1.0 + allowed) - 1.0)
		return COMPARISON_IMPROVED;
	if (c->low > -c->least_effect && c->high < c->least_effect)
		return is_significant ? COMPARISON_SMALL : COMPARISON_UNCHANGED;
	return COMPARISON_INCONCLUSIVE;
}

int stored_comparison_judge(struct verdict_report *report)
{
	double *p = calloc(report->rows_count + 1, sizeof(*p));
	size_t count = 0;
	int ret = p ? 0 : -ENOMEM;

	for (size_t i = 0; i < report->rows_count && ret == 0; i++) {
		if (report->rows[i].comparison.stage_count > 0)
			p[count++] = report->rows[i].comparison.p;
	}
	if (ret == 0)
		ret = multiplicity_holm(p, count, p);
	count = 0;
	for (size_t i = 0; i < report->rows_count && ret == 0; i++) {
		struct verdict_row *row = &report->rows[i];

		if (row->comparison.stage_count > 0)
			row->comparison.p_adjusted = p[count++];
		row->comparison.verdict = decide(row);
	}
	free(p);
	report->is_judged = ret == 0;
	return ret;
}
