/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/ab_pairs.h - asks both arms for their cells and finds which belong together.
 *
 * Each arm plans with its own registry, so that a build or a plug-in may know
 * transports that the other doesn't. Cells belong together if they are equal in
 * every key that neither side sets; each must have exactly one partner.
 */
#ifndef SUITES_BENCH_AB_PAIRS_H
#define SUITES_BENCH_AB_PAIRS_H

#include "suites/bench/ab_measure.h"
#include "suites/bench/side.h"

struct ab_skip {
	struct run_cell cell;
	char reason[RUN_TEXT_BYTES];
};

struct ab_pairs {
	struct ab_pair *pairs; /* the control is last */
	size_t pairs_count;
	struct ab_skip *skips;
	size_t skips_count;
};

/*
 * Plans both sides with the common filters too, and adds the control. Programs
 * that the pairs point to are the sides' and *self.
 *
 * Returns STATUS_DONE, or said: STATUS_USAGE (a filter is wrong), STATUS_FAILED (no
 * pair, or a cell without a partner), STATUS_NOT_COMPARABLE (another protocol),
 * STATUS_UNAVAILABLE (nothing of it can run here).
 */
int ab_pairs_find(struct ab_pairs *out, const struct side sides[2], const struct arm_program *self,
                  const char *const *filters, size_t filters_count, int stop_fd);
void ab_pairs_release(struct ab_pairs *pairs);

/*
 * Asks one program for the cells of filters as pairs of that program with itself,
 * appended to *out. Returns as ab_pairs_find().
 */
int ab_pairs_ask_alone(struct ab_pairs *out, const struct arm_program *program,
                       const char *const *filters, size_t filters_count, int stop_fd);

#endif
