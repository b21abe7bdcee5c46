/* SPDX-License-Identifier: MIT */
/*
 * results/histogram_codec.c - a histogram as bytes and back: "loglin1".
 *
 * Inside one zlib stream: the bytes version (1) and bits, then LEB128 varints:
 * min, max, clipped, and the slots in order, where a run of zeros is 0 and its
 * length. What follows the last slot in use is left out. The stream is read a
 * byte at a time, so that its claims never decide how much memory is taken.
 */
#include "results/histogram.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define VERSION 1u
#define VARINT_BYTES_MAX 10u
#define BITS_MAX 16u

static size_t put_varint(unsigned char *out, uint64_t value)
{
	size_t n = 0;

	while (value >= 0x80) {
		out[n++] = (unsigned char)(value | 0x80);
		value >>= 7;
	}
	out[n++] = (unsigned char)value;
	return n;
}

/* Writes the counts, not yet deflated. Returns their bytes. */
static size_t put_counts(unsigned char *out, const struct histogram *histogram)
{
	size_t n = 0;
	uint32_t zeros = 0;

	out[n++] = VERSION;
	out[n++] = (unsigned char)histogram->bits;
	n += put_varint(out + n, histogram->min);
	n += put_varint(out + n, histogram->max);
	n += put_varint(out + n, histogram->clipped);
	for (uint32_t i = 0; i < histogram->slot_count; i++) {
		if (histogram->slots[i] == 0) {
			zeros++;
			continue;
		}
		if (zeros > 0) {
			out[n++] = 0;
			n += put_varint(out + n, zeros);
			zeros = 0;
		}
		n += put_varint(out + n, histogram->slots[i]);
	}
	return n;
}

/* Returns the most bytes that put_counts() writes: each slot in use costs itself and a run. */
static size_t counts_bytes_max(const struct histogram *histogram)
{
	size_t used = 0;

	for (uint32_t i = 0; i < histogram->slot_count; i++)
		used += histogram->slots[i] != 0;
	return 2 + 3 * VARINT_BYTES_MAX + used * (2 * VARINT_BYTES_MAX + 1);
}

int histogram_encode(const struct histogram *histogram, unsigned char **out, size_t *out_bytes)
{
	unsigned char *counts = malloc(counts_bytes_max(histogram));
	unsigned char *packed = NULL;
	uLongf packed_bytes;
	size_t counts_bytes;
	int ret = -ENOMEM;

	if (!counts)
		goto done;
	counts_bytes = put_counts(counts, histogram);
	packed_bytes = compressBound((uLong)counts_bytes);
	packed = malloc(packed_bytes);
	if (!packed)
		goto done;
	if (compress2(packed, &packed_bytes, counts, (uLong)counts_bytes, Z_DEFAULT_COMPRESSION) !=
	    Z_OK)
		goto done;
	*out = packed;
	*out_bytes = packed_bytes;
	packed = NULL;
	ret = 0;
done:
	free(packed);
	free(counts);
	return ret;
}

/* Bytes of a zlib stream, one at a time. */
struct source {
	z_stream stream;
	unsigned char chunk[4096];
	size_t position;
	size_t filled;
	int status; /* of the last inflate() */
};

/* Returns the next byte, -ENODATA at a sound end of the stream, or -EBADMSG, -ENOMEM. */
static int source_byte(struct source *source)
{
	if (source->position == source->filled) {
		if (source->status == Z_STREAM_END)
			return source->stream.avail_in == 0 ? -ENODATA : -EBADMSG;
		source->stream.next_out = source->chunk;
		source->stream.avail_out = sizeof(source->chunk);
		source->status = inflate(&source->stream, Z_NO_FLUSH);
		source->position = 0;
		source->filled = sizeof(source->chunk) - source->stream.avail_out;
		if (source->status == Z_MEM_ERROR)
			return -ENOMEM;
		if (source->status != Z_OK && source->status != Z_STREAM_END)
			return -EBADMSG;
		if (source->filled == 0)
			return source->status == Z_STREAM_END && source->stream.avail_in == 0
			               ? -ENODATA
			               : -EBADMSG;
	}
	return source->chunk[source->position++];
}

