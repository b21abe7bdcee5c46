/* SPDX-License-Identifier: MIT */
/* suites/check/cli/plugin.c - a transport from a plug-in is used like any other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "suites/check/cli/cli.h"

#define PLUGIN_CELL "example/ping_pong/64B/same_core/block/processes"

static void a_plugin_is_listed_when_it_is_named(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "list", "--format", "json", "--plugin", cli_plugin());
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "\"example\"");
	ipcbench(cli, "list", "--format", "json");
	cli_assert_status(cli, 0);
	assert_null(strstr(cli->out, "\"example\""));
}

static void a_plugin_is_measured_and_stored(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "run", "--plugin", cli_plugin(), PLUGIN_CELL, "rounds:2", "time_ms:2",
	         "--format", "jsonl");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "\"" PLUGIN_CELL "\"");
	/* The numbers stay, also for who has no longer the plug-in. */
	ipcbench(cli, "report", "--format", "jsonl");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "\"" PLUGIN_CELL "\"");
}

static void a_plugin_must_be_loaded_before_it_is_filtered_for(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "run", PLUGIN_CELL);
	cli_assert_refused(cli, 2, "'example'", "pipe");
}

/* Copies the plug-in into the test's folder with a shell's umask and mode. */
static void copy_plugin(struct cli *cli, const char *mode, char *path, size_t path_bytes)
{
	assert_true(snprintf(path, path_bytes, "%s/copy.so", cli->folder) < (int)path_bytes);
	cli_run(cli, (const char *const[]){"install", "-m", mode, cli_plugin(), path, NULL});
	cli_assert_status(cli, 0);
}

static void a_plugin_that_others_can_write_is_refused(void **state)
{
	struct cli *cli = *state;
	char path[CLI_PATH_BYTES + 16];

	copy_plugin(cli, "0666", path, sizeof(path));
	ipcbench(cli, "list", "--plugin", path);
	cli_assert_refused(cli, 2, "copy.so", "chmod go-w");
}

static void a_plugin_is_loaded_once(void **state)
{
	struct cli *cli = *state;
	char path[CLI_PATH_BYTES + 16];

	copy_plugin(cli, "0644", path, sizeof(path));
	ipcbench(cli, "list", "--plugin", cli_plugin(), "--plugin", path);
	cli_assert_refused(cli, 2, "copy.so", "called 'example' already");
}

/* Each way in which a peer can fail in mid-run, by the transport that makes it. */
static void a_round_that_goes_wrong_is_an_error_and_no_number(void **state)
{
	static const struct {
		const char *transport;
		const char *told[2];
	} faults[] = {
		{"swallows", {"recv of message 99", "no partner answered until the deadline"}},
		{"lies", {"server", "is torn or altered"}},
		{"dies", {"client (pid ", "was killed by signal 9"}},
		{"hangs", {"client", "hangs past the deadline"}},
	};
	struct cli *cli = *state;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		char cell[CLI_PATH_BYTES];
		const json_t *line;
		json_t *lines;

		snprintf(cell, sizeof(cell), "%s/ping_pong/64B/same_core/block/processes",
		         faults[i].transport);
		ipcbench(cli, "run", "--plugin", cli_plugin_broken(), cell, "rounds:1",
		         "time_ms:100", "--format", "jsonl", "--quiet");
		cli_assert_status(cli, 3);
		cli_assert_holds(cli->err, cell);
		cli_assert_holds(cli->err, faults[i].told[0]);
		cli_assert_holds(cli->err, faults[i].told[1]);
		cli_assert_nothing_left(cli);
		lines = cli_json_lines(cli);
		line = json_array_get(lines, 0);
		assert_int_equal(json_integer_value(json_object_get(line, "rounds_failed")), 1);
		assert_false(json_is_object(json_object_get(line, "rtt_ns")));
		assert_false(json_is_number(json_object_get(line, "messages_per_s")));
		json_decref(lines);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_plugin_tests[] = {
	TEST(a_plugin_is_listed_when_it_is_named),
	TEST(a_plugin_is_measured_and_stored),
	TEST(a_plugin_must_be_loaded_before_it_is_filtered_for),
	TEST(a_plugin_that_others_can_write_is_refused),
	TEST(a_plugin_is_loaded_once),
	TEST(a_round_that_goes_wrong_is_an_error_and_no_number),
};
const size_t cli_plugin_tests_count = sizeof(cli_plugin_tests) / sizeof(cli_plugin_tests[0]);
