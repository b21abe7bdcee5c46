/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/openmetrics.c - the report in the text format of OpenMetrics 1.0.
 *
 * Samples of a family stand together, a label set a cell; base units are seconds and
 * bytes; it ends in "# EOF". Round trips are a classic histogram over fixed bounds, so
 * that those of many machines can be added up, and beside it the quantiles, which are
 * medians over rounds and can't. A slot of our histogram counts below a bound if all
 * of it lies there. Without timestamps, since a text-file collector refuses them.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "results/environment.h"
#include "results/exporter.h"

#define NS_A_SECOND 1e9

/* 1, 2, 5 in each decade from 100 ns to 10 s. */
static const uint64_t bounds_ns[] = {
	100,        200,        500,        1000,        2000,      5000,      10000,
	20000,      50000,      100000,     200000,      500000,    1000000,   2000000,
	5000000,    10000000,   20000000,   50000000,    100000000, 200000000, 500000000,
	1000000000, 2000000000, 5000000000, 10000000000,
};

enum { BOUNDS_COUNT = sizeof(bounds_ns) / sizeof(bounds_ns[0]) };

/* Writes a label: its value is UTF-8 in which only three characters are escaped. */
static void write_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (const char *c = value; *c != '\0'; c++) {
		if (*c == '\\' || *c == '"')
			fprintf(out, "\\%c", *c);
		else if (*c == '\n')
			fputs("\\n", out);
		/* Names are ASCII; what else came from a file must not break the text. */
		else
			fputc((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f ? '?' : *c,
			      out);
	}
	fputc('"', out);
}

/* Writes a sample's name and labels but for the closing brace. */
static void open_sample(FILE *out, const char *name, const struct report_cell *of)
{
	const struct run_cell *cell = &of->cell;
	char size[32];

	snprintf(size, sizeof(size), "%" PRIu64, cell->size_bytes);
	fprintf(out, "%s{", name);
	write_label(out, "cell", cell->name);
	fputc(',', out);
	write_label(out, "transport", cell->transport);
	fputc(',', out);
	write_label(out, "workload", cell->workload);
	fputc(',', out);
	write_label(out, "size_bytes", size);
	fputc(',', out);
	write_label(out, "placement", cell->placement);
	fputc(',', out);
	write_label(out, "wait", cell->wait);
	fputc(',', out);
	write_label(out, "model", cell->model);
	if (of->arm[0] != '\0') {
		fputc(',', out);
		write_label(out, "arm", of->arm);
	}
}

static void open_family(FILE *out, const char *name, const char *type, const char *unit,
                        const char *help)
{
	fprintf(out, "# TYPE %s %s\n", name, type);
	if (unit)
		fprintf(out, "# UNIT %s %s\n", name, unit);
	fprintf(out, "# HELP %s %s\n", name, help);
}

/* Writes the bound of a bucket as the format wants it: a whole number ends in ".0". */
static void write_bound(FILE *out, double seconds)
{
	char text[32];

	snprintf(text, sizeof(text), "%g", seconds);
	fprintf(out, ",le=\"%s%s\"}", text, strpbrk(text, ".e") ? "" : ".0");
}

static void write_histogram(FILE *out, const struct report_cell *cell)
{
	static const char name[] = "ipcbench_round_trip_seconds";
	const struct histogram *h = cell->histogram;
	char sample[64];
	double mean;
	double deviation;

	histogram_moments(h, &mean, &deviation);
	snprintf(sample, sizeof(sample), "%s_bucket", name);
	for (size_t i = 0; i < BOUNDS_COUNT; i++) {
		open_sample(out, sample, cell);
		write_bound(out, (double)bounds_ns[i] / NS_A_SECOND);
		fprintf(out, " %" PRIu64 "\n", histogram_up_to(h, bounds_ns[i] * cell->batch));
	}
	open_sample(out, sample, cell);
	fprintf(out, ",le=\"+Inf\"} %" PRIu64 "\n", h->count);
	snprintf(sample, sizeof(sample), "%s_count", name);
	open_sample(out, sample, cell);
	fprintf(out, "} %" PRIu64 "\n", h->count);
	snprintf(sample, sizeof(sample), "%s_sum", name);
	open_sample(out, sample, cell);
	/* Of values above the range only the largest is known: they count at its bound. */
	fprintf(out, "} %.9g\n",
	        (mean * (double)(h->count - h->clipped) +
	         ldexp((double)h->clipped, HISTOGRAM_VALUE_LOG2_MAX)) /
	                (double)cell->batch / NS_A_SECOND);
}