/* Reads a varint; -ENODATA only where the stream ends before its first byte. */
static int source_varint(struct source *source, uint64_t *out)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 7 * VARINT_BYTES_MAX; shift += 7) {
		int byte = source_byte(source);
		uint64_t digits;

		if (byte < 0)
			return byte == -ENODATA && shift > 0 ? -EBADMSG : byte;
		digits = (uint64_t)byte & 0x7f;
		if (shift == 63 && digits > 1)
			return -EBADMSG;
		value |= digits << shift;
		if (!(byte & 0x80)) {
			*out = value;
			return 0;
		}
	}
	return -EBADMSG;
}

/* Reads the slots up to the end of the stream, and sums count. */
static int source_slots(struct source *source, struct histogram *histogram)
{
	uint32_t slot = 0;

	histogram->count = histogram->clipped;
	for (;;) {
		uint64_t value;
		int ret = source_varint(source, &value);

		if (ret == -ENODATA)
			return 0;
		if (ret < 0)
			return ret;
		if (value == 0) {
			ret = source_varint(source, &value);
			if (ret < 0)
				return ret == -ENODATA ? -EBADMSG : ret;
			if (value == 0 || value >= histogram->slot_count - slot)
				return -EBADMSG;
			slot += (uint32_t)value;
			continue;
		}
		if (slot >= histogram->slot_count ||
		    __builtin_add_overflow(histogram->count, value, &histogram->count))
			return -EBADMSG;
		histogram->slots[slot++] = value;
	}
}

/* Says whether min and max lie where the counts say they must. */
static bool is_consistent(const struct histogram *histogram)
{
	uint32_t first = 0;
	uint32_t last = histogram->slot_count;

	if (histogram->count == 0)
		return histogram->min == UINT64_MAX && histogram->max == 0;
	if (histogram->min > histogram->max)
		return false;
	while (first < histogram->slot_count && histogram->slots[first] == 0)
		first++;
	while (last > 0 && histogram->slots[last - 1] == 0)
		last--;
	if ((histogram->clipped > 0) != (histogram->max >> HISTOGRAM_VALUE_LOG2_MAX > 0))
		return false;
	if (last == 0) /* all are clipped */
		return histogram->min >> HISTOGRAM_VALUE_LOG2_MAX > 0;
	if (histogram->min >> HISTOGRAM_VALUE_LOG2_MAX > 0 ||
	    histogram_slot(histogram->min, histogram->bits) != first)
		return false;
	return histogram->clipped > 0 ||
	       histogram_slot(histogram->max, histogram->bits) == last - 1;
}

/* Reads everything; *out is set as soon as it is allocated, for the caller to free. */
static int source_histogram(struct source *source, struct histogram **out)
{
	struct histogram *histogram;
	int version = source_byte(source);
	int bits = version < 0 ? version : source_byte(source);
	int ret;

	if (bits < 0)
		return bits == -ENOMEM ? -ENOMEM : -EBADMSG;
	if (version != VERSION || bits < 1 || bits > (int)BITS_MAX)
		return -EBADMSG;
	histogram = histogram_create((unsigned)bits);
	if (!histogram)
		return -ENOMEM;
	*out = histogram;
	ret = source_varint(source, &histogram->min);
	if (ret == 0)
		ret = source_varint(source, &histogram->max);
	if (ret == 0)
		ret = source_varint(source, &histogram->clipped);
	if (ret == 0)
		ret = source_slots(source, histogram);
	if (ret == -ENODATA || (ret == 0 && !is_consistent(histogram)))
		ret = -EBADMSG;
	return ret;
}

int histogram_decode(struct histogram **out, const unsigned char *data, size_t data_bytes)
{
	struct source source = {.status = Z_OK};
	struct histogram *histogram = NULL;
	int ret;

	if (data_bytes > UINT32_MAX)
		return -EBADMSG;
	/* zlib reads only through next_in, which lacks its const. */
	memcpy(&source.stream.next_in, &data, sizeof(data));
	source.stream.avail_in = (uInt)data_bytes;
	if (inflateInit(&source.stream) != Z_OK)
		return -ENOMEM;
	ret = source_histogram(&source, &histogram);
	inflateEnd(&source.stream);
	if (ret < 0) {
		free(histogram);
		return ret;
	}
	*out = histogram;
	return 0;
}
