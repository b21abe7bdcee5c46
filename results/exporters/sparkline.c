/* SPDX-License-Identifier: MIT */
/* results/exporters/sparkline.c - a row of numbers as characters of rising height. */
#include "results/exporters/sparkline.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "results/statistics.h"

/* The least range, as a share of the median. */
#define RANGE_MIN 0.1
#define SHARED_MAX 64 /* numbers of one character that count */

/* Returns the median of the finite values, or NAN. */
static double median_of(const double *values, size_t count)
{
	double finite[SHARED_MAX];
	size_t finite_count = 0;

	for (size_t i = 0; i < count && finite_count < SHARED_MAX; i++) {
		if (isfinite(values[i]))
			finite[finite_count++] = values[i];
	}
	if (finite_count == 0)
		return NAN;
	statistics_sort(finite, finite_count);
	return statistics_median(finite, finite_count);
}

void sparkline_write(char *out, size_t out_bytes, const double *values, size_t count, bool is_utf8)
{
	static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const lines[] = {"_", ".", "-", "^"};
	const char *const *heights = is_utf8 ? bars : lines;
	size_t heights_count = is_utf8 ? 8 : 4;
	size_t width = count < SPARKLINE_WIDTH ? count : SPARKLINE_WIDTH;
	double levels[SPARKLINE_WIDTH];
	double low = INFINITY;
	double high = -INFINITY;
	double middle;
	size_t filled = 0;

	out[0] = '\0';
	if (count < 2)
		return;
	for (size_t i = 0; i < width; i++) {
		size_t start = i * count / width;

		levels[i] = median_of(values + start, (i + 1) * count / width - start);
		low = fmin(low, levels[i]);
		high = fmax(high, levels[i]);
	}
	middle = median_of(levels, width);
	if (isnan(middle))
		return;
	if (high - low < RANGE_MIN * middle) {
		low = middle * (1.0 - RANGE_MIN / 2.0);
		high = middle * (1.0 + RANGE_MIN / 2.0);
	}
	for (size_t i = 0; i < width; i++) {
		double share = (levels[i] - low) / (high - low);
		const char *mark = " ";
		size_t length;

		if (isfinite(share)) {
			size_t level =
				(size_t)(fmin(fmax(share, 0.0), 1.0) * (double)heights_count);

			mark = heights[level < heights_count ? level : heights_count - 1];
		}
		length = strlen(mark);
		if (filled + length >= out_bytes)
			break;
		memcpy(out + filled, mark, length + 1);
		filled += length;
	}
}
