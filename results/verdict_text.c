/* SPDX-License-Identifier: MIT */
/*
 * results/verdict_text.c - verdicts as a table on a terminal.
 *
 * A verdict is a letter and a sign beside any colour. Where the terminal is too
 * narrow for p50 and p99 side by side, each has a line of its own.
 */
#include "results/verdict_report.h"

#include <errno.h>
#include <langinfo.h>
#include <libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "results/exporters/text_units.h"

#define ENTRY_BYTES 256
#define SPARKS_MAX 20
#define SPARK_LEVELS 8
#define WIDE_COLUMNS 150 /* p50 and p99 side by side take about that */

static const char letters[] = {
	[COMPARISON_REGRESSED] = 'R', [COMPARISON_IMPROVED] = 'I',     [COMPARISON_SMALL] = 's',
	[COMPARISON_UNCHANGED] = '=', [COMPARISON_INCONCLUSIVE] = '?',
};

static const char *const colours[] = {
	[COMPARISON_REGRESSED] = "red",
	[COMPARISON_IMPROVED] = "green",
	[COMPARISON_INCONCLUSIVE] = "yellow",
};

struct verdict_style verdict_style_of(FILE *out)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	struct verdict_style style = {.is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0};
	struct winsize size;

	if (!isatty(fileno(out)))
		return style;
	style.has_colour =
		!(no_colour && no_colour[0] != '\0') && term && strcmp(term, "dumb") != 0;
	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
		style.width = size.ws_col;
	return style;
}

static const char *sign_of(enum comparison_verdict verdict, const struct verdict_style *style)
{
	switch (verdict) {
	case COMPARISON_REGRESSED:
		return style->is_utf8 ? "▲" : "^";
	case COMPARISON_IMPROVED:
		return style->is_utf8 ? "▼" : "v";
	case COMPARISON_SMALL:
		return style->is_utf8 ? "·" : ".";
	default:
		return " ";
	}
}

/* Writes the differences of rounds as a line of heights; the middle is no difference. */
static void print_sparks(char *out, size_t out_bytes, const struct verdict_row *row,
                         const struct verdict_style *style)
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const marks[] = {"_", ".", ",", "-", "~", "+", "*", "#"};
	const struct comparison *c = &row->comparison;
	size_t count = c->rounds < SPARKS_MAX ? c->rounds : SPARKS_MAX;
	double reach = c->least_effect;
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < c->rounds; i++)
		reach = fmax(reach, fabs(row->differences[i]));
	for (size_t i = 0; i < count && used + 4 < out_bytes; i++) {
		/* Of more rounds than there is room for, evenly spread ones are shown. */
		double share = row->differences[i * c->rounds / count] / reach;
		int level = (int)((share + 1.0) / 2.0 * SPARK_LEVELS);

		level = level < 0 ? 0 : level >= SPARK_LEVELS ? SPARK_LEVELS - 1 : level;
		used += (size_t)snprintf(out + used, out_bytes - used, "%s",
		                         style->is_utf8 ? blocks[level] : marks[level]);
	}
}

static void print_value(char *out, double value, const struct verdict_pair *pair,
                        const struct verdict_style *style)
{
	if (pair->metric == RUN_THROUGHPUT)
		text_scaled(out, ENTRY_BYTES, value, "/s");
	else
		text_time(out, ENTRY_BYTES, value, style->is_utf8);
}

/* An effect is shown with the sign that says worse; -0.0 is none. */
static double percent(double share)
{
	double rounded = round(share * 1000.0) / 10.0;

	return rounded == 0.0 ? 0.0 : rounded;
}

static void print_effect(char *out, const struct verdict_row *row,
                         const struct verdict_style *style)
{
	const struct comparison *c = &row->comparison;

	snprintf(out, ENTRY_BYTES, "%s %+.1f %%", sign_of(c->verdict, style), percent(c->effect));
}

static void print_interval(char *out, const struct comparison *c)
{
	if (isfinite(c->high))
		snprintf(out, ENTRY_BYTES, "[%+.1f, %+.1f]", percent(c->low), percent(c->high));
	else
		snprintf(out, ENTRY_BYTES, "[none]");
}

