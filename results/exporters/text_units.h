/* SPDX-License-Identifier: MIT */
/* results/exporters/text_units.h - numbers and names as people read them. */
#ifndef RESULTS_EXPORTERS_TEXT_UNITS_H
#define RESULTS_EXPORTERS_TEXT_UNITS_H

#include <stdbool.h>
#include <stddef.h>

/* Enough for any of the numbers below. */
#define TEXT_NUMBER_BYTES 32

/* Writes a time in ns, µs, ms or s (us in ASCII) with three significant digits; "-" for NAN. */
void text_time(char *out, size_t out_bytes, double ns, bool is_utf8);

/* Writes a number with a decimal prefix (k, M, G) and unit, three significant digits: "1.23 M/s".
 */
void text_scaled(char *out, size_t out_bytes, double number, const char *unit);

/* Writes a number with three significant digits, without a prefix; "-" for NAN. */
void text_plain(char *out, size_t out_bytes, double number);

/* Writes a spread, a share, in percent: "±1.2 %" (+- in ASCII); "-" for NAN. */
void text_spread(char *out, size_t out_bytes, double share, bool is_utf8);

/*
 * Writes text so that it can't steer a terminal: what is not printable in the
 * locale, and all above ASCII unless is_utf8, becomes '?'. It is cut to fit.
 */
void text_safe(char *out, size_t out_bytes, const char *text, bool is_utf8);

/* Returns the columns that text takes on a terminal; all characters are taken as narrow. */
size_t text_width(const char *text);

#endif
