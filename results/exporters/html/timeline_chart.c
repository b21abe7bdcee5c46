/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/timeline_chart.c - one series: ratio to the anchor, and the figure.
 *
 * Alarms are raised on the ratio alone, so it stands above; the figure below moves with
 * the machine too. A stretch between two marks has its median as a line. Where no anchor
 * was measured there is only the figure.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "results/exporters/html/html.h"
#include "results/exporters/html/scale.h"
#include "results/exporters/html/timeline.h"
#include "results/exporters/text_units.h"
#include "results/statistics.h"

#define WIDTH 360.0
#define LEFT 62.0
#define RIGHT 352.0
#define MARKS 16.0 /* above a panel, for what stands at its marks */
#define PANEL_HEIGHT 88.0
#define DATES 18.0
#define TICKS_MAX 3
#define RATIO_LEAST 1.04 /* a ratio is drawn as far as that, at least */
#define LABEL_GAP 58.0   /* nearer labels would touch */

struct panel {
	const struct trend_series *series;
	double *values; /* of points; NAN: none */
	struct scale scale;
	double top;
	double bottom;
	bool is_ratio;
	bool is_first;
};

static double x_of(const struct trend_series *series, double index)
{
	double last = series->points_count > 1 ? (double)(series->points_count - 1) : 1.0;

	return LEFT + 8.0 + index * (RIGHT - LEFT - 16.0) / last;
}

const struct trend_change *timeline_change_at(const struct trend_series *series, size_t index)
{
	for (size_t i = 0; i < series->changes_count; i++) {
		if (series->changes[i].index == index)
			return &series->changes[i];
	}
	return NULL;
}

static void tick_text(char *out, size_t out_bytes, const struct panel *panel, double value)
{
	/* What rounds to zero has no sign. */
	if (panel->is_ratio && fabs(value - 1.0) < 0.0005)
		snprintf(out, out_bytes, "0 %%");
	else if (panel->is_ratio)
		snprintf(out, out_bytes, "%+.1f %%", 100.0 * (value - 1.0));
	else if (panel->series->metric == RUN_THROUGHPUT)
		text_scaled(out, out_bytes, value, "/s");
	else
		text_time(out, out_bytes, value, true);
}

/* Marks a scale at three places; round numbers would be too few where little changes. */
static void write_axis(FILE *out, const struct panel *panel, const char *title)
{
	for (int i = 0; i < TICKS_MAX; i++) {
		double value = panel->scale.low *
		               pow(panel->scale.high / panel->scale.low, (0.5 + i) / TICKS_MAX);
		double y = scale_at(&panel->scale, value);
		char text[32];

		tick_text(text, sizeof(text), panel, value);
		html_line(out, LEFT, y, RIGHT, y, "g");
		html_label(out, LEFT - 6.0, y + 3.5, HTML_END, "t", text);
	}
	html_label(out, LEFT, panel->top - 5.0, HTML_START, "v", title);
}

/* Writes a line at the median of each segment, of the values that this panel shows. */
static void write_levels(FILE *out, const struct panel *panel)
{
	const struct trend_series *series = panel->series;
	double *sorted = malloc((series->points_count + 1) * sizeof(*sorted));

	for (size_t i = 0; sorted && i < series->segments_count; i++) {
		const struct trend_segment *segment = &series->segments[i];
		double y;

		memcpy(sorted, &panel->values[segment->start], segment->count * sizeof(*sorted));
		statistics_sort(sorted, segment->count);
		y = scale_at(&panel->scale, statistics_median(sorted, segment->count));
		html_line(out, x_of(series, (double)segment->start) - 3.0, y,
		          x_of(series, (double)(segment->start + segment->count) - 1.0) + 3.0, y,
		          "lv");
	}
	free(sorted);
}

static void write_dots(FILE *out, const struct panel *panel)
{
	bool any = false;

	for (size_t i = 0; i < panel->series->points_count; i++) {
		if (!isfinite(panel->values[i]))
			continue;
		if (!any)
			fputs("<path class=td d=\"", out);
		any = true;
		html_point(out, 'M', x_of(panel->series, (double)i),
		           scale_at(&panel->scale, panel->values[i]));
		fputs("h0", out);
	}
	if (any)
		fputs("\"/>", out);
}

