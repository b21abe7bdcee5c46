/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/hgrm.c - percentiles as HdrHistogram writes them, for its plotters.
 *
 * Four columns: value in nanoseconds, percentile, count so far, 1 / (1 - percentile);
 * then the moments behind '#'. Steps halve with what is left, five to each half, as
 * HdrHistogram's percentile iterator takes them. Its readers take one histogram a
 * file; where cells share one, a comment stands between them. The counts are those of
 * all rounds: histograms are added up, percentiles are never averaged.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "results/exporter.h"

#define STEPS_A_HALF 5.0

/* Returns the next level to show after one, 0 to 1. */
static double next_level(double level)
{
	double halves = pow(2.0, floor(log2(1.0 / (1.0 - level))) + 1.0);

	return level + 1.0 / (STEPS_A_HALF * halves);
}

static void write_levels(FILE *out, const struct report_cell *cell)
{
	const struct histogram *h = cell->histogram;
	double batch = (double)cell->batch;
	uint64_t seen = 0;

	for (double level = 0.0; seen < h->count - h->clipped;) {
		uint64_t value = histogram_quantile(h, level);
		uint64_t edge = histogram_edge(histogram_slot(value, h->bits), h->bits);

		if (value == HISTOGRAM_CLIPPED)
			break;
		seen = histogram_up_to(h, edge);
		if (seen == h->count)
			break; /* the last line below is this one */
		fprintf(out, "%12.3f %2.12f %10" PRIu64 " %14.2f\n", (double)value / batch, level,
		        seen, 1.0 / (1.0 - level));
		/*
		 * One line a value: on to a level beyond it, by more than the rounding that
		 * a rank forgives, or the same value would come again.
		 */
		while (level * (double)h->count <= (double)seen * (1.0 + 1e-9) &&
		       level < 1.0 - 1e-13)
			level = next_level(level);
	}
	fprintf(out, "%12.3f %2.12f %10" PRIu64 "\n", (double)h->max / batch, 1.0, h->count);
}

static int write_cell(FILE *out, const struct report *report, const struct report_cell *cell)
{
	const struct histogram *h = cell->histogram;
	double mean;
	double deviation;
	char label[RUN_CELL_BYTES + RUN_ARM_BYTES + 16];

	if (!h || h->count == 0 || cell->batch == 0)
		return -ENODATA;
	errno = 0;
	histogram_moments(h, &mean, &deviation);
	report_cell_label(cell, label, sizeof(label));
	fprintf(out, "#[Cell = %s, Session = %.8s, Unit = ns, Batch = %" PRIu64 "]\n", label,
	        report->session.uuid, cell->batch);
	fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
	        "1/(1-Percentile)");
	write_levels(out, cell);
	fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean / (double)cell->batch,
	        deviation / (double)cell->batch);
	fprintf(out, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n",
	        (double)h->max / (double)cell->batch, h->count);
	fprintf(out, "#[Buckets = %12u, SubBuckets     = %12u]\n",
	        HISTOGRAM_VALUE_LOG2_MAX - h->bits, 1u << h->bits);
	if (h->clipped > 0)
		fprintf(out, "#[Above the range = %" PRIu64 ", left out of the moments]\n",
		        h->clipped);
	return exporter_error(out);
}

static int hgrm_write(FILE *out, const struct report *report)
{
	int ret = 0;

	for (size_t i = 0; i < report->cells_count && ret == 0; i++) {
		ret = write_cell(out, report, &report->cells[i]);
		if (ret == -ENODATA)
			ret = 0;
		else if (ret == 0)
			fputc('\n', out);
	}
	return ret;
}

const struct exporter exporter_hgrm = {
	.name = "hgrm",
	.summary = "percentiles for HdrHistogram's plotters; a file a cell in an --output folder",
	.write = hgrm_write,
	.write_cell = write_cell,
};
