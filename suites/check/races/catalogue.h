/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/catalogue.h - the cases of the corpus, as their headers describe them.
 *
 * A header is the first comment of cases/<name>.c with lines "key: value", case first:
 *
 *   case      the name; with more than one form, the first form's, the others add theirs
 *   models    threads, processes or both
 *   forms     ways to write the same case, each built with -DFORM_<NAME>
 *   truth     "correct free, broken racy": is there a data race?
 *   tier      who promises the order: P (POSIX), L (Linux), C (C11), H (the hardware)
 *   missing   what the broken twin lacks
 *   pairs     which marked lines race: "write/read, write/write"; or "any/any"
 *   outcomes  the words that each twin may print: "correct kept, broken kept lost"
 *   forced    the word that the broken twin prints each time when built with -DOUTCOME
 *   flags     further flags for the compiler
 *   sources   further files of the program, from the root of the tree
 *   machine   what the processor must have or be: avx2, cx16 or x86
 *   schedules how many seeds a search may use before it says that there is no race
 *   engine    "watchpoints" where the other engine can't know the answer
 *   oracle    how an outcome is judged
 *
 * A racing line bears a marker, as in "race: write update" in a comment: its label, and
 * what it does (read, write, or update for both).
 */
#ifndef RACES_CATALOGUE_H
#define RACES_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

enum race_model {
	RACE_THREADS,
	RACE_PROCESSES,
	RACE_MODEL_COUNT,
};

enum race_twin {
	RACE_CORRECT,
	RACE_BROKEN,
	RACE_TWIN_COUNT,
};

enum {
	RACE_WORD_BYTES = 32,
	RACE_TEXT_BYTES = 256,
	RACE_LINES_MAX = 16,
	RACE_PAIRS_MAX = 8,
};

/* One access: of a marked line, or of a detector's report. */
struct race_access {
	char label[RACE_WORD_BYTES]; /* empty in a report */
	int line;
	bool is_read;
	bool is_write;
};

struct race_pair {
	char labels[2][RACE_WORD_BYTES];
};

struct race_case {
	char name[2 * RACE_WORD_BYTES];
	char file[RACE_WORD_BYTES];
	char form[RACE_WORD_BYTES];
	bool is_form; /* a further form of a case that is there already */
	bool has_model[RACE_MODEL_COUNT];
	bool is_racy[RACE_TWIN_COUNT];
	char tier;
	char missing[RACE_TEXT_BYTES];
	struct race_access lines[RACE_LINES_MAX];
	size_t line_count;
	struct race_pair pairs[RACE_PAIRS_MAX];
	size_t pair_count;
	char outcomes[RACE_TWIN_COUNT][RACE_TEXT_BYTES];
	char forced[RACE_WORD_BYTES];
	char flags[RACE_TEXT_BYTES];
	char machine[RACE_WORD_BYTES];
	char sources[RACE_TEXT_BYTES];
	unsigned schedule_count;
	bool needs_watchpoints;
	char oracle[RACE_TEXT_BYTES];
};

struct catalogue {
	struct race_case *cases;
	size_t count;
	char problem[RACE_TEXT_BYTES]; /* what is wrong with which file, after a failure */
};

/* Return the word of a model or twin. */
const char *race_model_name(enum race_model model);
const char *race_twin_name(enum race_twin twin);

/*
 * Reads the cases of the source tree at root, in the order of their registration, each
 * followed by its forms. On success the catalogue is to be given to catalogue_release().
 * Returns 0, or -errno with catalogue->problem set: -EINVAL (a header is wrong), or why
 * a file can't be read.
 */
int catalogue_init(struct catalogue *catalogue, const char *root);

void catalogue_release(struct catalogue *catalogue);

/* Says whether a twin may print the word. */
bool catalogue_allows(const struct race_case *subject, enum race_twin twin, const char *word);

/* Says whether two accesses of a report are one of the case's racing pairs. */
bool catalogue_has_pair(const struct race_case *subject, const struct race_access *first,
                        const struct race_access *second);

#endif
