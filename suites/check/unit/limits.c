/* SPDX-License-Identifier: MIT */
/* suites/check/unit/limits.c - tests of ipc/limits.c, and of the transports that ask it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "ipc/limits.h"
#include "ipc/registry.h"

#define SLOT_COUNT_MAX ((size_t)1 << 30)
#define MESSAGE_BYTES_MAX ((size_t)1 << 30)

static void what_every_machine_has_is_not_refused(void **state)
{
	char why[LIMITS_WHY_BYTES];

	(void)state;
	assert_int_equal(limits_check_memory(1, 0, why, sizeof(why)), 0);
	assert_int_equal(limits_check_memory(SIZE_MAX, 0, why, sizeof(why)), 0);
	assert_int_equal(limits_check_memory(1024, 4096, why, sizeof(why)), 0);
}

static void more_than_the_memory_is_refused_with_its_size(void **state)
{
	char why[LIMITS_WHY_BYTES];

	(void)state;
	assert_int_equal(limits_check_memory(1, SIZE_MAX / 2, why, sizeof(why)), -ENOMEM);
	assert_non_null(strstr(why, "memory that is available: "));
	assert_int_equal(limits_check_memory(SIZE_MAX / 2, SIZE_MAX / 2, why, sizeof(why)),
	                 -ENOMEM);
}

/* The kernel would begin to allocate it, and kill whoever is largest when it can't go on. */
static void memory_that_is_not_there_is_refused_before_it_is_taken(void **state)
{
	static const char *const names[] = {"shm_ring", "shm_sem", "heap"};
	const struct ipc_channel_options options = {
		.size = sizeof(options),
		.wait = IPC_WAIT_BLOCK,
		.message_bytes_max = MESSAGE_BYTES_MAX,
		.slot_count = SLOT_COUNT_MAX,
		.producer_count = 1,
		.consumer_count = 1,
	};
	char why[LIMITS_WHY_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct ipc_transport *transport = registry_find(names[i]);
		struct ipc_channel *channel;

		assert_non_null(transport);
		assert_int_equal(transport->check(&options, why, sizeof(why)), -ENOMEM);
		assert_non_null(strstr(why, "memory"));
		assert_int_equal(transport->channel_create(&channel, &options), -ENOMEM);
	}
}

static void a_small_channel_is_not_refused(void **state)
{
	const struct ipc_channel_options options = {
		.size = sizeof(options),
		.wait = IPC_WAIT_BLOCK,
		.message_bytes_max = 64,
		.slot_count = 64,
		.producer_count = 1,
		.consumer_count = 1,
	};
	char why[LIMITS_WHY_BYTES];

	(void)state;
	assert_int_equal(registry_find("shm_ring")->check(&options, why, sizeof(why)), 0);
	assert_int_equal(registry_find("heap")->check(&options, why, sizeof(why)), 0);
}

#define TEST(name) cmocka_unit_test(name)
const struct CMUnitTest unit_limits_tests[] = {
	TEST(what_every_machine_has_is_not_refused),
	TEST(more_than_the_memory_is_refused_with_its_size),
	TEST(memory_that_is_not_there_is_refused_before_it_is_taken),
	TEST(a_small_channel_is_not_refused),
};
const size_t unit_limits_tests_count = sizeof(unit_limits_tests) / sizeof(unit_limits_tests[0]);
