/* SPDX-License-Identifier: MIT */
/* results/exporters/html/cells.c - every cell as a row, as on the terminal; failures; skips. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "results/exporters/columns.h"
#include "results/exporters/html/html.h"
#include "results/exporters/html/page.h"

struct group {
	const struct report_cell **cells;
	size_t count;
};

/* Says whether a row begins another group: where and how its peers run differs. */
static bool is_group_start(const struct report_cell *above, const struct report_cell *here)
{
	return strcmp(above->cell.model, here->cell.model) != 0 ||
	       strcmp(above->cell.placement, here->cell.placement) != 0 ||
	       strcmp(above->cell.wait, here->cell.wait) != 0;
}

static void write_row(FILE *out, const struct page *page, const struct group *group, size_t row,
                      char (*entries)[COLUMN_ENTRY_BYTES], const bool *is_shown)
{
	size_t number = page_number(page, group->cells[row]);

	fprintf(out, "<tr%s id=r%zu data-c=%zu data-t=%zu data-s=%zu>",
	        row > 0 && is_group_start(group->cells[row - 1], group->cells[row]) ? " class=gs"
	                                                                            : "",
	        number, number, page->series[page->cells[number].series].color,
	        page->cells[number].setting);
	for (size_t i = 0; i < REPORT_COLUMNS; i++) {
		bool is_word = report_columns[i].kind <= COLUMN_SETTING;

		if (!is_shown[i])
			continue;
		fputs(report_columns[i].kind == COLUMN_NAME ? "<th scope=row>"
		      : is_word                             ? "<td class=word>"
		                                            : "<td>",
		      out);
		html_text(out, entries[i * group->count + row]);
		fputs(report_columns[i].kind == COLUMN_NAME ? "</th>" : "</td>", out);
	}
	fputs("</tr>\n", out);
}

static void write_foot(FILE *out, const struct group *group)
{
	bool has_batch = false;
	bool has_unresolved = false;

	for (size_t i = 0; i < group->count; i++) {
		has_batch = has_batch || group->cells[i]->batch > 1;
		for (size_t q = 0; q < REPORT_QUANTILES; q++)
			has_unresolved =
				has_unresolved || (group->cells[i]->metric == RUN_ROUND_TRIP &&
			                           !group->cells[i]->is_resolved[q]);
	}
	fputs("<p class=note>CPU and switches: what one message, or round trip, costs each side in "
	      "CPU "
	      "time and context switches.",
	      out);
	if (has_batch)
		fputs(" * one clock stamp for a batch of operations, each too short to be timed "
		      "alone: its quantiles are those of means.",
		      out);
	if (has_unresolved)
		fputs(" - fewer than 20 values lie beyond this quantile.", out);
	fputs("</p>\n", out);
}

/* Writes a table of cells of one workload. Returns 0, or -ENOMEM. */
static int write_group(FILE *out, const struct page *page, const struct group *group)
{
	char(*entries)[COLUMN_ENTRY_BYTES] =
		calloc(REPORT_COLUMNS * group->count, sizeof(*entries));
	bool is_shown[REPORT_COLUMNS];
	bool is_first = true;

	if (!entries)
		return -ENOMEM;
	column_fill(group->cells, group->count, true, entries, is_shown);
	fputs("<div class=scroll tabindex=0 role=region aria-label=\"Table of cells\"><table "
	      "class=\"figures cells\" data-f=\"",
	      out);
	for (size_t i = 0; i < REPORT_COLUMNS; i++) {
		if (is_shown[i])
			fprintf(out, "%s%s", i > 0 ? " " : "", report_columns[i].key);
	}
	fputs("\"><caption>", out);
	html_text(out, group->cells[0]->cell.workload);
	for (size_t i = 0; i < REPORT_COLUMNS; i++) {
		if (report_columns[i].kind == COLUMN_SETTING && !is_shown[i] &&
		    entries[i * group->count][0] != '\0') {
			fputs(is_first ? ": " : ", ", out);
			html_text(out, entries[i * group->count]);
			is_first = false;
		}
	}
	fputs("</caption><thead><tr>", out);
	for (size_t i = 0; i < REPORT_COLUMNS; i++) {
		if (is_shown[i])
			fprintf(out, "<th scope=col%s>%s</th>",
			        report_columns[i].kind <= COLUMN_SETTING ? " class=word" : "",
			        report_columns[i].title);
	}
	fputs("</tr></thead><tbody>\n", out);
	for (size_t row = 0; row < group->count; row++)
		write_row(out, page, group, row, entries, is_shown);
	fputs("</tbody></table></div>\n", out);
	write_foot(out, group);
	free(entries);
	return 0;
}

