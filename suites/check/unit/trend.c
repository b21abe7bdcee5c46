/* SPDX-License-Identifier: MIT */
/* suites/check/unit/trend.c - tests of results/trend.c, on seeded made-up histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "results/trend.h"
#include "suites/check/unit/made_up.h"
#include "workloads/random.h"

#define MACHINE "m:1"

static struct trend trend;
static struct random random_state;
static unsigned sessions;

static int start(void **state)
{
	(void)state;
	random_state = (struct random){.state = 3};
	sessions = 0;
	return 0;
}

static int finish(void **state)
{
	(void)state;
	trend_release(&trend);
	return 0;
}

/* Nearly normal: the sum of twelve uniform numbers, less its mean. */
static double normal(void)
{
	double sum = -6.0;

	for (int i = 0; i < 12; i++)
		sum += (double)random_below(&random_state, 1000001) / 1e6;
	return sum;
}

/* What a history is made of. */
struct days {
	int count;
	double level; /* ratio to the anchor */
	const char *environment;
	const char *anchor; /* null: none */
	double quantile;
};

/* Adds days whose ratio scatters by 1 %, while the machine itself wanders by 20 %. */
static void add(struct days days)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");

	for (int i = 0; i < days.count; i++) {
		double ratio = days.level * (1.0 + 0.01 * normal());
		struct trend_point point = {
			.value = 6000.0 * ratio * (1.0 + 0.2 * sin(sessions / 9.0)),
			.ratio = days.anchor ? ratio : NAN,
		};

		snprintf(point.uuid, sizeof(point.uuid), "%08x", sessions++);
		snprintf(point.environment_key, sizeof(point.environment_key), "%s",
		         days.environment);
		snprintf(point.anchor, sizeof(point.anchor), "%s", days.anchor ? days.anchor : "");
		assert_int_equal(trend_add(&trend, MACHINE, &cell,
		                           days.quantile == 0.0 ? RUN_THROUGHPUT : RUN_ROUND_TRIP,
		                           days.quantile, &point),
		                 0);
	}
}

static void a_step_is_found_where_it_is_and_alarms(void **state)
{
	const struct trend_series *series;
	const struct trend_change *change;

	(void)state;
	add((struct days){20, 1.0, "e:1", "v1", 0.5});
	add((struct days){12, 1.08, "e:1", "v1", 0.5});
	assert_int_equal(trend_analyse(&trend), 0);
	assert_int_equal(trend.series_count, 1);
	series = &trend.series[0];
	change = series->changes;
	assert_true(series->is_ratio);
	assert_int_equal(series->changes_count, 1);
	assert_in_range(change->index, 18, 22);
	assert_true(fabs(change->effect - 0.08) < 0.02);
	assert_true(change->p <= 0.01);
	assert_true(trend_is_alarm(series, change));
	assert_int_equal(series->segments_count, 2);
	assert_int_equal(series->segments[1].why, TREND_CHANGE);
	assert_true(fabs(series->segments[0].level - 1.0) < 0.01);
}

static void faster_is_a_change_and_no_alarm(void **state)
{
	(void)state;
	add((struct days){20, 1.0, "e:1", "v1", 0.5});
	add((struct days){12, 0.9, "e:1", "v1", 0.5});
	assert_int_equal(trend_analyse(&trend), 0);
	assert_int_equal(trend.series[0].changes_count, 1);
	assert_false(trend_is_alarm(&trend.series[0], trend.series[0].changes));
}

static void fewer_messages_a_second_are_worse(void **state)
{
	(void)state;
	add((struct days){20, 1.0, "e:1", "v1", 0.0});
	add((struct days){12, 0.9, "e:1", "v1", 0.0});
	assert_int_equal(trend_analyse(&trend), 0);
	assert_int_equal(trend.series[0].changes_count, 1);
	assert_true(trend.series[0].changes[0].effect > 0.08);
	assert_true(trend_is_alarm(&trend.series[0], trend.series[0].changes));
}

/* 1 % false of a series is what the permutation test allows; 100 series, at most 4. */
static void what_did_not_change_raises_no_alarm(void **state)
{
	size_t alarms = 0;

	for (int i = 0; i < 100; i++) {
		finish(state);
		add((struct days){50, 1.0, "e:1", "v1", 0.5});
		assert_int_equal(trend_analyse(&trend), 0);
		alarms += trend.series[0].changes_count > 0;
	}
	assert_in_range(alarms, 0, 4);
}

static void another_kernel_starts_a_segment_and_raises_no_alarm(void **state)
{
	const struct trend_series *series = trend.series;

	(void)state;
	add((struct days){15, 1.0, "e:1", "v1", 0.5});
	add((struct days){15, 1.3, "e:2", "v1", 0.5});
	assert_int_equal(trend_analyse(&trend), 0);
	series = trend.series;
	assert_int_equal(series->changes_count, 0);
	assert_int_equal(series->segments_count, 2);
	assert_int_equal(series->segments[1].start, 15);
	assert_int_equal(series->segments[1].why, TREND_ENVIRONMENT);
	assert_true(fabs(series->segments[1].level - 1.3) < 0.02);
}

