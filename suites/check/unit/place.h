/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/place.h - an empty history for a test, in a file or a database.
 *
 * The set-ups are CMocka's; *state is the struct place, with a folder for what else a
 * test needs, where the default history is, too. A test begins with place_need().
 */
#ifndef SUITES_CHECK_UNIT_PLACE_H
#define SUITES_CHECK_UNIT_PLACE_H

#include "results/store.h"
#include "suites/check/unit/folder.h"

#define PLACE_WHY_BYTES 512

struct place {
	struct folder *folder;
	char uri[PATH_MAX];
	bool is_shared;      /* a PostgreSQL database */
	const char *missing; /* why there is none, or null */
	char why[PLACE_WHY_BYTES];
};

int place_make_file(void **state);
int place_make_database(void **state);
int place_remove(void **state);

/* Skips the test with its cause, if this place can't be had. */
const struct place *place_need(void **state);

/* Opens the history; the test fails if it can't be. */
struct store *place_open(const struct place *place, enum store_access access);

/* Runs SQL on the history, past the store. */
void place_sql(const struct place *place, const char *sql);

#endif
