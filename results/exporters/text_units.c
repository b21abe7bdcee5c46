/* SPDX-License-Identifier: MIT */
/* results/exporters/text_units.c - numbers and names as people read them. */
#include "results/exporters/text_units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

struct prefix {
	double factor;
	const char *name;
	const char *ascii; /* null: as name */
};

/* Writes number with three significant digits and no exponent. */
static void put_digits(char *out, size_t out_bytes, double number)
{
	int decimals = 2;

	/* What rounds up to the next digit has one decimal less: 9.996 is 10.0. */
	if (number >= 99.95)
		decimals = 0;
	else if (number >= 9.995)
		decimals = 1;
	snprintf(out, out_bytes, "%.*f", decimals, number);
}

/* Writes number by the largest prefix of the table (ascending) that leaves at least 1. */
static void put_prefixed(char *out, size_t out_bytes, double number, const struct prefix *prefixes,
                         size_t count, const char *unit, bool is_utf8)
{
	char digits[TEXT_NUMBER_BYTES];
	size_t i = 0;
	const char *name;

	/* 999.6 rounds to 1000: it is 1.00 of the next. */
	while (i + 1 < count && number >= 999.5 * prefixes[i].factor)
		i++;
	put_digits(digits, sizeof(digits), number / prefixes[i].factor);
	name = !is_utf8 && prefixes[i].ascii ? prefixes[i].ascii : prefixes[i].name;
	snprintf(out, out_bytes, "%s %s%s", digits, name, unit);
}

void text_time(char *out, size_t out_bytes, double ns, bool is_utf8)
{
	static const struct prefix prefixes[] = {
		{1.0, "n", NULL},
		{1e3, "µ", "u"},
		{1e6, "m", NULL},
		{1e9, "", NULL},
	};

	if (isnan(ns))
		snprintf(out, out_bytes, "-");
	else if (isinf(ns))
		snprintf(out, out_bytes, "> 17 s"); /* above the range of the histogram */
	else
		put_prefixed(out, out_bytes, ns, prefixes, 4, "s", is_utf8);
}

void text_scaled(char *out, size_t out_bytes, double number, const char *unit)
{
	static const struct prefix prefixes[] = {
		{1.0, "", NULL},
		{1e3, "k", NULL},
		{1e6, "M", NULL},
		{1e9, "G", NULL},
	};

	if (!isfinite(number))
		snprintf(out, out_bytes, "-");
	else
		put_prefixed(out, out_bytes, number, prefixes, 4, unit, true);
}

void text_plain(char *out, size_t out_bytes, double number)
{
	if (!isfinite(number))
		snprintf(out, out_bytes, "-");
	else
		put_digits(out, out_bytes, number);
}

void text_spread(char *out, size_t out_bytes, double share, bool is_utf8)
{
	if (isnan(share))
		snprintf(out, out_bytes, "-");
	else
		snprintf(out, out_bytes, "%s%.1f %%", is_utf8 ? "±" : "+-", share * 100.0);
}

void text_safe(char *out, size_t out_bytes, const char *text, bool is_utf8)
{
	mbstate_t state = {0};
	size_t filled = 0;

	while (*text != '\0' && filled + 1 < out_bytes) {
		wchar_t c;
		size_t length = mbrtowc(&c, text, strlen(text), &state);
		bool is_whole = length != (size_t)-1 && length != (size_t)-2;

		if (!is_whole) {
			length = 1;
			state = (mbstate_t){0};
		}
		if (is_whole && (is_utf8 ? iswprint((wint_t)c) != 0 : c >= 0x20 && c < 0x7f)) {
			if (filled + length >= out_bytes)
				break;
			memcpy(out + filled, text, length);
			filled += length;
		} else {
			out[filled++] = '?';
		}
		text += length;
	}
	out[filled] = '\0';
}

size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80; /* not inside a UTF-8 character */
	return width;
}
