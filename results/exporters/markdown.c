/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/markdown.c - the report for a pull request, in the Markdown of GitHub.
 *
 * The verdict first, a table for each workload with the columns of the terminal's,
 * failures in the open, and what is long folded away. No text of a report is obeyed:
 * names are escaped, and what may hold anything stands in code.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "results/environment.h"
#include "results/exporter.h"
#include "results/exporters/columns.h"
#include "results/exporters/markdown_put.h"
#include "results/exporters/reproduce.h"

static void write_head(FILE *out, const struct report *report)
{
	const struct session *session = &report->session;
	size_t measured = 0;
	size_t shaken = 0;

	for (size_t i = 0; i < report->cells_count; i++) {
		measured += report->cells[i].rounds > 0;
		shaken += report->cells[i].rounds_failed > 0;
	}
	fprintf(out, "### ipcbench: %zu %s measured", measured, measured == 1 ? "cell" : "cells");
	if (shaken > 0)
		fprintf(out, ", **%zu with failed rounds**", shaken);
	if (report->skips_count > 0)
		fprintf(out, ", %zu skipped", report->skips_count);
	fprintf(out, "\n\nSession %.8s, ", session->uuid);
	markdown_put_text(out, session->status ? session->status : "");
	if (session->environment) {
		char line[512];

		environment_describe(session->environment, line, sizeof(line));
		fputs(": ", out);
		markdown_put_text(out, line);
	}
	fputs("\n", out);
}

/* Writes a table of cells that share workload and metric. Returns 0, or -ENOMEM. */
static int write_table(FILE *out, const struct report_cell *const *cells, size_t count)
{
	char(*entries)[COLUMN_ENTRY_BYTES] = calloc(REPORT_COLUMNS * count, sizeof(*entries));
	bool is_shown[REPORT_COLUMNS];

	if (!entries)
		return -ENOMEM;
	column_fill(cells, count, true, entries, is_shown);
	fputs("\n**", out);
	markdown_put_text(out, cells[0]->cell.workload);
	fputs(cells[0]->metric == RUN_ROUND_TRIP ? "**: round-trip time"
	                                         : "**: throughput as received",
	      out);
	for (size_t i = 0; i < REPORT_COLUMNS; i++) {
		if (report_columns[i].kind == COLUMN_SETTING && !is_shown[i] &&
		    entries[i * count][0] != '\0') {
			fputs(", ", out);
			markdown_put_text(out, entries[i * count]);
		}
	}
	fputs("\n\n|", out);
	for (size_t i = 0; i < REPORT_COLUMNS; i++) {
		if (is_shown[i])
			fprintf(out, " %s |", report_columns[i].title);
	}
	fputs("\n|", out);
	for (size_t i = 0; i < REPORT_COLUMNS; i++) {
		if (is_shown[i])
			fputs(report_columns[i].kind <= COLUMN_SETTING ? " :-- |" : " --: |", out);
	}
	for (size_t row = 0; row < count; row++) {
		fputs("\n|", out);
		for (size_t i = 0; i < REPORT_COLUMNS; i++) {
			if (!is_shown[i])
				continue;
			fputs(" ", out);
			markdown_put_text(out, entries[i * count + row]);
			fputs(" |", out);
		}
	}
	fputs("\n", out);
	free(entries);
	return 0;
}

static int write_tables(FILE *out, const struct report *report)
{
	const struct report_cell **group = calloc(report->cells_count + 1, sizeof(*group));
	size_t count = 0;
	int ret = 0;

	if (!group)
		return -ENOMEM;
	for (size_t i = 0; i <= report->cells_count && ret == 0; i++) {
		const struct report_cell *cell = i < report->cells_count ? &report->cells[i] : NULL;

		if (cell && cell->rounds == 0)
			continue;
		if (count > 0 &&
		    (!cell || strcmp(cell->cell.workload, group[0]->cell.workload) != 0 ||
		     cell->metric != group[0]->metric)) {
			ret = write_table(out, group, count);
			count = 0;
		}
		if (cell)
			group[count++] = cell;
	}
	free(group);
	return ret;
}

