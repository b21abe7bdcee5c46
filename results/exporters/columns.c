/* SPDX-License-Identifier: MIT */
/* results/exporters/columns.c - what the tables of all formats show of a cell. */
#include "results/exporters/columns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "results/exporters/sparkline.h"
#include "results/exporters/text_units.h"

static void print_transport(char *out, const struct report_cell *cell, bool is_utf8)
{
	char name[RUN_NAME_BYTES + RUN_ARM_BYTES];
	size_t length;

	snprintf(name, sizeof(name), "%s%s%s", cell->cell.transport, cell->arm[0] ? " " : "",
	         cell->arm);
	text_safe(out, COLUMN_ENTRY_BYTES - 1, name, is_utf8);
	length = strlen(out);
	if (cell->batch > 1)
		memcpy(out + length, "*", 2);
}

/* The third part of the cell's name is its size as people write it. */
static void print_size(char *out, const struct report_cell *cell, bool is_utf8)
{
	const char *part = strchr(cell->cell.name, '/');

	(void)is_utf8;
	part = part ? strchr(part + 1, '/') : NULL;
	if (part)
		snprintf(out, COLUMN_ENTRY_BYTES, "%.*s", (int)strcspn(part + 1, "/"), part + 1);
	else
		snprintf(out, COLUMN_ENTRY_BYTES, "%lluB",
		         (unsigned long long)cell->cell.size_bytes);
}

static void print_placement(char *out, const struct report_cell *cell, bool is_utf8)
{
	text_safe(out, COLUMN_ENTRY_BYTES, cell->cell.placement, is_utf8);
}

static void print_wait(char *out, const struct report_cell *cell, bool is_utf8)
{
	text_safe(out, COLUMN_ENTRY_BYTES, cell->cell.wait, is_utf8);
}

static void print_model(char *out, const struct report_cell *cell, bool is_utf8)
{
	text_safe(out, COLUMN_ENTRY_BYTES, cell->cell.model, is_utf8);
}

static void print_params(char *out, const struct report_cell *cell, bool is_utf8)
{
	text_safe(out, COLUMN_ENTRY_BYTES, cell->cell.params, is_utf8);
}

static void print_min(char *out, const struct report_cell *cell, bool is_utf8)
{
	text_time(out, COLUMN_ENTRY_BYTES, cell->quantiles_ns[0].is_known ? cell->min_ns : NAN,
	          is_utf8);
}

static void print_max(char *out, const struct report_cell *cell, bool is_utf8)
{
	text_time(out, COLUMN_ENTRY_BYTES, cell->quantiles_ns[0].is_known ? cell->max_ns : NAN,
	          is_utf8);
}

static void print_quantile(char *out, const struct report_cell *cell, bool is_utf8, size_t q)
{
	text_time(out, COLUMN_ENTRY_BYTES,
	          cell->is_resolved[q] ? cell->quantiles_ns[q].median : NAN, is_utf8);
}

static void print_p50(char *out, const struct report_cell *cell, bool is_utf8)
{
	print_quantile(out, cell, is_utf8, 0);
}

static void print_p90(char *out, const struct report_cell *cell, bool is_utf8)
{
	print_quantile(out, cell, is_utf8, 1);
}

static void print_p99(char *out, const struct report_cell *cell, bool is_utf8)
{
	print_quantile(out, cell, is_utf8, 2);
}

static void print_p999(char *out, const struct report_cell *cell, bool is_utf8)
{
	print_quantile(out, cell, is_utf8, 3);
}

/* Half of what lies between the quartiles of the rounds, in percent of the median. */
static void print_spread(char *out, const struct report_cell *cell, bool is_utf8)
{
	const struct report_figure *figure =
		cell->metric == RUN_ROUND_TRIP ? &cell->quantiles_ns[0] : &cell->messages_per_s;

	text_spread(out, COLUMN_ENTRY_BYTES, report_spread(figure, cell->rounds), is_utf8);
}

static void print_messages(char *out, const struct report_cell *cell, bool is_utf8)
{
	(void)is_utf8;
	text_scaled(out, COLUMN_ENTRY_BYTES,
	            cell->messages_per_s.is_known ? cell->messages_per_s.median : NAN, "/s");
}

static void print_bytes(char *out, const struct report_cell *cell, bool is_utf8)
{
	(void)is_utf8;
	text_plain(out, COLUMN_ENTRY_BYTES,
	           cell->bytes_per_s.is_known ? cell->bytes_per_s.median / 1e6 : NAN);
}

static double known(const struct report_figure *figure)
{
	return figure->is_known ? figure->median : NAN;
}

static void print_cpu(char *out, const struct report_cell *cell, bool is_utf8)
{
	char first[TEXT_NUMBER_BYTES];
	char second[TEXT_NUMBER_BYTES];

	if (cell->peer_count != 2) {
		text_time(out, COLUMN_ENTRY_BYTES, known(&cell->cpu_ns_per_message), is_utf8);
		return;
	}
	text_time(first, sizeof(first), known(&cell->peers[0].cpu_ns_per_message), is_utf8);
	text_time(second, sizeof(second), known(&cell->peers[1].cpu_ns_per_message), is_utf8);
	snprintf(out, COLUMN_ENTRY_BYTES, "%s + %s", first, second);
}

