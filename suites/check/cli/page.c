/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/page.c - the report as a page, seen by a browser: no error, every
 * figure and every point as stored, nothing on top of another thing or cut off.
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
#include <sys/stat.h>

#include <sqlite3.h>

#include "suites/check/cli/browser.h"
#include "suites/check/cli/cli.h"
#include "suites/check/cli/stored.h"

/* A drawing is exact to a tenth of a unit, of the 200 that its scale has or more. */
#define POINT_TOLERANCE 0.02
#define STRIP_TOLERANCE 0.02

static struct cli *shared;
static struct browser *browser;
static char page_path[CLI_PATH_BYTES + 16];
static char *probe;

/* Reads a file beside the sources of this test, for free(). */
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

/* Measures every transport at two sizes, lets a cell and a round fail, and writes the page. */
static void make_page(struct cli *cli)
{
	ipcbench(cli, "run", "size:64,64K", "rounds:2", "time_ms:2", "--quiet");
	cli_assert_status(cli, 0);
	cli_history_change(
		cli->history,
		"UPDATE run SET failure='message 7 was <lost>' WHERE cell_id="
		"(SELECT id FROM cell WHERE name LIKE 'pipe/ping_pong/64B/cross_core/block/%');"
		"UPDATE run SET failure='message 8 was torn' WHERE round=1 AND cell_id="
		"(SELECT id FROM cell WHERE name LIKE 'tcp/stream/65536B/same_core/block/%')");
	snprintf(page_path, sizeof(page_path), "%s/report.html", cli->folder);
	ipcbench(cli, "report", "--format", "html", "--output", page_path);
	cli_assert_status(cli, 0);
}

/*
 * Measures and starts the browser for the first test; the others look at the same page,
 * since what they do to it is gone when it is loaded again.
 */
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
	return shared ? cli_teardown((void **)&shared) : 0;
}

/* Fails if the page has had an error. */
static void assert_no_error(void)
{
	const char *what;

	if (browser_errors(browser, &what) > 0)
		fail_msg("the page has an error: %s", what);
}

/* Shows the page and looks at it. Fails where anything is wrong. Returns what the probe found. */
static json_t *look(const struct browser_view *view, int choice)
{
	char choose[512];
	const json_t *problem;
	json_t *found;
	size_t i;

	/* The choice-th of each group of buttons, as far as there are so many. */
	snprintf(choose, sizeof(choose),
	         "document.querySelectorAll('.tabs').forEach((tabs) => { const radios = "
	         "tabs.querySelectorAll('input[type=radio]'); if (radios.length > 0) "
	         "radios[Math.min(%d, radios.length - 1)].checked = true; }); "
	         "document.querySelectorAll('details').forEach((d) => { d.open = true; });",
	         choice);
	json_decref(browser_evaluate(browser, choose));
	found = browser_evaluate(browser, probe);
	json_array_foreach(json_object_get(found, "problems"), i, problem) print_error(
		"%d pixels, %s%s, choice %d: %s\n", view->width, view->is_dark ? "dark" : "light",
		view->is_print ? ", printed" : "", choice, json_string_value(problem));
	assert_true(json_integer_value(json_object_get(found, "texts")) > 100);
	assert_int_equal(json_array_size(json_object_get(found, "problems")), 0);
	assert_no_error();
	return found;
}

static void nothing_overlaps_is_cut_off_or_hard_to_read(void **state)
{
	static const struct browser_view views[] = {
		{.width = 360},
		{.width = 1024, .is_dark = true},
		{.width = 1920},
		{.width = 360, .is_dark = true},
		{.width = 1024},
		{.width = 1920, .is_dark = true},
		{.width = 1000, .is_print = true},
		{.width = 1024, .is_scriptless = true},
	};

	(void)state;
	start();
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		browser_show(browser, page_path, &views[i]);
		for (int choice = 0; choice < (i < 2 ? 4 : 1); choice++)
			json_decref(look(&views[i], choice));
	}
}

/* Compares each text of a figure with what the history gives. Returns how many were compared. */
static size_t compare_texts(const json_t *figures, const struct stored_cell *cells, size_t count)
{
	size_t compared = 0;
	size_t wrong = 0;
	const json_t *figure;
	size_t i;

	json_array_foreach(figures, i, figure)
	{
		const char *name = json_string_value(json_array_get(figure, 0));
		const char *key = json_string_value(json_array_get(figure, 1));
		const char *text = json_string_value(json_array_get(figure, 2));
		const struct stored_cell *cell = name ? stored_find(cells, count, name) : NULL;
		char expected[STORED_TEXT_BYTES];

		if (!cell)
			fail_msg("the page shows '%s', which is not stored", name ? name : "?");
		if (!stored_text(cell, key, strchr(text, '+') != NULL, expected, sizeof(expected)))
			continue;
		compared++;
		if (strcmp(text, expected) != 0 && wrong++ < 10)
			print_error("%s, %s: the page shows '%s', stored is '%s'\n", name, key,
			            text, expected);
	}
	assert_int_equal(wrong, 0);
	return compared;
}

