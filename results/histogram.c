/* SPDX-License-Identifier: MIT */
/*
 * results/histogram.c - counts of values in slots of constant relative width.
 *
 * Below 2^(bits + 1) a slot holds one value. Above, slot = (shift << bits) +
 * (value >> shift), where shift drops all but the bits + 1 leading binary digits;
 * value >> shift is at least 2^bits there, hence the "- 1" in histogram_edge().
 */
#include "results/histogram.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values are below 2^HISTOGRAM_VALUE_LOG2_MAX, so the largest shift is that - 1 - bits. */
static uint32_t slots_for(unsigned bits)
{
	return (HISTOGRAM_VALUE_LOG2_MAX + 1u - bits) << bits;
}

size_t histogram_bytes(unsigned bits)
{
	return sizeof(struct histogram) + slots_for(bits) * sizeof(uint64_t);
}

void histogram_init(struct histogram *histogram, unsigned bits)
{
	memset(histogram, 0, histogram_bytes(bits));
	histogram->bits = bits;
	histogram->slot_count = slots_for(bits);
	histogram->min = UINT64_MAX;
}

struct histogram *histogram_create(unsigned bits)
{
	/* Fresh zeros take no memory until they are written to. */
	struct histogram *histogram = calloc(1, histogram_bytes(bits));

	if (!histogram)
		return NULL;
	histogram->bits = bits;
	histogram->slot_count = slots_for(bits);
	histogram->min = UINT64_MAX;
	return histogram;
}

int histogram_merge(struct histogram *into, const struct histogram *from)
{
	if (into->bits != from->bits || into->slot_count != from->slot_count)
		return -EINVAL;
	into->count += from->count;
	into->clipped += from->clipped;
	if (from->min < into->min)
		into->min = from->min;
	if (from->max > into->max)
		into->max = from->max;
	/* Pages that nothing is counted in stay untouched. */
	for (uint32_t i = 0; i < into->slot_count; i++) {
		if (from->slots[i] > 0)
			into->slots[i] += from->slots[i];
	}
	return 0;
}

uint64_t histogram_edge(uint32_t slot, unsigned bits)
{
	uint32_t high = slot >> bits;
	unsigned shift = high > 1 ? high - 1 : 0;
	uint64_t leading = slot - ((uint64_t)shift << bits);

	return ((leading + 1) << shift) - 1;
}

/* Returns the nearest rank of p among count values, 1 to count. */
static uint64_t rank_of(double p, uint64_t count)
{
	/* 0.07 * 100 is 7 and a rounding error; without the factor its ceiling is 8. */
	double rank = ceil(p * (double)count * (1.0 - 1e-12));

	if (!(rank > 1.0))
		return 1;
	return rank < (double)count ? (uint64_t)rank : count;
}

uint64_t histogram_quantile(const struct histogram *histogram, double p)
{
	uint64_t rank;
	uint64_t seen = 0;

	if (histogram->count == 0)
		return 0;
	rank = rank_of(p, histogram->count);
	for (uint32_t i = 0; i < histogram->slot_count; i++) {
		seen += histogram->slots[i];
		if (seen >= rank) {
			uint64_t edge = histogram_edge(i, histogram->bits);

			return edge < histogram->max ? edge : histogram->max;
		}
	}
	return HISTOGRAM_CLIPPED;
}

void histogram_quantiles(const struct histogram *histogram, const double *p, size_t count,
                         uint64_t *out)
{
	uint64_t seen = 0;
	size_t found = 0;

	for (uint32_t i = 0; i < histogram->slot_count && found < count; i++) {
		uint64_t edge;

		if (histogram->slots[i] == 0)
			continue;
		seen += histogram->slots[i];
		edge = histogram_edge(i, histogram->bits);
		while (found < count && seen >= rank_of(p[found], histogram->count))
			out[found++] = edge < histogram->max ? edge : histogram->max;
	}
	while (found < count)
		out[found++] = histogram->count == 0 ? 0 : HISTOGRAM_CLIPPED;
}

uint64_t histogram_beyond(const struct histogram *histogram, double p)
{
	if (histogram->count == 0)
		return 0;
	return histogram->count - rank_of(p, histogram->count);
}

uint64_t histogram_up_to(const struct histogram *histogram, uint64_t value)
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < histogram->slot_count; i++) {
		if (histogram->slots[i] == 0)
			continue;
		if (histogram_edge(i, histogram->bits) > value)
			break;
		seen += histogram->slots[i];
	}
	return seen;
}

/* Returns the middle of a slot. */
static double middle_of(uint32_t slot, unsigned bits)
{
	double low = slot > 0 ? (double)histogram_edge(slot - 1, bits) + 1.0 : 0.0;

	return (low + (double)histogram_edge(slot, bits)) / 2.0;
}

void histogram_moments(const struct histogram *histogram, double *mean, double *deviation)
{
	double count = (double)(histogram->count - histogram->clipped);
	double sum = 0.0;
	double squares = 0.0;

	for (uint32_t i = 0; i < histogram->slot_count; i++) {
		if (histogram->slots[i] > 0)
			sum += (double)histogram->slots[i] * middle_of(i, histogram->bits);
	}
	*mean = count > 0.0 ? sum / count : 0.0;
	for (uint32_t i = 0; i < histogram->slot_count; i++) {
		double distance = middle_of(i, histogram->bits) - *mean;

		if (histogram->slots[i] > 0)
			squares += (double)histogram->slots[i] * distance * distance;
	}
	*deviation = count > 0.0 ? sqrt(squares / count) : 0.0;
}
