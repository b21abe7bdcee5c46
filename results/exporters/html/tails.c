/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/tails.c - quantiles of round-trip times, up to where fewer
 * than 20 values of all rounds lie beyond: a line for each transport, against 1 - p.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "results/exporters/html/chart.h"
#include "results/exporters/html/html.h"
#include "results/exporters/html/page.h"
#include "results/exporters/text_units.h"

#define ENDS_MAX 64

/* Returns the coordinate of a quantile: each further nine is as wide as the first. */
static double x_of(const struct chart *chart, double beyond, double nines)
{
	return chart->left + -log10(beyond) / nines * (chart->right - chart->left);
}

/* Returns how many points of a curve can be drawn: resolved, and in range. */
static size_t curve_count(const struct report_cell *cell)
{
	size_t count = 0;

	while (cell->curve && count < cell->curve_count && cell->curve[count].is_known &&
	       isfinite(cell->curve[count].high) && cell->curve[count].low > 0.0)
		count++;
	return count;
}

static void draw_curve(const struct chart *chart, const struct page *page,
                       const struct page_series *series, const struct report_cell *cell,
                       double nines)
{
	size_t number = page_number(page, cell);
	size_t count = curve_count(cell);
	FILE *out = chart->out;

	chart_series_open(chart, series, &number, 1);
	fputs("<path class=r d=\"", out);
	for (size_t i = 0; i < count; i++)
		html_point(out, i > 0 ? 'L' : 'M', x_of(chart, report_curve_beyond[i], nines),
		           scale_at(&chart->y, cell->curve[i].high));
	for (size_t i = count; i-- > 0;)
		html_point(out, 'L', x_of(chart, report_curve_beyond[i], nines),
		           scale_at(&chart->y, cell->curve[i].low));
	fputs("Z\"/><path class=l d=\"", out);
	for (size_t i = 0; i < count; i++)
		html_point(out, i > 0 ? 'L' : 'M', x_of(chart, report_curve_beyond[i], nines),
		           scale_at(&chart->y, cell->curve[i].median));
	fputs("\"/>", out);
	chart_series_close(chart);
}

static void draw_axis(const struct chart *chart, double nines)
{
	static const struct {
		double beyond;
		const char *text;
	} marks[] = {{1, "min"},     {0.5, "50"},     {0.1, "90"},     {0.01, "99"},
	             {1e-3, "99.9"}, {1e-4, "99.99"}, {1e-5, "99.999"}};
	double free_from = 0.0;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		double x = x_of(chart, marks[i].beyond, nines);
		double half = html_label_width(marks[i].text) / 2.0;

		if (-log10(marks[i].beyond) > nines + 1e-9)
			break;
		html_line(chart->out, x, chart->top, x, chart->bottom, "g");
		if (x - half < free_from)
			continue;
		html_label(chart->out, x, chart->bottom + 14.0, HTML_MIDDLE, "", marks[i].text);
		free_from = x + half + 3.0;
	}
	html_label(chart->out, (chart->left + chart->right) / 2.0, chart->bottom + 28.0,
	           HTML_MIDDLE, "t", "per cent of round trips");
}

/* Draws one setting at one size, if any cell there has a curve. */
static void draw_setting(FILE *out, const struct page *page, size_t workload, size_t setting,
                         size_t size)
{
	struct chart chart = {
		.out = out,
		.height = 340.0,
		.left = 58.0,
		.right = 250.0,
		.top = 24.0,
		.bottom = 302.0,
		.y_unit = CHART_TIME,
		.setting = setting,
		.y_figure = "curve",
	};
	struct chart_end ends[ENDS_MAX];
	size_t ends_count = 0;
	double nines = 1.0;

	for (size_t i = 0; i < page->series_count; i++) {
		const struct report_cell *cell = page_cell(page, workload, setting, i, size);
		size_t count = cell ? curve_count(cell) : 0;

		for (size_t j = 0; j < count; j++) {
			scale_include(&chart.y, cell->curve[j].low);
			scale_include(&chart.y, cell->curve[j].high);
		}
		if (count > 0)
			nines = fmax(nines, -log10(report_curve_beyond[count - 1]));
	}
	if (scale_is_empty(&chart.y))
		return;
	scale_finish(&chart.y, chart.bottom, chart.top, 0.03);
	chart_open(&chart, page->settings[setting].label,
	           "Quantiles of round-trip times, a line for each transport");
	draw_axis(&chart, nines);
	chart_y_axis(&chart, "round trip");
	for (size_t i = 0; i < page->series_count && ends_count < ENDS_MAX; i++) {
		const struct report_cell *cell = page_cell(page, workload, setting, i, size);
		size_t count = cell ? curve_count(cell) : 0;

		if (count == 0)
			continue;
		draw_curve(&chart, page, &page->series[i], cell, nines);
		ends[ends_count++] = (struct chart_end){
			.x = x_of(&chart, report_curve_beyond[count - 1], nines),
			.y = scale_at(&chart.y, cell->curve[count - 1].median),
			.series = &page->series[i],
		};
	}
	chart_name_ends(&chart, ends, ends_count);
	chart_close(&chart);
}

