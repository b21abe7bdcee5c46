/* SPDX-License-Identifier: MIT */
/* results/exporters/text_table.c - cells of one workload as a table. */
#include "results/exporters/text.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "results/exporters/columns.h"
#include "results/exporters/text_units.h"

#define GAP 2 /* blanks between columns */

struct table {
	const struct report_cell *const *cells;
	size_t cells_count;
	const struct text_style *style;
	char (*entries)[COLUMN_ENTRY_BYTES]; /* cells_count for each column */
	bool *is_shown;                      /* by column */
};

static const char *entry(const struct table *table, size_t column, size_t row)
{
	return table->entries[column * table->cells_count + row];
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t width = strlen(report_columns[column].title);

	for (size_t row = 0; row < table->cells_count; row++) {
		size_t wanted = text_width(entry(table, column, row));

		width = wanted > width ? wanted : width;
	}
	return width;
}

/* Leaves columns out until the table fits; names them in left_out. */
static void fit(struct table *table, char *left_out, size_t left_out_bytes)
{
	size_t total = 0;
	size_t filled = 0;

	left_out[0] = '\0';
	for (size_t i = 0; i < REPORT_COLUMNS; i++)
		total += table->is_shown[i] ? column_width(table, i) + GAP : 0;
	while (table->style->width > 0 && total > table->style->width + GAP) {
		size_t next = REPORT_COLUMNS;

		for (size_t i = 0; i < REPORT_COLUMNS; i++) {
			if (table->is_shown[i] && report_columns[i].drop_order > 0 &&
			    (next == REPORT_COLUMNS ||
			     report_columns[i].drop_order > report_columns[next].drop_order))
				next = i;
		}
		if (next == REPORT_COLUMNS)
			return; /* what is left is needed: let the lines wrap */
		table->is_shown[next] = false;
		total -= column_width(table, next) + GAP;
		if (filled < left_out_bytes)
			filled +=
				(size_t)snprintf(left_out + filled, left_out_bytes - filled, "%s%s",
			                         filled ? ", " : "", report_columns[next].title);
	}
}

static void write_title(FILE *out, const struct table *table)
{
	char workload[RUN_NAME_BYTES];
	bool is_trip = table->cells[0]->metric == RUN_ROUND_TRIP;

	text_safe(workload, sizeof(workload), table->cells[0]->cell.workload,
	          table->style->is_utf8);
	fprintf(out, "%s: %s", workload, is_trip ? "round-trip time" : "throughput as received");
	for (size_t i = 0; i < REPORT_COLUMNS; i++) {
		if (report_columns[i].kind == COLUMN_SETTING && !table->is_shown[i] &&
		    entry(table, i, 0)[0] != '\0')
			fprintf(out, ", %s", entry(table, i, 0));
	}
	fputc('\n', out);
}

/* Says whether a row begins another group: where and how its peers run differs. */
static bool is_group_start(const struct table *table, size_t row)
{
	const struct run_cell *above = &table->cells[row - 1]->cell;
	const struct run_cell *here = &table->cells[row]->cell;

	return strcmp(above->model, here->model) != 0 ||
	       strcmp(above->placement, here->placement) != 0 ||
	       strcmp(above->wait, here->wait) != 0;
}

/* Says whether blank lines would help: there are groups, and not all of a single row. */
static bool has_groups(const struct table *table)
{
	size_t starts = 0;

	for (size_t row = 1; row < table->cells_count; row++)
		starts += is_group_start(table, row);
	return starts > 0 && starts + 1 < table->cells_count;
}

void text_lines(FILE *out, const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		size_t shown = length;

		while (shown > 0 && text[shown - 1] == ' ')
			shown--;
		fwrite(text, 1, shown, out);
		fputc('\n', out);
		text += length + (text[length] == '\n');
	}
}

