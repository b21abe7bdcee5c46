/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/export_formats.c - exporters for other programs, read as those would.
 *
 * The made-up report is written and read again by a parser of its own here: libxml2's
 * xmllint for JUnit, the grammar of OpenMetrics 1.0, HdrHistogram's columns. Figures
 * must be those of the report, which the store's tests hold to the runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/exporter.h"
#include "results/verdict_exporter.h"
#include "suites/check/unit/folder.h"
#include "suites/check/unit/made_up.h"

static struct report *report;

static int start(void **state)
{
	int ret = made_up_report(&report);

	return ret < 0 ? ret : folder_make(state);
}

static int finish(void **state)
{
	report_destroy(report);
	return folder_remove(state);
}

/* Asserts that two numbers are at most so far apart; CMocka 1.1.5 knows floats only. */
static void assert_number(double number, double expected, double distance)
{
	if (!(fabs(number - expected) <= distance))
		fail_msg("%.17g is not %.17g", number, expected);
}

/* Writes the report in a format, for free(). */
static char *export_as(const char *name)
{
	const struct exporter *exporter = exporter_find(name);
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(exporter);
	assert_non_null(out);
	assert_int_equal(exporter->write(out, report), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Returns the cell that starts so. */
static const struct report_cell *cell_like(const char *name)
{
	for (size_t i = 0; i < report->cells_count; i++) {
		if (strncmp(report->cells[i].cell.name, name, strlen(name)) == 0)
			return &report->cells[i];
	}
	fail_msg("no cell is like %s", name);
	return NULL;
}

/* --- JUnit ----------------------------------------------------------------- */

/* Evaluates an XPath expression in a file by xmllint. Skips where there is none. */
static double xpath(const char *path, const char *expression)
{
	char command[4600];
	char answer[256] = "";
	FILE *lint;

	snprintf(command, sizeof(command), "xmllint --nonet --xpath '%s' '%s' 2>/dev/null",
	         expression, path);
	lint = popen(command, "re");
	assert_non_null(lint);
	if (!fgets(answer, sizeof(answer), lint))
		answer[0] = '\0';
	if (pclose(lint) == 127 << 8)
		skip();
	if (answer[0] == '\0')
		fail_msg("xmllint says nothing to %s", expression);
	return strtod(answer, NULL);
}

static void junit_is_xml_and_counts_what_it_holds(void **state)
{
	char *text = export_as("junit");
	char path[PATH_MAX];
	const struct report_cell *pipe = cell_like("pipe/ping_pong");
	double p50;

	folder_write(*state, "junit.xml", text, strlen(text));
	folder_path(*state, path, sizeof(path), "junit.xml");
	assert_number(xpath(path, "count(//testcase)"),
	              (double)(report->cells_count + report->skips_count), 0);
	assert_number(xpath(path, "number(/testsuites/@tests)"),
	              (double)(report->cells_count + report->skips_count), 0);
	assert_number(xpath(path, "count(//skipped)"), (double)report->skips_count, 0);
	assert_number(xpath(path, "number(//testsuite/@skipped)"), (double)report->skips_count, 0);
	/* unix_stream lost one round of four, broken all. */
	assert_number(xpath(path, "count(//failure)"), 1, 0);
	assert_number(xpath(path, "count(//error)"), 1, 0);
	assert_number(xpath(path, "number(//testsuite/@errors)"), 1, 0);
	p50 = xpath(path, "number(//testcase[starts-with(@name,\"pipe/ping_pong\")]"
	                  "//property[@name=\"p50_ns\"]/@value)");
	assert_true(fabs(p50 / pipe->quantiles_ns[0].median - 1.0) < 1e-5);
	free(text);
}

/* A regression is a failure, what can't be told is skipped, the rest passes. */
static void junit_of_a_comparison_has_a_case_a_cell(void **state)
{
	struct verdict_report *comparison;
	char path[PATH_MAX];
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	assert_int_equal(made_up_comparison(&comparison), 0);
	assert_int_equal(verdict_exporter_find("junit")->write(out, comparison), 0);
	assert_int_equal(fclose(out), 0);
	folder_write(*state, "verdicts.xml", text, bytes);
	folder_path(*state, path, sizeof(path), "verdicts.xml");
	assert_number(xpath(path, "count(//testcase)"), (double)comparison->pairs_count, 0);
	assert_number(xpath(path, "count(//failure)"), 2, 0);
	assert_number(xpath(path, "number(/testsuites/@failures)"), 2, 0);
	assert_number(xpath(path, "count(//testcase[starts-with(@name,\"pipe/\")]/failure)"), 2, 0);
	assert_number(xpath(path, "count(//skipped)"), 1, 0);
	assert_number(xpath(path, "count(//error)"), 0, 0);
	/* A control that changed makes the session invalid. */
	comparison->rows[comparison->rows_count - 1].comparison.verdict = COMPARISON_REGRESSED;
	comparison->rows[comparison->rows_count - 1].comparison.effect = 0.5;
	free(text);
	out = open_memstream(&text, &bytes);
	assert_non_null(out);
	assert_int_equal(verdict_exporter_find("junit")->write(out, comparison), 0);
	assert_int_equal(fclose(out), 0);
	folder_write(*state, "verdicts.xml", text, bytes);
	assert_number(xpath(path, "count(//error)"), 1, 0);
	free(text);
	verdict_report_destroy(comparison);
}

/* --- OpenMetrics ----------------------------------------------------------- */

struct sample {
	char family[128];
	char name[128];
	char labels[1024];
	double value;
};

#define SAMPLES_MAX 4096

struct metrics {
	struct sample *samples;
	size_t count;
};

static const char *take_name(const char *at, char *out, size_t out_bytes)
{
	size_t length = 0;

	assert_true(isalpha((unsigned char)*at) || *at == '_');
	while (isalnum((unsigned char)at[length]) || at[length] == '_' || at[length] == ':')
		length++;
	assert_true(length < out_bytes);
	memcpy(out, at, length);
	out[length] = '\0';
	return at + length;
}

/* Reads {name="value",...}, in which a quote, a backslash and a line feed are escaped. */
static const char *take_labels(const char *at, char *out, size_t out_bytes)
{
	const char *start = at;
	char name[128];

	out[0] = '\0';
	if (*at != '{')
		return at;
	do {
		at = take_name(at + 1, name, sizeof(name));
		assert_int_equal(*at++, '=');
		assert_int_equal(*at++, '"');
		for (; *at != '"'; at++) {
			assert_true((unsigned char)*at >= 0x20);
			if (*at == '\\') {
				at++;
				assert_non_null(strchr("\\\"n", *at));
			}
		}
		at++;
	} while (*at == ',');
	assert_int_equal(*at++, '}');
	assert_true((size_t)(at - start) < out_bytes);
	memcpy(out, start, (size_t)(at - start));
	out[at - start] = '\0';
	return at;
}

/* Checks that a sample's name is one that its family may have. */
static void assert_member(const struct sample *sample, const char *type)
{
	static const struct {
		const char *type;
		const char *suffixes[4];
	} known[] = {
		{"gauge", {""}},
		{"info", {"_info"}},
		{"histogram", {"_bucket", "_count", "_sum"}},
	};
	size_t bytes = strlen(sample->family);

	assert_int_equal(strncmp(sample->name, sample->family, bytes), 0);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].type, type) != 0)
			continue;
		for (size_t j = 0; j < 4 && known[i].suffixes[j]; j++) {
			if (strcmp(sample->name + bytes, known[i].suffixes[j]) == 0)
				return;
		}
	}
	fail_msg("%s is no sample of a %s", sample->name, type);
}

