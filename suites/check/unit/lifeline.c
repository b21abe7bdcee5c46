/* SPDX-License-Identifier: MIT */
/* suites/check/unit/lifeline.c - tests of ipc/lifeline.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/lifeline.h"

static void a_role_that_is_held_is_not_cut(void **state)
{
	struct lifeline lifeline;

	(void)state;
	assert_int_equal(lifeline_init(&lifeline), 0);
	assert_false(lifeline_is_cut(&lifeline, IPC_PRODUCER));
	assert_false(lifeline_is_cut(&lifeline, IPC_CONSUMER));
	lifeline_release(&lifeline);
}

static void each_role_is_told_of_the_other(void **state)
{
	(void)state;
	for (int role = IPC_PRODUCER; role <= IPC_CONSUMER; role++) {
		struct lifeline lifeline;

		assert_int_equal(lifeline_init(&lifeline), 0);
		lifeline_drop(&lifeline, (enum ipc_role)role);
		assert_true(lifeline_is_cut(&lifeline,
		                            role == IPC_PRODUCER ? IPC_CONSUMER : IPC_PRODUCER));
		/* What is not held tells nothing. */
		assert_false(lifeline_is_cut(&lifeline, (enum ipc_role)role));
		lifeline_release(&lifeline);
	}
}

static void a_killed_peer_is_told_before_it_is_reaped(void **state)
{
	struct lifeline lifeline;
	siginfo_t info;
	pid_t pid;

	(void)state;
	assert_int_equal(lifeline_init(&lifeline), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (;;)
			pause();
	}
	lifeline_drop(&lifeline, IPC_PRODUCER);
	assert_false(lifeline_is_cut(&lifeline, IPC_CONSUMER));
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_true(lifeline_is_cut(&lifeline, IPC_CONSUMER));
	waitpid(pid, NULL, 0);
	lifeline_release(&lifeline);
}

static void a_role_lives_as_long_as_its_last_peer(void **state)
{
	struct lifeline lifeline;
	pid_t pids[2];

	(void)state;
	assert_int_equal(lifeline_init(&lifeline), 0);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			for (;;)
				pause();
		}
	}
	lifeline_drop(&lifeline, IPC_CONSUMER);
	kill(pids[0], SIGKILL);
	waitpid(pids[0], NULL, 0);
	assert_false(lifeline_is_cut(&lifeline, IPC_PRODUCER));
	kill(pids[1], SIGKILL);
	waitpid(pids[1], NULL, 0);
	assert_true(lifeline_is_cut(&lifeline, IPC_PRODUCER));
	lifeline_release(&lifeline);
}

const struct CMUnitTest unit_lifeline_tests[] = {
	cmocka_unit_test(a_role_that_is_held_is_not_cut),
	cmocka_unit_test(each_role_is_told_of_the_other),
	cmocka_unit_test(a_killed_peer_is_told_before_it_is_reaped),
	cmocka_unit_test(a_role_lives_as_long_as_its_last_peer),
};
const size_t unit_lifeline_tests_count =
	sizeof(unit_lifeline_tests) / sizeof(unit_lifeline_tests[0]);
