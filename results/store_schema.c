/* SPDX-License-Identifier: MIT */
/*
 * results/store_schema.c - the tables of a history, by version.
 *
 * A migration that was released is never edited: what must change is the next one.
 * PRAGMA user_version counts those that were applied.
 */
#include "results/store_sqlite.h"

#include <errno.h>
#include <stdio.h>

/*
 * A run is one struct run. Its quantiles stand beside the histogram for queries
 * by hand; reports are made from the histogram. Unsigned 64-bit numbers are kept
 * as the signed ones of the same bits. A cell's key is the hash of what may
 * change a number; slices and excluded are of comparisons.
 */
static const char version_1[] =
	"CREATE TABLE machine(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
	" nickname TEXT, canon TEXT NOT NULL) STRICT;"
	"CREATE TABLE environment(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
	" machine_id INTEGER NOT NULL REFERENCES machine, canon TEXT NOT NULL) STRICT;"
	"CREATE TABLE subject(id INTEGER PRIMARY KEY, git_sha TEXT NOT NULL,"
	" git_dirty INTEGER NOT NULL, commit_time INTEGER, branch TEXT,"
	" build_id TEXT NOT NULL, compiler TEXT, cflags TEXT,"
	" UNIQUE(git_sha, git_dirty, build_id)) STRICT;"
	"CREATE TABLE cell(id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
	" name TEXT NOT NULL, transport TEXT NOT NULL, workload TEXT NOT NULL,"
	" size INTEGER NOT NULL, in_flight INTEGER NOT NULL, rate_hz REAL,"
	" wait TEXT NOT NULL, placement TEXT NOT NULL, model TEXT NOT NULL,"
	" params TEXT NOT NULL, harness INTEGER NOT NULL) STRICT;"
	"CREATE TABLE session(id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE,"
	" environment_id INTEGER NOT NULL REFERENCES environment,"
	" kind TEXT NOT NULL CHECK(kind IN('run','ab','anchor','selftest')),"
	" started_ns INTEGER NOT NULL, ended_ns INTEGER, seed INTEGER NOT NULL,"
	" argv TEXT NOT NULL, tool TEXT NOT NULL, doctor TEXT NOT NULL,"
	" extra TEXT NOT NULL, status TEXT NOT NULL) STRICT;"
	"CREATE TABLE run(session_id INTEGER NOT NULL REFERENCES session,"
	" cell_id INTEGER NOT NULL REFERENCES cell, stage INTEGER NOT NULL,"
	" round INTEGER NOT NULL, arm TEXT NOT NULL,"
	" subject_id INTEGER NOT NULL REFERENCES subject, slices TEXT NOT NULL,"
	" excluded TEXT, failure TEXT, metric TEXT NOT NULL"
	" CHECK(metric IN('round_trip','throughput')),"
	" n INTEGER NOT NULL, batch INTEGER NOT NULL, messages INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL, elapsed_ns INTEGER NOT NULL,"
	" min_ns REAL, max_ns REAL, p50_ns REAL, p90_ns REAL, p99_ns REAL, p999_ns REAL,"
	" mean_ns REAL, messages_per_s REAL, bytes_per_s REAL,"
	" clipped INTEGER NOT NULL, histogram BLOB, histogram_format TEXT,"
	" cpu_user_us INTEGER, cpu_sys_us INTEGER, nvcsw INTEGER, nivcsw INTEGER,"
	" minflt INTEGER, steal_us INTEGER, calls_per_message REAL,"
	" PRIMARY KEY(session_id, cell_id, stage, round, arm)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE peer(session_id INTEGER NOT NULL, cell_id INTEGER NOT NULL,"
	" stage INTEGER NOT NULL, round INTEGER NOT NULL, arm TEXT NOT NULL,"
	" number INTEGER NOT NULL, name TEXT NOT NULL, start_ns INTEGER NOT NULL,"
	" stop_ns INTEGER NOT NULL, messages INTEGER NOT NULL, bytes INTEGER NOT NULL,"
	" cpu_user_ns INTEGER NOT NULL, cpu_sys_ns INTEGER NOT NULL,"
	" nvcsw INTEGER NOT NULL, nivcsw INTEGER NOT NULL, minflt INTEGER NOT NULL,"
	" majflt INTEGER NOT NULL,"
	" PRIMARY KEY(session_id, cell_id, stage, round, arm, number),"
	" FOREIGN KEY(session_id, cell_id, stage, round, arm) REFERENCES run)"
	" STRICT, WITHOUT ROWID;"
	"CREATE TABLE skip(session_id INTEGER NOT NULL REFERENCES session,"
	" cell_id INTEGER NOT NULL REFERENCES cell, reason TEXT NOT NULL,"
	" PRIMARY KEY(session_id, cell_id)) STRICT, WITHOUT ROWID;";

/* What a session says as a whole, in the order in which it says it; body is JSON. */
static const char version_2[] = "CREATE TABLE note(session_id INTEGER NOT NULL REFERENCES session,"
				" number INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,"
				" PRIMARY KEY(session_id, number)) STRICT, WITHOUT ROWID;";

const char *const store_schema_migrations[] = {version_1, version_2};
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
		         self->path);
		return -EBADMSG;
	}
	if (marks.version > store_schema_version) {
		snprintf(why, why_bytes,
		         "%s: its schema %lld is newer than %d, which this version knows; update "
		         "ipcbench, or name another file with --store",
		         self->path, (long long)marks.version, store_schema_version);
		return -EPROTO;
	}
	if (marks.version < store_schema_version && !may_be_new) {
		snprintf(why, why_bytes,
		         "%s: its schema %lld is older than %d; a run that stores into it brings "
		         "it up to date",
		         self->path, (long long)marks.version, store_schema_version);
		return -EPROTO;
	}
	return 0;
}