static size_t compare_points(const json_t *points, const struct stored_cell *cells, size_t count)
{
	size_t compared = 0;
	size_t wrong = 0;
	const json_t *point;
	size_t i;

	json_array_foreach(points, i, point)
	{
		const char *name = json_string_value(json_array_get(point, 0));
		const char *key = json_string_value(json_array_get(point, 1));
		double drawn = json_number_value(json_array_get(point, 2));
		const struct stored_cell *cell = name ? stored_find(cells, count, name) : NULL;
		double expected;

		assert_non_null(cell);
		expected = stored_figure(cell, key);
		compared++;
		if (!(fabs(drawn / expected - 1.0) < POINT_TOLERANCE) && wrong++ < 10)
			print_error("%s, %s: drawn at %g, stored is %g\n", name, key, drawn,
			            expected);
	}
	assert_int_equal(wrong, 0);
	return compared;
}

/* Compares the dots of each strip, as shares of its scale, with the rounds. */
static size_t compare_strips(const json_t *strips, const struct stored_cell *cells, size_t count)
{
	const json_t *strip;
	size_t i;

	json_array_foreach(strips, i, strip)
	{
		const char *name = json_string_value(json_array_get(strip, 0));
		const json_t *dots = json_array_get(strip, 1);
		const struct stored_cell *cell = name ? stored_find(cells, count, name) : NULL;
		const double *values;

		assert_non_null(cell);
		values = cell->is_trip ? cell->quantiles[0] : cell->messages;
		assert_int_equal(json_array_size(dots), cell->rounds);
		for (size_t round = 0; round < cell->rounds; round++) {
			double median = stored_figure(cell, cell->is_trip ? "p50" : "messages");
			double share = log(values[round] / median) / log(1.25);
			double drawn = json_number_value(json_array_get(dots, round));

			share = fmax(-1.0, fmin(1.0, share));
			if (!isnan(median) && fabs(drawn - share) > STRIP_TOLERANCE)
				fail_msg("%s, round %zu: drawn at %g, stored is %g", name, round,
				         drawn, share);
		}
	}
	return i;
}

static void assert_small(size_t cells)
{
	struct stat status;

	assert_int_equal(stat(page_path, &status), 0);
	print_message("%zu cells take %lld bytes\n", cells, (long long)status.st_size);
	assert_true(cells >= 100);
	assert_true((size_t)status.st_size < 4000 * cells);
}

static void every_figure_and_point_is_as_stored(void **state)
{
	static const struct browser_view view = {.width = 1280};
	struct cli *cli = start();
	struct stored_cell *cells;
	size_t texts;
	size_t points;
	size_t strips;
	size_t count;
	json_t *found;

	(void)state;
	count = stored_read(cli->history, &cells);
	assert_true(count > 50);
	browser_show(browser, page_path, &view);
	found = look(&view, 0);
	assert_int_equal(json_integer_value(json_object_get(found, "cells")), count);
	texts = compare_texts(json_object_get(found, "figures"), cells, count);
	points = compare_points(json_object_get(found, "points"), cells, count);
	strips = compare_strips(json_object_get(found, "strips"), cells, count);
	print_message("%zu cells: compared %zu figures, %zu points, %zu strips\n", count, texts,
	              points, strips);
	assert_true(texts > 10 * count && points > 50 && strips + 10 > count);
	assert_small(count);
	json_decref(found);
	free(cells);
}

