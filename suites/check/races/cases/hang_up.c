/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/hang_up.c - the end of a stream; the twin writes the data after hanging
 * up.
 *
 * The writer sends nothing: that its end is closed is the signal. Nobody else may hold it.
 *
 * case: hang_up
 * models: threads processes
 * forms: close shutdown close_range closefrom dup2 dup3 epipe shut_rd
 * truth: correct free, broken racy
 * tier: L
 * missing: end of the stream
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <fcntl.h>
#include <sys/socket.h>

#include "suites/check/races/race.h"

struct shared {
	int ends[2];
	int data;
	int seen;
};

/* Takes the writing end away. */
static void hang_up(int fd)
{
#if defined(FORM_SHUTDOWN)
	must(shutdown(fd, SHUT_WR) == 0);
#elif defined(FORM_SHUT_RD)
	must(shutdown(fd, SHUT_RD) == 0);
#elif defined(FORM_CLOSE_RANGE)
	must(close_range((unsigned)fd, (unsigned)fd, 0) == 0);
#elif defined(FORM_CLOSEFROM)
	closefrom(fd);
#elif defined(FORM_DUP2)
	must(dup2(STDERR_FILENO, fd) == fd);
#elif defined(FORM_DUP3)
	must(dup3(STDERR_FILENO, fd, O_CLOEXEC) == fd);
#else
	must(close(fd) == 0);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	hang_up(shared->ends[1]);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	if (race.is_processes)
		must(close(shared->ends[1]) == 0);
#if defined(FORM_EPIPE) || defined(FORM_SHUT_RD)
	/* Told by a refusal: nobody reads there any more. */
	race_until(send(shared->ends[0], "x", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE);
#else
	must(read(shared->ends[0], &(char){0}, 1) == 0);
#endif
	shared->seen = shared->data; /* race: read read */
}

/* The parent must not hold the writing end, or the stream would not end. */
static void run_peers(struct shared *shared)
{
	pid_t pids[2];

	if (!race.is_processes) {
		race_peers(shared, reader, writer);
		return;
	}
	pids[0] = race_fork(reader, shared);
	pids[1] = race_fork(writer, shared);
	must(close(shared->ends[1]) == 0);
	race_join(pids[0]);
	race_join(pids[1]);
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, shared->ends) == 0);
	/* A number of its own: above all others, for closefrom(). */
	must(shared->ends[1] > shared->ends[0]);
	run_peers(shared);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
