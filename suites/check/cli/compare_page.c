/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/compare_page.c - a comparison as a page, seen by a browser: no error,
 * every figure and mark as judged and as stored, nothing on top of another thing.
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

#include <sqlite3.h>

#include "suites/check/cli/browser.h"
#include "suites/check/cli/cli.h"

/* A drawing is exact to a tenth of a unit, of the 264 that its axis has. */
#define MARK_TOLERANCE 0.002

static struct cli *shared;
static struct browser *browser;
static char page_path[CLI_PATH_BYTES + 16];
static char *probe;
static json_t *result; /* as 'report --format json' gives it */

static char *read_script(const char *name)
{
	char path[1024];
	char *text = calloc(1, 65536);
	FILE *file;

	assert_non_null(text);
	snprintf(path, sizeof(path), "%s/%s", CHECK_CLI_SOURCES, name);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_true(fread(text, 1, 65535, file) > 0);
	fclose(file);
	return text;
}

/* Compares two sizes, so that something changed by far and something did not, at least. */
static void make_page(struct cli *cli)
{
	ipcbench(cli, "ab", "size:1", "size:16K", "transport:pipe,unix_stream",
	         "workload:ping_pong,stream", "placement:same_core", "rounds:8", "time_ms:4",
	         "--quiet");
	cli_assert_status(cli, 1);
	ipcbench(cli, "report", "--format", "json");
	cli_assert_status(cli, 0);
	result = cli_json(cli);
	snprintf(page_path, sizeof(page_path), "%s/compare.html", cli->folder);
	ipcbench(cli, "report", "--format", "html", "--output", page_path);
	cli_assert_status(cli, 0);
}

static struct cli *start(void)
{
	const char *program = browser_program();

	if (!program) {
		print_message(
			"skipped: there is no Chromium here; './dev setup all' installs it\n");
		skip();
	}
	if (!shared) {
		assert_int_equal(cli_setup((void **)&shared), 0);
		make_page(shared);
		probe = read_script("page_probe.js");
		browser = browser_start(program, shared->folder);
	}
	return shared;
}

static int finish(void **state)
{
	(void)state;
	browser_stop(browser);
	free(probe);
	json_decref(result);
	return shared ? cli_teardown((void **)&shared) : 0;
}

static void assert_no_error(void)
{
	const char *what;

	if (browser_errors(browser, &what) > 0)
		fail_msg("the page has an error: %s", what);
}

/* Shows a page in the first so many ways and looks at it. Fails where anything is wrong. */
static void look_at(const char *path, json_int_t texts_min, size_t views_count)
{
	static const struct browser_view views[] = {
		{.width = 360},
		{.width = 1024, .is_dark = true},
		{.width = 1920},
		{.width = 360, .is_dark = true},
		{.width = 1000, .is_print = true},
		{.width = 1024, .is_scriptless = true},
	};

	for (size_t i = 0; i < views_count && i < sizeof(views) / sizeof(views[0]); i++) {
		const json_t *problem;
		json_t *found;
		size_t j;

		browser_show(browser, path, &views[i]);
		found = browser_evaluate(browser, probe);
		json_array_foreach(json_object_get(found, "problems"), j, problem) print_error(
			"%d pixels, %s%s: %s\n", views[i].width,
			views[i].is_dark ? "dark" : "light", views[i].is_print ? ", printed" : "",
			json_string_value(problem));
		assert_true(json_integer_value(json_object_get(found, "texts")) >= texts_min);
		assert_int_equal(json_array_size(json_object_get(found, "problems")), 0);
		assert_no_error();
		json_decref(found);
	}
}

static void nothing_overlaps_is_cut_off_or_hard_to_read(void **state)
{
	(void)state;
	start();
	look_at(page_path, 60, SIZE_MAX);
}

/* The history that unit.timeline writes, since no history of weeks can be made here. */
static void a_timeline_is_as_easy_to_read(void **state)
{
	char path[1024];

	(void)state;
	start();
	snprintf(path, sizeof(path), "%s/../unit/golden/timeline.html", CHECK_CLI_SOURCES);
	look_at(path, 40, 3);
}

