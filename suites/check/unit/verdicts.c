/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/verdicts.c - tests of how comparisons are noted, read and shown.
 *
 * The made-up comparison has each verdict once, a failed round, a round left out and
 * a control. It is written in each format and for several terminals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "results/exporters/text_units.h"
#include "results/exporters/verdict/text.h"
#include "results/verdict_exporter.h"
#include "results/verdict_note.h"
#include "results/verdict_shift.h"
#include "suites/check/unit/golden.h"
#include "suites/check/unit/made_up.h"

static struct verdict_report *report;
static char *locale_before;

static int start(void **state)
{
	const char *locale = setlocale(LC_CTYPE, NULL);

	(void)state;
	locale_before = locale ? strdup(locale) : NULL;
	unsetenv("COLUMNS");
	unsetenv("NO_COLOR");
	return setlocale(LC_CTYPE, "C.UTF-8") ? made_up_comparison(&report) : -1;
}

static int finish(void **state)
{
	(void)state;
	setlocale(LC_CTYPE, locale_before);
	free(locale_before);
	verdict_report_destroy(report);
	return 0;
}

/* Writes the comparison for a terminal, for free(). */
static char *show(bool is_utf8, bool has_colour, size_t width, size_t *bytes)
{
	const struct verdict_style style = {is_utf8, has_colour, width};
	char *text = NULL;
	FILE *out = open_memstream(&text, bytes);

	assert_non_null(out);
	assert_int_equal(verdict_text_write(out, report, &style), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void the_made_up_comparison_has_each_verdict(void **state)
{
	struct verdict_counts counts = verdict_report_count(report);

	(void)state;
	assert_true(counts.regressed > 0 && counts.improved > 0 && counts.small > 0 &&
	            counts.unchanged > 0 && counts.inconclusive > 0);
	assert_false(counts.is_invalid);
}

static void every_format_writes_its_golden_file(void **state)
{
	const struct verdict_exporter *exporter;

	(void)state;
	for (size_t i = 0; (exporter = verdict_exporter_at(i)); i++) {
		char name[64];
		char *text = NULL;
		size_t bytes;
		FILE *out = open_memstream(&text, &bytes);

		assert_ptr_equal(verdict_exporter_find(exporter->name), exporter);
		assert_int_equal(exporter->write(out, report), 0);
		assert_int_equal(fclose(out), 0);
		snprintf(name, sizeof(name), "verdicts.%s", exporter->name);
		golden_assert(name, text, bytes);
		free(text);
	}
	assert_null(verdict_exporter_find("csv"));
}

/* Asserts that no line but the one to be copied is wider than columns. */
static void assert_fits(char *text, size_t columns)
{
	for (char *line = strtok_r(text, "\n", &text); line; line = strtok_r(NULL, "\n", &text)) {
		if (strncmp(line, "reproduce: ", strlen("reproduce: ")) != 0 &&
		    text_width(line) > columns)
			fail_msg("%zu columns: %s", text_width(line), line);
		assert_true(line[strlen(line) - 1] != ' ');
	}
}

static void a_narrow_ascii_terminal_gets_what_fits(void **state)
{
	size_t bytes;
	char *text = show(false, false, 60, &bytes);

	(void)state;
	golden_assert("verdicts.narrow", text, bytes);
	for (size_t i = 0; i < bytes; i++)
		assert_true(text[i] == '\n' || (text[i] >= 0x20 && text[i] < 0x7f));
	assert_non_null(strstr(text, "Left out, at 60 columns"));
	assert_fits(text, 60);
	free(text);
}

static void each_width_shows_every_cell_and_verdict(void **state)
{
	(void)state;
	for (size_t width = 48; width <= 200; width += 4) {
		size_t bytes;
		char *text = show(true, false, width, &bytes);

		for (size_t i = 0; i < report->pairs_count; i++) {
			char cell[RUN_NAME_BYTES + 8];

			snprintf(cell, sizeof(cell), "  %s/64B",
			         report->pairs[i].cells[0].transport);
			assert_non_null(strstr(text, cell));
		}
		assert_non_null(strstr(text, "▲"));
		assert_non_null(strstr(text, "  R"));
		if (width >= 60)
			assert_fits(text, width);
		free(text);
	}
}

/* A colour only repeats what sign and letter say. */
static void without_colour_the_same_is_said(void **state)
{
	size_t bytes;
	char *plain = show(true, false, 0, &bytes);
	char *coloured = show(true, true, 0, &bytes);
	char *to = coloured;

	(void)state;
	assert_non_null(strstr(coloured, "\033["));
	assert_null(strstr(plain, "\033"));
	for (const char *from = coloured; *from != '\0'; from++) {
		if (*from == '\033')
			from += strcspn(from, "m");
		else
			*to++ = *from;
	}
	*to = '\0';
	assert_string_equal(coloured, plain);
	free(plain);
	free(coloured);
}

static void a_terminal_is_asked_and_told(void **state)
{
	const struct winsize size = {.ws_row = 24, .ws_col = 72};
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct verdict_style style;
	FILE *terminal;

	(void)state;
	if (master < 0)
		skip(); /* no /dev/pts here */
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	terminal = fopen(ptsname(master), "we");
	assert_non_null(terminal);
	assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
	setenv("TERM", "xterm", 1);
	style = verdict_style_of(terminal);
	assert_true(style.has_colour && style.is_utf8);
	assert_int_equal(style.width, 72);
	setenv("NO_COLOR", "1", 1);
	setenv("COLUMNS", "60", 1);
	assert_non_null(setlocale(LC_CTYPE, "C"));
	style = verdict_style_of(terminal);
	assert_false(style.has_colour);
	assert_false(style.is_utf8);
	assert_int_equal(style.width, 60);
	unsetenv("NO_COLOR");
	unsetenv("COLUMNS");
	setenv("TERM", "dumb", 1);
	assert_false(verdict_style_of(terminal).has_colour);
	fclose(terminal);
	close(master);
}

/* What the note keeps is enough: pairs, arms, tick, seed, thefts. */
static void a_note_brings_back_what_was_compared(void **state)
{
	struct verdict_report *read;
	char *again;
	char *text;

	(void)state;
	report->seed = UINT64_MAX - 5;
	text = verdict_note_write(report);
	assert_non_null(text);
	assert_int_equal(verdict_note_read(&read, text), 0);
	assert_true(read->seed == UINT64_MAX - 5);
	assert_int_equal(read->pairs_count, report->pairs_count);
	assert_int_equal(read->rows_count, report->rows_count);
	assert_int_equal(read->thefts_count, 1);
	assert_true(read->thefts[0].share == 0.031 && read->thefts[0].round == 5);
	again = verdict_note_write(read);
	assert_string_equal(again, text);
	free(again);
	free(text);
	verdict_note_release(read);
}

static void what_is_no_note_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"[]",
		"{}",
		"{\"pairs\":[]}",
		"{\"pairs\":[{\"a\":\"x\"}]}",
		"{\"pairs\":[{\"a\":\"x\",\"b\":\"y\"}]}",
		"{\"pairs\":[{\"a\":1,\"b\":\"y\",\"metric\":\"throughput\"}]}",
	};
	struct verdict_report *read = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(verdict_note_read(&read, wrong[i]), -EBADMSG);
	assert_null(read);
}

