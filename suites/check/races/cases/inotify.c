/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/inotify.c - being told that a file changed; the twin writes the data
 * after the change.
 *
 * case: inotify
 * models: threads processes
 * forms: create write rename unlink poll
 * truth: correct free, broken racy
 * tier: L
 * missing: notice of a change
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it changed the file
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>

#include "suites/check/races/race.h"

struct shared {
	char directory[256];
	char path[272];
	char other[272];
	int watcher;
	int file;
	int data;
	int seen;
};

/* The change that the reader waits for. */
#if defined(FORM_WRITE)
static const uint32_t change = IN_MODIFY;
#elif defined(FORM_RENAME)
static const uint32_t change = IN_MOVED_TO;
#elif defined(FORM_UNLINK)
static const uint32_t change = IN_DELETE;
#else
static const uint32_t change = IN_CREATE;
#endif

static void make_change(const struct shared *shared)
{
#if defined(FORM_WRITE)
	must(write(shared->file, "x", 1) == 1);
#elif defined(FORM_RENAME)
	must(rename(shared->path, shared->other) == 0);
#elif defined(FORM_UNLINK)
	must(unlink(shared->path) == 0);
#else
	int fd = open(shared->other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	must(fd >= 0 && close(fd) == 0);
#endif
}

static void await_change(int watcher)
{
#ifdef FORM_POLL
	/* The event stays where it is. */
	must(poll(&(struct pollfd){.fd = watcher, .events = POLLIN}, 1, RACE_WAIT_S * 1000) == 1);
#else
	char events[4096];

	must(read(watcher, events, sizeof(events)) > 0);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	make_change(shared);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	await_change(shared->watcher);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	race_temporary(shared->directory, sizeof(shared->directory), "race.XXXXXX");
	must(mkdtemp(shared->directory) != NULL);
	snprintf(shared->path, sizeof(shared->path), "%s/file", shared->directory);
	snprintf(shared->other, sizeof(shared->other), "%s/other", shared->directory);
	shared->file = open(shared->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	must(shared->file >= 0);
	shared->watcher = inotify_init1(IN_CLOEXEC);
	must_have("inotify",
	          shared->watcher >= 0 &&
	                  inotify_add_watch(shared->watcher, shared->directory, change) >= 0);
	race_peers(shared, reader, writer);
	unlink(shared->path);
	unlink(shared->other);
	must(rmdir(shared->directory) == 0);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
