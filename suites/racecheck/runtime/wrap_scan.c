/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/wrap_scan.c - what the scanf() family writes. */
#include "suites/racecheck/runtime/wrap.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

struct conversion {
	bool is_suppressed;
	bool is_allocated; /* %ms: the pointer is written, and what it points to */
	size_t position;   /* of the argument, from 1 on; 0: the next */
	size_t width;
	int longs; /* of l, ll; -1 and -2 for h and hh */
	bool is_long_double;
	char kind;
};

/* Returns what follows a conversion whose percent sign was before at. */
static const char *parse_conversion(const char *at, struct conversion *out)
{
	char *end;

	*out = (struct conversion){.position = strtoul(at, &end, 10)};
	if (*end == '$')
		at = end + 1;
	else
		out->position = 0;
	for (; strchr("*m'I", *at) && *at; at++) {
		out->is_suppressed |= *at == '*';
		out->is_allocated |= *at == 'm';
	}
	for (; *at >= '0' && *at <= '9'; at++)
		out->width = out->width * 10 + (size_t)(*at - '0');
	out->is_allocated |= *at == 'm';
	for (; *at && strchr("hljztLqm", *at); at++) {
		out->longs += *at == 'l' ? 1 : *at == 'h' ? -1 : 0;
		out->longs += strchr("jztq", *at) ? 2 : 0;
		out->is_long_double |= *at == 'L';
	}
	out->kind = *at;
	if (*at == '[') {
		at += at[1] == '^' ? 2 : 1;
		at += *at == ']';
		while (*at && *at != ']')
			at++;
	}
	return *at ? at + 1 : at;
}

static size_t integer_bytes(const struct conversion *c)
{
	return c->is_long_double || c->longs >= 1 ? sizeof(long)
	       : c->longs == -1                   ? sizeof(short)
	       : c->longs <= -2                   ? sizeof(char)
	                                          : sizeof(int);
}

static size_t text_bytes(const struct conversion *c, const void *text)
{
	bool is_wide = c->longs >= 1 || c->kind == 'S' || c->kind == 'C';
	size_t unit = is_wide ? sizeof(wchar_t) : 1;

	if (c->kind == 'c' || c->kind == 'C')
		return (c->width > 0 ? c->width : 1) * unit;
	return is_wide ? (wcslen(text) + 1) * unit : strlen(text) + 1;
}

static size_t conversion_bytes(const struct conversion *c, const void *out)
{
	switch (c->kind) {
	case 's':
	case 'S':
	case 'c':
	case 'C':
	case '[':
		return text_bytes(c, out);
	case 'p':
		return sizeof(void *);
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
	case 'a':
	case 'A':
		return c->is_long_double ? sizeof(long double)
		       : c->longs >= 1   ? sizeof(double)
		                         : sizeof(float);
	default:
		return integer_bytes(c);
	}
}

/* The argument at a position, from 1 on: all of scanf()'s are pointers. */
static void *pointer_at(va_list arguments, size_t position)
{
	va_list copy;
	void *pointer = NULL;

	va_copy(copy, arguments);
	for (size_t i = 0; i < position; i++)
		pointer = va_arg(copy, void *);
	va_end(copy);
	return pointer;
}

/*
 * A conversion that count holds was made, and so was what stands before it. After the last of
 * them, %n is sure only where nothing between them can have failed.
 */
void touch_scanned(const char *format, va_list arguments, int count, uintptr_t place)
{
	const char *sure = format;
	struct conversion c;
	va_list next;

	touch(format, strlen(format) + 1, false, place);
	va_copy(next, arguments);

	while ((format = strchr(format, '%'))) {
		bool is_after_blanks = sure + strspn(sure, " \t\n\v\f\r") == format;
		void *out;

		if (format[1] == '%') {
			format += 2;
			continue;
		}
		format = parse_conversion(format + 1, &c);
		if (c.kind == '\0')
			break;
		if (c.is_suppressed)
			continue;
		if (c.kind == 'n' ? count <= 0 && !is_after_blanks : count-- <= 0)
			break;
		sure = format;
		out = c.position != 0 ? pointer_at(arguments, c.position) : va_arg(next, void *);
		if (c.is_allocated) {
			touch(out, sizeof(void *), true, place);
			out = *(void **)out;
		}
		touch(out, conversion_bytes(&c, out), true, place);
	}
	va_end(next);
}
