/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_text.c - functions that parse, print and sort memory.
 *
 * As in wrap_memory.c, the plain names are libc's own: the build renames them.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

/* ---- numbers: what was read ends where the number does ---- */

#define NUMBER(name, ret_type)                                                                     \
	EXPORT ret_type __wrap_##name(const char *text, char **end, int base);                     \
	EXPORT ret_type __wrap_##name(const char *text, char **end, int base)                      \
	{                                                                                          \
		char *stop;                                                                        \
		ret_type ret = name(text, &stop, base);                                            \
                                                                                                   \
		READS(text, (size_t)(stop - text) + 1);                                            \
		if (end) {                                                                         \
			WRITES(end, sizeof(*end));                                                 \
			*end = stop;                                                               \
		}                                                                                  \
		return ret;                                                                        \
	}

/* Names that newer headers give to the same functions; an older libc lacks them. */
#define IF_PRESENT __attribute__((weak))
IF_PRESENT long __isoc23_strtol(const char *text, char **end, int base);
IF_PRESENT unsigned long __isoc23_strtoul(const char *text, char **end, int base);
IF_PRESENT long long __isoc23_strtoll(const char *text, char **end, int base);
IF_PRESENT unsigned long long __isoc23_strtoull(const char *text, char **end, int base);

NUMBER(strtol, long)
NUMBER(strtoul, unsigned long)
NUMBER(strtoll, long long)
NUMBER(strtoull, unsigned long long)
NUMBER(strtoimax, intmax_t)
NUMBER(strtoumax, uintmax_t)
NUMBER(__isoc23_strtol, long)
NUMBER(__isoc23_strtoul, unsigned long)
NUMBER(__isoc23_strtoll, long long)
NUMBER(__isoc23_strtoull, unsigned long long)

#define REAL_NUMBER(name, ret_type)                                                                \
	EXPORT ret_type __wrap_##name(const char *text, char **end)                                \
	{                                                                                          \
		char *stop;                                                                        \
		ret_type ret = name(text, &stop);                                                  \
                                                                                                   \
		READS(text, (size_t)(stop - text) + 1);                                            \
		if (end) {                                                                         \
			WRITES(end, sizeof(*end));                                                 \
			*end = stop;                                                               \
		}                                                                                  \
		return ret;                                                                        \
	}

REAL_NUMBER(strtod, double)
REAL_NUMBER(strtof, float)
REAL_NUMBER(strtold, long double)

#define SIMPLE(name, ret_type)                                                                     \
	EXPORT ret_type __wrap_##name(const char *text)                                            \
	{                                                                                          \
		READS(text, strlen(text) + 1);                                                     \
		return name(text);                                                                 \
	}

SIMPLE(atoi, int)
SIMPLE(atol, long)
SIMPLE(atoll, long long)
SIMPLE(atof, double)

/* ---- scanning: the whole text, whatever of it was needed ---- */

int __isoc99_vsscanf(const char *text, const char *format, va_list arguments);
IF_PRESENT int __isoc23_vsscanf(const char *text, const char *format, va_list arguments);

#define SCAN(name, variadic)                                                                       \
	EXPORT int __wrap_##name(const char *text, const char *format, va_list arguments);         \
	EXPORT int __wrap_##name(const char *text, const char *format, va_list arguments)          \
	{                                                                                          \
		va_list written;                                                                   \
		int ret;                                                                           \
                                                                                                   \
		READS(text, strlen(text) + 1);                                                     \
		va_copy(written, arguments);                                                       \
		ret = name(text, format, arguments);                                               \
		touch_scanned(format, written, ret, CALLER);                                       \
		va_end(written);                                                                   \
		return ret;                                                                        \
	}                                                                                          \
                                                                                                   \
	EXPORT int __wrap_##variadic(const char *text, const char *format, ...);                   \
	EXPORT int __wrap_##variadic(const char *text, const char *format, ...)                    \
	{                                                                                          \
		va_list arguments;                                                                 \
		int ret;                                                                           \
                                                                                                   \
		READS(text, strlen(text) + 1);                                                     \
		va_start(arguments, format);                                                       \
		ret = name(text, format, arguments);                                               \
		va_end(arguments);                                                                 \
		va_start(arguments, format);                                                       \
		touch_scanned(format, arguments, ret, CALLER);                                     \
		va_end(arguments);                                                                 \
		return ret;                                                                        \
	}

