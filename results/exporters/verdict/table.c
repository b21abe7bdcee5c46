/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/verdict/table.c - the tables of verdicts for a terminal.
 *
 * A verdict is a letter and a sign beside any colour. Layouts are tried from the
 * widest to the narrowest, and the first that fits is printed.
 */
#include "results/exporters/verdict/table.h"

#include <errno.h>
#include <libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/exporters/text.h"
#include "results/exporters/text_units.h"
#include "results/exporters/verdict/line.h"

#define ENTRY_BYTES 256
#define SPARKS_MAX 20
#define SPARK_LEVELS 8

/* What a table shows beside cell, effect and verdict. */
struct layout {
	bool is_wide; /* p50 and p99 side by side, not a line each */
	bool has_sparks;
	bool has_interval;
	bool has_values;
	const char *left_out; /* null: nothing */
};

static const struct layout layouts[] = {
	{true, true, true, true, NULL},
	{false, true, true, true, NULL},
	{false, false, true, true, "the rounds"},
	{false, false, false, true, "rounds and intervals"},
	{false, false, false, false, "rounds, intervals and both sides' values"},
};

enum { LAYOUTS_COUNT = sizeof(layouts) / sizeof(layouts[0]) };

static const char letters[] = {
	[COMPARISON_REGRESSED] = 'R', [COMPARISON_IMPROVED] = 'I',     [COMPARISON_SMALL] = 's',
	[COMPARISON_UNCHANGED] = '=', [COMPARISON_INCONCLUSIVE] = '?',
};

static const char *const colours[] = {
	[COMPARISON_REGRESSED] = "red",
	[COMPARISON_IMPROVED] = "green",
	[COMPARISON_INCONCLUSIVE] = "yellow",
};

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

void verdict_table_value(char *out, size_t out_bytes, double value, const struct verdict_pair *pair,
                         const struct verdict_style *style)
{
	if (pair->metric == RUN_THROUGHPUT)
		text_scaled(out, out_bytes, value, "/s");
	else
		text_time(out, out_bytes, value, style->is_utf8);
}

double verdict_table_percent(double share)
{
	double rounded = round(share * 1000.0) / 10.0;

	return rounded == 0.0 ? 0.0 : rounded;
}

static void print_interval(char *out, const struct comparison *c)
{
	if (isfinite(c->high))
		snprintf(out, ENTRY_BYTES, "[%+.1f, %+.1f]", verdict_table_percent(c->low),
		         verdict_table_percent(c->high));
	else
		snprintf(out, ENTRY_BYTES, "[none]");
}

void verdict_table_name(char *out, size_t out_bytes, const struct verdict_pair *pair,
                        const struct verdict_style *style)
{
	char name[ENTRY_BYTES];
	char whole[ENTRY_BYTES + 16];

	verdict_pair_name(pair, name, sizeof(name));
	snprintf(whole, sizeof(whole), "%s%s", pair->is_control ? "control: " : "", name);
	text_safe(out, out_bytes, whole, style->is_utf8);
}

/* The parts of a cell's name, in order; what follows them is not the default. */
enum part {
	PART_TRANSPORT,
	PART_WORKLOAD,
	PART_SIZE,
	PART_PLACEMENT,
	PART_WAIT,
	PART_MODEL,
	PARTS
};

/* Returns where a part of a name starts, and its length. PARTS: all the rest. */
static const char *find_part(const char *name, enum part part, size_t *length)
{
	for (enum part i = 0; i < part; i++) {
		name += strcspn(name, "/");
		name += *name == '/';
	}
	*length = part == PARTS ? strlen(name) : strcspn(name, "/");
	return name;
}

/* Writes a part of both names: {a,b} where they differ. Returns how long it is. */
static size_t print_part(char *out, size_t out_bytes, const struct verdict_pair *pair,
                         enum part part)
{
	size_t lengths[2];
	const char *a = find_part(pair->cells[0].name, part, &lengths[0]);
	const char *b = find_part(pair->cells[1].name, part, &lengths[1]);
	int printed;

