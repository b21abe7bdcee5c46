/* SPDX-License-Identifier: MIT */
/*
 * results/store_sqlite.c - appends to a history kept in an SQLite file.
 *
 * Every call is one transaction: it is there whole or not at all, whatever
 * happens to this process. Values reach SQL as bound parameters only.
 */
#include "results/store_sqlite.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "results/environment.h"

/* Each that inserts what may be there already ends in a row with its id. */
static const char *const statement_sql[STATEMENT_COUNT] = {
	[STATEMENT_MACHINE] = "INSERT INTO machine(key, canon) VALUES(?,?)"
			      " ON CONFLICT(key) DO UPDATE SET key=excluded.key RETURNING id",
	[STATEMENT_ENVIRONMENT] = "INSERT INTO environment(key, machine_id, canon) VALUES(?,?,?)"
				  " ON CONFLICT(key) DO UPDATE SET key=excluded.key RETURNING id",
	[STATEMENT_SUBJECT] = "INSERT INTO subject(git_sha, git_dirty, build_id, compiler, cflags)"
			      " VALUES(?,?,?,?,?) ON CONFLICT(git_sha, git_dirty, build_id)"
			      " DO UPDATE SET build_id=excluded.build_id RETURNING id",
	[STATEMENT_CELL] = "INSERT INTO cell(key, name, transport, workload, size, in_flight,"
			   " rate_hz, wait, placement, model, params, harness)"
			   " VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"
			   " ON CONFLICT(key) DO UPDATE SET key=excluded.key RETURNING id",
	[STATEMENT_SESSION] = "INSERT INTO session(uuid, environment_id, kind, started_ns, seed,"
			      " argv, tool, doctor, extra, status) VALUES(?,?,?,?,?,?,?,?,?,?)"
			      " RETURNING id",
	[STATEMENT_RUN] =
		"INSERT INTO run(session_id, cell_id, stage, round, arm, subject_id, slices,"
		" failure, metric, n, batch, messages, bytes, elapsed_ns, min_ns, max_ns, p50_ns,"
		" p90_ns, p99_ns, p999_ns, mean_ns, messages_per_s, bytes_per_s, clipped,"
		" histogram, histogram_format, cpu_user_us, cpu_sys_us, nvcsw, nivcsw, minflt,"
		" steal_us)"
		" VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[STATEMENT_PEER] = "INSERT INTO peer(session_id, cell_id, stage, round, arm, number, name,"
			   " start_ns, stop_ns, messages, bytes, cpu_user_ns, cpu_sys_ns, nvcsw,"
			   " nivcsw, minflt, majflt) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
	[STATEMENT_SKIP] = "INSERT INTO skip(session_id, cell_id, reason) VALUES(?,?,?)"
			   " ON CONFLICT DO UPDATE SET reason=excluded.reason",
	[STATEMENT_NOTE] = "INSERT INTO note(session_id, number, kind, body)"
			   " SELECT ?1, count(*), ?2, ?3 FROM note WHERE session_id=?1",
	[STATEMENT_FINISH] = "UPDATE session SET status=?, ended_ns=? WHERE id=?",
};

/* A value to be bound. */
struct value {
	enum { VALUE_NULL, VALUE_INTEGER, VALUE_REAL, VALUE_TEXT, VALUE_BLOB } kind;
	union {
		sqlite3_int64 integer;
		double real;
		const char *text;
		const void *blob;
	} as;
	size_t bytes; /* of a blob */
};

static struct value null(void)
{
	return (struct value){.kind = VALUE_NULL};
}

/* Takes unsigned numbers as the signed ones of the same bits. */
static struct value integer(uint64_t number)
{
	return (struct value){.kind = VALUE_INTEGER, .as.integer = (sqlite3_int64)number};
}

static struct value real(double number)
{
	return isfinite(number) ? (struct value){.kind = VALUE_REAL, .as.real = number} : null();
}

static struct value text(const char *string)
{
	return (struct value){.kind = VALUE_TEXT, .as.text = string ? string : ""};
}

static struct value blob(const void *data, size_t bytes)
{
	return (struct value){.kind = VALUE_BLOB, .as.blob = data, .bytes = bytes};
}

static int bind(sqlite3_stmt *statement, int index, const struct value *value)
{
	switch (value->kind) {
	case VALUE_INTEGER:
		return sqlite3_bind_int64(statement, index, value->as.integer);
	case VALUE_REAL:
		return sqlite3_bind_double(statement, index, value->as.real);
	case VALUE_TEXT:
		return sqlite3_bind_text(statement, index, value->as.text, -1, SQLITE_STATIC);
	case VALUE_BLOB:
		return sqlite3_bind_blob64(statement, index, value->as.blob, value->bytes,
		                           SQLITE_STATIC);
	case VALUE_NULL:
		break;
	}
	return sqlite3_bind_null(statement, index);
}

/*
 * Runs a statement with values, and gives the id it returns, if it does and out is
 * not null. Returns 0, or -errno as store_sqlite_fail().
 */
static int run_statement(struct store_sqlite *self, enum store_statement which,
                         const struct value *values, size_t count, sqlite3_int64 *out, char *why,
                         size_t why_bytes)
{
	sqlite3_stmt **statement = &self->statements[which];
	int ret = 0;
	int code;

	if (!*statement &&
	    sqlite3_prepare_v3(self->db, statement_sql[which], -1, SQLITE_PREPARE_PERSISTENT,
	                       statement, NULL) != SQLITE_OK)
		return store_sqlite_fail(self->db, self->path, why, why_bytes);
	code = SQLITE_OK;
	for (size_t i = 0; i < count && code == SQLITE_OK; i++)
		code = bind(*statement, (int)i + 1, &values[i]);
	if (code == SQLITE_OK)
		code = sqlite3_step(*statement);
	if (code == SQLITE_ROW) {
		if (out)
			*out = sqlite3_column_int64(*statement, 0);
		code = sqlite3_step(*statement);
	}
	if (code != SQLITE_DONE)
		ret = store_sqlite_fail(self->db, self->path, why, why_bytes);
	sqlite3_reset(*statement);
	sqlite3_clear_bindings(*statement);
	return ret;
}

#define RUN_STATEMENT(self, which, values, out, why, why_bytes)                                    \
	run_statement(self, which, values, sizeof(values) / sizeof((values)[0]), out, why,         \
	              why_bytes)

/* Ends a transaction by what came of it. Returns ret, or the -errno of the commit. */
static int end(struct store_sqlite *self, int ret, char *why, size_t why_bytes)
{
	if (ret == 0)
		ret = store_sqlite_exec(self, "COMMIT", why, why_bytes);
	if (ret < 0)
		sqlite3_exec(self->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

/* Stores what is measured: this build, by the facts of the environment. */
static int put_subject(struct store_sqlite *self, const struct environment *environment, char *why,
                       size_t why_bytes)
{
	json_t *canon = json_loads(environment->canon ? environment->canon : "", 0, NULL);
	json_t *recorded = json_loads(environment->recorded ? environment->recorded : "", 0, NULL);
	const struct value values[] = {
		text(""), /* the commit is known to comparisons only */
		integer(0),
		text(json_string_value(json_object_get(recorded, "build_id"))),
		text(json_string_value(json_object_get(canon, "compiler"))),
		text(json_string_value(json_object_get(canon, "flags"))),
	};
	int ret = RUN_STATEMENT(self, STATEMENT_SUBJECT, values, &self->subject, why, why_bytes);

	json_decref(canon);
	json_decref(recorded);
	return ret;
}

/* Stores machine, environment, subject, session. */
static int put_session(struct store_sqlite *self, const struct session *session, char *why,
                       size_t why_bytes)
{
	static const struct environment unknown;
	const struct environment *environment =
		session->environment ? session->environment : &unknown;
	const struct value machine[] = {text(environment->machine_key), text(environment->machine)};
	sqlite3_int64 machine_id;
	sqlite3_int64 environment_id;
	int ret = RUN_STATEMENT(self, STATEMENT_MACHINE, machine, &machine_id, why, why_bytes);

	if (ret == 0) {
		const struct value values[] = {text(environment->key),
		                               integer((uint64_t)machine_id),
		                               text(environment->canon)};

		ret = RUN_STATEMENT(self, STATEMENT_ENVIRONMENT, values, &environment_id, why,
		                    why_bytes);
	}
	if (ret == 0)
		ret = put_subject(self, environment, why, why_bytes);
	if (ret == 0) {
		const struct value values[] = {
			text(session->uuid),         integer((uint64_t)environment_id),
			text(session->kind),         integer(session->started_ns),
			integer(session->seed),      text(session->argv),
			text(session->tool),         text(session->doctor),
			text(environment->recorded), text(session->status),
		};

		ret = RUN_STATEMENT(self, STATEMENT_SESSION, values, &self->session, why,
		                    why_bytes);
	}
	return ret;
}

static int sqlite_begin(struct store *store, const struct session *session, char *why,
                        size_t why_bytes)
{
	struct store_sqlite *self = (struct store_sqlite *)store;
	int ret = store_sqlite_exec(self, "BEGIN IMMEDIATE", why, why_bytes);

	if (ret < 0)
		return ret;
	ret = end(self, put_session(self, session, why, why_bytes), why, why_bytes);
	if (ret < 0)
		self->session = 0;
	return ret;
}

/* Writes the key of a cell: the hash of all that may change a number. Returns 0, or -ENOMEM. */
static int cell_key(char out[static ENVIRONMENT_KEY_BYTES], const struct run_cell *cell)
{
	json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:f, s:s, s:s, s:s, s:s, s:i}",
	                           "transport", cell->transport, "workload", cell->workload, "size",
	                           (json_int_t)cell->size_bytes, "in_flight",
	                           (json_int_t)cell->in_flight, "rate_hz", cell->rate_hz, "wait",
	                           cell->wait, "placement", cell->placement, "model", cell->model,
	                           "params", cell->params, "harness", RUN_HARNESS_VERSION);
	char *canon = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);

	json_decref(object);
	if (!canon)
		return -ENOMEM;
	environment_hash(out, 'c', canon);
	free(canon);
	return 0;
}

