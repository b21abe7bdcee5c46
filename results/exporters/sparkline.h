/* SPDX-License-Identifier: MIT */
/* results/exporters/sparkline.h - a row of numbers as characters of rising height. */
#ifndef RESULTS_EXPORTERS_SPARKLINE_H
#define RESULTS_EXPORTERS_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>

/* The most characters that a sparkline has: more numbers share one, as their median. */
#define SPARKLINE_WIDTH 16

/*
 * Writes values, which are positive, from their lowest to their highest, but on a
 * range of at least a tenth of their median, so that calm rounds look calm. In ASCII
 * the heights are _ . - ^; what is no number is a blank. Empty below two values.
 */
void sparkline_write(char *out, size_t out_bytes, const double *values, size_t count, bool is_utf8);

#endif
