/* SPDX-License-Identifier: MIT */
/* results/trend.c - the history of each cell on a machine, and where it changed. */
#include "results/trend.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/change_point.h"
#include "results/statistics.h"
#include "results/verdict_report.h"

static const char *const states[TREND_STATES] = {
	[TREND_NEW] = "new",           [TREND_CONFIRMED] = "confirmed", [TREND_REFUTED] = "refuted",
	[TREND_ACCEPTED] = "accepted", [TREND_REJECTED] = "rejected",
};

const char *trend_state_name(enum trend_state state)
{
	return states[state];
}

enum trend_state trend_state_find(const char *name)
{
	enum trend_state state = 0;

	while (state < TREND_STATES && strcmp(states[state], name) != 0)
		state++;
	return state;
}

const char *trend_quantile_name(double quantile)
{
	return quantile == 0.0 ? "rate" : quantile > 0.5 ? "p99" : "p50";
}

void trend_release(struct trend *trend)
{
	for (size_t i = 0; i < trend->series_count; i++) {
		free(trend->series[i].points);
		free(trend->series[i].segments);
		free(trend->series[i].changes);
	}
	free(trend->series);
	*trend = (struct trend){0};
}

static bool is_series(const struct trend_series *series, const char *machine_key,
                      const struct run_cell *cell, double quantile)
{
	return series->quantile == quantile && series->cell.harness == cell->harness &&
	       strcmp(series->cell.name, cell->name) == 0 &&
	       strcmp(series->machine_key, machine_key) == 0;
}

/* Finds the series of a point among the last ones, or adds it. Returns null without memory. */
static struct trend_series *series_of(struct trend *trend, const char *machine_key,
                                      const struct run_cell *cell, double quantile)
{
	size_t recent = trend->series_count < 2 * VERDICT_QUANTILES_MAX ? trend->series_count
	                                                                : 2 * VERDICT_QUANTILES_MAX;
	struct trend_series *series;

	/* Points of a series come together: no need to look at all. */
	for (size_t i = 1; i <= recent; i++) {
		series = &trend->series[trend->series_count - i];
		if (is_series(series, machine_key, cell, quantile))
			return series;
	}
	if (trend->series_count == trend->series_room) {
		size_t room = trend->series_room > 0 ? 2 * trend->series_room : 16;

		series = reallocarray(trend->series, room, sizeof(*series));
		if (!series)
			return NULL;
		trend->series = series;
		trend->series_room = room;
	}
	series = &trend->series[trend->series_count++];
	*series = (struct trend_series){.cell = *cell, .quantile = quantile};
	snprintf(series->machine_key, sizeof(series->machine_key), "%s", machine_key);
	return series;
}

int trend_add(struct trend *trend, const char *machine_key, const struct run_cell *cell,
              enum run_metric metric, double quantile, const struct trend_point *point)
{
	struct trend_series *series = series_of(trend, machine_key, cell, quantile);

	if (!series)
		return -ENOMEM;
	series->metric = metric;
	if (series->points_count == series->points_room) {
		size_t room = series->points_room > 0 ? 2 * series->points_room : 16;
		struct trend_point *grown = reallocarray(series->points, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		series->points = grown;
		series->points_room = room;
	}
	series->points[series->points_count++] = *point;
	return 0;
}

/* Drops what can't be compared: points without an anchor where others have one. */
static void choose_points(struct trend_series *series)
{
	size_t kept = 0;

	series->is_ratio = false;
	for (size_t i = 0; i < series->points_count; i++)
		series->is_ratio |= isfinite(series->points[i].ratio);
	for (size_t i = 0; i < series->points_count; i++) {
		const struct trend_point *point = &series->points[i];
		double figure = series->is_ratio ? point->ratio : point->value;

		if (isfinite(figure) && figure > 0.0)
			series->points[kept++] = *point;
	}
	series->points_count = kept;
}

static double figure_of(const struct trend_series *series, size_t index)
{
	return series->is_ratio ? series->points[index].ratio : series->points[index].value;
}

/* Why a point can't go on where the one before it stopped; TREND_CHANGE if it can. */
static enum trend_start break_at(const struct trend_series *series, size_t index)
{
	const struct trend_point *here = &series->points[index];
	const struct trend_point *before = here - 1;