/* Finds the row of a cell, or adds it. */
static int put_cell(struct store_sqlite *self, const struct run_cell *cell, sqlite3_int64 *out,
                    char *why, size_t why_bytes)
{
	char key[ENVIRONMENT_KEY_BYTES];
	int ret = cell_key(key, cell);
	const struct value values[] = {
		text(key),
		text(cell->name),
		text(cell->transport),
		text(cell->workload),
		integer(cell->size_bytes),
		integer(cell->in_flight),
		cell->rate_hz > 0.0 ? real(cell->rate_hz) : null(),
		text(cell->wait),
		text(cell->placement),
		text(cell->model),
		text(cell->params),
		integer(RUN_HARNESS_VERSION),
	};

	if (ret < 0) {
		snprintf(why, why_bytes, "%s: no memory, or the cell's names are not UTF-8",
		         self->path);
		return ret;
	}
	return RUN_STATEMENT(self, STATEMENT_CELL, values, out, why, why_bytes);
}

/* Returns a quantile per operation, or null where there is none. */
static struct value quantile(const struct run *run, double p)
{
	uint64_t value;

	if (!run->histogram || run->histogram->count == 0 || run->batch == 0)
		return null();
	value = histogram_quantile(run->histogram, p);
	return value == HISTOGRAM_CLIPPED ? null() : real((double)value / (double)run->batch);
}

