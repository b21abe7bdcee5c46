/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/claims.h - thread or process: what is claimed, and what a trial says to it.
 *
 * A claim has a verdict only where the trial can tell: a machine without two free
 * CPUs shows no speed-up of anybody, and then none is judged by it.
 */
#ifndef SUITES_BENCH_CLAIMS_H
#define SUITES_BENCH_CLAIMS_H

#include "suites/bench/trial.h"

#define CLAIMS_COUNT 9
#define CLAIM_FACTS_MAX 96
#define CLAIM_CELLS_MAX 16

enum claim_verdict {
	CLAIM_HOLDS,
	CLAIM_DOES_NOT_HOLD,
	CLAIM_CANNOT_BE_TOLD,
};

struct claim {
	const char *id;
	const char *claim;
	const char *how; /* what was measured, one sentence */
	enum claim_verdict verdict;
	char reason[RUN_TEXT_BYTES]; /* of the verdict; empty where the numbers say it */
	struct fact facts[CLAIM_FACTS_MAX];
	size_t facts_count;
	const char *cells[CLAIM_CELLS_MAX]; /* names, of the trial */
	size_t cells_count;
};

/* Returns "holds", "does not hold" or "cannot be told". */
const char *claim_verdict_text(enum claim_verdict verdict);

/* Judges a trial. All claims are filled in, in the order in which they are told. */
void claims_judge(const struct trial *trial, struct claim claims[static CLAIMS_COUNT]);

#endif
