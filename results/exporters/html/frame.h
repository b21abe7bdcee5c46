/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/frame.h - what every page has: head, look, script, its session.
 *
 * A page works from a file, offline and on paper. Its content policy forbids the
 * network and every script but the one that is built in, so that no name in it can do
 * anything.
 */
#ifndef RESULTS_EXPORTERS_HTML_FRAME_H
#define RESULTS_EXPORTERS_HTML_FRAME_H

#include <stdio.h>

#include "results/session.h"

/* Writes the head up to its style, to which the caller may add; then frame_body(). */
void frame_open(FILE *out, const char *title);
void frame_body(FILE *out);

/* Writes the script, and closes all that is open. */
void frame_close(FILE *out);

/* Writes which session it is and when it began, above the title; then where it was. */
void frame_write_session(FILE *out, const char *what, const struct session *session);
void frame_write_machine(FILE *out, const struct session *session);

/* Writes what doctor found, as items of a list, as far as it is a warning or worse. */
void frame_write_findings(FILE *out, const char *doctor);

/* Writes the command that measures it again. */
void frame_write_again(FILE *out, const char *line);

#endif
