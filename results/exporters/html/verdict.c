/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/verdict.c - what the session found, before everything else:
 * counts, what is best under each setting, warnings, and how to measure it again.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "results/environment.h"
#include "results/exporters/html/html.h"
#include "results/exporters/html/page.h"
#include "results/exporters/reproduce.h"
#include "results/exporters/text_units.h"

#define SPREAD_WIDE 0.2 /* a cell that scatters more is warned of */
#define NAMES_MAX 2     /* named as no different from the best */

struct contest {
	const struct report_figure *best;
	const struct report_cell *cell;
	const struct page_series *series;
	const struct report_figure *second;
	const struct page_series *second_series;
	size_t tied; /* those that don't differ by more than the rounds scatter */
	const struct page_series *tied_series[NAMES_MAX];
};

/* Says whether the quartiles of two figures touch: then the rounds don't tell them apart. */
static bool is_tie(const struct report_figure *a, const struct report_figure *b)
{
	return a->low <= b->high && b->low <= a->high;
}

static bool is_better(const struct report_figure *a, const struct report_figure *b, bool is_rate)
{
	return !b || (is_rate ? a->median > b->median : a->median < b->median);
}

static bool competes(const struct page_series *series)
{
	return !series->is_yardstick && !series->is_comparator;
}

static struct contest hold_contest(const struct page *page, size_t workload, size_t setting,
                                   size_t size, enum page_figure which)
{
	struct contest contest = {0};
	bool is_rate = page_is_rate(which);

	for (size_t i = 0; i < page->series_count; i++) {
		const struct report_cell *cell = page_cell(page, workload, setting, i, size);
		const struct report_figure *figure = cell ? page_figure(cell, which) : NULL;

		if (!figure || !competes(&page->series[i]) || !isfinite(figure->median) ||
		    !(figure->median > 0.0))
			continue;
		if (is_better(figure, contest.best, is_rate)) {
			contest.second = contest.best;
			contest.second_series = contest.series;
			contest.best = figure;
			contest.cell = cell;
			contest.series = &page->series[i];
		} else if (is_better(figure, contest.second, is_rate)) {
			contest.second = figure;
			contest.second_series = &page->series[i];
		}
	}
	for (size_t i = 0; contest.best && i < page->series_count; i++) {
		const struct report_cell *cell = page_cell(page, workload, setting, i, size);
		const struct report_figure *figure = cell ? page_figure(cell, which) : NULL;

		if (!figure || figure == contest.best || !competes(&page->series[i]) ||
		    !is_tie(figure, contest.best))
			continue;
		if (contest.tied < NAMES_MAX)
			contest.tied_series[contest.tied] = &page->series[i];
		contest.tied++;
	}
	return contest;
}

struct column {
	size_t workload;
	size_t size;
	enum page_figure figure;
	const char *title;
};

static struct contest contest_of(const struct page *page, const struct column *column,
                                 size_t setting)
{
	return hold_contest(page, column->workload, setting, column->size, column->figure);
}

static void write_contest(FILE *out, const struct page *page, const struct column *column,
                          size_t setting)
{
	struct contest contest = contest_of(page, column, setting);
	enum page_figure which = column->figure;
	char text[TEXT_NUMBER_BYTES];

	if (!contest.best) {
		fputs("<td class=none>-</td>", out);
		return;
	}
	page_value_text(text, sizeof(text), which, contest.best->median);
	fprintf(out, "<td data-c=%zu data-f=%s data-h=\"%s\"><a href=#r%zu>",
	        page_number(page, contest.cell), page_figure_keys[which], column->title,
	        page_number(page, contest.cell));
	html_text(out, contest.series->label);
	fputs("</a> <b>", out);
	html_text(out, text);
	fprintf(out, "%s</b><small>", which == PAGE_BYTES ? " MB/s" : "");
	if (contest.tied > 0) {
		fputs("no different: ", out);
		for (size_t i = 0; i < contest.tied && i < NAMES_MAX; i++) {
			fputs(i > 0 ? ", " : "", out);
			html_text(out, contest.tied_series[i]->label);
		}
		if (contest.tied > NAMES_MAX)
			fprintf(out, " and %zu more", contest.tied - NAMES_MAX);
	} else if (contest.second) {
		double ratio = contest.second->median / contest.best->median;

		fputs("then ", out);
		html_text(out, contest.second_series->label);
		if (ratio >= 2.0)
			fprintf(out, ", %.1f times that", ratio);
		else
			fprintf(out, ", %+.0f %%", (ratio - 1.0) * 100.0);
	} else {
		fputs("the only one", out);
	}
	fputs("</small></td>", out);
}

