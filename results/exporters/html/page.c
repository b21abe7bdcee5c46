/* SPDX-License-Identifier: MIT */
/* results/exporters/html/page.c - a report arranged for a page: what its charts share. */
#include "results/exporters/html/page.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/exporters/html/html.h"
#include "results/exporters/text_units.h"

#define SIZE_PREFERRED 64u /* bytes: the size that most comparisons are made at */

const char *const page_figure_keys[PAGE_FIGURES] = {"p50",      "p90",   "p99", "p99.9",
                                                    "messages", "bytes", "cpu"};
const char *const page_figure_titles[PAGE_FIGURES] = {"p50",        "p90",  "p99", "p99.9",
                                                      "messages/s", "MB/s", "CPU"};

/* Returns the index of a workload, adding it. */
static size_t add_workload(struct page *page, const struct run_cell *cell, enum run_metric metric)
{
	for (size_t i = 0; i < page->workloads_count; i++) {
		if (strcmp(page->workloads[i].name, cell->workload) == 0)
			return i;
	}
	page->workloads[page->workloads_count] = (struct page_workload){
		.name = cell->workload,
		.metric = metric,
		.is_work = strstr(cell->params, "task=") != NULL,
	};
	return page->workloads_count++;
}

/* Writes a word of a name with blanks for underscores. */
static size_t put_word(char *out, size_t out_bytes, size_t filled, const char *gap,
                       const char *word)
{
	size_t start = filled + strlen(gap);

	if (word[0] == '\0' || filled >= out_bytes)
		return filled;
	filled += (size_t)snprintf(out + filled, out_bytes - filled, "%s%s", gap, word);
	for (size_t i = start; i < filled && i < out_bytes; i++) {
		if (out[i] == '_')
			out[i] = ' ';
	}
	return filled;
}

static size_t add_setting(struct page *page, const struct run_cell *cell)
{
	struct page_setting *setting;
	size_t filled = 0;

	for (size_t i = 0; i < page->settings_count; i++) {
		setting = &page->settings[i];
		if (strcmp(setting->placement, cell->placement) == 0 &&
		    strcmp(setting->wait, cell->wait) == 0 &&
		    strcmp(setting->params, cell->params) == 0)
			return i;
	}
	setting = &page->settings[page->settings_count];
	*setting = (struct page_setting){
		.placement = cell->placement,
		.wait = cell->wait,
		.params = cell->params,
	};
	filled = put_word(setting->label, sizeof(setting->label), filled, "", cell->placement);
	filled = put_word(setting->label, sizeof(setting->label), filled, ", ", cell->wait);
	if (cell->params[0] != '\0' && filled < sizeof(setting->label))
		snprintf(setting->label + filled, sizeof(setting->label) - filled, ", %s",
		         cell->params);
	return page->settings_count++;
}

static size_t add_series(struct page *page, const struct run_cell *cell)
{
	const struct report_transport *transport;

	for (size_t i = 0; i < page->series_count; i++) {
		if (strcmp(page->series[i].transport, cell->transport) == 0 &&
		    strcmp(page->series[i].model, cell->model) == 0)
			return i;
	}
	transport = report_find_transport(page->report, cell->transport);
	page->series[page->series_count] = (struct page_series){
		.transport = cell->transport,
		.model = cell->model,
		.is_yardstick = transport && transport->is_yardstick,
		.is_comparator = !transport && page->report->semantics.transports_count > 0,
	};
	return page->series_count++;
}

static size_t add_size(struct page *page, const struct run_cell *cell)
{
	for (size_t i = 0; i < page->sizes_count; i++) {
		if (page->sizes[i] == cell->size_bytes)
			return i;
	}
	page->sizes[page->sizes_count] = cell->size_bytes;
	return page->sizes_count++;
}

