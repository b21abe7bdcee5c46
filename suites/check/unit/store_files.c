/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/store_files.c - files that are no history, of another schema, or
 * damaged: each is refused or survived, and left as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "results/store_sqlite.h"
#include "suites/check/unit/history.h"

static void what_is_no_history_is_refused_and_left_alone(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_MAX];
	sqlite3 *db;

	folder_write(folder, "letter.txt", "Dear history, this is no database.\n", 35);
	folder_write(folder, "short", "x", 1);
	folder_path(folder, path, sizeof(path), "pipe");
	assert_int_equal(mkfifo(path, 0600), 0);
	folder_path(folder, path, sizeof(path), "folder");
	assert_int_equal(mkdir(path, 0700), 0);
	folder_path(folder, path, sizeof(path), "browser.db");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE visit(url)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	for (enum store_access access = STORE_READ; access <= STORE_WRITE; access++) {
		history_assert_refused(folder, "letter.txt", access, -EBADMSG, "not a history");
		history_assert_refused(folder, "short", access, -EBADMSG, "not a history");
		history_assert_refused(folder, "browser.db", access, -EBADMSG, "not a history");
		history_assert_refused(folder, "folder", access, -EISDIR, "a folder");
		history_assert_refused(folder, "pipe", access, -EINVAL, "device or pipe");
		history_assert_refused(folder, "letter.txt/x", access, -ENOTDIR, "--store");
	}
	assert_int_equal(folder_size(folder, "letter.txt"), 35);
	assert_int_equal(folder_size(folder, "letter.txt-wal"), -1);
	assert_int_equal(folder_size(folder, "browser.db-wal"), -1);
}

static void an_absent_or_empty_history_can_not_be_read(void **state)
{
	const struct folder *folder = *state;

	folder_write(folder, "empty.db", "", 0);
	history_assert_refused(folder, "absent.db", STORE_READ, -ENOENT, "no such file");
	history_assert_refused(folder, "empty.db", STORE_READ, -EBADMSG, "empty");
	assert_int_equal(folder_size(folder, "absent.db"), -1);
	/* To write, an empty file is a new history. */
	history_store(folder, "empty.db", 'a');
}

static void a_newer_schema_is_refused_and_left_alone(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_MAX];
	struct history_seen seen = {0};
	char pragma[64];
	sqlite3 *db;

	history_store(folder, "history.db", 'a');
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL);
	sqlite3_close(db);
	history_assert_refused(folder, "history.db", STORE_WRITE, -EPROTO, "newer");
	history_assert_refused(folder, "history.db", STORE_READ, -EPROTO, "newer");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%d", store_schema_version);
	sqlite3_exec(db, pragma, NULL, NULL, NULL);
	sqlite3_close(db);
	assert_int_equal(history_read(path, "latest", &seen), 0);
	assert_int_equal(seen.runs, HISTORY_ROUNDS);
}

static void migrations_are_applied_once_each_or_not_at_all(void **state)
{
	/* Behind those that the history has had. */
	const char *made_up[16] = {NULL};
	int known = store_schema_version;
	const struct folder *folder = *state;
	struct store *store = history_open(folder, "history.db");
	struct store_sqlite *self = (struct store_sqlite *)store;
	sqlite3_int64 number;

	assert_in_range(known, 1, 14);
	made_up[known] = "CREATE TABLE second(x INTEGER) STRICT; INSERT INTO second VALUES(2);";
	made_up[known + 1] = "CREATE TABLE third(x INTEGER) STRICT; INSERT INTO absent VALUES(3);";
	for (int again = 0; again < 2; again++)
		assert_int_equal(store_schema_migrate(self, made_up, known + 1, history_why,
		                                      sizeof(history_why)),
		                 0);
	assert_int_equal(store_sqlite_integer(self, "SELECT count(*) FROM second", &number,
	                                      history_why, sizeof(history_why)),
	                 0);
	assert_int_equal(number, 1);
	assert_int_equal(
		store_schema_migrate(self, made_up, known + 2, history_why, sizeof(history_why)),
		-EBADMSG);
	assert_int_equal(store_sqlite_integer(self, "PRAGMA user_version", &number, history_why,
	                                      sizeof(history_why)),
	                 0);
	assert_int_equal(number, known + 1);
	assert_int_equal(store_sqlite_integer(self,
	                                      "SELECT count(*) FROM sqlite_schema"
	                                      " WHERE name='third'",
	                                      &number, history_why, sizeof(history_why)),
	                 0);
	assert_int_equal(number, 0);
	store_close(store);
}