/* Returns the largest size at which a workload has a number. */
static size_t largest_size(const struct page *page, size_t workload)
{
	size_t largest = 0;

	for (size_t i = 0; i < page->report->cells_count; i++) {
		if (page->cells[i].workload == workload && page->report->cells[i].rounds > 0 &&
		    page->cells[i].size > largest)
			largest = page->cells[i].size;
	}
	return largest;
}

/* Chooses what the table of the best compares. Returns how many columns there are. */
static size_t find_columns(const struct page *page, struct column *out)
{
	size_t trip = page_workload_of(page, RUN_ROUND_TRIP, false);
	size_t stream = page_workload_of(page, RUN_THROUGHPUT, false);
	size_t work = page_workload_of(page, RUN_THROUGHPUT, true);
	size_t count = 0;

	if (trip != PAGE_ANY) {
		out[count++] = (struct column){trip, page->size_shown, PAGE_P50, "Shortest p50"};
		out[count++] = (struct column){trip, page->size_shown, PAGE_P99, "Shortest p99"};
		out[count++] =
			(struct column){trip, page->size_shown, PAGE_CPU, "Least CPU a round trip"};
	}
	if (stream != PAGE_ANY) {
		out[count++] =
			(struct column){stream, page->size_shown, PAGE_MESSAGES, "Most messages"};
		out[count++] = (struct column){stream, largest_size(page, stream), PAGE_BYTES,
		                               "Most MB/s"};
	}
	if (work != PAGE_ANY)
		out[count++] = (struct column){work, PAGE_ANY, PAGE_MESSAGES, "Most tasks"};
	return count;
}

static void write_best(FILE *out, const struct page *page)
{
	struct column columns[6];
	size_t count = find_columns(page, columns);

	if (count == 0)
		return;
	fputs("<div class=scroll tabindex=0 role=region aria-label=\"Table of the best\"><table "
	      "class=best><thead><tr><th scope=col>Where, and how peers wait</th>",
	      out);
	for (size_t i = 0; i < count; i++) {
		char text[32] = "each checked";

		if (columns[i].size != PAGE_ANY)
			page_size_text(text, sizeof(text), page->sizes[columns[i].size]);
		fprintf(out, "<th scope=col>%s <small>%s</small></th>", columns[i].title, text);
	}
	fputs("</tr></thead><tbody>\n", out);
	for (size_t setting = 0; setting < page->settings_count; setting++) {
		bool has = false;

		for (size_t i = 0; i < count; i++)
			has = has || contest_of(page, &columns[i], setting).best;
		if (!has)
			continue;
		fprintf(out, "<tr data-s=%zu><th scope=row>", setting);
		html_text(out, page->settings[setting].label);
		fputs("</th>", out);
		for (size_t i = 0; i < count; i++)
			write_contest(out, page, &columns[i], setting);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n<p class=note>No different: between quartiles, the rounds "
	      "of "
	      "both overlap. Spinning needs a CPU for each peer, all the time.</p>\n",
	      out);
}

/* Writes what doctor found, as far as it is a warning or worse. */
static void write_findings(FILE *out, const char *doctor)
{
	json_t *findings = json_loads(doctor ? doctor : "[]", 0, NULL);
	const json_t *finding;
	size_t i;

	json_array_foreach(findings, i, finding)
	{
		static const char *const texts[] = {"finding", "message", "text", "advice"};
		const char *id = json_string_value(json_object_get(finding, "id"));
		const char *level = json_string_value(json_object_get(finding, "level"));

		if (!id || !level || strcmp(level, "info") == 0 || strcmp(level, "pass") == 0 ||
		    strcmp(level, "ok") == 0)
			continue;
		fputs("<li><b>doctor: ", out);
		html_text(out, id);
		fputs("</b> ", out);
		html_text(out, level);
		if (json_is_number(json_object_get(finding, "value")))
			fprintf(out, ", %g", json_number_value(json_object_get(finding, "value")));
		for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
			const char *text = json_string_value(json_object_get(finding, texts[t]));

			fputs(text ? ": " : "", out);
			html_text(out, text ? text : "");
		}
		fputs("</li>\n", out);
	}
	json_decref(findings);
}