/* Writes what of a name is not the same in all pairs: transport, size and the rest. */
static void print_cell(char *out, const struct verdict_pair *pair,
                       const struct verdict_style *style)
{
	const char *a = pair->cells[0].name;
	const char *b = pair->cells[1].name;
	char joined[ENTRY_BYTES];
	size_t start = 0;
	size_t tail = 0;

	if (strcmp(a, b) == 0) {
		snprintf(joined, sizeof(joined), "%s%s", pair->is_control ? "control: " : "", a);
		text_safe(out, ENTRY_BYTES, joined, style->is_utf8);
		return;
	}
	/* What differs stands in braces: pipe/.../{block,hybrid}/processes. */
	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		start = a[i] == '/' ? i + 1 : start;
	for (size_t i = 1; i < strlen(a) - start && i < strlen(b) - start; i++) {
		if (a[strlen(a) - i] != b[strlen(b) - i])
			break;
		tail = a[strlen(a) - i] == '/' ? i : tail;
	}
	snprintf(joined, sizeof(joined), "%.*s{%.*s,%.*s}%s", (int)start, a,
	         (int)(strlen(a) - start - tail), a + start, (int)(strlen(b) - start - tail),
	         b + start, a + strlen(a) - tail);
	text_safe(out, ENTRY_BYTES, joined, style->is_utf8);
}

struct sheet {
	struct libscols_table *table;
	struct libscols_line *line;
	size_t column;
	int ret;
};

static void sheet_put(struct sheet *sheet, const char *text)
{
	if (sheet->ret == 0)
		sheet->ret = scols_line_set_data(sheet->line, sheet->column++, text);
}

static void sheet_colour(struct sheet *sheet, const char *colour)
{
	struct libscols_cell *cell = scols_line_get_cell(sheet->line, sheet->column - 1);

	if (sheet->ret == 0 && colour && cell)
		sheet->ret = scols_cell_set_color(cell, colour);
}

static void sheet_head(struct sheet *sheet, const char *title, bool is_number)
{
	if (sheet->ret == 0 &&
	    !scols_table_new_column(sheet->table, title, 0, is_number ? SCOLS_FL_RIGHT : 0))
		sheet->ret = -ENOMEM;
}

/* Both arms, effect, interval and letter of one row; blanks for a row that there isn't. */
static void put_row(struct sheet *sheet, const struct verdict_report *report,
                    const struct verdict_row *row, const struct verdict_style *style)
{
	const struct comparison *c = row ? &row->comparison : NULL;
	char entry[ENTRY_BYTES];

	if (!c || c->stage_count == 0) {
		for (int i = 0; i < 4; i++)
			sheet_put(sheet, row ? "-" : "");
		sheet_put(sheet, row ? "?" : "");
		return;
	}
	print_value(entry, row->values[0], &report->pairs[row->pair], style);
	sheet_put(sheet, entry);
	print_value(entry, row->values[1], &report->pairs[row->pair], style);
	sheet_put(sheet, entry);
	print_effect(entry, row, style);
	sheet_put(sheet, entry);
	sheet_colour(sheet, colours[c->verdict]);
	print_interval(entry, c);
	sheet_put(sheet, entry);
	snprintf(entry, sizeof(entry), "%c", letters[c->verdict]);
	sheet_put(sheet, entry);
	sheet_colour(sheet, colours[c->verdict]);
}

static void put_heads(struct sheet *sheet, const char *a, const char *b)
{
	sheet_head(sheet, a, true);
	sheet_head(sheet, b, true);
	sheet_head(sheet, "EFFECT", true);
	sheet_head(sheet, "95 % CI", true);
	sheet_head(sheet, "V", false);
}

static const char *quantile_name(const struct verdict_row *row)
{
	return row->quantile == 0.0 ? "rate" : row->quantile == 0.5 ? "p50" : "p99";
}

