/* SPDX-License-Identifier: MIT */
/* suites/check/unit/payload.c - tests of workloads/payload.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "workloads/payload.h"

enum { BYTES_MAX = 70000 };

static const size_t sizes[] = {0, 1, 7, 8, 9, 31, 32, 33, 64, 4097, BYTES_MAX};
static unsigned char message[BYTES_MAX + 1];

static const struct payload due = {.seed = 7, .sequence = 1000, .producer = 3};

static void what_was_filled_is_what_was_due(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		message[sizes[i]] = 0xa5;
		payload_fill(message, sizes[i], &due);
		assert_int_equal(payload_check(message, sizes[i], sizes[i], &due), PAYLOAD_GOOD);
		assert_int_equal(message[sizes[i]], 0xa5);
	}
}

static void any_altered_bit_is_seen(void **state)
{
	(void)state;
	for (size_t i = 1; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t step = sizes[i] > 128 ? 997 : 1;

		payload_fill(message, sizes[i], &due);
		for (size_t at = 0; at < sizes[i]; at += step) {
			message[at] ^= (unsigned char)(1u << at % 8);
			assert_int_equal(payload_check(message, sizes[i], sizes[i], &due),
			                 PAYLOAD_TORN);
			message[at] ^= (unsigned char)(1u << at % 8);
		}
	}
}

static void another_size_is_seen(void **state)
{
	(void)state;
	payload_fill(message, 64, &due);
	assert_int_equal(payload_check(message, 63, 64, &due), PAYLOAD_WRONG_SIZE);
	assert_int_equal(payload_check(message, 64, 63, &due), PAYLOAD_WRONG_SIZE);
}

static void another_message_is_named_for_what_it_is(void **state)
{
	struct payload other = due;

	(void)state;
	other.sequence = due.sequence + 1;
	payload_fill(message, 64, &other);
	assert_int_equal(payload_check(message, 64, 64, &due), PAYLOAD_LOST);
	other.sequence = due.sequence - 1;
	payload_fill(message, 64, &other);
	assert_int_equal(payload_check(message, 64, 64, &due), PAYLOAD_REPEATED);
	other = due;
	other.producer++;
	payload_fill(message, 64, &other);
	assert_int_equal(payload_check(message, 64, 64, &due), PAYLOAD_WRONG_PRODUCER);
	other = due;
	other.seed++;
	payload_fill(message, 64, &other);
	assert_int_equal(payload_check(message, 64, 64, &due), PAYLOAD_TORN);
}

static void a_short_message_of_another_sequence_is_torn(void **state)
{
	struct payload other = due;

	(void)state;
	other.sequence++;
	payload_fill(message, 8, &other);
	assert_int_equal(payload_check(message, 8, 8, &due), PAYLOAD_TORN);
	payload_fill(message, 20, &other);
	assert_int_equal(payload_check(message, 20, 20, &due), PAYLOAD_TORN);
}

static void two_halves_of_two_messages_are_torn(void **state)
{
	struct payload other = due;
	unsigned char half[4096];

	(void)state;
	other.sequence++;
	payload_fill(half, sizeof(half), &other);
	payload_fill(message, sizeof(half), &due);
	memcpy(message + sizeof(half) / 2, half + sizeof(half) / 2, sizeof(half) / 2);
	assert_int_equal(payload_check(message, sizeof(half), sizeof(half), &due), PAYLOAD_TORN);
}

static void touch_header_leaves_the_rest_alone(void **state)
{
	struct payload header_only = due;

	(void)state;
	header_only.touch = PAYLOAD_TOUCH_HEADER;
	memset(message, 0x5a, 4096);
	payload_fill(message, 4096, &header_only);
	for (size_t i = PAYLOAD_HEADER_BYTES; i < 4096; i++)
		assert_int_equal(message[i], 0x5a);
	message[4000] = 0;
	assert_int_equal(payload_check(message, 4096, 4096, &header_only), PAYLOAD_GOOD);
	message[8] ^= 1;
	assert_int_equal(payload_check(message, 4096, 4096, &header_only), PAYLOAD_TORN);
}

/* RFC 3720, appendix B.4; the check value of the digits is the usual one of CRC catalogues. */
static void crc32c_gives_the_published_values(void **state)
{
	unsigned char bytes[32];

	(void)state;
	assert_int_equal(payload_crc32c(0, "123456789", 9), UINT32_C(0xe3069283));
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(payload_crc32c(0, bytes, sizeof(bytes)), UINT32_C(0x8a9136aa));
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(payload_crc32c(0, bytes, sizeof(bytes)), UINT32_C(0x62a8ab43));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	assert_int_equal(payload_crc32c(0, bytes, sizeof(bytes)), UINT32_C(0x46dd794e));
	assert_int_equal(payload_crc32c(payload_crc32c(0, bytes, 13), bytes + 13, 19),
	                 UINT32_C(0x46dd794e));
}

const struct CMUnitTest unit_payload_tests[] = {
	cmocka_unit_test(what_was_filled_is_what_was_due),
	cmocka_unit_test(any_altered_bit_is_seen),
	cmocka_unit_test(another_size_is_seen),
	cmocka_unit_test(another_message_is_named_for_what_it_is),
	cmocka_unit_test(a_short_message_of_another_sequence_is_torn),
	cmocka_unit_test(two_halves_of_two_messages_are_torn),
	cmocka_unit_test(touch_header_leaves_the_rest_alone),
	cmocka_unit_test(crc32c_gives_the_published_values),
};
const size_t unit_payload_tests_count = sizeof(unit_payload_tests) / sizeof(unit_payload_tests[0]);
