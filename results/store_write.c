/* SPDX-License-Identifier: MIT */
/*
 * results/store_write.c - appends to a history, whichever database keeps it.
 *
 * Every call is one transaction, or the whole session is: it is there whole or not
 * at all, whatever happens to this process. Values reach SQL as parameters only.
 */
#include "results/store_backend.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "results/environment.h"
#include "results/store_schema.h"

/* Each that inserts what may be there already ends in a row with its id. */
static const char sql_machine[] = "INSERT INTO machine(key, canon) VALUES($1,$2)"
				  " ON CONFLICT(key) DO UPDATE SET key=excluded.key RETURNING id";
static const char sql_environment[] =
	"INSERT INTO environment(key, machine_id, canon) VALUES($1,$2,$3)"
	" ON CONFLICT(key) DO UPDATE SET key=excluded.key RETURNING id";
static const char sql_subject[] =
	"INSERT INTO subject(git_sha, git_dirty, build_id, compiler, cflags)"
	" VALUES($1,$2,$3,$4,$5) ON CONFLICT(git_sha, git_dirty, build_id)"
	" DO UPDATE SET build_id=excluded.build_id RETURNING id";
static const char sql_cell[] =
	"INSERT INTO cell(key, name, transport, workload, size, in_flight, rate_hz, wait,"
	" placement, model, params, harness) VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12)"
	" ON CONFLICT(key) DO UPDATE SET key=excluded.key RETURNING id";
static const char sql_session[] =
	"INSERT INTO session(uuid, environment_id, kind, started_ns, ended_ns, seed, argv, tool,"
	" doctor, extra, status) VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11) RETURNING id";
static const char sql_session_arm[] =
	"INSERT INTO session_arm(session_id, arm, subject_id) VALUES($1,$2,$3)";
static const char sql_run[] =
	"INSERT INTO run(session_id, cell_id, stage, round, arm, subject_id, slices, failure,"
	" metric, n, batch, messages, bytes, elapsed_ns, min_ns, max_ns, p50_ns, p90_ns, p99_ns,"
	" p999_ns, mean_ns, messages_per_s, bytes_per_s, clipped, histogram, histogram_format,"
	" cpu_user_us, cpu_sys_us, nvcsw, nivcsw, minflt, steal_us)"
	" VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,"
	"$23,$24,$25,$26,$27,$28,$29,$30,$31,$32)";
static const char sql_peer[] =
	"INSERT INTO peer(session_id, cell_id, stage, round, arm, number, name, start_ns,"
	" stop_ns, messages, bytes, cpu_user_ns, cpu_sys_ns, nvcsw, nivcsw, minflt, majflt)"
	" VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)";
static const char sql_skip[] =
	"INSERT INTO skip(session_id, cell_id, reason) VALUES($1,$2,$3)"
	" ON CONFLICT(session_id, cell_id) DO UPDATE SET reason=excluded.reason";
static const char sql_note[] =
	"INSERT INTO note(session_id, number, kind, body)"
	" SELECT CAST($1 AS BIGINT), count(*), CAST($2 AS TEXT), CAST($3 AS TEXT)"
	" FROM note WHERE session_id=$1";
static const char sql_finish[] = "UPDATE session SET status=$1, ended_ns=$2 WHERE id=$3";
static const char sql_figures[] = STORE_SQL_FIGURES("session_id=$1");

struct store_value store_value_null(void)
{
	return (struct store_value){.kind = STORE_NULL};
}

struct store_value store_value_integer(uint64_t number)
{
	return (struct store_value){.kind = STORE_INTEGER, .as.integer = (int64_t)number};
}

struct store_value store_value_real(double number)
{
	return isfinite(number) ? (struct store_value){.kind = STORE_REAL, .as.real = number}
	                        : store_value_null();
}

struct store_value store_value_text(const char *text)
{
	return (struct store_value){.kind = STORE_TEXT, .as.text = text ? text : ""};
}

struct store_value store_value_blob(const void *data, size_t bytes)
{
	return (struct store_value){.kind = STORE_BLOB, .as.blob = data, .bytes = bytes};
}

int store_run(struct store *store, const char *sql, const struct store_value *values,
              size_t values_count, int64_t *out, char *why, size_t why_bytes)
{
	const struct store_backend *backend = store->backend;
	struct store_rows *rows;
	int ret = backend->query(store, sql, values, values_count, &rows, why, why_bytes);

	if (ret < 0)
		return ret;
	ret = backend->next(rows, why, why_bytes);
	if (ret == 1) {
		if (out)
			*out = backend->integer(rows, 0);
		/* To its end, which is where a statement does its work. */
		ret = backend->next(rows, why, why_bytes);
	}
	backend->end(rows);
	return ret < 0 ? ret : 0;
}

