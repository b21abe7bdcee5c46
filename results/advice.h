/* SPDX-License-Identifier: MIT */
/*
 * results/advice.h - candidates put in order by what was measured of them. Pure.
 *
 * The order is that of the medians over rounds, with one exception: candidates of one
 * session were measured in interleaved rounds, and the first is one that none beats in
 * the rounds that they share. The same numbers give the same order.
 */
#ifndef RESULTS_ADVICE_H
#define RESULTS_ADVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "results/run.h"

#define ADVICE_ROUNDS_MAX 64
#define ADVICE_ROUNDS_MIN 8 /* fewer are no evidence */

struct advice_candidate {
	/* Given. */
	const char *name; /* of the measured cell: unique, and decides between equals */
	size_t session;   /* any number; equal ones were measured together */
	double rounds[ADVICE_ROUNDS_MAX]; /* a figure of each round, by its number; NAN: none */
	size_t rounds_count;              /* up to the last one */
	double rate_hz;               /* messages a second of the slowest round; not used here */
	char failure[RUN_TEXT_BYTES]; /* of a round, where some have failed; not used here */
	bool is_excluded;             /* may not be recommended, whatever it measures */

	/* Set by advice_rank() for those that are ranked. */
	double median;
	double low; /* quartiles of the rounds */
	double high;
	double cost;  /* how much worse than the first: 1.12 is 12 %; 1 for the first itself */
	bool is_tied; /* the rounds do not tell it from the first */
};

/*
 * Moves those that can be recommended to the front, the best first. Others keep
 * their order behind. Figures are above zero.
 * Returns how many are ranked: 0 if none has ADVICE_ROUNDS_MIN rounds.
 */
size_t advice_rank(struct advice_candidate *candidates, size_t count, bool more_is_better);

/* Says whether a candidate has figures enough, excluded or not. */
bool advice_is_measured(const struct advice_candidate *candidate);

#endif