/* Returns a / b, or null where b is 0. */
static struct value ratio(double a, double b)
{
	return b > 0.0 ? real(a / b) : null();
}

static struct recorder_counters sum_of_peers(const struct run *run)
{
	struct recorder_counters sum = {0};

	for (uint32_t i = 0; i < run->peer_count; i++) {
		const struct recorder_counters *c = &run->peers[i].counters;

		sum.cpu_user_ns += c->cpu_user_ns;
		sum.cpu_system_ns += c->cpu_system_ns;
		sum.voluntary_switches += c->voluntary_switches;
		sum.involuntary_switches += c->involuntary_switches;
		sum.minor_faults += c->minor_faults;
	}
	return sum;
}

/* Stores one row of run. */
static int put_run(struct store_sqlite *self, const struct run *run, sqlite3_int64 cell,
                   const void *encoded, size_t encoded_bytes, char *why, size_t why_bytes)
{
	const struct histogram *h = run->histogram;
	bool has_values = h && h->count > 0 && run->batch > 0;
	double seconds = (double)run->elapsed_ns / 1e9;
	struct recorder_counters sum = sum_of_peers(run);
	const struct value values[] = {
		integer((uint64_t)self->session),
		integer((uint64_t)cell),
		integer(run->stage),
		integer(run->round),
		text(run->arm),
		integer((uint64_t)self->subject),
		text(""),
		run->failure[0] ? text(run->failure) : null(),
		text(run->metric == RUN_ROUND_TRIP ? "round_trip" : "throughput"),
		integer(run->samples),
		integer(run->batch),
		integer(run->messages),
		integer(run->bytes),
		integer(run->elapsed_ns),
		has_values ? real((double)h->min / (double)run->batch) : null(),
		has_values ? real((double)h->max / (double)run->batch) : null(),
		quantile(run, 0.5),
		quantile(run, 0.9),
		quantile(run, 0.99),
		quantile(run, 0.999),
		ratio((double)run->elapsed_ns, (double)run->messages),
		ratio((double)run->messages, seconds),
		ratio((double)run->bytes, seconds),
		integer(h ? h->clipped : 0),
		encoded ? blob(encoded, encoded_bytes) : null(),
		encoded ? text("loglin1") : null(),
		integer(sum.cpu_user_ns / 1000),
		integer(sum.cpu_system_ns / 1000),
		integer(sum.voluntary_switches),
		integer(sum.involuntary_switches),
		integer(sum.minor_faults),
		integer(run->steal_ns / 1000),
	};

	return RUN_STATEMENT(self, STATEMENT_RUN, values, NULL, why, why_bytes);
}

