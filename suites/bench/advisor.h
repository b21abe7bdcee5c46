/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/advisor.h - from needs to a ranking: candidates, evidence, what is left out.
 *
 * A choice is a transport under a model. It is left out if it can't run here, lacks
 * a promise that is needed, or has no figures; and what is left out is never ranked.
 */
#ifndef SUITES_BENCH_ADVISOR_H
#define SUITES_BENCH_ADVISOR_H

#include "results/advice.h"
#include "suites/bench/measure.h"
#include "suites/bench/needs.h"
#include "workloads/plan.h"

struct advisor_choice {
	struct run_cell cell;
	const struct cell *planned; /* null: it can't run here */
	const struct report_transport *transport;
	uint32_t promises;                /* those of the transport that hold under the model */
	bool is_wanted;                   /* it can run here and keeps what must hold */
	char reason[RUN_TEXT_BYTES + 32]; /* why it is left out; empty if it is not */
};

struct advisor {
	struct needs needs;
	struct report_semantics semantics;
	struct plan *plan;
	struct advisor_choice *choices; /* in the order of the plan */
	size_t choices_count;
	struct advice_candidate *candidates; /* the ranked ones first */
	size_t ranked;
};

/* Plans what could serve the needs. Returns 0, or -errno: -ENOMEM, -E2BIG. */
int advisor_create(struct advisor **out, const struct needs *needs,
                   const struct report_semantics *semantics);
void advisor_destroy(struct advisor *advise);

/* Reads what the history knows. Returns 0, or -errno, said. */
int advisor_read(struct advisor *advise, const char *store);

/*
 * Makes a plan of the cells that could be recommended and have no evidence, for
 * free() of its cells and itself. Returns 0, or -ENOMEM.
 */
int advisor_missing(const struct advisor *advise, struct plan **out);

/* Ranks by what was read. */
void advisor_rank(struct advisor *advise);

/* Returns the choice of a candidate. */
const struct advisor_choice *advisor_choice_of(const struct advisor *advise,
                                               const struct advice_candidate *candidate);

#endif
