/* SPDX-License-Identifier: MIT */
/* results/store_sqlite.h - what the files of the SQLite store share. Private. */
#ifndef RESULTS_STORE_SQLITE_H
#define RESULTS_STORE_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/store_backend.h"

#define STORE_BUSY_MS 5000
#define STORE_APPLICATION_ID 0x69706342 /* "ipcB" */

#define STORE_STATEMENTS_MAX 32

/* A statement that is kept prepared, and its rows while it runs. */
struct store_sqlite_rows {
	struct store_rows base;
	const char *sql;
	sqlite3_stmt *statement;
};

struct store_sqlite {
	struct store base;
	sqlite3 *db;
	uint64_t deadline_ns; /* of the reading in hand, CLOCK_MONOTONIC; 0: none */
	struct store_sqlite_rows statements[STORE_STATEMENTS_MAX];
	size_t statements_count;
};

/* Returns CLOCK_MONOTONIC in nanoseconds. */
uint64_t store_sqlite_now_ns(void);

/*
 * Says in why what the last error of db means for the file at path, with the
 * remedy, in one line. Returns the -errno for it.
 */
int store_sqlite_fail(sqlite3 *db, const char *path, char *why, size_t why_bytes);

/* Runs SQL that has no results. Returns 0, or -errno as store_sqlite_fail(). */
int store_sqlite_exec(struct store_sqlite *self, const char *sql, char *why, size_t why_bytes);

/* Reads the first column of the first row of sql. Returns 0, or -errno as store_sqlite_fail(). */
int store_sqlite_integer(struct store_sqlite *self, const char *sql, sqlite3_int64 *out, char *why,
                         size_t why_bytes);

/* Opens a history (store_sqlite_open.c). */
int store_sqlite_open(struct store **out, const char *path, enum store_access access, char *why,
                      size_t why_bytes);
void store_sqlite_close(struct store *store);

/* The schema (store_sqlite_schema.c): each text takes a history from its version to the next. */
extern const char *const store_schema_migrations[];
extern const int store_schema_version;

/*
 * Brings a history to version by migrations, in one transaction. Safe for several
 * processes at once: the first one does it. Returns 0, or -errno.
 */
int store_schema_migrate(struct store_sqlite *self, const char *const *migrations, int version,
                         char *why, size_t why_bytes);

/*
 * Says whether the file is a history that this program can use: new and empty (only
 * if may_be_new), or of its application id and no newer schema. Returns 0, or
 * -errno: -EBADMSG, -EPROTO.
 */
int store_schema_check(struct store_sqlite *self, bool may_be_new, char *why, size_t why_bytes);

#endif