static struct page_place add(struct page *page, const struct run_cell *cell, enum run_metric metric)
{
	return (struct page_place){
		.workload = add_workload(page, cell, metric),
		.setting = add_setting(page, cell),
		.series = add_series(page, cell),
		.size = add_size(page, cell),
	};
}

/* Returns where a placement stands among others: from near to far, what is unknown last. */
static int distance_of(const char *placement)
{
	static const char *const known[] = {"same_core", "smt_sibling", "cross_core",
	                                    "cross_socket", "unpinned"};
	int i = 0;

	while (i < 5 && strcmp(known[i], placement) != 0)
		i++;
	return i;
}

static int compare_settings(const void *left, const void *right)
{
	const struct page_setting *a = left;
	const struct page_setting *b = right;
	int order = strcmp(a->params, b->params);

	if (order == 0)
		order = distance_of(a->placement) - distance_of(b->placement);
	if (order == 0)
		order = strcmp(a->placement, b->placement);
	return order != 0 ? order : strcmp(a->wait, b->wait);
}

static int compare_series(const void *left, const void *right)
{
	const struct page_series *a = left;
	const struct page_series *b = right;
	int order = (int)a->is_yardstick - (int)b->is_yardstick;

	if (order == 0)
		order = strcmp(a->transport, b->transport);
	return order != 0 ? order : strcmp(a->model, b->model);
}

