/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/text_read.c - a text that a function of the library reads, under a
 * mutex; the twin calls it outside.
 *
 * The text is empty: its zero is all there is to read.
 *
 * case: text_read
 * models: threads processes
 * forms: strndup precision fopen stat access unlink rename mkdir
 * truth: correct free, broken racy
 * tier: P
 * missing: mutex
 * pairs: write/read
 * outcomes: correct done, broken done
 * oracle: none: an empty text is read as one
 */
#include <sys/stat.h>

#include "suites/check/races/race.h"

struct shared {
	pthread_mutex_t mutex;
	char text[8];
};

static void use(const char *text)
{
#if defined(FORM_PRECISION)
	char line[8];

	must(snprintf(line, sizeof(line), "%.3s", text) == 0); /* race: read read */
#elif defined(FORM_FOPEN)
	must(fopen(text, "r") == NULL); /* race: read read */
#elif defined(FORM_STAT)
	struct stat status;

	must(stat(text, &status) < 0); /* race: read read */
#elif defined(FORM_ACCESS)
	must(access(text, F_OK) < 0); /* race: read read */
#elif defined(FORM_UNLINK)
	must(unlink(text) < 0); /* race: read read */
#elif defined(FORM_RENAME)
	must(rename(text, "") < 0); /* race: read read */
#elif defined(FORM_MKDIR)
	must(mkdir(text, 0700) < 0); /* race: read read */
#else
	char *copy = strndup(text, 7); /* race: read read */

	must(copy != NULL && copy[0] == '\0');
	free(copy);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	for (int i = 0; i < ROUNDS; i++) {
		must(pthread_mutex_lock(&shared->mutex) == 0);
		*(volatile char *)shared->text = '\0'; /* race: write write */
		must(pthread_mutex_unlock(&shared->mutex) == 0);
	}
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	for (int i = 0; i < ROUNDS; i++) {
		in_correct(must(pthread_mutex_lock(&shared->mutex) == 0));
		use(shared->text);
		in_correct(must(pthread_mutex_unlock(&shared->mutex) == 0));
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_mutex_init(&shared->mutex);
	race_peers(shared, writer, reader);
	race_outcome("done", 1);
	return race_end();
}
