/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/file_there.c - a file that is made as a flag; in the twin it is there
 * from the start.
 *
 * To open a file that is there with O_CREAT, or to fail to make it, tells nobody anything.
 *
 * case: file_there
 * models: threads processes
 * forms: open fopen mkdir
 * truth: correct free, broken racy
 * tier: L
 * missing: name
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "suites/check/races/race.h"

struct shared {
	char path[256];
	char folder[240];
	int data;
	int seen;
};

static void raise_flag(const char *path)
{
#if defined(FORM_FOPEN)
	FILE *file = fopen(path, "a");

	must(file != NULL && fclose(file) == 0);
#elif defined(FORM_MKDIR)
	must(mkdir(path, 0700) == 0 || errno == EEXIST);
#else
	int fd = open(path, O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);

	must(fd >= 0 && close(fd) == 0);
#endif
}

static bool is_raised(const char *path)
{
	struct stat state;

	return stat(path, &state) == 0;
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	shared->data = window(42); /* race: write write */
	raise_flag(shared->path);
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	race_until(is_raised(shared->path));
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_temporary(shared->folder, sizeof(shared->folder), "race-XXXXXX");
	must(mkdtemp(shared->folder) != NULL);
	snprintf(shared->path, sizeof(shared->path), "%s/flag", shared->folder);
	in_broken(raise_flag(shared->path));
	race_peers(shared, reader, writer);
	must(remove(shared->path) == 0);
	must(rmdir(shared->folder) == 0);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
