/* SPDX-License-Identifier: MIT */
/* results/exporters/report_json.h - a report as JSON values, for every JSON exporter. */
#ifndef RESULTS_EXPORTERS_REPORT_JSON_H
#define RESULTS_EXPORTERS_REPORT_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "results/report.h"

#define REPORT_JSON_SCHEMA "ipcbench/1"

/*
 * Each returns a new value, or null without memory. A figure that is not known is
 * null. A cell is of type "cell", or "failed" if none of its rounds gave a number.
 */
json_t *report_json_session(const struct session *session);
json_t *report_json_environment(const struct environment *environment);
json_t *report_json_cell(const struct report_cell *cell);
json_t *report_json_skip(const struct report_skip *skip);
json_t *report_json_claim(const struct report_claim *claim);

/*
 * Writes a value in one line and frees it; null is a value that could not be made.
 * Returns 0, -ENOMEM, or what exporter_error() does.
 */
int report_json_write(FILE *out, json_t *value);

#endif
