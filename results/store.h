/* SPDX-License-Identifier: MIT */
/*
 * results/store.h - the history: what was measured, kept for later sessions.
 *
 * A file path names an SQLite history. Rounds are appended in transactions, so
 * that a crash loses at most the round in hand and never what was there before.
 * Several processes may use one history at once; a struct store is for one thread.
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
 * Lists the sessions of kind "run" that were measured in an environment, by its key,
 * newest first: at most max of them. Returns 0, or -errno with a cause in why: -EBADMSG.
 */
int store_sessions(struct store *store, const char *environment_key,
                   char (*out)[SESSION_UUID_BYTES], size_t max, size_t *count, char *why,
                   size_t why_bytes);

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
