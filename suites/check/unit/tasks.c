/* SPDX-License-Identifier: MIT */
/* suites/check/unit/tasks.c - tests of the tasks in workloads/tasks/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/tasks/fibonacci.h"
#include "workloads/tasks/task.h"

static void the_sequence_starts_as_everybody_knows(void **state)
{
	static const uint64_t known[10] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34};
	uint64_t words[FIBONACCI_WORDS];

	(void)state;
	fibonacci_words(words, FIBONACCI_WORDS);
	assert_memory_equal(words, known, sizeof(known));
	assert_int_equal(words[93], UINT64_C(12200160415121876738));
}

/* Computes the sequence of so many terms. Returns the result's bytes. */
static ssize_t compute_terms(uint32_t terms, unsigned char *result)
{
	struct task_peer peer = {.amount = terms};
	ssize_t bytes;

	assert_int_equal(task_fibonacci.open(&peer), 0);
	bytes = task_fibonacci.compute(&peer, &terms, sizeof(terms), result);
	task_fibonacci.close(&peer);
	return bytes;
}

static void a_long_sequence_ends_in_the_right_term(void **state)
{
	/* F(100) = 354224848179261915075, the 101st term. */
	static const unsigned char last[9] = {0xc3, 0xbf, 0x94, 0xc5, 0xa7, 0x76, 0xdb, 0x33, 0x13};
	unsigned char result[1024] = {0};
	unsigned char other[1024] = {0};

	(void)state;
	assert_true(task_fibonacci.bytes_max(101) <= sizeof(result));
	assert_int_equal(compute_terms(101, result), 8 + sizeof(last));
	assert_int_equal(compute_terms(101, other), 8 + sizeof(last));
	assert_memory_equal(result, other, sizeof(result));
	assert_int_equal(compute_terms(102, other), 8 + 9);
	assert_memory_not_equal(result, other, 8);
	for (size_t i = 0; i < sizeof(last); i++)
		assert_int_equal(result[8 + i], last[i]);
}

static void no_result_is_larger_than_the_task_says(void **state)
{
	static const uint32_t amounts[] = {1, 2, 10, 94, 95, 96, 1000, 5000};

	(void)state;
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
		size_t bytes_max = task_fibonacci.bytes_max(amounts[i]);
		unsigned char *result = malloc(bytes_max);

		assert_non_null(result);
		assert_in_range(compute_terms(amounts[i], result), 1, bytes_max);
		free(result);
	}
}

static void a_bad_input_is_refused_with_its_cause(void **state)
{
	struct task_peer peer = {.amount = 10};
	uint32_t terms = 11;
	unsigned char result[128];

	(void)state;
	assert_int_equal(task_fibonacci.open(&peer), 0);
	assert_int_equal(task_fibonacci.compute(&peer, &terms, 3, result), -EBADMSG);
	assert_non_null(strstr(peer.why, "3 bytes"));
	assert_int_equal(task_fibonacci.compute(&peer, &terms, 4, result), -EBADMSG);
	assert_non_null(strstr(peer.why, "11 terms"));
	task_fibonacci.close(&peer);
}

static void an_echo_is_what_came_and_differs_from_its_neighbour(void **state)
{
	struct task_peer peer = {.seed = 7, .amount = 48};
	unsigned char inputs[2][48];
	unsigned char result[48] = {0};

	(void)state;
	assert_int_equal(task_echo.bytes_max(48), 48);
	assert_int_equal(task_echo.make(&peer, 0, inputs[0]), 48);
	assert_int_equal(task_echo.make(&peer, 1, inputs[1]), 48);
	/* A result of another task, or one left over, is seen. */
	assert_memory_not_equal(inputs[0], inputs[1], 48);
	assert_int_equal(task_echo.compute(&peer, inputs[1], 48, result), 48);
	assert_memory_equal(result, inputs[1], 48);
	assert_int_equal(task_echo.compute(&peer, inputs[1], 47, result), -EBADMSG);
	assert_non_null(strstr(peer.why, "47 bytes"));
}

const struct CMUnitTest unit_tasks_tests[] = {
	cmocka_unit_test(the_sequence_starts_as_everybody_knows),
	cmocka_unit_test(a_long_sequence_ends_in_the_right_term),
	cmocka_unit_test(no_result_is_larger_than_the_task_says),
	cmocka_unit_test(a_bad_input_is_refused_with_its_cause),
	cmocka_unit_test(an_echo_is_what_came_and_differs_from_its_neighbour),
};
const size_t unit_tasks_tests_count = sizeof(unit_tasks_tests) / sizeof(unit_tasks_tests[0]);
