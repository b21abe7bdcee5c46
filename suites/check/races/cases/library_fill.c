/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/library_fill.c - a record that the library fills; the twin's reader does
 * not wait.
 *
 * The program itself never writes the record: a function of the library does, through a pointer.
 *
 * case: library_fill
 * models: threads processes
 * forms: clock fstat getrandom gmtime_r strftime inet_pton memccpy wcscpy strtok sscanf vfscanf at
 * truth: correct free, broken racy
 * tier: P
 * missing: wait for the end of the call
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the library wrote
 */
#include <arpa/inet.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <wchar.h>

#include "suites/check/races/race.h"

union record {
	char text[64];
	wchar_t wide[16];
	struct timespec time;
	struct tm date;
	struct in_addr address;
	struct stat state;
	int number;
};

struct shared {
	sem_t filled;
	union record record;
	union record before;
	bool is_stale;
};

static FILE *numbers;
static const struct tm date = {.tm_year = 126, .tm_mday = 26, .tm_mon = 10};

#ifdef FORM_VFSCANF
static int scan(const char *format, ...)
{
	va_list arguments;
	int ret;

	va_start(arguments, format);
	ret = vfscanf(numbers, format, arguments); /* race: write write */
	va_end(arguments);
	return ret;
}
#endif

static void fill(union record *record)
{
#if defined(FORM_FSTAT)
	must(fstat(STDIN_FILENO, &record->state) == 0); /* race: write write */
#elif defined(FORM_GETRANDOM)
	must(getrandom(record->text, 32, 0) == 32); /* race: write write */
#elif defined(FORM_GMTIME_R)
	must(gmtime_r(&(time_t){1}, &record->date) != NULL); /* race: write write */
#elif defined(FORM_STRFTIME)
	must(strftime(record->text, 64, "%Y", &date) == 4); /* race: write write */
#elif defined(FORM_INET_PTON)
	must(inet_pton(AF_INET, "127.0.0.1", &record->address) == 1); /* race: write write */
#elif defined(FORM_MEMCCPY)
	must(memccpy(record->text, "name;value", ';', 10) != NULL); /* race: write write */
#elif defined(FORM_WCSCPY)
	must(wcscpy(record->wide, L"name") == record->wide); /* race: write write */
#elif defined(FORM_STRTOK)
	must((strtok)(record->text, ";") != NULL); /* race: write write */
#elif defined(FORM_SSCANF)
	must(sscanf("12 name", "%*d %15s%n", record->text, &(int){0}) == 1); /* race: write write */
#elif defined(FORM_AT)
	must(sscanf("1 name", "%2$d %1$9s", record->text, &(int){0}) == 2); /* race: write write */
#elif defined(FORM_VFSCANF)
	must(scan("%d", &record->number) == 1);
#else
	must(clock_gettime(CLOCK_MONOTONIC, &record->time) == 0); /* race: write write */
#endif
}

static void filler(void *memory)
{
	struct shared *shared = memory;

	race_pause();
	fill(&shared->record);
	must(sem_post(&shared->filled) == 0);
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	union record seen;

	in_correct(must(sem_wait(&shared->filled) == 0));
	seen = shared->record; /* race: read read */
	shared->is_stale = memcmp(&seen, &shared->before, sizeof(seen)) == 0;
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	numbers = fmemopen((char[]){"12"}, 2, "r");
	must(numbers);
	must(sem_init(&shared->filled, race.is_processes, 0) == 0);
	memset(&shared->record, 0, sizeof(shared->record));
	snprintf(shared->record.text, sizeof(shared->record.text), "old;text");
	shared->before = shared->record;
	race_peers(shared, filler, reader);
	race_outcome(shared->is_stale ? "stale" : "fresh", 1);
	return race_end();
}