static void write_failures(FILE *out, const struct page *page)
{
	const struct report *report = page->report;

	if (page->failed + page->shaken == 0)
		return;
	fputs("<h3 id=failed>Failed</h3>\n<p>A round that loses, alters or repeats a message, or "
	      "does "
	      "not end, has failed; it is not slow, and it has no number.</p>\n<ul class=list>\n",
	      out);
	for (size_t i = 0; i < report->cells_count; i++) {
		const struct report_cell *cell = &report->cells[i];
		char label[REPORT_LABEL_BYTES];

		if (cell->rounds_failed == 0)
			continue;
		fputs("<li><code>", out);
		report_cell_label(cell, label, sizeof(label));
		html_text(out, label);
		fprintf(out, "</code> %u of %u rounds: ", cell->rounds_failed,
		        cell->rounds + cell->rounds_failed);
		html_text(out, cell->failure);
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

/* Writes the skipped cells, those with the same reason together. Returns 0, or -ENOMEM. */
static int write_skips(FILE *out, const struct report *report)
{
	bool *is_written = calloc(report->skips_count + 1, sizeof(*is_written));

	if (!is_written)
		return -ENOMEM;
	if (report->skips_count > 0)
		fputs("<h3 id=skipped>Skipped</h3>\n<ul class=list>\n", out);
	for (size_t i = 0; i < report->skips_count; i++) {
		size_t count = 0;

		if (is_written[i])
			continue;
		for (size_t j = i; j < report->skips_count; j++) {
			if (strcmp(report->skips[i].reason, report->skips[j].reason) != 0)
				continue;
			is_written[j] = true;
			count++;
		}
		fputs("<li><code>", out);
		html_text(out, report->skips[i].cell.name);
		fputs("</code> ", out);
		if (count > 1)
			fprintf(out, "and %zu more: ", count - 1);
		html_text(out, report->skips[i].reason);
		fputs("</li>\n", out);
	}
	if (report->skips_count > 0)
		fputs("</ul>\n", out);
	free(is_written);
	return 0;
}

int page_write_cells(FILE *out, const struct page *page)
{
	const struct report *report = page->report;
	struct group group = {.cells = calloc(report->cells_count + 1, sizeof(*group.cells))};
	int ret = 0;

	if (!group.cells)
		return -ENOMEM;
	fputs("<section id=cells><h2>All cells</h2>\n", out);
	for (size_t i = 0; i <= report->cells_count && ret == 0; i++) {
		const struct report_cell *cell = i < report->cells_count ? &report->cells[i] : NULL;

		if (cell && cell->rounds == 0)
			continue;
		if (group.count > 0 &&
		    (!cell || strcmp(cell->cell.workload, group.cells[0]->cell.workload) != 0 ||
		     cell->metric != group.cells[0]->metric)) {
			ret = write_group(out, page, &group);
			group.count = 0;
		}
		if (cell)
			group.cells[group.count++] = cell;
	}
	free(group.cells);
	write_failures(out, page);
	if (ret == 0)
		ret = write_skips(out, report);
	fputs("</section>\n", out);
	return ret;
}
