/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/pareto.c - the trade-off: p99 of a round trip against throughput
 * and against CPU time. A cell is on the front if none is at least as good in both.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "results/exporters/html/chart.h"
#include "results/exporters/html/html.h"
#include "results/exporters/html/page.h"
#include "results/exporters/text_units.h"

#define LABEL_HEIGHT 11.0

/* What is compared: a transport under a setting, at one size. */
struct choice {
	const struct report_cell *trip;
	const struct report_cell *stream;
	const struct page_series *series;
	size_t setting;
	double values[3]; /* VALUE_...; 0: not known */
	bool is_front[2]; /* of the two charts */
};

enum { VALUE_TAIL, VALUE_RATE, VALUE_CPU };

struct box {
	double x;
	double y;
	double width;
};

struct pareto {
	FILE *out;
	const struct page *page;
	struct choice *choices;
	size_t count;
	struct box *boxes; /* of texts and dots that are drawn */
	size_t boxes_count;
};

static double known(const struct report_figure *figure)
{
	return figure && isfinite(figure->median) && figure->median > 0.0 ? figure->median : 0.0;
}

/* Collects the choices of a size. */
static void collect(struct pareto *self, size_t trip, size_t stream, size_t size)
{
	const struct page *page = self->page;

	self->count = 0;
	for (size_t setting = 0; setting < page->settings_count; setting++) {
		for (size_t i = 0; i < page->series_count; i++) {
			const struct report_cell *a = page_cell(page, trip, setting, i, size);
			const struct report_cell *b =
				stream != PAGE_ANY ? page_cell(page, stream, setting, i, size)
						   : NULL;

			if (!a || page->series[i].is_yardstick)
				continue;
			self->choices[self->count++] = (struct choice){
				.trip = a,
				.stream = b,
				.series = &page->series[i],
				.setting = setting,
				.values =
					{
						known(page_figure(a, PAGE_P99)),
						b ? known(page_figure(b, PAGE_MESSAGES)) : 0.0,
						known(page_figure(a, PAGE_CPU)),
					},
			};
		}
	}
}

/* Says whether b is at least as good as a in both, and better in one. */
static bool is_beaten(const struct choice *a, const struct choice *b, int y)
{
	double tail = b->values[VALUE_TAIL] - a->values[VALUE_TAIL];
	double other = b->values[y] - a->values[y];

	if (y == VALUE_RATE)
		other = -other;
	return tail <= 0.0 && other <= 0.0 && (tail < 0.0 || other < 0.0);
}

static bool has_values(const struct choice *choice, int y)
{
	return choice->values[VALUE_TAIL] > 0.0 && choice->values[y] > 0.0;
}

static void find_front(struct pareto *self, int y)
{
	for (size_t i = 0; i < self->count; i++) {
		struct choice *choice = &self->choices[i];

		choice->is_front[y - 1] = has_values(choice, y);
		for (size_t j = 0; j < self->count && choice->is_front[y - 1]; j++)
			choice->is_front[y - 1] = !has_values(&self->choices[j], y) ||
			                          !is_beaten(choice, &self->choices[j], y);
	}
}

static bool is_free(const struct pareto *self, const struct box *box)
{
	for (size_t i = 0; i < self->boxes_count; i++) {
		const struct box *other = &self->boxes[i];

		if (box->x < other->x + other->width && other->x < box->x + box->width &&
		    box->y < other->y + LABEL_HEIGHT && other->y < box->y + LABEL_HEIGHT)
			return false;
	}
	return true;
}

/* Writes a choice's name beside its dot, where there is room; hovering tells the others. */
static void name_dot(struct pareto *self, const struct chart *chart, const struct choice *choice,
                     bool is_front, double x, double y)
{
	/* Those of the front are bold. */
	double width = html_label_width(choice->series->label) * (is_front ? 1.1 : 1.0);
	const struct box places[] = {
		{x + 6.0, y - 5.5, width},          {x - 6.0 - width, y - 5.5, width},
		{x - width / 2.0, y - 17.0, width}, {x - width / 2.0, y + 6.0, width},
		{x + 4.0, y - 17.5, width},         {x + 4.0, y + 6.5, width},
		{x - 4.0 - width, y - 17.5, width}, {x - 4.0 - width, y + 6.5, width},
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].x < chart->left || places[i].x + width > CHART_WIDTH - 2.0 ||
		    places[i].y < chart->top - 6.0 ||
		    places[i].y + LABEL_HEIGHT > chart->bottom + 2.0 || !is_free(self, &places[i]))
			continue;
		html_label(chart->out, places[i].x, places[i].y + 9.0, HTML_START, "",
		           choice->series->label);
		self->boxes[self->boxes_count++] = places[i];
		return;
	}
}

