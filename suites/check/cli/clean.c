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

#define TRIES_MAX 20u

/* What a run does: where its names come from. */
struct work {
	const char *transport;
	const char *task; /* or workload */
	const char *placement;
};

static const struct work over_fifo = {"transport:fifo", "workload:ping_pong",
                                      "placement:same_core"};
static const struct work over_posix_mq = {"transport:posix_mq", "workload:ping_pong",
                                          "placement:same_core"};
static const struct work over_sysv_mq = {"transport:sysv_mq", "workload:ping_pong",
                                         "placement:same_core"};
static const struct work of_database = {"transport:pipe", "task:database", "placement:unpinned"};

/*
 * Starts a run with names and stops it and its peers, as SIGSTOP does, while they are
 * there: a peer that went on would remove its own.
 */
static void start_and_freeze(struct cli *cli, const struct work *work)
{
	uint64_t deadline_ns = clock_now_ns() + CLI_WATCHDOG_NS;
	char history[CLI_PATH_BYTES + 16];

	/* The default history would share a folder with the register. */
	snprintf(history, sizeof(history), "%s/run.db", cli->folder);
	ipcbench_start(cli, "run", work->transport, work->task, work->placement, "rounds:1000",
	               "time_ms:20", "--quiet", "--store", history);
	for (;;) {
		int status;

		assert_int_equal(kill(-cli->pid, SIGSTOP), 0);
		assert_int_equal(waitpid(cli->pid, &status, WUNTRACED), cli->pid);
		if (!WIFSTOPPED(status))
			fail_msg("the run ended with status %#x", (unsigned)status);
		/* A queue's name goes as soon as both peers have opened it. */
		if (cli_has_peers(cli) && (work == &over_posix_mq || cli_names_count(cli) > 0))
			return;
		assert_true(clock_now_ns() < deadline_ns);
		assert_int_equal(kill(-cli->pid, SIGCONT), 0);
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
	pid_t group = cli->pid;

	assert_int_equal(kill(cli->pid, SIGKILL), 0);
	cli_finish(cli);
	/* The kernel kills the peers, but for one that was stopped before it asked for that. */
	kill(-group, SIGCONT);
	assert_true(cli_group_is_gone(cli, CLI_WATCHDOG_NS));
}

/* Leaves something behind by a killed run, and says what clean would do. Returns how many names. */
static size_t leave_something(struct cli *cli, const struct work *work)
{
	size_t names = 0;

	/* A name is noted before the object is made: what was killed in between left nothing. */
	for (unsigned i = 0; i < TRIES_MAX; i++) {
		start_and_freeze(cli, work);
		names = cli_names_count(cli);
		assert_true(names > 0);
		kill_frozen(cli);
		ipcbench(cli, "clean", "--dry-run");
		cli_assert_status(cli, 0);
		if (strstr(cli->out, "would remove "))
			break;
		ipcbench(cli, "clean");
	}
	return names;
}

static void assert_cleaned(struct cli *cli, const struct work *work, const char *kind)
{
	size_t names;

	skip_unless_available(cli, work->transport);
	names = leave_something(cli, work);
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
	assert_cleaned(*state, &over_fifo, "fifo");
}

/* A name goes as soon as both peers have opened it: there may be none to remove. */
static void nothing_is_left_of_posix_queues_after_clean(void **state)
{
	struct cli *cli = *state;

	skip_unless_available(cli, "transport:posix_mq");
	start_and_freeze(cli, &over_posix_mq);
	kill_frozen(cli);
	ipcbench(cli, "clean");
	cli_assert_status(cli, 0);
	assert_int_equal(cli_names_count(cli), 0);
}

static void system_v_queues_of_a_killed_run_are_removed(void **state)
{
	assert_cleaned(*state, &over_sysv_mq, "sysv_mq");
}

static void the_folder_of_a_killed_database_is_removed(void **state)
{
	struct cli *cli = *state;
	char path[CLI_PATH_BYTES];
	char *at;

	assert_cleaned(cli, &of_database, "folder");
	/* "removed folder PATH" */
	at = strstr(cli->out, "removed folder ");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "removed folder %250s", path), 1);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_live_run_goes_on_while_another_cleans(void **state)
{
	struct cli *cli = *state;

	start_and_freeze(cli, &over_fifo);
	clean_beside(cli);

	assert_int_equal(kill(-cli->pid, SIGCONT), 0);
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
	TEST(the_folder_of_a_killed_database_is_removed),
	TEST(a_live_run_goes_on_while_another_cleans),
	TEST(a_file_that_is_not_ours_is_left_alone),
};
const size_t cli_clean_tests_count = sizeof(cli_clean_tests) / sizeof(cli_clean_tests[0]);
