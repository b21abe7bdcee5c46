/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/references.h - what a word for a stored session stands for.
 *
 *   latest, latest~N   the newest session, or the N-th before it
 *   NAME               a baseline
 *   UUID               a session's uuid, or its start
 *   REVISION           the newest session of a git commit: its hash or the start of it,
 *                      or a name that git knows in this folder
 *
 * in this order. Unfinished sessions are none. :A or :B at the end names the arm of a
 * session that compared two; without it that is the one of the commit that was named,
 * else B, the candidate.
 */
#ifndef SUITES_BENCH_REFERENCES_H
#define SUITES_BENCH_REFERENCES_H

#include "results/store.h"

#define REFERENCE_BYTES 256

struct reference {
	char uuid[SESSION_UUID_BYTES];
	char arm[RUN_ARM_BYTES]; /* of its runs */
};

/*
 * Finds the session that text stands for. Returns STATUS_DONE, or said: STATUS_USAGE (no
 * such form), STATUS_NOT_COMPARABLE (there is no such session), STATUS_FAILED (the history).
 */
int reference_find(struct store *store, const char *text, struct reference *out);

/* Checks the name of a baseline. Returns STATUS_DONE, or STATUS_USAGE said. */
int reference_check_name(const char *name);

#endif
