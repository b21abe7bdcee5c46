/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_wide.c - functions that read and write wide characters.
 *
 * As in wrap_memory.c, the plain names are libc's own: the build renames them.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static size_t bytes_of(size_t count)
{
	return count * sizeof(wchar_t);
}

#define WIDE_COPY(name)                                                                            \
	EXPORT wchar_t *__wrap_##name(wchar_t *to, const wchar_t *from, size_t count)              \
	{                                                                                          \
		READS(from, bytes_of(count));                                                      \
		WRITES(to, bytes_of(count));                                                       \
		return name(to, from, count);                                                      \
	}

WIDE_COPY(wmemcpy)
WIDE_COPY(wmemmove)

EXPORT wchar_t *__wrap_wmemset(wchar_t *to, wchar_t value, size_t count)
{
	WRITES(to, bytes_of(count));
	return wmemset(to, value, count);
}

EXPORT size_t __wrap_wcslen(const wchar_t *text)
{
	size_t count = wcslen(text);

	READS(text, bytes_of(count + 1));
	return count;
}

EXPORT wchar_t *__wrap_wcscpy(wchar_t *to, const wchar_t *from)
{
	size_t bytes = bytes_of(wcslen(from) + 1);

	READS(from, bytes);
	WRITES(to, bytes);
	return wcscpy(to, from);
}

EXPORT wchar_t *__wrap_wcsncpy(wchar_t *to, const wchar_t *from, size_t room)
{
	size_t count = wcsnlen(from, room);

	READS(from, bytes_of(count < room ? count + 1 : room));
	WRITES(to, bytes_of(room));
	return wcsncpy(to, from, room);
}

EXPORT wchar_t *__wrap_wcscat(wchar_t *to, const wchar_t *from)
{
	size_t before = wcslen(to);
	size_t count = wcslen(from);

	READS(to, bytes_of(before + 1));
	READS(from, bytes_of(count + 1));
	WRITES(to + before, bytes_of(count + 1));
	return wcscat(to, from);
}

EXPORT int __wrap_wcscmp(const wchar_t *a, const wchar_t *b)
{
	size_t count = 0;

	while (a[count] == b[count] && a[count] != L'\0')
		count++;
	READS(a, bytes_of(count + 1));
	READS(b, bytes_of(count + 1));
	return wcscmp(a, b);
}

EXPORT int __wrap_wmemcmp(const wchar_t *a, const wchar_t *b, size_t count)
{
	READS(a, bytes_of(count));
	READS(b, bytes_of(count));
	return wmemcmp(a, b, count);
}

EXPORT wchar_t *__wrap_wcschr(const wchar_t *text, wchar_t value)
{
	wchar_t *found = wcschr(text, value);

	READS(text, bytes_of((found ? (size_t)(found - text) : wcslen(text)) + 1));
	return found;
}

/* ---- to and from bytes ---- */

EXPORT size_t __wrap_mbstowcs(wchar_t *to, const char *from, size_t room)
{
	size_t count = mbstowcs(to, from, room);

	READS(from, strlen(from) + 1);
	if (to && count != (size_t)-1)
		WRITES(to, bytes_of(count < room ? count + 1 : room));
	return count;
}

EXPORT size_t __wrap_wcstombs(char *to, const wchar_t *from, size_t room)
{
	size_t bytes = wcstombs(to, from, room);

	READS(from, bytes_of(wcslen(from) + 1));
	if (to && bytes != (size_t)-1)
		WRITES(to, bytes < room ? bytes + 1 : room);
	return bytes;
}

/* What the arguments name is not looked at. */
static void touch_printed(const wchar_t *to, int count, const wchar_t *format, uintptr_t place)
{
	touch(format, bytes_of(wcslen(format) + 1), false, place);
	if (count >= 0)
		touch(to, bytes_of((size_t)count + 1), true, place);
}

EXPORT int __wrap_vswprintf(wchar_t *to, size_t room, const wchar_t *format, va_list arguments)
{
	int count = vswprintf(to, room, format, arguments);

	touch_printed(to, count, format, CALLER);
	return count;
}

EXPORT int __wrap_swprintf(wchar_t *to, size_t room, const wchar_t *format, ...)
{
	va_list arguments;
	int count;

	va_start(arguments, format);
	count = vswprintf(to, room, format, arguments);
	va_end(arguments);
	touch_printed(to, count, format, CALLER);
	return count;
}
