/* SPDX-License-Identifier: MIT */
/* results/exporters/text_claims.c - claims and experiments for a terminal, with their numbers. */
#include <errno.h>
#include <libsmartcols.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "results/exporters/text.h"
#include "results/exporters/text_units.h"

/* Numbers of a claim that stand in its row of the table; all of them follow below it. */
#define ROW_MEASURES 4u
#define ROW_BYTES (ROW_MEASURES * (RUN_NAME_BYTES * 2 + 24))
#define HOW_COLUMNS 36u

/* A column, and how wide a terminal must be for it to be shown. */
static const struct {
	const char *title;
	size_t width_min;
} columns[] = {{"CLAIM", 0}, {"VERDICT", 0}, {"MEASURED", 140}, {"NUMBERS", 100}};

enum { COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static bool is_shown(size_t column, const struct text_style *style)
{
	return style->width == 0 || style->width >= columns[column].width_min;
}

/* Writes one number a line. */
static void row_numbers(char *out, size_t out_bytes, const struct report_claim *claim)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < claim->measured_count && i < ROW_MEASURES && used < out_bytes; i++)
		used += (size_t)snprintf(out + used, out_bytes - used, "%s%s %.4g",
		                         i > 0 ? "\n" : "", claim->measured[i].name,
		                         claim->measured[i].value);
}

/* Breaks lines at blanks. */
static void break_lines(char *text, size_t columns_max)
{
	char *blank = NULL;
	char *start = text;

	for (char *c = text; *c != '\0'; c++) {
		if (*c == ' ')
			blank = c;
		if (blank && (size_t)(c - start) >= columns_max) {
			*blank = '\n';
			start = blank + 1;
			blank = NULL;
		}
	}
}

/* Sets an entry, whose lines are made safe before they are broken. */
static bool set_entry(struct libscols_line *line, size_t column, const char *text,
                      size_t columns_max, const struct text_style *style)
{
	char safe[ROW_BYTES];

	text_safe(safe, sizeof(safe), text, style->is_utf8);
	break_lines(safe, columns_max);
	return scols_line_set_data(line, column, safe) == 0;
}

static bool add_row(struct libscols_table *table, const struct report_claim *claim,
                    const struct text_style *style)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char numbers[ROW_BYTES];
	bool is_whole = line && set_entry(line, 0, claim->id, SIZE_MAX, style) &&
	                set_entry(line, 1, claim->verdict, SIZE_MAX, style);
	size_t at = 2;

	if (is_whole && is_shown(2, style))
		is_whole = set_entry(line, at++, claim->how, HOW_COLUMNS, style);
	row_numbers(numbers, sizeof(numbers), claim);
	if (is_whole && is_shown(3, style))
		is_whole = scols_line_set_data(line, at, numbers) == 0;
	return is_whole;
}

/* Adds a column whose entries may have several lines. */
static bool add_column(struct libscols_table *table, const char *title)
{
	struct libscols_column *column = scols_table_new_column(table, title, 0.0, SCOLS_FL_WRAP);

	return column && scols_column_set_safechars(column, "\n") == 0 &&
	       scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk,
	                                 NULL) == 0;
}

/* Writes a row for each claim. Returns 0, or -ENOMEM. */
static int write_table(FILE *out, const struct report *report, const struct text_style *style)
{
	struct libscols_table *table = scols_new_table();
	char *text = NULL;
	bool is_whole = table && scols_table_set_column_separator(table, "  ") == 0;

	if (table)
		scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	for (size_t i = 0; i < COLUMNS && is_whole; i++)
		is_whole = !is_shown(i, style) || add_column(table, columns[i].title);
	for (size_t i = 0; i < report->claims_count && is_whole; i++) {
		if (report->claims[i].verdict[0] != '\0')
			is_whole = add_row(table, &report->claims[i], style);
	}
	is_whole = is_whole && scols_print_table_to_string(table, &text) == 0;
	if (is_whole)
		text_lines(out, text);
	free(text);
	scols_unref_table(table);
	return is_whole ? 0 : -ENOMEM;
}

/* Writes one claim with its verdict, or one experiment, and every number. */
static void write_numbers(FILE *out, const struct report_claim *claim,
                          const struct text_style *style)
{
	char safe[2 * RUN_TEXT_BYTES];

	text_safe(safe, sizeof(safe), claim->claim, style->is_utf8);
	fprintf(out, "\n%s: %s\n", claim->id, safe);
	text_safe(safe, sizeof(safe), claim->reason, style->is_utf8);
	if (claim->verdict[0] != '\0' || safe[0] != '\0')
		fprintf(out, "  %s%s%s\n", claim->verdict,
		        claim->verdict[0] != '\0' && safe[0] != '\0' ? ": " : "", safe);
	for (size_t i = 0; i < claim->measured_count && i < REPORT_MEASURES_MAX; i++) {
		text_safe(safe, sizeof(safe), claim->measured[i].name, style->is_utf8);
		fprintf(out, "  %-56s %.4g\n", safe, claim->measured[i].value);
	}
}

int text_claims_write(FILE *out, const struct report *report, const struct text_style *style)
{
	bool has_verdict = false;
	int ret = 0;

	for (size_t i = 0; i < report->claims_count; i++)
		has_verdict = has_verdict || report->claims[i].verdict[0] != '\0';
	if (has_verdict) {
		fputs("\nThread or process?\n", out);
		ret = write_table(out, report, style);
	}
	for (size_t i = 0; i < report->claims_count && ret == 0; i++)
		write_numbers(out, &report->claims[i], style);
	return ret;
}
