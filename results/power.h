/* SPDX-License-Identifier: MIT */
/*
 * results/power.h - how many rounds an effect needs, and which effect rounds can show.
 *
 * Both follow from the normal approximation of the signed-rank test, whose
 * efficiency beside the t-test is 3 / pi = 0.955 for normal noise (Pitman; see
 * Hollander and Wolfe, Nonparametric statistical methods, 3.11).
 */
#ifndef RESULTS_POWER_H
#define RESULTS_POWER_H

#include <stddef.h>

/* Fewer rounds would make the estimate of the deviation itself too uncertain. */
#define POWER_ROUNDS_MIN 12u

/* What is asked of a comparison. */
struct power {
	double alpha; /* chance of a false alarm, two-sided */
	double power; /* chance to find what is there */
};

/*
 * Returns z with P(Z <= z) = p for a standard normal Z; -INFINITY for 0, INFINITY
 * for 1. Start: Abramowitz and Stegun, 26.2.23; then Halley's method on erfc().
 */
double power_normal_quantile(double p);

/*
 * Returns the rounds that find an effect (a share, as 0.05; not 0) with log ratios
 * of this standard deviation: at least POWER_ROUNDS_MIN, at most SIZE_MAX.
 */
size_t power_rounds_needed(const struct power *power, double sigma, double effect);

/* Returns the least effect, as a share, that so many rounds find. rounds is at least 1. */
double power_least_effect(const struct power *power, double sigma, size_t rounds);

#endif
