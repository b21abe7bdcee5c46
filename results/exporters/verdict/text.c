/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/verdict/text.c - verdicts for a terminal.
 *
 * What is compared and where; the tables; what could not be told, and why; the
 * answer, and the command that measures it again. Long lines are broken at the width
 * of the terminal, whose characters and colours are used only where it has them.
 */
#include "results/exporters/verdict/text.h"

#include <errno.h>
#include <jansson.h>
#include <langinfo.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "results/environment.h"
#include "results/exporters/text_units.h"
#include "results/exporters/verdict/line.h"
#include "results/exporters/verdict/table.h"
#include "results/stored_comparison.h"
#include "results/verdict_exporter.h"

#define ENTRY_BYTES 256

struct verdict_style verdict_style_of(FILE *out)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	const char *columns = getenv("COLUMNS");
	struct verdict_style style = {.is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
	struct winsize size;

	/* Who exports COLUMNS wants it obeyed, also through a pipe. */
	if (columns)
		style.width = strtoul(columns, NULL, 10);
	if (fileno(out) < 0 || !isatty(fileno(out)))
		return style;
	style.has_colour =
		!(no_colour && no_colour[0] != '\0') && term && strcmp(term, "dumb") != 0;
	if (style.width == 0 && ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
		style.width = size.ws_col;
	return style;
}

/* Writes where it was measured, and the checks of doctor that warned. */
static void write_place(FILE *out, const struct session *session, const struct verdict_style *style)
{
	json_t *findings = json_loads(session->doctor ? session->doctor : "[]", 0, NULL);
	char line[512];
	char warned[512] = "";
	size_t used = 0;
	const json_t *finding;
	size_t i;

	if (session->environment) {
		char safe[512];

		environment_describe(session->environment, line, sizeof(line));
		text_safe(safe, sizeof(safe), line, style->is_utf8);
		verdict_put_line(out, style, "%s", safe);
	}
	json_array_foreach(findings, i, finding)
	{
		const char *id = json_string_value(json_object_get(finding, "id"));
		const char *level = json_string_value(json_object_get(finding, "level"));

		if (!id || !level || (strcmp(level, "warn") != 0 && strcmp(level, "fail") != 0))
			continue;
		if (used < sizeof(warned))
			used += (size_t)snprintf(warned + used, sizeof(warned) - used, "%s%s",
			                         used > 0 ? ", " : "", id);
	}
	json_decref(findings);
	if (used > 0) {
		text_safe(line, sizeof(line), warned, style->is_utf8);
		verdict_put_line(out, style, "%s warned of: %s; see 'ipcbench doctor'",
		                 style->is_utf8 ? "⚠ doctor" : "! doctor", line);
	}
}

static void write_head(FILE *out, const struct verdict_report *report,
                       const struct verdict_style *style)
{
	char safe[2][ENTRY_BYTES];

	for (int arm = 0; arm < 2; arm++)
		text_safe(safe[arm], ENTRY_BYTES, report->arms[arm] ? report->arms[arm] : "",
		          style->is_utf8);
	if (report->is_stored)
		verdict_put_line(out, style, "ipcbench compare  A=%s  B=%s", safe[0], safe[1]);
	else
		verdict_put_line(out, style, "ipcbench ab  A=%s  B=%s  seed %llu", safe[0], safe[1],
		                 (unsigned long long)report->seed);
	if (report->session)
		write_place(out, report->session, style);
	if (report->note)
		verdict_put_line(out, style, "%s", report->note);
}

/* Says why a row can't be decided: what would decide it, if that can be told. */
static void write_doubt(FILE *out, const struct verdict_report *report,
                        const struct verdict_row *row, const char *cell,
                        const struct verdict_style *style)
{
	const struct comparison *c = &row->comparison;
	char needs[64];

	if (c->stage_count == 0) {
		verdict_put_line(out, style, "? %s %s: fewer than %u rounds in one of them", cell,
		                 verdict_quantile_name(row), COMPARISON_ROUNDS_MIN);
		return;
	}
	if (report->is_stored) {
		verdict_put_line(out, style,
		                 "? %s %s: cannot tell %.0f %%; two sessions may differ by %.0f %% "
		                 "by themselves",
		                 cell, verdict_quantile_name(row), c->least_effect * 100.0,
		                 row->allowance * 100.0);
		return;
	}
	snprintf(needs, sizeof(needs), ", needs %zu rounds", c->rounds_needed);
	verdict_put_line(out, style, "? %s %s: cannot tell %.0f %%; could have seen %.1f %%%s",
	                 cell, verdict_quantile_name(row), c->least_effect * 100.0,
	                 c->least_seen * 100.0, c->rounds_needed < 100000 ? needs : "");
}

/* Says of each inconclusive row what would decide it; of failed pairs why they failed. */
static void write_notes(FILE *out, const struct verdict_report *report,
                        const struct verdict_style *style)
{
	char cell[ENTRY_BYTES];

	for (size_t i = 0; i < report->rows_count; i++) {
		const struct verdict_row *row = &report->rows[i];
		const struct comparison *c = &row->comparison;

		if (c->verdict != COMPARISON_INCONCLUSIVE || c->is_control ||
		    (c->stage_count == 0 && !report->is_stored))
			continue;
		verdict_table_name(cell, sizeof(cell), &report->pairs[row->pair], style);
		write_doubt(out, report, row, cell, style);
	}
	for (size_t i = 0; i < report->pairs_count; i++) {
		const struct verdict_pair *pair = &report->pairs[i];
		uint32_t excluded = pair->excluded[0] + pair->excluded[1];

		verdict_table_name(cell, sizeof(cell), pair, style);
		if (pair->failed > 0) {
			char failure[RUN_TEXT_BYTES];

			text_safe(failure, sizeof(failure), pair->failure, style->is_utf8);
			verdict_put_line(out, style, "%s: %u of %u rounds failed: %s", cell,
			                 pair->failed, pair->rounds[0] + pair->rounds[1], failure);
		}
		if (excluded > 0)
			verdict_put_line(
				out, style,
				"%s: %u %s left out: the hypervisor took more than %.0f %%", cell,
				excluded, excluded == 1 ? "round" : "rounds",
				VERDICT_STEAL_MAX * 100.0);
	}
}

/* Writes the geometric mean of the effects, where it says more than the rows do. */
static void write_mean(FILE *out, const struct verdict_report *report,
                       const struct verdict_style *style)
{
	static const struct {
		const char *name;
		double quantile;
	} means[] = {{"p50", 0.5}, {"p99", 0.99}, {"rate", 0.0}};
	char line[ENTRY_BYTES] = "";
	size_t used = 0;

	for (size_t i = 0; i < sizeof(means) / sizeof(means[0]); i++) {
		double sum = 0.0;
		size_t count = 0;

		for (size_t j = 0; j < report->rows_count; j++) {
			const struct comparison *c = &report->rows[j].comparison;

			if (report->rows[j].quantile != means[i].quantile || c->is_control ||
			    c->stage_count == 0)
				continue;
			sum += log1p(c->effect);
			count++;
		}
		if (count > 1)
			used += (size_t)snprintf(line + used, sizeof(line) - used,
			                         "  %s %+.1f %% (%zu)", means[i].name,
			                         100.0 * expm1(sum / (double)count), count);
	}
	if (used > 0)
		verdict_put_line(out, style, "geometric mean of the effects:%s", line);
}

static void write_legend(FILE *out, const struct verdict_report *report,
                         const struct verdict_style *style)
{
	const struct comparison_rules *rules = &report->rules;
	char again[ENTRY_BYTES] = "";
	size_t first = 0;
	size_t second = 0;

	for (size_t i = 0; i < report->pairs_count; i++) {
		first = report->pairs[i].rounds[0] > first ? report->pairs[i].rounds[0] : first;
		second = report->pairs[i].rounds[1] > second ? report->pairs[i].rounds[1] : second;
	}
	if (second > 0)
		snprintf(again, sizeof(again),
		         " What had p < %g was measured again in %zu fresh rounds and judged by "
		         "these, Holm at %g.",
		         rules->alpha_suspect, second, rules->alpha_confirm);
	fputs("\n", out);
	verdict_put_line(
		out, style,
		"R regressed  I improved  s below the least effect that matters (3 %%, p99 5 "
		"%%)  = unchanged  ? cannot tell");
	if (report->is_stored) {
		verdict_put_line(
			out, style,
			"%zu rounds, not interleaved: exact rank-sum test, Holm at %g over all "
			"rows; above zero B is worse. R and I lie wholly beyond what two sessions "
			"may differ by themselves: at least 10 %%, p99 20 %%. ROUNDS is each of "
			"B's, beside the middle of A's.",
			first, STORED_ALPHA);
		return;
	}
	verdict_put_line(
		out, style,
		"%zu paired rounds, exact Wilcoxon, 95 %% intervals; above zero B is worse. "
		"ROUNDS is each round's difference, in the middle none.%s",
		first, again);
}

static void write_verdict(FILE *out, const struct verdict_report *report,
                          const struct verdict_row *row, const struct verdict_style *style)
{
	const struct verdict_pair *pair = &report->pairs[row->pair];
	const struct comparison *c = &row->comparison;
	char cell[ENTRY_BYTES];
	char a[ENTRY_BYTES];
	char b[ENTRY_BYTES];

	verdict_table_name(cell, sizeof(cell), pair, style);
	verdict_table_value(a, sizeof(a), row->values[0], pair, style);
	verdict_table_value(b, sizeof(b), row->values[1], pair, style);
	verdict_put_line(out, style, "%s  %s: %s %+.1f %% (%s -> %s), B worse in %zu of %zu rounds",
	                 comparison_verdict_name(c->verdict), cell, verdict_quantile_name(row),
	                 verdict_table_percent(c->effect), a, b, row->rounds_worse, c->rounds);
}

static void write_summary(FILE *out, const struct verdict_report *report,
                          const struct verdict_style *style)
{
	struct verdict_counts counts = verdict_report_count(report);

	fputs("\n", out);
	for (size_t i = 0; i < report->rows_count; i++) {
		const struct verdict_row *row = &report->rows[i];

		if (row->comparison.verdict == COMPARISON_REGRESSED ||
		    row->comparison.verdict == COMPARISON_IMPROVED)
			write_verdict(out, report, row, style);
	}
	verdict_put_line(out, style,
	                 "%zu regressed, %zu improved, %zu small, %zu unchanged, %zu inconclusive",
	                 counts.regressed, counts.improved, counts.small, counts.unchanged,
	                 counts.inconclusive);
	write_mean(out, report, style);
	if (counts.is_invalid)
		verdict_put_line(
			out, style,
			"INVALID: the control changed, which neither arm can touch; nothing above "
			"counts");
	if (report->is_stored)
		verdict_put_line(out, style,
		                 "What another day made and what the build made look alike here: "
		                 "confirm with 'ipcbench ab A B'.");
	/* In one line, however long: it is to be copied. */
	if (report->reproduce)
		fprintf(out, "reproduce: %s%s%.0llu\n", report->reproduce,
		        strstr(report->reproduce, "--seed") ? "" : " --seed ",
		        strstr(report->reproduce, "--seed") ? 0 : (unsigned long long)report->seed);
	if (report->session && report->show)
		verdict_put_line(out, style, "stored as session %.8s; as a page: %s",
		                 report->session->uuid, report->show);
}

int verdict_text_write(FILE *out, const struct verdict_report *report,
                       const struct verdict_style *style)
{
	int ret;

	write_head(out, report, style);
	ret = verdict_table_write(out, report, style);
	if (ret < 0)
		return ret;
	fputs("\n", out);
	write_notes(out, report, style);
	write_legend(out, report, style);
	write_summary(out, report, style);
	return ferror(out) ? -EIO : 0;
}

static int write_text(FILE *out, const struct verdict_report *report)
{
	struct verdict_style style = verdict_style_of(out);

	return verdict_text_write(out, report, &style);
}

const struct verdict_exporter verdict_exporter_text = {
	.name = "text",
	.summary = "tables for a terminal",
	.write = write_text,
};
