/* SPDX-License-Identifier: MIT */
/* results/exporters/html/effect.h - effects along an axis that is the same all over a page. */
#ifndef RESULTS_EXPORTERS_HTML_EFFECT_H
#define RESULTS_EXPORTERS_HTML_EFFECT_H

#include <stdio.h>

#include "results/verdict_report.h"

/* Effects are shares. From the middle, where there is none, it is reach to either end. */
struct effect_axis {
	double reach;
	double start; /* coordinate of -reach */
	double end;   /* coordinate of +reach */
};

/*
 * Returns the reach that shows most rows whole: a round number, at least twice the
 * least effect that matters. What lies beyond stands at the edge, and is marked.
 */
double effect_reach(const struct verdict_report *report);

/* Returns the coordinate of an effect; of what lies beyond, the nearer end. */
double effect_at(const struct effect_axis *axis, double share);

/* Writes an effect in per cent: "+9.4 %". */
void effect_text(char *out, size_t out_bytes, double share);

/* Returns the class name by which a verdict is coloured. */
const char *effect_class(const struct comparison *comparison);

#endif
