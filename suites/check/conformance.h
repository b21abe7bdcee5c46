/* SPDX-License-Identifier: MIT */
/* suites/check/conformance.h - the suite of the contract's clauses. */
#ifndef CHECK_CONFORMANCE_H
#define CHECK_CONFORMANCE_H

#include "suites/check/check.h"
#include "suites/check/runner.h"

/* The rows of each file in conformance/; declared here to be checked against them. */
#define CONFORMANCE_CASES(name) extern const struct check_case conformance_##name[];
#include "registered_conformances.inc"
#undef CONFORMANCE_CASES

/* Adds the suite's runs for a transport, as runs_add() does for one table. */
int conformance_runs(struct runs *runs, const struct ipc_transport *transport,
                     const struct check_settings *settings, const char *pattern);

#endif
