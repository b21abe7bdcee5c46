/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/session_log.h - the session of a command that measures, in the store.
 *
 * Errors are said here, so that a command only has to stop.
 */
#ifndef SUITES_BENCH_SESSION_LOG_H
#define SUITES_BENCH_SESSION_LOG_H

#include "results/environment.h"
#include "results/report.h"
#include "results/session.h"
#include "results/store.h"
#include "results/verdict_report.h"

struct session_log {
	struct store *store;
	struct environment *environment;
	char *doctor; /* what its checks without probes warn of, as session.doctor */
	struct session session;
	int told; /* the last error that was said: it is not said twice */
};

/*
 * Opens the history (null: the default), captures the environment and begins a
 * session. Strings are the caller's. Returns 0, or -errno after it was said;
 * session_log_close() is due either way.
 */
int session_log_open(struct session_log *log, const char *store, const char *kind, const char *argv,
                     uint64_t seed);

/* Appends runs in one transaction, or a cell that was left out. Returns 0, or -errno, said. */
int session_log_add(struct session_log *log, const struct run *runs, size_t runs_count);
int session_log_skip(struct session_log *log, const struct run_cell *cell, const char *reason);

/* Appends a claim, or an experiment, that belongs to the session as a whole. Returns as above. */
int session_log_claim(struct session_log *log, const struct report_claim *claim);

/* Notes what is compared, beside the runs. Returns as above. */
int session_log_comparison(struct session_log *log, const struct verdict_report *report);

/* Ends the session with a status and the time. Returns 0, or -errno, said. */
int session_log_finish(struct session_log *log, const char *status);

/* Closes the history. A log of zeros is allowed. */
void session_log_close(struct session_log *log);

#endif