static void write_failures(FILE *out, const struct report *report)
{
	bool is_first = true;

	for (size_t i = 0; i < report->cells_count; i++) {
		const struct report_cell *cell = &report->cells[i];
		char label[REPORT_LABEL_BYTES];

		if (cell->rounds_failed == 0)
			continue;
		fputs(is_first ? "\n**Failed**\n\n" : "", out);
		is_first = false;
		fputs("- ", out);
		report_cell_label(cell, label, sizeof(label));
		markdown_put_code(out, label);
		fprintf(out, ": %u of %u rounds: ", cell->rounds_failed,
		        cell->rounds + cell->rounds_failed);
		markdown_put_code(out, cell->failure);
		fputs("\n", out);
	}
}

static void put_numbers(FILE *out, const struct report_claim *claim)
{
	for (size_t i = 0; i < claim->measured_count && i < REPORT_MEASURES_MAX; i++) {
		fputs(i > 0 ? ", " : "", out);
		markdown_put_text(out, claim->measured[i].name);
		fprintf(out, " %.4g", claim->measured[i].value);
	}
}

/* Writes the thread-or-process claims and the experiments, if there are any. */
static void write_claims(FILE *out, const struct report *report)
{
	if (report->claims_count == 0)
		return;
	fputs("\n**Thread or process?**\n\n| CLAIM | VERDICT | MEASURED |\n| :-- | :-- | :-- |\n",
	      out);
	for (size_t i = 0; i < report->claims_count; i++) {
		const struct report_claim *claim = &report->claims[i];

		fputs("| ", out);
		markdown_put_text(out, claim->claim);
		fputs(" | ", out);
		markdown_put_text(out, claim->verdict[0] != '\0' ? claim->verdict : "-");
		if (claim->reason[0] != '\0') {
			fputs(": ", out);
			markdown_put_text(out, claim->reason);
		}
		fputs(" | ", out);
		put_numbers(out, claim);
		fputs(" |\n", out);
	}
}

/* Writes what is skipped, folded; those with the same reason together. Returns 0, or -ENOMEM. */
static int write_skips(FILE *out, const struct report *report)
{
	bool *is_written = calloc(report->skips_count + 1, sizeof(*is_written));

	if (!is_written)
		return -ENOMEM;
	if (report->skips_count > 0)
		fprintf(out, "\n<details><summary>Skipped, %zu %s</summary>\n\n",
		        report->skips_count, report->skips_count == 1 ? "cell" : "cells");
	for (size_t i = 0; i < report->skips_count; i++) {
		size_t others = 0;

		if (is_written[i])
			continue;
		for (size_t j = i + 1; j < report->skips_count; j++) {
			if (strcmp(report->skips[i].reason, report->skips[j].reason) != 0)
				continue;
			is_written[j] = true;
			others++;
		}
		fputs("- ", out);
		markdown_put_code(out, report->skips[i].cell.name);
		if (others > 0)
			fprintf(out, " and %zu more", others);
		fputs(": ", out);
		markdown_put_code(out, report->skips[i].reason);
		fputs("\n", out);
	}
	if (report->skips_count > 0)
		fputs("\n</details>\n", out);
	free(is_written);
	return 0;
}

static int write_foot(FILE *out, const struct session *session)
{
	char *line = reproduce_line(session);

	if (!line)
		return -ENOMEM;
	fputs("\nEach figure is the median over rounds with fresh peers; SPREAD is half of what "
	      "lies "
	      "between the quartiles of the rounds. MB is 1,000,000 bytes; - is what too few "
	      "values "
	      "support, &#42; a mean of BATCH operations.\n\nReproduce: ",
	      out);
	markdown_put_code(out, line);
	fputs("\n", out);
	free(line);
	return 0;
}

static int markdown_write(FILE *out, const struct report *report)
{
	int ret;

	errno = 0;
	write_head(out, report);
	ret = write_tables(out, report);
	write_claims(out, report);
	write_failures(out, report);
	if (ret == 0)
		ret = write_skips(out, report);
	if (ret == 0)
		ret = write_foot(out, &report->session);
	return ret < 0 ? ret : exporter_error(out);
}

const struct exporter exporter_markdown = {
	.name = "markdown",
	.summary = "tables for a pull request",
	.write = markdown_write,
};