/* A shift of the whole distribution is one at each point. */
static void the_shift_function_finds_the_effect_at_each_decile(void **state)
{
	struct verdict_shift shift;

	(void)state;
	assert_int_equal(verdict_shift_find(report, 0, &shift), 0);
	for (size_t i = 0; i < 9; i++) {
		assert_true(shift.is_known[i] && shift.is_significant[i]);
		assert_true(fabs(shift.effect[i] - 0.094) < 0.01);
		assert_true(shift.low[i] <= shift.effect[i] && shift.effect[i] <= shift.high[i]);
	}
	assert_int_equal(verdict_shift_find(report, 1, &shift), 0);
	for (size_t i = 0; i < 9; i++)
		assert_false(shift.is_significant[i]);
	/* At the median it is the verdict's own estimate, from the same stage. */
	assert_int_equal(verdict_shift_find(report, 4, &shift), 0);
	assert_true(fabs(shift.effect[4] -
	                 report->rows[report->pairs[4].first_row].comparison.effect) < 1e-12);
	/* Throughput has no distribution. */
	assert_int_equal(verdict_shift_find(report, 5, &shift), -ENODATA);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

const struct CMUnitTest unit_verdicts_tests[] = {
	CASE(the_made_up_comparison_has_each_verdict),
	CASE(every_format_writes_its_golden_file),
	CASE(a_narrow_ascii_terminal_gets_what_fits),
	CASE(each_width_shows_every_cell_and_verdict),
	CASE(without_colour_the_same_is_said),
	CASE(a_terminal_is_asked_and_told),
	CASE(a_note_brings_back_what_was_compared),
	CASE(what_is_no_note_is_refused),
	CASE(the_shift_function_finds_the_effect_at_each_decile),
};
const size_t unit_verdicts_tests_count =
	sizeof(unit_verdicts_tests) / sizeof(unit_verdicts_tests[0]);
