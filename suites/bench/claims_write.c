/* SPDX-License-Identifier: MIT */
/* suites/bench/claims_write.c - judged claims as text, as JSON, and in a report. */
#include "suites/bench/claims_write.h"

#include <errno.h>
#include <jansson.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "results/exporter.h"

/* Numbers of a claim that fit its row of the table; all of them follow below it. */
#define ROW_FACTS 4u

static void row_facts(const struct claim *claim, char *out, size_t out_bytes)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < claim->facts_count && i < ROW_FACTS && used < out_bytes; i++)
		used += (size_t)snprintf(out + used, out_bytes - used, "%s%s %.4g",
		                         i > 0 ? ", " : "", claim->facts[i].name,
		                         claim->facts[i].value);
}

static int print_table(FILE *out, const struct claim *claims)
{
	static const struct {
		const char *title;
		double width;
		int flags;
	} columns[] = {{"CLAIM", 0, 0},
	               {"VERDICT", 0, 0},
	               {"MEASURED", 0.3, SCOLS_FL_WRAP},
	               {"NUMBERS", 0.4, SCOLS_FL_WRAP}};
	struct libscols_table *table = scols_new_table();

	if (!table)
		return -ENOMEM;
	scols_table_set_stream(table, out);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		scols_table_new_column(table, columns[i].title, columns[i].width, columns[i].flags);
	for (size_t i = 0; i < CLAIMS_COUNT; i++) {
		struct libscols_line *line = scols_table_new_line(table, NULL);
		char numbers[ROW_FACTS * (EXPERIMENT_NAME_BYTES + 20)];

		if (!line)
			break;
		row_facts(&claims[i], numbers, sizeof(numbers));
		scols_line_set_data(line, 0, claims[i].id);
		scols_line_set_data(line, 1, claim_verdict_text(claims[i].verdict));
		scols_line_set_data(line, 2, claims[i].how);
		scols_line_set_data(line, 3, numbers);
	}
	scols_print_table(table);
	scols_unref_table(table);
	return 0;
}

static void print_python(FILE *out, const struct trial *trial)
{
	for (size_t i = 0; i < trial->pythons_count; i++)
		fprintf(out, "%s is CPython %s%s\n", trial->pythons[i].name,
		        trial->pythons[i].version,
		        trial->pythons[i].is_free_threaded ? ", free-threaded" : "");
	if (trial->pythons_count == 0)
		fprintf(out, "CPython is skipped: %s\n", trial->python_why);
	else if (trial->python_why[0] != '\0')
		fprintf(out, "%s\n", trial->python_why);
	if (trial->pythons_count == 1 && !trial->pythons[0].is_free_threaded)
		fputs("A free-threaded CPython is skipped: no python3.13t or later in PATH\n", out);
}

int claims_write_text(FILE *out, const void *what)
{
	const struct claims_view *view = what;
	int ret = print_table(out, view->claims);

	if (ret < 0)
		return ret;
	fputc('\n', out);
	print_python(out, view->trial);
	for (size_t i = 0; i < CLAIMS_COUNT; i++) {
		const struct claim *claim = &view->claims[i];

		fprintf(out, "\n%s: %s\n  %s%s%s\n", claim->id, claim->claim,
		        claim_verdict_text(claim->verdict), claim->reason[0] ? ": " : "",
		        claim->reason);
		for (size_t j = 0; j < claim->facts_count; j++)
			fprintf(out, "  %-56s %.4g\n", claim->facts[j].name, claim->facts[j].value);
	}
	fputs("\nThe cells, those of CPython among them\n\n", out);
	return exporter_find("text")->write(out, view->report);
}

static json_t *claim_json(const struct claim *claim)
{
	json_t *measured = json_object();
	json_t *cells = json_array();

	for (size_t i = 0; i < claim->facts_count; i++)
		json_object_set_new(measured, claim->facts[i].name,
		                    json_real(claim->facts[i].value));
	for (size_t i = 0; i < claim->cells_count; i++)
		json_array_append_new(cells, json_string(claim->cells[i]));
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s?, s:o, s:o}", "id", claim->id, "claim", claim->claim,
		"how", claim->how, "verdict", claim_verdict_text(claim->verdict), "reason",
		claim->reason[0] ? claim->reason : NULL, "measured", measured, "cells", cells);
}

int claims_write_json(FILE *out, const void *what)
{
	const struct claims_view *view = what;
	json_t *claims = json_array();
	json_t *pythons = json_array();
	json_t *all;
	int ret;

	for (size_t i = 0; i < CLAIMS_COUNT; i++)
		json_array_append_new(claims, claim_json(&view->claims[i]));
	for (size_t i = 0; i < view->trial->pythons_count; i++)
		json_array_append_new(pythons,
		                      json_pack("{s:s, s:s, s:b}", "name",
		                                view->trial->pythons[i].name, "version",
		                                view->trial->pythons[i].version, "free_threaded",
		                                view->trial->pythons[i].is_free_threaded));
	all = json_pack("{s:s, s:s, s:o, s:o, s:s?}", "schema", "ipcbench/1", "session",
	                view->report->session.uuid, "claims", claims, "pythons", pythons,
	                "python_skipped",
	                view->trial->python_why[0] ? view->trial->python_why : NULL);
	if (!all)
		return -ENOMEM;
	ret = json_dumpf(all, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	json_decref(all);
	fputc('\n', out);
	return ret < 0 ? -EIO : 0;
}

int claims_add_to_report(const struct claim *claims, struct report_builder *builder)
{
	struct report_claim *row = calloc(1, sizeof(*row));
	int ret = row ? 0 : -ENOMEM;

	for (size_t i = 0; i < CLAIMS_COUNT && ret == 0; i++) {
		const struct claim *claim = &claims[i];

		*row = (struct report_claim){0};
		snprintf(row->id, sizeof(row->id), "%s", claim->id);
		snprintf(row->claim, sizeof(row->claim), "%s", claim->claim);
		snprintf(row->verdict, sizeof(row->verdict), "%s",
		         claim_verdict_text(claim->verdict));
		for (size_t j = 0; j < claim->facts_count && j < REPORT_MEASURES_MAX; j++) {
			snprintf(row->measured[j].name, sizeof(row->measured[j].name), "%s",
			         claim->facts[j].name);
			row->measured[j].value = claim->facts[j].value;
			row->measured_count++;
		}
		for (size_t j = 0; j < claim->cells_count && j < REPORT_CLAIM_CELLS_MAX; j++)
			snprintf(row->cells[row->cells_count++], RUN_CELL_BYTES, "%s",
			         claim->cells[j]);
		ret = report_add_claim(builder, row);
	}
	free(row);
	return ret;
}
