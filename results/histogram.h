/* SPDX-License-Identifier: MIT */
/*
 * results/histogram.h - counts of values in slots of constant relative width.
 *
 * A slot is at most 2^-bits of its value wide. The memory is the caller's and
 * fixed, so that a peer can own a histogram in memory shared before fork(): to
 * record is one increment by its only writer, which never waits, fails or
 * allocates. Values above the range are counted apart; a quantile that lands
 * among them is reported as such, never as a number. Histograms merge by adding
 * counts: there is no function that averages quantiles.
 */
#ifndef RESULTS_HISTOGRAM_H
#define RESULTS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BITS_DEFAULT 10u   /* 0.1 %, 25,600 slots, 200 KiB */
#define HISTOGRAM_VALUE_LOG2_MAX 34u /* values below 2^34: 17 s in nanoseconds */
#define HISTOGRAM_CLIPPED UINT64_MAX /* a quantile among values above the range */

/* Holds no pointers; lives in the caller's memory, private or shared. */
struct histogram {
	uint32_t bits;
	uint32_t slot_count;
	uint64_t count;   /* values recorded, clipped ones included */
	uint64_t clipped; /* values of 2^HISTOGRAM_VALUE_LOG2_MAX and more */
	uint64_t min;     /* UINT64_MAX while empty */
	uint64_t max;
	uint64_t slots[];
};

/* Returns the bytes that a histogram of this precision takes; bits is 1 to 16. */
size_t histogram_bytes(unsigned bits);

/* Makes the memory at histogram (histogram_bytes(bits) of it) an empty histogram. */
void histogram_init(struct histogram *histogram, unsigned bits);

/* Allocates an empty one, for free(). Returns null without memory. */
struct histogram *histogram_create(unsigned bits);

/* Returns the slot of value (log-linear: exact below 2^(bits + 1)). */
static inline uint32_t histogram_slot(uint64_t value, unsigned bits)
{
	unsigned log2 = 63u - (unsigned)__builtin_clzll(value | 1);
	unsigned shift = log2 > bits ? log2 - bits : 0;

	return (uint32_t)((shift << bits) + (value >> shift));
}

/* Counts one value. One writer at a time; wait-free. */
static inline void histogram_record(struct histogram *histogram, uint64_t value)
{
	histogram->count++;
	if (value < histogram->min)
		histogram->min = value;
	if (value > histogram->max)
		histogram->max = value;
	if (value >> HISTOGRAM_VALUE_LOG2_MAX)
		histogram->clipped++;
	else
		histogram->slots[histogram_slot(value, histogram->bits)]++;
}

/* Adds from's counts to into. Returns 0, or -EINVAL: they differ in bits. */
int histogram_merge(struct histogram *into, const struct histogram *from);

/*
 * Returns the upper edge of the slot that holds the value of rank ceil(p * count),
 * at most the largest value recorded; HISTOGRAM_CLIPPED if that value is above
 * the range; 0 if the histogram is empty. p is 0 to 1. (Nearest-rank quantile.)
 */
uint64_t histogram_quantile(const struct histogram *histogram, double p);

/*
 * Finds count quantiles in one walk: out[i] is what histogram_quantile() returns for
 * p[i], which ascend.
 */
void histogram_quantiles(const struct histogram *histogram, const double *p, size_t count,
                         uint64_t *out);

/* Returns how many values lie beyond the one that histogram_quantile() finds for p. */
uint64_t histogram_beyond(const struct histogram *histogram, double p);

/* Returns the largest value of a slot. */
uint64_t histogram_edge(uint32_t slot, unsigned bits);

/* Returns how many values lie in slots that end at value or below. */
uint64_t histogram_up_to(const struct histogram *histogram, uint64_t value);

/*
 * Estimates mean and standard deviation from the middles of the slots, without the
 * clipped values; both are 0 where there are no others.
 */
void histogram_moments(const struct histogram *histogram, double *mean, double *deviation);

/*
 * Writes the counts in the format "loglin1": a version byte, bits, min, max,
 * clipped, then the slots as LEB128 varints with runs of zeros as 0, length;
 * deflated by zlib. *out is the caller's, for free().
 *
 * Returns 0, or -errno: -ENOMEM.
 */
int histogram_encode(const struct histogram *histogram, unsigned char **out, size_t *out_bytes);

/*
 * Reads what histogram_encode() wrote. *out is the caller's, for free().
 * Any input is survived. Returns 0, or -errno: -EBADMSG (not that format), -ENOMEM.
 */
int histogram_decode(struct histogram **out, const unsigned char *data, size_t data_bytes);

#endif
