/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/stdio.c - a pipe through the library's streams; the twin writes the data
 * after the line.
 *
 * Bytes that lie in a buffer of the library have not been sent: what flushes it sends them.
 *
 * case: stdio
 * models: threads processes
 * forms: fgets fread fgetc getc getline fscanf fwrite fputc putc fprintf fclose
 * truth: correct free, broken racy
 * tier: L
 * missing: stream
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include "suites/check/races/race.h"

struct shared {
	int ends[2];
	int data;
	int seen;
};

static void put(int fd)
{
	FILE *file = fdopen(fd, "w");

	must(file != NULL);
#if defined(FORM_FWRITE)
	must(fwrite("x\n", 1, 2, file) == 2);
#elif defined(FORM_FPUTC)
	must(fputc(10, file) == 10);
#elif defined(FORM_PUTC)
	must(putc(10, file) == 10);
#elif defined(FORM_FPRINTF)
	must(fprintf(file, "%d\n", 1) == 2);
#else
	must(fputs("x\n", file) >= 0);
#endif
#ifdef FORM_FCLOSE
	must(fclose(file) == 0);
#else
	must(fflush(file) == 0);
#endif
}

static void get(int fd)
{
	FILE *file = fdopen(fd, "r");
	char text[8];
#ifdef FORM_GETLINE
	char *line = NULL;
	size_t bytes = 0;
#endif

	must(file != NULL);
#if defined(FORM_FREAD)
	must(fread(text, 1, 2, file) == 2);
#elif defined(FORM_FGETC)
	text[0] = (char)fgetc(file);
	must(text[0] > 0);
#elif defined(FORM_GETC)
	text[0] = (char)getc(file);
	must(text[0] > 0);
#elif defined(FORM_GETLINE)
	(void)text;
	must(getline(&line, &bytes, file) > 0);
	free(line);
#elif defined(FORM_FSCANF)
	must(fscanf(file, "%7s", text) == 1);
#else
	must(fgets(text, sizeof(text), file) == text);
#endif
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

	must(pipe(shared->ends) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