	if (lengths[0] == lengths[1] && strncmp(a, b, lengths[0]) == 0)
		printed = snprintf(out, out_bytes, "%.*s", (int)lengths[0], a);
	else
		printed = snprintf(out, out_bytes, "{%.*s,%.*s}", (int)lengths[0], a,
		                   (int)lengths[1], b);
	return printed < 0 ? 0 : (size_t)printed;
}

/* Writes what a row of its own needs: pipe/64B, and what is not the default. */
static void print_cell(char *out, const struct verdict_pair *pair,
                       const struct verdict_style *style)
{
	char cell[2 * ENTRY_BYTES];
	size_t used = print_part(cell, sizeof(cell), pair, PART_TRANSPORT);
	char rest[ENTRY_BYTES];

	if (used < sizeof(cell) - 1)
		cell[used++] = '/';
	if (used < sizeof(cell))
		used += print_part(cell + used, sizeof(cell) - used, pair, PART_SIZE);
	if (used < sizeof(cell) - 1 && print_part(rest, sizeof(rest), pair, PARTS) > 0) {
		cell[used++] = '/';
		print_part(cell + used, sizeof(cell) - used, pair, PARTS);
	}
	out[0] = out[1] = ' ';
	text_safe(out + 2, ENTRY_BYTES - 2, cell, style->is_utf8);
}

/* Writes what the rows of a table share. */
static void print_title(char *out, size_t out_bytes, const struct verdict_pair *pair)
{
	char workload[ENTRY_BYTES];
	char wait[ENTRY_BYTES];
	char model[ENTRY_BYTES];

	print_part(workload, sizeof(workload), pair, PART_WORKLOAD);
	print_part(wait, sizeof(wait), pair, PART_WAIT);
	print_part(model, sizeof(model), pair, PART_MODEL);
	snprintf(out, out_bytes, "%s%s: %s, %s, %s",
	         pair->is_control ? "control, which neither side touches: " : "", workload,
	         pair->metric == RUN_THROUGHPUT ? "throughput as received" : "round-trip time",
	         wait, model);
}

struct sheet {
	struct libscols_table *table;
	struct libscols_line *line;
	size_t column;
	int ret;
};

static void sheet_line(struct sheet *sheet)
{
	sheet->line = sheet->ret == 0 ? scols_table_new_line(sheet->table, NULL) : NULL;
	sheet->column = 0;
	if (sheet->ret == 0 && !sheet->line)
		sheet->ret = -ENOMEM;
}

static void sheet_put(struct sheet *sheet, const char *text)
{
	if (sheet->ret == 0)
		sheet->ret = scols_line_set_data(sheet->line, sheet->column++, text);
}

static void sheet_colour(struct sheet *sheet, const char *colour)
{
	struct libscols_cell *cell =
		sheet->ret == 0 ? scols_line_get_cell(sheet->line, sheet->column - 1) : NULL;

	if (colour && cell)
		sheet->ret = scols_cell_set_color(cell, colour);
}

static void sheet_head(struct sheet *sheet, const char *title, bool is_number)
{
	if (sheet->ret == 0 &&
	    !scols_table_new_column(sheet->table, title, 0, is_number ? SCOLS_FL_RIGHT : 0))
		sheet->ret = -ENOMEM;
}

static void put_heads(struct sheet *sheet, const struct layout *layout, const char *what)
{
	char head[32];

	for (char arm = 'A'; arm <= 'B' && layout->has_values; arm++) {
		snprintf(head, sizeof(head), "%c%s%s", arm, what[0] != '\0' ? " " : "", what);
		sheet_head(sheet, head, true);
	}
	sheet_head(sheet, "EFFECT", true);
	if (layout->has_interval)
		sheet_head(sheet, "95 % CI", true);
	sheet_head(sheet, "V", false);
}

