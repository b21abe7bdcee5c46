/* SPDX-License-Identifier: MIT */
/* results/exporters/html/chart.c - the frame of a chart: axes, marks, names at line ends. */
#include "results/exporters/html/chart.h"

#include <math.h>
#include <stdlib.h>

#include "results/exporters/html/html.h"

#define TICKS_MAX 8
#define NAME_HEIGHT 12.5 /* of a line of names */
#define NAME_GAP 12.0    /* from the chart to its names */

/* Writes what turns a coordinate along an axis into a value: low, high, start, end. */
static void write_scale(FILE *out, char axis, const char *figure, const struct scale *scale)
{
	if (figure)
		fprintf(out, " data-%c=\"%s %.9g %.9g %g %g\"", axis, figure, scale->low,
		        scale->high, scale->start, scale->end);
}

void chart_open(const struct chart *chart, const char *caption, const char *summary)
{
	FILE *out = chart->out;

	fputs("<figure", out);
	if (chart->setting != PAGE_ANY)
		fprintf(out, " data-s=%zu", chart->setting);
	fputs("><figcaption>", out);
	html_text(out, caption);
	fprintf(out, "</figcaption><svg viewBox=\"0 0 %.0f %.0f\" role=img", CHART_WIDTH,
	        chart->height);
	write_scale(out, 'x', chart->x_figure, &chart->x);
	write_scale(out, 'y', chart->y_figure, &chart->y);
	fputs(" aria-label=\"", out);
	html_text(out, summary);
	fputs("\">", out);
}

void chart_close(const struct chart *chart)
{
	fputs("</svg></figure>\n", chart->out);
}

void chart_tick_text(char *out, size_t out_bytes, enum chart_unit unit, double value)
{
	static const char *const times[] = {"ns", "µs", "ms", "s"};
	static const char *const rates[] = {"/s", "k/s", "M/s", "G/s"};
	static const char *const bytes[] = {"B/s", "kB/s", "MB/s", "GB/s"};
	const char *const *names = unit == CHART_TIME ? times : unit == CHART_RATE ? rates : bytes;
	size_t prefix = 0;

	if (unit == CHART_SIZE) {
		page_size_text(out, out_bytes, (uint64_t)llround(value));
		return;
	}
	while (prefix < 3 && value >= 999.5) {
		value /= 1000.0;
		prefix++;
	}
	snprintf(out, out_bytes, "%.3g %s", value, names[prefix]);
}

/* Powers of two at an axis of sizes, so few that their texts don't touch. */
static size_t size_ticks(const struct scale *scale, double *out, size_t max)
{
	size_t count = 0;
	double step = 2.0;

	while (log(scale->high / scale->low) / log(step) > (double)max - 1.0)
		step *= 2.0;
	for (double tick = 1.0; tick <= scale->high && count < TICKS_MAX; tick *= step) {
		if (tick >= scale->low)
			out[count++] = tick;
	}
	return count;
}

void chart_x_axis(const struct chart *chart, const char *title)
{
	double ticks[TICKS_MAX];
	size_t count = chart->x_unit == CHART_SIZE ? size_ticks(&chart->x, ticks, 5)
	                                           : scale_ticks(&chart->x, ticks, 5);
	double free_from = 0.0;

	for (size_t i = 0; i < count; i++) {
		double x = scale_at(&chart->x, ticks[i]);
		char text[CHART_TEXT_BYTES];
		double half;

		html_line(chart->out, x, chart->top, x, chart->bottom, "g");
		chart_tick_text(text, sizeof(text), chart->x_unit, ticks[i]);
		half = html_label_width(text) / 2.0;
		if (x - half < free_from || x + half > CHART_WIDTH)
			continue;
		html_label(chart->out, x, chart->bottom + 14.0, HTML_MIDDLE, "", text);
		free_from = x + half + 4.0;
	}
	html_label(chart->out, (chart->left + chart->right) / 2.0, chart->bottom + 28.0,
	           HTML_MIDDLE, "t", title);
}

void chart_y_axis(const struct chart *chart, const char *title)
{
	double ticks[TICKS_MAX];
	size_t count = scale_ticks(&chart->y, ticks, TICKS_MAX);

	for (size_t i = 0; i < count; i++) {
		double y = scale_at(&chart->y, ticks[i]);
		char text[CHART_TEXT_BYTES];

		html_line(chart->out, chart->left, y, chart->right, y, "g");
		chart_tick_text(text, sizeof(text), chart->y_unit, ticks[i]);
		html_label(chart->out, chart->left - 5.0, y + 3.5, HTML_END, "", text);
	}
	html_label(chart->out, 2.0, chart->top - 8.0, HTML_START, "t", title);
}

void chart_series_open(const struct chart *chart, const struct page_series *series,
                       const size_t *cells, size_t cells_count)
{
	fprintf(chart->out, "<g class=\"s c%zu%s\" data-t=%zu data-c=\"", series->color % 8,
	        series->is_yardstick        ? " yard"
	        : series->color / 8 % 2 > 0 ? " dash"
	                                    : "",
	        series->color);
	for (size_t i = 0; i < cells_count; i++)
		fprintf(chart->out, "%s%zu", i > 0 ? " " : "", cells[i]);
	fputs("\">", chart->out);
}

void chart_series_close(const struct chart *chart)
{
	fputs("</g>\n", chart->out);
}

static int compare_ends(const void *left, const void *right)
{
	double a = ((const struct chart_end *)left)->y;
	double b = ((const struct chart_end *)right)->y;

	return (a > b) - (a < b);
}

/* Moves sorted labels apart: groups that touch grow around the middle of their ends. */
static void spread_labels(const struct chart *chart, struct chart_end *ends, size_t count)
{
	double bottom = chart->bottom - 2.0;

	for (size_t i = 0; i < count; i++) {
		double least = i > 0 ? ends[i - 1].label_y + NAME_HEIGHT : chart->top + 2.0;

		ends[i].label_y = fmax(ends[i].y, least);
	}
	for (size_t i = count; i-- > 0;) {
		ends[i].label_y = fmin(ends[i].label_y, bottom);
		bottom = ends[i].label_y - NAME_HEIGHT;
	}
	/* Half of what was pushed down is given back, as far as there is room above. */
	for (size_t i = 0; i < count; i++) {
		double above = i > 0 ? ends[i - 1].label_y + NAME_HEIGHT : chart->top + 2.0;
		double wanted = (ends[i].label_y + ends[i].y) / 2.0;

		if (ends[i].label_y > ends[i].y)
			ends[i].label_y = fmax(above, wanted);
	}
}

void chart_name_ends(const struct chart *chart, struct chart_end *ends, size_t ends_count)
{
	double x = chart->right + NAME_GAP;

	qsort(ends, ends_count, sizeof(*ends), compare_ends);
	spread_labels(chart, ends, ends_count);
	for (size_t i = 0; i < ends_count; i++) {
		const struct chart_end *end = &ends[i];

		chart_series_open(chart, end->series, NULL, 0);
		fputs("<path class=k d=\"", chart->out);
		html_point(chart->out, 'M', end->x + 3.0, end->y);
		if (end->x < chart->right)
			html_point(chart->out, 'L', chart->right, end->y);
		html_point(chart->out, 'L', x - 2.0, end->label_y);
		fputs("\"/>", chart->out);
		html_label(chart->out, x, end->label_y + 3.5, HTML_START, "", end->series->label);
		chart_series_close(chart);
	}
}
