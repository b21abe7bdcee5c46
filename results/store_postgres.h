/* SPDX-License-Identifier: MIT */
/* results/store_postgres.h - what the files of the PostgreSQL store share. Private. */
#ifndef RESULTS_STORE_POSTGRES_H
#define RESULTS_STORE_POSTGRES_H

#include <libpq-fe.h>

#include "results/library.h"
#include "results/store_backend.h"

/* What is used of libpq, which is loaded when a URI first names a server. */
#define STORE_PQ_FUNCTIONS(X)                                                                      \
	X(PQclear)                                                                                 \
	X(PQconnectPoll)                                                                           \
	X(PQconnectStartParams)                                                                    \
	X(PQconsumeInput)                                                                          \
	X(PQdb)                                                                                    \
	X(PQerrorMessage)                                                                          \
	X(PQfinish)                                                                                \
	X(PQflush)                                                                                 \
	X(PQgetResult)                                                                             \
	X(PQgetisnull)                                                                             \
	X(PQgetlength)                                                                             \
	X(PQgetvalue)                                                                              \
	X(PQhost)                                                                                  \
	X(PQisBusy)                                                                                \
	X(PQntuples)                                                                               \
	X(PQport)                                                                                  \
	X(PQresetPoll)                                                                             \
	X(PQresetStart)                                                                            \
	X(PQresultErrorField)                                                                      \
	X(PQresultStatus)                                                                          \
	X(PQsendPrepare)                                                                           \
	X(PQsendQuery)                                                                             \
	X(PQsendQueryPrepared)                                                                     \
	X(PQsetClientEncoding)                                                                     \
	X(PQsetnonblocking)                                                                        \
	X(PQsocket)                                                                                \
	X(PQstatus)                                                                                \
	X(PQtransactionStatus)

struct store_pq {
	STORE_PQ_FUNCTIONS(LIBRARY_POINTER)
};
extern struct store_pq store_pq;

#define STORE_POSTGRES_STATEMENTS_MAX 32

struct store_postgres {
	struct store base;
	PGconn *connection;
	bool is_for_reading;
	const char *statements[STORE_POSTGRES_STATEMENTS_MAX]; /* prepared as "s0", "s1" ... */
	size_t statements_count;
};

/* Opens, and opens anew after the connection was lost (store_postgres_open.c). */
int store_postgres_open(struct store **out, const char *uri, enum store_access access, char *why,
                        size_t why_bytes);
int store_postgres_reopen(struct store_postgres *self, char *why, size_t why_bytes);
void store_postgres_close(struct store *store);

/*
 * Sends SQL that has no parameters and waits for its end. Returns 0, or -errno as
 * store_postgres_fail().
 */
int store_postgres_exec(struct store_postgres *self, const char *sql, char *why, size_t why_bytes);

/* Does the same, and gives the integer that the first row has, or -1. */
int store_postgres_integer(struct store_postgres *self, const char *sql, int64_t *out, char *why,
                           size_t why_bytes);

/*
 * Says in why what an error means, with the remedy, in one line. result is null
 * where the connection failed. Returns the -errno for it.
 */
int store_postgres_fail(struct store_postgres *self, const PGresult *result, char *why,
                        size_t why_bytes);

#endif