/* Reads the whole text by the grammar: families once each, "# EOF" last. */
static void parse(const char *text, struct metrics *out)
{
	char family[128] = "";
	char type[32] = "";
	char seen[4096] = " ";

	out->samples = calloc(SAMPLES_MAX, sizeof(*out->samples));
	assert_non_null(out->samples);
	out->count = 0;
	while (strcmp(text, "# EOF\n") != 0) {
		struct sample *sample = &out->samples[out->count];
		char word[128];
		char *end;

		if (strncmp(text, "# ", 2) == 0) {
			char kind[8] = "";

			assert_int_equal(sscanf(text, "# %7s %127s", kind, word), 2);
			if (strcmp(kind, "TYPE") == 0) {
				char mark[130];

				snprintf(mark, sizeof(mark), " %s ", word);
				assert_null(strstr(seen, mark));
				snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s ",
				         word);
				snprintf(family, sizeof(family), "%s", word);
				assert_int_equal(sscanf(text, "# TYPE %*s %31s", type), 1);
			} else if (strcmp(kind, "UNIT") == 0) {
				char unit[32];

				/* A family that has a unit ends in it. */
				assert_int_equal(sscanf(text, "# UNIT %*s %31s", unit), 1);
				assert_string_equal(family + strlen(family) - strlen(unit), unit);
			} else {
				assert_string_equal(kind, "HELP");
			}
			assert_string_equal(word, family);
			text = strchr(text, '\n') + 1;
			continue;
		}
		assert_true(out->count < SAMPLES_MAX);
		snprintf(sample->family, sizeof(sample->family), "%s", family);
		text = take_name(text, sample->name, sizeof(sample->name));
		assert_member(sample, type);
		text = take_labels(text, sample->labels, sizeof(sample->labels));
		assert_int_equal(*text++, ' ');
		sample->value = strtod(text, &end);
		assert_true(end > text && *end == '\n');
		text = end + 1;
		out->count++;
	}
}