static int compare_sizes(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* Adds all cells, then all skips, to what there is; fills in their places. */
static void add_all(struct page *page)
{
	const struct report *report = page->report;

	for (size_t i = 0; i < report->cells_count; i++)
		page->cells[i] = add(page, &report->cells[i].cell, report->cells[i].metric);
	for (size_t i = 0; i < report->skips_count; i++)
		page->skips[i] = add(page, &report->skips[i].cell, RUN_ROUND_TRIP);
}

/* Says whether the transport of a series is there under another model, too; series are sorted. */
static bool has_other_model(const struct page *page, size_t index)
{
	const char *transport = page->series[index].transport;

	return (index > 0 && strcmp(page->series[index - 1].transport, transport) == 0) ||
	       (index + 1 < page->series_count &&
	        strcmp(page->series[index + 1].transport, transport) == 0);
}

/* Writes what tells a series from others: the model only where it is not the usual one. */
static void name_series(struct page *page)
{
	const char *usual = "";
	size_t most = 0;
	size_t color = 0;

	for (size_t i = 0; i < page->series_count; i++) {
		size_t count = 0;

		for (size_t j = 0; j < page->report->cells_count; j++)
			count += strcmp(page->report->cells[j].cell.model, page->series[i].model) ==
			         0;
		if (count > most) {
			most = count;
			usual = page->series[i].model;
		}
	}
	/* Where real work is compared, the model is a part of the question. */
	for (size_t i = 0; i < page->workloads_count; i++) {
		if (page->workloads[i].is_work && most < page->report->cells_count)
			usual = "";
	}
	for (size_t i = 0; i < page->series_count; i++) {
		struct page_series *series = &page->series[i];
		bool is_usual = strcmp(series->model, usual) == 0 || series->is_yardstick ||
		                (series->is_comparator && !has_other_model(page, i));

		snprintf(series->label, sizeof(series->label), "%s%s%s", series->transport,
		         is_usual ? "" : ", ", is_usual ? "" : series->model);
		if (i > 0 && strcmp(series->transport, page->series[i - 1].transport) != 0)
			color++;
		series->color = color;
	}
}

/* Says whether a section has something to draw of this cell. */
static void look_for_sections(struct page *page, size_t index)
{
	const struct report_cell *cell = &page->report->cells[index];
	const struct report_figure *tail = page_figure(cell, PAGE_P99);

	if (cell->metric != RUN_ROUND_TRIP || cell->rounds == 0)
		return;
	page->has_tails =
		page->has_tails || (cell->curve_count > 0 && isfinite(cell->curve[0].high));
	page->has_pareto = page->has_pareto ||
	                   (tail && isfinite(tail->median) && cell->cpu_ns_per_message.is_known &&
	                    cell->cpu_ns_per_message.median > 0.0 &&
	                    !page->series[page->cells[index].series].is_yardstick);
}

/* Counts what the verdict says. */
static void count_cells(struct page *page)
{
	for (size_t i = 0; i < page->report->cells_count; i++) {
		const struct report_cell *cell = &page->report->cells[i];

		page->measured += cell->rounds > 0;
		page->failed += cell->rounds == 0;
		page->shaken += cell->rounds > 0 && cell->rounds_failed > 0;
		page->workloads[page->cells[i].workload].cells_count += cell->rounds > 0;
		look_for_sections(page, i);
	}
	for (size_t i = 0; i < page->sizes_count; i++) {
		if (page->sizes[i] <= SIZE_PREFERRED)
			page->size_shown = i;
	}
}

int page_create(struct page **out, const struct report *report)
{
	struct page *page = calloc(1, sizeof(*page));
	size_t most = report->cells_count + report->skips_count + 1;

	if (!page)
		return -ENOMEM;
	page->report = report;
	page->workloads = calloc(most, sizeof(*page->workloads));
	page->settings = calloc(most, sizeof(*page->settings));
	page->series = calloc(most, sizeof(*page->series));
	page->sizes = calloc(most, sizeof(*page->sizes));
	page->cells = calloc(report->cells_count + 1, sizeof(*page->cells));
	page->skips = calloc(report->skips_count + 1, sizeof(*page->skips));
	if (!page->workloads || !page->settings || !page->series || !page->sizes || !page->cells ||
	    !page->skips) {
		page_destroy(page);
		return -ENOMEM;
	}
	add_all(page);
	qsort(page->settings, page->settings_count, sizeof(*page->settings), compare_settings);
	qsort(page->series, page->series_count, sizeof(*page->series), compare_series);
	qsort(page->sizes, page->sizes_count, sizeof(*page->sizes), compare_sizes);
	/* Nothing is new now, but the indices are those of the sorted arrays. */
	add_all(page);
	name_series(page);
	count_cells(page);
	*out = page;
	return 0;
}

void page_destroy(struct page *page)
{
	if (!page)
		return;
	free(page->workloads);
	free(page->settings);
	free(page->series);
	free(page->sizes);
	free(page->cells);
	free(page->skips);
	free(page);
}

static bool is_at(const struct page_place *place, size_t workload, size_t setting, size_t series,
                  size_t size)
{
	return place->workload == workload && place->setting == setting &&
	       place->series == series && (size == PAGE_ANY || place->size == size);
}

const struct report_cell *page_cell(const struct page *page, size_t workload, size_t setting,
                                    size_t series, size_t size)
{
	for (size_t i = 0; i < page->report->cells_count; i++) {
		if (page->report->cells[i].rounds > 0 &&
		    is_at(&page->cells[i], workload, setting, series, size))
			return &page->report->cells[i];
	}
	return NULL;
}

const struct report_cell *page_failed(const struct page *page, size_t workload, size_t setting,
                                      size_t series, size_t size)
{
	for (size_t i = 0; i < page->report->cells_count; i++) {
		if (page->report->cells[i].rounds == 0 &&
		    is_at(&page->cells[i], workload, setting, series, size))
			return &page->report->cells[i];
	}
	return NULL;
}

const struct report_skip *page_skip(const struct page *page, size_t workload, size_t setting,
                                    size_t series, size_t size)
{
	for (size_t i = 0; i < page->report->skips_count; i++) {
		if (is_at(&page->skips[i], workload, setting, series, size))
			return &page->report->skips[i];
	}
	return NULL;
}

bool page_has(const struct page *page, size_t workload, size_t setting, size_t size)
{
	for (size_t i = 0; i < page->report->cells_count; i++) {
		if (page->report->cells[i].rounds > 0 && page->cells[i].workload == workload &&
		    page->cells[i].setting == setting &&
		    (size == PAGE_ANY || page->cells[i].size == size))
			return true;
	}
	return false;
}

size_t page_count(const struct page *page, size_t workload, size_t setting, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < page->series_count; i++)
		count += !page->series[i].is_yardstick &&
		         page_cell(page, workload, setting, i, size) != NULL;
	return count;
}