/* Compares the numbers of the claims that are stored with those of the page, in their order. */
static void compare_claims(const char *path)
{
	json_t *pairs = browser_evaluate(
		browser, "[...document.querySelectorAll('.claims .pair')].map((e) => "
			 "[e.firstChild.textContent.trim(), +e.querySelector('b').textContent])");
	size_t compared = 0;
	sqlite3_stmt *row;
	sqlite3 *history;

	assert_int_equal(sqlite3_open_v2(path, &history, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(history,
	                                    "SELECT e.key, e.value FROM note n,"
	                                    " json_each(n.body, '$.measured') e"
	                                    " ORDER BY n.number, e.id",
	                                    -1, &row, NULL),
	                 SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW) {
		const json_t *pair = json_array_get(pairs, compared++);
		double stored = sqlite3_column_double(row, 1);
		double shown = json_number_value(json_array_get(pair, 1));

		assert_string_equal(json_string_value(json_array_get(pair, 0)),
		                    (const char *)sqlite3_column_text(row, 0));
		/* Four digits are shown. */
		if (fabs(shown - stored) > 1e-3 * fabs(stored))
			fail_msg("%s: the page shows %g, stored is %g",
			         (const char *)sqlite3_column_text(row, 0), shown, stored);
	}
	sqlite3_finalize(row);
	sqlite3_close(history);
	assert_true(compared > 100);
	assert_int_equal(json_array_size(pairs), compared);
	json_decref(pairs);
}

static void claims_and_real_work_are_whole_and_as_stored(void **state)
{
	static const struct browser_view views[] = {
		{.width = 360},
		{.width = 1024, .is_dark = true},
		{.width = 1920},
	};
	struct cli *cli = start();
	char store[CLI_PATH_BYTES + 16];
	char page[CLI_PATH_BYTES + 16];
	struct stored_cell *cells;
	size_t count;

	(void)state;
	snprintf(store, sizeof(store), "%s/work.db", cli->folder);
	snprintf(page, sizeof(page), "%s/work.html", cli->folder);
	ipcbench(cli, "thread-or-process", "--budget", "5s", "--quiet", "--store", store,
	         "--format", "html", "--output", page);
	cli_assert_status(cli, 0);
	count = stored_read(store, &cells);
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		json_t *found;

		browser_show(browser, page, &views[i]);
		found = look(&views[i], 0);
		assert_true(compare_points(json_object_get(found, "points"), cells, count) > 20);
		json_decref(found);
	}
	compare_claims(store);
	free(cells);
}

static double number_of(const char *script)
{
	json_t *value = browser_evaluate(browser, script);
	double number = json_is_true(value) ? 1.0 : json_number_value(value);

	json_decref(value);
	return number;
}

static void a_pointer_is_told_the_figure_and_a_filter_hides(void **state)
{
	static const struct browser_view view = {.width = 1280};

	(void)state;
	start();
	browser_show(browser, page_path, &view);
	assert_true(number_of("document.getElementById('tip').hidden") == 1.0);
	number_of("document.querySelector('figure svg').scrollIntoView({block: 'center'})");
	browser_point(browser,
	              number_of("(() => { const b = document.querySelector('figure svg path.p')"
	                        ".getBoundingClientRect(); return b.x; })()"),
	              number_of("(() => { const p = document.querySelector('figure svg path.p'); "
	                        "const m = p.getScreenCTM(); const y = +/M[\\d.]+ "
	                        "([\\d.]+)/.exec(p.getAttribute('d'))[1]; return m.f + m.d * y; "
	                        "})()"));
	assert_true(number_of("document.getElementById('tip').hidden") == 0.0);
	assert_true(number_of("/P50 [\\d.]+ [nµm]?s/.test(document.getElementById('tip')"
	                      ".textContent)") == 1.0);

	/* A transport that is not ticked is gone from tables and charts, and comes back. */
	number_of("document.querySelector('#filters input[value^=\"t=\"]').click()");
	assert_true(number_of("[...document.querySelectorAll('[data-t=\"0\"]')].some((e) => "
	                      "getComputedStyle(e).display !== 'none')") == 0.0);
	number_of("document.querySelector('#filters input[value^=\"t=\"]').click()");
	assert_true(number_of("[...document.querySelectorAll('[data-t=\"0\"]')].some((e) => "
	                      "getComputedStyle(e).display !== 'none')") == 1.0);

	/* Rows are put in order by the figure and not by its text. */
	number_of("[...document.querySelectorAll('table.cells thead button')].find((b) => "
	          "b.textContent === 'P50').click()");
	assert_true(
		number_of("(() => { const t = document.querySelector('table.cells'); const at = "
	                  "[...t.rows[0].cells].findIndex((c) => c.textContent === 'P50'); const "
	                  "unit = {n: 1, 'µ': 1e3, m: 1e6, s: 1e9}; const v = "
	                  "[...t.tBodies[0].rows].map((r) => r.cells[at].textContent)"
	                  ".filter((x) => x !== '-').map((x) => parseFloat(x) * "
	                  "unit[x.split(' ')[1][0]]); return v.length > 5 && v.every((x, i) => "
	                  "i === 0 || v[i - 1] <= x); })()") == 1.0);
	assert_no_error();
}

const struct CMUnitTest cli_page_tests[] = {
	cmocka_unit_test(nothing_overlaps_is_cut_off_or_hard_to_read),
	cmocka_unit_test(every_figure_and_point_is_as_stored),
	cmocka_unit_test(claims_and_real_work_are_whole_and_as_stored),
	/* The last one ends the browser, however it went. */
	cmocka_unit_test_teardown(a_pointer_is_told_the_figure_and_a_filter_hides, finish),
};
const size_t cli_page_tests_count = sizeof(cli_page_tests) / sizeof(cli_page_tests[0]);