	if (index == 0)
		return TREND_FIRST;
	if (strcmp(here->environment_key, before->environment_key) != 0)
		return TREND_ENVIRONMENT;
	if (series->is_ratio && strcmp(here->anchor, before->anchor) != 0)
		return TREND_ANCHOR;
	return TREND_CHANGE;
}

/* FNV-1a, of which 32 bits name a change among those of one history. */
static uint64_t hash(uint64_t state, const char *text)
{
	for (; *text; text++)
		state = (state ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return (state ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t series_id(const struct trend_series *series)
{
	uint64_t state = hash(UINT64_C(0xcbf29ce484222325), series->machine_key);

	state = hash(state, series->cell.name);
	return hash(state, trend_quantile_name(series->quantile));
}

static void add_segment(struct trend_series *series, size_t start, size_t end, enum trend_start why,
                        double *scratch)
{
	for (size_t i = start; i < end; i++)
		scratch[i - start] = figure_of(series, i);
	statistics_sort(scratch, end - start);
	series->segments[series->segments_count++] = (struct trend_segment){
		.start = start,
		.count = end - start,
		.why = why,
		.level = statistics_median(scratch, end - start),
	};
}

static void add_change(struct trend_series *series, const struct change_point *point, size_t start)
{
	struct trend_change *change = &series->changes[series->changes_count++];
	/* More messages a second are better. */
	double sign = series->metric == RUN_THROUGHPUT ? -1.0 : 1.0;

	*change = (struct trend_change){
		.index = start + point->index,
		.effect = expm1(sign * (point->after - point->before)),
		.p = point->p,
	};
	snprintf(change->id, sizeof(change->id), "%08x",
	         (unsigned)(hash(series_id(series), series->points[change->index].uuid) >> 32));
}

/* Searches one stretch; logs and scratch have room for it. */
static int search(struct trend_series *series, size_t start, size_t end, double *logs,
                  double *scratch)
{
	const struct change_point_options options = {
		.id = series_id(series),
		.least_effect = log1p(verdict_least_share(series->quantile)),
	};
	struct change_points found;
	size_t from = start;
	int ret;

	for (size_t i = start; i < end; i++)
		logs[i - start] = log(figure_of(series, i));
	ret = change_point_find(logs, end - start, &options, &found);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < found.count; i++) {
		size_t to = start + found.points[i].index;

		add_segment(series, from, to,
		            from == start ? break_at(series, start) : TREND_CHANGE, scratch);
		add_change(series, &found.points[i], start);
		from = to;
	}
	add_segment(series, from, end, from == start ? break_at(series, start) : TREND_CHANGE,
	            scratch);
	series->is_low_power |= found.is_low_power;
	change_points_release(&found);
	return 0;
}

static int analyse(struct trend_series *series)
{
	size_t count;
	double *logs;
	size_t start = 0;
	int ret = 0;

	choose_points(series);
	count = series->points_count;
	free(series->segments);
	free(series->changes);
	series->segments_count = series->changes_count = 0;
	series->segments = calloc(count + 1, sizeof(*series->segments));
	series->changes = calloc(count + 1, sizeof(*series->changes));
	logs = calloc(2 * count + 1, sizeof(*logs));
	if (!series->segments || !series->changes || !logs)
		ret = -ENOMEM;
	for (size_t i = 1; i <= count && ret == 0; i++) {
		if (i < count && break_at(series, i) == TREND_CHANGE)
			continue;
		ret = search(series, start, i, logs, logs + count);
		start = i;
	}
	free(logs);
	return ret;
}

int trend_analyse(struct trend *trend)
{
	int ret = 0;

	for (size_t i = 0; i < trend->series_count && ret == 0; i++)
		ret = analyse(&trend->series[i]);
	return ret;
}

/* Finds a point of a series by its session. Returns points_count if it isn't there. */
static size_t find_point(const struct trend_series *series, const char *uuid)
{
	size_t i = 0;

	while (i < series->points_count && strcmp(series->points[i].uuid, uuid) != 0)
		i++;
	return i;
}

/* The id that a change at this point would have. */
static bool has_id(const struct trend_series *series, size_t index, const char *id)
{
	char text[TREND_ID_BYTES];

	snprintf(text, sizeof(text), "%08x",
	         (unsigned)(hash(series_id(series), series->points[index].uuid) >> 32));
	return strcmp(text, id) == 0;
}

bool trend_judge(struct trend *trend, const struct trend_judgement *judgement)
{
	for (size_t i = 0; i < trend->series_count; i++) {
		struct trend_series *series = &trend->series[i];
		size_t at = series->changes_count > 0 ? find_point(series, judgement->uuid)
		                                      : series->points_count;

		if (at == series->points_count || !has_id(series, at, judgement->id))
			continue;
		/* More points move a change a little; its judgement goes with it, and its name. */
		for (size_t j = 0; j < series->changes_count; j++) {
			struct trend_change *change = &series->changes[j];

			if (change->index > at + TREND_DRIFT || at > change->index + TREND_DRIFT)
				continue;
			snprintf(change->id, sizeof(change->id), "%s", judgement->id);
			snprintf(change->note, sizeof(change->note), "%s", judgement->note);
			change->state = judgement->state;
			return true;
		}
	}
	return false;
}

size_t trend_find(const struct trend *trend, const char *id, const struct trend_series **series,
                  const struct trend_change **out)
{
	size_t found = 0;

	for (size_t i = 0; i < trend->series_count; i++) {
		for (size_t j = 0; j < trend->series[i].changes_count; j++) {
			if (strncmp(trend->series[i].changes[j].id, id, strlen(id)) != 0)
				continue;
			if (found++ > 0)
				continue;
			*series = &trend->series[i];
			*out = &trend->series[i].changes[j];
		}
	}
	return found;
}

bool trend_is_alarm(const struct trend_series *series, const struct trend_change *change)
{
	return series->is_ratio && change->effect > 0.0 &&
	       (change->state == TREND_NEW || change->state == TREND_CONFIRMED);
}
