/* SPDX-License-Identifier: MIT */
/* results/exporters/text.h - the text exporter's own settings, for tests. */
#ifndef RESULTS_EXPORTERS_TEXT_H
#define RESULTS_EXPORTERS_TEXT_H

#include "results/exporter.h"

struct text_style {
	bool is_utf8;
	size_t width; /* columns of the terminal; 0: no limit */
};

/* Writes as exporter_text does, with a style given instead of asked of the terminal. */
int text_write(FILE *out, const struct report *report, const struct text_style *style);

/*
 * Writes one table of cells that share workload and metric, then its footnotes.
 * Columns that are equal in all rows stand in the title; where the width is too
 * small the least needed columns are left out, and a line says which.
 * Returns 0, or -ENOMEM.
 */
int text_table_write(FILE *out, const struct report_cell *const *cells, size_t cells_count,
                     const struct text_style *style);

/*
 * Writes the claims: a row each with its first numbers, then each one's verdict and
 * every number; and experiments, which have no verdict. Returns 0, or -ENOMEM.
 */
int text_claims_write(FILE *out, const struct report *report, const struct text_style *style);

/* Writes lines without the blanks at their ends. */
void text_lines(FILE *out, const char *text);

#endif