/* Returns the sample whose labels hold both parts. */
static double metric(const struct metrics *metrics, const char *name, const char *cell,
                     const char *label)
{
	for (size_t i = 0; i < metrics->count; i++) {
		if (strcmp(metrics->samples[i].name, name) == 0 &&
		    strstr(metrics->samples[i].labels, cell) &&
		    strstr(metrics->samples[i].labels, label))
			return metrics->samples[i].value;
	}
	fail_msg("no sample %s of %s with %s", name, cell, label);
	return NAN;
}

static void openmetrics_is_its_grammar_and_the_report(void **state)
{
	static const char trip[] = "cell=\"pipe/ping_pong";
	static const char stream[] = "cell=\"pipe/stream";
	char *text = export_as("openmetrics");
	const struct report_cell *pipe = cell_like("pipe/ping_pong");
	struct metrics metrics;

	(void)state;
	parse(text, &metrics);
	assert_number(metric(&metrics, "ipcbench_round_trip_seconds_count", trip, ""),
	              (double)pipe->samples, 0);
	assert_number(metric(&metrics, "ipcbench_round_trip_seconds_bucket", trip, "le=\"+Inf\""),
	              (double)pipe->samples, 0);
	/* A typical 6200 ns: none in 5 us, most in 10 us, all but the outliers in 50 us. */
	assert_number(metric(&metrics, "ipcbench_round_trip_seconds_bucket", trip, "le=\"5e-06\""),
	              0, 0);
	assert_number(metric(&metrics, "ipcbench_round_trip_seconds_bucket", trip, "le=\"1e-05\""),
	              (double)histogram_up_to(pipe->histogram, 10000), 0);
	assert_true(histogram_up_to(pipe->histogram, 10000) > pipe->samples * 9 / 10);
	assert_true(fabs(metric(&metrics, "ipcbench_round_trip_quantile_seconds", trip,
	                        "percentile=\"p99\"") *
	                         1e9 / pipe->quantiles_ns[2].median -
	                 1.0) < 1e-7);
	assert_true(fabs(metric(&metrics, "ipcbench_bytes_per_second", stream, "") /
	                         cell_like("pipe/stream")->bytes_per_s.median -
	                 1.0) < 1e-7);
	assert_number(metric(&metrics, "ipcbench_rounds", "broken/", "result=\"failed\""), 4, 0);
	assert_number(metric(&metrics, "ipcbench_session_info", report->session.uuid, ""), 1, 0);
	free(metrics.samples);
	free(text);
}

static void openmetrics_buckets_never_fall_and_end_in_the_count(void **state)
{
	char *text = export_as("openmetrics");
	struct metrics metrics;
	double before = 0.0;
	size_t buckets = 0;

	(void)state;
	parse(text, &metrics);
	for (size_t i = 0; i < metrics.count; i++) {
		const struct sample *sample = &metrics.samples[i];

		if (strcmp(sample->name, "ipcbench_round_trip_seconds_bucket") == 0) {
			assert_true(sample->value >= before);
			before = sample->value;
			buckets++;
		} else if (strcmp(sample->name, "ipcbench_round_trip_seconds_count") == 0) {
			assert_number(sample->value, before, 0);
			before = 0.0;
		}
	}
	assert_true(buckets > 0);
	free(metrics.samples);
	free(text);
}

/* --- hgrm ------------------------------------------------------------------ */

/* Reads the lines of one cell. Returns how many there are. */
static size_t read_levels(const char *text, double *values, double *levels, double *counts,
                          size_t max)
{
	size_t count = 0;

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		double beyond;
		int fields;

		line += strspn(line, "\n");
		if (*line == '#' && count > 0)
			break;
		assert_true(count < max);
		fields = sscanf(line, "%lf %lf %lf %lf", &values[count], &levels[count],
		                &counts[count], &beyond);
		if (fields < 3)
			continue;
		if (fields == 4)
			assert_true(fabs(beyond * (1.0 - levels[count]) - 1.0) < 0.01);
		count++;
	}
	return count;
}

