/* SPDX-License-Identifier: MIT */
/* results/trend_write.h - histories for people and for programs. */
#ifndef RESULTS_TREND_WRITE_H
#define RESULTS_TREND_WRITE_H

#include <stdio.h>

#include "results/exporters/verdict/text.h"
#include "results/trend.h"

/* Writes a table of series, and the segments and changes of those that have some. Returns 0, or
 * -errno: -ENOMEM, -EIO. */
int trend_text_write(FILE *out, const struct trend *trend, const struct verdict_style *style);

/* Writes one JSON object in one line: every point, segment and change. Returns as above. */
int trend_json_write(FILE *out, const struct trend *trend);

/* Writes a page: the changes as a table, and a chart a series. Returns 0, or -EIO. */
int trend_html_write(FILE *out, const struct trend *trend);

#endif
