/* SPDX-License-Identifier: MIT */
/* results/exporters/reproduce.c - the command that measures a session again. */
#include "results/exporters/reproduce.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *reproduce_line(const struct session *session)
{
	const char *argv = session->argv ? session->argv : "";
	char *line = NULL;
	int ret;

	if (strstr(argv, "--seed"))
		ret = asprintf(&line, "%s", argv);
	else
		ret = asprintf(&line, "%s --seed %" PRIu64, argv, session->seed);
	return ret < 0 ? NULL : line;
}
