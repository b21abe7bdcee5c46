/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/fork_wait.c - a child and the wait for its end; the twin reads before it
 * waits.
 *
 * case: fork_wait
 * models: processes
 * forms: waitpid wait waitid wait3 wait4 pidfd
 * truth: correct free, broken racy
 * tier: P
 * missing: wait
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the parent sees what the child wrote
 */
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "suites/check/races/race.h"

struct shared {
	int given;
	int data;
	int seen;
};

static void writer(void *memory)
{
	struct shared *shared = memory;

	shared->data = window(shared->given); /* race: write write */
}

static void wait_for(pid_t pid)
{
#if defined(FORM_WAIT)
	must(wait(NULL) == pid);
#elif defined(FORM_WAITID)
	siginfo_t info;

	must(waitid(P_PID, (id_t)pid, &info, WEXITED) == 0);
#elif defined(FORM_WAIT3)
	must(wait3(NULL, 0, NULL) == pid);
#elif defined(FORM_WAIT4)
	struct rusage usage;

	must(wait4(pid, NULL, 0, &usage) == pid);
#elif defined(FORM_PIDFD)
	struct pollfd poller = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

	must(poller.fd >= 0);
	must(poll(&poller, 1, RACE_WAIT_S * 1000) == 1);
#else
	must(waitpid(pid, NULL, 0) == pid);
#endif
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));
	pid_t pid;

	shared->given = 42;
	pid = race_fork(writer, shared);
	in_broken(shared->seen = shared->data); /* race: read read */
	in_broken(race_done());
	wait_for(pid);
	in_correct(shared->seen = shared->data);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