/* Three sessions of a cell are three dots for p50 and for p99 each, at their figures. */
static void sessions_measured_here_are_dots_of_the_timeline(void **state)
{
	static const struct browser_view view = {.width = 1024};
	struct cli *cli = start();
	char path[CLI_PATH_BYTES + 32];
	json_t *history;
	json_t *drawn;

	(void)state;
	for (int i = 0; i < 3; i++) {
		ipcbench(cli, "run", "pipe/ping_pong/64B/same_core/block/processes", "rounds:2",
		         "time_ms:2", "--quiet");
		cli_assert_status(cli, 0);
	}
	ipcbench(cli, "trend", "--format", "json");
	history = cli_json(cli);
	snprintf(path, sizeof(path), "%s/trend.html", cli->folder);
	ipcbench(cli, "trend", "--format", "html", "--output", path);
	cli_assert_status(cli, 0);
	look_at(path, 10, 1);
	browser_show(browser, path, &view);
	drawn = browser_evaluate(
		browser, "[...document.querySelectorAll('svg.timeline g')].map((g) => { const "
			 "[low, high, start, end] = g.dataset.y.split(' ').map(Number); return "
			 "[...g.querySelector('.td').getAttribute('d').matchAll(/M[\\d.]+ "
			 "([\\d.]+)/g)].map((m) => low * (high / low) ** ((m[1] - start) / (end - "
			 "start))); })");
	assert_int_equal(json_array_size(drawn), 2);
	for (size_t i = 0; i < 2; i++) {
		const json_t *points = json_object_get(
			json_array_get(json_object_get(history, "series"), i), "points");

		assert_int_equal(json_array_size(points), 3);
		assert_int_equal(json_array_size(json_array_get(drawn, i)), 3);
		for (size_t j = 0; j < 3; j++) {
			double value = json_number_value(
				json_object_get(json_array_get(points, j), "value"));
			double dot = json_number_value(json_array_get(json_array_get(drawn, i), j));

			if (fabs(dot / value - 1.0) > 0.02)
				fail_msg("session %zu is drawn at %g, it is %g", j, dot, value);
		}
	}
	json_decref(history);
	json_decref(drawn);
}

/* What a row of the table shows: its texts by key, and its marks as effects. */
static const char rows_script[] =
	"[...document.querySelectorAll('table.forest tbody tr')].map((row) => { "
	"const text = (key) => row.querySelector(`[data-k=${key}]`)?.textContent; "
	"const svg = row.querySelector('svg'); if (!svg) return {verdict: text('verdict')}; "
	"const [reach, start, end] = "
	"svg.dataset.x.split(' ').map(Number); "
	"const at = (x) => (x - (start + end) / 2) / ((end - start) / 2) * reach; "
	"const line = svg.querySelector('.i'), dot = svg.querySelector('.e'); "
	"const x = (e) => e.hasAttribute('x1') ? [+e.getAttribute('x1'), +e.getAttribute('x2')] : "
	"[...e.getAttribute('d').matchAll(/[ML](-?[\\d.]+) /g)].map((m) => +m[1]); "
	"const ends = x(line); "
	"return {a: text('a'), b: text('b'), effect: text('effect'), interval: text('interval'), "
	"verdict: text('verdict'), reach, low: at(ends[0]), high: at(ends[1]), "
	"dot: dot ? at(x(dot)[0]) : null, arrows: svg.querySelectorAll('.a').length}; })";

static double number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

/* Asserts that a mark lies at a value, or at the end of the axis if that is nearer. */
static void assert_mark(const json_t *row, const char *key, double value)
{
	double reach = number(row, "reach");
	double expected = fmax(-reach, fmin(reach, value));

	if (fabs(number(row, key) - expected) > 2.0 * MARK_TOLERANCE * reach)
		fail_msg("%s is drawn at %g, it is %g", key, number(row, key), expected);
}

static void assert_row(const json_t *row, const json_t *verdict)
{
	char expected[64];
	double effect = number(verdict, "effect");
	double percent = round(effect * 1000.0) / 10.0;

	assert_string_equal(text(row, "verdict"), text(verdict, "verdict"));
	/* On a busy machine a row may have too few rounds with a number. */
	if (!json_object_get(row, "reach")) {
		assert_int_equal(number(verdict, "stage"), 0);
		return;
	}
	snprintf(expected, sizeof(expected), "%+.1f %%", percent == 0.0 ? 0.0 : percent);
	assert_string_equal(text(row, "effect"), expected);
	snprintf(expected, sizeof(expected), "%+.1f … %+.1f", 100.0 * number(verdict, "low"),
	         100.0 * number(verdict, "high"));
	assert_string_equal(text(row, "interval"), expected);
	assert_mark(row, "low", number(verdict, "low"));
	assert_mark(row, "high", number(verdict, "high"));
	if (json_is_null(json_object_get(row, "dot")))
		assert_true(fabs(effect) > number(row, "reach"));
	else
		assert_mark(row, "dot", effect);
	assert_int_equal(number(row, "arrows"),
	                 (number(verdict, "low") < -number(row, "reach")) +
	                         (number(verdict, "high") > number(row, "reach")));
}

