/* SPDX-License-Identifier: MIT */
/*
 * results/store_sqlite_read.c - reads a session from a history that may come from anybody.
 *
 * Whatever stands in a row is checked against our own limits before it is used.
 */
#include "results/store_sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/environment.h"

#define READ_NS 10000000000u /* most time for one session */
#define REFERENCE "0123456789abcdefABCDEF-"

/* Where an answer of the reader stops us, it is his -errno that we return. */
struct reading {
	struct store_sqlite *self;
	const struct store_reader *reader;
	sqlite3_int64 session;
	struct run *run; /* the one in hand: too large for a stack */
	char *why;
	size_t why_bytes;
};

static int fail(struct reading *reading)
{
	return store_sqlite_fail(reading->self->db, reading->self->path, reading->why,
	                         reading->why_bytes);
}

static int damaged(struct reading *reading, const char *what)
{
	snprintf(reading->why, reading->why_bytes,
	         "%s: damaged: %s; put back a copy, or name another file with --store",
	         reading->self->path, what);
	return -EBADMSG;
}

/* Returns the text in a column; empty for null. It lasts until the next step. */
static const char *text_at(sqlite3_stmt *row, int column)
{
	const unsigned char *text = sqlite3_column_text(row, column);

	return text ? (const char *)text : "";
}

static uint64_t number_at(sqlite3_stmt *row, int column)
{
	return (uint64_t)sqlite3_column_int64(row, column);
}

/* Copies the text in a column. Returns whether it fits. */
static bool copy_at(char *out, size_t out_bytes, sqlite3_stmt *row, int column)
{
	const char *text = text_at(row, column);
	size_t bytes = strlen(text) + 1;

	if (bytes > out_bytes)
		return false;
	memcpy(out, text, bytes);
	return true;
}

/* Prepares sql and binds the session to its first parameter. Null after a failure. */
static sqlite3_stmt *query(struct reading *reading, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(reading->self->db, sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_bind_int64(statement, 1, reading->session) != SQLITE_OK) {
		sqlite3_finalize(statement);
		return NULL;
	}
	return statement;
}

/* Says whether reference may be a uuid or its start. */
static bool is_reference(const char *reference)
{
	size_t length = strlen(reference);

	return length > 0 && length < SESSION_UUID_BYTES && strspn(reference, REFERENCE) == length;
}

/* Finds the row of the session. Returns 0, or -errno. */
static int find_session(struct reading *reading, const char *reference)
{
	static const char latest[] = "SELECT id FROM session WHERE ?='latest'"
				     " ORDER BY id DESC LIMIT 1";
	static const char by_start[] = "SELECT id FROM session"
				       " WHERE substr(uuid, 1, length(?1))=lower(?1) LIMIT 2";
	bool is_latest = strcmp(reference, "latest") == 0;
	sqlite3_stmt *statement = NULL;
	int found = 0;
	int code;

	if (is_latest || is_reference(reference)) {
		code = sqlite3_prepare_v2(reading->self->db, is_latest ? latest : by_start, -1,
		                          &statement, NULL);
		if (code == SQLITE_OK)
			code = sqlite3_bind_text(statement, 1, reference, -1, SQLITE_STATIC);
		while (code == SQLITE_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
			reading->session = sqlite3_column_int64(statement, 0);
			found++;
			code = SQLITE_OK;
		}
		if (code != SQLITE_DONE) {
			int ret = fail(reading);

			sqlite3_finalize(statement);
			return ret;
		}
		sqlite3_finalize(statement);
	}
	if (found == 1)
		return 0;
	if (found > 1) {
		snprintf(reading->why, reading->why_bytes,
		         "%s: several sessions begin with '%s'; give more of its digits",
		         reading->self->path, reference);
		return -ENOTUNIQ;
	}
	snprintf(reading->why, reading->why_bytes, "%s: holds no session%s%.40s%s",
	         reading->self->path, is_latest ? "; 'ipcbench run' adds one" : " '",
	         is_latest ? "" : reference, is_latest ? "" : "'; 'latest' is the newest");
	return -ENOENT;
}

