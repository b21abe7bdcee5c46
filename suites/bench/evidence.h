/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/evidence.h - what a history knows of some cells in this environment.
 *
 * Of each cell the newest session that measured it in full counts, and no other:
 * rounds of different sessions are not thrown together.
 */
#ifndef SUITES_BENCH_EVIDENCE_H
#define SUITES_BENCH_EVIDENCE_H

#include "results/advice.h"
#include "suites/bench/needs.h"

/*
 * Fills in the rounds and the session of each candidate, by its name, and why a round
 * has failed, the newest session's. Candidates without evidence stay without rounds; an
 * absent history is none.
 * Returns 0, or -errno, said.
 */
int evidence_read(const char *store, enum needs_goal goal, struct advice_candidate *candidates,
                  size_t count);

#endif
