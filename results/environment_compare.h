/* SPDX-License-Identifier: MIT */
/* results/environment_compare.h - in which facts two environments differ. */
#ifndef RESULTS_ENVIRONMENT_COMPARE_H
#define RESULTS_ENVIRONMENT_COMPARE_H

#include "results/environment.h"

/* A fact that differs; values are JSON, "absent" where one has none. */
struct environment_difference {
	const char *group; /* machine or environment */
	const char *field;
	const char *values[2];
};

/*
 * Calls differs for each hashed fact in which a and b differ: those of the machine
 * first, each group by name. Facts that are only recorded are left alone. Null is
 * an environment of which nothing is known. Strings last for the call.
 *
 * Returns how many differ, what differs returned if that is below zero, or -errno:
 * -EBADMSG (keys differ and the facts behind them can't be read), -ENOMEM.
 */
int environment_compare(const struct environment *a, const struct environment *b,
                        int (*differs)(void *context, const struct environment_difference *),
                        void *context);

#endif
