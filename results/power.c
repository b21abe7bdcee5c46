/* SPDX-License-Identifier: MIT */
/* results/power.c - how many rounds an effect needs, and which effect rounds can show. */
#include "results/power.h"

#include <math.h>
#include <stdint.h>

#define EFFICIENCY 0.955
#define HALLEY_STEPS 3

/* Returns z with P(Z > z) = tail, for a tail up to a half, to 4.5e-4. */
static double start_quantile(double tail)
{
	double t = sqrt(-2.0 * log(tail));

	return t - (2.515517 + t * (0.802853 + t * 0.010328)) /
	                   (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
}

double power_normal_quantile(double p)
{
	double tail = p < 0.5 ? p : 1.0 - p;
	double z;

	if (!(p > 0.0 && p < 1.0))
		return p <= 0.0 ? -INFINITY : p >= 1.0 ? INFINITY : NAN;
	z = start_quantile(tail);
	for (int i = 0; i < HALLEY_STEPS; i++) {
		/* The error in units of the density, whose own slope is -z times it. */
		double density = exp(-0.5 * z * z) / sqrt(2.0 * M_PI);
		double step = (0.5 * erfc(z / M_SQRT2) - tail) / density;

		z += step / (1.0 - 0.5 * z * step);
	}
	return p < 0.5 ? -z : z;
}

static double quantiles_sum(const struct power *power)
{
	return power_normal_quantile(1.0 - power->alpha / 2) + power_normal_quantile(power->power);
}

size_t power_rounds_needed(const struct power *power, double sigma, double effect)
{
	double ratio = quantiles_sum(power) * sigma / fabs(log1p(effect));
	double rounds = ceil(ratio * ratio / EFFICIENCY);

	if (!(rounds < (double)SIZE_MAX))
		return SIZE_MAX;
	return rounds > POWER_ROUNDS_MIN ? (size_t)rounds : POWER_ROUNDS_MIN;
}

double power_least_effect(const struct power *power, double sigma, size_t rounds)
{
	return expm1(quantiles_sum(power) * sigma / sqrt(EFFICIENCY * (double)rounds));
}
