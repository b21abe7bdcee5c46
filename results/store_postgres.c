/* SPDX-License-Identifier: MIT */
/*
 * results/store_postgres.c - transactions, statements and rows of a PostgreSQL database.
 *
 * Parameters go as text, whose types the server finds; answers come in binary, which
 * for thousands of numbers is what takes the least time. Nothing waits for the
 * server without a deadline.
 */
#include "results/store_postgres.h"

#include <endian.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Held from the begin of a write to its end: writers take turns, as in a file. */
#define LOCK_KEY "7597681845633704808" /* "ipcbench", as a number */
/* More than the server's own limits, which say better what was slow. */
#define ANSWER_NS (STORE_READ_NS + 10000000000u)
#define NUMBER_BYTES 32

struct postgres_rows {
	struct store_rows base;
	PGresult *result;
	int row; /* the one in hand, or -1 */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Returns the -errno that an SQLSTATE stands for (PostgreSQL, appendix A). */
static int errno_of(const char *state)
{
	static const struct {
		const char *state; /* or the start of it: its class */
		int error;
	} known[] = {
		{"23505", -EEXIST}, {"23", -EINVAL},       {"53100", -ENOSPC},
		{"53200", -ENOMEM}, {"53", -EBUSY},        {"55P03", -EBUSY},
		{"40", -EBUSY},     {"57014", -ETIMEDOUT}, {"57", -ECONNRESET},
		{"42501", -EACCES}, {"28", -EACCES},       {"3D000", -ENOENT},
		{"25006", -EROFS},  {"08", -ECONNREFUSED}, {"22", -EINVAL},
	};

	for (size_t i = 0; state && i < sizeof(known) / sizeof(known[0]); i++) {
		if (strncmp(state, known[i].state, strlen(known[i].state)) == 0)
			return known[i].error;
	}
	return state ? -EBADMSG : -ECONNREFUSED;
}

/* Returns the remedy for an error. */
static const char *remedy_of(int error)
{
	switch (error) {
	case -EEXIST:
		return "it is there already";
	case -ENOSPC:
		return "the server's disk is full";
	case -EBUSY:
		return "the server is busy, or another writer holds the history; try again";
	case -ETIMEDOUT:
		return "the server took too long";
	case -EACCES:
		return "this user may not; check user, password and grants";
	case -EROFS:
		return "the database is read-only";
	case -ENOENT:
		return "make the database first, with createdb";
	case -EBADMSG:
		return "not a history of ipcbench, or damaged";
	default:
		return "check the URI, and that the server runs";
	}
}

int store_postgres_fail(struct store_postgres *self, const PGresult *result, char *why,
                        size_t why_bytes)
{
	const char *state = result ? store_pq.PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *text =
		result ? store_pq.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	int ret = errno_of(state);

	if (!why)
		return ret;
	if (!text)
		text = store_pq.PQerrorMessage(self->connection);
	snprintf(why, why_bytes, "%s: %s (%.*s)", self->base.name, remedy_of(ret),
	         (int)strcspn(text, "\n"), text);
	return ret;
}

/* Sends what is left to send, and waits until the socket has something. Returns 0, or -errno. */
static int wait_for_server(struct store_postgres *self, uint64_t deadline_ns)
{
	int unsent = store_pq.PQflush(self->connection);
	struct pollfd socket = {
		.fd = store_pq.PQsocket(self->connection),
		.events = (short)(POLLIN | (unsent > 0 ? POLLOUT : 0)),
	};
	uint64_t now = now_ns();

	if (unsent < 0 || socket.fd < 0)
		return -ECONNRESET;
	if (now >= deadline_ns)
		return -ETIMEDOUT;
	if (poll(&socket, 1, (int)((deadline_ns - now) / 1000000u) + 1) < 0 && errno != EINTR)
		return -errno;
	if ((socket.revents & (POLLIN | POLLERR | POLLHUP)) != 0 &&
	    !store_pq.PQconsumeInput(self->connection))
		return -ECONNRESET;
	return 0;
}

/*
 * Waits for the answer to what was sent: the last result, or the first that is an error.
 * *out is for PQclear(). Returns 0, or -errno as store_postgres_fail().
 */
static int await(struct store_postgres *self, PGresult **out, char *why, size_t why_bytes)
{
	uint64_t deadline_ns = now_ns() + ANSWER_NS;
	PGresult *kept = NULL;
	PGresult *result;
	ExecStatusType status = PGRES_FATAL_ERROR;
	int ret = 0;

	do {
		while (ret == 0 && (store_pq.PQflush(self->connection) > 0 ||
		                    store_pq.PQisBusy(self->connection)))
			ret = wait_for_server(self, deadline_ns);
		if (ret < 0)
			break;
		result = store_pq.PQgetResult(self->connection);
		if (result && kept && store_pq.PQresultStatus(kept) == PGRES_FATAL_ERROR) {
			store_pq.PQclear(result);
		} else if (result) {
			store_pq.PQclear(kept);
			kept = result;
		}
	} while (result);
	if (ret == 0) {
		status = store_pq.PQresultStatus(kept);
		if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
			*out = kept;
			return 0;
		}
		ret = store_postgres_fail(self, kept, why, why_bytes);
	} else if (why) {
		snprintf(why, why_bytes, "%s: %s (%s)", self->base.name, remedy_of(ret),
		         strerror(-ret));
	}
	store_pq.PQclear(kept);
	return ret;
}

