/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/ab_session.h - a live comparison from its sides to what is shown of it.
 *
 * What ab, anchor run and trend confirm share: builds are made, cells paired, rounds
 * planned, measured, stored, judged and shown.
 */
#ifndef SUITES_BENCH_AB_SESSION_H
#define SUITES_BENCH_AB_SESSION_H

#include "suites/bench/ab_forecast.h"
#include "suites/bench/ab_pairs.h"
#include "suites/bench/cli.h"
#include "suites/bench/progress.h"
#include "suites/bench/session_log.h"
#include "suites/bench/side.h"
#include "suites/bench/stop.h"

struct ab_session {
	/* Set by the caller, whose strings live longer; all else from zeros. */
	struct cli cli; /* store, seed, budget, format and so on */
	const struct verdict_exporter *exporter;
	const char *kind; /* of the session: ab or anchor */
	const char *line; /* the command that repeats it */
	struct side sides[2];

	/* By ab_session_add_filters(). */
	const char *filters[CLI_ARGUMENTS_MAX];
	size_t filters_count;
	struct request request; /* of the common filters: rounds and time_ms */

	/* By ab_session_run(). */
	struct verdict_report *report; /* null if nothing was measured; its session is gone */
	struct stop stop;
	struct arm_program self;
	struct ab_pairs pairs;
	struct ab_forecast *forecasts; /* one a pair */
	struct session_log log;
	struct progress progress;
	char uuid[SESSION_UUID_BYTES]; /* of what was stored; empty: nothing was */
	char *show;                    /* the command line that draws it */
};

/* Takes the filters of both sides. Returns STATUS_DONE, or STATUS_USAGE said. */
int ab_session_add_filters(struct ab_session *ab, const char *const *arguments, int count);

/*
 * Measures and shows. Returns the exit status of ab, with what went wrong said. The
 * report stays for ab_session_release().
 */
int ab_session_run(struct ab_session *ab);
void ab_session_release(struct ab_session *ab);

#endif