/* One line a pair (is_wide), or one a row. Returns 0, or -ENOMEM. */
static int fill(struct sheet *sheet, const struct verdict_report *report, enum run_metric metric,
                bool is_wide, const struct verdict_style *style)
{
	char entry[ENTRY_BYTES];

	for (size_t i = 0; i < report->rows_count && sheet->ret == 0; i++) {
		const struct verdict_row *row = &report->rows[i];
		const struct verdict_pair *pair = &report->pairs[row->pair];

		if (pair->metric != metric || (is_wide && i != pair->first_row))
			continue;
		sheet->line = scols_table_new_line(sheet->table, NULL);
		if (!sheet->line)
			return -ENOMEM;
		sheet->column = 0;
		print_cell(entry, pair, style);
		sheet_put(sheet, entry);
		print_sparks(entry, sizeof(entry), row, style);
		sheet_put(sheet, entry);
		if (!is_wide)
			sheet_put(sheet, quantile_name(row));
		put_row(sheet, report, row, style);
		if (is_wide && metric == RUN_ROUND_TRIP)
			put_row(sheet, report, pair->rows_count > 1 ? row + 1 : NULL, style);
	}
	return sheet->ret;
}

static int write_table(FILE *out, const struct verdict_report *report, enum run_metric metric,
                       const struct verdict_style *style)
{
	bool is_wide =
		metric == RUN_THROUGHPUT || style->width == 0 || style->width >= WIDE_COLUMNS;
	struct sheet sheet = {.table = scols_new_table()};
	int ret;

	if (!sheet.table)
		return -ENOMEM;
	scols_table_set_stream(sheet.table, out);
	scols_table_enable_colors(sheet.table, style->has_colour);
	scols_table_enable_ascii(sheet.table, !style->is_utf8);
	scols_table_set_column_separator(sheet.table, "  ");
	/* A line is never cut: a terminal wraps it. */
	scols_table_set_termforce(sheet.table, SCOLS_TERMFORCE_NEVER);
	sheet_head(&sheet, "CELL", false);
	sheet_head(&sheet, "ROUNDS", false);
	if (!is_wide)
		sheet_head(&sheet, "Q", false);
	if (metric == RUN_THROUGHPUT)
		put_heads(&sheet, "A RATE", "B RATE");
	else
		put_heads(&sheet, is_wide ? "A P50" : "A", is_wide ? "B P50" : "B");
	if (is_wide && metric == RUN_ROUND_TRIP)
		put_heads(&sheet, "A P99", "B P99");
	ret = fill(&sheet, report, metric, is_wide, style);
	fputc('\n', out);
	if (ret == 0 && scols_print_table(sheet.table) < 0)
		ret = -EIO;
	scols_unref_table(sheet.table);
	return ret;
}

static bool has_metric(const struct verdict_report *report, enum run_metric metric)
{
	for (size_t i = 0; i < report->pairs_count; i++) {
		if (report->pairs[i].metric == metric)
			return true;
	}
	return false;
}

static void write_head(FILE *out, const struct verdict_report *report,
                       const struct verdict_style *style)
{
	char safe[2][ENTRY_BYTES];

	for (int arm = 0; arm < 2; arm++)
		text_safe(safe[arm], ENTRY_BYTES, report->arms[arm] ? report->arms[arm] : "",
		          style->is_utf8);
	fprintf(out, "ipcbench ab  A=%s  B=%s  seed %llu\n", safe[0], safe[1],
	        (unsigned long long)report->seed);
	if (report->note)
		fprintf(out, "%s\n", report->note);
}

