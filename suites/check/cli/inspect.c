/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/inspect.c - commands that measure nothing for the history: --help,
 * explain, doctor, run --dry-run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "suites/check/cli/cli.h"

static const char *const commands[] = {"list",   "run",   "report", "advise",           "explain",
                                       "doctor", "clean", "image",  "thread-or-process"};

enum { COMMANDS_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void help_names_each_command_and_exit_status(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "--help");
	cli_assert_status(cli, 0);
	assert_string_equal(cli->err, "");
	for (size_t i = 0; i < COMMANDS_COUNT; i++)
		cli_assert_holds(cli->out, commands[i]);
	cli_assert_holds(cli->out, "77");
	cli_assert_holds(cli->out, "130, 143");
}

static void each_command_explains_itself(void **state)
{
	struct cli *cli = *state;

	for (size_t i = 0; i < COMMANDS_COUNT; i++) {
		ipcbench(cli, commands[i], "--help");
		cli_assert_status(cli, 0);
		assert_string_equal(cli->err, "");
		cli_assert_holds(cli->out, "Usage: ipcbench ");
		cli_assert_holds(cli->out, commands[i]);
	}
}

static void the_version_is_one_line(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "--version");
	cli_assert_status(cli, 0);
	assert_int_equal(strncmp(cli->out, "ipcbench ", strlen("ipcbench ")), 0);
	assert_int_equal(strcspn(cli->out, "\n"), strlen(cli->out) - 1);
}

static void a_dry_run_names_cells_that_can_be_given_back(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "run", "--dry-run", "transport:pipe", "workload:ping_pong", "size:64",
	         "placement:same_core", "wait:block");
	cli_assert_status(cli, 0);
	assert_int_equal(strncmp(cli->out, CLI_QUICK_CELL "\n", strlen(CLI_QUICK_CELL "\n")), 0);
}

static void a_dry_run_stores_nothing(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "run", "--dry-run", CLI_QUICK_CELL);
	cli_assert_status(cli, 0);
	assert_int_equal(access(cli->history, F_OK), -1);
}

static void explain_counts_the_system_calls_of_a_pipe(void **state)
{
	static const char *const peers[] = {"client", "server"};
	static const char *const calls[] = {"read", "write"};
	struct cli *cli = *state;
	const json_t *counted;
	json_t *all;

	ipcbench(cli, "explain", CLI_QUICK_CELL, "--format", "json");
	cli_assert_status(cli, 0);
	all = cli_json(cli);
	assert_string_equal(json_string_value(json_object_get(all, "cell")), CLI_QUICK_CELL);
	counted = json_object_get(all, "calls_per_message");
	if (json_is_null(counted)) {
		print_message("skipped: %s\n",
		              json_string_value(json_object_get(all, "not_counted")));
		json_decref(all);
		skip();
	}
	for (size_t i = 0; i < 2; i++) {
		const json_t *peer = json_object_get(counted, peers[i]);

		for (size_t j = 0; j < 2; j++) {
			double each = json_number_value(json_object_get(peer, calls[j]));

			/* A call more or less at a round's edge does not count. */
			assert_true(each > 0.99 && each < 1.01);
		}
		assert_int_equal(json_object_size(peer), 2);
	}
	json_decref(all);
}

static void explain_says_what_is_timed(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "explain", CLI_QUICK_CELL);
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "What is timed");
	cli_assert_holds(cli->out, "System calls");
}

static void doctor_exits_as_its_worst_finding_says(void **state)
{
	struct cli *cli = *state;
	const json_t *finding;
	bool has_failure = false;
	bool has_line = false;
	json_t *all;
	size_t i;

	ipcbench(cli, "doctor", "--format", "json", "anchor.*", "limits.*", "cpu.*", "load");
	all = cli_json(cli);
	assert_string_equal(json_string_value(json_object_get(all, "schema")), "ipcbench/1");
	json_array_foreach(json_object_get(all, "findings"), i, finding)
	{
		const char *level = json_string_value(json_object_get(finding, "level"));

		assert_non_null(level);
		assert_true(json_is_string(json_object_get(finding, "text")));
		has_failure |= strcmp(level, "fail") == 0;
		has_line |= strcmp(json_string_value(json_object_get(finding, "id")),
		                   "anchor.cache_line") == 0;
	}
	cli_assert_status(cli, has_failure ? 3 : 0);
	assert_true(has_line);
	json_decref(all);
}

static void doctor_fails_on_warnings_if_it_is_to_be_strict(void **state)
{
	struct cli *cli = *state;
	bool is_fine;

	/* What a working tree is, it stays between two calls. */
	ipcbench(cli, "doctor", "clock.source", "aslr", "--format", "json");
	is_fine = !strstr(cli->out, "\"worst\": \"warn\"") &&
	          !strstr(cli->out, "\"worst\": \"fail\"");
	ipcbench(cli, "doctor", "clock.source", "aslr", "--strict");
	cli_assert_status(cli, is_fine ? 0 : 3);
	cli_assert_holds(cli->out, "aslr");
	assert_null(strstr(cli->out, "limits."));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_inspect_tests[] = {
	TEST(help_names_each_command_and_exit_status),
	TEST(each_command_explains_itself),
	TEST(the_version_is_one_line),
	TEST(a_dry_run_names_cells_that_can_be_given_back),
	TEST(a_dry_run_stores_nothing),
	TEST(explain_counts_the_system_calls_of_a_pipe),
	TEST(explain_says_what_is_timed),
	TEST(doctor_exits_as_its_worst_finding_says),
	TEST(doctor_fails_on_warnings_if_it_is_to_be_strict),
};
const size_t cli_inspect_tests_count = sizeof(cli_inspect_tests) / sizeof(cli_inspect_tests[0]);
