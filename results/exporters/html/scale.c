/* SPDX-License-Identifier: MIT */
/* results/exporters/html/scale.c - values to coordinates, and where an axis is marked. */
#include "results/exporters/html/scale.h"

#include <math.h>

#define DECADES_WITH_FIVES 2.2 /* fewer decades than this have marks at 2 and 5, too */

void scale_include(struct scale *scale, double value)
{
	if (!isfinite(value) || value <= 0.0)
		return;
	if (scale->low == 0.0 || value < scale->low)
		scale->low = value;
	if (value > scale->high)
		scale->high = value;
}

bool scale_is_empty(const struct scale *scale)
{
	return scale->low == 0.0;
}

void scale_finish(struct scale *scale, double start, double end, double margin)
{
	double low = log10(scale->low);
	double high = log10(scale->high);
	double lack = log10(3.0) - (high - low);

	if (lack > 0.0) {
		low -= lack / 2.0;
		high += lack / 2.0;
	}
	scale->low = pow(10.0, low - margin * (high - low));
	scale->high = pow(10.0, high + margin * (high - low));
	scale->start = start;
	scale->end = end;
}

double scale_at(const struct scale *scale, double value)
{
	double share;

	if (!(value > scale->low))
		return scale->start;
	if (value >= scale->high)
		return scale->end;
	share = log(value / scale->low) / log(scale->high / scale->low);
	return scale->start + share * (scale->end - scale->start);
}

size_t scale_ticks(const struct scale *scale, double *out, size_t max)
{
	static const double steps[] = {1.0, 2.0, 5.0};
	double decades = log10(scale->high / scale->low);
	int stride = decades < DECADES_WITH_FIVES ? 1 : 3;
	int every = (int)ceil(decades / (double)max);
	int decade = (int)floor(log10(scale->low));
	size_t count = 0;

	for (; count < max && pow(10.0, decade) <= scale->high; decade++) {
		if (every > 1 && decade % every != 0)
			continue;
		for (int i = 0; i < 3 && count < max; i += stride) {
			double tick = steps[i] * pow(10.0, decade);

			if (tick >= scale->low * (1.0 - 1e-9) && tick <= scale->high * (1.0 + 1e-9))
				out[count++] = tick;
		}
	}
	return count;
}
