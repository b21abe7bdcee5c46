/* SPDX-License-Identifier: MIT */
/* results/claim_json.h - a claim as JSON: what commands print and what a history keeps. */
#ifndef RESULTS_CLAIM_JSON_H
#define RESULTS_CLAIM_JSON_H

#include <jansson.h>

#include "results/report.h"

/* What a history calls the note of a claim; its body is claim_json(). */
#define CLAIM_NOTE "claim"

/*
 * Returns a claim as an object: id, claim, how, verdict, reason (null where the
 * numbers say it), measured (an object of numbers), cells. Null without memory.
 */
json_t *claim_json(const struct report_claim *claim);

/* Reads what claim_json() wrote. Returns 0, or -EBADMSG with *out undefined. */
int claim_parse(struct report_claim *out, const char *text);

#endif
