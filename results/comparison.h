/* SPDX-License-Identifier: MIT */
/*
 * results/comparison.h - two arms measured in pairs of rounds -> effect, interval, verdict.
 *
 * A comparison is one cell and one quantile. Each round gives one difference, the
 * log ratio of the arms' quantiles, and the round is the sampling unit. The
 * decision has two stages: what looks like an effect in the first is a suspect,
 * is measured again with fresh rounds, and is then judged by these alone. The
 * same numbers give the same verdicts; nothing is drawn at random here.
 */
#ifndef RESULTS_COMPARISON_H
#define RESULTS_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>

#include "results/power.h"
#include "results/signed_rank.h"

/* With fewer rounds the least p is above 0.01: nothing could be suspected. */
#define COMPARISON_ROUNDS_MIN 8u

enum comparison_verdict {
	COMPARISON_REGRESSED,
	COMPARISON_IMPROVED,
	COMPARISON_SMALL,        /* there is an effect, and it is below the least that matters */
	COMPARISON_UNCHANGED,    /* the interval excludes every effect that matters */
	COMPARISON_INCONCLUSIVE, /* these rounds can't tell */
};

/* Returns the verdict as it is written, REGRESSED and so on. */
const char *comparison_verdict_name(enum comparison_verdict verdict);

struct comparison_rules {
	double alpha_suspect; /* of a single p at stage 1; of COMPARISON_ROUNDS_MIN, all must agree
	                       */
	double alpha_confirm; /* of the adjusted p at stage 2 */
	double confidence;    /* of the intervals */
	struct power power;   /* for the effect that could be seen and the rounds needed */
};

/*
 * 0.005, 0.05, 95 %: at most 0.005 x 0.05 false alarms a comparison if the stages are
 * independent. At 0.01, three or more of 200 equal pairs would be suspects in one of
 * seven cases where the noise is well above what matters; at 0.005, in one of forty.
 */
extern const struct comparison_rules comparison_rules_default;

struct comparison_stage {
	struct signed_rank test; /* of log ratios; above zero: B is worse */
	double sigma;            /* robust: 1.4826 times the median distance from the median */
};

/* Set least_effect and the flags; zero the rest; then add stages, then judge. */
struct comparison {
	double least_effect; /* the least that matters in practice, a share: 0.03 */
	bool is_advisory;    /* shown, but in a family of its own and no reason to fail */
	bool is_control;     /* can't have changed: an effect here makes the session invalid */

	struct comparison_stage stages[2];
	size_t stage_count;
	bool is_suspect; /* at stage 1 */

	/* Set by comparison_judge(), from the last stage. Effects are shares: 0.05 is 5 % worse. */
	enum comparison_verdict verdict;
	double effect;
	double low; /* interval; -1 to INFINITY with too few rounds */
	double high;
	double p;
	double p_adjusted; /* for those of its family that the same stage judges */
	double least_seen; /* the least effect that these rounds could have shown */
	size_t rounds;
	size_t rounds_needed; /* to decide about least_effect: more than rounds if inconclusive */
	bool is_coarse;       /* half of the differences are zero: the clock's step is in the way */
};

/*
 * Writes the log ratios of count rounds of B to A, signed so that above zero B is
 * worse. Numbers must be finite and above zero.
 */
void comparison_differences(const double *a, const double *b, size_t count, bool more_is_better,
                            double *out);

/* Returns what matters at least, for a default share: never below two steps of the clock. */
double comparison_least_effect(double share, double tick_ns, double value_ns);

/*
 * Adds the differences of a stage; after the first, is_suspect is set.
 *
 * Returns 0, or -errno: -EDOM (fewer than COMPARISON_ROUNDS_MIN), -E2BIG (there are
 * two stages already), and as signed_rank_test().
 */
int comparison_add_stage(struct comparison *comparison, const double *differences, size_t count,
                         const struct comparison_rules *rules);

/*
 * Judges all comparisons of a session together, since the correction needs to know
 * how many suspects there are. One without a stage is inconclusive, as is a
 * suspect that was not measured again. Returns 0, or -ENOMEM.
 */
int comparison_judge(struct comparison *comparisons, size_t count,
                     const struct comparison_rules *rules);

/* True if a control was found to have changed: something else than the arms differs. */
bool comparison_is_invalid(const struct comparison *comparisons, size_t count);

#endif
