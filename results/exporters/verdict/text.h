/* SPDX-License-Identifier: MIT */
/* results/exporters/verdict/text.h - verdicts as a table on a terminal. */
#ifndef RESULTS_EXPORTERS_VERDICT_TEXT_H
#define RESULTS_EXPORTERS_VERDICT_TEXT_H

#include "results/verdict_report.h"

struct verdict_style {
	bool is_utf8;
	bool has_colour;
	size_t width; /* columns; 0: no limit */
};

/* Finds the style for a stream: terminal, locale, NO_COLOR. */
struct verdict_style verdict_style_of(FILE *out);

/* Writes tables for people. Returns 0, or -errno: -ENOMEM, -EIO. */
int verdict_text_write(FILE *out, const struct verdict_report *report,
                       const struct verdict_style *style);

#endif
