/* SPDX-License-Identifier: MIT */
/*
 * results/store.h - the history: what was measured, kept for later sessions.
 *
 * A file path names an SQLite history; postgresql://... or postgres://... names a
 * PostgreSQL database that a fleet shares. Both keep the same tables and answer alike.
 * Several processes may use one history at once; a struct store is for one thread.
 *
 * Writing: begin, append and skip, finish. In a file each call is a transaction, so
 * that a crash loses at most the round in hand and never what was there before. A
 * database gets whole sessions only: until it is finished, a session is kept in the
 * user's default history, and then it is copied in one transaction.
 *
 * Reading, from the whole to the parts:
 *   store_list()     sessions in order of time, with environment, keys and builds
 *   store_history()  the figures of each cell in each session, a series after the other;
 *                    no histogram is decoded, so thousands of series are quick
 *   store_read()     one session: every round with its histogram, arms and peers
 */
#ifndef RESULTS_STORE_H
#define RESULTS_STORE_H

#include <stddef.h>

#include "results/run.h"
#include "results/session.h"

struct store;

enum store_access {
	STORE_READ,  /* an absent history is an error; nothing is written or migrated */
	STORE_WRITE, /* created (folders too) and migrated if need be; checked to be writable */
};

/*
 * Opens the history at path. Null is the default: $XDG_DATA_HOME/ipcbench/history.db,
 * or $HOME/.local/share/ipcbench/history.db.
 *
 * To open checks the pages of the file for at most one second. To write is tried
 * before it succeeds. To read leaves nothing beside the file, and works where this
 * user may only read.
 *
 * On success *out is the caller's, to be given to store_close(). It may be kept
 * across fork(), but the child must not use it. Returns 0, or -errno with one line
 * in why that names the file and the remedy: -ENOENT (absent, or no HOME), -EACCES,
 * -EROFS, -ENOSPC, -EISDIR, -ENOTDIR, -EINVAL (not a regular file, or no path),
 * -ENAMETOOLONG, -EBADMSG (not a history of this program, or damaged), -EPROTO
 * (another schema, mostly newer), -EBUSY (locked for 5 s), -ENOMEM.
 */
int store_open(struct store **out, const char *path, enum store_access access, char *why,
               size_t why_bytes);

/* Closes it. Null is allowed. A session still open is left as "running". */
void store_close(struct store *store);

/*
 * Writes the session's row, before anything is measured. One session at a time.
 * Returns 0, or -errno with a cause in why: -ENOSPC, -EROFS, -EBUSY, -EEXIST (the uuid
 * is known), -EINVAL (an unknown kind; for the calls below, no session is open).
 */
int store_begin(struct store *store, const struct session *session, char *why, size_t why_bytes);

/* Appends runs of the open session in one transaction: all or none. Errors as store_begin(). */
int store_append(struct store *store, const struct run *runs, size_t runs_count, char *why,
                 size_t why_bytes);

/* Appends a cell that could not be measured, and why. Errors as store_begin(). */
int store_skip(struct store *store, const struct run_cell *cell, const char *reason, char *why,
               size_t why_bytes);

/*
 * Appends what the open session says as a whole: a kind ("claim") and a body of JSON.
 * They come back in this order. Errors as store_begin().
 */
int store_note(struct store *store, const char *kind, const char *body, char *why,
               size_t why_bytes);

/* Closes the session's row with its status and end time. Errors as store_begin(). */
int store_finish(struct store *store, const char *status, char *why, size_t why_bytes);

/*
 * Begins a session that is known whole, with its status and end. What is appended is
 * there after store_finish_whole(), all in one transaction, and not before; nothing is
 * after store_abandon() or a crash. The transaction shuts other writers out: have the
 * runs at hand. Returns as store_begin(); -EEXIST leaves no session open.
 */
int store_begin_whole(struct store *store, const struct session *session, char *why,
                      size_t why_bytes);
int store_finish_whole(struct store *store, char *why, size_t why_bytes);
void store_abandon(struct store *store);

/*
 * Lists the sessions of kind "run" that were measured in an environment, by its key,
 * newest first: at most max of them. Returns 0, or -errno with a cause in why: -EBADMSG.
 */
int store_sessions(struct store *store, const char *environment_key,
                   char (*out)[SESSION_UUID_BYTES], size_t max, size_t *count, char *why,
                   size_t why_bytes);

/* Which sessions, and which of their cells. What is null or 0 restricts nothing. */
struct store_query {
	const char *kind;            /* run, ab, anchor or selftest */
	const char *machine_key;     /* as in struct environment */
	const char *environment_key; /* as in struct environment */
	const char *git_sha;         /* the start of the commit of one of the arms */
	const char *cell;            /* the whole name of a cell; for store_list(): measured there */
	uint64_t since_ns;           /* started then or later, CLOCK_REALTIME */
	uint64_t until_ns;           /* started before */
	size_t newest;               /* only so many, the newest of those that the rest leaves */
};

/*
 * Calls session for each session that a query names, the oldest first (by start,
 * then uuid), unfinished ones ("running") too. Its strings, environment and subjects
 * last for the call. Returns 0, what session returned if it is not 0, or -errno with a
 * cause in why: -EBADMSG (damaged), -ENOMEM, -EIO.
 */
int store_list(struct store *store, const struct store_query *query,
               int (*session)(void *context, const struct session *session), void *context,
               char *why, size_t why_bytes);

/* The figures that a point has. */
enum store_figure {
	STORE_P50, /* nanoseconds an operation, as are the next */
	STORE_P90,
	STORE_P99,
	STORE_P999,
	STORE_RATE, /* messages a second */
	STORE_FIGURES,
};

/* What one session found of one cell, in one arm and stage, over its rounds. */
struct store_point {
	const struct session *session;         /* with environment and subjects */
	const struct session_subject *subject; /* of this arm; one of the session's */
	const struct run_cell *cell;           /* with the version of the harness */
	const char *cell_key;                  /* the series is its, on one machine */
	enum run_metric metric;
	char arm[8];
	uint32_t stage;
	uint32_t rounds;                /* that did not fail */
	double figures[STORE_FIGURES];  /* median over rounds of the round's own; NAN: none */
	double of_first[STORE_FIGURES]; /* arm "B": median of the same round's B / A; else NAN */
};

/*
 * Calls point for each cell, arm and stage of the finished sessions that a query names.
 * Points of one cell and machine come together, by stage, arm and then as store_list()
 * orders sessions, so that a series is read front to back. All that a point shows but
 * its numbers lasts until this returns, the point for the call. Returns as store_list().
 */
int store_history(struct store *store, const struct store_query *query,
                  int (*point)(void *context, const struct store_point *point), void *context,
                  char *why, size_t why_bytes);

/* What store_read() calls; each returns 0, or -errno to stop. Pointers last for the call. */
struct store_reader {
	void *context;
	int (*session)(void *context, const struct session *session);
	int (*run)(void *context, const struct run *run);
	int (*skip)(void *context, const struct run_cell *cell, const char *reason);
	int (*note)(void *context, const char *kind, const char *body);
};

/*
 * Reads one session: reference is "latest", or a uuid, or the start of one.
 *
 * Returns 0, what a reader's function returned, or -errno with a cause in why:
 * -ENOENT (no such session), -ENOTUNIQ (several begin so), -EBADMSG (damaged).
 */
int store_read(struct store *store, const char *reference, const struct store_reader *reader,
               char *why, size_t why_bytes);

#endif
