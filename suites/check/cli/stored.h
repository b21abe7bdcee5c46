/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/stored.h - the figures of a history, worked out apart from ipcbench.
 *
 * From the rows of runs and peers alone, by SQL and a few lines of arithmetic, so
 * that a report can be held against what was stored.
 */
#ifndef CHECK_CLI_STORED_H
#define CHECK_CLI_STORED_H

#include <stdbool.h>
#include <stddef.h>

#define STORED_ROUNDS_MAX 32
#define STORED_TEXT_BYTES 64

/* One cell; a figure of a round is NAN where it has none. */
struct stored_cell {
	char name[192];
	bool is_trip;
	size_t rounds;
	size_t rounds_failed;
	long long batch;
	long long samples[STORED_ROUNDS_MAX];
	double quantiles[4][STORED_ROUNDS_MAX]; /* p50, p90, p99, p99.9 */
	double min[STORED_ROUNDS_MAX];
	double max[STORED_ROUNDS_MAX];
	double messages[STORED_ROUNDS_MAX];
	double bytes[STORED_ROUNDS_MAX];
	size_t peers;
	double cpu[2][STORED_ROUNDS_MAX];      /* of the first two peers */
	double switches[2][STORED_ROUNDS_MAX]; /* of these */
};

/* Reads all cells of the only session. Returns how many; *out is for free(). */
size_t stored_read(const char *path, struct stored_cell **out);

/* Returns the cell called name, or null. */
const struct stored_cell *stored_find(const struct stored_cell *cells, size_t count,
                                      const char *name);

/* Returns the median over rounds of the figure that a report calls key, or NAN. */
double stored_figure(const struct stored_cell *cell, const char *key);

/*
 * Writes what a report must show of a figure: one sum of all peers, or each of two. Returns
 * false for a key that is no figure.
 */
bool stored_text(const struct stored_cell *cell, const char *key, bool by_peer, char *out,
                 size_t out_bytes);

#endif
