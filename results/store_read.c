/* SPDX-License-Identifier: MIT */
/*
 * results/store_read.c - reads a session from a history that may come from anybody.
 *
 * Whatever stands in a row is checked against our own limits before it is used.
 */
#include "results/store_backend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/environment.h"

#define REFERENCE "0123456789abcdefABCDEF-"

struct reading {
	struct store *store;
	const struct store_backend *backend;
	const struct store_reader *reader;
	int64_t session;
	struct run *run; /* the one in hand: too large for a stack */
	char *why;
	size_t why_bytes;
};

int store_damaged(const struct store *store, const char *what, char *why, size_t why_bytes)
{
	snprintf(why, why_bytes,
	         "%s: damaged: %s; put back a copy, or name another one with --store", store->name,
	         what);
	return -EBADMSG;
}

static int damaged(struct reading *reading, const char *what)
{
	return store_damaged(reading->store, what, reading->why, reading->why_bytes);
}

bool store_copy_text(char *out, size_t out_bytes, struct store_rows *rows, int column)
{
	const char *text = rows->store->backend->text(rows, column);
	size_t bytes = strlen(text) + 1;

	if (bytes > out_bytes)
		return false;
	memcpy(out, text, bytes);
	return true;
}

static uint64_t number_at(struct store_rows *rows, int column)
{
	return (uint64_t)rows->store->backend->integer(rows, column);
}

/* Starts a query with the session as its first parameter. */
static int query(struct reading *reading, const char *sql, struct store_rows **out)
{
	const struct store_value values[] = {store_value_integer((uint64_t)reading->session)};

	return reading->backend->query(reading->store, sql, values, 1, out, reading->why,
	                               reading->why_bytes);
}

static int next(struct reading *reading, struct store_rows *rows)
{
	return reading->backend->next(rows, reading->why, reading->why_bytes);
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
	static const char latest[] = "SELECT id FROM session WHERE CAST($1 AS TEXT)='latest'"
				     " ORDER BY started_ns DESC, id DESC LIMIT 1";
	static const char by_start[] =
		"SELECT id FROM session WHERE"
		" substr(uuid, 1, length(CAST($1 AS TEXT)))=lower($1) LIMIT 2";
	const struct store_value values[] = {store_value_text(reference)};
	bool is_latest = strcmp(reference, "latest") == 0;
	struct store_rows *rows;
	int found = 0;
	int ret = 0;

	if (is_latest || is_reference(reference)) {
		ret = reading->backend->query(reading->store, is_latest ? latest : by_start, values,
		                              1, &rows, reading->why, reading->why_bytes);
		if (ret < 0)
			return ret;
		for (; (ret = next(reading, rows)) == 1; found++)
			reading->session = reading->backend->integer(rows, 0);
		reading->backend->end(rows);
	}
	if (ret < 0 || found == 1)
		return ret;
	if (found > 1) {
		snprintf(reading->why, reading->why_bytes,
		         "%s: several sessions begin with '%s'; give more of its digits",
		         reading->store->name, reference);
		return -ENOTUNIQ;
	}
	snprintf(reading->why, reading->why_bytes, "%s: holds no session%s%.40s%s",
	         reading->store->name, is_latest ? "; 'ipcbench run' adds one" : " '",
	         is_latest ? "" : reference, is_latest ? "" : "'; 'latest' is the newest");
	return -ENOENT;
}

/* Reads the build in five columns. */
static struct session_subject subject_at(struct store_rows *rows, int first)
{
	const struct store_backend *backend = rows->store->backend;

	return (struct session_subject){
		.git_sha = backend->text(rows, first),
		.is_dirty = backend->integer(rows, first + 1) != 0,
		.build_id = backend->text(rows, first + 2),
		.compiler = backend->text(rows, first + 3),
		.flags = backend->text(rows, first + 4),
	};
}

int store_session_at(struct session *out, struct environment *environment, struct store_rows *rows,
                     char *why, size_t why_bytes)
{
	const struct store_backend *backend = rows->store->backend;

	*environment = (struct environment){
		.recorded = (char *)backend->text(rows, 10),
		.canon = (char *)backend->text(rows, 12),
		.machine = (char *)backend->text(rows, 14),
	};
	*out = (struct session){
		.kind = backend->text(rows, 2),
		.started_ns = number_at(rows, 3),
		.ended_ns = number_at(rows, 4),
		.seed = number_at(rows, 5),
		.argv = backend->text(rows, 6),
		.tool = backend->text(rows, 7),
		.doctor = backend->text(rows, 8),
		.status = backend->text(rows, 9),
		/* A session that knew no environment stored empty keys. */
		.environment = backend->text(rows, 11)[0] != '\0' ? environment : NULL,
		.subjects = {subject_at(rows, 15), subject_at(rows, 20)},
	};
	if (!store_copy_text(out->uuid, sizeof(out->uuid), rows, 1) ||
	    !store_copy_text(environment->key, sizeof(environment->key), rows, 11) ||
	    !store_copy_text(environment->machine_key, sizeof(environment->machine_key), rows, 13))
		return store_damaged(rows->store, "a key of the wrong length", why, why_bytes);
	return 0;
}

