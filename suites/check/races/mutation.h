/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/mutation.h - takes our detector apart, to see that each part is needed.
 *
 * A part is an edge or a check of suites/racecheck/edges.def; a mutant is the detector
 * without one. Without an edge, what it orders looks like a race: some correct twin must
 * turn red. Without a check, some broken twin must turn green. The case that does so
 * kills the mutant; a part whose mutant survives is either not needed or not tested.
 */
#ifndef RACES_MUTATION_H
#define RACES_MUTATION_H

#include "suites/check/races/score.h"

enum mutant_state {
	MUTANT_SURVIVED,
	MUTANT_KILLED,
	MUTANT_SKIPPED, /* the cases about the part can't run here, and no other needs it */
};

struct mutant {
	const char *part;
	enum mutant_state state;
	const struct cell *killer;   /* in the score; null unless killed */
	char cause[RACE_TEXT_BYTES]; /* of a skip */
	bool is_judged;              /* some case that is about the part could run */
};

/* Says whether the part is a check; otherwise it is an edge. */
bool mutation_is_check(const char *part);

/*
 * Runs `ipccheck races --mutation` for the parts in names, with commas between, or for all
 * (null), with the cases, models, jobs and format of the request. Prints a table on
 * stdout, a row as soon as it is known, or JSON at the end. Returns an exit status:
 * CHECK_EXIT_PASSED if no mutant survived and some were killed, or CHECK_EXIT_FAILED; exits
 * with CHECK_EXIT_FAILED if a name is no part's.
 */
int mutation_run(const struct score_request *request, const char *names);

/* Print one mutant; the sums; or all as JSON: returns 0, or -errno. */
void mutation_print_row(const struct mutant *mutant);
void mutation_print_sums(const struct mutant *mutants, size_t mutant_count);
int mutation_print_json(const struct mutant *mutants, size_t mutant_count);

#endif
