/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/ladder.c - transports at one size, best first: a dot at the
 * median, a bar over the quartiles of the rounds, and a thin line on to p99.
 */
#include <math.h>
#include <stdlib.h>

#include "results/exporters/html/chart.h"
#include "results/exporters/html/html.h"
#include "results/exporters/html/page.h"
#include "results/exporters/text_units.h"

#define ROWS_MAX 64
#define ROW_HEIGHT 18.0
#define WORK_LEFT_MAX 212.0 /* names of comparators are long */

struct rung {
	const struct report_cell *cell;
	const struct page_series *series;
	const struct report_figure *figure;
	const struct report_figure *tail; /* p99, or null */
	bool is_rate;
};

static int compare_rungs(const void *left, const void *right)
{
	const struct rung *a = left;
	const struct rung *b = right;
	double x = a->figure->median;
	double y = b->figure->median;

	return a->is_rate ? (x < y) - (x > y) : (x > y) - (x < y);
}

/* Collects the rungs of a setting, best first. Returns how many. */
static size_t find_rungs(const struct page *page, size_t workload, size_t setting, size_t size,
                         struct rung *out)
{
	enum page_figure which = page_main_figure(page, workload);
	size_t count = 0;

	for (size_t i = 0; i < page->series_count && count < ROWS_MAX; i++) {
		const struct report_cell *cell = page_cell(page, workload, setting, i, size);
		const struct report_figure *figure = cell ? page_figure(cell, which) : NULL;

		/* What lies above the range has no place on an axis; the table has it. */
		if (!figure || !(figure->median > 0.0) || !isfinite(figure->median))
			continue;
		out[count++] = (struct rung){
			.cell = cell,
			.series = &page->series[i],
			.figure = figure,
			.tail = which == PAGE_P50 ? page_figure(cell, PAGE_P99) : NULL,
			.is_rate = page_is_rate(which),
		};
	}
	qsort(out, count, sizeof(*out), compare_rungs);
	return count;
}

static void draw_rung(const struct chart *chart, const struct page *page, const struct rung *rung,
                      double y, enum page_figure which)
{
	size_t number = page_number(page, rung->cell);
	double x = scale_at(&chart->x, rung->figure->median);
	char text[TEXT_NUMBER_BYTES];

	chart_series_open(chart, rung->series, &number, 1);
	html_label(chart->out, chart->left - 8.0, y + 3.5, HTML_END, "", rung->series->label);
	if (rung->tail)
		html_line(chart->out, x, y, scale_at(&chart->x, rung->tail->median), y, "l");
	html_line(chart->out, scale_at(&chart->x, rung->figure->low), y,
	          scale_at(&chart->x, rung->figure->high), y, "q");
	fputs("<path class=p d=\"", chart->out);
	html_point(chart->out, 'M', x, y);
	fputs("h0\"/>", chart->out);
	page_value_text(text, sizeof(text), which, rung->figure->median);
	html_label(chart->out, CHART_WIDTH - 4.0, y + 3.5, HTML_END, "v", text);
	chart_series_close(chart);
}

static void draw_setting(struct chart *chart, const struct page *page, size_t workload,
                         size_t setting, size_t size)
{
	enum page_figure which = page_main_figure(page, workload);
	struct rung rungs[ROWS_MAX];
	size_t count = find_rungs(page, workload, setting, size, rungs);

	if (count == 0 || page_count(page, workload, setting, size) == 0)
		return;
	chart->bottom = chart->top + (double)count * ROW_HEIGHT;
	chart->height = chart->bottom + 36.0;
	chart->setting = setting;
	chart_open(chart, page->settings[setting].label,
	           which == PAGE_P50 ? "Round-trip time of each transport, the shortest first"
	                             : "Messages a second of each transport, the most first");
	chart_x_axis(chart, which == PAGE_P50                   ? "p50, with a line to p99"
	                    : page->workloads[workload].is_work ? "tasks a second"
	                                                        : "messages a second");
	for (size_t i = 0; i < count; i++)
		draw_rung(chart, page, &rungs[i], chart->top + ((double)i + 0.5) * ROW_HEIGHT,
		          which);
	chart_close(chart);
}

/* Grows the scale by what a setting shows; PAGE_ANY: all settings. Returns the size shown. */
static size_t include_setting(struct chart *chart, const struct page *page, size_t workload,
                              size_t setting)
{
	enum page_figure which = page_main_figure(page, workload);
	size_t size = PAGE_ANY;

	for (size_t i = 0; i < page->report->cells_count; i++) {
		const struct report_cell *cell = &page->report->cells[i];
		const struct page_place *place = &page->cells[i];
		const struct report_figure *figure;

		/* Where there are only yardsticks nothing is drawn. */
		if (place->workload != workload || cell->rounds == 0 ||
		    (setting != PAGE_ANY && place->setting != setting) ||
		    page_count(page, workload, place->setting, place->size) == 0)
			continue;
		size = place->size;
		figure = page_figure(cell, which);
		if (figure) {
			scale_include(&chart->x, figure->low);
			scale_include(&chart->x, figure->high);
		}
		figure = which == PAGE_P50 ? page_figure(cell, PAGE_P99) : NULL;
		if (figure)
			scale_include(&chart->x, figure->median);
	}
	return size;
}

/* Each task has a scale of its own: what tasks take is not to be compared. */
static void draw_work(struct chart *chart, const struct page *page, size_t workload)
{
	double left = chart->left;

	for (size_t i = 0; i < page->series_count; i++)
		left = fmax(left, html_label_width(page->series[i].label) + 14.0);
	chart->left = fmin(left, WORK_LEFT_MAX);
	for (size_t i = 0; i < page->settings_count; i++) {
		chart->x = (struct scale){0};
		include_setting(chart, page, workload, i);
		if (scale_is_empty(&chart->x))
			continue;
		scale_finish(&chart->x, chart->left, chart->right, 0.03);
		draw_setting(chart, page, workload, i, PAGE_ANY);
	}
}

void page_write_ladders(FILE *out, const struct page *page, size_t workload)
{
	enum page_figure which = page_main_figure(page, workload);
	bool is_work = page->workloads[workload].is_work;
	struct chart chart = {
		.out = out,
		.left = 124.0,
		.right = 292.0,
		.top = 6.0,
		.x_unit = which == PAGE_P50 ? CHART_TIME : CHART_RATE,
		.x_figure = page_figure_keys[which],
	};
	size_t size = include_setting(&chart, page, workload, PAGE_ANY);

	if (size == PAGE_ANY || scale_is_empty(&chart.x))
		return;
	fputs("<div class=panels>\n", out);
	if (is_work) {
		draw_work(&chart, page, workload);
	} else {
		scale_finish(&chart.x, chart.left, chart.right, 0.03);
		for (size_t i = 0; i < page->settings_count; i++)
			draw_setting(&chart, page, workload, i, size);
	}
	fprintf(out,
	        "</div>\n<p class=note>The axis is logarithmic%s. A dot is the median of the "
	        "rounds, the bar through it what lies between their quartiles.</p>\n",
	        is_work ? ", and each chart's own" : " and the same in all charts");
}