int store_postgres_exec(struct store_postgres *self, const char *sql, char *why, size_t why_bytes)
{
	PGresult *result;
	int ret;

	if (!store_pq.PQsendQuery(self->connection, sql))
		return store_postgres_fail(self, NULL, why, why_bytes);
	ret = await(self, &result, why, why_bytes);
	if (ret == 0)
		store_pq.PQclear(result);
	return ret;
}

int store_postgres_integer(struct store_postgres *self, const char *sql, int64_t *out, char *why,
                           size_t why_bytes)
{
	PGresult *result;
	int ret;

	if (!store_pq.PQsendQuery(self->connection, sql))
		return store_postgres_fail(self, NULL, why, why_bytes);
	ret = await(self, &result, why, why_bytes);
	if (ret < 0)
		return ret;
	*out = store_pq.PQntuples(result) > 0 ? strtoll(store_pq.PQgetvalue(result, 0, 0), NULL, 10)
	                                      : -1;
	store_pq.PQclear(result);
	return 0;
}

static int postgres_transaction(struct store *store, enum store_transaction what, char *why,
                                size_t why_bytes)
{
	static const char *const sql[] = {
		[STORE_BEGIN_READ] = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
		[STORE_BEGIN_WRITE] = "BEGIN; SELECT pg_advisory_xact_lock(" LOCK_KEY ")",
		[STORE_COMMIT] = "COMMIT",
		[STORE_ROLLBACK] = "ROLLBACK",
	};
	struct store_postgres *self = (struct store_postgres *)store;
	PGTransactionStatusType now = store_pq.PQtransactionStatus(self->connection);
	int ret = 0;

	if (what == STORE_ROLLBACK && (now == PQTRANS_IDLE || now == PQTRANS_UNKNOWN))
		return 0;
	/* A connection that stood idle for an hour of measuring may be gone. */
	if (what <= STORE_BEGIN_WRITE && store_pq.PQstatus(self->connection) != CONNECTION_OK)
		ret = store_postgres_reopen(self, why, why_bytes);
	if (ret == 0)
		ret = store_postgres_exec(self, sql[what], why, why_bytes);
	if (what == STORE_BEGIN_READ || what == STORE_BEGIN_WRITE) {
		/* Lost, and seen only now. */
		if (ret < 0 && store_pq.PQstatus(self->connection) != CONNECTION_OK &&
		    store_postgres_reopen(self, why, why_bytes) == 0)
			ret = store_postgres_exec(self, sql[what], why, why_bytes);
		/* The lock was not had in time: the transaction is open nevertheless. */
		if (ret < 0)
			store_postgres_exec(self, "ROLLBACK", NULL, 0);
	}
	return ret;
}

/* Prepares sql, unless it is. Returns its number, or -errno. */
static int prepare(struct store_postgres *self, const char *sql, char *why, size_t why_bytes)
{
	PGresult *result;
	char name[NUMBER_BYTES];
	size_t i = 0;
	int ret;

	while (i < self->statements_count && self->statements[i] != sql)
		i++;
	if (i < self->statements_count)
		return (int)i;
	if (i == STORE_POSTGRES_STATEMENTS_MAX)
		return -ENOMEM;
	snprintf(name, sizeof(name), "s%zu", i);
	if (!store_pq.PQsendPrepare(self->connection, name, sql, 0, NULL))
		return store_postgres_fail(self, NULL, why, why_bytes);
	ret = await(self, &result, why, why_bytes);
	if (ret < 0)
		return ret;
	store_pq.PQclear(result);
	self->statements[self->statements_count++] = sql;
	return (int)i;
}

