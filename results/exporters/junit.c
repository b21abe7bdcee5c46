/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/junit.c - the report as JUnit XML: a test case a cell.
 *
 * A cell without a number is an error, one that can't run here is skipped with its
 * cause. A cell of which some rounds failed is a failure: it lost or altered messages.
 * Whether a number is too large is not for a report to say: that is what ab is for.
 */
#include <errno.h>

#include "results/exporter.h"
#include "results/exporters/html/html.h"

static void write_attribute(FILE *out, const char *name, const char *text)
{
	fprintf(out, " %s=\"", name);
	html_text(out, text);
	fputc('"', out);
}

/* Opens a test case; the class is what it is a case of: the workload. */
static void open_case(FILE *out, const struct run_cell *cell)
{
	fputs("    <testcase", out);
	write_attribute(out, "classname", cell->workload);
	write_attribute(out, "name", cell->name);
	fputs(">\n", out);
}

static void write_figure(FILE *out, const char *name, const struct report_figure *figure)
{
	if (figure->is_known && figure->median < 1e300)
		fprintf(out, "        <property name=\"%s\" value=\"%.6g\"/>\n", name,
		        figure->median);
}

static void write_figures(FILE *out, const struct report_cell *cell)
{
	fprintf(out, "      <properties>\n        <property name=\"rounds\" value=\"%u\"/>\n",
	        cell->rounds);
	for (size_t q = 0; q < REPORT_QUANTILES; q++) {
		char name[32];

		snprintf(name, sizeof(name), "%s_ns", report_quantile_names[q]);
		if (cell->metric == RUN_ROUND_TRIP && cell->is_resolved[q])
			write_figure(out, name, &cell->quantiles_ns[q]);
	}
	if (cell->metric == RUN_THROUGHPUT)
		write_figure(out, "messages_per_s", &cell->messages_per_s);
	write_figure(out, "cpu_ns_per_message", &cell->cpu_ns_per_message);
	fputs("      </properties>\n", out);
}

static void write_cell(FILE *out, const struct report_cell *cell)
{
	open_case(out, &cell->cell);
	if (cell->rounds > 0)
		write_figures(out, cell);
	if (cell->rounds_failed > 0) {
		const char *element = cell->rounds > 0 ? "failure" : "error";

		fprintf(out, "      <%s", element);
		write_attribute(out, "message", cell->failure);
		fprintf(out, ">%u of %u rounds failed</%s>\n", cell->rounds_failed,
		        cell->rounds + cell->rounds_failed, element);
	}
	fputs("    </testcase>\n", out);
}

static int junit_write(FILE *out, const struct report *report)
{
	size_t failures = 0;
	size_t errors = 0;
	size_t skips = report->skips_count;
	size_t all = report->cells_count + skips;

	for (size_t i = 0; i < report->cells_count; i++) {
		errors += report->cells[i].rounds == 0;
		failures += report->cells[i].rounds > 0 && report->cells[i].rounds_failed > 0;
	}
	errno = 0;
	fprintf(out,
	        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%zu\" "
	        "failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n  <testsuite "
	        "name=\"ipcbench\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
	        "skipped=\"%zu\">\n    <properties>\n      <property name=\"session\"",
	        all, failures, errors, skips, all, failures, errors, skips);
	write_attribute(out, "value", report->session.uuid);
	fputs("/>\n      <property name=\"argv\"", out);
	write_attribute(out, "value", report->session.argv ? report->session.argv : "");
	fputs("/>\n    </properties>\n", out);
	for (size_t i = 0; i < report->cells_count; i++)
		write_cell(out, &report->cells[i]);
	for (size_t i = 0; i < skips; i++) {
		open_case(out, &report->skips[i].cell);
		fputs("      <skipped", out);
		write_attribute(out, "message", report->skips[i].reason);
		fputs("/>\n    </testcase>\n", out);
	}
	fputs("  </testsuite>\n</testsuites>\n", out);
	return exporter_error(out);
}

const struct exporter exporter_junit = {
	.name = "junit",
	.summary = "JUnit XML for a CI server: a test case a cell",
	.write = junit_write,
};
