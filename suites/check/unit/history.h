/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/history.h - histories of the made-up session, for the tests of the store.
 *
 * Names are below the test's folder. Only what says so may be called in a child.
 */
#ifndef SUITES_CHECK_UNIT_HISTORY_H
#define SUITES_CHECK_UNIT_HISTORY_H

#include "results/environment.h"
#include "results/store.h"
#include "suites/check/unit/folder.h"

#define HISTORY_WHY_BYTES 512
#define HISTORY_ROUNDS 4

/* What the store last said. */
extern char history_why[HISTORY_WHY_BYTES];

/* What a reader saw. */
struct history_seen {
	struct session session; /* its strings are gone */
	char key[ENVIRONMENT_KEY_BYTES];
	size_t sessions;
	size_t runs;
	size_t skips;
	size_t notes;
	char last_note[64]; /* kind and body */
	struct run last;    /* its histogram and cell are gone */
	char last_cell[RUN_CELL_BYTES];
	uint64_t last_p50;
	int answer; /* what the run function returns */
};

/*
 * Reads a session of the history at path. Returns what store_open() or store_read()
 * does; -EDOM if a text is not the made-up one. A child may call it.
 */
int history_read(const char *path, const char *reference, struct history_seen *seen);

/* Begins the made-up session with another last digit of its uuid. A child may call it. */
int history_begin(struct store *store, char digit);

/* Appends a round of the made-up pipe cell. A child may call it. */
int history_append(struct store *store, uint32_t round);

/* Opens the history called name to write. */
struct store *history_open(const struct folder *folder, const char *name);

/* Stores a whole session of HISTORY_ROUNDS rounds and a skip. */
void history_store(const struct folder *folder, const char *name, char digit);

/* Asserts that a history can't be opened, and that one line names the file and has word. */
void history_assert_refused(const struct folder *folder, const char *name, enum store_access access,
                            int error, const char *word);

#endif
