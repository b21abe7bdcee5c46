/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/text_table.c - cells of one workload as a table.
 *
 * A column is a row of columns[]: how it prints a cell, and how soon it is left
 * out of a narrow terminal.
 */
#include "results/exporters/text.h"

#include <errno.h>
#include <libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/exporters/text_units.h"

#define ENTRY_BYTES 192
#define GAP 2 /* blanks between columns */

enum column_kind {
	COLUMN_NAME,      /* always shown */
	COLUMN_SETTING,   /* shown in the title if equal in all rows */
	COLUMN_FIGURE,    /* a number of any metric */
	COLUMN_TRIP,      /* a number of round trips */
	COLUMN_THROUGHPUT /* a number of throughput */
};

struct column {
	const char *title;
	enum column_kind kind;
	int drop_order; /* the highest goes first; 0: never left out */
	void (*print)(char *out, const struct report_cell *cell, bool is_utf8);
};

struct table {
	const struct report_cell *const *cells;
	size_t cells_count;
	const struct text_style *style;
	char (*entries)[ENTRY_BYTES]; /* cells_count for each column */
	bool *is_shown;               /* by column */
};

static void print_transport(char *out, const struct report_cell *cell, bool is_utf8)
{
	size_t length;

	text_safe(out, ENTRY_BYTES - 1, cell->cell.transport, is_utf8);
	length = strlen(out);
	if (cell->batch > 1)
		memcpy(out + length, "*", 2);
}

/* The third part of the cell's name is its size as people write it. */
static void print_size(char *out, const struct report_cell *cell, bool is_utf8)
{
	const char *part = strchr(cell->cell.name, '/');

	(void)is_utf8;
	part = part ? strchr(part + 1, '/') : NULL;
	if (part)
		snprintf(out, ENTRY_BYTES, "%.*s", (int)strcspn(part + 1, "/"), part + 1);
	else
		snprintf(out, ENTRY_BYTES, "%lluB", (unsigned long long)cell->cell.size_bytes);
}

static void print_placement(char *out, const struct report_cell *cell, bool is_utf8)
{
	text_safe(out, ENTRY_BYTES, cell->cell.placement, is_utf8);
}

static void print_wait(char *out, const struct report_cell *cell, bool is_utf8)
{
	text_safe(out, ENTRY_BYTES, cell->cell.wait, is_utf8);
}

static void print_model(char *out, const struct report_cell *cell, bool is_utf8)
{
	text_safe(out, ENTRY_BYTES, cell->cell.model, is_utf8);
}

static void print_params(char *out, const struct report_cell *cell, bool is_utf8)
{
	text_safe(out, ENTRY_BYTES, cell->cell.params, is_utf8);
}

static void print_min(char *out, const struct report_cell *cell, bool is_utf8)
{
	text_time(out, ENTRY_BYTES, cell->quantiles_ns[0].is_known ? cell->min_ns : NAN, is_utf8);
}

static void print_max(char *out, const struct report_cell *cell, bool is_utf8)
{
	text_time(out, ENTRY_BYTES, cell->quantiles_ns[0].is_known ? cell->max_ns : NAN, is_utf8);
}

static void print_quantile(char *out, const struct report_cell *cell, bool is_utf8, size_t q)
{
	text_time(out, ENTRY_BYTES, cell->is_resolved[q] ? cell->quantiles_ns[q].median : NAN,
	          is_utf8);
}

static void print_p50(char *out, const struct report_cell *cell, bool is_utf8)
{
	print_quantile(out, cell, is_utf8, 0);
}

static void print_p90(char *out, const struct report_cell *cell, bool is_utf8)
{
	print_quantile(out, cell, is_utf8, 1);
}

static void print_p99(char *out, const struct report_cell *cell, bool is_utf8)
{
	print_quantile(out, cell, is_utf8, 2);
}

static void print_p999(char *out, const struct report_cell *cell, bool is_utf8)
{
	print_quantile(out, cell, is_utf8, 3);
}

