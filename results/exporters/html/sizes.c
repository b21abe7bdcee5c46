/* SPDX-License-Identifier: MIT */
/* results/exporters/html/sizes.c - a workload by message size: lines with ribbons, and the map. */
#include <math.h>

#include "results/exporters/html/chart.h"
#include "results/exporters/html/html.h"
#include "results/exporters/html/page.h"

#define POINTS_MAX 64
#define ENDS_MAX 64

/* The points of one series in one chart. */
struct line {
	const struct report_figure *figures[POINTS_MAX];
	double xs[POINTS_MAX];
	size_t cells[POINTS_MAX];
	size_t count;
};

static enum page_figure figure_of(const struct page *page, size_t workload)
{
	return page->workloads[workload].metric == RUN_ROUND_TRIP ? PAGE_P50 : PAGE_BYTES;
}

/* A message of no bytes is drawn where one of half a byte would be. */
static double size_value(uint64_t size_bytes)
{
	return size_bytes > 0 ? (double)size_bytes : 0.5;
}

static void find_line(const struct page *page, size_t workload, size_t setting, size_t series,
                      const struct scale *x, struct line *out)
{
	out->count = 0;
	for (size_t i = 0; i < page->sizes_count && out->count < POINTS_MAX; i++) {
		const struct report_cell *cell = page_cell(page, workload, setting, series, i);
		const struct report_figure *figure =
			cell ? page_figure(cell, figure_of(page, workload)) : NULL;

		if (!figure || !(figure->median > 0.0) || !isfinite(figure->median))
			continue;
		out->figures[out->count] = figure;
		out->xs[out->count] = scale_at(x, size_value(page->sizes[i]));
		out->cells[out->count++] = page_number(page, cell);
	}
}

static void draw_line(const struct chart *chart, const struct page_series *series,
                      const struct line *line)
{
	FILE *out = chart->out;

	chart_series_open(chart, series, line->cells, line->count);
	fputs("<path class=r d=\"", out);
	for (size_t i = 0; i < line->count; i++)
		html_point(out, i > 0 ? 'L' : 'M', line->xs[i],
		           scale_at(&chart->y, line->figures[i]->high));
	for (size_t i = line->count; i-- > 0;)
		html_point(out, 'L', line->xs[i], scale_at(&chart->y, line->figures[i]->low));
	fputs("Z\"/><path class=l d=\"", out);
	for (size_t i = 0; i < line->count; i++)
		html_point(out, i > 0 ? 'L' : 'M', line->xs[i],
		           scale_at(&chart->y, line->figures[i]->median));
	fputs("\"/><path class=p d=\"", out);
	for (size_t i = 0; i < line->count; i++) {
		html_point(out, 'M', line->xs[i], scale_at(&chart->y, line->figures[i]->median));
		fputs("h0", out);
	}
	fputs("\"/>", out);
	chart_series_close(chart);
}

/* Makes the scales that all settings of a workload share, so that charts compare by eye. */
static void find_scales(const struct page *page, size_t workload, struct chart *chart)
{
	chart->x = (struct scale){0};
	chart->y = (struct scale){0};
	for (size_t i = 0; i < page->report->cells_count; i++) {
		const struct report_cell *cell = &page->report->cells[i];
		const struct report_figure *figure;

		if (page->cells[i].workload != workload || cell->rounds == 0)
			continue;
		figure = page_figure(cell, figure_of(page, workload));
		if (!figure)
			continue;
		scale_include(&chart->x, size_value(cell->cell.size_bytes));
		scale_include(&chart->y, figure->low);
		scale_include(&chart->y, figure->high);
	}
	if (scale_is_empty(&chart->x) || scale_is_empty(&chart->y))
		return;
	scale_finish(&chart->x, chart->left, chart->right, 0.02);
	scale_finish(&chart->y, chart->bottom, chart->top, 0.04);
}