/* Hands the entries to libsmartcols. Returns 0, or -ENOMEM. */
static int write_grid(FILE *out, const struct table *table)
{
	struct libscols_table *grid = scols_new_table();
	bool is_grouped = has_groups(table);
	char *text = NULL;
	int ret = -ENOMEM;

	if (!grid || scols_table_set_column_separator(grid, "  ") < 0)
		goto done;
	scols_table_set_termforce(grid, SCOLS_TERMFORCE_NEVER);
	for (size_t i = 0; i < REPORT_COLUMNS; i++) {
		bool is_text = report_columns[i].kind == COLUMN_NAME ||
		               report_columns[i].kind == COLUMN_SETTING;

		if (table->is_shown[i] &&
		    !scols_table_new_column(grid, report_columns[i].title, 0.0,
		                            is_text ? 0 : SCOLS_FL_RIGHT))
			goto done;
	}
	for (size_t row = 0; row < table->cells_count; row++) {
		struct libscols_line *line;
		size_t at = 0;

		if (row > 0 && is_grouped && is_group_start(table, row) &&
		    !scols_table_new_line(grid, NULL))
			goto done;
		line = scols_table_new_line(grid, NULL);
		if (!line)
			goto done;
		for (size_t i = 0; i < REPORT_COLUMNS; i++) {
			if (table->is_shown[i] &&
			    scols_line_set_data(line, at++, entry(table, i, row)) < 0)
				goto done;
		}
	}
	if (scols_print_table_to_string(grid, &text) == 0) {
		text_lines(out, text);
		ret = 0;
	}
done:
	free(text);
	scols_unref_table(grid);
	return ret;
}

/* Writes what the columns mean where they need it. */
static void write_footnotes(FILE *out, const struct table *table, const char *left_out)
{
	const struct report_cell *first = table->cells[0];
	const char *unit = first->metric == RUN_ROUND_TRIP ? "round trip" : "message";
	bool has_batch = false;
	bool has_unresolved = false;

	for (size_t row = 0; row < table->cells_count; row++) {
		const struct report_cell *cell = table->cells[row];

		has_batch = has_batch || cell->batch > 1;
		for (size_t q = 0; q < REPORT_QUANTILES; q++)
			has_unresolved = has_unresolved ||
			                 (cell->metric == RUN_ROUND_TRIP && !cell->is_resolved[q]);
	}
	if (first->peer_count == 2)
		fprintf(out, "  CPU, SWITCHES: time and context switches a %s, %s + %s.\n", unit,
		        first->peers[0].name, first->peers[1].name);
	else
		fprintf(out, "  CPU, SWITCHES: time and context switches a %s, of all peers.\n",
		        unit);
	if (has_batch)
		fputs("  * one clock stamp for BATCH operations, each too short to be timed "
		      "alone:\n    its quantiles are those of means of BATCH.\n",
		      out);
	if (has_unresolved)
		fputs("  - fewer than 20 values lie beyond this quantile: more rounds would show "
		      "it.\n",
		      out);
	if (left_out[0] != '\0')
		fprintf(out, "  Left out, since the terminal has %zu columns: %s.\n",
		        table->style->width, left_out);
}

int text_table_write(FILE *out, const struct report_cell *const *cells, size_t cells_count,
                     const struct text_style *style)
{
	bool is_shown[REPORT_COLUMNS];
	char left_out[128];
	struct table table = {
		.cells = cells,
		.cells_count = cells_count,
		.style = style,
		.entries = calloc(REPORT_COLUMNS * cells_count, COLUMN_ENTRY_BYTES),
		.is_shown = is_shown,
	};
	int ret;

	if (!table.entries)
		return -ENOMEM;
	column_fill(cells, cells_count, style->is_utf8, table.entries, is_shown);
	write_title(out, &table);
	fit(&table, left_out, sizeof(left_out));
	ret = write_grid(out, &table);
	if (ret == 0)
		write_footnotes(out, &table, left_out);
	free(table.entries);
	return ret;
}
