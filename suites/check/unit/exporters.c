/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/exporters.c - tests of results/exporter.c and results/exporters/.
 *
 * Every exporter writes the made-up report, which must equal golden/report.<name>
 * byte for byte. A wanted change of a format is written there by
 *     GOLDEN=write ctest --test-dir BUILD -R unit.exporters
 * and reviewed as a diff.
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

#include <jansson.h>

#include "results/exporter.h"
#include "results/exporters/sparkline.h"
#include "results/exporters/text.h"
#include "results/exporters/text_units.h"
#include "suites/check/unit/golden.h"
#include "suites/check/unit/made_up.h"

static struct report *report;
static char *locale_before;

static int start(void **state)
{
	const char *locale = setlocale(LC_CTYPE, NULL);

	(void)state;
	locale_before = locale ? strdup(locale) : NULL;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return -1;
	return made_up_report(&report);
}

static int finish(void **state)
{
	(void)state;
	setlocale(LC_CTYPE, locale_before);
	free(locale_before);
	report_destroy(report);
	return 0;
}

/* Writes the report by an exporter into memory, for free(). */
static char *export_report(const struct exporter *exporter, size_t *bytes)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, bytes);

	assert_non_null(exporter);
	assert_non_null(out);
	assert_int_equal(exporter->write(out, report), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Writes the report as text in a style, for free(). */
static char *export_text(bool is_utf8, size_t width, size_t *bytes)
{
	const struct text_style style = {.is_utf8 = is_utf8, .width = width};
	char *text = NULL;
	FILE *out = open_memstream(&text, bytes);

	assert_non_null(out);
	assert_int_equal(text_write(out, report, &style), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void every_exporter_writes_its_golden_file(void **state)
{
	const struct exporter *exporter;

	(void)state;
	for (size_t i = 0; (exporter = exporter_at(i)); i++) {
		char name[64];
		size_t bytes;
		char *text = export_report(exporter, &bytes);

		assert_true(exporter->summary[0] != '\0');
		assert_ptr_equal(exporter_find(exporter->name), exporter);
		snprintf(name, sizeof(name), "report.%s", exporter->name);
		golden_assert(name, text, bytes);
		free(text);
	}
}

static void an_unknown_format_is_not_found(void **state)
{
	(void)state;
	assert_null(exporter_find("xml"));
	assert_null(exporter_find(""));
	assert_string_equal(exporter_at(0)->name, "text");
}

static void a_narrow_ascii_terminal_gets_what_fits(void **state)
{
	size_t bytes;
	char *text = export_text(false, 70, &bytes);

	(void)state;
	golden_assert("report.narrow", text, bytes);
	for (size_t i = 0; i < bytes; i++)
		assert_true(text[i] == '\n' || (text[i] >= 0x20 && text[i] < 0x7f));
	free(text);
}

static void a_terminal_is_asked_for_its_width(void **state)
{
	const struct winsize size = {.ws_row = 24, .ws_col = 70};
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char text[16384] = "";
	size_t bytes = 0;
	ssize_t got;
	FILE *terminal;

	(void)state;
	if (master < 0)
		skip(); /* no /dev/pts here */
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	terminal = fopen(ptsname(master), "we");
	assert_non_null(terminal);
	assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
	/* Neither end may wait for the other. */
	assert_int_equal(fcntl(fileno(terminal), F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(exporter_find("text")->write(terminal, report), 0);
	assert_int_equal(fflush(terminal), 0);
	while (bytes < sizeof(text) - 1 &&
	       (got = read(master, text + bytes, sizeof(text) - 1 - bytes)) > 0)
		bytes += (size_t)got;
	fclose(terminal);
	close(master);
	assert_non_null(strstr(text, "Left out, since the terminal has 70 columns: "));
}

/* Returns the longest line of the tables: those with two blanks between columns. */
static size_t table_width(const char *text)
{
	size_t widest = 0;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t length = strcspn(line, "\n");
		const char *gap = strstr(line + 2, "  ");

		if (gap && gap < line + length && line[0] != ' ' && strncmp(line, "FAILED", 6) != 0)
			widest = length > widest ? length : widest;
	}
	return widest;
}

static void a_table_is_never_wider_than_the_terminal(void **state)
{
	(void)state;
	for (size_t width = 60; width < 160; width++) {
		size_t bytes;
		char *text = export_text(false, width, &bytes);

		assert_in_range(table_width(text), 40, width);
		free(text);
	}
}

static void nothing_in_a_report_steers_the_terminal(void **state)
{
	size_t bytes;
	char *text = export_text(true, 0, &bytes);

	(void)state;
	/* The made-up failure holds an escape sequence. */
	assert_non_null(strstr(text, "?[31m came"));
	assert_null(strchr(text, '\x1b'));
	free(text);
}

static void failures_and_skips_stand_below_the_tables(void **state)
{
	size_t bytes;
	char *text = export_text(true, 0, &bytes);

	(void)state;
	assert_non_null(strstr(text, "\nFAILED  broken/stream/64B/same_core/block/processes: "
	                             "4 of 4 rounds: message 7 was lost"));
	assert_non_null(strstr(text, "3 of 4!"));
	assert_non_null(strstr(text, "\nSkipped, 3 cells:\n"));
	assert_non_null(strstr(text, " and 1 more: 65536 exceed fs.mqueue.msgsize_max, 8192\n"));
	free(text);
}

static void every_json_line_has_a_type_and_its_name(void **state)
{
	size_t bytes;
	char *text = export_report(exporter_find("jsonl"), &bytes);
	size_t counts[5] = {0};
	char *rest = text;

	(void)state;
	for (char *line; (line = strsep(&rest, "\n")) && *line;) {
		static const char *const types[] = {"cell", "failed", "skip", "claim",
		                                    "experiment"};
		json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
		const char *type = json_string_value(json_object_get(object, "type"));

		assert_non_null(type);
		for (size_t i = 0; i < 5; i++)
			counts[i] += strcmp(type, types[i]) == 0;
		if (strcmp(type, "claim") == 0 || strcmp(type, "experiment") == 0) {
			assert_true(json_is_string(json_object_get(object, "id")));
			assert_true(json_is_object(json_object_get(object, "measured")));
			json_decref(object);
			continue;
		}
		assert_true(json_is_string(json_object_get(object, "cell")));
		assert_int_equal(
			json_is_string(json_object_get(object, "reason")),
			strcmp(type, "cell") != 0 ||
				json_integer_value(json_object_get(object, "rounds_failed")) > 0);
		json_decref(object);
	}
	assert_int_equal(counts[0], 6);
	assert_int_equal(counts[1], 1);
	assert_int_equal(counts[2], 3);
	assert_int_equal(counts[3], 2);
	assert_int_equal(counts[4], 1);
	free(text);
}

/* Returns the object of the cell whose name begins so, for json_decref(). */
static json_t *json_cell(const char *start)
{
	size_t bytes;
	char *text = export_report(exporter_find("jsonl"), &bytes);
	json_t *found = NULL;
	char *rest = text;

	for (char *line; !found && (line = strsep(&rest, "\n")) && *line;) {
		json_t *object = json_loads(line, 0, NULL);
		const char *name = json_string_value(json_object_get(object, "cell"));

		if (strncmp(name, start, strlen(start)) == 0)
			found = json_incref(object);
		json_decref(object);
	}
	free(text);
	assert_non_null(found);
	return found;
}

static void a_round_trip_in_json_has_its_quantiles_per_operation(void **state)
{
	static const char *const names[] = {"min", "p50", "p90", "p99", "p99.9", "max"};
	json_t *cell = json_cell("loopback/");
	json_t *rtt = json_object_get(cell, "rtt_ns");
	double last = 0.0;

	(void)state;
	assert_int_equal(json_object_size(rtt), 6);
	for (size_t i = 0; i < 6; i++) {
		double value = json_number_value(json_object_get(rtt, names[i]));

		assert_true(value > last);
		last = value;
	}
	/* Blocks of 64 that took 9 microseconds. */
	assert_true(json_number_value(json_object_get(rtt, "min")) == 9000 / 64.0);
	assert_int_equal(json_integer_value(json_object_get(cell, "batch")), 64);
	assert_int_equal(json_array_size(json_object_get(cell, "peers")), 2);
	json_decref(cell);
}

static void what_is_not_known_is_null_in_json(void **state)
{
	json_t *cell = json_cell("sleepy/");
	json_t *rtt = json_object_get(cell, "rtt_ns");

	(void)state;
	assert_true(json_is_null(json_object_get(rtt, "p50")));
	assert_true(json_is_number(json_object_get(rtt, "max")));
	json_decref(cell);
	cell = json_cell("unix_stream/");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(cell, "unresolved"), 0)), "p99.9");
	json_decref(cell);
}

/* Counts the fields of a row of RFC 4180 and moves *rest behind it. */
static size_t count_fields(const char **rest)
{
	bool is_quoted = false;
	size_t count = 1;
	const char *c;

	for (c = *rest; *c && (is_quoted || *c != '\r'); c++) {
		if (*c == '"')
			is_quoted = !is_quoted;
		else if (*c == ',' && !is_quoted)
			count++;
	}
	assert_int_equal(strncmp(c, "\r\n", 2), 0);
	*rest = c + 2;
	return count;
}

static void every_row_of_csv_has_the_fields_of_its_head(void **state)
{
	size_t bytes;
	char *text = export_report(exporter_find("csv"), &bytes);
	const char *rest = text;
	size_t head = count_fields(&rest);

	(void)state;
	assert_int_equal(head, 22);
	while (*rest)
		assert_int_equal(count_fields(&rest), head);
	free(text);
}

static void a_formula_in_csv_is_quoted_as_text(void **state)
{
	size_t bytes;
	char *text = export_report(exporter_find("csv"), &bytes);

	(void)state;
	assert_non_null(strstr(text, ",\"'=kernel.io_uring_disabled is 2\"\r\n"));
	assert_null(strstr(text, ",="));
	/* A quote is doubled. */
	assert_non_null(strstr(text, "then \"\"0\"\""));
	free(text);
}

static void a_page_asks_for_nothing_and_obeys_no_name(void **state)
{
	size_t bytes;
	char *text = export_report(exporter_find("html"), &bytes);

	(void)state;
	assert_non_null(strstr(text, "content=\"default-src 'none';"));
	/* One script, the one that the policy's hash lets run; nothing is fetched. */
	assert_null(strstr(strstr(text, "<script") + 1, "<script"));
	assert_null(strstr(text, "<link rel=stylesheet"));
	assert_null(strstr(text, "src="));
	assert_null(strstr(text, "http://"));
	assert_null(strstr(text, "https://"));
	assert_null(strstr(text, "<socket>"));
	assert_non_null(strstr(text, "made-up &lt;socket&gt;"));
	assert_null(strchr(text, '\x1b'));
	free(text);
}

static void a_page_says_what_is_missing_and_why(void **state)
{
	size_t bytes;
	char *text = export_report(exporter_find("html"), &bytes);

	(void)state;
	assert_non_null(strstr(text, "<h1><a href=#claims>1 of 2 claims hold</a>, 1 can't be told "
	                             "here, 6 cells measured, <span class=bad>1 failed</span>, "
	                             "<a href=#skipped>3 skipped</a></h1>"));
	assert_non_null(strstr(text, "<td class=fail><a href=#failed>failed</a></td>"));
	assert_non_null(strstr(text, "<td class=skip title=\"65536 exceed "
	                             "fs.mqueue.msgsize_max, 8192\">"));
	assert_non_null(strstr(text, "<td class=vno title=\"One producer &quot;only&quot;.\">no"));
	assert_non_null(strstr(text, "<a href=#C18>yes</a>"));
	/* What lies above the range is in tables, and at no end of an axis. */
	assert_non_null(strstr(text, "&gt; 17 s</b>"));
	assert_null(strstr(text, "text-anchor=end>sleepy</text>"));
	free(text);
}

static void nothing_in_markdown_is_obeyed(void **state)
{
	size_t bytes;
	char *text = export_report(exporter_find("markdown"), &bytes);

	(void)state;
	assert_non_null(strstr(text, "| loopback&#42; |"));
	assert_non_null(strstr(text, "`message 7 was lost, then \"0\"?[31m came`"));
	assert_non_null(strstr(text, "A shared heap loses &#60;updates&#62;"));
	assert_null(strchr(text, '\x1b'));
	free(text);
}

static void a_full_disk_is_an_error(void **state)
{
	const struct exporter *exporter;

	(void)state;
	for (size_t i = 0; (exporter = exporter_at(i)); i++) {
		FILE *full = fopen("/dev/full", "we");

		assert_non_null(full);
		setvbuf(full, NULL, _IONBF, 0);
		assert_int_equal(exporter->write(full, report), -ENOSPC);
		fclose(full);
	}
}

static void an_empty_report_is_written_too(void **state)
{
	struct report empty = {0};
	struct report *whole = report;
	const struct exporter *exporter;

	(void)state;
	for (size_t i = 0; (exporter = exporter_at(i)); i++) {
		size_t bytes;
		char *text;

		report = &empty;
		text = export_report(exporter, &bytes);
		report = whole;
		free(text);
	}
}

static void times_have_three_significant_digits(void **state)
{
	static const struct {
		double ns;
		const char *expected;
	} times[] = {
		{0, "0.00 ns"},      {0.1234, "0.12 ns"}, {9.994, "9.99 ns"}, {9.996, "10.0 ns"},
		{99.94, "99.9 ns"},  {99.96, "100 ns"},   {170, "170 ns"},    {999.4, "999 ns"},
		{999.6, "1.00 us"},  {6251, "6.25 us"},   {10500, "10.5 us"}, {999499, "999 us"},
		{999600, "1.00 ms"}, {1.5e9, "1.50 s"},   {3.5e11, "350 s"},  {INFINITY, "> 17 s"},
		{NAN, "-"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		char text[TEXT_NUMBER_BYTES];

		text_time(text, sizeof(text), times[i].ns, false);
		assert_string_equal(text, times[i].expected);
	}
}

static void rates_have_decimal_prefixes(void **state)
{
	char text[TEXT_NUMBER_BYTES];

	(void)state;
	text_scaled(text, sizeof(text), 1234567, "/s");
	assert_string_equal(text, "1.23 M/s");
	text_scaled(text, sizeof(text), 999, "/s");
	assert_string_equal(text, "999 /s");
	text_scaled(text, sizeof(text), NAN, "/s");
	assert_string_equal(text, "-");
	text_plain(text, sizeof(text), 5026);
	assert_string_equal(text, "5026");
}

static void text_is_made_safe_and_cut_between_characters(void **state)
{
	char text[8];

	(void)state;
	text_safe(text, sizeof(text), "a\tb\x1b\x7f", true);
	assert_string_equal(text, "a?b??");
	text_safe(text, sizeof(text), "µ\xff", true);
	assert_string_equal(text, "µ?");
	text_safe(text, sizeof(text), "µ", false);
	assert_string_equal(text, "?");
	/* Seven bytes of room: the fourth of two bytes each does not fit. */
	text_safe(text, sizeof(text), "µµµµ", true);
	assert_string_equal(text, "µµµ");
	assert_int_equal(text_width("6.25 µs"), 7);
}

static void rounds_are_a_line_of_rising_characters(void **state)
{
	static const double calm[] = {100, 101, 100, 99};
	static const double slope[] = {100, 110, 120, 130, 140, 150, 160, 170};
	static const double gap[] = {100, NAN, 200};
	double many[64];
	char text[64];

	(void)state;
	sparkline_write(text, sizeof(text), slope, 8, true);
	assert_string_equal(text, "▁▂▃▄▅▆▇█");
	sparkline_write(text, sizeof(text), slope, 8, false);
	assert_string_equal(text, "__..--^^");
	/* A range below a tenth is drawn as a tenth: noise does not look like a mountain. */
	sparkline_write(text, sizeof(text), calm, 4, false);
	assert_string_equal(text, "---.");
	sparkline_write(text, sizeof(text), gap, 3, false);
	assert_string_equal(text, "_ ^");
	sparkline_write(text, sizeof(text), slope, 1, true);
	assert_string_equal(text, "");
	for (size_t i = 0; i < 64; i++)
		many[i] = i < 32 ? 100 : 200;
	sparkline_write(text, sizeof(text), many, 64, false);
	assert_string_equal(text, "________^^^^^^^^");
	/* Cut between characters. */
	sparkline_write(text, 8, slope, 8, true);
	assert_string_equal(text, "▁▂");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

const struct CMUnitTest unit_exporters_tests[] = {
	CASE(every_exporter_writes_its_golden_file),
	CASE(an_unknown_format_is_not_found),
	CASE(a_narrow_ascii_terminal_gets_what_fits),
	CASE(a_terminal_is_asked_for_its_width),
	CASE(a_table_is_never_wider_than_the_terminal),
	CASE(nothing_in_a_report_steers_the_terminal),
	CASE(failures_and_skips_stand_below_the_tables),
	CASE(every_json_line_has_a_type_and_its_name),
	CASE(a_round_trip_in_json_has_its_quantiles_per_operation),
	CASE(what_is_not_known_is_null_in_json),
	CASE(every_row_of_csv_has_the_fields_of_its_head),
	CASE(a_formula_in_csv_is_quoted_as_text),
	CASE(a_page_asks_for_nothing_and_obeys_no_name),
	CASE(a_page_says_what_is_missing_and_why),
	CASE(nothing_in_markdown_is_obeyed),
	CASE(rounds_are_a_line_of_rising_characters),
	CASE(a_full_disk_is_an_error),
	CASE(an_empty_report_is_written_too),
	CASE(times_have_three_significant_digits),
	CASE(rates_have_decimal_prefixes),
	CASE(text_is_made_safe_and_cut_between_characters),
};
const size_t unit_exporters_tests_count =
	sizeof(unit_exporters_tests) / sizeof(unit_exporters_tests[0]);