#define RUN(self, sql, values, out, why, why_bytes)                                                \
	store_run(self, sql, values, sizeof(values) / sizeof((values)[0]), out, why, why_bytes)

/* Begins a transaction, unless one is open for the whole session. Returns 0, or -errno. */
static int begin(struct store *self, char *why, size_t why_bytes)
{
	if (self->is_whole)
		return 0;
	return self->backend->transaction(self, STORE_BEGIN_WRITE, why, why_bytes);
}

/* Ends a transaction by what came of it. Returns ret, or the -errno of the commit. */
static int end(struct store *self, int ret, char *why, size_t why_bytes)
{
	if (self->is_whole)
		return ret;
	if (ret == 0)
		ret = self->backend->transaction(self, STORE_COMMIT, why, why_bytes);
	if (ret < 0)
		self->backend->transaction(self, STORE_ROLLBACK, NULL, 0);
	return ret;
}

/* Stores what an arm measures, and that it does. */
static int put_subject(struct store *self, size_t arm, const struct session_subject *subject,
                       char *why, size_t why_bytes)
{
	const char name[] = {(char)('A' + arm), '\0'};
	const struct store_value values[] = {
		store_value_text(subject->git_sha),  store_value_integer(subject->is_dirty),
		store_value_text(subject->build_id), store_value_text(subject->compiler),
		store_value_text(subject->flags),
	};
	int ret = RUN(self, sql_subject, values, &self->subjects[arm], why, why_bytes);
	const struct store_value arms[] = {
		store_value_integer((uint64_t)self->session),
		store_value_text(name),
		store_value_integer((uint64_t)self->subjects[arm]),
	};

	return ret < 0 ? ret : RUN(self, sql_session_arm, arms, NULL, why, why_bytes);
}

/* Stores what the arms measure: this program, by the facts of the environment, unless named. */
static int put_subjects(struct store *self, const struct session *session,
                        const struct environment *environment, char *why, size_t why_bytes)
{
	json_t *canon = json_loads(environment->canon ? environment->canon : "", 0, NULL);
	json_t *recorded = json_loads(environment->recorded ? environment->recorded : "", 0, NULL);
	const struct session_subject this_program = {
		.git_sha = json_string_value(json_object_get(recorded, "git_sha")),
		.is_dirty = json_is_true(json_object_get(recorded, "git_dirty")),
		.build_id = json_string_value(json_object_get(recorded, "build_id")),
		.compiler = json_string_value(json_object_get(canon, "compiler")),
		.flags = json_string_value(json_object_get(canon, "flags")),
	};
	const struct session_subject *subject = session->subjects;
	int ret = put_subject(self, 0, session_subject_is_known(subject) ? subject : &this_program,
	                      why, why_bytes);

	self->subjects[1] = self->subjects[0];
	for (size_t i = 1; i < SESSION_ARMS_MAX && ret == 0; i++) {
		bool is_known = session_subject_is_known(&subject[i]);

		if (is_known || session_has_arms(session))
			ret = put_subject(self, i, is_known ? &subject[i] : &this_program, why,
			                  why_bytes);
	}
	json_decref(canon);
	json_decref(recorded);
	return ret;
}

/* Stores machine, environment, subject, session. */
static int put_session(struct store *self, const struct session *session, char *why,
                       size_t why_bytes)
{
	static const struct environment unknown;
	const struct environment *environment =
		session->environment ? session->environment : &unknown;
	const struct store_value machine[] = {store_value_text(environment->machine_key),
	                                      store_value_text(environment->machine)};
	int64_t machine_id;
	int64_t environment_id;
	int ret = RUN(self, sql_machine, machine, &machine_id, why, why_bytes);

	if (ret == 0) {
		const struct store_value values[] = {store_value_text(environment->key),
		                                     store_value_integer((uint64_t)machine_id),
		                                     store_value_text(environment->canon)};

		ret = RUN(self, sql_environment, values, &environment_id, why, why_bytes);
	}
	if (ret == 0) {
		const struct store_value values[] = {
			store_value_text(session->uuid),
			store_value_integer((uint64_t)environment_id),
			store_value_text(session->kind),
			store_value_integer(session->started_ns),
			session->ended_ns > 0 ? store_value_integer(session->ended_ns)
					      : store_value_null(),
			store_value_integer(session->seed),
			store_value_text(session->argv),
			store_value_text(session->tool),
			store_value_text(session->doctor),
			store_value_text(environment->recorded),
			store_value_text(session->status),
		};

		ret = RUN(self, sql_session, values, &self->session, why, why_bytes);
	}
	if (ret == 0)
		ret = put_subjects(self, session, environment, why, why_bytes);
	return ret;
}