/* Writes a line where each segment begins, and why, as far as there is room for names. */
static void write_marks(FILE *out, const struct panel *panel, const char *title)
{
	const struct trend_series *series = panel->series;
	double free_from = LEFT + html_label_width(title);

	for (size_t i = 0; i < series->segments_count; i++) {
		const struct trend_segment *segment = &series->segments[i];
		const struct trend_change *change = timeline_change_at(series, segment->start);
		double x = x_of(series, (double)segment->start - 0.5);
		char text[32];

		if (segment->why == TREND_FIRST)
			continue;
		html_line(out, x, panel->top, x, panel->bottom,
		          !change              ? "me"
		          : change->effect > 0 ? "mw"
		                               : "mb");
		/* The size is that of what changes are looked for in, which is drawn first. */
		if (change && !panel->is_first)
			continue;
		if (change)
			snprintf(text, sizeof(text), "%+.1f %%", 100.0 * change->effect);
		else
			snprintf(text, sizeof(text), "%s",
			         segment->why == TREND_ANCHOR ? "anchor" : "elsewhere");
		if (x - LABEL_GAP / 2.0 < free_from || x + LABEL_GAP / 2.0 > RIGHT)
			continue;
		html_label(out, x, panel->top - 5.0, HTML_MIDDLE, change ? "v" : "t", text);
		free_from = x + LABEL_GAP / 2.0;
	}
}

static void write_panel(FILE *out, struct panel *panel, const char *title)
{
	for (size_t i = 0; i < panel->series->points_count; i++)
		scale_include(&panel->scale, panel->values[i]);
	if (scale_is_empty(&panel->scale))
		return;
	/* Noise must not fill a panel as a change does. */
	if (panel->is_ratio) {
		scale_include(&panel->scale, 1.0 / RATIO_LEAST);
		scale_include(&panel->scale, RATIO_LEAST);
	}
	panel->scale.low /= 1.01;
	panel->scale.high *= 1.01;
	panel->scale.start = panel->bottom;
	panel->scale.end = panel->top;
	fprintf(out, "<g data-y=\"%.9g %.9g %g %g\">", panel->scale.low, panel->scale.high,
	        panel->scale.start, panel->scale.end);
	write_axis(out, panel, title);
	write_marks(out, panel, title);
	write_levels(out, panel);
	write_dots(out, panel);
	fputs("</g>", out);
}

static void write_date(FILE *out, uint64_t started_ns, double x, double y, enum html_anchor anchor)
{
	time_t seconds = (time_t)(started_ns / 1000000000u);
	char text[32] = "";
	struct tm utc;

	if (gmtime_r(&seconds, &utc))
		strftime(text, sizeof(text), "%Y-%m-%d", &utc);
	html_label(out, x, y, anchor, "t", text);
}

/* Draws the panels one below the other. values has room for the points. */
static void draw(FILE *out, const struct trend_series *series, double *values, bool is_ratio)
{
	double height = (is_ratio ? 2.0 : 1.0) * (PANEL_HEIGHT + MARKS) + DATES;
	double top = MARKS;

	fprintf(out,
	        "<svg class=timeline viewBox=\"0 0 %g %g\" role=img aria-label=\"%zu sessions\">",
	        WIDTH, height, series->points_count);
	for (int i = is_ratio ? 0 : 1; i < 2; i++) {
		struct panel panel = {
			.series = series,
			.values = values,
			.top = top,
			.bottom = top + PANEL_HEIGHT,
			.is_ratio = i == 0,
			.is_first = top == MARKS,
		};

		for (size_t j = 0; j < series->points_count; j++)
			values[j] = i == 0 ? series->points[j].ratio : series->points[j].value;
		write_panel(out, &panel,
		            i == 0 ? "against the anchor" : trend_quantile_name(series->quantile));
		top += PANEL_HEIGHT + MARKS;
	}
	write_date(out, series->points[0].started_ns, LEFT, height - 4.0, HTML_START);
	if (series->points_count > 1)
		write_date(out, series->points[series->points_count - 1].started_ns, RIGHT,
		           height - 4.0, HTML_END);
	fputs("</svg>", out);
}

void timeline_write_chart(FILE *out, const struct trend_series *series, bool names_machine)
{
	double *values =
		series->points_count > 0 ? malloc(series->points_count * sizeof(*values)) : NULL;

	fputs("<figure><figcaption>", out);
	html_name(out, series->cell.name);
	fputs(": ", out);
	html_text(out, trend_quantile_name(series->quantile));
	if (names_machine)
		fprintf(out, " <small>machine %.8s</small>", series->machine_key);
	if (series->is_low_power)
		fputs(" <small>low power: neighbours resemble each other</small>", out);
	fputs("</figcaption>", out);
	if (values)
		draw(out, series, values, series->is_ratio);
	fputs("</figure>\n", out);
	free(values);
}
