/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/verdict/markdown.c - verdicts for a pull request, in the Markdown of GitHub.
 *
 * The answer first, then what changed, and all rows folded away.
 */
#include <errno.h>
#include <math.h>

#include "results/exporter.h"
#include "results/exporters/markdown_put.h"
#include "results/exporters/text_units.h"
#include "results/verdict_exporter.h"

#define ENTRY_BYTES 256

static void write_value(FILE *out, double value, const struct verdict_pair *pair)
{
	char text[ENTRY_BYTES];

	if (pair->metric == RUN_THROUGHPUT)
		text_scaled(text, sizeof(text), value, "/s");
	else
		text_time(text, sizeof(text), value, true);
	markdown_put_text(out, text);
}

static void write_row(FILE *out, const struct verdict_report *report, const struct verdict_row *row)
{
	const struct verdict_pair *pair = &report->pairs[row->pair];
	const struct comparison *c = &row->comparison;
	char name[ENTRY_BYTES];

	verdict_pair_name(pair, name, sizeof(name));
	fputs("| ", out);
	markdown_put_code(out, name);
	fprintf(out, "%s | %s | ", pair->is_control ? " (control)" : "",
	        verdict_quantile_name(row));
	if (c->stage_count == 0) {
		fprintf(out, "- | - | - | - | **%s** |\n", comparison_verdict_name(c->verdict));
		return;
	}
	write_value(out, row->values[0], pair);
	fputs(" | ", out);
	write_value(out, row->values[1], pair);
	fprintf(out, " | %+.1f %% | ", 100.0 * c->effect);
	if (isfinite(c->high))
		fprintf(out, "%+.1f .. %+.1f | ", 100.0 * c->low, 100.0 * c->high);
	else
		fputs("- | ", out);
	fprintf(out, c->verdict <= COMPARISON_IMPROVED ? "**%s** |\n" : "%s |\n",
	        comparison_verdict_name(c->verdict));
}

/* Writes a table of the rows that changed, or of all. Returns how many there are. */
static size_t write_table(FILE *out, const struct verdict_report *report, bool is_all)
{
	size_t count = 0;

	for (size_t i = 0; i < report->rows_count; i++) {
		const struct verdict_row *row = &report->rows[i];
		bool has_changed = row->comparison.verdict <= COMPARISON_IMPROVED &&
		                   row->comparison.stage_count > 0;

		if (!is_all && !has_changed)
			continue;
		if (count++ == 0)
			fputs("\n| CELL | Q | A | B | EFFECT | 95 % CI | VERDICT |\n"
			      "| :-- | :-- | --: | --: | --: | --: | :-- |\n",
			      out);
		write_row(out, report, row);
	}
	return count;
}

static void write_head(FILE *out, const struct verdict_report *report)
{
	struct verdict_counts counts = verdict_report_count(report);

	fprintf(out, "### ipcbench %s: ", report->is_stored ? "compare" : "ab");
	if (counts.is_invalid)
		fputs("**invalid**: the control changed, nothing below counts\n", out);
	else if (counts.regressed > 0)
		fprintf(out, "**%zu regressed**\n", counts.regressed);
	else
		fputs("no regression\n", out);
	fprintf(out, "\n%zu regressed, %zu improved, %zu small, %zu unchanged, %zu can't be told",
	        counts.regressed, counts.improved, counts.small, counts.unchanged,
	        counts.inconclusive);
	fputs(". A = ", out);
	markdown_put_code(out, report->arms[0] ? report->arms[0] : "");
	fputs(", B = ", out);
	markdown_put_code(out, report->arms[1] ? report->arms[1] : "");
	fputs(".\n", out);
	if (report->note) {
		fputs("\n", out);
		markdown_put_text(out, report->note);
		fputs("\n", out);
	}
}

static int write_markdown(FILE *out, const struct verdict_report *report)
{
	errno = 0;
	write_head(out, report);
	write_table(out, report, false);
	fprintf(out, "\n<details><summary>All %zu comparisons</summary>\n", report->rows_count);
	write_table(out, report, true);
	fputs("\n</details>\n\n", out);
	fputs(report->is_stored
	              ? "The effect is the Hodges-Lehmann estimate between the rounds of both "
	                "sessions, above zero B is worse; exact rank-sum test. They were not "
	                "interleaved: a change lies wholly beyond what two sessions of one build "
	                "may differ by, and `ipcbench ab` confirms it.\n"
	              : "The effect is the Hodges-Lehmann estimate over paired rounds, above zero "
	                "B is worse; exact Wilcoxon test, what looked changed was measured again "
	                "with fresh peers.\n",
	      out);
	if (report->reproduce) {
		char line[4096];

		snprintf(line, sizeof(line), "%s --seed %llu", report->reproduce,
		         (unsigned long long)report->seed);
		fputs("\nReproduce: ", out);
		markdown_put_code(out, line);
		fputs("\n", out);
	}
	return exporter_error(out);
}

const struct verdict_exporter verdict_exporter_markdown = {
	.name = "markdown",
	.summary = "tables for a pull request",
	.write = write_markdown,
};
