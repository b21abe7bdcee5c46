/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/rounds.c - the round strips: each round's result as a dot.
 *
 * A strip shows how far each round lay from the median of all, on one scale for the
 * whole page, so that calm and noisy cells compare by eye. What is beyond the scale
 * stands at its edge, in another color.
 */
#include <math.h>
#include <stdlib.h>

#include "results/exporters/html/html.h"
#include "results/exporters/html/page.h"
#include "results/exporters/text_units.h"

#define STRIP_WIDTH 150.0
#define STRIP_HEIGHT 30.0
#define EDGE 3.0             /* from the border to the outermost dots */
#define RANGE 0.25           /* a round this share off lies at the edge */
#define ROUNDS_DRAWN_MAX 240 /* more would not be told apart */

static double y_of(double value, double median)
{
	double share = log(value / median) / log(1.0 + RANGE);

	return STRIP_HEIGHT / 2.0 - fmax(-1.0, fmin(1.0, share)) * (STRIP_HEIGHT / 2.0 - EDGE);
}

/* Writes the dots of the rounds inside the scale, or of those outside. */
static void draw_dots(FILE *out, const double *values, size_t count, double median, bool outside)
{
	double step = (STRIP_WIDTH - 2.0 * EDGE) / (double)(count > 1 ? count - 1 : 1);
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		bool is_outside = fabs(log(values[i] / median)) > log(1.0 + RANGE);

		if (!isfinite(values[i]) || values[i] <= 0.0 || is_outside != outside)
			continue;
		if (!any)
			fprintf(out, "<path class=%s d=\"", outside ? "o" : "p");
		any = true;
		html_point(out, 'M', EDGE + (double)i * step, y_of(values[i], median));
		fputs("h0", out);
	}
	if (any)
		fputs("\"/>", out);
}

static void draw_strip(FILE *out, const double *values, size_t count,
                       const struct report_figure *figure)
{
	size_t drawn = count < ROUNDS_DRAWN_MAX ? count : ROUNDS_DRAWN_MAX;
	double high = y_of(figure->high, figure->median);
	double low = y_of(figure->low, figure->median);

	fprintf(out,
	        "<svg class=strip viewBox=\"0 0 %g %g\" role=img aria-label=\"%zu rounds\"><path "
	        "class=q d=\"M0 ",
	        STRIP_WIDTH, STRIP_HEIGHT, count);
	html_number(out, high);
	fprintf(out, "H%gV", STRIP_WIDTH);
	html_number(out, low);
	fprintf(out, "H0Z\"/><path class=g d=\"M0 %gH%g\"/>", STRIP_HEIGHT / 2.0, STRIP_WIDTH);
	draw_dots(out, values, drawn, figure->median, false);
	draw_dots(out, values, drawn, figure->median, true);
	fputs("</svg>", out);
}

static void write_row(FILE *out, const struct page *page, size_t workload, size_t series,
                      const struct report_cell *cell)
{
	enum page_figure which = page_main_figure(page, workload);
	const struct report_figure *figure =
		which == PAGE_P50 ? &cell->quantiles_ns[0] : &cell->messages_per_s;
	const double *values =
		which == PAGE_P50 ? cell->p50_ns_by_round : cell->messages_per_s_by_round;
	char text[TEXT_NUMBER_BYTES];
	char spread[TEXT_NUMBER_BYTES];

	if (!figure->is_known || !isfinite(figure->median) || figure->median <= 0.0)
		return;
	/* What too few values support is drawn, but is no figure. */
	page_value_text(text, sizeof(text), which, page_figure(cell, which) ? figure->median : NAN);
	text_spread(spread, sizeof(spread), report_spread(figure, cell->rounds), true);
	fprintf(out, "<tr data-t=%zu data-c=%zu><th scope=row>", page->series[series].color,
	        page_number(page, cell));
	html_text(out, page->series[series].label);
	fputs("</th><td class=dots>", out);
	draw_strip(out, values, cell->rounds, figure);
	fprintf(out, "</td><td data-f=%s>", page_figure_keys[which]);
	html_text(out, text);
	fputs("</td><td data-f=spread>", out);
	html_text(out, spread);
	fputs("</td></tr>\n", out);
}

static void write_setting(FILE *out, const struct page *page, size_t workload, size_t setting,
                          size_t size)
{
	bool is_trip = page->workloads[workload].metric == RUN_ROUND_TRIP;

	fprintf(out, "<table class=strips data-s=%zu><caption>", setting);
	html_text(out, page->workloads[workload].name);
	fputs(", ", out);
	html_text(out, page->settings[setting].label);
	fprintf(out,
	        "</caption><thead><tr><th scope=col>Transport</th><th scope=col>Rounds, first to "
	        "last</th><th scope=col>%s</th><th scope=col>Spread</th></tr></thead><tbody>\n",
	        is_trip ? "p50" : "Messages");
	for (size_t i = 0; i < page->series_count; i++) {
		const struct report_cell *cell = page_cell(page, workload, setting, i, size);

		if (cell)
			write_row(out, page, workload, i, cell);
	}
	fputs("</tbody></table>\n", out);
}

void page_write_rounds(FILE *out, const struct page *page)
{
	bool *has = calloc(page->sizes_count + 1, sizeof(*has));

	if (!has || page->measured == 0) {
		free(has);
		return;
	}
	for (size_t i = 0; i < page->report->cells_count; i++) {
		if (page->report->cells[i].rounds > 0)
			has[page->cells[i].size] = true;
	}
	fputs("<section id=rounds><h2>Round by round</h2>\n<p>Each dot is one round, with peers of "
	      "its own: its p50, or its rate. The line is the median of the rounds, the band what "
	      "lies between their quartiles. From the middle to an edge it is 25 % everywhere; "
	      "what "
	      "lies farther off stands at the edge, in red. A slope is drift, two levels are two "
	      "states of the machine, and a difference between transports that is smaller than the "
	      "scatter is none.</p>\n",
	      out);
	page_choice_open(out, page, "rounds", has);
	for (size_t size = 0; size < page->sizes_count; size++) {
		if (!has[size])
			continue;
		page_size_open(out, page, size);
		fputs("<div class=panels>\n", out);
		for (size_t workload = 0; workload < page->workloads_count; workload++) {
			for (size_t i = 0; i < page->settings_count; i++) {
				if (page_has(page, workload, i, size))
					write_setting(out, page, workload, i, size);
			}
		}
		fputs("</div>\n", out);
		page_size_close(out);
	}
	page_choice_close(out);
	fputs("</section>\n", out);
	free(has);
}
