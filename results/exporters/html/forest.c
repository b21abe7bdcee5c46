/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/forest.c - every effect with its interval, on one axis.
 *
 * The grey zone is what would not matter; an interval inside it is "unchanged", one
 * that reaches out of it and over zero can't be told. What lies beyond the axis ends in
 * an arrow. Each row's drawing bears its axis as an attribute, so that a test can turn
 * coordinates into effects again.
 */
#include <math.h>

#include "results/exporters/html/compare.h"
#include "results/exporters/html/effect.h"
#include "results/exporters/html/html.h"
#include "results/exporters/text_units.h"

#define PLOT_WIDTH 280.0
#define PLOT_HEIGHT 22.0
#define PLOT_EDGE 8.0
#define NAME_BYTES 256

static struct effect_axis axis_of(const struct verdict_report *report)
{
	return (struct effect_axis){effect_reach(report), PLOT_EDGE, PLOT_WIDTH - PLOT_EDGE};
}

/* Writes the axis above the rows. */
static void write_axis(FILE *out, const struct effect_axis *axis)
{
	fprintf(out,
	        "<svg viewBox=\"0 0 %g %g\" role=img aria-label=\"Axis of effects, from -%.0f to "
	        "+%.0f per cent\">",
	        PLOT_WIDTH, PLOT_HEIGHT, 100.0 * axis->reach, 100.0 * axis->reach);
	for (int i = -2; i <= 2; i++) {
		double share = axis->reach * i / 2.0;
		double x = effect_at(axis, share);
		char text[32];

		snprintf(text, sizeof(text), i == 0 ? "0" : "%+.3g %%", 100.0 * share);
		html_label(out, x, 13.0,
		           i == -2  ? HTML_START
		           : i == 2 ? HTML_END
		                    : HTML_MIDDLE,
		           "t", text);
		html_line(out, x, 17.0, x, PLOT_HEIGHT, "g");
	}
	fputs("</svg>", out);
}

/* Writes an arrow at an end of the axis: the interval goes on. */
static void write_arrow(FILE *out, double x, double direction)
{
	fputs("<path class=a d=\"", out);
	html_point(out, 'M', x - 5.0 * direction, PLOT_HEIGHT / 2.0 - 4.0);
	html_point(out, 'L', x, PLOT_HEIGHT / 2.0);
	html_point(out, 'L', x - 5.0 * direction, PLOT_HEIGHT / 2.0 + 4.0);
	fputs("\"/>", out);
}

/* Returns how far the zone reaches in which an effect is none, or need not be the build's. */
static double zone_of(const struct verdict_row *row)
{
	return fmax(row->comparison.least_effect, row->allowance);
}

static void write_plot(FILE *out, const struct effect_axis *axis, const struct verdict_row *row)
{
	const struct comparison *c = &row->comparison;
	double zone = effect_at(axis, -zone_of(row));
	double middle = PLOT_HEIGHT / 2.0;
	char text[32];

	effect_text(text, sizeof(text), c->effect);
	fprintf(out,
	        "<svg class=\"%s\" data-x=\"%g %g %g\" viewBox=\"0 0 %g %g\" role=img "
	        "aria-label=\"%s\"><rect class=z x=%.1f y=0 width=%.1f height=%g />",
	        effect_class(c), axis->reach, axis->start, axis->end, PLOT_WIDTH, PLOT_HEIGHT, text,
	        zone, effect_at(axis, zone_of(row)) - zone, PLOT_HEIGHT);
	html_line(out, effect_at(axis, 0.0), 0.0, effect_at(axis, 0.0), PLOT_HEIGHT, "n");
	html_line(out, effect_at(axis, c->low), middle, effect_at(axis, c->high), middle, "i");
	if (c->low < -axis->reach)
		write_arrow(out, axis->start, -1.0);
	if (c->high > axis->reach)
		write_arrow(out, axis->end, 1.0);
	if (fabs(c->effect) <= axis->reach) {
		fputs("<path class=e d=\"", out);
		html_point(out, 'M', effect_at(axis, c->effect), middle);
		fputs("h0\"/>", out);
	}
	fputs("</svg>", out);
}

