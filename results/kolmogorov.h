/* SPDX-License-Identifier: MIT */
/* results/kolmogorov.h - whether numbers look drawn evenly from 0 to 1. */
#ifndef RESULTS_KOLMOGOROV_H
#define RESULTS_KOLMOGOROV_H

#include <stddef.h>

/*
 * Returns the p of the one-sample Kolmogorov-Smirnov test of sorted numbers against
 * the even distribution from 0 to 1; 1 for none. Limit distribution of Kolmogorov
 * (1933) with the correction for small counts of Stephens (1970): good to 0.001 from
 * a count of 8 on.
 */
double kolmogorov_uniform_p(const double *sorted, size_t count);

#endif
