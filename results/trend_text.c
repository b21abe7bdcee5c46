/* SPDX-License-Identifier: MIT */
/* results/trend_text.c - histories as a table, with their segments and changes below. */
#include "results/trend_write.h"

#include <errno.h>
#include <libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "results/exporters/sparkline.h"
#include "results/exporters/text_units.h"

#define ENTRY_BYTES 256
#define NS_PER_S 1000000000u

static void put_value(char out[static ENTRY_BYTES], const struct trend_series *series, double value,
                      const struct verdict_style *style)
{
	if (series->metric == RUN_THROUGHPUT)
		text_scaled(out, ENTRY_BYTES, value, "/s");
	else
		text_time(out, ENTRY_BYTES, value, style->is_utf8);
}

/* Writes a level as the series has it: a ratio in percent of the anchor, or a figure. */
static void put_level(char out[static ENTRY_BYTES], const struct trend_series *series, double level,
                      const struct verdict_style *style)
{
	if (series->is_ratio)
		snprintf(out, ENTRY_BYTES, "%.1f %%", level * 100.0);
	else
		put_value(out, series, level, style);
}

static void put_date(char out[static 16], uint64_t ns)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm utc;

	out[0] = '\0';
	if (gmtime_r(&seconds, &utc))
		strftime(out, 16, "%Y-%m-%d", &utc);
}

static int put_sparks(char out[static ENTRY_BYTES], const struct trend_series *series,
                      const struct verdict_style *style)
{
	double *figures = calloc(series->points_count + 1, sizeof(*figures));

	if (!figures)
		return -ENOMEM;
	for (size_t i = 0; i < series->points_count; i++)
		figures[i] = series->is_ratio ? series->points[i].ratio : series->points[i].value;
	sparkline_write(out, ENTRY_BYTES, figures, series->points_count, style->is_utf8);
	free(figures);
	return 0;
}

/* Says what the changes of a series come to. */
static void put_changes(char out[static ENTRY_BYTES], const struct trend_series *series)
{
	size_t alarms = 0;

	for (size_t i = 0; i < series->changes_count; i++)
		alarms += trend_is_alarm(series, &series->changes[i]);
	if (alarms > 0)
		snprintf(out, ENTRY_BYTES, "%zu slower!", alarms);
	else if (series->changes_count > 0)
		snprintf(out, ENTRY_BYTES, "%zu", series->changes_count);
	else
		snprintf(out, ENTRY_BYTES, "%s", series->is_low_power ? "- (low power)" : "-");
}

static int fill_line(struct libscols_table *table, const struct trend_series *series,
                     const struct verdict_style *style)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	const struct trend_point *last =
		series->points_count > 0 ? &series->points[series->points_count - 1] : NULL;
	char entries[7][ENTRY_BYTES] = {""};
	int ret = line ? put_sparks(entries[3], series, style) : -ENOMEM;

	text_safe(entries[0], ENTRY_BYTES, series->cell.name, style->is_utf8);
	snprintf(entries[1], ENTRY_BYTES, "%s", trend_quantile_name(series->quantile));
	snprintf(entries[2], ENTRY_BYTES, "%zu", series->points_count);
	if (last)
		put_value(entries[4], series, last->value, style);
	if (series->is_ratio && series->segments_count > 0)
		put_level(entries[5], series, series->segments[series->segments_count - 1].level,
		          style);
	else
		snprintf(entries[5], ENTRY_BYTES, "-");
	put_changes(entries[6], series);
	for (size_t i = 0; i < 7 && ret == 0; i++)
		ret = scols_line_set_data(line, i, entries[i]);
	return ret;
}

