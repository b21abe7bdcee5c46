/* SPDX-License-Identifier: MIT */
/* suites/check/unit/signed_rank.c - tests of results/signed_rank.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "results/signed_rank.h"
#include "workloads/random.h"

#define BRUTE_COUNT_MAX 10

/* Mid-ranks by the definition: as many as are smaller, plus half of those that tie. */
static double plain_rank(const double *differences, size_t count, size_t index)
{
	double rank = 0.5;

	for (size_t i = 0; i < count; i++) {
		if (differences[i] == 0.0)
			continue;
		if (fabs(differences[i]) < fabs(differences[index]))
			rank += 1.0;
		else if (fabs(differences[i]) == fabs(differences[index]))
			rank += 0.5;
	}
	return rank;
}

/* Two-sided p by trying all 2^count signs. */
static double plain_p(const double *differences, size_t count)
{
	double ranks[BRUTE_COUNT_MAX];
	double observed = 0.0;
	double total = 0.0;
	size_t extreme = 0;
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		if (differences[i] == 0.0)
			continue;
		ranks[used] = plain_rank(differences, count, i);
		observed += differences[i] > 0.0 ? ranks[used] : 0.0;
		total += ranks[used++];
	}
	for (unsigned signs = 0; signs < 1u << used; signs++) {
		double sum = 0.0;

		for (size_t i = 0; i < used; i++)
			sum += signs >> i & 1 ? ranks[i] : 0.0;
		extreme += fabs(sum - total / 2) >= fabs(observed - total / 2);
	}
	return (double)extreme / (double)(1u << used);
}

static void p_equals_the_share_of_all_signs_that_are_as_extreme(void **state)
{
	struct random random = {.state = 1};

	(void)state;
	for (unsigned trial = 0; trial < 2000; trial++) {
		size_t count = 1 + (size_t)random_below(&random, BRUTE_COUNT_MAX);
		double differences[BRUTE_COUNT_MAX];
		struct signed_rank result;

		/* Few values, so that ties and zeros are common. */
		for (size_t i = 0; i < count; i++)
			differences[i] = (double)random_below(&random, 9) - 4.0;
		assert_int_equal(signed_rank_test(differences, count, 0.95, &result), 0);
		assert_true(fabs(result.p - plain_p(differences, count)) < 1e-14);
	}
}

static void critical_sums_equal_the_published_table(void **state)
{
	static const struct {
		size_t count;
		int64_t at_5, at_1, at_01;
	} rows[] = {
		{8, 3, 0, -1},    {12, 13, 7, 1},     {16, 29, 19, 8},
		{20, 52, 37, 21}, {30, 137, 109, 78}, {40, 264, 220, 172},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t critical;

		assert_int_equal(signed_rank_critical(rows[i].count, 0.025, &critical), 0);
		assert_int_equal(critical, rows[i].at_5);
		assert_int_equal(signed_rank_critical(rows[i].count, 0.005, &critical), 0);
		assert_int_equal(critical, rows[i].at_1);
		assert_int_equal(signed_rank_critical(rows[i].count, 0.0005, &critical), 0);
		assert_int_equal(critical, rows[i].at_01);
	}
}

/* Darwin's maize, as Fisher (The design of experiments, 1935) gives it: crossed less selfed. */
static void a_textbook_sample_has_its_textbook_answer(void **state)
{
	static const double differences[] = {49, -67, 8,  16, 6,  23, 28, 41,
	                                     14, 29,  56, 24, 75, 60, -48};
	struct signed_rank result;

	(void)state;
	assert_int_equal(signed_rank_test(differences, 15, 0.95, &result), 0);
	assert_true(result.rank_sum == 96.0);
	assert_true(fabs(result.p - 0.041259765625) < 1e-15);
	assert_int_equal(result.count_higher, 13);
	assert_int_equal(result.count_zero, 0);
	assert_true(result.low <= result.estimate && result.estimate <= result.high);
}

