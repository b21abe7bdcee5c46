/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/csv.c - a row for each figure of each cell, as RFC 4180 wants it.
 *
 * Text that a spreadsheet would run as a formula gets an apostrophe in front.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "results/exporter.h"

/* One row; what is null is left empty. */
struct row {
	const char *status; /* measured, failed or skipped */
	const char *peer;
	const char *figure;
	const char *unit;
	double value; /* NAN: none */
	double low;
	double high;
	const char *note;
};

static void put_text(FILE *out, const char *text)
{
	bool is_formula;

	if (!text)
		return;
	is_formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]);
	if (!is_formula && !text[strcspn(text, ",\"\r\n")]) {
		fputs(text, out);
		return;
	}
	fputs(is_formula ? "\"'" : "\"", out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void put_number(FILE *out, double number)
{
	fputc(',', out);
	if (isfinite(number))
		fprintf(out, "%.12g", number);
}

static void put_row(FILE *out, const struct report *report, const struct run_cell *cell,
                    const struct report_cell *measured, const struct row *row)
{
	const char *const texts[] = {row->status, row->peer, row->figure, row->unit};

	put_text(out, report->session.uuid);
	fputc(',', out);
	put_text(out, cell->name);
	fputc(',', out);
	put_text(out, cell->transport);
	fputc(',', out);
	put_text(out, cell->workload);
	fprintf(out, ",%" PRIu64 ",", cell->size_bytes);
	put_text(out, cell->placement);
	fputc(',', out);
	put_text(out, cell->wait);
	fputc(',', out);
	put_text(out, cell->model);
	fputc(',', out);
	put_text(out, cell->params);
	fputc(',', out);
	put_text(out, measured ? measured->arm : "");
	if (measured)
		fprintf(out, ",%" PRIu64 ",%" PRIu32 ",%" PRIu32 ",%" PRIu64, measured->batch,
		        measured->rounds, measured->rounds_failed, measured->samples);
	else
		fputs(",,,,", out);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		fputc(',', out);
		put_text(out, texts[i]);
	}
	put_number(out, row->value);
	put_number(out, row->low);
	put_number(out, row->high);
	fputc(',', out);
	put_text(out, row->note);
	fputs("\r\n", out);
}

static struct row figure_row(const char *name, const char *unit, const struct report_figure *figure)
{
	return (struct row){
		.status = "measured",
		.figure = name,
		.unit = unit,
		.value = figure->is_known ? figure->median : NAN,
		.low = figure->is_known ? figure->low : NAN,
		.high = figure->is_known ? figure->high : NAN,
	};
}

static void put_quantiles(FILE *out, const struct report *report, const struct report_cell *cell)
{
	struct row end = {
		.status = "measured",
		.figure = "rtt_min",
		.unit = "ns",
		.value = cell->min_ns,
		.low = NAN,
		.high = NAN,
	};

	put_row(out, report, &cell->cell, cell, &end);
	for (size_t q = 0; q < REPORT_QUANTILES; q++) {
		char name[32];
		struct row row;

		snprintf(name, sizeof(name), "rtt_%s", report_quantile_names[q]);
		row = figure_row(name, "ns", &cell->quantiles_ns[q]);
		if (!cell->is_resolved[q])
			row.note = "unresolved: fewer than 20 values lie beyond it";
		put_row(out, report, &cell->cell, cell, &row);
	}
	end.figure = "rtt_max";
	end.value = cell->max_ns;
	put_row(out, report, &cell->cell, cell, &end);
}

static void put_cell(FILE *out, const struct report *report, const struct report_cell *cell)
{
	const struct row rows[] = {
		figure_row("messages_per_s", "1/s", &cell->messages_per_s),
		figure_row("bytes_per_s", "B/s", &cell->bytes_per_s),
		figure_row("cpu_ns_per_message", "ns", &cell->cpu_ns_per_message),
		figure_row("context_switches_per_message", "1", &cell->switches_per_message),
	};

	if (cell->rounds == 0) {
		const struct row failed = {.status = "failed",
		                           .value = NAN,
		                           .low = NAN,
		                           .high = NAN,
		                           .note = cell->failure};

		put_row(out, report, &cell->cell, cell, &failed);
		return;
	}
	if (cell->metric == RUN_ROUND_TRIP)
		put_quantiles(out, report, cell);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		put_row(out, report, &cell->cell, cell, &rows[i]);
	for (uint32_t i = 0; i < cell->peer_count; i++) {
		const struct report_peer *peer = &cell->peers[i];
		struct row row = figure_row("cpu_ns_per_message", "ns", &peer->cpu_ns_per_message);

		row.peer = peer->name;
		put_row(out, report, &cell->cell, cell, &row);
		row = figure_row("context_switches_per_message", "1", &peer->switches_per_message);
		row.peer = peer->name;
		put_row(out, report, &cell->cell, cell, &row);
	}
}

static int csv_write(FILE *out, const struct report *report)
{
	errno = 0;
	fputs("session,cell,transport,workload,size_bytes,placement,wait,model,params,arm,batch,rounds,"
	      "rounds_failed,samples,status,peer,figure,unit,value,low,high,note\r\n",
	      out);
	for (size_t i = 0; i < report->cells_count; i++)
		put_cell(out, report, &report->cells[i]);
	for (size_t i = 0; i < report->skips_count; i++) {
		const struct row skipped = {.status = "skipped",
		                            .value = NAN,
		                            .low = NAN,
		                            .high = NAN,
		                            .note = report->skips[i].reason};

		put_row(out, report, &report->skips[i].cell, NULL, &skipped);
	}
	return exporter_error(out);
}

const struct exporter exporter_csv = {
	.name = "csv",
	.summary = "a row for each figure of each cell, RFC 4180",
	.write = csv_write,
};
