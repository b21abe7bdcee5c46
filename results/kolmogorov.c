/* SPDX-License-Identifier: MIT */
/* results/kolmogorov.c - whether numbers look drawn evenly from 0 to 1. */
#include "results/kolmogorov.h"

#include <math.h>

#define TERMS_MAX 100

/* Returns the chance that the scaled distance is larger than this. */
static double tail(double distance)
{
	double sum = 0.0;
	double sign = 1.0;

	/* Below it the series alternates for long, and the chance is 1 to 1e-6 anyway. */
	if (distance < 0.3)
		return 1.0;
	for (int k = 1; k <= TERMS_MAX; k++) {
		double term = exp(-2.0 * k * k * distance * distance);

		sum += sign * term;
		sign = -sign;
		if (term < 1e-18)
			break;
	}
	return fmin(1.0, fmax(0.0, 2.0 * sum));
}

double kolmogorov_uniform_p(const double *sorted, size_t count)
{
	double n = (double)count;
	double root = sqrt(n);
	double distance = 0.0;

	if (count == 0)
		return 1.0;
	for (size_t i = 0; i < count; i++) {
		distance = fmax(distance, sorted[i] - (double)i / n);
		distance = fmax(distance, (double)(i + 1) / n - sorted[i]);
	}
	return tail((root + 0.12 + 0.11 / root) * distance);
}