static int read_session(struct reading *reading)
{
	static const char sql[] =
		"SELECT" STORE_SESSION_COLUMNS " FROM" STORE_SESSION_TABLES " WHERE s.id=$1";
	struct environment environment;
	struct session session;
	struct store_rows *rows;
	int ret = query(reading, sql, &rows);

	if (ret < 0)
		return ret;
	ret = next(reading, rows);
	if (ret == 0)
		ret = damaged(reading, "a session without its environment");
	if (ret == 1)
		ret = store_session_at(&session, &environment, rows, reading->why,
		                       reading->why_bytes);
	if (ret == 0 && reading->reader->session)
		ret = reading->reader->session(reading->reader->context, &session);
	reading->backend->end(rows);
	return ret;
}

bool store_cell_at(struct run_cell *out, struct store_rows *rows, int first)
{
	double rate_hz = rows->store->backend->real(rows, first + 5);

	*out = (struct run_cell){
		.size_bytes = number_at(rows, first + 3),
		.in_flight = (uint32_t)number_at(rows, first + 4),
		.rate_hz = rate_hz > 0.0 ? rate_hz : 0.0, /* null: a closed loop */
		.harness = (uint32_t)number_at(rows, first + 10),
	};
	return store_copy_text(out->name, sizeof(out->name), rows, first) &&
	       store_copy_text(out->transport, sizeof(out->transport), rows, first + 1) &&
	       store_copy_text(out->workload, sizeof(out->workload), rows, first + 2) &&
	       store_copy_text(out->wait, sizeof(out->wait), rows, first + 6) &&
	       store_copy_text(out->placement, sizeof(out->placement), rows, first + 7) &&
	       store_copy_text(out->model, sizeof(out->model), rows, first + 8) &&
	       store_copy_text(out->params, sizeof(out->params), rows, first + 9);
}

/* Reads the peers of the run in hand; cell is the row of its cell. */
static int read_peers(struct reading *reading, int64_t cell)
{
	static const char sql[] =
		"SELECT name, start_ns, stop_ns, messages, bytes, cpu_user_ns, cpu_sys_ns, nvcsw,"
		" nivcsw, minflt, majflt FROM peer WHERE session_id=$1 AND cell_id=$2 AND stage=$3"
		" AND round=$4 AND arm=$5 ORDER BY number";
	struct run *run = reading->run;
	const struct store_value values[] = {
		store_value_integer((uint64_t)reading->session),
		store_value_integer((uint64_t)cell),
		store_value_integer(run->stage),
		store_value_integer(run->round),
		store_value_text(run->arm),
	};
	struct store_rows *rows;
	int ret = reading->backend->query(reading->store, sql, values, 5, &rows, reading->why,
	                                  reading->why_bytes);

	if (ret < 0)
		return ret;
	while ((ret = next(reading, rows)) == 1) {
		struct run_peer *peer = &run->peers[run->peer_count];

		if (run->peer_count == RUN_PEERS_MAX) {
			ret = damaged(reading, "a run with too many peers");
			break;
		}
		run->peer_count++;
		peer->counters = (struct recorder_counters){
			.start_ns = number_at(rows, 1),
			.stop_ns = number_at(rows, 2),
			.messages = number_at(rows, 3),
			.bytes = number_at(rows, 4),
			.cpu_user_ns = number_at(rows, 5),
			.cpu_system_ns = number_at(rows, 6),
			.voluntary_switches = number_at(rows, 7),
			.involuntary_switches = number_at(rows, 8),
			.minor_faults = number_at(rows, 9),
			.major_faults = number_at(rows, 10),
		};
		if (!store_copy_text(peer->name, sizeof(peer->name), rows, 0)) {
			ret = damaged(reading, "a peer's name that is too long");
			break;
		}
	}
	reading->backend->end(rows);
	return ret;
}

/* Reads the histogram in a column, if there is one, for free(). */
static int histogram_at(struct reading *reading, struct store_rows *rows, int column,
                        struct histogram **out)
{
	size_t bytes;
	const void *data = reading->backend->blob(rows, column, &bytes);
	int ret;

	*out = NULL;
	if (!data && bytes == 0)
		return 0;
	if (strcmp(reading->backend->text(rows, column + 1), "loglin1") != 0)
		return damaged(reading, "a histogram of an unknown format");
	ret = histogram_decode(out, data, bytes);
	return ret == -EBADMSG ? damaged(reading, "a histogram that can't be read") : ret;
}

