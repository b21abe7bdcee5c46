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

/* What the store keeps prepared. */
enum store_statement {
	STATEMENT_MACHINE,
	STATEMENT_ENVIRONMENT,
	STATEMENT_SUBJECT,
	STATEMENT_CELL,
	STATEMENT_SESSION,
	STATEMENT_RUN,
	STATEMENT_PEER,
	STATEMENT_SKIP,
	STATEMENT_NOTE,
	STATEMENT_FINISH,
	STATEMENT_COUNT,
};

struct store_sqlite {
	struct store base;
	sqlite3 *db;
	char *path;
	uint64_t deadline_ns;  /* of the query in hand, CLOCK_MONOTONIC; 0: none */
	sqlite3_int64 session; /* row of the session begun, or 0 */
	sqlite3_int64 subject; /* what it measures */
	sqlite3_stmt *statements[STATEMENT_COUNT];
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

/* Reads a session (store_sqlite_read.c). */
int store_sqlite_read(struct store *store, const char *reference, const struct store_reader *reader,
                      char *why, size_t why_bytes);
int store_sqlite_sessions(struct store *store, const char *environment_key,
                          char (*out)[SESSION_UUID_BYTES], size_t max, size_t *count, char *why,
                          size_t why_bytes);

/* The schema (store_schema.c): each text takes a history from its version to the next. */
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