/* Counts the cells whose rounds scatter widely. */
static size_t count_wide(const struct page *page)
{
	size_t count = 0;

	for (size_t i = 0; i < page->report->cells_count; i++) {
		const struct report_cell *cell = &page->report->cells[i];
		const struct report_figure *figure = cell->metric == RUN_ROUND_TRIP
		                                             ? &cell->quantiles_ns[0]
		                                             : &cell->messages_per_s;

		count += report_spread(figure, cell->rounds) > SPREAD_WIDE;
	}
	return count;
}

static void write_warnings(FILE *out, const struct page *page)
{
	const struct session *session = &page->report->session;
	size_t wide = count_wide(page);
	const char *status = session->status ? session->status : "";

	fputs("<ul class=warnings>\n", out);
	if (strcmp(status, "complete") != 0 && status[0] != '\0') {
		fputs("<li><b>The session is ", out);
		html_text(out, status);
		fputs("</b>: what follows is what was finished.</li>\n", out);
	}
	if (page->failed + page->shaken > 0)
		fprintf(out,
		        "<li><b>%zu %s failed rounds</b>: <a href=#failed>which, and "
		        "why</a>.</li>\n",
		        page->failed + page->shaken,
		        page->failed + page->shaken == 1 ? "cell has" : "cells have");
	if (wide > 0)
		fprintf(out,
		        "<li><b>%zu of %zu cells scatter by more than ±%.0f %%</b>: the machine "
		        "was "
		        "busy, or in two states; see <a href=#rounds>round by round</a>.</li>\n",
		        wide, page->measured, SPREAD_WIDE * 100.0);
	write_findings(out, session->doctor);
	fputs("</ul>\n", out);
}

static void write_started(FILE *out, uint64_t started_ns)
{
	char text[64] = "";
	time_t seconds = (time_t)(started_ns / 1000000000u);
	struct tm utc;

	if (gmtime_r(&seconds, &utc))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc);
	fputs(text, out);
}

static void write_counts(FILE *out, const struct page *page)
{
	size_t claims = 0;
	size_t hold = 0;
	size_t untold = 0;

	for (size_t i = 0; i < page->report->claims_count; i++) {
		claims += page->report->claims[i].verdict[0] != '\0';
		hold += strcmp(page->report->claims[i].verdict, "holds") == 0;
		untold += strcmp(page->report->claims[i].verdict, "cannot be told") == 0;
	}
	fputs("<h1>", out);
	if (claims > 0)
		fprintf(out, "<a href=#claims>%zu of %zu claims hold</a>, ", hold, claims);
	if (untold > 0)
		fprintf(out, "%zu can't be told here, ", untold);
	fprintf(out, "%zu %s measured", page->measured, page->measured == 1 ? "cell" : "cells");
	if (page->failed > 0)
		fprintf(out, ", <span class=bad>%zu failed</span>", page->failed);
	if (page->report->skips_count > 0)
		fprintf(out, ", <a href=#skipped>%zu skipped</a>", page->report->skips_count);
	fputs("</h1>\n", out);
}

void page_write_verdict(FILE *out, const struct page *page)
{
	const struct session *session = &page->report->session;
	char *line = reproduce_line(session);

	fputs("<header id=verdict><p class=eyebrow>ipcbench ", out);
	html_text(out, session->tool ? session->tool : "");
	fprintf(out, " · session %.8s · ", session->uuid);
	write_started(out, session->started_ns);
	fputs("</p>\n", out);
	write_counts(out, page);
	if (session->environment) {
		char described[512];

		environment_describe(session->environment, described, sizeof(described));
		fputs("<p class=machine>", out);
		html_text(out, described);
		fputs("</p>\n", out);
	}
	write_warnings(out, page);
	write_best(out, page);
	fputs("<p class=again><span>Measure it again</span> <code id=again>", out);
	html_text(out, line ? line : "");
	fputs("</code></p></header>\n", out);
	free(line);
}
