/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/stdio.c - a line read by the library's streams; the twin writes the data
 * after the line.
 *
 * Bytes that lie in a buffer of the library have left the pipe.
 *
 * case: stdio
 * models: threads processes
 * forms: fgets fread fgetc getc getchar getline getdelim __getdelim __uflow fscanf __isoc23_vfscanf
 * truth: correct free, broken racy
 * tier: L
 * missing: stream
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#if defined(FORM_GETCHAR) || defined(FORM_GETLINE)
/* Has these called as they are, as without optimisation: libc's headers would inline them. */
#define __NO_INLINE__ 1
#endif
#include <stdarg.h>

#include "suites/check/races/race.h"

struct shared {
	int ends[2];
	int data;
	int seen;
};

#ifdef FORM___ISOC23_VFSCANF
/* What scanf() is since glibc 2.38, in C of 2023. */
#define IS_AVAILABLE __GLIBC_PREREQ(2, 38)
#else
#define IS_AVAILABLE true
#endif

#if defined(FORM___ISOC23_VFSCANF) && __GLIBC_PREREQ(2, 38)
int __isoc23_vfscanf(FILE *file, const char *format, va_list arguments);

static int scan(FILE *file, const char *format, ...)
{
	va_list arguments;
	int ret;

	va_start(arguments, format);
	ret = __isoc23_vfscanf(file, format, arguments);
	va_end(arguments);
	return ret;
}
#elif defined(FORM_FSCANF)
#define scan fscanf
#endif

static void get(int fd)
{
	FILE *file = fdopen(fd, "r");
	char text[8];
#if defined(FORM_GETLINE) || defined(FORM_GETDELIM) || defined(FORM___GETDELIM)
	char *line = NULL;
	size_t bytes = 0;
#endif

	must(file != NULL);
	(void)text;
#if defined(FORM_FREAD)
	must(fread(text, 1, 2, file) == 2);
#elif defined(FORM_FGETC)
	must(fgetc(file) == 'x');
#elif defined(FORM_GETC)
	must(getc(file) == 'x');
#elif defined(FORM_GETCHAR)
	stdin = file;
	must(getchar() == 'x');
#elif defined(FORM___UFLOW)
	/* Inlined: calls __uflow() when the buffer is empty. */
	must(getc_unlocked(file) == 'x');
#elif defined(FORM_GETLINE)
	must(getline(&line, &bytes, file) == 2);
#elif defined(FORM_GETDELIM)
	must(getdelim(&line, &bytes, 10, file) == 2);
#elif defined(FORM___GETDELIM)
	/* What getline() is where it is inlined. */
	must(__getdelim(&line, &bytes, 10, file) == 2);
#elif defined(scan) || (defined(FORM___ISOC23_VFSCANF) && __GLIBC_PREREQ(2, 38))
	must(scan(file, "%7s", text) == 1);
#else
	must(fgets(text, sizeof(text), file) == text);
#endif
}

static void put(int fd)
{
	FILE *file = fdopen(fd, "w");

	must(file != NULL);
	must(fputs("x\n", file) >= 0);
	must(fflush(file) == 0);
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	put(shared->ends[1]);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	get(shared->ends[0]);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	errno = ENOSYS;
	must_have("scanf() of C23", IS_AVAILABLE);
	must(pipe(shared->ends) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
