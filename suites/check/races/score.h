/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/score.h - what was asked, what each detector said, and the sums of it.
 *
 * A cell is one twin of one case in one model; a trial is one detector on one cell, run
 * several times. A detector calls a cell racy if it does so in any run: the rates say how
 * often it does.
 */
#ifndef RACES_SCORE_H
#define RACES_SCORE_H

#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include "suites/check/races/detector.h"

enum { DETECTORS_MAX = 16, TIERS_MAX = 4 };

#define RACE_TIERS "PLCH"

struct score_request {
	const char *root;      /* of the source tree */
	const char *racecheck; /* its path or name */
	const char *programs;  /* a folder with built programs; null: a new one, for as long as the
	                          score */
	const char *case_glob; /* null: all */
	const char *model;     /* null: both */
	const char *twin;      /* null: both */
	const char *disabled;  /* an edge or check that our detector is to leave out, or null */
	bool is_asked[DETECTORS_MAX];
	bool has_forms; /* also the further forms of a case */
	bool is_json;
	bool is_expecting; /* to fail unless each verdict is the truth */
	bool is_forcing;   /* only the outcomes that can be forced, and those in each run */
	bool is_verbose;
	bool is_quiet; /* shows no progress */
	unsigned run_count;
	unsigned job_count;
};

struct cell {
	const struct race_case *subject;
	enum race_model model;
	enum race_twin twin;
};

struct trial {
	unsigned verdict_counts[VERDICT_KIND_COUNT];
	unsigned pair_count;       /* runs that named a racing pair */
	unsigned other_pair_count; /* runs that named another pair */
	unsigned forced_count;
	double *durations_ns; /* of its runs */
	unsigned duration_count;
	char cause[RACE_TEXT_BYTES]; /* of the first run without a verdict */
};

struct score {
	const struct score_request *request;
	struct catalogue catalogue;
	char programs[PATH_MAX]; /* the folder with the programs; empty until the first run */
	struct cell *cells;
	bool *is_left_out; /* cells that score_run() is to pass over */
	size_t cell_count;
	struct trial *trials; /* [cell * detector_count + detector] */
	bool is_absent[DETECTORS_MAX];
	char absence[DETECTORS_MAX][RACE_TEXT_BYTES];
};

/* The sums of one detector over the cells of one model. */
struct tally {
	unsigned tp, fp, tn, fn, no_verdict;
	unsigned pairs_right, pairs;    /* cases of which both twins are judged right */
	unsigned exact_right, exact;    /* racy cells whose racing pair was named, of all */
	unsigned stray;                 /* cells where another pair was named */
	unsigned found_runs, racy_runs; /* runs that found the race, of runs on racy cells */
	unsigned alarm_runs, free_runs; /* runs that raised a false alarm, of runs on others */
	unsigned tier_right[TIERS_MAX]; /* cells judged right, by RACE_TIERS */
	unsigned tier_count[TIERS_MAX];
	double overhead; /* median over the cells of time against the plain program; 0: none */
};

/* An interval for a probability of which found of count trials were a success. */
struct interval {
	double low, high;
};

struct trial *score_trial(const struct score *score, size_t cell, size_t detector);

/* Returns the verdict over all runs of a trial. */
enum verdict_kind trial_verdict(const struct trial *trial);

/* Says whether the detector can judge the cell: outcomes say nothing of cases without races. */
bool score_is_asked(const struct score *score, size_t cell, size_t detector);

struct tally score_tally(const struct score *score, size_t detector, enum race_model model);

/* Returns the Wilson score interval at 95 % (Wilson, 1927). count is at least 1. */
struct interval score_interval(unsigned found, unsigned count);

/* The ratios; negative where there is nothing to divide by. */
double tally_precision(const struct tally *tally);
double tally_recall(const struct tally *tally);
double tally_specificity(const struct tally *tally);
double tally_f1(const struct tally *tally);

/* Print the whole score on stdout. */
void score_print_text(const struct score *score);
int score_print_json(const struct score *score);

/*
 * Builds what is missing and runs everything that the request asks for, adding to the
 * trials; may be called again. Progress goes to stderr. Returns 0, or -errno.
 */
int score_run(struct score *score);

/*
 * Fills in the cells that the request selects. Returns 0, or -errno: -ENOENT (none),
 * -ENODEV (none that this machine can run).
 */
int score_select(struct score *score, const struct score_request *request);

/* Frees the score, and removes the programs if their folder was not given. */
void score_release(struct score *score);

/*
 * Says on stderr what is not as it should be, with the command that repeats it, and on
 * stdout which cells the machine could not run. Returns how many are wrong; that nothing
 * was judged at all is wrong, too, unless all was skipped.
 */
unsigned score_print_failures(const struct score *score);

#endif