static int write_table(FILE *out, const struct trend *trend, const struct verdict_style *style)
{
	static const struct {
		const char *title;
		bool is_number;
	} heads[] = {{"CELL", false}, {"Q", false},        {"SESSIONS", true}, {"HISTORY", false},
	             {"LAST", true},  {"OF ANCHOR", true}, {"CHANGES", false}};
	struct libscols_table *table = scols_new_table();
	int ret = table ? 0 : -ENOMEM;

	if (ret < 0)
		return ret;
	scols_table_set_stream(table, out);
	scols_table_enable_ascii(table, !style->is_utf8);
	scols_table_set_column_separator(table, "  ");
	/* A line is never cut: a terminal wraps it. */
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]) && ret == 0; i++) {
		if (!scols_table_new_column(table, heads[i].title, 0,
		                            heads[i].is_number ? SCOLS_FL_RIGHT : 0))
			ret = -ENOMEM;
	}
	for (size_t i = 0; i < trend->series_count && ret == 0; i++)
		ret = fill_line(table, &trend->series[i], style);
	if (ret == 0 && scols_print_table(table) < 0)
		ret = -EIO;
	scols_unref_table(table);
	return ret;
}

/* Says why a segment starts. */
static const char *reason(const struct trend_series *series, const struct trend_segment *segment)
{
	switch (segment->why) {
	case TREND_ENVIRONMENT:
		return "another environment, as a kernel or its settings: no alarm";
	case TREND_ANCHOR:
		return "another anchor: no alarm";
	case TREND_CHANGE:
		return series->is_ratio ? "a change"
		                        : "a change, or another day: there is no anchor";
	default:
		return "the first";
	}
}

static void write_segments(FILE *out, const struct trend_series *series,
                           const struct verdict_style *style)
{
	char level[ENTRY_BYTES];
	char from[16];
	char to[16];

	for (size_t i = 0; i < series->segments_count; i++) {
		const struct trend_segment *segment = &series->segments[i];

		put_level(level, series, segment->level, style);
		put_date(from, series->points[segment->start].started_ns);
		put_date(to, series->points[segment->start + segment->count - 1].started_ns);
		fprintf(out, "  %s .. %s  %4zu %s  %s%s  %s\n", from, to, segment->count,
		        segment->count == 1 ? "session " : "sessions", level,
		        series->is_ratio ? " of the anchor" : "", reason(series, segment));
	}
}

static void write_changes(FILE *out, const struct trend_series *series,
                          const struct verdict_style *style)
{
	for (size_t i = 0; i < series->changes_count; i++) {
		const struct trend_change *change = &series->changes[i];
		const struct trend_point *after = &series->points[change->index];
		bool is_worse = change->effect > 0.0;
		char note[ENTRY_BYTES];
		char date[16];

		put_date(date, after->started_ns);
		text_safe(note, sizeof(note), change->note, style->is_utf8);
		fprintf(out, "  %s  %s %s %+.1f %%  p %.3f  %.12s -> %.12s  %s%s%s%s\n", change->id,
		        date, is_worse ? "slower" : "faster", change->effect * 100.0, change->p,
		        after[-1].build, after->build,
		        series->is_ratio ? trend_state_name(change->state) : "not anchored",
		        note[0] ? " (" : "", note, note[0] ? ")" : "");
	}
}

int trend_text_write(FILE *out, const struct trend *trend, const struct verdict_style *style)
{
	size_t alarms = 0;
	size_t anchored = 0;
	int ret = write_table(out, trend, style);

	for (size_t i = 0; i < trend->series_count && ret == 0; i++) {
		const struct trend_series *series = &trend->series[i];
		char name[ENTRY_BYTES];

		anchored += series->is_ratio;
		for (size_t j = 0; j < series->changes_count; j++)
			alarms += trend_is_alarm(series, &series->changes[j]);
		if (series->segments_count < 2)
			continue;
		text_safe(name, sizeof(name), series->cell.name, style->is_utf8);
		fprintf(out, "\n%s %s\n", name, trend_quantile_name(series->quantile));
		write_segments(out, series, style);
		write_changes(out, series, style);
	}
	if (ret < 0)
		return ret;
	fprintf(out, "\n%zu series, %zu of them against an anchor; %zu %s slower and unexplained\n",
	        trend->series_count, anchored, alarms, alarms == 1 ? "change" : "changes");
	if (alarms > 0)
		fputs("'ipcbench trend confirm ID' measures the two builds beside each other; "
		      "'trend "
		      "accept|reject ID --note TEXT' settles it\n",
		      out);
	if (anchored < trend->series_count)
		fputs("without an anchor a change may be the machine's: 'ipcbench anchor set "
		      "BUILD', "
		      "then 'anchor run'\n",
		      out);
	return ferror(out) ? -EIO : 0;
}
