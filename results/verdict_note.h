/* SPDX-License-Identifier: MIT */
/*
 * results/verdict_note.h - what a session of ab notes beside its runs, as JSON.
 *
 * Rounds and histograms are in the runs. What was compared with what, the clock's
 * step and the rounds in which the hypervisor took the CPU are not: with this note the
 * same verdicts come out again, to the last digit.
 */
#ifndef RESULTS_VERDICT_NOTE_H
#define RESULTS_VERDICT_NOTE_H

#include "results/verdict_report.h"

/* What a history calls such a note. Of several the last one counts. */
#define VERDICT_NOTE "comparison"

/* Returns the note as text, for free(), or null without memory. */
char *verdict_note_write(const struct verdict_report *report);

/*
 * Makes a report without rounds from a note: pairs, arms, tick, thefts. arms and note
 * are allocated; they and the report are for verdict_note_release().
 * Returns 0, or -errno: -EBADMSG (it is no such note), -ENOMEM.
 */
int verdict_note_read(struct verdict_report **out, const char *text);

/* Destroys a report that verdict_note_read() made. Null is allowed. */
void verdict_note_release(struct verdict_report *report);

#endif
