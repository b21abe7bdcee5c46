/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/judge.h - understands what detectors print.
 *
 * Each takes an ended run of a case's twin and fills in *out.
 */
#ifndef RACES_JUDGE_H
#define RACES_JUDGE_H

#include "suites/check/races/detector.h"

/* By the program's own outcomes: racy if the correct twin could not have shown one. */
void judge_outcome(const struct race_case *subject, enum race_twin twin,
                   const struct program *program, struct finding *out);
void judge_tsan(const struct race_case *subject, enum race_twin twin, const struct program *program,
                struct finding *out);
void judge_helgrind(const struct race_case *subject, enum race_twin twin,
                    const struct program *program, struct finding *out);
/* DRD names one access of a race only. */
void judge_drd(const struct race_case *subject, enum race_twin twin, const struct program *program,
               struct finding *out);
void judge_racecheck(const struct race_case *subject, enum race_twin twin,
                     const struct program *program, struct finding *out);

#endif
