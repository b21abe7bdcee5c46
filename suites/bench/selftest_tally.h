/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/selftest_tally.h - how often ab was right and wrong, and whether that will do.
 *
 * Filled by the live form of selftest, one pair of cells after the other, or by the
 * replay of a recorded session; judged and written the same way.
 */
#ifndef SUITES_BENCH_SELFTEST_TALLY_H
#define SUITES_BENCH_SELFTEST_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "results/comparison.h"

/* With fewer comparisons a share of them says little. */
#define SELFTEST_JUDGED_FROM 200u
/* Rounds that scatter more than so, p50 and p99, can't promise to show a small effect. */
#define SELFTEST_QUIET 0.025
#define SELFTEST_QUIET_TAIL 0.05
/* An effect of the p50 that is found however its rounds scatter. */
#define SELFTEST_LARGE_PERCENT 10u

enum { SELFTEST_SAME_CORE, SELFTEST_CROSS_CORE, SELFTEST_PLACEMENTS };

/* The names of the placements as cells have them. */
extern const char *const selftest_placements[SELFTEST_PLACEMENTS];

/* The trials at one placement: B slowed down by a known share of a quantile. */
struct selftest_injection {
	uint64_t trials;
	uint64_t found;
	uint64_t quiet; /* with a robust deviation of at most SELFTEST_QUIET */
	uint64_t quiet_found;
	uint64_t unchanged; /* said to be UNCHANGED, which none may be */
	uint64_t blind;     /* missed, and the rounds scattered too widely to see such an effect */
	uint64_t failed;    /* gave no verdict */
	uint64_t covered;   /* the interval of the first stage holds what was injected */
	double *effects;    /* of the first stage, shares; trials - failed of them */
};

struct selftest_tally {
	uint64_t seed;
	const char *replayed; /* the recorded session, or null: measured live */
	bool is_late;         /* stopped, since all of it would have taken far too long */
	double load;          /* of the machine, by CPU; 0: not known */

	uint64_t comparisons; /* of a program with itself */
	uint64_t comparisons_max;
	uint64_t flagged_first; /* suspects */
	uint64_t flagged;       /* still so after confirmation */
	uint64_t failed;        /* gave no verdict */
	uint64_t covered;       /* intervals that hold the truth: no effect */
	uint64_t slower;        /* in which B was slower; of a replay: recorded rounds */
	uint64_t slower_of;
	double *p; /* of the first stage, one a comparison */

	uint64_t percent; /* injected; 0: nothing */
	bool is_p99;      /* of which it is a share; else p50 */
	uint64_t trials_max;
	struct selftest_injection injections[SELFTEST_PLACEMENTS];

	/* Of a replay: what ten rounds, then ten others, and a rank test would have said. */
	uint64_t sequences;
	uint64_t sequences_flagged;
};

/* Makes an empty tally with room for both maxima; trials are by placement. Returns 0 or -ENOMEM. */
int selftest_tally_init(struct selftest_tally *tally, uint64_t comparisons_max,
                        uint64_t trials_max);
void selftest_tally_release(struct selftest_tally *tally);

/* Counts a judged comparison of equal arms, unless there are comparisons_max already. */
void selftest_tally_add_equal(struct selftest_tally *tally, const struct comparison *comparison);

/* Counts a judged trial. Null: it could not be measured. */
void selftest_tally_add_trial(struct selftest_tally *tally, unsigned placement,
                              const struct comparison *comparison);

/*
 * Judges. Live: at most 1 % (rounded up) suspects, none flagged; from 200 comparisons on,
 * p-values evenly spread (Kolmogorov-Smirnov p above 0.01) and 40 to 60 % slower. A
 * replay makes so many that some are flagged by chance: at most 1 % suspects and 0.05 %
 * flagged beyond a chance of 0.1 %, and intervals that hold the truth in 92 to 98 %.
 * Both: 95 % of the trials of each placement found; below 10 % of the p50, and of the
 * p99, 95 % of those whose rounds scatter by at most SELFTEST_QUIET will do. Live, no trial
 * may be said to be unchanged.
 *
 * Returns STATUS_DONE, STATUS_REGRESSED (a bar does not hold), or STATUS_FAILED (the
 * machine is too noisy to tell, or something gave no verdict). Other than for the first,
 * why says which bar, or what was in the way.
 */
int selftest_tally_judge(const struct selftest_tally *tally, char *why, size_t why_bytes);

/* Writes the tally. Returns 0, or -errno: -ENOMEM, -EIO. */
int selftest_tally_write_json(FILE *out, const struct selftest_tally *tally);
int selftest_tally_write_text(FILE *out, const struct selftest_tally *tally);

#endif
