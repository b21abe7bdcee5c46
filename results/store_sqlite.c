/* SPDX-License-Identifier: MIT */
/* results/store_sqlite.c - transactions, statements and rows of a history in an SQLite file. */
#include "results/store_sqlite.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

static int sqlite_transaction(struct store *store, enum store_transaction what, char *why,
                              size_t why_bytes)
{
	static const char *const sql[] = {
		[STORE_BEGIN_READ] = "BEGIN",
		[STORE_BEGIN_WRITE] = "BEGIN IMMEDIATE",
		[STORE_COMMIT] = "COMMIT",
	};
	struct store_sqlite *self = (struct store_sqlite *)store;

	self->deadline_ns = 0;
	if (what == STORE_ROLLBACK) {
		sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
		return 0;
	}
	if (what == STORE_BEGIN_READ)
		self->deadline_ns = store_sqlite_now_ns() + STORE_READ_NS;
	return store_sqlite_exec(self, sql[what], why, why_bytes);
}

static int bind(sqlite3_stmt *statement, int index, const struct store_value *value)
{
	switch (value->kind) {
	case STORE_INTEGER:
		return sqlite3_bind_int64(statement, index, value->as.integer);
	case STORE_REAL:
		return sqlite3_bind_double(statement, index, value->as.real);
	case STORE_TEXT:
		return sqlite3_bind_text(statement, index, value->as.text, -1, SQLITE_STATIC);
	case STORE_BLOB:
		return sqlite3_bind_blob64(statement, index, value->as.blob, value->bytes,
		                           SQLITE_STATIC);
	case STORE_NULL:
		break;
	}
	return sqlite3_bind_null(statement, index);
}

/* Finds the statement that was prepared from sql, or prepares it. Null after a failure. */
static struct store_sqlite_rows *prepare(struct store_sqlite *self, const char *sql)
{
	size_t i = 0;

	while (i < self->statements_count && self->statements[i].sql != sql)
		i++;
	if (i == STORE_STATEMENTS_MAX)
		return NULL;
	if (i == self->statements_count) {
		struct store_sqlite_rows *made = &self->statements[i];

		if (sqlite3_prepare_v3(self->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
		                       &made->statement, NULL) != SQLITE_OK)
			return NULL;
		made->base.store = &self->base;
		made->sql = sql;
		self->statements_count++;
	}
	return &self->statements[i];
}

static int sqlite_query(struct store *store, const char *sql, const struct store_value *values,
                        size_t values_count, struct store_rows **out, char *why, size_t why_bytes)
{
	struct store_sqlite *self = (struct store_sqlite *)store;
	struct store_sqlite_rows *rows = prepare(self, sql);
	int code = rows ? SQLITE_OK : SQLITE_ERROR;

	for (size_t i = 0; i < values_count && code == SQLITE_OK; i++)
		code = bind(rows->statement, (int)i + 1, &values[i]);
	if (code != SQLITE_OK)
		return store_sqlite_fail(self->db, store->name, why, why_bytes);
	*out = &rows->base;
	return 0;
}

static sqlite3_stmt *statement_of(struct store_rows *rows)
{
	return ((struct store_sqlite_rows *)rows)->statement;
}

static int sqlite_next(struct store_rows *rows, char *why, size_t why_bytes)
{
	struct store_sqlite *self = (struct store_sqlite *)rows->store;

	switch (sqlite3_step(statement_of(rows))) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return store_sqlite_fail(self->db, self->base.name, why, why_bytes);
	}
}

static void sqlite_end(struct store_rows *rows)
{
	sqlite3_reset(statement_of(rows));
	sqlite3_clear_bindings(statement_of(rows));
}

static int64_t sqlite_integer(struct store_rows *rows, int column)
{
	return sqlite3_column_int64(statement_of(rows), column);
}

static double sqlite_real(struct store_rows *rows, int column)
{
	sqlite3_stmt *statement = statement_of(rows);

	return sqlite3_column_type(statement, column) == SQLITE_NULL
	               ? (double)NAN
	               : sqlite3_column_double(statement, column);
}

static const char *sqlite_text(struct store_rows *rows, int column)
{
	const unsigned char *text = sqlite3_column_text(statement_of(rows), column);

	return text ? (const char *)text : "";
}

static const void *sqlite_blob(struct store_rows *rows, int column, size_t *bytes)
{
	const void *blob = sqlite3_column_blob(statement_of(rows), column);

	*bytes = (size_t)sqlite3_column_bytes(statement_of(rows), column);
	return blob;
}

static const char *const prefixes[] = {"", NULL};

const struct store_backend store_backend_sqlite = {
	.prefixes = prefixes,
	.open = store_sqlite_open,
	.close = store_sqlite_close,
	.transaction = sqlite_transaction,
	.query = sqlite_query,
	.next = sqlite_next,
	.end = sqlite_end,
	.integer = sqlite_integer,
	.real = sqlite_real,
	.text = sqlite_text,
	.blob = sqlite_blob,
};