static void another_anchor_starts_a_segment_and_raises_no_alarm(void **state)
{
	(void)state;
	add((struct days){15, 1.2, "e:1", "v1", 0.5});
	add((struct days){15, 1.0, "e:1", "v2", 0.5});
	assert_int_equal(trend_analyse(&trend), 0);
	assert_int_equal(trend.series[0].changes_count, 0);
	assert_int_equal(trend.series[0].segments_count, 2);
	assert_int_equal(trend.series[0].segments[1].why, TREND_ANCHOR);
}

static void a_step_behind_another_kernel_is_found(void **state)
{
	(void)state;
	add((struct days){10, 1.0, "e:1", "v1", 0.5});
	add((struct days){15, 1.3, "e:2", "v1", 0.5});
	add((struct days){15, 1.45, "e:2", "v1", 0.5});
	assert_int_equal(trend_analyse(&trend), 0);
	assert_int_equal(trend.series[0].changes_count, 1);
	assert_in_range(trend.series[0].changes[0].index, 23, 27);
	assert_int_equal(trend.series[0].segments_count, 3);
}

static void spikes_are_winsorised(void **state)
{
	(void)state;
	add((struct days){40, 1.0, "e:1", "v1", 0.5});
	for (size_t i = 7; i < 40; i += 11)
		trend.series[0].points[i].ratio = 3.0;
	assert_int_equal(trend_analyse(&trend), 0);
	assert_int_equal(trend.series[0].changes_count, 0);
}

static void without_an_anchor_changes_are_shown_and_no_alarm(void **state)
{
	(void)state;
	add((struct days){20, 1.0, "e:1", NULL, 0.5});
	add((struct days){20, 2.5, "e:1", NULL, 0.5});
	assert_int_equal(trend_analyse(&trend), 0);
	assert_false(trend.series[0].is_ratio);
	assert_true(trend.series[0].changes_count >= 1);
	for (size_t i = 0; i < trend.series[0].changes_count; i++)
		assert_false(trend_is_alarm(&trend.series[0], &trend.series[0].changes[i]));
}

static void points_without_the_anchor_give_way(void **state)
{
	(void)state;
	add((struct days){9, 1.0, "e:1", NULL, 0.5});
	add((struct days){20, 1.0, "e:1", "v1", 0.5});
	assert_int_equal(trend_analyse(&trend), 0);
	assert_int_equal(trend.series[0].points_count, 20);
	assert_true(trend.series[0].is_ratio);
}

static void a_judgement_is_found_again_when_its_change_moves(void **state)
{
	struct trend_judgement judgement = {.state = TREND_ACCEPTED, .note = "bigger buffers"};
	char id[TREND_ID_BYTES];
	char uuid[SESSION_UUID_BYTES];

	(void)state;
	add((struct days){20, 1.0, "e:1", "v1", 0.5});
	add((struct days){12, 1.1, "e:1", "v1", 0.5});
	assert_int_equal(trend_analyse(&trend), 0);
	memcpy(id, trend.series[0].changes[0].id, sizeof(id));
	memcpy(uuid, trend.series[0].points[trend.series[0].changes[0].index].uuid, sizeof(uuid));
	judgement.id = id;
	judgement.uuid = uuid;
	assert_true(trend_judge(&trend, &judgement));
	assert_int_equal(trend.series[0].changes[0].state, TREND_ACCEPTED);
	assert_false(trend_is_alarm(&trend.series[0], trend.series[0].changes));
	/* As later points might have it. */
	trend.series[0].changes[0].index += 2;
	trend.series[0].changes[0].state = TREND_NEW;
	trend.series[0].changes[0].id[0] = '\0';
	assert_true(trend_judge(&trend, &judgement));
	assert_string_equal(trend.series[0].changes[0].id, id);
	assert_string_equal(trend.series[0].changes[0].note, "bigger buffers");
	trend.series[0].changes[0].index += 1;
	assert_false(trend_judge(&trend, &judgement));
}

static void an_id_is_found_by_its_start(void **state)
{
	const struct trend_series *series;
	const struct trend_change *change;
	char start_of_id[4];

	(void)state;
	add((struct days){20, 1.0, "e:1", "v1", 0.5});
	add((struct days){12, 1.1, "e:1", "v1", 0.5});
	assert_int_equal(trend_analyse(&trend), 0);
	snprintf(start_of_id, sizeof(start_of_id), "%.3s", trend.series[0].changes[0].id);
	assert_int_equal(trend_find(&trend, start_of_id, &series, &change), 1);
	assert_ptr_equal(change, trend.series[0].changes);
	assert_int_equal(trend_find(&trend, "nothing", &series, &change), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

const struct CMUnitTest unit_trend_tests[] = {
	CASE(a_step_is_found_where_it_is_and_alarms),
	CASE(faster_is_a_change_and_no_alarm),
	CASE(fewer_messages_a_second_are_worse),
	CASE(what_did_not_change_raises_no_alarm),
	CASE(another_kernel_starts_a_segment_and_raises_no_alarm),
	CASE(another_anchor_starts_a_segment_and_raises_no_alarm),
	CASE(a_step_behind_another_kernel_is_found),
	CASE(spikes_are_winsorised),
	CASE(without_an_anchor_changes_are_shown_and_no_alarm),
	CASE(points_without_the_anchor_give_way),
	CASE(a_judgement_is_found_again_when_its_change_moves),
	CASE(an_id_is_found_by_its_start),
};
const size_t unit_trend_tests_count = sizeof(unit_trend_tests) / sizeof(unit_trend_tests[0]);