static void the_interval_turns_with_the_sign_and_moves_with_a_shift(void **state)
{
	double plain[20];
	double turned[20];
	double moved[20];
	struct random random = {.state = 7};
	struct signed_rank a;
	struct signed_rank b;
	struct signed_rank c;

	(void)state;
	/* Sixteenths: sums of these are exact, so equality is too. */
	for (size_t i = 0; i < 20; i++) {
		plain[i] = ((double)random_below(&random, 4096) - 2000.0) / 16.0;
		turned[i] = -plain[i];
		moved[i] = plain[i] + 32.0;
	}
	assert_int_equal(signed_rank_test(plain, 20, 0.95, &a), 0);
	assert_int_equal(signed_rank_test(turned, 20, 0.95, &b), 0);
	assert_int_equal(signed_rank_test(moved, 20, 0.95, &c), 0);
	assert_true(b.estimate == -a.estimate && b.low == -a.high && b.high == -a.low);
	assert_true(b.p == a.p);
	assert_true(c.estimate == a.estimate + 32.0 && c.low == a.low + 32.0);
}

static void too_few_pairs_have_an_interval_without_bounds(void **state)
{
	static const double differences[] = {1, 2, 3, 4, 5};
	struct signed_rank result;

	(void)state;
	assert_int_equal(signed_rank_test(differences, 5, 0.95, &result), 0);
	assert_true(result.low == -INFINITY && result.high == INFINITY);
	assert_true(result.p == 0.0625);
	assert_true(result.estimate == 3.0);
}

static void zeros_alone_are_no_effect(void **state)
{
	static const double zeros[12];
	struct signed_rank result;

	(void)state;
	assert_int_equal(signed_rank_test(zeros, 12, 0.95, &result), 0);
	assert_true(result.p == 1.0 && result.estimate == 0.0);
	assert_true(result.low == 0.0 && result.high == 0.0);
	assert_int_equal(result.count_zero, 12);
}

static void the_smallest_p_keeps_its_precision_at_the_largest_count(void **state)
{
	double differences[SIGNED_RANK_COUNT_MAX];
	struct signed_rank result;

	(void)state;
	for (size_t i = 0; i < SIGNED_RANK_COUNT_MAX; i++)
		differences[i] = (double)i + 1.0;
	assert_int_equal(signed_rank_test(differences, SIGNED_RANK_COUNT_MAX, 0.95, &result), 0);
	assert_true(result.p == ldexp(1.0, 1 - (int)SIGNED_RANK_COUNT_MAX));
}

static void what_is_no_sample_is_refused(void **state)
{
	static const double differences[SIGNED_RANK_COUNT_MAX + 1] = {1.0};
	static const double infinite[] = {1.0, INFINITY};
	struct signed_rank result;
	int64_t critical;
	double p;

	(void)state;
	assert_int_equal(signed_rank_test(differences, 0, 0.95, &result), -EINVAL);
	assert_int_equal(signed_rank_test(differences, SIGNED_RANK_COUNT_MAX + 1, 0.95, &result),
	                 -EINVAL);
	assert_int_equal(signed_rank_test(infinite, 2, 0.95, &result), -EINVAL);
	assert_int_equal(signed_rank_test(differences, 2, 1.0, &result), -EINVAL);
	assert_int_equal(signed_rank_critical(0, 0.025, &critical), -EINVAL);
	assert_int_equal(signed_rank_probability(SIGNED_RANK_COUNT_MAX + 1, 0, &p), -EINVAL);
}

const struct CMUnitTest unit_signed_rank_tests[] = {
	cmocka_unit_test(p_equals_the_share_of_all_signs_that_are_as_extreme),
	cmocka_unit_test(critical_sums_equal_the_published_table),
	cmocka_unit_test(a_textbook_sample_has_its_textbook_answer),
	cmocka_unit_test(the_interval_turns_with_the_sign_and_moves_with_a_shift),
	cmocka_unit_test(too_few_pairs_have_an_interval_without_bounds),
	cmocka_unit_test(zeros_alone_are_no_effect),
	cmocka_unit_test(the_smallest_p_keeps_its_precision_at_the_largest_count),
	cmocka_unit_test(what_is_no_sample_is_refused),
};
const size_t unit_signed_rank_tests_count =
	sizeof(unit_signed_rank_tests) / sizeof(unit_signed_rank_tests[0]);
