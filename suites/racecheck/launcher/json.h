/* SPDX-License-Identifier: MIT */
/* suites/racecheck/launcher/json.h - what Jansson leaves to do for reports. */
#ifndef RACECHECK_JSON_H
#define RACECHECK_JSON_H

#include <jansson.h>
#include <stdio.h>

/* A string whose bytes may be anything, as names of files are; what is not ASCII is '?'
 * in a text that is not UTF-8. The caller owns it; null without memory. */
json_t *json_text(const char *text);

/* Writes a value on one line and drops it. */
void json_write_line(json_t *value, FILE *out);

#endif