/* Both arms, effect, interval and letter of one row; blanks for a row that there isn't. */
static void put_row(struct sheet *sheet, const struct layout *layout,
                    const struct verdict_report *report, const struct verdict_row *row,
                    const struct verdict_style *style)
{
	const struct comparison *c = row ? &row->comparison : NULL;
	char entry[ENTRY_BYTES];

	if (!c || c->stage_count == 0) {
		for (int i = 0; i < 1 + 2 * layout->has_values + layout->has_interval; i++)
			sheet_put(sheet, row ? "-" : "");
		sheet_put(sheet, row ? "?" : "");
		return;
	}
	for (size_t arm = 0; arm < 2 && layout->has_values; arm++) {
		verdict_table_value(entry, sizeof(entry), row->values[arm],
		                    &report->pairs[row->pair], style);
		sheet_put(sheet, entry);
	}
	snprintf(entry, sizeof(entry), "%s %+.1f %%", sign_of(c->verdict, style),
	         verdict_table_percent(c->effect));
	sheet_put(sheet, entry);
	sheet_colour(sheet, colours[c->verdict]);
	if (layout->has_interval) {
		print_interval(entry, c);
		sheet_put(sheet, entry);
	}
	snprintf(entry, sizeof(entry), "%c", letters[c->verdict]);
	sheet_put(sheet, entry);
	sheet_colour(sheet, colours[c->verdict]);
}

/* Puts the lines of one pair. */
static void put_pair(struct sheet *sheet, const struct layout *layout,
                     const struct verdict_report *report, const struct verdict_pair *pair,
                     const struct verdict_style *style)
{
	size_t lines = layout->is_wide ? 1 : pair->rows_count;
	char entry[ENTRY_BYTES];

	for (size_t i = 0; i < lines; i++) {
		const struct verdict_row *row = &report->rows[pair->first_row + i];

		sheet_line(sheet);
		print_cell(entry, pair, style);
		sheet_put(sheet, i == 0 ? entry : "");
		if (layout->has_sparks) {
			print_sparks(entry, sizeof(entry), row, style);
			sheet_put(sheet, entry);
		}
		if (!layout->is_wide)
			sheet_put(sheet, verdict_quantile_name(row));
		put_row(sheet, layout, report, row, style);
		if (layout->is_wide && pair->metric == RUN_ROUND_TRIP)
			put_row(sheet, layout, report, pair->rows_count > 1 ? row + 1 : NULL,
			        style);
	}
}

/* The pairs of one table, by placement. */
struct group {
	const struct verdict_pair **pairs;
	size_t count;
};

static void fill(struct sheet *sheet, const struct layout *layout,
                 const struct verdict_report *report, const struct group *group,
                 const struct verdict_style *style)
{
	bool is_trip = group->pairs[0]->metric == RUN_ROUND_TRIP;
	char placement[ENTRY_BYTES] = "";

	sheet_head(sheet, "CELL", false);
	if (layout->has_sparks)
		sheet_head(sheet, "ROUNDS", false);
	if (!layout->is_wide)
		sheet_head(sheet, "Q", false);
	put_heads(sheet, layout, !layout->is_wide ? "" : is_trip ? "P50" : "RATE");
	if (layout->is_wide && is_trip)
		put_heads(sheet, layout, "P99");
	for (size_t i = 0; i < group->count; i++) {
		char entry[ENTRY_BYTES];

		print_part(entry, sizeof(entry), group->pairs[i], PART_PLACEMENT);
		if (strcmp(entry, placement) != 0) {
			snprintf(placement, sizeof(placement), "%s", entry);
			sheet_line(sheet);
			sheet_put(sheet, entry);
		}
		put_pair(sheet, layout, report, group->pairs[i], style);
	}
}

/* Returns the columns of the widest line. */
static size_t width_of(const char *text)
{
	size_t widest = 0;
	char line[4096];

	while (*text != '\0') {
		size_t bytes = strcspn(text, "\n");
		size_t kept = bytes;
		size_t width;

		while (kept > 0 && text[kept - 1] == ' ')
			kept--;
		snprintf(line, sizeof(line), "%.*s", (int)kept, text);
		width = text_width(line);
		widest = width > widest ? width : widest;
		text += bytes + (text[bytes] == '\n');
	}
	return widest;
}

