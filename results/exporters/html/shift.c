/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/shift.c - where in the distribution a pair differs.
 *
 * The shift function: the effect at each decile and beyond. A change of all messages
 * is a level line, one of a few a slope at the right. Full dots are significant by
 * Holm over the points; nothing is judged by them.
 */
#include <errno.h>
#include <math.h>

#include "results/exporters/html/compare.h"
#include "results/exporters/html/effect.h"
#include "results/exporters/html/html.h"
#include "results/verdict_shift.h"

#define WIDTH 360.0
#define HEIGHT 168.0
#define LEFT 62.0
#define RIGHT 344.0
#define TOP 8.0
#define BOTTOM 132.0

static double x_of(size_t point)
{
	return LEFT + (double)point * (RIGHT - LEFT) / (VERDICT_SHIFT_POINTS - 1);
}

/* Returns the reach that shows all of a pair's effects, if not all of their intervals. */
static double reach_of(const struct verdict_shift *shift, double least_effect)
{
	static const double reaches[] = {0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0};
	double most = 2.0 * least_effect;
	size_t i = 0;

	for (size_t point = 0; point < VERDICT_SHIFT_POINTS; point++) {
		if (shift->is_known[point])
			most = fmax(most, fabs(shift->effect[point]));
	}
	while (i + 1 < sizeof(reaches) / sizeof(reaches[0]) && reaches[i] < most)
		i++;
	return reaches[i];
}

static void write_axes(FILE *out, const struct effect_axis *axis, double least_effect)
{
	static const char *const names[VERDICT_SHIFT_POINTS] = {
		"10", "20", "30", "40", "50", "60", "70", "80", "90", "95", "99", "99.9",
	};
	double top = effect_at(axis, least_effect);

	fprintf(out, "<rect class=z x=%g y=%.1f width=%g height=%.1f />", LEFT - 6.0, top,
	        RIGHT - LEFT + 12.0, effect_at(axis, -least_effect) - top);
	for (int i = -1; i <= 1; i++) {
		double y = effect_at(axis, axis->reach * i);
		char text[32];

		snprintf(text, sizeof(text), i == 0 ? "0" : "%+.0f %%", 100.0 * axis->reach * i);
		html_line(out, LEFT - 6.0, y, RIGHT + 6.0, y, i == 0 ? "n" : "g");
		html_label(out, LEFT - 10.0, y + 3.5, HTML_END, "t", text);
	}
	for (size_t i = 0; i < VERDICT_SHIFT_POINTS; i++)
		html_label(out, x_of(i), BOTTOM + 15.0, HTML_MIDDLE, "t", names[i]);
	html_label(out, RIGHT + 6.0, BOTTOM + 30.0, HTML_END, "t", "percentile of the round trip");
}

static void write_points(FILE *out, const struct effect_axis *axis,
                         const struct verdict_shift *shift)
{
	for (size_t i = 0; i < VERDICT_SHIFT_POINTS; i++) {
		if (shift->is_known[i])
			html_line(out, x_of(i), effect_at(axis, shift->low[i]), x_of(i),
			          effect_at(axis, shift->high[i]), "i");
	}
	for (int significant = 0; significant < 2; significant++) {
		bool any = false;

		for (size_t i = 0; i < VERDICT_SHIFT_POINTS; i++) {
			if (!shift->is_known[i] || shift->is_significant[i] != (significant == 1))
				continue;
			if (!any)
				fprintf(out, "<path class=%s d=\"", significant ? "e" : "h");
			any = true;
			html_point(out, 'M', x_of(i), effect_at(axis, shift->effect[i]));
			fputs("h0", out);
		}
		if (any)
			fputs("\"/>", out);
	}
}

static void write_figure(FILE *out, const struct verdict_report *report, size_t index,
                         const struct verdict_shift *shift)
{
	const struct verdict_pair *pair = &report->pairs[index];
	const struct comparison *c = &report->rows[pair->first_row].comparison;
	/* The larger is above. */
	const struct effect_axis axis = {reach_of(shift, c->least_effect), BOTTOM, TOP};

	fputs("<figure><figcaption>", out);
	compare_write_name(out, pair);
	fprintf(out,
	        "</figcaption><svg class=\"shift %s\" data-pair=%zu data-y=\"%g %g %g\" "
	        "viewBox=\"0 0 %g %g\" role=img aria-label=\"Effect by percentile\">",
	        effect_class(c), index, axis.reach, axis.start, axis.end, WIDTH, HEIGHT);
	write_axes(out, &axis, c->least_effect);
	write_points(out, &axis, shift);
	fputs("</svg></figure>\n", out);
}

int compare_write_shifts(FILE *out, const struct verdict_report *report)
{
	bool is_open = false;

	for (size_t i = 0; i < report->pairs_count; i++) {
		struct verdict_shift shift;
		int ret = verdict_shift_find(report, i, &shift);

		if (ret == -ENODATA)
			continue;
		if (ret < 0)
			return ret;
		if (!is_open)
			fputs("<section id=shifts><h2>Where in the distribution</h2>\n<p>The "
			      "effect "
			      "at each percentile, with its 95 % interval. A level line is a "
			      "change "
			      "of all messages, a rise at the right one of the slowest. Full dots "
			      "are significant, corrected for their number; verdicts are not made "
			      "of them. Scales differ.</p>\n<div class=panels>\n",
			      out);
		is_open = true;
		write_figure(out, report, i, &shift);
	}
	if (is_open)
		fputs("</div></section>\n", out);
	return 0;
}
