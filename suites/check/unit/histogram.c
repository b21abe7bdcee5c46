/* SPDX-License-Identifier: MIT */
/* suites/check/unit/histogram.c - tests of results/histogram.c and histogram_codec.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "results/histogram.h"

#define VALUES 2000

/* Returns a number of a sequence that is the same each time. */
static uint64_t next_random(uint64_t *random)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return *random >> 20;
}

/* Returns a value whose size in bits is spread evenly, up to above the range. */
static uint64_t random_value(uint64_t *random)
{
	uint64_t bits = next_random(random) % (HISTOGRAM_VALUE_LOG2_MAX + 2);

	return next_random(random) & ((1ull << bits) - 1);
}

static int compare_values(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static void slots_are_exact_below_and_contiguous_above(void **state)
{
	uint64_t edge = (1ull << HISTOGRAM_VALUE_LOG2_MAX) - 1;

	(void)state;
	for (unsigned bits = 1; bits <= 16; bits++) {
		struct histogram *h = histogram_create(bits);
		uint32_t last = 0;

		assert_non_null(h);
		for (uint64_t value = 0; value < 2ull << bits; value++)
			assert_int_equal(histogram_slot(value, bits), value);
		/* At each power of two the next slot follows. */
		for (unsigned log2 = bits + 1; log2 < HISTOGRAM_VALUE_LOG2_MAX; log2++) {
			last = histogram_slot((1ull << log2) - 1, bits);
			assert_int_equal(histogram_slot(1ull << log2, bits), last + 1);
		}
		assert_int_equal(histogram_slot(edge, bits), h->slot_count - 1);
		free(h);
	}
}

static void the_default_takes_25600_slots(void **state)
{
	struct histogram *h = histogram_create(HISTOGRAM_BITS_DEFAULT);

	(void)state;
	assert_int_equal(h->slot_count, 25600);
	assert_int_equal(histogram_bytes(HISTOGRAM_BITS_DEFAULT),
	                 sizeof(struct histogram) + 25600 * 8);
	free(h);
}

static void quantiles_of_small_values_are_the_nearest_ranks(void **state)
{
	struct histogram *h = histogram_create(10);

	(void)state;
	assert_int_equal(histogram_quantile(h, 0.5), 0);
	for (uint64_t value = 1; value <= 100; value++)
		histogram_record(h, value);
	assert_int_equal(histogram_quantile(h, 0.0), 1);
	assert_int_equal(histogram_quantile(h, 0.5), 50);
	assert_int_equal(histogram_quantile(h, 0.505), 51);
	/* In binary 0.07 * 100 is more than 7: the rank is 7 all the same. */
	assert_int_equal(histogram_quantile(h, 0.07), 7);
	assert_int_equal(histogram_quantile(h, 0.99), 99);
	assert_int_equal(histogram_quantile(h, 0.999), 100);
	assert_int_equal(histogram_quantile(h, 1.0), 100);
	assert_int_equal(histogram_beyond(h, 0.5), 50);
	assert_int_equal(histogram_beyond(h, 0.99), 1);
	assert_int_equal(histogram_beyond(h, 0.999), 0);
	free(h);
}

static void a_quantile_is_at_most_a_slot_above_the_true_one(void **state)
{
	static const double quantiles[] = {0.01, 0.25, 0.5, 0.9, 0.99, 0.999};
	static uint64_t values[VALUES];
	uint64_t random = 1;

	(void)state;
	for (unsigned bits = 1; bits <= 14; bits++) {
		struct histogram *h = histogram_create(bits);

		for (size_t i = 0; i < VALUES; i++) {
			values[i] =
				random_value(&random) & ((1ull << HISTOGRAM_VALUE_LOG2_MAX) - 1);
			histogram_record(h, values[i]);
		}
		qsort(values, VALUES, sizeof(values[0]), compare_values);
		for (size_t q = 0; q < sizeof(quantiles) / sizeof(quantiles[0]); q++) {
			size_t rank = (size_t)(quantiles[q] * VALUES + 0.5);
			uint64_t exact = values[rank - 1];
			uint64_t found = histogram_quantile(h, quantiles[q]);

			assert_true(found >= exact);
			assert_true(found - exact <= exact >> bits);
		}
		free(h);
	}
}

static void merging_is_recording_all_in_one(void **state)
{
	struct histogram *all = histogram_create(7);
	struct histogram *parts[3];
	uint64_t random = 2;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		parts[i] = histogram_create(7);
	for (size_t i = 0; i < VALUES; i++) {
		uint64_t value = random_value(&random);

		histogram_record(all, value);
		histogram_record(parts[i % 3], value);
	}
	assert_true(all->clipped > 0);
	assert_int_equal(histogram_merge(parts[0], parts[1]), 0);
	assert_int_equal(histogram_merge(parts[0], parts[2]), 0);
	assert_memory_equal(parts[0], all, histogram_bytes(7));
	/* To merge an empty one changes nothing. */
	histogram_init(parts[1], 7);
	assert_int_equal(histogram_merge(parts[0], parts[1]), 0);
	assert_memory_equal(parts[0], all, histogram_bytes(7));
	for (size_t i = 0; i < 3; i++)
		free(parts[i]);
	free(all);
}

static void histograms_of_other_precision_do_not_merge(void **state)
{
	struct histogram *coarse = histogram_create(7);
	struct histogram *fine = histogram_create(10);

	(void)state;
	assert_int_equal(histogram_merge(coarse, fine), -EINVAL);
	free(coarse);
	free(fine);
}

static void values_above_the_range_are_counted_apart(void **state)
{
	const uint64_t first_clipped = 1ull << HISTOGRAM_VALUE_LOG2_MAX;
	struct histogram *h = histogram_create(10);

	(void)state;
	for (size_t i = 0; i < 98; i++)
		histogram_record(h, 1000);
	histogram_record(h, first_clipped);
	histogram_record(h, UINT64_MAX);
	assert_int_equal(h->count, 100);
	assert_int_equal(h->clipped, 2);
	assert_int_equal(h->max, UINT64_MAX);
	assert_int_equal(histogram_quantile(h, 0.98), 1000);
	assert_int_equal(histogram_quantile(h, 0.99), HISTOGRAM_CLIPPED);
	assert_int_equal(histogram_quantile(h, 1.0), HISTOGRAM_CLIPPED);
	free(h);
}

/* Encodes and decodes, and asserts that both are the same. Returns the encoded bytes. */
static size_t assert_round_trip(const struct histogram *h)
{
	struct histogram *back;
	unsigned char *encoded;
	size_t encoded_bytes;

	assert_int_equal(histogram_encode(h, &encoded, &encoded_bytes), 0);
	assert_int_equal(histogram_decode(&back, encoded, encoded_bytes), 0);
	assert_memory_equal(back, h, histogram_bytes(h->bits));
	free(encoded);
	free(back);
	return encoded_bytes;
}

static void what_is_encoded_is_decoded_the_same(void **state)
{
	uint64_t random = 3;

	(void)state;
	for (unsigned bits = 1; bits <= 16; bits++) {
		struct histogram *h = histogram_create(bits);

		assert_round_trip(h);
		histogram_record(h, 0);
		assert_round_trip(h);
		histogram_record(h, (1ull << HISTOGRAM_VALUE_LOG2_MAX) - 1);
		assert_round_trip(h);
		for (size_t i = 0; i < VALUES; i++)
			histogram_record(h, random_value(&random));
		assert_round_trip(h);
		histogram_init(h, bits);
		histogram_record(h, UINT64_MAX - 1);
		assert_round_trip(h);
		free(h);
	}
}

static void a_typical_round_takes_under_two_kilobytes(void **state)
{
	struct histogram *h = histogram_create(HISTOGRAM_BITS_DEFAULT);
	uint64_t random = 4;

	(void)state;
	/* 7200 values in a body of 10 % and a tail of 1 % up to ten times as much. */
	for (size_t i = 0; i < 7200; i++) {
		uint64_t r = next_random(&random);

		histogram_record(h, 6000 + r % 600 + (r % 100 == 0 ? r % 60000 : 0));
	}
	assert_in_range(assert_round_trip(h), 1, 2048);
	free(h);
}

static void any_cut_of_the_encoded_form_is_refused(void **state)
{
	struct histogram *h = histogram_create(10);
	struct histogram *back = NULL;
	unsigned char *encoded;
	size_t encoded_bytes;
	uint64_t random = 5;

	(void)state;
	for (size_t i = 0; i < 200; i++)
		histogram_record(h, random_value(&random));
	assert_int_equal(histogram_encode(h, &encoded, &encoded_bytes), 0);
	for (size_t bytes = 0; bytes < encoded_bytes; bytes++) {
		/* A copy of its own size, so that a sanitizer sees a byte too many. */
		unsigned char *cut = malloc(bytes ? bytes : 1);

		memcpy(cut, encoded, bytes);
		assert_int_equal(histogram_decode(&back, cut, bytes), -EBADMSG);
		free(cut);
	}
	assert_null(back);
	free(encoded);
	free(h);
}

static void any_flipped_bit_is_refused(void **state)
{
	struct histogram *h = histogram_create(10);
	struct histogram *back = NULL;
	unsigned char *encoded;
	size_t encoded_bytes;
	uint64_t random = 6;
	size_t accepted = 0;

	(void)state;
	for (size_t i = 0; i < 200; i++)
		histogram_record(h, random_value(&random));
	assert_int_equal(histogram_encode(h, &encoded, &encoded_bytes), 0);
	for (size_t bit = 0; bit < encoded_bytes * 8; bit++) {
		int ret;

		encoded[bit / 8] ^= (unsigned char)(1u << bit % 8);
		ret = histogram_decode(&back, encoded, encoded_bytes);
		encoded[bit / 8] ^= (unsigned char)(1u << bit % 8);
		if (ret == 0) {
			/* Bits that zlib does not use change nothing. */
			assert_memory_equal(back, h, histogram_bytes(10));
			free(back);
			accepted++;
		} else {
			assert_int_equal(ret, -EBADMSG);
		}
	}
	assert_in_range(accepted, 0, 16);
	free(encoded);
	free(h);
}

/* Asserts that this content, well packed, is no histogram. */
static void assert_refused(const unsigned char *content, size_t content_bytes)
{
	unsigned char packed[256];
	uLongf packed_bytes = sizeof(packed);
	struct histogram *back = NULL;

	assert_int_equal(compress(packed, &packed_bytes, content, content_bytes), Z_OK);
	assert_int_equal(histogram_decode(&back, packed, packed_bytes), -EBADMSG);
	assert_null(back);
}

#define ASSERT_REFUSED(...)                                                                        \
	assert_refused((const unsigned char[]){__VA_ARGS__},                                       \
	               sizeof((const unsigned char[]){__VA_ARGS__}))

static void well_packed_nonsense_is_refused(void **state)
{
	static const unsigned char sound[] = {1, 7, 5, 5, 0, 0, 5, 1};
	unsigned char packed[256];
	uLongf packed_bytes = sizeof(packed);
	struct histogram *back;

	(void)state;
	/* version, bits, min, max, clipped, five zeros, one count: this one is sound. */
	assert_int_equal(compress(packed, &packed_bytes, sound, sizeof(sound)), Z_OK);
	assert_int_equal(histogram_decode(&back, packed, packed_bytes), 0);
	assert_int_equal(back->count, 1);
	free(back);
	/* Bytes after the end. */
	packed[packed_bytes] = 0;
	assert_int_equal(histogram_decode(&back, packed, packed_bytes + 1), -EBADMSG);
	ASSERT_REFUSED(2, 7, 5, 5, 0, 0, 5, 1);    /* another version */
	ASSERT_REFUSED(1, 0, 5, 5, 0, 0, 5, 1);    /* no bits */
	ASSERT_REFUSED(1, 17, 5, 5, 0, 0, 5, 1);   /* too many */
	ASSERT_REFUSED(1, 7, 4, 5, 0, 0, 5, 1);    /* min is elsewhere */
	ASSERT_REFUSED(1, 7, 5, 6, 0, 0, 5, 1);    /* max is elsewhere */
	ASSERT_REFUSED(1, 7, 5, 5, 1, 0, 5, 1);    /* clipped, but max is in range */
	ASSERT_REFUSED(1, 7, 5, 5, 0, 0, 0, 1);    /* a run of no zeros */
	ASSERT_REFUSED(1, 7, 5, 5, 0, 0, 5);       /* no values, but a min */
	ASSERT_REFUSED(1, 7, 5, 5, 0, 0);          /* a run without its length */
	ASSERT_REFUSED(1, 7, 5, 5, 0, 0, 5, 0x80); /* half a varint */
	ASSERT_REFUSED(1);
	/* A run past the last slot, and one that wraps a 64-bit sum. */
	ASSERT_REFUSED(1, 7, 5, 5, 0, 0, 0xff, 0xff, 0xff, 0x7f, 1);
	ASSERT_REFUSED(1, 7, 5, 5, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
	               1);
	/* A run of 2^32 + 5 zeros, which 32 bits would take for 5. */
	ASSERT_REFUSED(1, 7, 5, 5, 0, 0, 0x85, 0x80, 0x80, 0x80, 0x10, 1);
	/* A varint of more than 64 bits. */
	ASSERT_REFUSED(1, 7, 5, 5, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	               2);
}

static void many_quantiles_are_what_each_one_is(void **state)
{
	static const double p[] = {0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0};
	struct histogram *histogram = histogram_create(HISTOGRAM_BITS_DEFAULT);
	uint64_t found[7];

	(void)state;
	assert_non_null(histogram);
	histogram_quantiles(histogram, p, 7, found);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(found[i], 0);
	for (uint64_t i = 1; i < 1000; i++)
		histogram_record(histogram, i * i * 37);
	histogram_record(histogram, 1ull << HISTOGRAM_VALUE_LOG2_MAX);
	histogram_quantiles(histogram, p, 7, found);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(found[i], histogram_quantile(histogram, p[i]));
	assert_int_equal(found[6], HISTOGRAM_CLIPPED);
	free(histogram);
}

const struct CMUnitTest unit_histogram_tests[] = {
	cmocka_unit_test(slots_are_exact_below_and_contiguous_above),
	cmocka_unit_test(the_default_takes_25600_slots),
	cmocka_unit_test(quantiles_of_small_values_are_the_nearest_ranks),
	cmocka_unit_test(a_quantile_is_at_most_a_slot_above_the_true_one),
	cmocka_unit_test(many_quantiles_are_what_each_one_is),
	cmocka_unit_test(merging_is_recording_all_in_one),
	cmocka_unit_test(histograms_of_other_precision_do_not_merge),
	cmocka_unit_test(values_above_the_range_are_counted_apart),
	cmocka_unit_test(what_is_encoded_is_decoded_the_same),
	cmocka_unit_test(a_typical_round_takes_under_two_kilobytes),
	cmocka_unit_test(any_cut_of_the_encoded_form_is_refused),
	cmocka_unit_test(any_flipped_bit_is_refused),
	cmocka_unit_test(well_packed_nonsense_is_refused),
};
const size_t unit_histogram_tests_count =
	sizeof(unit_histogram_tests) / sizeof(unit_histogram_tests[0]);