static void write_round_trips(FILE *out, const struct report *report)
{
	open_family(out, "ipcbench_round_trip_seconds", "histogram", "seconds",
	            "Round trips of all rounds; where BATCH is above 1, means of so many.");
	for (size_t i = 0; i < report->cells_count; i++) {
		const struct report_cell *cell = &report->cells[i];

		if (cell->histogram && cell->histogram->count > 0 && cell->batch > 0)
			write_histogram(out, cell);
	}
	open_family(out, "ipcbench_round_trip_quantile_seconds", "gauge", "seconds",
	            "Median over rounds of a quantile; those that too few values support are "
	            "left out.");
	for (size_t i = 0; i < report->cells_count; i++) {
		const struct report_cell *cell = &report->cells[i];

		for (size_t q = 0; q < REPORT_QUANTILES; q++) {
			if (!cell->is_resolved[q] || !isfinite(cell->quantiles_ns[q].median))
				continue;
			open_sample(out, "ipcbench_round_trip_quantile_seconds", cell);
			fprintf(out, ",percentile=\"%s\"} %.9g\n", report_quantile_names[q],
			        cell->quantiles_ns[q].median / NS_A_SECOND);
		}
	}
}

/* A gauge with a sample for each cell that has it. */
static const struct gauge {
	const char *name;
	const char *unit;
	const char *help;
	size_t offset; /* of a struct report_figure in struct report_cell */
	double scale;
} gauges[] = {
	{"ipcbench_messages_per_second", NULL,
         "Messages or round trips a second, median over rounds.",
         offsetof(struct report_cell, messages_per_s), 1.0},
	{"ipcbench_bytes_per_second", NULL, "Payload bytes a second, median over rounds.",
         offsetof(struct report_cell, bytes_per_s), 1.0},
	{"ipcbench_message_cpu_seconds", "seconds",
         "CPU time of all peers for each message, median over rounds.",
         offsetof(struct report_cell, cpu_ns_per_message), 1.0 / NS_A_SECOND},
	{"ipcbench_message_context_switches", NULL,
         "Context switches of all peers for each message, median over rounds.",
         offsetof(struct report_cell, switches_per_message), 1.0},
};

static void write_gauges(FILE *out, const struct report *report)
{
	for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
		open_family(out, gauges[i].name, "gauge", gauges[i].unit, gauges[i].help);
		for (size_t j = 0; j < report->cells_count; j++) {
			const struct report_cell *cell = &report->cells[j];
			const struct report_figure *figure =
				(const void *)((const char *)cell + gauges[i].offset);

			if (!figure->is_known || !isfinite(figure->median))
				continue;
			open_sample(out, gauges[i].name, cell);
			fprintf(out, "} %.9g\n", figure->median * gauges[i].scale);
		}
	}
	open_family(out, "ipcbench_rounds", "gauge", NULL, "Rounds, by how they ended.");
	for (size_t i = 0; i < report->cells_count; i++) {
		open_sample(out, "ipcbench_rounds", &report->cells[i]);
		fprintf(out, ",result=\"measured\"} %u\n", report->cells[i].rounds);
		open_sample(out, "ipcbench_rounds", &report->cells[i]);
		fprintf(out, ",result=\"failed\"} %u\n", report->cells[i].rounds_failed);
	}
}

static void write_session(FILE *out, const struct session *session)
{
	open_family(out, "ipcbench_session", "info", NULL, "What was measured, where and by what.");
	fputs("ipcbench_session_info{", out);
	write_label(out, "uuid", session->uuid);
	fputc(',', out);
	write_label(out, "tool", session->tool ? session->tool : "");
	fputc(',', out);
	write_label(out, "status", session->status ? session->status : "");
	if (session->environment) {
		fputc(',', out);
		write_label(out, "machine", session->environment->machine_key);
		fputc(',', out);
		write_label(out, "environment", session->environment->key);
	}
	fputs("} 1\n", out);
}

static int openmetrics_write(FILE *out, const struct report *report)
{
	errno = 0;
	write_session(out, &report->session);
	write_round_trips(out, report);
	write_gauges(out, report);
	fputs("# EOF\n", out);
	return exporter_error(out);
}

const struct exporter exporter_openmetrics = {
	.name = "openmetrics",
	.summary = "OpenMetrics text for Prometheus",
	.write = openmetrics_write,
};