/* Says of each inconclusive row what would decide it; of failed pairs why they failed. */
static void write_notes(FILE *out, const struct verdict_report *report,
                        const struct verdict_style *style)
{
	char cell[ENTRY_BYTES];

	for (size_t i = 0; i < report->rows_count; i++) {
		const struct verdict_row *row = &report->rows[i];
		const struct comparison *c = &row->comparison;

		if (c->verdict != COMPARISON_INCONCLUSIVE || c->stage_count == 0 || c->is_control)
			continue;
		print_cell(cell, &report->pairs[row->pair], style);
		fprintf(out, "? %s %s: cannot tell %.0f %%; could have seen %.1f %%", cell,
		        quantile_name(row), c->least_effect * 100.0, c->least_seen * 100.0);
		if (c->rounds_needed < 100000)
			fprintf(out, ", needs %zu rounds", c->rounds_needed);
		fputs("\n", out);
	}
	for (size_t i = 0; i < report->pairs_count; i++) {
		const struct verdict_pair *pair = &report->pairs[i];
		uint32_t excluded = pair->excluded[0] + pair->excluded[1];

		print_cell(cell, pair, style);
		if (pair->failed > 0)
			fprintf(out, "%s: %u of %u rounds failed: %s\n", cell, pair->failed,
			        pair->rounds[0] + pair->rounds[1], pair->failure);
		if (excluded > 0)
			fprintf(out, "%s: %u rounds left out: the hypervisor took more than 2 %%\n",
			        cell, excluded);
	}
}

static void write_legend(FILE *out, const struct verdict_report *report)
{
	const struct comparison_rules *rules = &report->rules;
	size_t first = 0;
	size_t second = 0;

	for (size_t i = 0; i < report->pairs_count; i++) {
		first = report->pairs[i].rounds[0] > first ? report->pairs[i].rounds[0] : first;
		second = report->pairs[i].rounds[1] > second ? report->pairs[i].rounds[1] : second;
	}
	fprintf(out,
	        "\nR regressed  I improved  s below the least effect that matters (3 %%, p99 "
	        "5 %%)  = unchanged  ? cannot tell\n"
	        "%zu paired rounds, exact Wilcoxon, 95 %% intervals; above zero B is worse.",
	        first);
	if (second > 0)
		fprintf(out,
		        " What had p < %g was measured again in %zu fresh rounds and judged by "
		        "these, Holm at %g.",
		        rules->alpha_suspect, second, rules->alpha_confirm);
	fputs("\n", out);
}

static void write_verdict(FILE *out, const struct verdict_report *report,
                          const struct verdict_row *row, const struct verdict_style *style)
{
	const struct verdict_pair *pair = &report->pairs[row->pair];
	const struct comparison *c = &row->comparison;
	char cell[ENTRY_BYTES];
	char a[ENTRY_BYTES];
	char b[ENTRY_BYTES];

	print_cell(cell, pair, style);
	print_value(a, row->values[0], pair, style);
	print_value(b, row->values[1], pair, style);
	fprintf(out, "%s  %s: %s %+.1f %% (%s -> %s), B worse in %zu of %zu rounds\n",
	        comparison_verdict_name(c->verdict), cell, quantile_name(row), percent(c->effect),
	        a, b, row->rounds_worse, c->rounds);
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
	fprintf(out, "%zu regressed, %zu improved, %zu small, %zu unchanged, %zu inconclusive\n",
	        counts.regressed, counts.improved, counts.small, counts.unchanged,
	        counts.inconclusive);
	if (counts.is_invalid)
		fputs("INVALID: the control changed, which neither arm can touch; "
		      "nothing above counts\n",
		      out);
	if (report->reproduce && strstr(report->reproduce, " --seed"))
		fprintf(out, "reproduce: %s\n", report->reproduce);
	else if (report->reproduce)
		fprintf(out, "reproduce: %s --seed %llu\n", report->reproduce,
		        (unsigned long long)report->seed);
	if (report->session)
		fprintf(out, "stored as session %.8s\n", report->session->uuid);
}

int verdict_text_write(FILE *out, const struct verdict_report *report,
                       const struct verdict_style *style)
{
	int ret = 0;

	write_head(out, report, style);
	if (has_metric(report, RUN_ROUND_TRIP))
		ret = write_table(out, report, RUN_ROUND_TRIP, style);
	if (ret == 0 && has_metric(report, RUN_THROUGHPUT))
		ret = write_table(out, report, RUN_THROUGHPUT, style);
	if (ret < 0)
		return ret;
	fputs("\n", out);
	write_notes(out, report, style);
	write_legend(out, report);
	write_summary(out, report, style);
	return ferror(out) ? -EIO : 0;
}