static void hgrm_is_the_histogram_of_all_rounds(void **state)
{
	static double values[1024], levels[1024], counts[1024];
	const struct report_cell *pipe = cell_like("pipe/ping_pong");
	char *text = export_as("hgrm");
	const char *start = strstr(text, "#[Cell = pipe/ping_pong");
	size_t count;

	(void)state;
	assert_non_null(start);
	count = read_levels(strchr(start, '\n'), values, levels, counts, 1024);
	assert_true(count > 20);
	for (size_t i = 1; i < count; i++) {
		assert_true(values[i] > values[i - 1]);
		assert_true(levels[i] > levels[i - 1]);
		assert_true(counts[i] > counts[i - 1]);
	}
	/* A line says: so many values are at most this one, which is at least that share. */
	for (size_t i = 0; i < count; i++) {
		if (i + 1 < count)
			assert_number(counts[i],
			              (double)histogram_up_to(pipe->histogram, (uint64_t)values[i]),
			              0);
		assert_true(counts[i] >= levels[i] * (double)pipe->samples - 1e-6);
	}
	assert_number(levels[count - 1], 1.0, 0);
	assert_number(counts[count - 1], (double)pipe->samples, 0);
	assert_number(values[count - 1], pipe->max_ns, 1e-3);
	free(text);
}

static void hgrm_divides_a_block_by_its_operations(void **state)
{
	static double values[1024], levels[1024], counts[1024];
	const struct report_cell *loopback = cell_like("loopback/");
	char *text = export_as("hgrm");
	size_t count;

	(void)state;
	assert_int_equal(loopback->batch, 64);
	count = read_levels(strchr(strstr(text, "#[Cell = loopback"), '\n'), values, levels, counts,
	                    1024);
	assert_true(count > 0);
	assert_number(values[count - 1], loopback->max_ns, 1e-3);
	free(text);
}

/* A level that is a share of the counts, but for rounding, must not be asked for twice. */
static void hgrm_ends_for_any_count(void **state)
{
	(void)state;
	for (uint64_t count = 1; count <= 400; count++) {
		struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");
		struct report_builder *builder;
		struct report *small;
		char *text = NULL;
		size_t bytes;
		struct run run;
		FILE *out = open_memstream(&text, &bytes);

		assert_non_null(out);
		assert_int_equal(report_builder_create(&builder, made_up_session()), 0);
		assert_int_equal(made_up_run(&run, &cell, 0, 5000, count, 1), 0);
		assert_int_equal(report_add_run(builder, &run), 0);
		assert_int_equal(report_build(&small, builder), 0);
		assert_int_equal(exporter_find("hgrm")->write(out, small), 0);
		assert_int_equal(fclose(out), 0);
		/* Values are distinct slots at most: no line comes twice. */
		assert_true(bytes < 100 * (count + 12));
		free(text);
		free((struct histogram *)run.histogram);
		report_destroy(small);
		report_builder_destroy(builder);
	}
}

/* --- CTest ----------------------------------------------------------------- */

static void ctest_measurements_are_the_figures_of_the_report(void **state)
{
	char *text = export_as("ctest");
	const struct report_cell *pipe = cell_like("pipe/ping_pong");
	char wanted[512];
	size_t lines = 0;

	(void)state;
	snprintf(wanted, sizeof(wanted),
	         "<CTestMeasurement type=\"numeric/double\" name=\"%s p50 ns\">%.6g"
	         "</CTestMeasurement>\n",
	         pipe->cell.name, pipe->quantiles_ns[0].median);
	assert_non_null(strstr(text, wanted));
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		assert_int_equal(
			strncmp(line, "<CTestMeasurement type=\"numeric/double\" name=\"",
		                strlen("<CTestMeasurement type=\"numeric/double\" name=\"")),
			0);
		lines++;
	}
	assert_true(lines > report->cells_count);
	/* What lies above the range is no number, and what did not run has none. */
	assert_null(strstr(text, "inf"));
	assert_null(strstr(text, "broken/"));
	free(text);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

const struct CMUnitTest unit_export_formats_tests[] = {
	CASE(junit_is_xml_and_counts_what_it_holds),
	CASE(junit_of_a_comparison_has_a_case_a_cell),
	CASE(openmetrics_is_its_grammar_and_the_report),
	CASE(openmetrics_buckets_never_fall_and_end_in_the_count),
	CASE(hgrm_is_the_histogram_of_all_rounds),
	CASE(hgrm_ends_for_any_count),
	CASE(hgrm_divides_a_block_by_its_operations),
	CASE(ctest_measurements_are_the_figures_of_the_report),
};
const size_t unit_export_formats_tests_count =
	sizeof(unit_export_formats_tests) / sizeof(unit_export_formats_tests[0]);
