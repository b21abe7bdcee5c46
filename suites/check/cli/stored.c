/* SPDX-License-Identifier: MIT */
/* suites/check/cli/stored.c - the figures of a history, worked out apart from ipcbench. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suites/check/cli/stored.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

static const char *const quantile_keys[] = {"p50", "p90", "p99", "p99.9"};
static const double quantile_values[] = {0.5, 0.9, 0.99, 0.999};

static double real_at(sqlite3_stmt *row, int column)
{
	return sqlite3_column_type(row, column) == SQLITE_NULL ? NAN
	                                                       : sqlite3_column_double(row, column);
}

static sqlite3_stmt *prepare(sqlite3 *history, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(history, sql, -1, &statement, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(history));
	return statement;
}

/* Reads the first two peers of a round, a message. */
static void read_peers(sqlite3_stmt *peers, sqlite3_int64 cell_id, sqlite3_int64 round,
                       struct stored_cell *cell)
{
	size_t at = cell->rounds;

	sqlite3_reset(peers);
	sqlite3_bind_int64(peers, 1, cell_id);
	sqlite3_bind_int64(peers, 2, round);
	cell->peers = 0;
	while (sqlite3_step(peers) == SQLITE_ROW) {
		if (cell->peers < 2) {
			cell->cpu[cell->peers][at] = real_at(peers, 0);
			cell->switches[cell->peers][at] = real_at(peers, 1);
		}
		cell->peers++;
	}
}

static void read_round(sqlite3_stmt *row, sqlite3_stmt *peers, struct stored_cell *cell)
{
	size_t at = cell->rounds;

	if (sqlite3_column_type(row, 2) != SQLITE_NULL) {
		cell->rounds_failed++;
		return;
	}
	assert_true(at < STORED_ROUNDS_MAX);
	cell->is_trip = strcmp((const char *)sqlite3_column_text(row, 3), "round_trip") == 0;
	cell->samples[at] = sqlite3_column_int64(row, 4);
	cell->batch = sqlite3_column_int64(row, 5);
	for (int q = 0; q < 4; q++)
		cell->quantiles[q][at] = real_at(row, 6 + q);
	cell->min[at] = real_at(row, 10);
	cell->max[at] = real_at(row, 11);
	cell->messages[at] = real_at(row, 12);
	cell->bytes[at] = real_at(row, 13);
	read_peers(peers, sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 14), cell);
	cell->rounds++;
}