/* Stores the rows of a run's peers. */
static int put_peers(struct store_sqlite *self, const struct run *run, sqlite3_int64 cell,
                     char *why, size_t why_bytes)
{
	for (uint32_t i = 0; i < run->peer_count && i < RUN_PEERS_MAX; i++) {
		const struct recorder_counters *c = &run->peers[i].counters;
		const struct value values[] = {
			integer((uint64_t)self->session),
			integer((uint64_t)cell),
			integer(run->stage),
			integer(run->round),
			text(run->arm),
			integer(i),
			text(run->peers[i].name),
			integer(c->start_ns),
			integer(c->stop_ns),
			integer(c->messages),
			integer(c->bytes),
			integer(c->cpu_user_ns),
			integer(c->cpu_system_ns),
			integer(c->voluntary_switches),
			integer(c->involuntary_switches),
			integer(c->minor_faults),
			integer(c->major_faults),
		};
		int ret = RUN_STATEMENT(self, STATEMENT_PEER, values, NULL, why, why_bytes);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Stores one run, inside a transaction. */
static int append_one(struct store_sqlite *self, const struct run *run, char *why, size_t why_bytes)
{
	unsigned char *encoded = NULL;
	size_t encoded_bytes = 0;
	sqlite3_int64 cell;
	int ret = 0;

	if (run->histogram)
		ret = histogram_encode(run->histogram, &encoded, &encoded_bytes);
	if (ret < 0) {
		snprintf(why, why_bytes, "%s: no memory for a histogram", self->path);
		return ret;
	}
	ret = put_cell(self, run->cell, &cell, why, why_bytes);
	if (ret == 0)
		ret = put_run(self, run, cell, encoded, encoded_bytes, why, why_bytes);
	if (ret == 0)
		ret = put_peers(self, run, cell, why, why_bytes);
	free(encoded);
	return ret;
}

/* Begins a transaction of the open session. Returns 0, or -errno. */
static int begin_for_session(struct store_sqlite *self, char *why, size_t why_bytes)
{
	if (self->session == 0) {
		snprintf(why, why_bytes, "%s: no session is open", self->path);
		return -EINVAL;
	}
	return store_sqlite_exec(self, "BEGIN IMMEDIATE", why, why_bytes);
}

static int sqlite_append(struct store *store, const struct run *runs, size_t runs_count, char *why,
                         size_t why_bytes)
{
	struct store_sqlite *self = (struct store_sqlite *)store;
	int ret = begin_for_session(self, why, why_bytes);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < runs_count && ret == 0; i++)
		ret = append_one(self, &runs[i], why, why_bytes);
	return end(self, ret, why, why_bytes);
}

static int sqlite_skip(struct store *store, const struct run_cell *cell, const char *reason,
                       char *why, size_t why_bytes)
{
	struct store_sqlite *self = (struct store_sqlite *)store;
	sqlite3_int64 id;
	int ret = begin_for_session(self, why, why_bytes);

	if (ret < 0)
		return ret;
	ret = put_cell(self, cell, &id, why, why_bytes);
	if (ret == 0) {
		const struct value values[] = {integer((uint64_t)self->session),
		                               integer((uint64_t)id), text(reason)};

		ret = RUN_STATEMENT(self, STATEMENT_SKIP, values, NULL, why, why_bytes);
	}
	return end(self, ret, why, why_bytes);
}

static int sqlite_note(struct store *store, const char *kind, const char *body, char *why,
                       size_t why_bytes)
{
	struct store_sqlite *self = (struct store_sqlite *)store;
	const struct value values[] = {integer((uint64_t)self->session), text(kind), text(body)};
	int ret = begin_for_session(self, why, why_bytes);

	if (ret < 0)
		return ret;
	ret = RUN_STATEMENT(self, STATEMENT_NOTE, values, NULL, why, why_bytes);
	return end(self, ret, why, why_bytes);
}

/* Returns CLOCK_REALTIME in nanoseconds. */
static uint64_t wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int sqlite_finish(struct store *store, const char *status, char *why, size_t why_bytes)
{
	struct store_sqlite *self = (struct store_sqlite *)store;
	const struct value values[] = {
		text(status),
		integer(wall_clock_ns()),
		integer((uint64_t)self->session),
	};
	int ret = begin_for_session(self, why, why_bytes);

	if (ret < 0)
		return ret;
	ret = RUN_STATEMENT(self, STATEMENT_FINISH, values, NULL, why, why_bytes);
	ret = end(self, ret, why, why_bytes);
	if (ret == 0)
		self->session = 0;
	return ret;
}

const struct store_backend store_backend_sqlite = {
	.prefix = "",
	.open = store_sqlite_open,
	.close = store_sqlite_close,
	.begin = sqlite_begin,
	.append = sqlite_append,
	.skip = sqlite_skip,
	.note = sqlite_note,
	.finish = sqlite_finish,
	.read = store_sqlite_read,
	.sessions = store_sqlite_sessions,
};