static void draw_setting(struct chart *chart, const struct page *page, size_t workload,
                         size_t setting)
{
	bool is_trip = page->workloads[workload].metric == RUN_ROUND_TRIP;
	struct chart_end ends[ENDS_MAX];
	size_t ends_count = 0;

	chart->setting = setting;
	chart_open(
		chart, page->settings[setting].label,
		is_trip ? "Median round-trip time against message size, a line for each transport"
			: "Throughput against message size, a line for each transport");
	chart_x_axis(chart, "message size");
	chart_y_axis(chart, is_trip ? "p50 of a round trip" : "payload received");
	for (size_t i = 0; i < page->series_count && ends_count < ENDS_MAX; i++) {
		struct line line;

		find_line(page, workload, setting, i, &chart->x, &line);
		if (line.count == 0)
			continue;
		draw_line(chart, &page->series[i], &line);
		ends[ends_count++] = (struct chart_end){
			.x = line.xs[line.count - 1],
			.y = scale_at(&chart->y, line.figures[line.count - 1]->median),
			.series = &page->series[i],
		};
	}
	chart_name_ends(chart, ends, ends_count);
	chart_close(chart);
}

void page_write_size_charts(FILE *out, const struct page *page, size_t workload)
{
	bool is_trip = page->workloads[workload].metric == RUN_ROUND_TRIP;
	struct chart chart = {
		.out = out,
		.height = 340.0,
		.left = 58.0,
		.right = 250.0,
		.top = 24.0,
		.bottom = 302.0,
		.x_unit = CHART_SIZE,
		.y_unit = is_trip ? CHART_TIME : CHART_BYTES,
		.y_figure = page_figure_keys[figure_of(page, workload)],
	};

	find_scales(page, workload, &chart);
	if (scale_is_empty(&chart.x) || scale_is_empty(&chart.y))
		return;
	fputs("<div class=panels>\n", out);
	for (size_t i = 0; i < page->settings_count; i++) {
		/* What only measures the harness has no chart of its own. */
		if (page_has(page, workload, i, PAGE_ANY)) {
			size_t count = 0;

			for (size_t size = 0; size < page->sizes_count; size++)
				count += page_count(page, workload, i, size);
			if (count > 0)
				draw_setting(&chart, page, workload, i);
		}
	}
	fputs("</div>\n<p class=note>Both axes are logarithmic and the same in all charts. A line "
	      "is "
	      "the median of the rounds, its ribbon what lies between their quartiles.</p>\n",
	      out);
}

/* Returns how many sizes a workload was measured at. */
static size_t count_sizes(const struct page *page, size_t workload)
{
	size_t count = 0;

	for (size_t size = 0; size < page->sizes_count; size++) {
		bool has = false;

		for (size_t i = 0; i < page->settings_count; i++)
			has = has || page_count(page, workload, i, size) > 0;
		count += has;
	}
	return count;
}

static void write_head(FILE *out, const struct page *page, size_t workload)
{
	const struct page_workload *what = &page->workloads[workload];
	bool is_trip = what->metric == RUN_ROUND_TRIP;

	fprintf(out, "<section id=w%zu><h2>%s <small>", workload,
	        is_trip         ? "Round-trip time"
	        : what->is_work ? "Real work"
	                        : "Throughput");
	html_text(out, what->name);
	fputs("</small></h2>\n<p>", out);
	if (is_trip)
		fputs("One message to the other peer and one back, with nothing else in flight: "
		      "not the latency under load, and half of it is not the way there.",
		      out);
	else if (what->is_work)
		fputs("Tasks a second that peers were handed and whose results were checked. What "
		      "begins with cpython is the same work there, a comparator.",
		      out);
	else
		fputs("As fast as the consumer has received, read and checked each message. MB is "
		      "1,000,000 bytes of payload.",
		      out);
	fputs("</p>\n", out);
}

void page_write_sizes(FILE *out, const struct page *page, size_t workload)
{
	write_head(out, page, workload);
	if (page->workloads[workload].is_work) {
		page_write_ladders(out, page, workload);
	} else if (count_sizes(page, workload) > 1) {
		page_write_size_charts(out, page, workload);
		page_write_heat(out, page, workload);
	} else {
		page_write_ladders(out, page, workload);
		fputs("<p class=note>One size was measured; <code>size:64..64K</code> among the "
		      "filters draws these as lines.</p>\n",
		      out);
		page_write_heat(out, page, workload);
	}
	fputs("</section>\n", out);
}
