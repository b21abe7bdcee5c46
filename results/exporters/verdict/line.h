/* SPDX-License-Identifier: MIT */
/* results/exporters/verdict/line.h - a line that fits a terminal. */
#ifndef RESULTS_EXPORTERS_VERDICT_LINE_H
#define RESULTS_EXPORTERS_VERDICT_LINE_H

#include "results/exporters/verdict/text.h"

/*
 * Writes a line, broken between words so that each part fits the width, where a word
 * alone does; parts but the first are indented. Lines of 4 KiB and more are cut.
 */
void verdict_put_line(FILE *out, const struct verdict_style *style, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
