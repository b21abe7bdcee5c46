/* SPDX-License-Identifier: MIT */
/*
 * results/store_sqlite_schema.c - the tables of a history in an SQLite file.
 *
 * PRAGMA user_version counts the migrations that were applied.
 */
#include "results/store_sqlite.h"

#include <errno.h>
#include <stdio.h>

#include "results/store_schema.h"

#define SQLITE_WORDS                                                                               \
	"id INTEGER PRIMARY KEY", "INTEGER", "REAL", "BLOB", " STRICT", " STRICT, WITHOUT ROWID"
#define EXPAND(macro, ...) macro(__VA_ARGS__)

const char *const store_schema_migrations[] = {
	EXPAND(STORE_SCHEMA_1, SQLITE_WORDS),
	EXPAND(STORE_SCHEMA_2, SQLITE_WORDS),
	EXPAND(STORE_SCHEMA_3, SQLITE_WORDS),
	EXPAND(STORE_SCHEMA_4, SQLITE_WORDS),
};
const int store_schema_version =
	sizeof(store_schema_migrations) / sizeof(store_schema_migrations[0]);

struct marks {
	sqlite3_int64 application;
	sqlite3_int64 version;
	sqlite3_int64 objects;
};

/* Applies what is missing, inside a transaction. */
static int apply(struct store_sqlite *self, const char *const *migrations, int version, char *why,
                 size_t why_bytes)
{
	char pragma[64];
	sqlite3_int64 applied;
	int ret = store_sqlite_integer(self, "PRAGMA user_version", &applied, why, why_bytes);

	for (sqlite3_int64 i = applied; i < version && ret == 0; i++)
		ret = store_sqlite_exec(self, migrations[i], why, why_bytes);
	if (ret < 0)
		return ret;
	/*
	 * Written even if nothing changed: it is the proof that this file can be
	 * written, before anything is measured. Another process may be ahead.
	 */
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%d",
	         applied > version ? (int)applied : version);
	ret = store_sqlite_exec(self, pragma, why, why_bytes);
	if (ret < 0)
		return ret;
	snprintf(pragma, sizeof(pragma), "PRAGMA application_id=%d", STORE_APPLICATION_ID);
	return store_sqlite_exec(self, pragma, why, why_bytes);
}

int store_schema_migrate(struct store_sqlite *self, const char *const *migrations, int version,
                         char *why, size_t why_bytes)
{
	int ret = store_sqlite_exec(self, "BEGIN IMMEDIATE", why, why_bytes);

	if (ret < 0)
		return ret;
	ret = apply(self, migrations, version, why, why_bytes);
	if (ret == 0)
		ret = store_sqlite_exec(self, "COMMIT", why, why_bytes);
	if (ret < 0)
		sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

/* Reads what says whose file this is, in one transaction: another may just be making it. */
static int read_marks(struct store_sqlite *self, struct marks *out, char *why, size_t why_bytes)
{
	int ret = store_sqlite_exec(self, "BEGIN", why, why_bytes);

	if (ret < 0)
		return ret;
	ret = store_sqlite_integer(self, "PRAGMA application_id", &out->application, why,
	                           why_bytes);
	if (ret == 0)
		ret = store_sqlite_integer(self, "PRAGMA user_version", &out->version, why,
		                           why_bytes);
	if (ret == 0)
		ret = store_sqlite_integer(self, "SELECT count(*) FROM sqlite_schema",
		                           &out->objects, why, why_bytes);
	sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

int store_schema_check(struct store_sqlite *self, bool may_be_new, char *why, size_t why_bytes)
{
	struct marks marks;
	int ret = read_marks(self, &marks, why, why_bytes);

	if (ret < 0)
		return ret;
	if (may_be_new && marks.application == 0 && marks.version == 0 && marks.objects == 0)
		return 0;
	if (marks.application != STORE_APPLICATION_ID) {
		snprintf(why, why_bytes,
		         "%s: an SQLite file, but not a history of ipcbench; name another one "
		         "with --store",
		         self->base.name);
		return -EBADMSG;
	}
	if (marks.version > store_schema_version) {
		snprintf(why, why_bytes,
		         "%s: its schema %lld is newer than %d, which this version knows; update "
		         "ipcbench, or name another file with --store",
		         self->base.name, (long long)marks.version, store_schema_version);
		return -EPROTO;
	}
	if (marks.version < store_schema_version && !may_be_new) {
		snprintf(why, why_bytes,
		         "%s: its schema %lld is older than %d; a run that stores into it brings "
		         "it up to date",
		         self->base.name, (long long)marks.version, store_schema_version);
		return -EPROTO;
	}
	return 0;
}