/* Sends a prepared statement with its values. Returns whether it could be. */
static bool send(struct store_postgres *self, int statement, const struct store_value *values,
                 size_t values_count)
{
	char name[NUMBER_BYTES];
	char numbers[40][NUMBER_BYTES];
	const char *texts[40] = {0};
	int lengths[40] = {0};
	int formats[40] = {0};

	if (values_count > sizeof(texts) / sizeof(texts[0]))
		return false;
	for (size_t i = 0; i < values_count; i++) {
		const struct store_value *value = &values[i];

		texts[i] = value->kind == STORE_NULL ? NULL : numbers[i];
		if (value->kind == STORE_INTEGER)
			snprintf(numbers[i], NUMBER_BYTES, "%lld", (long long)value->as.integer);
		else if (value->kind == STORE_REAL)
			snprintf(numbers[i], NUMBER_BYTES, "%.17g", value->as.real);
		else if (value->kind == STORE_TEXT)
			texts[i] = value->as.text;
		else if (value->kind == STORE_BLOB)
			texts[i] = value->as.blob;
		lengths[i] = (int)value->bytes;
		formats[i] = value->kind == STORE_BLOB;
	}
	snprintf(name, sizeof(name), "s%d", statement);
	return store_pq.PQsendQueryPrepared(self->connection, name, (int)values_count, texts,
	                                    lengths, formats, 1);
}

static int postgres_query(struct store *store, const char *sql, const struct store_value *values,
                          size_t values_count, struct store_rows **out, char *why, size_t why_bytes)
{
	struct store_postgres *self = (struct store_postgres *)store;
	int statement = prepare(self, sql, why, why_bytes);
	struct postgres_rows *rows;
	PGresult *result;
	int ret;

	if (statement < 0)
		return statement;
	if (!send(self, statement, values, values_count))
		return store_postgres_fail(self, NULL, why, why_bytes);
	ret = await(self, &result, why, why_bytes);
	if (ret < 0)
		return ret;
	rows = malloc(sizeof(*rows));
	if (!rows) {
		store_pq.PQclear(result);
		return -ENOMEM;
	}
	*rows = (struct postgres_rows){.base.store = store, .result = result, .row = -1};
	*out = &rows->base;
	return 0;
}

static int postgres_next(struct store_rows *rows, char *why, size_t why_bytes)
{
	struct postgres_rows *self = (struct postgres_rows *)rows;

	(void)why;
	(void)why_bytes;
	return ++self->row < store_pq.PQntuples(self->result) ? 1 : 0;
}

static void postgres_end(struct store_rows *rows)
{
	struct postgres_rows *self = (struct postgres_rows *)rows;

	store_pq.PQclear(self->result);
	free(self);
}

/* Returns the bytes of a column, in network order, or null; *bytes is their number. */
static const char *value_at(struct store_rows *rows, int column, size_t *bytes)
{
	struct postgres_rows *self = (struct postgres_rows *)rows;

	*bytes = (size_t)store_pq.PQgetlength(self->result, self->row, column);
	return store_pq.PQgetisnull(self->result, self->row, column)
	               ? NULL
	               : store_pq.PQgetvalue(self->result, self->row, column);
}

/* Every integer of the tables has 8 bytes, as every real has. */
static uint64_t bits_at(struct store_rows *rows, int column, bool *is_there)
{
	size_t bytes;
	const char *value = value_at(rows, column, &bytes);
	uint64_t bits = 0;

	*is_there = value && bytes == sizeof(bits);
	if (*is_there)
		memcpy(&bits, value, sizeof(bits));
	return be64toh(bits);
}

static int64_t postgres_integer(struct store_rows *rows, int column)
{
	bool is_there;

	return (int64_t)bits_at(rows, column, &is_there);
}

static double postgres_real(struct store_rows *rows, int column)
{
	bool is_there;
	uint64_t bits = bits_at(rows, column, &is_there);
	double number;

	memcpy(&number, &bits, sizeof(number));
	return is_there ? number : (double)NAN;
}

static const char *postgres_text(struct store_rows *rows, int column)
{
	size_t bytes;
	const char *value = value_at(rows, column, &bytes);

	return value ? value : "";
}

static const void *postgres_blob(struct store_rows *rows, int column, size_t *bytes)
{
	return value_at(rows, column, bytes);
}

static const char *const prefixes[] = {"postgresql://", "postgres://", NULL};

const struct store_backend store_backend_postgres = {
	.prefixes = prefixes,
	.is_shared = true,
	.open = store_postgres_open,
	.close = store_postgres_close,
	.transaction = postgres_transaction,
	.query = postgres_query,
	.next = postgres_next,
	.end = postgres_end,
	.integer = postgres_integer,
	.real = postgres_real,
	.text = postgres_text,
	.blob = postgres_blob,
};
