/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/chart.h - the frame of a chart: axes, marks, names at line ends.
 *
 * A chart is drawn in units that a screen shows at about their size, whatever its
 * width: a page has as many charts beside each other as fit.
 */
#ifndef RESULTS_EXPORTERS_HTML_CHART_H
#define RESULTS_EXPORTERS_HTML_CHART_H

#include "results/exporters/html/page.h"
#include "results/exporters/html/scale.h"

#define CHART_WIDTH 360.0
#define CHART_TEXT_BYTES 64

enum chart_unit {
	CHART_TIME,  /* nanoseconds */
	CHART_RATE,  /* a second */
	CHART_BYTES, /* bytes a second */
	CHART_SIZE,  /* bytes */
};

struct chart {
	FILE *out;
	double height;
	double left; /* the rectangle in which values are drawn */
	double right;
	double top;
	double bottom;
	struct scale x;
	struct scale y;
	enum chart_unit x_unit;
	enum chart_unit y_unit;
	size_t setting;       /* what it shows alone, or PAGE_ANY */
	const char *x_figure; /* the key of the figure along an axis, or null */
	const char *y_figure; /* "curve" is that of a quantile for each point */
};

/*
 * Opens a figure with its caption and the drawing; what the drawing shows is said in
 * summary, for those who don't see it. The scales of figures are finished; the drawing
 * bears them as attributes, so that a test can turn coordinates into values again.
 */
void chart_open(const struct chart *chart, const char *caption, const char *summary);
void chart_close(const struct chart *chart);

/* Writes the marks of an axis, with lines across. title stands at its end. */
void chart_x_axis(const struct chart *chart, const char *title);
void chart_y_axis(const struct chart *chart, const char *title);

/* Writes a value as it stands at an axis. */
void chart_tick_text(char *out, size_t out_bytes, enum chart_unit unit, double value);

/* Opens the group of one series; cells are the page's numbers of its points, in order. */
void chart_series_open(const struct chart *chart, const struct page_series *series,
                       const size_t *cells, size_t cells_count);
void chart_series_close(const struct chart *chart);

/* The end of a line, to be named beside the chart. */
struct chart_end {
	double x;
	double y;
	double label_y; /* set by chart_name_ends() */
	const struct page_series *series;
};

/* Writes a series' name at the right of each end, moved apart where they would touch. */
void chart_name_ends(const struct chart *chart, struct chart_end *ends, size_t ends_count);

#endif
