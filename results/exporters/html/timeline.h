/* SPDX-License-Identifier: MIT */
/* results/exporters/html/timeline.h - the history of cells as a page. */
#ifndef RESULTS_EXPORTERS_HTML_TIMELINE_H
#define RESULTS_EXPORTERS_HTML_TIMELINE_H

#include <stdio.h>

#include "results/trend.h"

/*
 * Writes the chart of one series: its ratio to the anchor above, the figure itself below.
 * names_machine: there are others that have the cell.
 */
void timeline_write_chart(FILE *out, const struct trend_series *series, bool names_machine);

/* Returns the change that a segment begins with, or null. */
const struct trend_change *timeline_change_at(const struct trend_series *series, size_t index);

#endif
