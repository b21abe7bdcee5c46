/* SPDX-License-Identifier: MIT */
/* suites/bench/progress.c - how far a run is, on stderr. */
#include "suites/bench/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/clock.h"

#define SHOW_EVERY_NS (100 * NS_PER_MS)

void progress_init(struct progress *progress, bool is_quiet)
{
	const char *terminal = getenv("TERM");

	*progress = (struct progress){
		.is_quiet = is_quiet,
		.is_terminal = isatty(STDERR_FILENO) && !getenv("CI") && terminal &&
	                       strcmp(terminal, "dumb") != 0,
		.start_ns = clock_now_ns(),
		.shown_round = UINT32_MAX,
	};
}

static uint64_t seconds_left(const struct progress *progress, const struct runner_progress *at,
                             uint64_t now_ns)
{
	if (at->rounds_done == 0)
		return 0;
	return (now_ns - progress->start_ns) / at->rounds_done *
	       (at->rounds_total - at->rounds_done) / NS_PER_S;
}

void progress_show(struct progress *progress, const struct runner_progress *at)
{
	uint64_t now_ns = clock_now_ns();
	uint64_t percent = at->rounds_done * 100 / at->rounds_total;
	const char *what;
	uint64_t left_s;

	if (progress->is_quiet)
		return;
	if (at->rounds_done < progress->rounds_done) {
		progress->stage++;
		progress->start_ns = now_ns;
		progress->shown_round = UINT32_MAX;
	}
	progress->rounds_done = at->rounds_done;
	left_s = seconds_left(progress, at, now_ns);
	/* What looked changed is measured again. */
	what = progress->stage > 0 ? "confirming, round" : "round";
	if (!progress->is_terminal) {
		if (at->round == progress->shown_round)
			return;
		progress->shown_round = at->round;
		fprintf(stderr, "%s %u: %3llu %% done, %llu s left\n", what, at->round + 1,
		        (unsigned long long)percent, (unsigned long long)left_s);
		return;
	}
	if (now_ns - progress->shown_ns < SHOW_EVERY_NS)
		return;
	progress->shown_ns = now_ns;
	fprintf(stderr, "\r\033[K%3llu %%  %s %u  %llu:%02llu left  %s",
	        (unsigned long long)percent, what, at->round + 1, (unsigned long long)left_s / 60,
	        (unsigned long long)left_s % 60, at->cell->name);
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (!progress->is_quiet && progress->is_terminal && progress->shown_ns > 0)
		fprintf(stderr, "\r\033[K");
}