/* Half of what lies between the quartiles of the rounds, in percent of the median. */
static void print_spread(char *out, const struct report_cell *cell, bool is_utf8)
{
	const struct report_figure *figure =
		cell->metric == RUN_ROUND_TRIP ? &cell->quantiles_ns[0] : &cell->messages_per_s;
	double spread = (figure->high - figure->low) / 2.0 / figure->median * 100.0;

	if (!figure->is_known || !isfinite(spread) || cell->rounds < 2)
		snprintf(out, ENTRY_BYTES, "-");
	else
		snprintf(out, ENTRY_BYTES, "%s%.1f %%", is_utf8 ? "±" : "+-", spread);
}

static void print_messages(char *out, const struct report_cell *cell, bool is_utf8)
{
	(void)is_utf8;
	text_scaled(out, ENTRY_BYTES,
	            cell->messages_per_s.is_known ? cell->messages_per_s.median : NAN, "/s");
}

static void print_bytes(char *out, const struct report_cell *cell, bool is_utf8)
{
	(void)is_utf8;
	text_plain(out, ENTRY_BYTES,
	           cell->bytes_per_s.is_known ? cell->bytes_per_s.median / 1e6 : NAN);
}

static double known(const struct report_figure *figure)
{
	return figure->is_known ? figure->median : NAN;
}

static void print_cpu(char *out, const struct report_cell *cell, bool is_utf8)
{
	char first[TEXT_NUMBER_BYTES];
	char second[TEXT_NUMBER_BYTES];

	if (cell->peer_count != 2) {
		text_time(out, ENTRY_BYTES, known(&cell->cpu_ns_per_message), is_utf8);
		return;
	}
	text_time(first, sizeof(first), known(&cell->peers[0].cpu_ns_per_message), is_utf8);
	text_time(second, sizeof(second), known(&cell->peers[1].cpu_ns_per_message), is_utf8);
	snprintf(out, ENTRY_BYTES, "%s + %s", first, second);
}

static void print_switches(char *out, const struct report_cell *cell, bool is_utf8)
{
	char first[TEXT_NUMBER_BYTES];
	char second[TEXT_NUMBER_BYTES];

	(void)is_utf8;
	if (cell->peer_count != 2) {
		text_plain(out, ENTRY_BYTES, known(&cell->switches_per_message));
		return;
	}
	text_plain(first, sizeof(first), known(&cell->peers[0].switches_per_message));
	text_plain(second, sizeof(second), known(&cell->peers[1].switches_per_message));
	snprintf(out, ENTRY_BYTES, "%s + %s", first, second);
}

static void print_batch(char *out, const struct report_cell *cell, bool is_utf8)
{
	(void)is_utf8;
	if (cell->batch > 1)
		snprintf(out, ENTRY_BYTES, "%llu", (unsigned long long)cell->batch);
	else
		out[0] = '\0';
}

static void print_rounds(char *out, const struct report_cell *cell, bool is_utf8)
{
	(void)is_utf8;
	if (cell->rounds_failed > 0)
		snprintf(out, ENTRY_BYTES, "%u of %u!", cell->rounds,
		         cell->rounds + cell->rounds_failed);
	else
		snprintf(out, ENTRY_BYTES, "%u", cell->rounds);
}

static const struct column columns[] = {
	{"TRANSPORT", COLUMN_NAME, 0, print_transport},
	{"SIZE", COLUMN_SETTING, 0, print_size},
	{"PLACEMENT", COLUMN_SETTING, 0, print_placement},
	{"WAIT", COLUMN_SETTING, 0, print_wait},
	{"MODEL", COLUMN_SETTING, 0, print_model},
	{"OTHER", COLUMN_SETTING, 0, print_params},
	{"MIN", COLUMN_TRIP, 4, print_min},
	{"P50", COLUMN_TRIP, 0, print_p50},
	{"SPREAD", COLUMN_TRIP, 2, print_spread},
	{"P90", COLUMN_TRIP, 5, print_p90},
	{"P99", COLUMN_TRIP, 1, print_p99},
	{"P99.9", COLUMN_TRIP, 3, print_p999},
	{"MAX", COLUMN_TRIP, 6, print_max},
	{"MESSAGES", COLUMN_THROUGHPUT, 0, print_messages},
	{"SPREAD", COLUMN_THROUGHPUT, 2, print_spread},
	{"MB/s", COLUMN_THROUGHPUT, 1, print_bytes},
	{"CPU", COLUMN_FIGURE, 7, print_cpu},
	{"SWITCHES", COLUMN_FIGURE, 8, print_switches},
	{"BATCH", COLUMN_FIGURE, 10, print_batch},
	{"ROUNDS", COLUMN_FIGURE, 9, print_rounds},
};

enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

static const char *entry(const struct table *table, size_t column, size_t row)
{
	return table->entries[column * table->cells_count + row];
}

/* Says whether all rows of a column read the same. */
static bool is_constant(const struct table *table, size_t column)
{
	for (size_t row = 1; row < table->cells_count; row++) {
		if (strcmp(entry(table, column, row), entry(table, column, 0)) != 0)
			return false;
	}
	return true;
}

/* Prints every entry, and decides which columns this table has. */
static void fill(struct table *table)
{
	enum column_kind metric =
		table->cells[0]->metric == RUN_ROUND_TRIP ? COLUMN_TRIP : COLUMN_THROUGHPUT;

	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		enum column_kind kind = columns[i].kind;

		for (size_t row = 0; row < table->cells_count; row++)
			columns[i].print(table->entries[i * table->cells_count + row],
			                 table->cells[row], table->style->is_utf8);
		if (kind == COLUMN_SETTING)
			table->is_shown[i] = !is_constant(table, i);
		else if (kind == COLUMN_FIGURE)
			table->is_shown[i] =
				entry(table, i, 0)[0] != '\0' || !is_constant(table, i);
		else
			table->is_shown[i] = kind == COLUMN_NAME || kind == metric;
	}
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t width = strlen(columns[column].title);

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
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		total += table->is_shown[i] ? column_width(table, i) + GAP : 0;
	while (table->style->width > 0 && total > table->style->width + GAP) {
		size_t next = COLUMN_COUNT;

		for (size_t i = 0; i < COLUMN_COUNT; i++) {
			if (table->is_shown[i] && columns[i].drop_order > 0 &&
			    (next == COLUMN_COUNT ||
			     columns[i].drop_order > columns[next].drop_order))
				next = i;
		}
		if (next == COLUMN_COUNT)
			return; /* what is left is needed: let the lines wrap */
		table->is_shown[next] = false;
		total -= column_width(table, next) + GAP;
		if (filled < left_out_bytes)
			filled += (size_t)snprintf(left_out + filled, left_out_bytes - filled,
			                           "%s%s", filled ? ", " : "", columns[next].title);
	}
}

static void write_title(FILE *out, const struct table *table)
{
	char workload[RUN_NAME_BYTES];
	bool is_trip = table->cells[0]->metric == RUN_ROUND_TRIP;

	text_safe(workload, sizeof(workload), table->cells[0]->cell.workload,
	          table->style->is_utf8);
	fprintf(out, "%s: %s", workload, is_trip ? "round-trip time" : "throughput as received");
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		if (columns[i].kind == COLUMN_SETTING && !table->is_shown[i] &&
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

/* Writes lines without the blanks at their ends, which a row without entries is full of. */
static void write_lines(FILE *out, const char *text)
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
	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		bool is_text = columns[i].kind == COLUMN_NAME || columns[i].kind == COLUMN_SETTING;

		if (table->is_shown[i] && !scols_table_new_column(grid, columns[i].title, 0.0,
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
		for (size_t i = 0; i < COLUMN_COUNT; i++) {
			if (table->is_shown[i] &&
			    scols_line_set_data(line, at++, entry(table, i, row)) < 0)
				goto done;
		}
	}
	if (scols_print_table_to_string(grid, &text) == 0) {
		write_lines(out, text);
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
	bool is_shown[COLUMN_COUNT];
	char left_out[128];
	struct table table = {
		.cells = cells,
		.cells_count = cells_count,
		.style = style,
		.entries = calloc(COLUMN_COUNT * cells_count, ENTRY_BYTES),
		.is_shown = is_shown,
	};
	int ret;

	if (!table.entries)
		return -ENOMEM;
	fill(&table);
	write_title(out, &table);
	fit(&table, left_out, sizeof(left_out));
	ret = write_grid(out, &table);
	if (ret == 0)
		write_footnotes(out, &table, left_out);
	free(table.entries);
	return ret;
}
