/* SPDX-License-Identifier: MIT */
/* suites/check/races/failures.c - which verdicts are not the truth, and how to see it again. */
#include "suites/check/races/score.h"

#include <string.h>

static const char *const verdict_words[VERDICT_KIND_COUNT] = {"free", "racy", "no verdict"};

static bool is_skipped(const struct trial *trial)
{
	return trial_verdict(trial) == VERDICT_KIND_NONE &&
	       strncmp(trial->cause, "unavailable", strlen("unavailable")) == 0;
}

/* The broken twin must show its outcome in each run, the correct one in none. */
static bool is_forced(const struct cell *cell, const struct trial *trial, unsigned run_count)
{
	return trial->verdict_counts[VERDICT_KIND_NONE] == 0 &&
	       trial->forced_count == (cell->twin == RACE_BROKEN ? run_count : 0);
}

static bool is_right(const struct score *score, const struct cell *cell, size_t detector,
                     const struct trial *trial)
{
	bool is_racy = cell->subject->is_racy[cell->twin];

	if (score->request->is_forcing)
		return is_forced(cell, trial, score->request->run_count);
	if (trial_verdict(trial) != (is_racy ? VERDICT_KIND_RACY : VERDICT_KIND_FREE))
		return false;
	return !is_racy || !detectors[detector].has_pairs || trial->pair_count > 0;
}

static void print_failure(const struct score *score, const struct cell *cell, size_t detector,
                          const struct trial *trial)
{
	enum verdict_kind verdict = trial_verdict(trial);
	bool is_racy = cell->subject->is_racy[cell->twin];
	bool is_elsewhere = is_racy && verdict == VERDICT_KIND_RACY;

	fprintf(stderr, "ipccheck races --verbose --detector %s --case %s --twin %s --model %s: ",
	        detectors[detector].name, cell->subject->name, race_twin_name(cell->twin),
	        race_model_name(cell->model));
	if (score->request->is_forcing)
		fprintf(stderr, "the outcome %s was seen in %u of %u runs%s%s\n",
		        cell->subject->forced, trial->forced_count, score->request->run_count,
		        trial->cause[0] ? ": " : "", trial->cause);
	else
		fprintf(stderr, "is %s, judged %s%s%s%s\n", is_racy ? "racy" : "free",
		        verdict_words[verdict], is_elsewhere ? ", but not by the racing lines" : "",
		        trial->cause[0] ? ": " : "", trial->cause);
}

unsigned score_print_failures(const struct score *score)
{
	unsigned failure_count = 0;
	unsigned judged_count = 0;

	for (size_t i = 0; i < score->cell_count * detector_count; i++) {
		size_t detector = i % detector_count;
		const struct cell *cell = &score->cells[i / detector_count];
		const struct trial *trial = &score->trials[i];

		if (!score_is_asked(score, i / detector_count, detector))
			continue;
		judged_count++;
		if (is_skipped(trial)) {
			printf("skipped: %s: %s\n", cell->subject->name, trial->cause);
		} else if (!is_right(score, cell, detector, trial)) {
			failure_count++;
			print_failure(score, cell, detector, trial);
		}
	}
	if (judged_count == 0)
		fprintf(stderr, "ipccheck races: nothing was judged\n");
	return failure_count + (judged_count == 0);
}