int store_write_begin(struct store *self, const struct session *session, bool is_whole, char *why,
                      size_t why_bytes)
{
	int ret = self->backend->transaction(self, STORE_BEGIN_WRITE, why, why_bytes);

	if (ret < 0)
		return ret;
	ret = put_session(self, session, why, why_bytes);
	if (ret == 0 && is_whole) {
		self->is_whole = true;
		return 0;
	}
	ret = end(self, ret, why, why_bytes);
	if (ret < 0)
		self->session = 0;
	return ret;
}

static uint32_t harness_of(const struct run_cell *cell)
{
	return cell->harness > 0 ? cell->harness : RUN_HARNESS_VERSION;
}

/* Writes the key of a cell: the hash of all that may change a number. Returns 0, or -ENOMEM. */
static int cell_key(char out[static ENVIRONMENT_KEY_BYTES], const struct run_cell *cell)
{
	json_t *object = json_pack("{s:s, s:s, s:I, s:I, s:f, s:s, s:s, s:s, s:s, s:I}",
	                           "transport", cell->transport, "workload", cell->workload, "size",
	                           (json_int_t)cell->size_bytes, "in_flight",
	                           (json_int_t)cell->in_flight, "rate_hz", cell->rate_hz, "wait",
	                           cell->wait, "placement", cell->placement, "model", cell->model,
	                           "params", cell->params, "harness", (json_int_t)harness_of(cell));
	char *canon = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);

	json_decref(object);
	if (!canon)
		return -ENOMEM;
	environment_hash(out, 'c', canon);
	free(canon);
	return 0;
}

/* Finds the row of a cell, or adds it. */
static int put_cell(struct store *self, const struct run_cell *cell, int64_t *out, char *why,
                    size_t why_bytes)
{
	char key[ENVIRONMENT_KEY_BYTES];
	int ret = cell_key(key, cell);
	const struct store_value values[] = {
		store_value_text(key),
		store_value_text(cell->name),
		store_value_text(cell->transport),
		store_value_text(cell->workload),
		store_value_integer(cell->size_bytes),
		store_value_integer(cell->in_flight),
		cell->rate_hz > 0.0 ? store_value_real(cell->rate_hz) : store_value_null(),
		store_value_text(cell->wait),
		store_value_text(cell->placement),
		store_value_text(cell->model),
		store_value_text(cell->params),
		store_value_integer(harness_of(cell)),
	};

	if (ret < 0) {
		snprintf(why, why_bytes, "%s: no memory, or the cell's names are not UTF-8",
		         self->name);
		return ret;
	}
	return RUN(self, sql_cell, values, out, why, why_bytes);
}

/* Returns a quantile per operation, or null where there is none. */
static struct store_value quantile(const struct run *run, double p)
{
	uint64_t value;

	if (!run->histogram || run->histogram->count == 0 || run->batch == 0)
		return store_value_null();
	value = histogram_quantile(run->histogram, p);
	return value == HISTOGRAM_CLIPPED ? store_value_null()
	                                  : store_value_real((double)value / (double)run->batch);
}

