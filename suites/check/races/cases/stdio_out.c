/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/stdio_out.c - a line written by the library's streams; the twin writes
 * the data after the line.
 *
 * Bytes that lie in a buffer of the library have not been sent: what flushes it sends them.
 * A stream without a buffer sends at once.
 *
 * case: stdio_out
 * models: threads processes
 * forms: fputs puts fwrite fputc putc putchar __overflow fprintf dprintf fflush fclose
 * truth: correct free, broken racy
 * tier: L
 * missing: stream
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#ifdef FORM_PUTCHAR
/* Has it called as it is, as without optimisation: libc's headers would inline it. */
#define __NO_INLINE__ 1
#endif
#include "suites/check/races/race.h"

struct shared {
	int ends[2];
	int data;
	int seen;
};

/* No constant: a compiler knows better calls for those. */
static const char *volatile text = "x\n";

#if defined(FORM_FFLUSH) || defined(FORM_FCLOSE)
#define BUFFERING _IOFBF
#else
#define BUFFERING _IONBF
#endif

/* Opens a stream, and puts into its buffer what another call is to send. */
static FILE *prepare(int fd)
{
	FILE *file = fdopen(fd, "w");

	must(file != NULL);
	must(setvbuf(file, NULL, BUFFERING, BUFSIZ) == 0);
#if defined(FORM_FFLUSH) || defined(FORM_FCLOSE)
	must(fputs(text, file) >= 0);
#endif
	return file;
}

static void put(FILE *file)
{
#if defined(FORM_FFLUSH)
	must(fflush(file) == 0);
#elif defined(FORM_FCLOSE)
	must(fclose(file) == 0);
#elif defined(FORM_FWRITE)
	must(fwrite(text, 1, 2, file) == 2);
#elif defined(FORM_FPUTC)
	must(fputc(10, file) == 10);
#elif defined(FORM_PUTC)
	must(putc(10, file) == 10);
#elif defined(FORM_PUTCHAR) || defined(FORM_PUTS)
	FILE *before = stdout;

	stdout = file;
#ifdef FORM_PUTS
	must(puts("x") >= 0);
#else
	must(putchar(10) == 10);
#endif
	stdout = before;
#elif defined(FORM___OVERFLOW)
	/* Inlined: calls __overflow() when the buffer is full, or there is none. */
	must(putc_unlocked(10, file) == 10);
#elif defined(FORM_FPRINTF)
	must(fprintf(file, "%s", text) == 2);
#elif defined(FORM_DPRINTF)
	must(dprintf(fileno(file), "%s", text) == 2);
#else
	must(fputs(text, file) >= 0);
#endif
}

static void get(int fd)
{
	FILE *file = fdopen(fd, "r");
	char line[8];

	must(file != NULL);
	must(fgets(line, sizeof(line), file) == line);
}

static void writer(void *memory)
{
	struct shared *shared = memory;
	FILE *file = prepare(shared->ends[1]);

	in_correct(shared->data = window(42));
	put(file);
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

	must(pipe(shared->ends) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
