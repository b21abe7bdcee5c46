/* SPDX-License-Identifier: MIT */
/* suites/check/unit/place.c - an empty history for a test, in a file or a database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suites/check/unit/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>
#include <sqlite3.h>

#include "suites/check/unit/cluster.h"

static struct place *make(void)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place || folder_make((void **)&place->folder) < 0) {
		free(place);
		return NULL;
	}
	/* What a database does not take before it is whole is kept there. */
	setenv("XDG_DATA_HOME", place->folder->path, 1);
	return place;
}

int place_make_file(void **state)
{
	struct place *place = make();

	if (!place)
		return -1;
	folder_path(place->folder, place->uri, sizeof(place->uri), "history.db");
	*state = place;
	return 0;
}

/* Runs SQL in a database of the cluster. Returns whether it could be. */
static bool run_in(const char *uri, const char *sql)
{
	PGconn *connection = PQconnectdb(uri);
	PGresult *result = PQexec(connection, sql);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		fprintf(stderr, "%s: %s", sql, PQerrorMessage(connection));
	PQclear(result);
	PQfinish(connection);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

int place_make_database(void **state)
{
	struct place *place = make();
	const char *socket;

	if (!place)
		return -1;
	*state = place;
	place->is_shared = true;
	socket = cluster_socket(&place->missing);
	if (!socket)
		return 0;
	snprintf(place->uri, sizeof(place->uri), "postgresql://ipcbench@/postgres?host=%s", socket);
	/* What the test before left: to make a database anew takes ten times as long. */
	return run_in(place->uri, "SET client_min_messages=error;"
	                          " DROP SCHEMA IF EXISTS ipcbench CASCADE")
	               ? 0
	               : -1;
}

int place_remove(void **state)
{
	struct place *place = *state;
	int ret = folder_remove((void **)&place->folder);

	free(place);
	return ret;
}

const struct place *place_need(void **state)
{
	struct place *place = *state;

	if (place->missing) {
		print_message("skipped: %s\n", place->missing);
		skip();
	}
	return place;
}

struct store *place_open(const struct place *place, enum store_access access)
{
	struct store *store = NULL;
	char why[PLACE_WHY_BYTES] = "";

	if (store_open(&store, place->uri, access, why, sizeof(why)) < 0)
		fail_msg("%s", why);
	return store;
}

void place_sql(const struct place *place, const char *sql)
{
	char prefixed[8192];
	sqlite3 *db;
	char *error = NULL;

	if (place->is_shared) {
		snprintf(prefixed, sizeof(prefixed), "SET search_path=ipcbench,public; %s", sql);
		assert_true(run_in(place->uri, prefixed));
		return;
	}
	assert_int_equal(sqlite3_open(place->uri, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
	sqlite3_close(db);
}