/* Reads the run in a row and hands it to the reader. */
static int read_run(struct reading *reading, struct store_rows *rows)
{
	struct run *run = reading->run;
	struct run_cell cell;
	struct histogram *histogram = NULL;
	int ret;

	*run = (struct run){
		.cell = &cell,
		.metric = strcmp(reading->backend->text(rows, 5), "round_trip") == 0
	                          ? RUN_ROUND_TRIP
	                          : RUN_THROUGHPUT,
		.stage = (uint32_t)number_at(rows, 1),
		.round = (uint32_t)number_at(rows, 2),
		.samples = number_at(rows, 6),
		.batch = number_at(rows, 7),
		.messages = number_at(rows, 8),
		.bytes = number_at(rows, 9),
		.elapsed_ns = number_at(rows, 10),
		.steal_ns = number_at(rows, 13) * 1000u,
	};
	if (!store_copy_text(run->arm, sizeof(run->arm), rows, 3) ||
	    !store_copy_text(run->failure, sizeof(run->failure), rows, 4) ||
	    !store_cell_at(&cell, rows, 14))
		return damaged(reading, "a text that is too long");
	ret = histogram_at(reading, rows, 11, &histogram);
	run->histogram = histogram;
	if (ret == 0)
		ret = read_peers(reading, reading->backend->integer(rows, 0));
	if (ret == 0)
		ret = reading->reader->run(reading->reader->context, run);
	free(histogram);
	return ret;
}

static int read_skip(struct reading *reading, struct store_rows *rows)
{
	struct run_cell cell;

	if (!store_cell_at(&cell, rows, 1))
		return damaged(reading, "a text that is too long");
	return reading->reader->skip(reading->reader->context, &cell,
	                             reading->backend->text(rows, 0));
}

static int read_note(struct reading *reading, struct store_rows *rows)
{
	return reading->reader->note(reading->reader->context, reading->backend->text(rows, 0),
	                             reading->backend->text(rows, 1));
}

/* Hands each row of a query to a function, until one answers otherwise than with 0. */
static int read_rows(struct reading *reading, const char *sql,
                     int (*read)(struct reading *reading, struct store_rows *rows))
{
	struct store_rows *rows;
	int ret = query(reading, sql, &rows);

	if (ret < 0)
		return ret;
	while ((ret = next(reading, rows)) == 1) {
		ret = read(reading, rows);
		if (ret != 0)
			break;
	}
	reading->backend->end(rows);
	return ret;
}

/* Reads the parts of a session that the reader asks for. */
static int read_parts(struct reading *reading, const char *reference)
{
	static const char runs[] =
		"SELECT r.cell_id, r.stage, r.round, r.arm, r.failure, r.metric, r.n, r.batch,"
		" r.messages, r.bytes, r.elapsed_ns, r.histogram, r.histogram_format, "
		"r.steal_us," STORE_CELL_COLUMNS " FROM run r JOIN cell c ON c.id=r.cell_id"
		" WHERE r.session_id=$1 ORDER BY r.cell_id, r.stage, r.round, r.arm";
	static const char skips[] = "SELECT k.reason," STORE_CELL_COLUMNS " FROM skip k"
				    " JOIN cell c ON c.id=k.cell_id WHERE k.session_id=$1"
				    " ORDER BY k.cell_id";
	static const char notes[] = "SELECT kind, body FROM note WHERE session_id=$1"
				    " ORDER BY number";
	int ret = find_session(reading, reference);

	if (ret == 0)
		ret = read_session(reading);
	if (ret == 0 && reading->reader->run)
		ret = read_rows(reading, runs, read_run);
	if (ret == 0 && reading->reader->skip)
		ret = read_rows(reading, skips, read_skip);
	if (ret == 0 && reading->reader->note)
		ret = read_rows(reading, notes, read_note);
	return ret;
}

int store_read(struct store *store, const char *reference, const struct store_reader *reader,
               char *why, size_t why_bytes)
{
	struct reading reading = {
		.store = store,
		.backend = store->backend,
		.reader = reader,
		.run = malloc(sizeof(*reading.run)),
		.why = why,
		.why_bytes = why_bytes,
	};
	int ret;

	if (!reading.run)
		return -ENOMEM;
	/* One transaction: the session as it is now, whoever appends meanwhile. */
	ret = store->backend->transaction(store, STORE_BEGIN_READ, why, why_bytes);
	if (ret == 0)
		ret = read_parts(&reading, reference);
	store->backend->transaction(store, STORE_ROLLBACK, NULL, 0);
	free(reading.run);
	return ret;
}
