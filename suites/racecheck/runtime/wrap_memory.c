/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_memory.c - functions that read and write memory.
 *
 * The compiler leaves them as calls (see the flags that `racecheck cc` adds),
 * and the linker sends the calls of checked code here. The plain names inside
 * this file are libc's own: the build renames them.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_stepwise(const void *to, const void *from)
{
	return UNLIKELY(is_scheduled) && runtime_enter() &&
	       !(shadow_translate(&self, (uintptr_t)to)->is_quiet &&
	         shadow_translate(&self, (uintptr_t)from)->is_quiet);
}

/* Under the scheduler a copy may be torn between any 8 bytes. */
static void copy_stepwise(char *to, const char *from, size_t bytes)
{
	if (to > from && to < from + bytes) {
		memmove(to, from, bytes);
		return;
	}
	for (size_t done = 0; done < bytes; done += 8) {
		size_t part = bytes - done < 8 ? bytes - done : 8;

		schedule_point();
		memmove(to + done, from + done, part);
	}
}

static inline __attribute__((always_inline)) void *copy(void *to, const void *from, size_t bytes)
{
	READS(from, bytes);
	WRITES(to, bytes);
	if (is_stepwise(to, from))
		copy_stepwise(to, from, bytes);
	else
		memmove(to, from, bytes);
	return to;
}

EXPORT void *__wrap_memcpy(void *to, const void *from, size_t bytes)
{
	return copy(to, from, bytes);
}

EXPORT void *__wrap_memmove(void *to, const void *from, size_t bytes)
{
	return copy(to, from, bytes);
}

EXPORT void *__wrap_mempcpy(void *to, const void *from, size_t bytes)
{
	return (char *)copy(to, from, bytes) + bytes;
}

EXPORT void *__tsan_memcpy(void *to, const void *from, size_t bytes)
{
	return copy(to, from, bytes);
}

EXPORT void *__tsan_memmove(void *to, const void *from, size_t bytes)
{
	return copy(to, from, bytes);
}

EXPORT void *__wrap___memcpy_chk(void *to, const void *from, size_t bytes, size_t room)
{
	if (bytes > room)
		abort();
	return copy(to, from, bytes);
}

EXPORT void *__wrap___memmove_chk(void *to, const void *from, size_t bytes, size_t room)
{
	if (bytes > room)
		abort();
	return copy(to, from, bytes);
}

EXPORT void *__wrap___mempcpy_chk(void *to, const void *from, size_t bytes, size_t room)
{
	if (bytes > room)
		abort();
	return (char *)copy(to, from, bytes) + bytes;
}

EXPORT void *__wrap_memset(void *to, int value, size_t bytes)
{
	WRITES(to, bytes);
	return memset(to, value, bytes);
}

EXPORT void *__tsan_memset(void *to, int value, size_t bytes)
{
	WRITES(to, bytes);
	return memset(to, value, bytes);
}

EXPORT void *__wrap___memset_chk(void *to, int value, size_t bytes, size_t room)
{
	if (bytes > room)
		abort();
	WRITES(to, bytes);
	return memset(to, value, bytes);
}

EXPORT void __wrap_bzero(void *to, size_t bytes)
{
	WRITES(to, bytes);
	memset(to, 0, bytes);
}

EXPORT void __wrap_explicit_bzero(void *to, size_t bytes)
{
	WRITES(to, bytes);
	explicit_bzero(to, bytes);
}

EXPORT int __wrap_memcmp(const void *a, const void *b, size_t bytes)
{
	READS(a, bytes);
	READS(b, bytes);
	return memcmp(a, b, bytes);
}

EXPORT int __wrap_bcmp(const void *a, const void *b, size_t bytes)
{
	READS(a, bytes);
	READS(b, bytes);
	return memcmp(a, b, bytes);
}

EXPORT void *__wrap_memchr(const void *from, int value, size_t bytes)
{
	void *found = memchr(from, value, bytes);

	READS(from, found ? (size_t)((char *)found - (const char *)from) + 1 : bytes);
	return found;
}

EXPORT size_t __wrap_strlen(const char *text)
{
	size_t bytes = strlen(text);

	READS(text, bytes + 1);
	return bytes;
}

EXPORT size_t __wrap_strnlen(const char *text, size_t most)
{
	size_t bytes = strnlen(text, most);

	READS(text, bytes < most ? bytes + 1 : most);
	return bytes;
}

static inline __attribute__((always_inline)) char *copy_text(char *to, const char *from)
{
	return copy(to, from, strlen(from) + 1);
}

EXPORT char *__wrap_strcpy(char *to, const char *from)
{
	return copy_text(to, from);
}

EXPORT char *__wrap___strcpy_chk(char *to, const char *from, size_t room)
{
	if (strlen(from) >= room)
		abort();
	return copy_text(to, from);
}

EXPORT char *__wrap_stpcpy(char *to, const char *from)
{
	size_t bytes = strlen(from);

	copy_text(to, from);
	return to + bytes;
}

EXPORT char *__wrap_strncpy(char *to, const char *from, size_t room)
{
	size_t bytes = strnlen(from, room);

	READS(from, bytes < room ? bytes + 1 : room);
	WRITES(to, room);
	return strncpy(to, from, room);
}

