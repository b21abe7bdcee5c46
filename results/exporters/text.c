/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/text.c - the report for a terminal.
 *
 * A table for each workload; then what failed, what was skipped and why, where it
 * was measured, and the command that measures it again. Plain text: no colour.
 */
#include "results/exporters/text.h"

#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "results/environment.h"
#include "results/exporters/reproduce.h"
#include "results/exporters/text_units.h"

#define LINE_BYTES 4096

/* Writes text with what could steer a terminal taken out. */
static void put_safe(FILE *out, const char *text, const struct text_style *style)
{
	char safe[LINE_BYTES];

	text_safe(safe, sizeof(safe), text ? text : "", style->is_utf8);
	fputs(safe, out);
}

static void write_head(FILE *out, const struct session *session, const struct text_style *style)
{
	char started[32] = "";
	time_t seconds = (time_t)(session->started_ns / 1000000000u);
	struct tm utc;

	if (gmtime_r(&seconds, &utc))
		strftime(started, sizeof(started), "%Y-%m-%d %H:%M:%S UTC", &utc);
	fputs("ipcbench ", out);
	put_safe(out, session->tool, style);
	fprintf(out, ", session %.8s, %s, ", session->uuid, started);
	put_safe(out, session->status, style);
	fputs("\n", out);
	if (session->environment) {
		char line[512];

		environment_describe(session->environment, line, sizeof(line));
		put_safe(out, line, style);
		fputs("\n", out);
	}
}

/* Writes a table for each run of cells with one workload and metric. Returns 0, or -ENOMEM. */
static int write_tables(FILE *out, const struct report *report, const struct text_style *style)
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
			fputs("\n", out);
			ret = text_table_write(out, group, count, style);
			count = 0;
		}
		if (cell)
			group[count++] = cell;
	}
	free(group);
	return ret;
}

/* Writes the cells with failed rounds: they must not pass for measured ones. */
static void write_failures(FILE *out, const struct report *report, const struct text_style *style)
{
	bool is_first = true;

	for (size_t i = 0; i < report->cells_count; i++) {
		const struct report_cell *cell = &report->cells[i];
		char label[REPORT_LABEL_BYTES];

		if (cell->rounds_failed == 0)
			continue;
		if (is_first)
			fputs("\n", out);
		is_first = false;
		fprintf(out, "FAILED  ");
		report_cell_label(cell, label, sizeof(label));
		put_safe(out, label, style);
		fprintf(out, ": %u of %u rounds: ", cell->rounds_failed,
		        cell->rounds + cell->rounds_failed);
		put_safe(out, cell->failure, style);
		fputs("\n", out);
	}
}

/* Writes the skipped cells, those with the same reason together. */
static int write_skips(FILE *out, const struct report *report, const struct text_style *style)
{
	bool *is_written = calloc(report->skips_count + 1, sizeof(*is_written));

	if (!is_written)
		return -ENOMEM;
	if (report->skips_count > 0)
		fprintf(out, "\nSkipped, %zu %s:\n", report->skips_count,
		        report->skips_count == 1 ? "cell" : "cells");
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
		fputs("  ", out);
		put_safe(out, report->skips[i].cell.name, style);
		if (others > 0)
			fprintf(out, " and %zu more", others);
		fputs(": ", out);
		put_safe(out, report->skips[i].reason, style);
		fputs("\n", out);
	}
	free(is_written);
	return 0;
}

static void write_foot(FILE *out, const struct session *session, const struct text_style *style)
{
	char *line = reproduce_line(session);

	fputs("\nEach figure is the median over rounds with fresh peers; SPREAD is half of what\n"
	      "lies between the quartiles of the rounds; BY ROUND is the P50, or the rate, of\n"
	      "each, on a range of at least a tenth. MB is 1,000,000 bytes.\n"
	      "Reproduce: ",
	      out);
	put_safe(out, line, style);
	fputs("\n", out);
	free(line);
}

int text_write(FILE *out, const struct report *report, const struct text_style *style)
{
	int ret;

	errno = 0;
	write_head(out, &report->session, style);
	ret = text_claims_write(out, report, style);
	if (ret == 0)
		ret = write_tables(out, report, style);
	if (ret < 0)
		return ret;
	write_failures(out, report, style);
	ret = write_skips(out, report, style);
	if (ret < 0)
		return ret;
	write_foot(out, &report->session, style);
	return exporter_error(out);
}

static int exporter_write(FILE *out, const struct report *report)
{
	struct text_style style = {.is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
	struct winsize size;
	int fd = fileno(out);

	if (fd >= 0 && isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0)
		style.width = size.ws_col;
	return text_write(out, report, &style);
}

const struct exporter exporter_text = {
	.name = "text",
	.summary = "tables for a terminal",
	.write = exporter_write,
};