static int read_session(struct reading *reading)
{
	sqlite3_stmt *row = query(
		reading,
		"SELECT s.uuid, s.kind, s.started_ns, s.ended_ns, s.seed, s.argv, s.tool, s.doctor,"
		" s.status, s.extra, e.key, e.canon, m.key, m.canon FROM session s"
		" JOIN environment e ON e.id=s.environment_id"
		" JOIN machine m ON m.id=e.machine_id WHERE s.id=?");
	struct environment environment = {0};
	struct session session;
	int ret;

	if (!row)
		return fail(reading);
	if (sqlite3_step(row) != SQLITE_ROW) {
		ret = damaged(reading, "a session without its environment");
		goto done;
	}
	environment.recorded = (char *)text_at(row, 9);
	environment.canon = (char *)text_at(row, 11);
	environment.machine = (char *)text_at(row, 13);
	session = (struct session){
		.kind = text_at(row, 1),
		.started_ns = number_at(row, 2),
		.ended_ns = number_at(row, 3),
		.seed = number_at(row, 4),
		.argv = text_at(row, 5),
		.tool = text_at(row, 6),
		.doctor = text_at(row, 7),
		.status = text_at(row, 8),
		/* A session that knew no environment stored empty keys. */
		.environment = text_at(row, 10)[0] != '\0' ? &environment : NULL,
	};
	if (!copy_at(session.uuid, sizeof(session.uuid), row, 0) ||
	    !copy_at(environment.key, sizeof(environment.key), row, 10) ||
	    !copy_at(environment.machine_key, sizeof(environment.machine_key), row, 12)) {
		ret = damaged(reading, "a key of the wrong length");
		goto done;
	}
	ret = reading->reader->session
	              ? reading->reader->session(reading->reader->context, &session)
	              : 0;
done:
	sqlite3_finalize(row);
	return ret;
}

/* The columns of a cell, at the end of every query that has one. */
#define CELL_COLUMNS                                                                               \
	" c.name, c.transport, c.workload, c.size, c.in_flight, c.rate_hz, c.wait, c.placement,"   \
	" c.model, c.params"

/* Reads them, from the column at first on. Returns whether all fit. */
static bool cell_at(struct run_cell *out, sqlite3_stmt *row, int first)
{
	*out = (struct run_cell){
		.size_bytes = number_at(row, first + 3),
		.in_flight = (uint32_t)number_at(row, first + 4),
		.rate_hz = sqlite3_column_double(row, first + 5),
	};
	return copy_at(out->name, sizeof(out->name), row, first) &&
	       copy_at(out->transport, sizeof(out->transport), row, first + 1) &&
	       copy_at(out->workload, sizeof(out->workload), row, first + 2) &&
	       copy_at(out->wait, sizeof(out->wait), row, first + 6) &&
	       copy_at(out->placement, sizeof(out->placement), row, first + 7) &&
	       copy_at(out->model, sizeof(out->model), row, first + 8) &&
	       copy_at(out->params, sizeof(out->params), row, first + 9);
}

/* Reads the peers of the run in hand; cell is the row of its cell. */
static int read_peers(struct reading *reading, sqlite3_stmt *peers, sqlite3_int64 cell)
{
	struct run *run = reading->run;
	int code;

	sqlite3_reset(peers);
	sqlite3_bind_int64(peers, 1, reading->session);
	sqlite3_bind_int64(peers, 2, cell);
	sqlite3_bind_int64(peers, 3, run->stage);
	sqlite3_bind_int64(peers, 4, run->round);
	sqlite3_bind_text(peers, 5, run->arm, -1, SQLITE_STATIC);
	while ((code = sqlite3_step(peers)) == SQLITE_ROW) {
		struct run_peer *peer;

		if (run->peer_count == RUN_PEERS_MAX)
			return damaged(reading, "a run with too many peers");
		peer = &run->peers[run->peer_count++];
		peer->counters = (struct recorder_counters){
			.start_ns = number_at(peers, 1),
			.stop_ns = number_at(peers, 2),
			.messages = number_at(peers, 3),
			.bytes = number_at(peers, 4),
			.cpu_user_ns = number_at(peers, 5),
			.cpu_system_ns = number_at(peers, 6),
			.voluntary_switches = number_at(peers, 7),
			.involuntary_switches = number_at(peers, 8),
			.minor_faults = number_at(peers, 9),
			.major_faults = number_at(peers, 10),
		};
		if (!copy_at(peer->name, sizeof(peer->name), peers, 0))
			return damaged(reading, "a peer's name that is too long");
	}
	return code == SQLITE_DONE ? 0 : fail(reading);
}

