/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/clean.c - ipcbench clean removes what a killed run has left, and
 * nothing that belongs to a run that lives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "suites/check/cli/cli.h"

/* Starts a run over named objects and stops it, as SIGSTOP does, while they are there. */
static void start_and_freeze(struct cli *cli, const char *transport)
{
	uint64_t deadline_ns = clock_now_ns() + CLI_WATCHDOG_NS;
	char history[CLI_PATH_BYTES + 16];

	/* The default history would share a folder with the register. */
	snprintf(history, sizeof(history), "%s/run.db", cli->folder);
	ipcbench_start(cli, "run", transport, "workload:ping_pong", "placement:same_core",
	               "rounds:1000", "time_ms:20", "--quiet", "--store", history);
	for (;;) {
		int status;

		assert_int_equal(kill(cli->pid, SIGSTOP), 0);
		assert_int_equal(waitpid(cli->pid, &status, WUNTRACED), cli->pid);
		if (!WIFSTOPPED(status))
			fail_msg("the run ended with status %#x", (unsigned)status);
		if (cli_has_peers(cli))
			return;
		assert_true(clock_now_ns() < deadline_ns);
		assert_int_equal(kill(cli->pid, SIGCONT), 0);
		clock_sleep_until(clock_now_ns() + 3 * NS_PER_MS);
	}
}

/* Runs clean while the frozen run has its names. */
static void clean_beside(const struct cli *cli)
{
	size_t names = cli_names_count(cli);
	struct cli beside;

	cli_run_beside(&beside, cli, (const char *const[]){cli_ipcbench(), "clean", NULL});
	cli_assert_status(&beside, 0);
	cli_forget(&beside);
	assert_int_equal(cli_names_count(cli), names);
}

static void skip_unless_available(struct cli *cli, const char *transport)
{
	ipcbench(cli, "run", "--dry-run", transport);
	if (cli->status == 77) {
		print_message("skipped: %s", cli->err);
		skip();
	}
}

static void kill_frozen(struct cli *cli)
{
	assert_int_equal(kill(cli->pid, SIGKILL), 0);
	cli_finish(cli);
	assert_true(cli_group_is_gone(cli, CLI_WATCHDOG_NS));
}

static void assert_cleaned(struct cli *cli, const char *transport, const char *kind)
{
	size_t names;

	skip_unless_available(cli, transport);
	start_and_freeze(cli, transport);
	names = cli_names_count(cli);
	assert_true(names > 0);
	kill_frozen(cli);

	ipcbench(cli, "clean", "--dry-run");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "would remove ");
	cli_assert_holds(cli->out, kind);
	assert_int_equal(cli_names_count(cli), names);
	ipcbench(cli, "clean");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "removed ");
	cli_assert_holds(cli->out, kind);
	assert_int_equal(cli_names_count(cli), 0);
}

static void fifos_of_a_killed_run_are_removed(void **state)
{
	assert_cleaned(*state, "transport:fifo", "fifo");
}

/* A name goes as soon as both peers have opened it: there may be none to remove. */
static void nothing_is_left_of_posix_queues_after_clean(void **state)
{
	struct cli *cli = *state;

	skip_unless_available(cli, "transport:posix_mq");
	start_and_freeze(cli, "transport:posix_mq");
	kill_frozen(cli);
	ipcbench(cli, "clean");
	cli_assert_status(cli, 0);
	assert_int_equal(cli_names_count(cli), 0);
}

static void system_v_queues_of_a_killed_run_are_removed(void **state)
{
	assert_cleaned(*state, "transport:sysv_mq", "sysv_mq");
}

static void a_live_run_goes_on_while_another_cleans(void **state)
{
	struct cli *cli = *state;

	start_and_freeze(cli, "transport:fifo");
	clean_beside(cli);

	assert_int_equal(kill(cli->pid, SIGCONT), 0);
	assert_int_equal(kill(cli->pid, SIGINT), 0);
	cli_finish(cli);
	cli_assert_status(cli, 128 + SIGINT);
	assert_null(strstr(cli->err, "failed"));
	cli_assert_nothing_left(cli);
}

static void a_file_that_is_not_ours_is_left_alone(void **state)
{
	struct cli *cli = *state;
	char path[CLI_PATH_BYTES + 32];

	snprintf(path, sizeof(path), "%s/ipcbench", cli->folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/ipcbench/shopping", cli->folder);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));

	ipcbench(cli, "clean");
	cli_assert_status(cli, 0);
	assert_int_equal(access(path, F_OK), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_clean_tests[] = {
	TEST(fifos_of_a_killed_run_are_removed),
	TEST(nothing_is_left_of_posix_queues_after_clean),
	TEST(system_v_queues_of_a_killed_run_are_removed),
	TEST(a_live_run_goes_on_while_another_cleans),
	TEST(a_file_that_is_not_ours_is_left_alone),
};
const size_t cli_clean_tests_count = sizeof(cli_clean_tests) / sizeof(cli_clean_tests[0]);
