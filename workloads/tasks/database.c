/* SPDX-License-Identifier: MIT */
/*
 * workloads/tasks/database.c - transactions and queries of one SQLite file.
 *
 * A task is one transaction: the worker's own rows are replaced, and read back
 * together with a part of a table that nobody changes. Writers wait for each other,
 * as those of one file do; the log is synced to the disk at each commit.
 */
#include "workloads/tasks/task.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "workloads/tasks/folder.h"

#define BUSY_LIMIT_MS 4000
#define PATH_BYTES 208u

/* A result: three sums that only the right rows give. */
struct answer {
	int64_t fixed_sum;
	int64_t own_count;
	int64_t own_sum;
};

enum statement {
	STATEMENT_BEGIN,
	STATEMENT_DELETE,
	STATEMENT_INSERT,
	STATEMENT_OWN,
	STATEMENT_FIXED,
	STATEMENT_COMMIT,
	STATEMENTS,
};

static const char *const texts[STATEMENTS] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_DELETE] = "DELETE FROM entry WHERE worker = ?1",
	[STATEMENT_INSERT] = "INSERT INTO entry(worker, number, value) VALUES(?1, ?2, ?3)",
	[STATEMENT_OWN] = "SELECT count(*), sum(value) FROM entry WHERE worker = ?1",
	[STATEMENT_FIXED] = "SELECT sum(value) FROM fixed WHERE id % 7 = ?1",
	[STATEMENT_COMMIT] = "COMMIT",
};

struct connection {
	sqlite3 *database;
	sqlite3_stmt *statements[STATEMENTS];
};

static int fail(struct task_peer *self, sqlite3 *database, const char *what)
{
	return task_fail(self, -EIO, "%s: %s", what,
	                 database ? sqlite3_errmsg(database) : "out of memory");
}

static void database_path(const struct task_peer *self, char *out)
{
	snprintf(out, PATH_BYTES, "%s/work.db", self->shared->text);
}

static int open_file(struct task_peer *self, sqlite3 **out)
{
	char path[PATH_BYTES];

	database_path(self, path);
	if (sqlite3_open_v2(path, out,
	                    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
	                    NULL) != SQLITE_OK ||
	    sqlite3_busy_timeout(*out, BUSY_LIMIT_MS) != SQLITE_OK ||
	    sqlite3_exec(*out, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL", NULL, NULL,
	                 NULL) != SQLITE_OK)
		return fail(self, *out, "the database can't be opened");
	return 0;
}

static int database_start(struct task_peer *self)
{
	static const char schema[] =
		"CREATE TABLE fixed(id INTEGER PRIMARY KEY, value INTEGER NOT NULL);"
		"CREATE TABLE entry(worker INTEGER, number INTEGER, value INTEGER,"
		" PRIMARY KEY(worker, number)) WITHOUT ROWID;"
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
		" INSERT INTO fixed SELECT i, i * i FROM n;";
	sqlite3 *database = NULL;
	int ret = work_folder_make(self);

	if (ret < 0)
		return ret;
	ret = open_file(self, &database);
	if (ret == 0 && sqlite3_exec(database, schema, NULL, NULL, NULL) != SQLITE_OK)
		ret = fail(self, database, "the tables can't be made");
	sqlite3_close(database);
	if (ret < 0)
		work_folder_remove(self);
	return ret;
}

static void database_close(struct task_peer *self)
{
	struct connection *own = self->own;

	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(own->statements[i]);
	sqlite3_close(own->database);
	sqlite3_free(own);
}

static int database_open(struct task_peer *self)
{
	struct connection *own = sqlite3_malloc(sizeof(*own));
	int ret;

	if (!own)
		return task_fail(self, -ENOMEM, "no memory for a connection");
	*own = (struct connection){0};
	self->own = own;
	ret = open_file(self, &own->database);
	for (size_t i = 0; i < STATEMENTS && ret == 0; i++) {
		if (sqlite3_prepare_v3(own->database, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
		                       &own->statements[i], NULL) != SQLITE_OK)
			ret = fail(self, own->database, texts[i]);
	}
	if (ret < 0)
		database_close(self);
	return ret;
}

/* Runs a statement with up to three numbers. Its first row, if any, is left in out. */
static int step(struct task_peer *self, enum statement which, const int64_t *values, int count,
                int64_t *out, int out_count)
{
	struct connection *own = self->own;
	sqlite3_stmt *statement = own->statements[which];
	int code;

	for (int i = 0; i < count; i++)
		sqlite3_bind_int64(statement, i + 1, values[i]);
	code = sqlite3_step(statement);
	for (int i = 0; i < out_count && code == SQLITE_ROW; i++)
		out[i] = sqlite3_column_int64(statement, i);
	sqlite3_reset(statement);
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		return fail(self, own->database, texts[which]);
	return 0;
}

/* One transaction, from its begin to its commit. */
static int transact(struct task_peer *self, uint32_t index, struct answer *answer)
{
	const int64_t worker = self->index;
	const int64_t part = index;
	int64_t own[2] = {0};
	int ret = step(self, STATEMENT_BEGIN, NULL, 0, NULL, 0);

	if (ret == 0)
		ret = step(self, STATEMENT_DELETE, &worker, 1, NULL, 0);
	for (uint32_t i = 0; i < self->amount && ret == 0; i++)
		ret = step(self, STATEMENT_INSERT,
		           (const int64_t[]){worker, i, (int64_t)i * (index + 1)}, 3, NULL, 0);
	if (ret == 0)
		ret = step(self, STATEMENT_OWN, &worker, 1, own, 2);
	if (ret == 0)
		ret = step(self, STATEMENT_FIXED, &part, 1, &answer->fixed_sum, 1);
	if (ret == 0)
		ret = step(self, STATEMENT_COMMIT, NULL, 0, NULL, 0);
	answer->own_count = own[0];
	answer->own_sum = own[1];
	return ret;
}

static size_t database_bytes_max(uint32_t amount)
{
	(void)amount;
	return sizeof(struct answer);
}

static ssize_t database_make(struct task_peer *self, uint32_t index, void *input)
{
	(void)self;
	memcpy(input, &index, sizeof(index));
	return sizeof(index);
}

static ssize_t database_compute(struct task_peer *self, const void *input, size_t input_bytes,
                                void *result)
{
	struct answer answer = {0};
	uint32_t index;
	int ret;

	if (input_bytes != sizeof(index))
		return task_fail(self, -EBADMSG, "%zu bytes name no query", input_bytes);
	memcpy(&index, input, sizeof(index));
	/* Released for the whole of it, as CPython's sqlite3 does for each step. */
	task_wait_begin(self);
	ret = transact(self, index, &answer);
	task_wait_end(self);
	if (ret < 0)
		return ret;
	memcpy(result, &answer, sizeof(answer));
	return sizeof(answer);
}

const struct task task_database = {
	.name = "database",
	.summary = "transactions and queries of one SQLite file, synced at each commit",
	.amount_unit = "rows written by a transaction",
	.amount_default = 20,
	.amount_max = 100000,
	.amount_light = 0,
	.input_count = 7,
	.explanation = "A task is one transaction: a worker replaces its own rows, counts and sums "
		       "them and a part of a table that nobody changes, and commits. There is one "
		       "file in $TMPDIR or /var/tmp; writers wait for each other.",
	.bytes_max = database_bytes_max,
	.start = database_start,
	.stop = work_folder_remove,
	.open = database_open,
	.close = database_close,
	.make = database_make,
	.compute = database_compute,
};