/* Writes a quantile with the quartiles of the rounds around it. */
static void write_quantile(FILE *out, const struct report_cell *cell, enum page_figure which)
{
	const struct report_figure *figure = page_figure(cell, which);
	char text[TEXT_NUMBER_BYTES] = "-";
	char low[TEXT_NUMBER_BYTES];
	char high[TEXT_NUMBER_BYTES];

	if (figure)
		text_time(text, sizeof(text), figure->median, true);
	fprintf(out, "<td data-f=%s>", page_figure_keys[which]);
	html_text(out, text);
	if (figure && cell->rounds > 1) {
		text_time(low, sizeof(low), figure->low, true);
		text_time(high, sizeof(high), figure->high, true);
		fprintf(out, " <small>%s – ", low);
		html_text(out, high);
		fputs("</small>", out);
	}
	fputs("</td>", out);
}

static void write_table(FILE *out, const struct page *page, size_t workload, size_t size)
{
	fputs("<details><summary>The same as a table</summary><div class=scroll tabindex=0 "
	      "role=region aria-label=\"Table of quantiles\"><table class=figures><thead><tr>"
	      "<th scope=col>Transport</th><th scope=col>p50</th><th scope=col>p90</th>"
	      "<th scope=col>p99</th><th scope=col>p99.9</th></tr></thead>\n",
	      out);
	for (size_t setting = 0; setting < page->settings_count; setting++) {
		if (!page_has(page, workload, setting, size))
			continue;
		fprintf(out, "<tbody data-s=%zu><tr class=set><th colspan=5 scope=rowgroup><span>",
		        setting);
		html_text(out, page->settings[setting].label);
		fputs("</span></th></tr>\n", out);
		for (size_t i = 0; i < page->series_count; i++) {
			const struct report_cell *cell =
				page_cell(page, workload, setting, i, size);

			if (!cell)
				continue;
			fprintf(out, "<tr data-t=%zu data-c=%zu><th scope=row>",
			        page->series[i].color, page_number(page, cell));
			html_text(out, page->series[i].label);
			fputs("</th>", out);
			for (int figure = PAGE_P50; figure <= PAGE_P999; figure++)
				write_quantile(out, cell, (enum page_figure)figure);
			fputs("</tr>\n", out);
		}
		fputs("</tbody>\n", out);
	}
	fputs("</table></div></details>\n", out);
}

/* Says at which sizes there is a curve. Returns whether there is any. */
static bool find_sizes(const struct page *page, size_t workload, bool *has)
{
	bool any = false;

	for (size_t i = 0; i < page->report->cells_count; i++) {
		if (page->cells[i].workload == workload && curve_count(&page->report->cells[i]) > 0)
			has[page->cells[i].size] = any = true;
	}
	return any;
}

int page_write_tails(FILE *out, const struct page *page)
{
	size_t workload = page_workload_of(page, RUN_ROUND_TRIP, false);
	bool *has = calloc(page->sizes_count + 1, sizeof(*has));

	if (!has)
		return -ENOMEM;
	if (workload != PAGE_ANY && find_sizes(page, workload, has)) {
		fputs("<section id=tails><h2>The tail</h2>\n<p>What the slowest took: each "
		      "further nine is as wide as the one before. A line ends where fewer than 20 "
		      "values of all rounds lie beyond; its band is what lies between the "
		      "quartiles "
		      "of the rounds.</p>\n",
		      out);
		page_choice_open(out, page, "tails", has);
		for (size_t size = 0; size < page->sizes_count; size++) {
			if (!has[size])
				continue;
			page_size_open(out, page, size);
			fputs("<div class=panels>\n", out);
			for (size_t i = 0; i < page->settings_count; i++) {
				if (page_count(page, workload, i, size) > 0)
					draw_setting(out, page, workload, i, size);
			}
			fputs("</div>\n", out);
			write_table(out, page, workload, size);
			page_size_close(out);
		}
		page_choice_close(out);
		fputs("</section>\n", out);
	}
	free(has);
	return 0;
}
