/* SPDX-License-Identifier: MIT */
/* suites/bench/claims_write.h - judged claims in a report, in the store, and as JSON. */
#ifndef SUITES_BENCH_CLAIMS_WRITE_H
#define SUITES_BENCH_CLAIMS_WRITE_H

#include <stdio.h>

#include "suites/bench/claims.h"

/* What is written: the trial, and the report of what it says. */
struct claims_view {
	const struct trial *trial;
	const struct report *report;
};

/* Adds CLAIMS_COUNT claims to a report and to the open session. Returns 0, or -errno. */
int claims_record(const struct claim *claims, struct report_builder *builder,
                  struct session_log *log);

/* Writes a view, for cli_write_with(). Returns 0, or -errno. */
int claims_write_json(FILE *out, const void *view);

#endif
