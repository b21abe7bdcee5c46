/* SPDX-License-Identifier: MIT */
/* suites/bench/advisor_write.h - a ranking, for people and as JSON. */
#ifndef SUITES_BENCH_ADVISOR_WRITE_H
#define SUITES_BENCH_ADVISOR_WRITE_H

#include <stdio.h>

#include "suites/bench/advisor.h"

/* Writes the first choices with their reasons, the rest in a line each, and what is left out. */
void advisor_write_text(FILE *out, const struct advisor *advise);

/* Writes one object, with all of it. Returns 0, or -ENOMEM. */
int advisor_write_json(FILE *out, const struct advisor *advise);

#endif
