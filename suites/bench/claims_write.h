/* SPDX-License-Identifier: MIT */
/* suites/bench/claims_write.h - judged claims as text, as JSON, and in a report. */
#ifndef SUITES_BENCH_CLAIMS_WRITE_H
#define SUITES_BENCH_CLAIMS_WRITE_H

#include <stdio.h>

#include "suites/bench/claims.h"

/* What is written: the trial, what it says, and the report of its cells. */
struct claims_view {
	const struct trial *trial;
	const struct claim *claims; /* CLAIMS_COUNT */
	const struct report *report;
};

/* Write a view, for cli_write_with(). Return 0 or -errno. */
int claims_write_text(FILE *out, const void *view);
int claims_write_json(FILE *out, const void *view);

/* Adds the claims to a report, each with as many numbers as it takes. Returns 0 or -errno. */
int claims_add_to_report(const struct claim *claims, struct report_builder *builder);

#endif
