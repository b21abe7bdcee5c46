/* SPDX-License-Identifier: MIT */
/*
 * results/store_backend.h - what a kind of store provides. Private to results/store*.c.
 *
 * A backend is a connection to an SQL database that has the tables of store_schema.h:
 * transactions, statements with values, rows. What a session is, and how it becomes
 * rows, is written once above it. SQL is what both databases take, with $1, $2 ... in
 * this order as parameters.
 */
#ifndef RESULTS_STORE_BACKEND_H
#define RESULTS_STORE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/environment.h"
#include "results/store.h"

/* What the backends say of their waits. */
#define STORE_READ_NS 60000000000u /* most time for the reading of one call */

/* A value of a parameter. What it points to must last for the call. */
struct store_value {
	enum { STORE_NULL, STORE_INTEGER, STORE_REAL, STORE_TEXT, STORE_BLOB } kind;
	union {
		int64_t integer;
		double real;
		const char *text;
		const void *blob;
	} as;
	size_t bytes; /* of a blob */
};

enum store_transaction {
	STORE_BEGIN_READ,  /* what is read is of one moment */
	STORE_BEGIN_WRITE, /* shuts other writers out; -EBUSY after a while */
	STORE_COMMIT,
	STORE_ROLLBACK, /* says nothing, and is allowed where none was begun */
};

/* Rows of an answer; each backend embeds it first in its own. */
struct store_rows {
	struct store *store;
};

struct store_backend {
	const char *const *prefixes; /* of the names that it opens, null last; "": of all others */
	bool is_shared;              /* takes whole sessions only; see store.h */
	int (*open)(struct store **out, const char *path, enum store_access access, char *why,
	            size_t why_bytes);
	void (*close)(struct store *store);
	/* Returns 0, or -errno with a cause in why, as the next two do. */
	int (*transaction)(struct store *store, enum store_transaction what, char *why,
	                   size_t why_bytes);
	/*
	 * Starts a statement. sql is static, since it is kept prepared by its address. On
	 * success *out is for end(), before the same statement is started again.
	 */
	int (*query)(struct store *store, const char *sql, const struct store_value *values,
	             size_t values_count, struct store_rows **out, char *why, size_t why_bytes);
	/* Goes to the next row: 1, or 0 after the last one, or -errno. */
	int (*next)(struct store_rows *rows, char *why, size_t why_bytes);
	void (*end)(struct store_rows *rows);
	/* A column of the row in hand, from 0. Null reads as 0, NAN, "" and no bytes. */
	int64_t (*integer)(struct store_rows *rows, int column);
	double (*real)(struct store_rows *rows, int column);
	const char *(*text)(struct store_rows *rows, int column); /* lasts until next() */
	const void *(*blob)(struct store_rows *rows, int column, size_t *bytes);
};

/* Embedded first in each backend's own struct. */
struct store {
	const struct store_backend *backend;
	char *name;                         /* in messages; without a password */
	int64_t session;                    /* row of the session begun, or 0 */
	int64_t subjects[SESSION_ARMS_MAX]; /* rows of what its arms measure */
	bool is_whole;                      /* it is written in one transaction, which is open */
	struct store *spool;                /* keeps the open session of a shared one */
	char uuid[SESSION_UUID_BYTES];      /* of that session */
};

extern const struct store_backend store_backend_sqlite;
extern const struct store_backend store_backend_postgres;

/* Makes values. A number that is not finite, and a null string, become null and "". */
struct store_value store_value_null(void);
struct store_value store_value_integer(uint64_t number); /* as the signed one of the same bits */
struct store_value store_value_real(double number);
struct store_value store_value_text(const char *text);
struct store_value store_value_blob(const void *data, size_t bytes);

/* Runs a statement to its end; *out is the integer that its first row has, unless null. */
int store_run(struct store *store, const char *sql, const struct store_value *values,
              size_t values_count, int64_t *out, char *why, size_t why_bytes);

/* Says that what stands in the store is not what was written. Returns -EBADMSG. */
int store_damaged(const struct store *store, const char *what, char *why, size_t why_bytes);

/* Copies the text of a column. Returns whether it fits. */
bool store_copy_text(char *out, size_t out_bytes, struct store_rows *rows, int column);

/* The columns of a session, in the order that store_session_at() reads, and their tables. */
#define STORE_SESSION_COLUMNS                                                                      \
	" s.id, s.uuid, s.kind, s.started_ns, s.ended_ns, s.seed, s.argv, s.tool, s.doctor,"       \
	" s.status, s.extra, e.key, e.canon, m.key, m.canon,"                                      \
	" a.git_sha, a.git_dirty, a.build_id, a.compiler, a.cflags,"                               \
	" b.git_sha, b.git_dirty, b.build_id, b.compiler, b.cflags"
#define STORE_SESSION_TABLES                                                                       \
	" session s JOIN environment e ON e.id=s.environment_id"                                   \
	" JOIN machine m ON m.id=e.machine_id"                                                     \
	" LEFT JOIN session_arm sa ON sa.session_id=s.id AND sa.arm='A'"                           \
	" LEFT JOIN subject a ON a.id=sa.subject_id"                                               \
	" LEFT JOIN session_arm sb ON sb.session_id=s.id AND sb.arm='B'"                           \
	" LEFT JOIN subject b ON b.id=sb.subject_id"

/*
 * Reads a session from the row in hand; its environment is the caller's *environment.
 * Strings are the row's. Returns 0, or -EBADMSG said.
 */
int store_session_at(struct session *out, struct environment *environment, struct store_rows *rows,
                     char *why, size_t why_bytes);

/* The columns of a cell, at the end of every query that has one, and what reads them. */
#define STORE_CELL_COLUMNS                                                                         \
	" c.name, c.transport, c.workload, c.size, c.in_flight, c.rate_hz, c.wait, c.placement,"   \
	" c.model, c.params, c.harness"
bool store_cell_at(struct run_cell *out, struct store_rows *rows, int first);

/* The parts of the calls of store.h that are the same for every backend. */
int store_write_begin(struct store *store, const struct session *session, bool is_whole, char *why,
                      size_t why_bytes);
int store_write_append(struct store *store, const struct run *runs, size_t runs_count, char *why,
                       size_t why_bytes);
int store_write_skip(struct store *store, const struct run_cell *cell, const char *reason,
                     char *why, size_t why_bytes);
int store_write_note(struct store *store, const char *kind, const char *body, char *why,
                     size_t why_bytes);
int store_write_finish(struct store *store, const char *status, char *why, size_t why_bytes);

#endif