static void print_switches(char *out, const struct report_cell *cell, bool is_utf8)
{
	char first[TEXT_NUMBER_BYTES];
	char second[TEXT_NUMBER_BYTES];

	(void)is_utf8;
	if (cell->peer_count != 2) {
		text_plain(out, COLUMN_ENTRY_BYTES, known(&cell->switches_per_message));
		return;
	}
	text_plain(first, sizeof(first), known(&cell->peers[0].switches_per_message));
	text_plain(second, sizeof(second), known(&cell->peers[1].switches_per_message));
	snprintf(out, COLUMN_ENTRY_BYTES, "%s + %s", first, second);
}

static void print_batch(char *out, const struct report_cell *cell, bool is_utf8)
{
	(void)is_utf8;
	if (cell->batch > 1)
		snprintf(out, COLUMN_ENTRY_BYTES, "%llu", (unsigned long long)cell->batch);
	else
		out[0] = '\0';
}

static void print_rounds(char *out, const struct report_cell *cell, bool is_utf8)
{
	(void)is_utf8;
	if (cell->rounds_failed > 0)
		snprintf(out, COLUMN_ENTRY_BYTES, "%u of %u!", cell->rounds,
		         cell->rounds + cell->rounds_failed);
	else
		snprintf(out, COLUMN_ENTRY_BYTES, "%u", cell->rounds);
}

/* The p50, or the rate, of each round. */
static void print_by_round(char *out, const struct report_cell *cell, bool is_utf8)
{
	const double *values = cell->metric == RUN_ROUND_TRIP ? cell->p50_ns_by_round
	                                                      : cell->messages_per_s_by_round;

	sparkline_write(out, COLUMN_ENTRY_BYTES, values, cell->rounds, is_utf8);
}

const struct column report_columns[REPORT_COLUMNS] = {
	{"TRANSPORT", "transport", COLUMN_NAME, 0, print_transport},
	{"SIZE", "size", COLUMN_SETTING, 0, print_size},
	{"PLACEMENT", "placement", COLUMN_SETTING, 0, print_placement},
	{"WAIT", "wait", COLUMN_SETTING, 0, print_wait},
	{"MODEL", "model", COLUMN_SETTING, 0, print_model},
	{"OTHER", "other", COLUMN_SETTING, 0, print_params},
	{"MIN", "min", COLUMN_TRIP, 4, print_min},
	{"P50", "p50", COLUMN_TRIP, 0, print_p50},
	{"SPREAD", "spread", COLUMN_TRIP, 2, print_spread},
	{"P90", "p90", COLUMN_TRIP, 5, print_p90},
	{"P99", "p99", COLUMN_TRIP, 1, print_p99},
	{"P99.9", "p99.9", COLUMN_TRIP, 3, print_p999},
	{"MAX", "max", COLUMN_TRIP, 6, print_max},
	{"MESSAGES", "messages", COLUMN_THROUGHPUT, 0, print_messages},
	{"SPREAD", "spread", COLUMN_THROUGHPUT, 2, print_spread},
	{"MB/s", "bytes", COLUMN_THROUGHPUT, 1, print_bytes},
	{"CPU", "cpu", COLUMN_FIGURE, 7, print_cpu},
	{"SWITCHES", "switches", COLUMN_FIGURE, 8, print_switches},
	{"BATCH", "batch", COLUMN_FIGURE, 11, print_batch},
	{"ROUNDS", "rounds", COLUMN_FIGURE, 10, print_rounds},
	{"BY ROUND", "by_round", COLUMN_FIGURE, 9, print_by_round},
};

size_t column_fill(const struct report_cell *const *cells, size_t cells_count, bool is_utf8,
                   char (*entries)[COLUMN_ENTRY_BYTES], bool is_shown[REPORT_COLUMNS])
{
	enum column_kind metric =
		cells[0]->metric == RUN_ROUND_TRIP ? COLUMN_TRIP : COLUMN_THROUGHPUT;
	size_t shown = 0;

	for (size_t i = 0; i < REPORT_COLUMNS; i++) {
		const struct column *column = &report_columns[i];
		char(*mine)[COLUMN_ENTRY_BYTES] = entries + i * cells_count;
		bool is_constant = true;

		for (size_t row = 0; row < cells_count; row++) {
			column->print(mine[row], cells[row], is_utf8);
			is_constant = is_constant && strcmp(mine[row], mine[0]) == 0;
		}
		if (column->kind == COLUMN_SETTING)
			is_shown[i] = !is_constant;
		else if (column->kind == COLUMN_FIGURE)
			is_shown[i] = mine[0][0] != '\0' || !is_constant;
		else
			is_shown[i] = column->kind == COLUMN_NAME || column->kind == metric;
		shown += is_shown[i];
	}
	return shown;
}