/* Rows are the verdicts, then those of the control. */
static void every_row_is_its_verdict(void **state)
{
	static const struct browser_view view = {.width = 1280};
	const json_t *verdicts;
	json_t *rows;
	size_t count;

	(void)state;
	start();
	verdicts = json_object_get(result, "verdicts");
	count = json_array_size(verdicts);
	browser_show(browser, page_path, &view);
	rows = browser_evaluate(browser, rows_script);
	assert_int_equal(json_array_size(rows),
	                 count + json_array_size(json_object_get(result, "control")));
	assert_true(count >= 6);
	for (size_t i = 0; i < json_array_size(rows); i++)
		assert_row(json_array_get(rows, i),
		           i < count
		                   ? json_array_get(verdicts, i)
		                   : json_array_get(json_object_get(result, "control"), i - count));
	json_decref(rows);
	assert_no_error();
}

/* Reads the p50 of each round of a cell, an arm and a stage, in order, from the history. */
static size_t read_rounds(const char *path, const char *cell, const char *arm, int stage,
                          double *out, size_t max)
{
	sqlite3 *history;
	sqlite3_stmt *row;
	size_t count = 0;

	assert_int_equal(sqlite3_open_v2(path, &history, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(history,
	                                    "SELECT r.p50_ns FROM run r JOIN cell c ON "
	                                    "c.id=r.cell_id WHERE c.name=? AND r.arm=? AND "
	                                    "r.stage=? ORDER BY r.round",
	                                    -1, &row, NULL),
	                 SQLITE_OK);
	sqlite3_bind_text(row, 1, cell, -1, SQLITE_STATIC);
	sqlite3_bind_text(row, 2, arm, -1, SQLITE_STATIC);
	sqlite3_bind_int(row, 3, stage);
	while (sqlite3_step(row) == SQLITE_ROW && count < max)
		out[count++] = sqlite3_column_double(row, 0);
	sqlite3_finalize(row);
	sqlite3_close(history);
	return count;
}

/* The dots of both sides of the first round trip, as nanoseconds. */
static const char duel_script[] =
	"(() => { const svg = document.querySelector('svg.duel'); "
	"const [low, high, start, end] = svg.dataset.y.split(' ').map(Number); "
	"return ['.da', '.dB'].map((kind) => "
	"[...svg.querySelector(kind).getAttribute('d').matchAll(/M[\\d.]+ ([\\d.]+)/g)].map((m) => "
	"low * (high / low) ** ((m[1] - start) / (end - start)))); })()";

static void both_sides_of_every_round_are_as_stored(void **state)
{
	static const struct browser_view view = {.width = 1024};
	static const char *const keys[2] = {"cell", "cell_b"};
	static const char *const arms[2] = {"A", "B"};
	struct cli *cli = start();
	const json_t *verdict;
	json_t *drawn;

	(void)state;
	verdict = json_array_get(json_object_get(result, "verdicts"), 0);
	browser_show(browser, page_path, &view);
	drawn = browser_evaluate(browser, duel_script);
	for (size_t arm = 0; arm < 2; arm++) {
		const json_t *dots = json_array_get(drawn, arm);
		double rounds[64];
		size_t count = read_rounds(cli->history, text(verdict, keys[arm]), arms[arm],
		                           (int)number(verdict, "stage"), rounds, 64);

		if (number(verdict, "excluded") > 0)
			continue; /* a round that was left out is stored all the same */
		assert_int_equal(json_array_size(dots), count);
		assert_int_equal(count, (size_t)number(verdict, "rounds"));
		for (size_t i = 0; i < count; i++) {
			double ns = json_number_value(json_array_get(dots, i));

			if (fabs(ns / rounds[i] - 1.0) > 0.05)
				fail_msg("round %zu of %s is drawn at %g, stored is %g", i,
				         arms[arm], ns, rounds[i]);
		}
	}
	json_decref(drawn);
	assert_no_error();
}

const struct CMUnitTest cli_compare_page_tests[] = {
	cmocka_unit_test(nothing_overlaps_is_cut_off_or_hard_to_read),
	cmocka_unit_test(a_timeline_is_as_easy_to_read),
	cmocka_unit_test(sessions_measured_here_are_dots_of_the_timeline),
	cmocka_unit_test(every_row_is_its_verdict),
	/* The last one ends the browser, however it went. */
	cmocka_unit_test_teardown(both_sides_of_every_round_are_as_stored, finish),
};
const size_t cli_compare_page_tests_count =
	sizeof(cli_compare_page_tests) / sizeof(cli_compare_page_tests[0]);
