/* SPDX-License-Identifier: MIT */
/* results/verdict_stored.h - the verdicts of a stored session of ab, judged anew. */
#ifndef RESULTS_VERDICT_STORED_H
#define RESULTS_VERDICT_STORED_H

#include "results/store.h"
#include "results/verdict_report.h"

struct verdict_stored {
	struct verdict_report *report;
	struct session session; /* what report->session points to */
};

/*
 * Reads a session by its reference, as store_read(), and judges its rounds. Rounds of
 * which one arm is missing are left out. *out is for verdict_stored_release().
 *
 * Returns 0, or -errno with a cause in why: as store_read(), -ENODATA (the session
 * compares nothing: it is of another kind, or was cut short before its first round).
 */
int verdict_stored_read(struct store *store, const char *reference, struct verdict_stored *out,
                        char *why, size_t why_bytes);
void verdict_stored_release(struct verdict_stored *stored);

#endif