/* Reads the histogram in a column, if there is one, for free(). */
static int histogram_at(struct reading *reading, sqlite3_stmt *row, int column,
                        struct histogram **out)
{
	const char *format = text_at(row, column + 1);
	const void *data = sqlite3_column_blob(row, column);
	int ret;

	*out = NULL;
	if (sqlite3_column_type(row, column) == SQLITE_NULL)
		return 0;
	if (strcmp(format, "loglin1") != 0)
		return damaged(reading, "a histogram of an unknown format");
	ret = histogram_decode(out, data, (size_t)sqlite3_column_bytes(row, column));
	return ret == -EBADMSG ? damaged(reading, "a histogram that can't be read") : ret;
}

/* Reads the run in a row and hands it to the reader. */
static int read_run(struct reading *reading, sqlite3_stmt *row, sqlite3_stmt *peers)
{
	struct run *run = reading->run;
	struct run_cell cell;
	struct histogram *histogram = NULL;
	int ret;

	*run = (struct run){
		.cell = &cell,
		.metric = strcmp(text_at(row, 5), "round_trip") == 0 ? RUN_ROUND_TRIP
	                                                             : RUN_THROUGHPUT,
		.stage = (uint32_t)number_at(row, 1),
		.round = (uint32_t)number_at(row, 2),
		.samples = number_at(row, 6),
		.batch = number_at(row, 7),
		.messages = number_at(row, 8),
		.bytes = number_at(row, 9),
		.elapsed_ns = number_at(row, 10),
		.steal_ns = number_at(row, 13) * 1000u,
	};
	if (!copy_at(run->arm, sizeof(run->arm), row, 3) ||
	    !copy_at(run->failure, sizeof(run->failure), row, 4) || !cell_at(&cell, row, 14))
		return damaged(reading, "a text that is too long");
	ret = histogram_at(reading, row, 11, &histogram);
	run->histogram = histogram;
	if (ret == 0)
		ret = read_peers(reading, peers, sqlite3_column_int64(row, 0));
	if (ret == 0)
		ret = reading->reader->run(reading->reader->context, run);
	free(histogram);
	return ret;
}

static int read_runs(struct reading *reading)
{
	sqlite3_stmt *row = query(
		reading, "SELECT r.cell_id, r.stage, r.round, r.arm, r.failure, r.metric, r.n,"
			 " r.batch, r.messages, r.bytes, r.elapsed_ns, r.histogram,"
			 " r.histogram_format, r.steal_us," CELL_COLUMNS
			 " FROM run r JOIN cell c ON c.id=r.cell_id WHERE r.session_id=?"
			 " ORDER BY r.cell_id, r.stage, r.round, r.arm");
	sqlite3_stmt *peers =
		query(reading, "SELECT name, start_ns, stop_ns, messages, bytes, cpu_user_ns,"
	                       " cpu_sys_ns, nvcsw, nivcsw, minflt, majflt FROM peer"
	                       " WHERE session_id=? AND cell_id=? AND stage=? AND round=? AND arm=?"
	                       " ORDER BY number");
	int ret = row && peers ? 0 : fail(reading);
	int code = SQLITE_DONE;

	while (ret == 0 && (code = sqlite3_step(row)) == SQLITE_ROW)
		ret = read_run(reading, row, peers);
	if (ret == 0 && code != SQLITE_DONE)
		ret = fail(reading);
	sqlite3_finalize(row);
	sqlite3_finalize(peers);
	return ret;
}

