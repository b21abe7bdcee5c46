/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/signals.c - a run that is stopped keeps what is finished, and
 * leaves no process, name or file behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ipc/clock.h"
#include "suites/check/cli/cli.h"

/* A run that goes on until it is stopped. */
static void start_endless_run(struct cli *cli)
{
	ipcbench_start(cli, "run", "transport:pipe", "size:64", "rounds:1000", "time_ms:20",
	               "--format", "jsonl");
	assert_true(cli_wait_for_runs(cli, 3));
}

static void assert_stopped_well(struct cli *cli, int signal_number)
{
	int64_t runs;

	start_endless_run(cli);
	assert_int_equal(kill(cli->pid, signal_number), 0);
	cli_finish(cli);

	cli_assert_status(cli, 128 + signal_number);
	runs = cli_history_number(cli->history, "SELECT count(*) FROM run");
	assert_true(runs >= 3);
	assert_int_equal(
		cli_history_number(cli->history,
	                           "SELECT count(*) FROM session WHERE status = 'interrupted'"),
		1);
	cli_assert_nothing_left(cli);
	/* What was finished can be read again. */
	ipcbench(cli, "report", "--format", "jsonl");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "\"pipe/");
}

static void an_interrupt_stores_what_is_finished(void **state)
{
	assert_stopped_well(*state, SIGINT);
}

static void a_termination_stores_what_is_finished(void **state)
{
	assert_stopped_well(*state, SIGTERM);
}

/* As a terminal does it: peers get the signal, too. */
static void an_interrupt_of_the_whole_group_is_the_same(void **state)
{
	struct cli *cli = *state;

	start_endless_run(cli);
	assert_int_equal(kill(-cli->pid, SIGINT), 0);
	cli_finish(cli);

	cli_assert_status(cli, 128 + SIGINT);
	assert_int_equal(
		cli_history_number(cli->history,
	                           "SELECT count(*) FROM session WHERE status = 'interrupted'"),
		1);
	cli_assert_nothing_left(cli);
}

/* The peers would go on for a minute: nothing but the runner's death ends them. */
static void a_killed_runner_takes_its_peers_with_it(void **state)
{
	struct cli *cli = *state;
	uint64_t deadline_ns = clock_now_ns() + CLI_WATCHDOG_NS;

	ipcbench_start(cli, "run", CLI_QUICK_CELL, "rounds:1", "time_ms:60000");
	while (!cli_has_peers(cli)) {
		assert_true(clock_now_ns() < deadline_ns);
		clock_sleep_until(clock_now_ns() + NS_PER_MS);
	}
	assert_int_equal(kill(cli->pid, SIGKILL), 0);
	cli_finish(cli);

	cli_assert_status(cli, 128 + SIGKILL);
	assert_true(cli_group_is_gone(cli, NS_PER_S));
}

static void what_a_killed_run_had_stored_can_be_read(void **state)
{
	struct cli *cli = *state;

	start_endless_run(cli);
	assert_int_equal(kill(cli->pid, SIGKILL), 0);
	cli_finish(cli);
	assert_true(cli_group_is_gone(cli, CLI_WATCHDOG_NS));

	ipcbench(cli, "report", "--format", "jsonl");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "\"pipe/");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_signals_tests[] = {
	TEST(an_interrupt_stores_what_is_finished),
	TEST(a_termination_stores_what_is_finished),
	TEST(an_interrupt_of_the_whole_group_is_the_same),
	TEST(a_killed_runner_takes_its_peers_with_it),
	TEST(what_a_killed_run_had_stored_can_be_read),
};
const size_t cli_signals_tests_count = sizeof(cli_signals_tests) / sizeof(cli_signals_tests[0]);
