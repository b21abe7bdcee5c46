/* SPDX-License-Identifier: MIT */
/* results/exporters/reproduce.h - the command that measures a session again. */
#ifndef RESULTS_EXPORTERS_REPRODUCE_H
#define RESULTS_EXPORTERS_REPRODUCE_H

#include "results/session.h"

/* Returns the command line with the seed, for free(). Null without memory. */
char *reproduce_line(const struct session *session);

#endif