/* Draws the line from one choice of the front to the next, by p99. */
static void draw_front(const struct pareto *self, const struct chart *chart, int y)
{
	double last = 0.0;
	char command = 'M';

	fputs("<path class=front d=\"", chart->out);
	for (;;) {
		const struct choice *next = NULL;

		for (size_t i = 0; i < self->count; i++) {
			const struct choice *choice = &self->choices[i];

			if (choice->is_front[y - 1] && choice->values[VALUE_TAIL] > last &&
			    (!next || choice->values[VALUE_TAIL] < next->values[VALUE_TAIL]))
				next = choice;
		}
		if (!next)
			break;
		html_point(chart->out, command, scale_at(&chart->x, next->values[VALUE_TAIL]),
		           scale_at(&chart->y, next->values[y]));
		command = 'L';
		last = next->values[VALUE_TAIL];
	}
	fputs("\"/>", chart->out);
}

static void draw_dots(struct pareto *self, const struct chart *chart, int y)
{
	self->boxes_count = 0;
	for (size_t i = 0; i < self->count; i++) {
		const struct choice *choice = &self->choices[i];

		if (has_values(choice, y))
			self->boxes[self->boxes_count++] = (struct box){
				scale_at(&chart->x, choice->values[VALUE_TAIL]) - 3.0,
				scale_at(&chart->y, choice->values[y]) - LABEL_HEIGHT / 2.0, 6.0};
	}
	/* Those of the front first, so that they get the room. */
	for (int is_front = 1; is_front >= 0; is_front--) {
		for (size_t i = 0; i < self->count; i++) {
			const struct choice *choice = &self->choices[i];
			double at_x = scale_at(&chart->x, choice->values[VALUE_TAIL]);
			double at_y = scale_at(&chart->y, choice->values[y]);

			if (!has_values(choice, y) || choice->is_front[y - 1] != (bool)is_front)
				continue;
			fprintf(chart->out,
			        "<g class=\"s c%zu%s\" data-t=%zu data-s=%zu data-c=%zu",
			        choice->setting % 8, is_front ? " best" : "", choice->series->color,
			        choice->setting, page_number(self->page, choice->trip));
			if (y == VALUE_RATE)
				fprintf(chart->out, " data-d=%zu",
				        page_number(self->page, choice->stream));
			fputs("><path class=p d=\"", chart->out);
			html_point(chart->out, 'M', at_x, at_y);
			fputs("h0\"/>", chart->out);
			name_dot(self, chart, choice, is_front != 0, at_x, at_y);
			fputs("</g>\n", chart->out);
		}
	}
}

static void draw_chart(struct pareto *self, int y)
{
	struct chart chart = {
		.out = self->out,
		.height = 340.0,
		.left = 58.0,
		.right = 348.0,
		.top = 24.0,
		.bottom = 302.0,
		.x_unit = CHART_TIME,
		.y_unit = y == VALUE_RATE ? CHART_RATE : CHART_TIME,
		.setting = PAGE_ANY,
		.x_figure = page_figure_keys[PAGE_P99],
		.y_figure = page_figure_keys[y == VALUE_RATE ? PAGE_MESSAGES : PAGE_CPU],
	};

	for (size_t i = 0; i < self->count; i++) {
		if (has_values(&self->choices[i], y)) {
			scale_include(&chart.x, self->choices[i].values[VALUE_TAIL]);
			scale_include(&chart.y, self->choices[i].values[y]);
		}
	}
	if (scale_is_empty(&chart.x))
		return;
	scale_finish(&chart.x, chart.left, chart.right, 0.08);
	scale_finish(&chart.y, chart.bottom, chart.top, 0.08);
	find_front(self, y);
	chart_open(&chart,
	           y == VALUE_RATE ? "p99 and throughput: better is up and left"
	                           : "p99 and CPU time: better is down and left",
	           y == VALUE_RATE ? "p99 of a round trip against messages a second"
	                           : "p99 of a round trip against CPU time of all peers");
	chart_x_axis(&chart, "p99 of a round trip");
	chart_y_axis(&chart, y == VALUE_RATE ? "messages a second" : "CPU time a round trip");
	draw_front(self, &chart, y);
	draw_dots(self, &chart, y);
	chart_close(&chart);
}

static void write_figure(FILE *out, const struct report_cell *cell, const struct page *page,
                         enum page_figure which)
{
	const struct report_figure *figure = cell ? page_figure(cell, which) : NULL;
	char text[TEXT_NUMBER_BYTES] = "-";

	if (figure)
		page_value_text(text, sizeof(text), which, figure->median);
	fputs("<td", out);
	if (cell)
		fprintf(out, " data-c=%zu data-f=%s", page_number(page, cell),
		        page_figure_keys[which]);
	fputc('>', out);
	html_text(out, text);
	fputs("</td>", out);
}