SCAN(__isoc99_vsscanf, __isoc99_sscanf)
SCAN(__isoc23_vsscanf, __isoc23_sscanf)

/* ---- comparing and searching ---- */

static char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

static size_t compared(const char *a, const char *b, size_t most)
{
	size_t i = 0;

	while (i < most && lower(a[i]) == lower(b[i]) && a[i] != '\0')
		i++;
	return i < most ? i + 1 : most;
}

EXPORT int __wrap_strcasecmp(const char *a, const char *b)
{
	size_t bytes = compared(a, b, SIZE_MAX);

	READS(a, bytes);
	READS(b, bytes);
	return strcasecmp(a, b);
}

EXPORT int __wrap_strncasecmp(const char *a, const char *b, size_t most)
{
	size_t bytes = compared(a, b, most);

	READS(a, bytes);
	READS(b, bytes);
	return strncasecmp(a, b, most);
}

EXPORT int __wrap_strcoll(const char *a, const char *b)
{
	READS(a, strlen(a) + 1);
	READS(b, strlen(b) + 1);
	return strcoll(a, b);
}

EXPORT char *__wrap_strcasestr(const char *text, const char *part)
{
	READS(text, strlen(text) + 1);
	READS(part, strlen(part) + 1);
	return strcasestr(text, part);
}

#define SPAN(name)                                                                                 \
	EXPORT size_t __wrap_##name(const char *text, const char *set)                             \
	{                                                                                          \
		size_t bytes = name(text, set);                                                    \
                                                                                                   \
		READS(set, strlen(set) + 1);                                                       \
		READS(text, bytes + 1);                                                            \
		return bytes;                                                                      \
	}

SPAN(strspn)
SPAN(strcspn)

EXPORT char *__wrap_strpbrk(const char *text, const char *set)
{
	char *found = strpbrk(text, set);

	READS(set, strlen(set) + 1);
	READS(text, found ? (size_t)(found - text) + 1 : strlen(text) + 1);
	return found;
}

EXPORT char *__wrap_strchrnul(const char *text, int value)
{
	char *found = strchrnul(text, value);

	READS(text, (size_t)(found - text) + 1);
	return found;
}

EXPORT void *__wrap_rawmemchr(const void *from, int value)
{
	char *found = rawmemchr(from, value);

	READS(from, (size_t)(found - (const char *)from) + 1);
	return found;
}

EXPORT void *__wrap_memrchr(const void *from, int value, size_t bytes)
{
	void *found = memrchr(from, value, bytes);
	size_t before = found ? (size_t)((char *)found - (const char *)from) : 0;

	READS((const char *)from + before, bytes - before);
	return found;
}

EXPORT void *__wrap_memmem(const void *from, size_t bytes, const void *part, size_t part_bytes)
{
	READS(from, bytes);
	READS(part, part_bytes);
	return memmem(from, bytes, part, part_bytes);
}

static char *next_token(char *text, const char *set, char **rest, uintptr_t place)
{
	char *from = text ? text : *rest;
	char *token = strtok_r(text, set, rest);

	touch(rest, sizeof(*rest), true, place);
	touch(set, strlen(set) + 1, false, place);
	if (!from)
		return token;
	touch(from, token ? (size_t)(*rest - from) : strspn(from, set) + 1, false, place);
	if (!token)
		return NULL;
	/* The separator became the end of the token. */
	touch(token + strlen(token), 1, true, place);
	return token;
}

EXPORT char *__wrap_strtok_r(char *text, const char *set, char **rest)
{
	return next_token(text, set, rest, CALLER);
}

/* One rest for the whole process: that threads share it is what is wrong with strtok(). */
static char *strtok_rest;

EXPORT char *__wrap_strtok(char *text, const char *set)
{
	WRITES(&strtok_rest, sizeof(strtok_rest));
	return next_token(text, set, &strtok_rest, CALLER);
}

