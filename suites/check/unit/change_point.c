/* SPDX-License-Identifier: MIT */
/* suites/check/unit/change_point.c - tests of results/change_point.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "results/change_point.h"
#include "workloads/random.h"

static const struct change_point_options options = {.id = 4711, .least_effect = 0.03};

/* Fills with a level and a little noise of +-spread. */
static void fill(double *out, size_t count, double level, double spread, struct random *random)
{
	for (size_t i = 0; i < count; i++)
		out[i] = level + spread * ((double)random_below(random, 2001) / 1000.0 - 1.0);
}

static void two_steps_are_found_where_they_are(void **state)
{
	struct random random = {.state = 1};
	struct change_points found;
	double series[60];

	(void)state;
	fill(series, 20, 0.0, 0.02, &random);
	fill(series + 20, 20, 0.2, 0.02, &random);
	fill(series + 40, 20, 0.0, 0.02, &random);
	assert_int_equal(change_point_find(series, 60, &options, &found), 0);
	assert_int_equal(found.count, 2);
	assert_int_equal(found.points[0].index, 20);
	assert_int_equal(found.points[1].index, 40);
	assert_true(fabs(found.points[0].before) < 0.02);
	assert_true(fabs(found.points[0].after - 0.2) < 0.02);
	assert_true(found.points[0].p <= 0.01);
	assert_false(found.is_low_power);
	change_points_release(&found);
}

static void a_spike_is_no_step(void **state)
{
	struct random random = {.state = 2};
	struct change_points found;
	double series[50];

	(void)state;
	fill(series, 50, 0.0, 0.02, &random);
	series[17] = 5.0;
	series[33] = 9.0;
	series[34] = 9.0;
	assert_int_equal(change_point_find(series, 50, &options, &found), 0);
	assert_int_equal(found.count, 0);
	change_points_release(&found);
}

static void a_step_below_the_least_effect_is_not_reported(void **state)
{
	struct random random = {.state = 3};
	struct change_points found;
	double series[60];

	(void)state;
	fill(series, 30, 0.0, 0.005, &random);
	fill(series + 30, 30, 0.02, 0.005, &random);
	assert_int_equal(change_point_find(series, 60, &options, &found), 0);
	assert_int_equal(found.count, 0);
	change_points_release(&found);
}

/* A baseline that rolls on would hide each of them. */
static void five_steps_of_two_percent_are_found(void **state)
{
	struct random random = {.state = 4};
	struct change_points found;
	double series[60];

	(void)state;
	for (size_t i = 0; i < 6; i++)
		fill(series + 10 * i, 10, 0.02 * (double)i, 0.005, &random);
	assert_int_equal(change_point_find(series, 60, &options, &found), 0);
	assert_true(found.count >= 1);
	assert_true(found.points[0].before < found.points[0].after);
	change_points_release(&found);
}

static void the_same_series_gives_the_same_points(void **state)
{
	struct random random = {.state = 5};
	struct change_points first;
	struct change_points second;
	double series[200];

	(void)state;
	fill(series, 100, 0.0, 0.1, &random);
	fill(series + 100, 100, 0.08, 0.1, &random);
	assert_int_equal(change_point_find(series, 200, &options, &first), 0);
	assert_int_equal(change_point_find(series, 200, &options, &second), 0);
	assert_true(first.count > 0);
	assert_int_equal(first.count, second.count);
	for (size_t i = 0; i < first.count; i++) {
		assert_int_equal(first.points[i].index, second.points[i].index);
		assert_true(first.points[i].p == second.points[i].p);
	}
	change_points_release(&first);
	change_points_release(&second);
}

static void neighbours_that_resemble_each_other_are_said_and_raise_no_alarm(void **state)
{
	struct random random = {.state = 6};
	struct change_points found;
	double series[60];
	double noise = 0.0;

	(void)state;
	for (size_t i = 0; i < 60; i++) {
		noise = 0.6 * noise + 0.1 * ((double)random_below(&random, 2001) / 1000.0 - 1.0);
		series[i] = noise;
	}
	assert_int_equal(change_point_find(series, 60, &options, &found), 0);
	assert_true(found.is_low_power);
	assert_true(found.correlation > 0.2);
	assert_int_equal(found.count, 0);
	change_points_release(&found);
}

static void short_and_constant_series_have_no_change(void **state)
{
	static const double constant[100];
	static const double five[] = {0, 0, 0, 9, 9};
	struct change_points found;

	(void)state;
	assert_int_equal(change_point_find(constant, 100, &options, &found), 0);
	assert_int_equal(found.count, 0);
	change_points_release(&found);
	for (size_t count = 0; count <= 5; count++) {
		assert_int_equal(change_point_find(five, count, &options, &found), 0);
		assert_int_equal(found.count, 0);
		change_points_release(&found);
	}
}

static void a_segment_has_at_least_three_numbers(void **state)
{
	struct random random = {.state = 7};

	(void)state;
	for (unsigned trial = 0; trial < 50; trial++) {
		struct change_points found;
		double series[40];
		size_t last = 0;

		for (size_t i = 0; i < 40; i += 4)
			fill(series + i, 4, (double)random_below(&random, 2), 0.01, &random);
		assert_int_equal(change_point_find(series, 40, &options, &found), 0);
		for (size_t i = 0; i < found.count; i++) {
			assert_true(found.points[i].index >= last + 3);
			last = found.points[i].index;
		}
		assert_true(last + 3 <= 40);
		change_points_release(&found);
	}
}

static void numbers_that_are_none_and_too_many_are_refused(void **state)
{
	static const double infinite[] = {0, 1, INFINITY, 2, 3, 4};
	double *many = calloc(CHANGE_POINT_SERIES_MAX + 1, sizeof(*many));
	struct change_points found;

	(void)state;
	assert_non_null(many);
	assert_int_equal(change_point_find(infinite, 6, &options, &found), -EINVAL);
	assert_int_equal(change_point_find(many, CHANGE_POINT_SERIES_MAX + 1, &options, &found),
	                 -E2BIG);
	free(many);
}

const struct CMUnitTest unit_change_point_tests[] = {
	cmocka_unit_test(two_steps_are_found_where_they_are),
	cmocka_unit_test(a_spike_is_no_step),
	cmocka_unit_test(a_step_below_the_least_effect_is_not_reported),
	cmocka_unit_test(five_steps_of_two_percent_are_found),
	cmocka_unit_test(the_same_series_gives_the_same_points),
	cmocka_unit_test(neighbours_that_resemble_each_other_are_said_and_raise_no_alarm),
	cmocka_unit_test(short_and_constant_series_have_no_change),
	cmocka_unit_test(a_segment_has_at_least_three_numbers),
	cmocka_unit_test(numbers_that_are_none_and_too_many_are_refused),
};
const size_t unit_change_point_tests_count =
	sizeof(unit_change_point_tests) / sizeof(unit_change_point_tests[0]);
