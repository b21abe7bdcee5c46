/* SPDX-License-Identifier: MIT */
/* suites/check/races/workshop.h - command lines: how a case is compiled and how it is run. */
#ifndef RACES_WORKSHOP_H
#define RACES_WORKSHOP_H

#include <limits.h>

#include "suites/check/races/score.h"

enum { COMMAND_ARGUMENTS_MAX = 48, COMMAND_TEXT_BYTES = 3 * PATH_MAX };

/* A command line, and what its arguments point to. Not to be copied. */
struct command {
	const char *arguments[COMMAND_ARGUMENTS_MAX]; /* ends with a null */
	size_t count;
	char text[COMMAND_TEXT_BYTES];
	size_t text_bytes;
	char other[PATH_MAX]; /* "RACE_OTHER=...": the case as another compiler built it */
	const char *environment[4];
};

/* Fills in the command that builds a twin of a case as the kind asks, in programs. */
void workshop_compile(struct command *out, const struct score_request *request,
                      const char *programs, const struct race_case *subject, enum race_twin twin,
                      enum build_kind kind);

/* Fills in the command that runs a cell under a detector, with the seed if it is not 0. */
void workshop_run(struct command *out, const struct score_request *request, const char *programs,
                  const struct cell *cell, const struct detector *detector, unsigned seed);

/* Writes the path of the built program into out. */
void workshop_path(char out[PATH_MAX], const char *programs, const struct race_case *subject,
                   enum race_twin twin, enum build_kind kind);

#endif
