/* SPDX-License-Identifier: MIT */
/*
 * results/store_mark.h - what people say of what is stored: names, judgements, anchors.
 *
 * A mark has a kind and a name, which is unique in its kind. Marks are all that in a
 * history may be changed and removed.
 */
#ifndef RESULTS_STORE_MARK_H
#define RESULTS_STORE_MARK_H

#include "results/store.h"

#define STORE_MARK_BASELINE "baseline" /* name: the baseline's; value: a session's uuid */
#define STORE_MARK_CHANGE "change"     /* name: a change's id; value: a session's uuid */
#define STORE_MARK_ANCHOR "anchor"     /* name: a machine's key; value: a program's path */

/* Strings are never null when read. */
struct store_mark {
	const char *kind;
	const char *name;
	const char *value;
	const char *state; /* a word, or empty */
	const char *note;  /* one line, or empty */
	uint64_t created_ns;
};

/*
 * Sets a mark, in place of one that has its kind and name. The store was opened to
 * write. Returns 0, or -errno with a cause in why, as store_begin().
 */
int store_mark_set(struct store *store, const struct store_mark *mark, char *why, size_t why_bytes);

/* Removes a mark. Returns 0, or -errno with a cause in why; -ENOENT (none has this name). */
int store_mark_remove(struct store *store, const char *kind, const char *name, char *why,
                      size_t why_bytes);

/*
 * Calls mark for each mark of a kind, by name; its strings last for the call. Returns 0,
 * what mark returned if that is not 0, or -errno with a cause in why, as store_list().
 */
int store_mark_list(struct store *store, const char *kind,
                    int (*mark)(void *context, const struct store_mark *mark), void *context,
                    char *why, size_t why_bytes);

#endif
