/* SPDX-License-Identifier: MIT */
/*
 * results/exchange_parse.h - a line of JSON as what it stands for. Private to results/exchange*.c.
 *
 * Each function returns 0, or -errno with what is wrong in why, a part of a sentence:
 * -EBADMSG, -EPROTO (another schema), -ENOMEM. Strings are the line's, unless owned.
 */
#ifndef RESULTS_EXCHANGE_PARSE_H
#define RESULTS_EXCHANGE_PARSE_H

#include <jansson.h>

#include "results/environment.h"
#include "results/run.h"
#include "results/session.h"

struct exchange_session {
	struct session session;
	struct environment environment; /* its texts are owned */
	char *doctor;                   /* owned */
};

struct exchange_run {
	struct run run;
	struct run_cell cell;
	struct histogram *histogram; /* owned, or null */
};

struct exchange_counts {
	uint64_t runs;
	uint64_t skips;
	uint64_t notes;
};

int exchange_parse_session(struct exchange_session *out, const json_t *line, char *why,
                           size_t why_bytes);
void exchange_session_release(struct exchange_session *session);

int exchange_parse_run(struct exchange_run *out, const json_t *line, char *why, size_t why_bytes);
void exchange_run_release(struct exchange_run *run);

int exchange_parse_skip(struct run_cell *cell, const char **reason, const json_t *line, char *why,
                        size_t why_bytes);
int exchange_parse_note(const char **kind, const char **body, const json_t *line, char *why,
                        size_t why_bytes);

/* Reads the last line of a session; uuid is what it must name. */
int exchange_parse_end(struct exchange_counts *out, const char *uuid, const json_t *line, char *why,
                       size_t why_bytes);

#endif
