/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/columns.h - what the tables of all formats show of a cell.
 *
 * A column is a row of report_columns[]: how it prints a cell, and how soon it is
 * left out of a narrow terminal.
 */
#ifndef RESULTS_EXPORTERS_COLUMNS_H
#define RESULTS_EXPORTERS_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "results/report.h"

#define COLUMN_ENTRY_BYTES 192
#define REPORT_COLUMNS 21

enum column_kind {
	COLUMN_NAME,      /* always shown */
	COLUMN_SETTING,   /* shown in the title if equal in all rows */
	COLUMN_FIGURE,    /* a number of any metric */
	COLUMN_TRIP,      /* a number of round trips */
	COLUMN_THROUGHPUT /* a number of throughput */
};

struct column {
	const char *title;
	const char *key; /* as machines call it */
	enum column_kind kind;
	int drop_order; /* the highest goes first; 0: never left out */
	void (*print)(char *out, const struct report_cell *cell, bool is_utf8);
};

extern const struct column report_columns[REPORT_COLUMNS];

/*
 * Prints every entry of a table of at least one cell, whose metric is the first one's,
 * and decides which columns it has. entries has room for cells_count of each column, in
 * that order. Returns how many columns are shown.
 */
size_t column_fill(const struct report_cell *const *cells, size_t cells_count, bool is_utf8,
                   char (*entries)[COLUMN_ENTRY_BYTES], bool is_shown[REPORT_COLUMNS]);

#endif
