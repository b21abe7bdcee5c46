/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/verdict/json.c - verdicts as one JSON object.
 *
 * Numbers keep all their digits, so that the same verdicts are the same bytes.
 */

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "results/verdict_exporter.h"

#define SCHEMA "ipcbench/1"

static json_t *number_json(double number)
{
	return isfinite(number) ? json_real(number) : json_null();
}

/* Sets a key to value, which is taken over; a value that could not be made is an error. */
static int put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

static int put_figures(json_t *object, const struct verdict_row *row)
{
	const struct comparison *c = &row->comparison;
	bool has_stage = c->stage_count > 0;
	int ret = 0;

	ret |= put(object, "effect", number_json(has_stage ? c->effect : NAN));
	ret |= put(object, "low", number_json(has_stage ? c->low : NAN));
	ret |= put(object, "high", number_json(has_stage ? c->high : NAN));
	ret |= put(object, "p", number_json(has_stage ? c->p : NAN));
	ret |= put(object, "rounds", json_integer((json_int_t)c->rounds));
	ret |= put(object, "p_adjusted", number_json(has_stage ? c->p_adjusted : NAN));
	ret |= put(object, "p_first", number_json(has_stage ? c->stages[0].test.p : NAN));
	ret |= put(object, "stage", json_integer((json_int_t)c->stage_count));
	ret |= put(object, "is_suspect", json_boolean(c->is_suspect));
	ret |= put(object, "a", number_json(has_stage ? row->values[0] : NAN));
	ret |= put(object, "b", number_json(has_stage ? row->values[1] : NAN));
	ret |= put(object, "sigma",
	           number_json(has_stage ? c->stages[c->stage_count - 1].sigma : NAN));
	ret |= put(object, "least_effect", number_json(c->least_effect));
	ret |= put(object, "least_seen", number_json(has_stage ? c->least_seen : NAN));
	ret |= put(object, "rounds_needed",
	           c->rounds_needed < INT32_MAX ? json_integer((json_int_t)c->rounds_needed)
	                                        : json_null());
	ret |= put(object, "rounds_worse", json_integer((json_int_t)row->rounds_worse));
	return ret;
}

static json_t *row_json(const struct verdict_report *report, const struct verdict_row *row)
{
	const struct verdict_pair *pair = &report->pairs[row->pair];
	const struct comparison *c = &row->comparison;
	json_t *object = json_object();
	int ret = object ? 0 : -1;

	ret |= put(object, "cell", json_string(pair->cells[0].name));
	if (strcmp(pair->cells[0].name, pair->cells[1].name) != 0)
		ret |= put(object, "cell_b", json_string(pair->cells[1].name));
	ret |= put(object, "metric",
	           json_string(pair->metric == RUN_THROUGHPUT ? "throughput" : "round_trip"));
	ret |= put(object, "quantile",
	           pair->metric == RUN_THROUGHPUT ? json_null() : json_real(row->quantile));
	ret |= put(object, "verdict", json_string(comparison_verdict_name(c->verdict)));
	ret |= put_figures(object, row);
	ret |= put(object, "excluded",
	           json_integer((json_int_t)pair->excluded[c->stage_count == 2 ? 1 : 0]));
	if (pair->failed > 0) {
		ret |= put(object, "failed_rounds", json_integer((json_int_t)pair->failed));
		ret |= put(object, "failure", json_string(pair->failure));
	}
	if (ret == 0)
		return object;
	json_decref(object);
	return NULL;
}

/* Returns the rows of the controls, or of all others. */
static json_t *rows_json(const struct verdict_report *report, bool are_controls)
{
	json_t *array = json_array();

	for (size_t i = 0; i < report->rows_count && array; i++) {
		if (report->rows[i].comparison.is_control != are_controls)
			continue;
		if (json_array_append_new(array, row_json(report, &report->rows[i])) < 0) {
			json_decref(array);
			array = NULL;
		}
	}
	return array;
}

static json_t *arms_json(const struct verdict_report *report)
{
	return json_pack("{s:s, s:s}", "A", report->arms[0] ? report->arms[0] : "", "B",
	                 report->arms[1] ? report->arms[1] : "");
}

/* A string where no 64-bit integer of JSON's readers holds it. */
static json_t *seed_json(uint64_t seed)
{
	return seed <= INT64_MAX ? json_integer((json_int_t)seed)
	                         : json_sprintf("%llu", (unsigned long long)seed);
}

static json_t *report_json(const struct verdict_report *report)
{
	struct verdict_counts counts = verdict_report_count(report);
	json_t *object = json_object();
	int ret = object ? 0 : -1;

	ret |= put(object, "schema", json_string(SCHEMA));
	ret |= put(object, "type", json_string("comparison"));
	if (report->session) {
		ret |= put(object, "session", json_string(report->session->uuid));
		ret |= put(object, "status",
		           json_string(report->session->status ? report->session->status : ""));
	}
	ret |= put(object, "seed", seed_json(report->seed));
	ret |= put(object, "arms", arms_json(report));
	if (report->note)
		ret |= put(object, "note", json_string(report->note));
	ret |= put(object, "is_valid", json_boolean(!counts.is_invalid));
	ret |= put(object, "verdicts", rows_json(report, false));
	ret |= put(object, "control", rows_json(report, true));
	if (ret == 0)
		return object;
	json_decref(object);
	return NULL;
}

static int write_json(FILE *out, const struct verdict_report *report)
{
	json_t *object = report_json(report);
	int ret = 0;

	if (!object)
		return -ENOMEM;
	if (json_dumpf(object, out, JSON_COMPACT) < 0 || fputc('\n', out) == EOF)
		ret = -EIO;
	json_decref(object);
	return ret;
}

const struct verdict_exporter verdict_exporter_json = {
	.name = "json",
	.summary = "one JSON object: arms, verdicts, control",
	.write = write_json,
};