/* Returns a / b, or null where b is 0. */
static struct store_value ratio(double a, double b)
{
	return b > 0.0 ? store_value_real(a / b) : store_value_null();
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
static int put_run(struct store *self, const struct run *run, int64_t cell, const void *encoded,
                   size_t encoded_bytes, char *why, size_t why_bytes)
{
	const struct histogram *h = run->histogram;
	bool has_values = h && h->count > 0 && run->batch > 0;
	double seconds = (double)run->elapsed_ns / 1e9;
	struct recorder_counters sum = sum_of_peers(run);
	const struct store_value values[] = {
		store_value_integer((uint64_t)self->session),
		store_value_integer((uint64_t)cell),
		store_value_integer(run->stage),
		store_value_integer(run->round),
		store_value_text(run->arm),
		store_value_integer((uint64_t)self->subjects[strcmp(run->arm, "B") == 0]),
		store_value_text(""),
		run->failure[0] ? store_value_text(run->failure) : store_value_null(),
		store_value_text(run->metric == RUN_ROUND_TRIP ? "round_trip" : "throughput"),
		store_value_integer(run->samples),
		store_value_integer(run->batch),
		store_value_integer(run->messages),
		store_value_integer(run->bytes),
		store_value_integer(run->elapsed_ns),
		has_values ? store_value_real((double)h->min / (double)run->batch)
			   : store_value_null(),
		has_values ? store_value_real((double)h->max / (double)run->batch)
			   : store_value_null(),
		quantile(run, 0.5),
		quantile(run, 0.9),
		quantile(run, 0.99),
		quantile(run, 0.999),
		ratio((double)run->elapsed_ns, (double)run->messages),
		ratio((double)run->messages, seconds),
		ratio((double)run->bytes, seconds),
		store_value_integer(h ? h->clipped : 0),
		encoded ? store_value_blob(encoded, encoded_bytes) : store_value_null(),
		encoded ? store_value_text("loglin1") : store_value_null(),
		store_value_integer(sum.cpu_user_ns / 1000),
		store_value_integer(sum.cpu_system_ns / 1000),
		store_value_integer(sum.voluntary_switches),
		store_value_integer(sum.involuntary_switches),
		store_value_integer(sum.minor_faults),
		store_value_integer(run->steal_ns / 1000),
	};

	return RUN(self, sql_run, values, NULL, why, why_bytes);
}

/* Stores the rows of a run's peers. */
static int put_peers(struct store *self, const struct run *run, int64_t cell, char *why,
                     size_t why_bytes)
{
	for (uint32_t i = 0; i < run->peer_count && i < RUN_PEERS_MAX; i++) {
		const struct recorder_counters *c = &run->peers[i].counters;
		const struct store_value values[] = {
			store_value_integer((uint64_t)self->session),
			store_value_integer((uint64_t)cell),
			store_value_integer(run->stage),
			store_value_integer(run->round),
			store_value_text(run->arm),
			store_value_integer(i),
			store_value_text(run->peers[i].name),
			store_value_integer(c->start_ns),
			store_value_integer(c->stop_ns),
			store_value_integer(c->messages),
			store_value_integer(c->bytes),
			store_value_integer(c->cpu_user_ns),
			store_value_integer(c->cpu_system_ns),
			store_value_integer(c->voluntary_switches),
			store_value_integer(c->involuntary_switches),
			store_value_integer(c->minor_faults),
			store_value_integer(c->major_faults),
		};
		int ret = RUN(self, sql_peer, values, NULL, why, why_bytes);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Stores one run, inside a transaction. */
static int append_one(struct store *self, const struct run *run, char *why, size_t why_bytes)
{
	unsigned char *encoded = NULL;
	size_t encoded_bytes = 0;
	int64_t cell;
	int ret = 0;

	if (run->histogram)
		ret = histogram_encode(run->histogram, &encoded, &encoded_bytes);
	if (ret < 0) {
		snprintf(why, why_bytes, "%s: no memory for a histogram", self->name);
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
static int begin_for_session(struct store *self, char *why, size_t why_bytes)
{
	if (self->session == 0) {
		snprintf(why, why_bytes, "%s: no session is open", self->name);
		return -EINVAL;
	}
	return begin(self, why, why_bytes);
}

int store_write_append(struct store *self, const struct run *runs, size_t runs_count, char *why,
                       size_t why_bytes)
{
	int ret = begin_for_session(self, why, why_bytes);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < runs_count && ret == 0; i++)
		ret = append_one(self, &runs[i], why, why_bytes);
	return end(self, ret, why, why_bytes);
}

int store_write_skip(struct store *self, const struct run_cell *cell, const char *reason, char *why,
                     size_t why_bytes)
{
	int64_t id;
	int ret = begin_for_session(self, why, why_bytes);

	if (ret < 0)
		return ret;
	ret = put_cell(self, cell, &id, why, why_bytes);
	if (ret == 0) {
		const struct store_value values[] = {store_value_integer((uint64_t)self->session),
		                                     store_value_integer((uint64_t)id),
		                                     store_value_text(reason)};

		ret = RUN(self, sql_skip, values, NULL, why, why_bytes);
	}
	return end(self, ret, why, why_bytes);
}

int store_write_note(struct store *self, const char *kind, const char *body, char *why,
                     size_t why_bytes)
{
	const struct store_value values[] = {store_value_integer((uint64_t)self->session),
	                                     store_value_text(kind), store_value_text(body)};
	int ret = begin_for_session(self, why, why_bytes);

	if (ret < 0)
		return ret;
	ret = RUN(self, sql_note, values, NULL, why, why_bytes);
	return end(self, ret, why, why_bytes);
}

/* Returns CLOCK_REALTIME in nanoseconds. */
static uint64_t wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Writes the figures of the open session, from which series are read. */
static int put_figures(struct store *self, char *why, size_t why_bytes)
{
	const struct store_value values[] = {store_value_integer((uint64_t)self->session)};

	return RUN(self, sql_figures, values, NULL, why, why_bytes);
}

int store_write_finish(struct store *self, const char *status, char *why, size_t why_bytes)
{
	const struct store_value values[] = {
		store_value_text(status),
		store_value_integer(wall_clock_ns()),
		store_value_integer((uint64_t)self->session),
	};
	int ret = begin_for_session(self, why, why_bytes);

	if (ret < 0)
		return ret;
	/* A session that is stored whole has its status and end already. */
	if (!self->is_whole)
		ret = RUN(self, sql_finish, values, NULL, why, why_bytes);
	if (ret == 0)
		ret = put_figures(self, why, why_bytes);
	self->is_whole = false;
	ret = end(self, ret, why, why_bytes);
	if (ret == 0)
		self->session = 0;
	return ret;
}
