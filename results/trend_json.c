/* SPDX-License-Identifier: MIT */
/* results/trend_json.c - histories as one JSON object. */
#include "results/trend_write.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>

static const char *const starts[] = {
	[TREND_FIRST] = "first",
	[TREND_ENVIRONMENT] = "environment",
	[TREND_ANCHOR] = "anchor",
	[TREND_CHANGE] = "change",
};

static json_t *number_json(double number)
{
	return isfinite(number) ? json_real(number) : json_null();
}

static json_t *point_json(const struct trend_point *point)
{
	return json_pack("{s:s, s:I, s:s, s:s, s:s, s:o, s:o}", "session", point->uuid,
	                 "started_ns", (json_int_t)point->started_ns, "environment",
	                 point->environment_key, "build", point->build, "anchor", point->anchor,
	                 "value", number_json(point->value), "ratio", number_json(point->ratio));
}

static json_t *segment_json(const struct trend_segment *segment)
{
	return json_pack("{s:I, s:I, s:s, s:o}", "start", (json_int_t)segment->start, "count",
	                 (json_int_t)segment->count, "why", starts[segment->why], "level",
	                 number_json(segment->level));
}

static json_t *change_json(const struct trend_series *series, const struct trend_change *change)
{
	const struct trend_point *after = &series->points[change->index];
	const struct trend_point *before = after - 1;

	return json_pack("{s:s, s:I, s:o, s:o, s:s, s:s, s:b, s:{s:s, s:s}, s:{s:s, s:s}}", "id",
	                 change->id, "index", (json_int_t)change->index, "effect",
	                 number_json(change->effect), "p", number_json(change->p), "state",
	                 trend_state_name(change->state), "note", change->note, "is_alarm",
	                 trend_is_alarm(series, change), "before", "session", before->uuid, "build",
	                 before->build, "after", "session", after->uuid, "build", after->build);
}

/* Appends value, which is taken over. Returns 0, or -1. */
static int append(json_t *array, json_t *value)
{
	return json_array_append_new(array, value);
}

static json_t *series_json(const struct trend_series *series)
{
	json_t *points = json_array();
	json_t *segments = json_array();
	json_t *changes = json_array();
	int ret = 0;

	for (size_t i = 0; i < series->points_count; i++)
		ret |= append(points, point_json(&series->points[i]));
	for (size_t i = 0; i < series->segments_count; i++)
		ret |= append(segments, segment_json(&series->segments[i]));
	for (size_t i = 0; i < series->changes_count; i++)
		ret |= append(changes, change_json(series, &series->changes[i]));
	if (ret == 0)
		return json_pack(
			"{s:s, s:s, s:s, s:o, s:b, s:b, s:o, s:o, s:o}", "machine",
			series->machine_key, "cell", series->cell.name, "metric",
			series->metric == RUN_THROUGHPUT ? "throughput" : "round_trip", "quantile",
			series->quantile == 0.0 ? json_null() : json_real(series->quantile),
			"is_ratio", series->is_ratio, "is_low_power", series->is_low_power,
			"points", points, "segments", segments, "changes", changes);
	json_decref(points);
	json_decref(segments);
	json_decref(changes);
	return NULL;
}

int trend_json_write(FILE *out, const struct trend *trend)
{
	json_t *all = json_array();
	json_t *object;
	int ret = all ? 0 : -ENOMEM;

	for (size_t i = 0; i < trend->series_count && ret == 0; i++) {
		if (append(all, series_json(&trend->series[i])) < 0)
			ret = -ENOMEM;
	}
	object = ret == 0 ? json_pack("{s:s, s:s, s:O}", "schema", "ipcbench/1", "type", "trend",
	                              "series", all)
	                  : NULL;
	json_decref(all);
	if (!object)
		return -ENOMEM;
	if (json_dumpf(object, out, JSON_COMPACT) < 0 || fputc('\n', out) == EOF)
		ret = -EIO;
	json_decref(object);
	return ret;
}
