/* SPDX-License-Identifier: MIT */
/* suites/racecheck/launcher/report.h - what the formats of a report have in common. */
#ifndef RACECHECK_REPORT_H
#define RACECHECK_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "suites/racecheck/launcher/launcher.h"

/* All that a format writes; the session and what it holds are the launcher's. */
struct report_set {
	const struct session *session;
	const struct report *races[REPORT_MAX]; /* one a racing pair */
	uint32_t race_count;
	const char *cause; /* why there is no verdict; null if there is one */
	int exit_status;   /* of racecheck run */
};

/* Write a whole set; errors stay in the stream. */
void report_write_text(const struct report_set *set, FILE *out);
void report_write_jsonl(const struct report_set *set, FILE *out);
void report_write_sarif(const struct report_set *set, FILE *out);

/* "read", "write", "atomic read" or "atomic write". */
const char *side_kind(const struct side *side);

/* Who made the access; never null. */
const struct occupant *side_who(const struct session *session, const struct side *side);

/*
 * Collects the stack of an access, innermost first, functions that were compiled inline
 * included. Returns the number of frames, at most STACK_SHOWN; they live until
 * symbols_release().
 */
uint32_t side_stack(const struct session *session, const struct side *side,
                    const struct line *frames[STACK_SHOWN]);

/* Names the bytes for people: the segment and the offset in it, or private memory. */
void report_where(const struct session *session, const struct report *report, char *text,
                  size_t bytes);

#endif
