/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/verdict/junit.c - verdicts as JUnit XML: a test case a cell.
 *
 * A cell with a regression is a failure. One that can't be told is skipped with its
 * message, so that a gate's silence is not taken for a pass. A control that changed
 * is an error: nothing else counts then.
 */
#include <errno.h>

#include "results/exporter.h"
#include "results/exporters/html/html.h"
#include "results/verdict_exporter.h"

#define LINE_BYTES 512

enum outcome {
	OUTCOME_PASSED,
	OUTCOME_SKIPPED,
	OUTCOME_FAILURE,
	OUTCOME_ERROR,
};

static const char *const elements[] = {
	[OUTCOME_SKIPPED] = "skipped",
	[OUTCOME_FAILURE] = "failure",
	[OUTCOME_ERROR] = "error",
};

/* Writes what a row says in a line. */
static void describe(const struct verdict_row *row, bool is_stored, char *out, size_t out_bytes)
{
	const struct comparison *c = &row->comparison;

	if (c->stage_count == 0)
		snprintf(out, out_bytes, "%s: %s: no rounds to judge", verdict_quantile_name(row),
		         comparison_verdict_name(c->verdict));
	else if (c->verdict == COMPARISON_INCONCLUSIVE && is_stored)
		snprintf(out, out_bytes,
		         "%s: INCONCLUSIVE: %+.1f %% [%+.1f, %+.1f], two sessions may differ by "
		         "%.0f %% by themselves; 'ipcbench ab' would tell",
		         verdict_quantile_name(row), 100 * c->effect, 100 * c->low, 100 * c->high,
		         100 * row->allowance);
	else if (c->verdict == COMPARISON_INCONCLUSIVE)
		snprintf(out, out_bytes,
		         "%s: INCONCLUSIVE: %+.1f %% [%+.1f, %+.1f], could have seen %.1f %%; "
		         "%zu rounds would tell",
		         verdict_quantile_name(row), 100 * c->effect, 100 * c->low, 100 * c->high,
		         100 * c->least_seen, c->rounds_needed);
	else
		snprintf(out, out_bytes, "%s: %s: %+.1f %% [%+.1f, %+.1f], p %.2g, %zu rounds",
		         verdict_quantile_name(row), comparison_verdict_name(c->verdict),
		         100 * c->effect, 100 * c->low, 100 * c->high, c->p_adjusted, c->rounds);
}

/* Finds how a cell did, and the row that says so: the worst of its quantiles. */
static enum outcome judge(const struct verdict_report *report, const struct verdict_pair *pair,
                          const struct verdict_row **worst)
{
	enum outcome outcome = OUTCOME_PASSED;

	*worst = &report->rows[pair->first_row];
	for (size_t i = 0; i < pair->rows_count; i++) {
		const struct verdict_row *row = &report->rows[pair->first_row + i];
		const struct comparison *c = &row->comparison;
		enum outcome of_row = OUTCOME_PASSED;

		if (comparison_is_invalid(c, 1) || (c->stage_count == 0 && !c->is_control))
			of_row = OUTCOME_ERROR;
		else if (c->verdict == COMPARISON_REGRESSED && !c->is_advisory)
			of_row = OUTCOME_FAILURE;
		/* A control may lack rounds in a history, where its cell was compared as well. */
		else if (c->stage_count == 0 ||
		         (c->verdict == COMPARISON_INCONCLUSIVE && !c->is_control))
			of_row = OUTCOME_SKIPPED;
		if (of_row > outcome) {
			outcome = of_row;
			*worst = row;
		}
	}
	return outcome;
}

static void write_attribute(FILE *out, const char *name, const char *text)
{
	fprintf(out, " %s=\"", name);
	html_text(out, text);
	fputc('"', out);
}

static void write_case(FILE *out, const struct verdict_report *report,
                       const struct verdict_pair *pair)
{
	const struct verdict_row *worst;
	enum outcome outcome = judge(report, pair, &worst);
	char text[LINE_BYTES];
	char suite[32];

	verdict_pair_name(pair, text, sizeof(text));
	fputs("    <testcase", out);
	snprintf(suite, sizeof(suite), "%s%s", report->is_stored ? "compare" : "ab",
	         pair->is_control ? ".control" : "");
	write_attribute(out, "classname", suite);
	write_attribute(out, "name", text);
	fputs(">\n", out);
	if (outcome != OUTCOME_PASSED) {
		describe(worst, report->is_stored, text, sizeof(text));
		fprintf(out, "      <%s", elements[outcome]);
		write_attribute(out, "message",
		                pair->failed > 0 && outcome == OUTCOME_ERROR ? pair->failure
		                                                             : text);
		fputs("/>\n", out);
	}
	fputs("      <system-out>", out);
	for (size_t i = 0; i < pair->rows_count; i++) {
		describe(&report->rows[pair->first_row + i], report->is_stored, text, sizeof(text));
		html_text(out, text);
		fputs("\n", out);
	}
	fputs("</system-out>\n    </testcase>\n", out);
}

static void write_properties(FILE *out, const struct verdict_report *report)
{
	static const char *const names[2] = {"A", "B"};

	fputs("    <properties>\n", out);
	for (size_t arm = 0; arm < 2; arm++) {
		fprintf(out, "      <property name=\"%s\"", names[arm]);
		write_attribute(out, "value", report->arms[arm] ? report->arms[arm] : "");
		fputs("/>\n", out);
	}
	if (!report->is_stored)
		fprintf(out, "      <property name=\"seed\" value=\"%llu\"/>\n",
		        (unsigned long long)report->seed);
	if (report->session)
		fprintf(out, "      <property name=\"session\" value=\"%s\"/>\n",
		        report->session->uuid);
	fputs("    </properties>\n", out);
}

static int write_junit(FILE *out, const struct verdict_report *report)
{
	size_t counts[OUTCOME_ERROR + 1] = {0};
	const struct verdict_row *worst;

	for (size_t i = 0; i < report->pairs_count; i++)
		counts[judge(report, &report->pairs[i], &worst)]++;
	errno = 0;
	fprintf(out,
	        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"%zu\" "
	        "failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n  <testsuite name=\"ipcbench "
	        "%s\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n",
	        report->pairs_count, counts[OUTCOME_FAILURE], counts[OUTCOME_ERROR],
	        counts[OUTCOME_SKIPPED], report->is_stored ? "compare" : "ab", report->pairs_count,
	        counts[OUTCOME_FAILURE], counts[OUTCOME_ERROR], counts[OUTCOME_SKIPPED]);
	write_properties(out, report);
	for (size_t i = 0; i < report->pairs_count; i++)
		write_case(out, report, &report->pairs[i]);
	fputs("  </testsuite>\n</testsuites>\n", out);
	return exporter_error(out);
}

const struct verdict_exporter verdict_exporter_junit = {
	.name = "junit",
	.summary = "JUnit XML for a CI server: a regression is a failure",
	.write = write_junit,
};