EXPORT char *__wrap_strsep(char **rest, const char *set)
{
	char *token = strsep(rest, set);

	WRITES(rest, sizeof(*rest));
	READS(set, strlen(set) + 1);
	if (!token)
		return NULL;
	READS(token, strlen(token) + 1);
	if (*rest)
		WRITES(*rest - 1, 1);
	return token;
}

/* ---- sorting: libc moves what the program's comparison only looks at ---- */

EXPORT void __wrap_qsort(void *base, size_t count, size_t bytes,
                         int (*compare)(const void *, const void *))
{
	WRITES(base, count * bytes);
	qsort(base, count, bytes, compare);
}

EXPORT void __wrap_qsort_r(void *base, size_t count, size_t bytes,
                           int (*compare)(const void *, const void *, void *), void *with)
{
	WRITES(base, count * bytes);
	qsort_r(base, count, bytes, compare, with);
}

/* ---- printing: texts among the arguments ---- */

/* Skips flags, width and precision of a conversion. *precision: -1 if there is none. */
static const char *skip_size(const char *at, va_list arguments, int *precision)
{
	*precision = -1;
	at += strspn(at, "-+ #0'I");
	if (*at == '*') {
		va_arg(arguments, int);
		at++;
	}
	at += strspn(at, "0123456789");
	if (*at != '.')
		return at;
	at++;
	if (*at == '*') {
		*precision = va_arg(arguments, int);
		return at + 1;
	}
	*precision = (int)strtol(at, (char **)(uintptr_t)&at, 10);
	return at;
}

/* What is read of a text that ends early has the zero at its end. precision < 0: none. */
static size_t text_bytes(const char *text, int precision)
{
	size_t most = precision < 0 ? SIZE_MAX : (size_t)precision;
	size_t length = strnlen(text, most);

	return length < most ? length + 1 : length;
}

static size_t wide_chars(const wchar_t *text, int precision)
{
	size_t most = precision < 0 ? SIZE_MAX : (size_t)precision;
	size_t length = wcsnlen(text, most);

	return length < most ? length + 1 : length;
}

/* Takes the argument of a conversion. Returns false where its kind is not known. */
static bool take_argument(char conversion, bool is_long_double, bool is_wide, int precision,
                          va_list arguments, uintptr_t place)
{
	const wchar_t *wide;
	const char *text;

	if (conversion == '%' || conversion == 'm')
		return true;
	if (conversion == 's' && !is_wide) {
		text = va_arg(arguments, const char *);
		if (text)
			touch(text, text_bytes(text, precision), false, place);
		return true;
	}
	if (conversion == 's') {
		wide = va_arg(arguments, const wchar_t *);
		if (wide)
			touch(wide, wide_chars(wide, precision) * sizeof(*wide), false, place);
		return true;
	}
	if (conversion == 'n') {
		touch(va_arg(arguments, void *), is_wide ? sizeof(long) : sizeof(int), true, place);
		return true;
	}
	if (strchr("aAeEfFgG", conversion)) {
		if (is_long_double)
			va_arg(arguments, long double);
		else
			va_arg(arguments, double);
		return true;
	}
	if (conversion == '\0' || !strchr("dioxXucp", conversion))
		return false;
	/* Integers and pointers: eight bytes each, however wide. */
	va_arg(arguments, long);
	return true;
}

void touch_format(const char *format, va_list given, uintptr_t place)
{
	va_list arguments;

	touch(format, strlen(format) + 1, false, place);
	va_copy(arguments, given);
	for (const char *at = strchr(format, '%'); at; at = strchr(at, '%')) {
		bool is_long_double;
		bool is_wide;
		int precision;

		at = skip_size(at + 1, arguments, &precision);
		is_long_double = *at == 'L';
		is_wide = *at == 'l';
		at += strspn(at, "hlqLjzt");
		/* Numbered arguments ("%1$s") are rare, and end it. */
		if (!take_argument(*at, is_long_double, is_wide, precision, arguments, place))
			break;
		at++;
	}
	va_end(arguments);
}