size_t stored_read(const char *path, struct stored_cell **out)
{
	struct stored_cell *cells = NULL;
	size_t count = 0;
	sqlite3_stmt *peers;
	sqlite3_stmt *row;
	sqlite3 *history;

	assert_int_equal(sqlite3_open_v2(path, &history, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	row = prepare(history,
	              "SELECT c.id, c.name, r.failure, r.metric, r.n, r.batch, r.p50_ns, r.p90_ns,"
	              " r.p99_ns, r.p999_ns, r.min_ns, r.max_ns, r.messages_per_s, r.bytes_per_s,"
	              " r.round FROM run r JOIN cell c ON c.id=r.cell_id"
	              " ORDER BY c.name, r.stage, r.round");
	peers = prepare(history,
	                "SELECT 1.0*(p.cpu_user_ns+p.cpu_sys_ns)/r.messages,"
	                " 1.0*(p.nvcsw+p.nivcsw)/r.messages FROM peer p JOIN run r ON"
	                " r.session_id=p.session_id AND r.cell_id=p.cell_id AND r.round=p.round"
	                " AND r.stage=p.stage AND r.arm=p.arm WHERE p.cell_id=? AND p.round=?"
	                " ORDER BY p.number");
	while (sqlite3_step(row) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(row, 1);

		if (count == 0 || strcmp(cells[count - 1].name, name) != 0) {
			cells = realloc(cells, (count + 1) * sizeof(*cells));
			assert_non_null(cells);
			memset(&cells[count], 0, sizeof(*cells));
			snprintf(cells[count++].name, sizeof(cells->name), "%s", name);
		}
		read_round(row, peers, &cells[count - 1]);
	}
	sqlite3_finalize(row);
	sqlite3_finalize(peers);
	sqlite3_close(history);
	*out = cells;
	return count;
}

const struct stored_cell *stored_find(const struct stored_cell *cells, size_t count,
                                      const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(cells[i].name, name) == 0)
			return &cells[i];
	}
	return NULL;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

/* Returns the quantile of the rounds (definition 7 of Hyndman and Fan). */
static double over_rounds(const struct stored_cell *cell, const double *values, double p)
{
	double sorted[STORED_ROUNDS_MAX];
	double position = p * (double)(cell->rounds - 1);
	size_t below = (size_t)position;

	if (cell->rounds == 0)
		return NAN;
	memcpy(sorted, values, cell->rounds * sizeof(*sorted));
	qsort(sorted, cell->rounds, sizeof(*sorted), compare);
	if (below + 1 >= cell->rounds)
		return sorted[cell->rounds - 1];
	return sorted[below] + (position - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* Says whether at least 20 values of all rounds lie beyond a quantile. */
static bool is_resolved(const struct stored_cell *cell, double p)
{
	long long beyond = 0;

	for (size_t i = 0; i < cell->rounds; i++)
		beyond += cell->samples[i] - (long long)ceil(p * (double)cell->samples[i] - 1e-6);
	return beyond >= 20;
}

/* Sums the peers of each round, then takes the median. */
static double sum_of_peers(const struct stored_cell *cell,
                           const double values[2][STORED_ROUNDS_MAX])
{
	double sums[STORED_ROUNDS_MAX] = {0};

	for (size_t i = 0; i < cell->rounds; i++)
		sums[i] = values[0][i] + (cell->peers > 1 ? values[1][i] : 0.0);
	return over_rounds(cell, sums, 0.5);
}

static double extreme(const struct stored_cell *cell, const double *values, int sign)
{
	double found = values[0];

	for (size_t i = 1; i < cell->rounds; i++) {
		if (sign * (values[i] - found) > 0.0)
			found = values[i];
	}
	return found;
}

static double spread(const struct stored_cell *cell)
{
	const double *values = cell->is_trip ? cell->quantiles[0] : cell->messages;

	return (over_rounds(cell, values, 0.75) - over_rounds(cell, values, 0.25)) / 2.0 /
	       over_rounds(cell, values, 0.5) * 100.0;
}

double stored_figure(const struct stored_cell *cell, const char *key)
{
	for (int q = 0; q < 4; q++) {
		if (strcmp(key, quantile_keys[q]) == 0)
			return is_resolved(cell, quantile_values[q])
			               ? over_rounds(cell, cell->quantiles[q], 0.5)
			               : NAN;
	}
	if (strcmp(key, "min") == 0)
		return extreme(cell, cell->min, -1);
	if (strcmp(key, "max") == 0)
		return extreme(cell, cell->max, 1);
	if (strcmp(key, "messages") == 0)
		return over_rounds(cell, cell->messages, 0.5);
	if (strcmp(key, "bytes") == 0)
		return over_rounds(cell, cell->bytes, 0.5);
	if (strcmp(key, "cpu") == 0)
		return sum_of_peers(cell, cell->cpu);
	if (strcmp(key, "switches") == 0)
		return sum_of_peers(cell, cell->switches);
	if (strcmp(key, "spread") == 0)
		return spread(cell);
	return NAN;
}

/* Writes three significant digits, with a blank and a unit that counts in thousands. */
static void write_number(char *out, size_t out_bytes, double value, const char *const *units)
{
	int decimals;
	size_t unit = 0;

	if (isnan(value)) {
		snprintf(out, out_bytes, "-");
		return;
	}
	while (units && unit < 3 && value >= 999.5) {
		value /= 1000.0;
		unit++;
	}
	decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
	snprintf(out, out_bytes, "%.*f%s%s", decimals, value, units ? " " : "",
	         units ? units[unit] : "");
}

bool stored_text(const struct stored_cell *cell, const char *key, bool by_peer, char *out,
                 size_t out_bytes)
{
	static const char *const times[] = {"ns", "µs", "ms", "s"};
	static const char *const rates[] = {"/s", "k/s", "M/s", "G/s"};
	bool is_peers = strcmp(key, "cpu") == 0 || strcmp(key, "switches") == 0;
	const char *const *units = strcmp(key, "switches") == 0   ? NULL
	                           : strcmp(key, "messages") == 0 ? rates
	                                                          : times;

	if (strcmp(key, "rounds") == 0) {
		if (cell->rounds_failed > 0)
			snprintf(out, out_bytes, "%zu of %zu!", cell->rounds,
			         cell->rounds + cell->rounds_failed);
		else
			snprintf(out, out_bytes, "%zu", cell->rounds);
	} else if (strcmp(key, "batch") == 0) {
		snprintf(out, out_bytes, cell->batch > 1 ? "%lld" : "", cell->batch);
	} else if (strcmp(key, "spread") == 0) {
		if (cell->rounds < 2)
			snprintf(out, out_bytes, "-");
		else
			snprintf(out, out_bytes, "±%.1f %%", spread(cell));
	} else if (strcmp(key, "bytes") == 0) {
		write_number(out, out_bytes, stored_figure(cell, key) / 1e6, NULL);
	} else if (is_peers && by_peer && cell->peers == 2) {
		const double(*values)[STORED_ROUNDS_MAX] = units ? cell->cpu : cell->switches;
		char first[STORED_TEXT_BYTES];
		char second[STORED_TEXT_BYTES];

		write_number(first, sizeof(first), over_rounds(cell, values[0], 0.5), units);
		write_number(second, sizeof(second), over_rounds(cell, values[1], 0.5), units);
		snprintf(out, out_bytes, "%.30s + %.30s", first, second);
	} else if (isnan(stored_figure(cell, key)) && (key[0] != 'p' || !strchr("59", key[1]))) {
		return false;
	} else {
		write_number(out, out_bytes, stored_figure(cell, key), units);
	}
	return true;
}
