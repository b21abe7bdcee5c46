/* SPDX-License-Identifier: MIT */
/* results/exporters/verdict/table.h - the tables of verdicts for a terminal. */
#ifndef RESULTS_EXPORTERS_VERDICT_TABLE_H
#define RESULTS_EXPORTERS_VERDICT_TABLE_H

#include "results/exporters/verdict/text.h"

/*
 * Writes a table for each workload, wait and model; the placements of one stand
 * together. Where the width is too small, p50 and p99 get a line each, then columns
 * are left out, which a line says. Returns 0, or -errno: -ENOMEM, -EIO.
 */
int verdict_table_write(FILE *out, const struct verdict_report *report,
                        const struct verdict_style *style);

/* Writes the whole name of a pair, safe for the terminal. */
void verdict_table_name(char *out, size_t out_bytes, const struct verdict_pair *pair,
                        const struct verdict_style *style);

/* Writes a figure of a pair with its unit. */
void verdict_table_value(char *out, size_t out_bytes, double value, const struct verdict_pair *pair,
                         const struct verdict_style *style);

/* Returns an effect in per cent as it is shown; -0.0 is none. */
double verdict_table_percent(double share);

#endif