static void write_table(const struct pareto *self)
{
	FILE *out = self->out;

	fputs("<details><summary>The same as a table</summary><div class=scroll tabindex=0 "
	      "role=region aria-label=\"Table of trade-offs\"><table class=figures><thead><tr>"
	      "<th scope=col>Transport</th><th scope=col>Setting</th><th scope=col>p99</th>"
	      "<th scope=col>Messages</th><th scope=col>CPU</th><th "
	      "scope=col>Front</th></tr></thead>"
	      "<tbody>\n",
	      out);
	for (size_t i = 0; i < self->count; i++) {
		const struct choice *choice = &self->choices[i];

		fprintf(out, "<tr data-t=%zu data-s=%zu><th scope=row>", choice->series->color,
		        choice->setting);
		html_text(out, choice->series->label);
		fputs("</th><td class=word>", out);
		html_text(out, self->page->settings[choice->setting].label);
		fputs("</td>", out);
		write_figure(out, choice->trip, self->page, PAGE_P99);
		write_figure(out, choice->stream, self->page, PAGE_MESSAGES);
		write_figure(out, choice->trip, self->page, PAGE_CPU);
		fprintf(out, "<td class=word>%s%s%s</td></tr>\n",
		        choice->is_front[0] ? "throughput" : "",
		        choice->is_front[0] && choice->is_front[1] ? ", " : "",
		        choice->is_front[1] ? "CPU" : "");
	}
	fputs("</tbody></table></div></details>\n", out);
}

/* Names the colors, which are those of settings here. */
static void write_legend(const struct pareto *self)
{
	fputs("<p class=legend>", self->out);
	for (size_t setting = 0; setting < self->page->settings_count; setting++) {
		size_t count = 0;

		for (size_t i = 0; i < self->count; i++)
			count += self->choices[i].setting == setting;
		if (count == 0)
			continue;
		fprintf(self->out, "<i class=\"key c%zu\">", setting % 8);
		html_text(self->out, self->page->settings[setting].label);
		fputs("</i> ", self->out);
	}
	fputs("</p>\n", self->out);
}

static void write_size(struct pareto *self)
{
	size_t unresolved = 0;

	for (size_t i = 0; i < self->count; i++)
		unresolved += self->choices[i].values[VALUE_TAIL] == 0.0;
	write_legend(self);
	fputs("<div class=\"panels wide\">\n", self->out);
	draw_chart(self, VALUE_RATE);
	draw_chart(self, VALUE_CPU);
	fputs("</div>\n", self->out);
	if (unresolved > 0)
		fprintf(self->out,
		        "<p class=note>%zu of %zu %s not shown: too few round trips for a p99. "
		        "More "
		        "rounds, or longer ones, would show %s.</p>\n",
		        unresolved, self->count, self->count == 1 ? "choice is" : "choices are",
		        unresolved == 1 ? "it" : "them");
	write_table(self);
}

int page_write_pareto(FILE *out, const struct page *page)
{
	size_t trip = page_workload_of(page, RUN_ROUND_TRIP, false);
	size_t stream = page_workload_of(page, RUN_THROUGHPUT, false);
	size_t most = page->settings_count * page->series_count + 1;
	struct pareto pareto = {
		.out = out,
		.page = page,
		.choices = calloc(most, sizeof(*pareto.choices)),
		.boxes = calloc(2 * most, sizeof(*pareto.boxes)),
	};
	bool *has = calloc(page->sizes_count + 1, sizeof(*has));
	bool any = false;
	int ret = 0;

	if (!pareto.choices || !pareto.boxes || !has) {
		ret = -ENOMEM;
		goto done;
	}
	for (size_t size = 0; trip != PAGE_ANY && size < page->sizes_count; size++) {
		collect(&pareto, trip, stream, size);
		for (size_t i = 0; i < pareto.count; i++)
			has[size] = has[size] || has_values(&pareto.choices[i], VALUE_CPU);
		any = any || has[size];
	}
	if (!any)
		goto done;
	fputs("<section id=pareto><h2>Trade-offs</h2>\n<p>A large dot is beaten by nothing: "
	      "all else is slower in the tail <em>and</em> worse in the other. A spinning "
	      "peer buys its short tail with a whole CPU.</p>\n",
	      out);
	page_choice_open(out, page, "pareto", has);
	for (size_t size = 0; size < page->sizes_count; size++) {
		if (!has[size])
			continue;
		collect(&pareto, trip, stream, size);
		page_size_open(out, page, size);
		write_size(&pareto);
		page_size_close(out);
	}
	page_choice_close(out);
	fputs("</section>\n", out);
done:
	free(pareto.choices);
	free(pareto.boxes);
	free(has);
	return ret;
}
