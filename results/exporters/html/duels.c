/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/duels.c - both sides of every round that was judged.
 *
 * The sides of a round were measured in turns, in the same moments: what disturbed one
 * disturbed the other, and a line between them says which was worse. A slope along the
 * rounds is drift, which pairing takes out. Rounds of stored sessions are no pairs: each
 * session's stand in its order, without lines.
 */
#include <math.h>

#include "results/exporters/html/compare.h"
#include "results/exporters/html/html.h"
#include "results/exporters/html/scale.h"

#define WIDTH 360.0
#define HEIGHT 160.0
#define LEFT 56.0
#define RIGHT 350.0
#define TOP 8.0
#define BOTTOM 132.0
#define TICKS_MAX 4
#define EDGE 1.02 /* of the scale beyond the values */
#define ROUNDS_DRAWN_MAX 120

/* Returns the figures of the stage that was judged. */
static const struct verdict_series *judged(const struct verdict_row *row)
{
	return &row->series[row->comparison.stage_count == 2 ? 1 : 0];
}

static void write_axes(FILE *out, const struct verdict_pair *pair, const struct scale *scale,
                       size_t rounds)
{
	double ticks[TICKS_MAX];
	size_t count = scale_ticks(scale, ticks, TICKS_MAX);
	char text[64];

	/* No round number lies between: the least and the largest value will do. */
	if (count < 2) {
		ticks[0] = scale->low * EDGE;
		ticks[1] = scale->high / EDGE;
		count = 2;
	}

	for (size_t i = 0; i < count; i++) {
		double y = scale_at(scale, ticks[i]);

		compare_value_text(text, sizeof(text), ticks[i], pair);
		html_line(out, LEFT - 6.0, y, RIGHT, y, "g");
		html_label(out, LEFT - 10.0, y + 3.5, HTML_END, "t", text);
	}
	html_label(out, LEFT, BOTTOM + 16.0, HTML_START, "t", "round 1");
	snprintf(text, sizeof(text), "%zu", rounds);
	html_label(out, RIGHT, BOTTOM + 16.0, HTML_END, "t", text);
}

static double x_of(size_t round, size_t rounds)
{
	return LEFT + 6.0 +
	       (double)round * (RIGHT - LEFT - 12.0) / (double)(rounds > 1 ? rounds - 1 : 1);
}

/* Writes the lines of the rounds in which B was worse, or was not. */
static void write_lines(FILE *out, const struct verdict_row *row, const struct scale *scale,
                        size_t rounds, bool is_worse)
{
	const struct verdict_series *series = judged(row);
	bool any = false;

	for (size_t i = 0; i < rounds; i++) {
		if ((row->differences[i] > 0.0) != is_worse)
			continue;
		if (!any)
			fprintf(out, "<path class=%s d=\"", is_worse ? "dw" : "db");
		any = true;
		html_point(out, 'M', x_of(i, rounds), scale_at(scale, series->values[0][i]));
		html_point(out, 'L', x_of(i, rounds), scale_at(scale, series->values[1][i]));
	}
	if (any)
		fputs("\"/>", out);
}

static void write_dots(FILE *out, const struct verdict_series *series, size_t arm,
                       const struct scale *scale, size_t rounds)
{
	fprintf(out, "<path class=%s d=\"", arm == 0 ? "da" : "dB");
	for (size_t i = 0; i < rounds; i++) {
		html_point(out, 'M', x_of(i, rounds), scale_at(scale, series->values[arm][i]));
		fputs("h0", out);
	}
	fputs("\"/>", out);
}

static void write_figure(FILE *out, const struct verdict_report *report, size_t index)
{
	const struct verdict_row *row = &report->rows[index];
	const struct verdict_series *series = judged(row);
	size_t rounds = series->count < ROUNDS_DRAWN_MAX ? series->count : ROUNDS_DRAWN_MAX;
	struct scale scale = {0};

	for (size_t i = 0; i < rounds; i++) {
		scale_include(&scale, series->values[0][i]);
		scale_include(&scale, series->values[1][i]);
	}
	if (scale_is_empty(&scale))
		return;
	/* Not to a factor of three, as scale_finish() would: rounds differ by little. */
	scale.low /= EDGE;
	scale.high *= EDGE;
	scale.start = BOTTOM;
	scale.end = TOP;
	fputs("<figure><figcaption>", out);
	compare_write_name(out, &report->pairs[row->pair]);
	fprintf(out,
	        ": %s</figcaption><svg class=duel data-row=%zu data-y=\"%.9g %.9g %g %g\" "
	        "viewBox=\"0 0 %g %g\" role=img aria-label=\"%zu rounds of both sides\">",
	        verdict_quantile_name(row), index, scale.low, scale.high, scale.start, scale.end,
	        WIDTH, HEIGHT, rounds);
	write_axes(out, &report->pairs[row->pair], &scale, rounds);
	if (!report->is_stored) {
		write_lines(out, row, &scale, rounds, true);
		write_lines(out, row, &scale, rounds, false);
	}
	write_dots(out, series, 0, &scale, rounds);
	write_dots(out, series, 1, &scale, rounds);
	fputs("</svg></figure>\n", out);
}

void compare_write_duels(FILE *out, const struct verdict_report *report)
{
	fputs("<section id=rounds><h2>Round by round</h2>\n<p>", out);
	fputs(report->is_stored
	              ? "The rounds of each session, in its order. They were not measured "
	                "in the same moments: what drifts within a session, and what lies "
	                "between the two, may be the machine."
	              : "Both sides of each round, measured in turns in the same moments, "
	                "with peers of their own. The line between them is red where B was "
	                "worse, green where it was not. Both moving together is the "
	                "machine; what pairing leaves is the difference.",
	      out);
	fputs(" <span class=\"key ka\">A</span> <span class=\"key kb\">B</span></p>\n<div "
	      "class=panels>\n",
	      out);
	for (size_t i = 0; i < report->pairs_count; i++) {
		const struct verdict_row *row = &report->rows[report->pairs[i].first_row];

		if (row->comparison.stage_count > 0)
			write_figure(out, report, report->pairs[i].first_row);
	}
	fputs("</div></section>\n", out);
}
