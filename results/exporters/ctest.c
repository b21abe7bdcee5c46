/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/ctest.c - figures that ctest finds in a test's output and hands to CDash.
 *
 * One <CTestMeasurement> a figure, as ctest(1) has known it since CMake 3.21; a test
 * prints them, ctest takes them out of what it shows.
 */
#include <errno.h>

#include "results/exporter.h"
#include "results/exporters/html/html.h"

/* Writes a figure of a cell, if it is known. */
static void write_figure(FILE *out, const struct report_cell *cell, const char *name, double value,
                         bool is_known)
{
	char label[RUN_CELL_BYTES + RUN_ARM_BYTES + 16];

	if (!is_known || !(value < 1e300))
		return;
	report_cell_label(cell, label, sizeof(label));
	fputs("<CTestMeasurement type=\"numeric/double\" name=\"", out);
	html_text(out, label);
	fprintf(out, " %s\">%.6g</CTestMeasurement>\n", name, value);
}

static int ctest_write(FILE *out, const struct report *report)
{
	errno = 0;
	for (size_t i = 0; i < report->cells_count; i++) {
		const struct report_cell *cell = &report->cells[i];

		if (cell->rounds == 0)
			continue;
		for (size_t q = 0; q < REPORT_QUANTILES; q++) {
			char name[32];

			snprintf(name, sizeof(name), "%s ns", report_quantile_names[q]);
			write_figure(out, cell, name, cell->quantiles_ns[q].median,
			             cell->metric == RUN_ROUND_TRIP && cell->is_resolved[q]);
		}
		write_figure(out, cell, "messages/s", cell->messages_per_s.median,
		             cell->metric == RUN_THROUGHPUT && cell->messages_per_s.is_known);
		write_figure(out, cell, "CPU ns/message", cell->cpu_ns_per_message.median,
		             cell->cpu_ns_per_message.is_known);
	}
	return exporter_error(out);
}

const struct exporter exporter_ctest = {
	.name = "ctest",
	.summary = "measurements that ctest hands to CDash",
	.write = ctest_write,
};
