/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/heat.c - the heat map: transports down, sizes across.
 *
 * A color says how far a figure is from the best one of its column under the same
 * setting: the figure itself is printed, and the best depends on the size.
 */
#include "results/exporters/html/page.h"

#include <math.h>

#include "results/exporters/html/html.h"
#include "results/exporters/text_units.h"

#define STEPS 6

static const double step_limits[STEPS - 1] = {1.1, 1.5, 2.5, 5.0, 10.0};

static const enum page_figure trip_figures[] = {PAGE_P50, PAGE_P99, PAGE_P999, PAGE_CPU};
static const enum page_figure rate_figures[] = {PAGE_MESSAGES, PAGE_BYTES, PAGE_CPU};

struct heat {
	FILE *out;
	const struct page *page;
	size_t workload;
	const enum page_figure *figures;
	size_t figures_count;
};

/* Returns the best of a column under one setting, or NAN; yardsticks don't compete. */
static double best_of(const struct heat *heat, size_t setting, size_t size, enum page_figure which)
{
	double best = NAN;

	for (size_t i = 0; i < heat->page->series_count; i++) {
		const struct report_cell *cell =
			page_cell(heat->page, heat->workload, setting, i, size);
		const struct report_figure *figure = cell ? page_figure(cell, which) : NULL;

		if (!figure || heat->page->series[i].is_yardstick)
			continue;
		best = page_is_rate(which) ? fmax(best, figure->median)
		                           : fmin(best, figure->median);
	}
	return best;
}

/* Returns the step of a value: 0 for the best, and what is about as good. */
static size_t step_of(double value, double best, bool is_rate)
{
	double ratio = is_rate ? best / value : value / best;
	size_t step = 0;

	if (!isfinite(ratio))
		return STEPS - 1;
	while (step < STEPS - 1 && ratio > step_limits[step])
		step++;
	return step;
}

static void write_cell(const struct heat *heat, size_t setting, size_t series, size_t size,
                       const double *best)
{
	const struct report_cell *cell =
		page_cell(heat->page, heat->workload, setting, series, size);
	const struct report_skip *skip;

	if (cell) {
		fprintf(heat->out, "<td data-c=%zu>", page_number(heat->page, cell));
		for (size_t i = 0; i < heat->figures_count; i++) {
			const struct report_figure *figure = page_figure(cell, heat->figures[i]);
			char text[TEXT_NUMBER_BYTES] = "-";

			if (figure)
				page_value_text(text, sizeof(text), heat->figures[i],
				                figure->median);
			fprintf(heat->out, "<b class=\"m%zu h%zu\">", i,
			        figure && !heat->page->series[series].is_yardstick
			                ? step_of(figure->median, best[i],
			                          page_is_rate(heat->figures[i]))
			                : STEPS - 1);
			html_text(heat->out, text);
			fputs("</b>", heat->out);
		}
		fputs("</td>", heat->out);
		return;
	}
	skip = page_skip(heat->page, heat->workload, setting, series, size);
	if (page_failed(heat->page, heat->workload, setting, series, size))
		fputs("<td class=fail><a href=#failed>failed</a>", heat->out);
	else if (skip) {
		fputs("<td class=skip title=\"", heat->out);
		html_text(heat->out, skip->reason);
		fputs("\"><a href=#skipped>skip</a>", heat->out);
	} else {
		fputs("<td class=none>", heat->out);
	}
	fputs("</td>", heat->out);
}

/* Says whether a series has anything at all under a setting: a number, a failure, a skip. */
static bool has_row(const struct heat *heat, size_t setting, size_t series)
{
	const struct page *page = heat->page;

	for (size_t i = 0; i < page->sizes_count; i++) {
		if (page_cell(page, heat->workload, setting, series, i) ||
		    page_failed(page, heat->workload, setting, series, i) ||
		    page_skip(page, heat->workload, setting, series, i))
			return true;
	}
	return false;
}

/* Writes the table of one setting. */
static void write_setting(const struct heat *heat, size_t setting)
{
	const struct page *page = heat->page;
	FILE *out = heat->out;

	fprintf(out,
	        "<div class=scroll tabindex=0 role=region data-s=%zu aria-label=\"Transports by "
	        "size\"><table data-f=\"",
	        setting);
	for (size_t i = 0; i < heat->figures_count; i++)
		fprintf(out, "%s%s", i > 0 ? " " : "", page_figure_keys[heat->figures[i]]);
	fputs("\"><caption>", out);
	html_text(out, page->settings[setting].label);
	fputs("</caption><thead><tr><th scope=col>Transport</th>", out);
	for (size_t i = 0; i < page->sizes_count; i++) {
		char text[32];

		page_size_text(text, sizeof(text), page->sizes[i]);
		fprintf(out, "<th scope=col>%s</th>", text);
	}
	fputs("</tr></thead><tbody>\n", out);
	for (size_t series = 0; series < page->series_count; series++) {
		if (!has_row(heat, setting, series))
			continue;
		fprintf(out, "<tr data-t=%zu><th scope=row>", page->series[series].color);
		html_text(out, page->series[series].label);
		fputs("</th>", out);
		for (size_t size = 0; size < page->sizes_count; size++) {
			double best[PAGE_FIGURES];

			for (size_t i = 0; i < heat->figures_count; i++)
				best[i] = best_of(heat, setting, size, heat->figures[i]);
			write_cell(heat, setting, series, size, best);
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

static void write_choice(const struct heat *heat)
{
	fputs("<fieldset class=tabs><legend>Figure</legend>", heat->out);
	for (size_t i = 0; i < heat->figures_count; i++)
		fprintf(heat->out,
		        "<label><input type=radio name=heat%zu "
		        "class=m%zu%s><span>%s</span></label>",
		        heat->workload, i, i == 0 ? " checked" : "",
		        page_figure_titles[heat->figures[i]]);
	fputs("</fieldset>\n", heat->out);
}

static void write_legend(const struct heat *heat)
{
	static const char *const texts[STEPS] = {"best, or within 10 %", "up to 1.5 times",
	                                         "up to 2.5 times",      "up to 5 times",
	                                         "up to 10 times",       "more"};

	fputs("<p class=legend><span>Distance from the best of the column under that "
	      "setting:</span>",
	      heat->out);
	for (size_t i = 0; i < STEPS; i++)
		fprintf(heat->out, " <i class=h%zu>%s</i>", i, texts[i]);
	fputs("</p>\n", heat->out);
}

void page_write_heat(FILE *out, const struct page *page, size_t workload)
{
	bool is_trip = page->workloads[workload].metric == RUN_ROUND_TRIP;
	const struct heat heat = {
		.out = out,
		.page = page,
		.workload = workload,
		.figures = is_trip ? trip_figures : rate_figures,
		.figures_count = is_trip ? 4 : 3,
	};

	fputs("<div class=\"choice heat\">", out);
	write_choice(&heat);
	fputs("<div class=tables>\n", out);
	for (size_t i = 0; i < page->settings_count; i++) {
		if (page_has(page, workload, i, PAGE_ANY))
			write_setting(&heat, i);
	}
	fputs("</div>\n", out);
	write_legend(&heat);
	fputs("</div>\n", out);
}