static int read_skips(struct reading *reading)
{
	sqlite3_stmt *row =
		query(reading, "SELECT k.reason," CELL_COLUMNS
	                       " FROM skip k JOIN cell c ON c.id=k.cell_id WHERE k.session_id=?"
	                       " ORDER BY k.cell_id");
	int ret = row ? 0 : fail(reading);
	int code = SQLITE_DONE;

	while (ret == 0 && (code = sqlite3_step(row)) == SQLITE_ROW) {
		struct run_cell cell;

		if (!cell_at(&cell, row, 1))
			ret = damaged(reading, "a text that is too long");
		else
			ret = reading->reader->skip(reading->reader->context, &cell,
			                            text_at(row, 0));
	}
	if (ret == 0 && code != SQLITE_DONE)
		ret = fail(reading);
	sqlite3_finalize(row);
	return ret;
}

static int read_notes(struct reading *reading)
{
	sqlite3_stmt *row =
		query(reading, "SELECT kind, body FROM note WHERE session_id=? ORDER BY number");
	int ret = row ? 0 : fail(reading);
	int code = SQLITE_DONE;

	while (ret == 0 && (code = sqlite3_step(row)) == SQLITE_ROW)
		ret = reading->reader->note(reading->reader->context, text_at(row, 0),
		                            text_at(row, 1));
	if (ret == 0 && code != SQLITE_DONE)
		ret = fail(reading);
	sqlite3_finalize(row);
	return ret;
}

int store_sqlite_read(struct store *store, const char *reference, const struct store_reader *reader,
                      char *why, size_t why_bytes)
{
	struct store_sqlite *self = (struct store_sqlite *)store;
	struct reading reading = {
		.self = self,
		.reader = reader,
		.run = malloc(sizeof(*reading.run)),
		.why = why,
		.why_bytes = why_bytes,
	};
	int ret;

	if (!reading.run)
		return -ENOMEM;
	self->deadline_ns = store_sqlite_now_ns() + READ_NS;
	/* One transaction: the session as it is now, whoever appends meanwhile. */
	ret = store_sqlite_exec(self, "BEGIN", why, why_bytes);
	if (ret == 0) {
		ret = find_session(&reading, reference);
		if (ret == 0)
			ret = read_session(&reading);
		if (ret == 0 && reader->run)
			ret = read_runs(&reading);
		if (ret == 0 && reader->skip)
			ret = read_skips(&reading);
		if (ret == 0 && reader->note)
			ret = read_notes(&reading);
		self->deadline_ns = 0;
		sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
	}
	self->deadline_ns = 0;
	free(reading.run);
	return ret;
}

int store_sqlite_sessions(struct store *store, const char *environment_key,
                          char (*out)[SESSION_UUID_BYTES], size_t max, size_t *count, char *why,
                          size_t why_bytes)
{
	static const char sql[] = "SELECT s.uuid FROM session s"
				  " JOIN environment e ON e.id=s.environment_id"
				  " WHERE s.kind='run' AND e.key=? ORDER BY s.id DESC LIMIT ?";
	struct store_sqlite *self = (struct store_sqlite *)store;
	sqlite3_stmt *row = NULL;
	size_t found = 0;
	int code = sqlite3_prepare_v2(self->db, sql, -1, &row, NULL);
	int ret = 0;

	if (code == SQLITE_OK)
		code = sqlite3_bind_text(row, 1, environment_key, -1, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(row, 2, (sqlite3_int64)max);
	self->deadline_ns = store_sqlite_now_ns() + READ_NS;
	while (code == SQLITE_OK && (code = sqlite3_step(row)) == SQLITE_ROW && found < max) {
		/* What is no uuid is nobody's session. */
		if (copy_at(out[found], sizeof(out[found]), row, 0))
			found++;
		code = SQLITE_OK;
	}
	if (code != SQLITE_DONE && found < max)
		ret = store_sqlite_fail(self->db, self->path, why, why_bytes);
	self->deadline_ns = 0;
	sqlite3_finalize(row);
	if (ret == 0)
		*count = found;
	return ret;
}