size_t page_workload_of(const struct page *page, enum run_metric metric, bool is_work)
{
	for (size_t i = 0; i < page->workloads_count; i++) {
		if (page->workloads[i].cells_count > 0 && page->workloads[i].metric == metric &&
		    page->workloads[i].is_work == is_work)
			return i;
	}
	return PAGE_ANY;
}

size_t page_number(const struct page *page, const struct report_cell *cell)
{
	return (size_t)(cell - page->report->cells);
}

void page_size_text(char *out, size_t out_bytes, uint64_t size_bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
	size_t unit = 0;

	while (unit < 3 && size_bytes >= 1024 && size_bytes % 1024 == 0) {
		size_bytes /= 1024;
		unit++;
	}
	snprintf(out, out_bytes, "%llu %s", (unsigned long long)size_bytes, units[unit]);
}

const struct report_figure *page_figure(const struct report_cell *cell, enum page_figure figure)
{
	const struct report_figure *found = &cell->cpu_ns_per_message;

	if (figure <= PAGE_P999) {
		found = &cell->quantiles_ns[figure];
		if (!cell->is_resolved[figure])
			return NULL;
	} else if (figure == PAGE_MESSAGES) {
		found = &cell->messages_per_s;
	} else if (figure == PAGE_BYTES) {
		found = &cell->bytes_per_s;
	}
	return found->is_known ? found : NULL;
}

bool page_is_rate(enum page_figure figure)
{
	return figure == PAGE_MESSAGES || figure == PAGE_BYTES;
}

void page_value_text(char *out, size_t out_bytes, enum page_figure figure, double value)
{
	char number[TEXT_NUMBER_BYTES];

	if (figure == PAGE_MESSAGES) {
		text_scaled(out, out_bytes, value, "/s");
	} else if (figure == PAGE_BYTES) {
		text_plain(number, sizeof(number), value / 1e6);
		snprintf(out, out_bytes, "%s", number);
	} else {
		text_time(out, out_bytes, value, true);
	}
}

enum page_figure page_main_figure(const struct page *page, size_t workload)
{
	return page->workloads[workload].metric == RUN_ROUND_TRIP ? PAGE_P50 : PAGE_MESSAGES;
}

void page_choice_open(FILE *out, const struct page *page, const char *name, const bool *has)
{
	size_t chosen = PAGE_ANY;
	size_t count = 0;

	for (size_t i = 0; i < page->sizes_count; i++) {
		count += has[i];
		if (has[i] && (chosen == PAGE_ANY || i <= page->size_shown))
			chosen = i;
	}
	fputs("<div class=choice>", out);
	if (count > 1)
		fputs("<fieldset class=tabs><legend>Message size</legend>", out);
	for (size_t i = 0; i < page->sizes_count; i++) {
		char text[32];

		page_size_text(text, sizeof(text), page->sizes[i]);
		if (has[i] && count > 1)
			fprintf(out,
			        "<label><input type=radio name=%s "
			        "class=z%zu%s><span>%s</span></label>",
			        name, i, i == chosen ? " checked" : "", text);
	}
	if (count > 1)
		fputs("</fieldset>\n", out);
}

void page_size_open(FILE *out, const struct page *page, size_t size)
{
	char text[32];

	page_size_text(text, sizeof(text), page->sizes[size]);
	fprintf(out, "<div class=\"size z%zu\"><h3>%s messages</h3>\n", size, text);
}

void page_size_close(FILE *out)
{
	fputs("</div>\n", out);
}

void page_choice_close(FILE *out)
{
	fputs("</div>\n", out);
}