static void write_cell(FILE *out, const char *key, const char *text)
{
	fprintf(out, "<td data-k=%s>", key);
	html_text(out, text);
	fputs("</td>", out);
}

/* Writes what a row says beside the drawing. */
static void write_figures(FILE *out, const struct verdict_report *report,
                          const struct verdict_row *row)
{
	const struct comparison *c = &row->comparison;
	const struct verdict_pair *pair = &report->pairs[row->pair];
	char text[64];

	compare_value_text(text, sizeof(text), row->values[0], pair);
	write_cell(out, "a", text);
	compare_value_text(text, sizeof(text), row->values[1], pair);
	write_cell(out, "b", text);
	effect_text(text, sizeof(text), c->effect);
	write_cell(out, "effect", text);
	if (isfinite(c->high))
		snprintf(text, sizeof(text), "%+.1f … %+.1f", 100.0 * c->low, 100.0 * c->high);
	else
		snprintf(text, sizeof(text), "-");
	write_cell(out, "interval", text);
}

static void write_row(FILE *out, const struct verdict_report *report, size_t index,
                      const struct effect_axis *axis)
{
	const struct verdict_row *row = &report->rows[index];
	const struct verdict_pair *pair = &report->pairs[row->pair];
	const struct comparison *c = &row->comparison;
	char text[64];

	fprintf(out, "<tr data-row=%zu%s>", index, index == pair->first_row ? " class=gs" : "");
	if (index == pair->first_row) {
		fprintf(out, "<th scope=rowgroup rowspan=%zu>", pair->rows_count);
		compare_write_name(out, pair);
		fputs("</th>", out);
	}
	fprintf(out, "<td class=word>%s</td>", verdict_quantile_name(row));
	if (c->stage_count == 0) {
		fputs("<td class=none colspan=5>no rounds to judge</td>", out);
	} else {
		fputs("<td class=plot>", out);
		write_plot(out, axis, row);
		fputs("</td>", out);
		write_figures(out, report, row);
	}
	fprintf(out, "<td class=\"word w-%s\" data-k=verdict>%s</td>", effect_class(c),
	        comparison_verdict_name(c->verdict));
	text[0] = '\0';
	if (c->verdict != COMPARISON_INCONCLUSIVE)
		snprintf(text, sizeof(text), "B worse in %zu of %zu", row->rounds_worse, c->rounds);
	else if (c->stage_count > 0 && c->rounds_needed > 0 && c->rounds_needed < 100000)
		snprintf(text, sizeof(text), "%zu rounds would tell", c->rounds_needed);
	fprintf(out, "<td class=\"word none\">%s</td></tr>\n", text);
}

void compare_write_forest(FILE *out, const struct verdict_report *report)
{
	const struct effect_axis axis = axis_of(report);

	fputs("<section id=effects><h2>What changed, and by how much</h2>\n<p>The dot is the "
	      "effect of B over A, its line the 95 % interval; right of zero B is worse. ",
	      out);
	fputs(report->is_stored
	              ? "By what the grey zone holds two sessions of one build may differ: "
	                "a change lies wholly beyond it."
	              : "In the grey zone an effect would not matter: an interval inside "
	                "it is <i>unchanged</i>, one that leaves it and holds zero can't "
	                "be told.",
	      out);
	fputs(" An arrow goes on beyond the axis.</p>\n<div class=scroll tabindex=0 role=region "
	      "aria-label=\"Table of "
	      "effects\"><table class=forest><thead><tr><th scope=col>Cell</th><th scope=col "
	      "class=word>Of</th><th scope=col class=plot>",
	      out);
	write_axis(out, &axis);
	fputs("</th><th scope=col>A</th><th scope=col>B</th><th scope=col>Effect</th><th "
	      "scope=col>95 % interval, %</th><th scope=col class=word>Verdict</th><th scope=col "
	      "class=word>Rounds</th></tr></thead><tbody>\n",
	      out);
	for (size_t i = 0; i < report->rows_count; i++)
		write_row(out, report, i, &axis);
	fputs("</tbody></table></div></section>\n", out);
}
