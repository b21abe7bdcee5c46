/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/timeline.c - tests of the page of a history.
 *
 * Made-up series of 60 sessions with a step, a kernel change and neither; where they
 * change is found by trend.h and not given. Coordinates are turned into values
 * again and held against the series.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/trend_write.h"
#include "suites/check/unit/golden.h"
#include "suites/check/unit/made_up.h"

#define POINTS 60
#define SERIES 3
#define STEP_AT 38
#define KERNEL_AT 20
#define DAY_NS 86400000000000ull

static struct trend trend;

/* Noise of about one per cent, the same each time. */
static double noise(uint64_t *state)
{
	double sum = 0.0;

	for (int i = 0; i < 4; i++) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		sum += (double)(*state >> 40) / 0x1p24 - 0.5;
	}
	return 0.01 * sum;
}

/* The first has a step of its own; with the kernel all move, but not against the anchor. */
static void add_series(size_t s, uint64_t *state)
{
	static const double typical[SERIES] = {6250, 47000, 1.2e6};
	static const double quantiles[SERIES] = {0.5, 0.5, 0.0};
	const struct run_cell cell =
		made_up_cell(s == 1 ? "unix_stream" : "pipe", s == 2 ? "stream" : "ping_pong", 64,
	                     s == 1 ? "cross_core" : "same_core");

	for (size_t i = 0; i < POINTS; i++) {
		double ratio = (s == 0 && i >= STEP_AT ? 1.094 : 1.0) * (1.0 + noise(state));
		double kernel = i >= KERNEL_AT ? 1.12 : 1.0;
		struct trend_point point = {
			.started_ns = 1795354812123456789u + i * DAY_NS,
			.value = typical[s] * ratio * kernel * (1.0 + noise(state)),
			.ratio = s == 2 ? NAN : ratio,
		};

		snprintf(point.uuid, sizeof(point.uuid), "%08zx", i);
		snprintf(point.build, sizeof(point.build), "%07zx", 0x1f0c2ab + 7 * i);
		snprintf(point.environment_key, sizeof(point.environment_key), "e:%d",
		         i >= KERNEL_AT);
		snprintf(point.anchor, sizeof(point.anchor), "%s", s == 2 ? "" : "v1.0");
		assert_int_equal(trend_add(&trend, "m:5f2a", &cell,
		                           s == 2 ? RUN_THROUGHPUT : RUN_ROUND_TRIP, quantiles[s],
		                           &point),
		                 0);
	}
}

static int start(void **state)
{
	uint64_t seed = 4711;

	(void)state;
	for (size_t s = 0; s < SERIES; s++)
		add_series(s, &seed);
	return trend_analyse(&trend);
}

static int finish(void **state)
{
	(void)state;
	trend_release(&trend);
	return 0;
}

static char *write_page(size_t *bytes)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, bytes);

	assert_non_null(out);
	assert_int_equal(trend_html_write(out, &trend), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void a_page_equals_its_golden_file(void **state)
{
	size_t bytes;
	char *text = write_page(&bytes);

	(void)state;
	assert_int_equal(trend.series[0].changes_count, 1);
	assert_in_range(trend.series[0].changes[0].index, STEP_AT - 2, STEP_AT + 2);
	assert_int_equal(trend.series[1].changes_count, 0);
	assert_non_null(strstr(text, "1 unexplained slowdown"));
	golden_assert("timeline.html", text, bytes);
	free(text);
}

/* Each dot, by the scale of its panel, is the point it stands for. */
static void every_dot_is_a_point_of_the_series(void **state)
{
	size_t bytes;
	char *text = write_page(&bytes);
	const char *at = text;

	(void)state;
	/* Ratio and figure of the first two, the figure of the last. */
	for (size_t panel = 0; panel < 5; panel++) {
		const struct trend_point *points = trend.series[panel / 2].points;
		bool is_ratio = panel < 4 && panel % 2 == 0;
		double low, high, first, last;

		at = strstr(at, "<g data-y=\"");
		assert_non_null(at);
		assert_int_equal(
			sscanf(at, "<g data-y=\"%lf %lf %lf %lf\"", &low, &high, &first, &last), 4);
		at = strstr(at, "<path class=td d=\"");
		assert_non_null(at);
		at += strlen("<path class=td d=\"");
		for (size_t i = 0; i < POINTS; i++) {
			double wanted = is_ratio ? points[i].ratio : points[i].value;
			double value, x, y;

			assert_int_equal(sscanf(at, "M%lf %lfh0", &x, &y), 2);
			value = low * pow(high / low, (y - first) / (last - first));
			if (fabs(value / wanted - 1.0) > 0.002)
				fail_msg("panel %zu, point %zu: drawn at %g, it is %g", panel, i,
				         value, wanted);
			at = strstr(at, "h0") + 2;
		}
		assert_int_equal(*at, '"');
	}
	assert_null(strstr(at, "<g data-y="));
	free(text);
}

static void a_change_and_an_environment_are_marked_once_a_panel(void **state)
{
	static const struct {
		const char *mark;
		size_t count;
	} wanted[] = {
		{"class=\"mw\"", 2}, /* the step, above and below */
		{"class=\"mb\"", 0},
		{"class=\"me\"", 5},  /* the kernel, in every panel */
		{"class=\"lv\"", 12}, /* stretches: three twice, two in three panels */
	};
	size_t bytes;
	char *text = write_page(&bytes);

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		size_t count = 0;

		for (const char *at = text; (at = strstr(at, wanted[i].mark)); at++)
			count++;
		if (count != wanted[i].count)
			fail_msg("%s: %zu", wanted[i].mark, count);
	}
	free(text);
}

static void a_history_of_one_session_or_none_is_shown_too(void **state)
{
	size_t bytes;
	char *text;

	(void)state;
	trend.series[0].points_count = 1;
	trend.series[0].segments_count = 1;
	trend.series[0].segments[0].count = 1;
	trend.series[0].changes_count = 0;
	trend.series[1].points_count = 0;
	trend.series[1].segments_count = 0;
	text = write_page(&bytes);
	assert_null(strstr(text, "nan"));
	assert_null(strstr(text, "inf"));
	assert_non_null(strstr(text, "No unexplained slowdown"));
	free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

const struct CMUnitTest unit_timeline_tests[] = {
	CASE(a_page_equals_its_golden_file),
	CASE(every_dot_is_a_point_of_the_series),
	CASE(a_change_and_an_environment_are_marked_once_a_panel),
	CASE(a_history_of_one_session_or_none_is_shown_too),
};
const size_t unit_timeline_tests_count =
	sizeof(unit_timeline_tests) / sizeof(unit_timeline_tests[0]);
