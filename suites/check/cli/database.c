/* SPDX-License-Identifier: MIT */
/* suites/check/cli/database.c - a history in PostgreSQL, by the commands that use one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites/check/cli/cli.h"
#include "suites/check/unit/cluster.h"

/* Returns the URI of the server's one database, or skips the test. */
static const char *need_database(void)
{
	static char uri[256];
	const char *why;
	const char *socket = cluster_socket(&why);

	if (!socket) {
		print_message("skipped: %s\n", why);
		skip();
	}
	snprintf(uri, sizeof(uri), "postgresql://ipcbench@/postgres?host=%s", socket);
	return uri;
}

static void a_run_goes_into_a_database_and_comes_out_of_it(void **state)
{
	struct cli *cli = *state;
	const char *uri = need_database();
	char *first;

	ipcbench(cli, "run", CLI_QUICK, "--format", "jsonl", "--store", uri);
	cli_assert_status(cli, 0);
	first = strdup(cli->out);
	assert_non_null(first);
	ipcbench(cli, "report", "--format", "jsonl", "--store", uri);
	cli_assert_status(cli, 0);
	assert_string_equal(cli->out, first);
	free(first);
	/* It is in the local history too, where it was kept until it was whole. */
	ipcbench(cli, "export");
	cli_assert_status(cli, 0);
	first = strdup(cli->out);
	assert_non_null(first);
	ipcbench(cli, "export", "latest", "--store", uri);
	cli_assert_status(cli, 0);
	assert_string_equal(cli->out, first);
	free(first);
}

static void a_killed_run_leaves_nothing_in_a_database(void **state)
{
	struct cli *cli = *state;
	const char *uri = need_database();
	size_t lines;
	json_t *array;

	ipcbench(cli, "run", CLI_QUICK, "--store", uri);
	cli_assert_status(cli, 0);
	ipcbench(cli, "export", "--store", uri);
	array = cli_json_lines(cli);
	lines = json_array_size(array);
	json_decref(array);
	ipcbench_start(cli, "run", "transport:pipe", "rounds:1000", "time_ms:5", "--quiet",
	               "--store", uri);
	assert_true(cli_wait_for_runs(cli, 5));
	assert_int_equal(kill(cli->pid, SIGKILL), 0);
	cli_finish(cli);
	ipcbench(cli, "export", "--store", uri);
	cli_assert_status(cli, 0);
	assert_null(strstr(cli->err, "left out"));
	array = cli_json_lines(cli);
	assert_int_equal(json_array_size(array), lines);
	json_decref(array);
}

static void a_stopped_run_is_stored_with_what_is_finished(void **state)
{
	struct cli *cli = *state;
	const char *uri = need_database();
	json_t *lines;

	ipcbench_start(cli, "run", "transport:pipe", "rounds:1000", "time_ms:5", "--quiet",
	               "--store", uri);
	assert_true(cli_wait_for_runs(cli, 5));
	assert_int_equal(kill(cli->pid, SIGTERM), 0);
	cli_finish(cli);
	cli_assert_status(cli, 128 + SIGTERM);
	ipcbench(cli, "export", "latest", "--store", uri);
	cli_assert_status(cli, 0);
	lines = cli_json_lines(cli);
	assert_string_equal(cli_json_text(json_array_get(lines, 0), "status"), "interrupted");
	assert_true(json_array_size(lines) >= 7);
	json_decref(lines);
}

/* The line is stored, exported and shown in pages that others read. */
static void a_password_is_kept_nowhere(void **state)
{
	struct cli *cli = *state;
	char uri[512];
	const char *host = strstr(need_database(), "@/");

	snprintf(uri, sizeof(uri), "postgresql://ipcbench:hunter2%s&password=hunter3", host);
	ipcbench(cli, "run", CLI_QUICK, "--store", uri);
	cli_assert_status(cli, 0);
	assert_null(strstr(cli->out, "hunter"));
	ipcbench(cli, "export", "latest", "--store", uri);
	cli_assert_status(cli, 0);
	assert_null(strstr(cli->out, "hunter"));
	cli_assert_holds(cli->out, "postgresql://ipcbench@/postgres");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_database_tests[] = {
	CASE(a_run_goes_into_a_database_and_comes_out_of_it),
	CASE(a_killed_run_leaves_nothing_in_a_database),
	CASE(a_stopped_run_is_stored_with_what_is_finished),
	CASE(a_password_is_kept_nowhere),
};
const size_t cli_database_tests_count = sizeof(cli_database_tests) / sizeof(cli_database_tests[0]);