/* Reads whatever the file at path is. Returns 0 unless it did what it must not. */
static int survives(const char *path)
{
	struct history_seen seen = {0};
	int ret = history_read(path, "latest", &seen);

	/* -EDOM is our own reader's: a text that was altered and yet well formed. */
	return ret == 0 || ret == -EBADMSG || ret == -EPROTO || ret == -ENOENT || ret == -EIO ||
	                       ret == -EDOM || ret == -ENOTUNIQ
	               ? 0
	               : ret;
}

static void any_damage_is_survived(void **state)
{
	const struct folder *folder = *state;
	long bytes;
	char path[PATH_MAX];
	unsigned char *whole;
	uint64_t random = 1;

	history_store(folder, "history.db", 'a');
	bytes = folder_size(folder, "history.db");
	whole = malloc((size_t)bytes);
	folder_read(folder, "history.db", whole, (size_t)bytes);
	folder_path(folder, path, sizeof(path), "damaged.db");
	for (long cut = 0; cut < bytes; cut += 512) {
		folder_write(folder, "damaged.db", whole, (size_t)cut);
		assert_int_equal(survives(path), 0);
	}
	for (unsigned trial = 0; trial < 1000; trial++) {
		size_t at;
		unsigned char before;

		random = random * 6364136223846793005u + 1442695040888963407u;
		/* Every other one hits the first page, where the schema stands. */
		at = (size_t)((random >> 33) % (uint64_t)(trial % 2 ? bytes : 4096));
		before = whole[at];
		whole[at] ^= (unsigned char)(1u << (random >> 20 & 7));
		folder_write(folder, "damaged.db", whole, (size_t)bytes);
		whole[at] = before;
		assert_int_equal(survives(path), 0);
	}
	free(whole);
}

static void a_log_that_is_not_its_own_is_not_taken_in(void **state)
{
	static unsigned char noise[8192];
	const struct folder *folder = *state;
	struct history_seen seen = {0};
	char path[PATH_MAX];

	memset(noise, 0xa5, sizeof(noise));
	folder_write(folder, "alone.db-wal", noise, sizeof(noise));
	history_assert_refused(folder, "alone.db", STORE_READ, -ENOENT, "no such file");
	history_store(folder, "history.db", 'a');
	folder_write(folder, "history.db-wal", noise, sizeof(noise));
	folder_path(folder, path, sizeof(path), "history.db");
	assert_int_equal(history_read(path, "latest", &seen), 0);
	assert_int_equal(seen.runs, HISTORY_ROUNDS);
}

static void a_view_or_trigger_in_place_of_a_table_is_refused(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_MAX];
	struct history_seen seen = {0};
	struct store *store = NULL;
	sqlite3 *db;

	history_store(folder, "view.db", 'a');
	folder_path(folder, path, sizeof(path), "view.db");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
	                              "ALTER TABLE session RENAME TO hidden;"
	                              "CREATE VIEW session AS SELECT * FROM hidden",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(history_read(path, "latest", &seen), -EBADMSG);

	history_store(folder, "trigger.db", 'a');
	folder_path(folder, path, sizeof(path), "trigger.db");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
	                              "CREATE TRIGGER t AFTER INSERT ON session BEGIN"
	                              " DELETE FROM peer; DELETE FROM run; END",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_open(&store, path, STORE_WRITE, history_why, sizeof(history_why)),
	                 0);
	assert_int_equal(history_begin(store, 'b'), 0);
	store_close(store);
	assert_int_equal(history_read(path, "7b0e1c52-0b6f-4c1d-9a3e-5d1f00c0ffea", &seen), 0);
	assert_int_equal(seen.runs, HISTORY_ROUNDS);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

const struct CMUnitTest unit_store_files_tests[] = {
	CASE(what_is_no_history_is_refused_and_left_alone),
	CASE(an_absent_or_empty_history_can_not_be_read),
	CASE(a_newer_schema_is_refused_and_left_alone),
	CASE(migrations_are_applied_once_each_or_not_at_all),
	CASE(any_damage_is_survived),
	CASE(a_log_that_is_not_its_own_is_not_taken_in),
	CASE(a_view_or_trigger_in_place_of_a_table_is_refused),
};
const size_t unit_store_files_tests_count =
	sizeof(unit_store_files_tests) / sizeof(unit_store_files_tests[0]);
