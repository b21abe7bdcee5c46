/* SPDX-License-Identifier: MIT */
/*
 * results/multiplicity.h - p-values corrected for how many of them there are.
 *
 * A corrected value is compared with the level that holds for the whole family.
 */
#ifndef RESULTS_MULTIPLICITY_H
#define RESULTS_MULTIPLICITY_H

#include <stddef.h>

/*
 * Corrects count p-values so that the chance of even one false alarm among them is
 * at most the level (Holm, A simple sequentially rejective multiple test procedure,
 * 1979). adjusted may be p itself. Returns 0, or -ENOMEM.
 */
int multiplicity_holm(const double *p, size_t count, double *adjusted);

/*
 * Corrects count p-values so that at most that share of the alarms is expected to
 * be false (Benjamini and Hochberg, Controlling the false discovery rate, 1995).
 * adjusted may be p itself. Returns 0, or -ENOMEM.
 */
int multiplicity_benjamini_hochberg(const double *p, size_t count, double *adjusted);

#endif
