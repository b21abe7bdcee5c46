/* SPDX-License-Identifier: MIT */
/* results/exporters/html/compare.h - the sections of the page of a comparison. */
#ifndef RESULTS_EXPORTERS_HTML_COMPARE_H
#define RESULTS_EXPORTERS_HTML_COMPARE_H

#include <stdio.h>

#include "results/verdict_report.h"

/* Writes the whole page but for its frame. Returns 0, or -ENOMEM. */
int compare_write(FILE *out, const struct verdict_report *report);

/* Every effect with its interval, and the zone in which it would not matter. */
void compare_write_forest(FILE *out, const struct verdict_report *report);

/* Where in the distribution each pair differs. Returns 0, or -ENOMEM. */
int compare_write_shifts(FILE *out, const struct verdict_report *report);

/* Both sides of every round. */
void compare_write_duels(FILE *out, const struct verdict_report *report);

/* Writes the name of a pair; a control is called so. */
void compare_write_name(FILE *out, const struct verdict_pair *pair);

/* Writes a figure of a pair with its unit. */
void compare_value_text(char *out, size_t out_bytes, double value, const struct verdict_pair *pair);

#endif