/* Renders a group in a layout. *out is for free(). Returns 0, or -errno. */
static int render(const struct verdict_report *report, const struct group *group,
                  const struct layout *layout, const struct verdict_style *style, bool has_colour,
                  char **out)
{
	struct sheet sheet = {.table = scols_new_table()};
	int ret;

	if (!sheet.table)
		return -ENOMEM;
	scols_table_enable_colors(sheet.table, has_colour);
	scols_table_enable_ascii(sheet.table, !style->is_utf8);
	scols_table_set_column_separator(sheet.table, "  ");
	/* Nothing is cut: a layout that is too wide is not used. */
	scols_table_set_termforce(sheet.table, SCOLS_TERMFORCE_NEVER);
	fill(&sheet, layout, report, group, style);
	ret = sheet.ret;
	if (ret == 0 && scols_print_table_to_string(sheet.table, out) < 0)
		ret = -ENOMEM;
	scols_unref_table(sheet.table);
	return ret;
}

static int write_group(FILE *out, const struct verdict_report *report, const struct group *group,
                       const struct verdict_style *style)
{
	char title[4 * ENTRY_BYTES];
	char safe[4 * ENTRY_BYTES];
	char *text = NULL;
	size_t i = 0;
	int ret;

	for (;; i++) {
		ret = render(report, group, &layouts[i], style, false, &text);
		if (ret < 0 || style->width == 0 || width_of(text) <= style->width ||
		    i + 1 == LAYOUTS_COUNT)
			break;
		free(text);
	}
	/* Escapes have no width, but would be measured. */
	if (ret == 0 && style->has_colour) {
		free(text);
		ret = render(report, group, &layouts[i], style, true, &text);
	}
	if (ret < 0)
		return ret;
	print_title(title, sizeof(title), group->pairs[0]);
	fputc('\n', out);
	text_safe(safe, sizeof(safe), title, style->is_utf8);
	verdict_put_line(out, style, "%s", safe);
	text_lines(out, text);
	free(text);
	if (layouts[i].left_out)
		verdict_put_line(out, style, "Left out, at %zu columns: %s.", style->width,
		                 layouts[i].left_out);
	return 0;
}

static bool share_a_table(const struct verdict_pair *a, const struct verdict_pair *b)
{
	char titles[2][4 * ENTRY_BYTES];

	print_title(titles[0], sizeof(titles[0]), a);
	print_title(titles[1], sizeof(titles[1]), b);
	return strcmp(titles[0], titles[1]) == 0;
}

/* Takes the pairs that share a table with the first, those of one placement together. */
static void gather(const struct verdict_report *report, const struct verdict_pair *first,
                   struct group *out)
{
	char placement[ENTRY_BYTES];
	char other[ENTRY_BYTES];

	out->count = 0;
	for (size_t i = 0; i < report->pairs_count; i++) {
		const struct verdict_pair *pair = &report->pairs[i];
		size_t at = out->count;

		if (!share_a_table(first, pair))
			continue;
		print_part(placement, sizeof(placement), pair, PART_PLACEMENT);
		/* Behind the last one of its placement, if there is one. */
		for (size_t j = 0; j < out->count; j++) {
			print_part(other, sizeof(other), out->pairs[j], PART_PLACEMENT);
			if (strcmp(other, placement) == 0)
				at = j + 1;
		}
		memmove(&out->pairs[at + 1], &out->pairs[at],
		        (out->count - at) * sizeof(*out->pairs));
		out->pairs[at] = pair;
		out->count++;
	}
}

int verdict_table_write(FILE *out, const struct verdict_report *report,
                        const struct verdict_style *style)
{
	struct group group = {.pairs = calloc(report->pairs_count + 1, sizeof(*group.pairs))};
	int ret = group.pairs ? 0 : -ENOMEM;

	for (size_t i = 0; i < report->pairs_count && ret == 0; i++) {
		gather(report, &report->pairs[i], &group);
		if (group.pairs[0] == &report->pairs[i])
			ret = write_group(out, report, &group, style);
	}
	free(group.pairs);
	return ret;
}