EXPORT char *__wrap___strncpy_chk(char *to, const char *from, size_t bytes, size_t room)
{
	if (bytes > room)
		abort();
	return __wrap_strncpy(to, from, bytes);
}

static inline __attribute__((always_inline)) char *append(char *to, const char *from, size_t most)
{
	size_t before = strlen(to);
	size_t bytes = strnlen(from, most);

	READS(to, before + 1);
	READS(from, bytes < most ? bytes + 1 : most);
	WRITES(to + before, bytes + 1);
	memmove(to + before, from, bytes);
	to[before + bytes] = '\0';
	return to;
}

EXPORT char *__wrap_strcat(char *to, const char *from)
{
	return append(to, from, SIZE_MAX);
}

EXPORT char *__wrap___strcat_chk(char *to, const char *from, size_t room)
{
	if (strlen(to) + strlen(from) >= room)
		abort();
	return append(to, from, SIZE_MAX);
}

EXPORT char *__wrap_strncat(char *to, const char *from, size_t most)
{
	return append(to, from, most);
}

/* Bytes that a comparison looked at: up to the difference, or the end. */
static size_t compared(const char *a, const char *b, size_t most)
{
	size_t i = 0;

	while (i < most && a[i] == b[i] && a[i] != '\0')
		i++;
	return i < most ? i + 1 : most;
}

EXPORT int __wrap_strcmp(const char *a, const char *b)
{
	size_t bytes = compared(a, b, SIZE_MAX);

	READS(a, bytes);
	READS(b, bytes);
	return strcmp(a, b);
}

EXPORT int __wrap_strncmp(const char *a, const char *b, size_t most)
{
	size_t bytes = compared(a, b, most);

	READS(a, bytes);
	READS(b, bytes);
	return strncmp(a, b, most);
}

EXPORT char *__wrap_strchr(const char *text, int value)
{
	char *found = strchr(text, value);

	READS(text, found ? (size_t)(found - text) + 1 : strlen(text) + 1);
	return found;
}

EXPORT char *__wrap_strrchr(const char *text, int value)
{
	READS(text, strlen(text) + 1);
	return strrchr(text, value);
}

EXPORT char *__wrap_strstr(const char *text, const char *part)
{
	READS(text, strlen(text) + 1);
	READS(part, strlen(part) + 1);
	return strstr(text, part);
}

EXPORT char *__wrap_strdup(const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copied;

	READS(text, bytes);
	copied = strdup(text);
	if (copied)
		WRITES(copied, bytes);
	return copied;
}

EXPORT char *__wrap_strndup(const char *text, size_t most)
{
	size_t bytes = strnlen(text, most);
	char *copied;

	READS(text, bytes < most ? bytes + 1 : bytes);
	copied = strndup(text, most);
	if (copied)
		WRITES(copied, bytes + 1);
	return copied;
}

static int print(char *to, size_t room, const char *format, va_list arguments, uintptr_t place)
{
	va_list copy;
	int bytes;

	va_copy(copy, arguments);
	touch_format(format, copy, place);
	va_end(copy);
	bytes = vsnprintf(to, room, format, arguments);
	if (bytes >= 0 && room > 0)
		touch(to, (size_t)bytes < room ? (size_t)bytes + 1 : room, true, place);
	return bytes;
}

#define PRINT(name, parameters, to, room)                                                          \
	EXPORT int name parameters                                                                 \
	{                                                                                          \
		va_list arguments;                                                                 \
		int bytes;                                                                         \
                                                                                                   \
		va_start(arguments, format);                                                       \
		bytes = print(to, room, format, arguments, CALLER);                                \
		va_end(arguments);                                                                 \
		return bytes;                                                                      \
	}

PRINT(__wrap_snprintf, (char *to, size_t room, const char *format, ...), to, room)
PRINT(__wrap_sprintf, (char *to, const char *format, ...), to, 0x7fffffff)
PRINT(__wrap___snprintf_chk,
      (char *to, size_t room, int flag, size_t known, const char *format, ...), to,
      room < known && flag >= 0 ? room : known)
PRINT(__wrap___sprintf_chk, (char *to, int flag, size_t known, const char *format, ...), to,
      flag >= 0 ? known : 0)

EXPORT int __wrap_vsnprintf(char *to, size_t room, const char *format, va_list arguments)
{
	return print(to, room, format, arguments, CALLER);
}

EXPORT int __wrap___vsnprintf_chk(char *to, size_t room, int flag, size_t known, const char *format,
                                  va_list arguments)
{
	(void)flag;
	return print(to, room < known ? room : known, format, arguments, CALLER);
}

static int print_new(char **to, const char *format, va_list arguments, uintptr_t place)
{
	va_list copy;
	int bytes;

	va_copy(copy, arguments);
	touch_format(format, copy, place);
	va_end(copy);
	touch(to, sizeof(*to), true, place);
	bytes = vasprintf(to, format, arguments);
	if (bytes >= 0)
		touch(*to, (size_t)bytes + 1, true, place);
	return bytes;
}

EXPORT int __wrap_vasprintf(char **to, const char *format, va_list arguments)
{
	return print_new(to, format, arguments, CALLER);
}

EXPORT int __wrap_asprintf(char **to, const char *format, ...)
{
	va_list arguments;
	int bytes;

	va_start(arguments, format);
	bytes = print_new(to, format, arguments, CALLER);
	va_end(arguments);
	return bytes;
}
