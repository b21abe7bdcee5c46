/* SPDX-License-Identifier: MIT */
/* results/exporters/json.c - the whole report as one JSON object. */
#include <errno.h>
#include <stdbool.h>

#include "results/claim_json.h"
#include "results/exporter.h"
#include "results/exporters/report_json.h"

/* Appends to an array; null, or an array that could not be made, is refused. */
static bool append(json_t *array, json_t *value)
{
	return json_array_append_new(array, value) == 0;
}

static int json_write(FILE *out, const struct report *report)
{
	json_t *whole = json_object();
	json_t *cells = json_array();
	json_t *skips = json_array();
	json_t *claims = json_array();
	json_t *experiments = json_array();
	bool is_whole = cells && skips && claims && experiments;

	for (size_t i = 0; i < report->cells_count; i++)
		is_whole = is_whole && append(cells, report_json_cell(&report->cells[i]));
	for (size_t i = 0; i < report->skips_count; i++)
		is_whole = is_whole && append(skips, report_json_skip(&report->skips[i]));
	for (size_t i = 0; i < report->claims_count; i++) {
		const struct report_claim *claim = &report->claims[i];

		is_whole = append(claim->verdict[0] != '\0' ? claims : experiments,
		                  claim_json(claim)) &&
		           is_whole;
	}
	is_whole =
		json_object_set_new(whole, "schema", json_string(REPORT_JSON_SCHEMA)) == 0 &&
		json_object_set_new(whole, "session", report_json_session(&report->session)) == 0 &&
		json_object_set_new(whole, "environment",
	                            report_json_environment(report->session.environment)) == 0 &&
		is_whole;
	is_whole = json_object_set_new(whole, "cells", cells) == 0 && is_whole;
	is_whole = json_object_set_new(whole, "skips", skips) == 0 && is_whole;
	is_whole = json_object_set_new(whole, "claims", claims) == 0 && is_whole;
	is_whole = json_object_set_new(whole, "experiments", experiments) == 0 && is_whole;
	if (!is_whole) {
		json_decref(whole);
		return -ENOMEM;
	}
	return report_json_write(out, whole);
}

const struct exporter exporter_json = {
	.name = "json",
	.summary = "one JSON object: session, environment, cells, skips, claims",
	.write = json_write,
};
