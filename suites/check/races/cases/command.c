/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/command.c - a command of the shell writes; the twin's parent does not
 * wait for its end.
 *
 * The command is this program again, which knows the segment by its descriptor.
 *
 * case: command
 * models: processes
 * forms: system pclose
 * truth: correct free, broken racy
 * tier: L
 * missing: end of the command
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the parent sees what the command wrote
 */
#include "suites/check/races/race.h"

struct shared {
	_Atomic bool is_over;
	int data;
	int seen;
};

static struct shared *attach(int fd)
{
	struct shared *shared =
		mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	must(shared != MAP_FAILED);
	return shared;
}

static void writer(struct shared *shared)
{
	shared->data = 42; /* race: write write */
	atomic_store_explicit(&shared->is_over, true, memory_order_relaxed);
}

/* Has the command run, and reads what it wrote. */
static void reader(struct shared *shared, const char *command)
{
#ifdef FORM_PCLOSE
	FILE *pipe = popen(command, "w");

	must(pipe != NULL);
	in_correct(must(pclose(pipe) == 0));
#else
	must((system)(command) == 0);
#endif
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared;
	char self[4096];
	char command[sizeof(self) + 64];
	ssize_t bytes;
	int fd;

	race_begin(argc, argv, 1);
	if (argc == 3) {
		writer(attach((int)strtol(argv[2], NULL, 10)));
		return 0;
	}
	fd = memfd_create("race", 0);
	must(fd >= 0 && ftruncate(fd, sizeof(*shared)) == 0);
	bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);
	must(bytes > 0);
	/* The pause is for the shell: it must have gone before the writer comes. */
	snprintf(command, sizeof(command), "(sleep .1; exec %.*s processes %d)" in_broken(" &"),
	         (int)bytes, self, fd);
	shared = attach(fd);
	reader(shared, command);
	race_until(atomic_load_explicit(&shared->is_over, memory_order_relaxed));
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
