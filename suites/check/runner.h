/* SPDX-License-Identifier: MIT */
/*
 * suites/check/runner.h - runs the cases of a suite, each in a process of its own.
 *
 * A run is a case for one transport in one wait and one model. The runner forks the
 * case process, watches its actors' calls, kills its process group when one hangs,
 * and looks for what is left behind.
 */
#ifndef CHECK_RUNNER_H
#define CHECK_RUNNER_H

#include "suites/check/check.h"

#define RUN_NAME_BYTES 128

struct run {
	const struct check_case *subject;
	const struct ipc_transport *transport;
	const struct check_settings *settings;
	enum ipc_wait wait;
	enum check_model model;
	char name[RUN_NAME_BYTES]; /* <case>[.<wait>][.<model>] */
	bool is_chosen;            /* the caller's mark */
	/* The outcome. */
	enum verdict verdict;
	char clause[CLAUSE_BYTES];
	char text[TEXT_BYTES];
	char counts[TEXT_BYTES];
};

struct runs {
	struct run *items;
	size_t count;
	size_t capacity;
};

/*
 * Adds the runs of the rows of cases, up to the row without a name, whose names
 * match pattern (null: all). What the transport does not promise is added with that
 * verdict. Returns 0, or -ENOMEM.
 */
int runs_add(struct runs *runs, const struct check_case *cases,
             const struct ipc_transport *transport, const struct check_settings *settings,
             const char *pattern);
void runs_release(struct runs *runs);

/* Runs one and fills in its outcome. It returns, whatever the case does. */
void run_execute(struct run *run);

/* Returns the settings of a quick or a full run. */
struct check_settings check_settings_make(bool is_full, uint64_t seed);

#endif
