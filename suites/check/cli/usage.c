/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/usage.c - bad command lines: each is refused before anything is
 * measured, with its documented exit status and one line that names value and remedy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suites/check/cli/cli.h"

#define ARGUMENTS_MAX 6

struct bad_line {
	int status;
	const char *value;  /* what the message must name */
	const char *remedy; /* and what it must say of the way out */
	const char *arguments[ARGUMENTS_MAX];
};

static const struct bad_line bad_commands[] = {
	{2, "command", "--help", {NULL}},
	{2, "'frobnicate'", "--help", {"frobnicate"}},
	{2, "'--frobnicate'", "--help", {"--frobnicate"}},
	{2, "'Run'", "--help", {"Run"}},
	{2, "''", "--help", {""}},
	{2, "'-x'", "--help", {"-x"}},
};

static const struct bad_line bad_options[] = {
	{2, "'--frobnicate'", "--help", {"run", "--frobnicate"}},
	{2, "'--seeds'", "--help", {"run", "--seeds", "1"}},
	{2, "'-Z'", "--help", {"run", "-Z"}},
	{2, "--format", "value", {"run", "--format"}},
	{2, "--store", "value", {"run", "--store"}},
	{2, "--seed", "value", {"run", "--seed"}},
	{2, "'yaml'", "jsonl", {"run", "--format", "yaml"}},
	{2, "'yaml'", "json", {"list", "--format", "yaml"}},
	{2, "'yaml'", "json", {"report", "--format", "yaml"}},
	{2, "''", "json", {"run", "--format", ""}},
	{2, "'ten'", "from 0 to", {"run", "--seed", "ten"}},
	{2, "'-1'", "from 0 to", {"run", "--seed", "-1"}},
	{2, "'0x10'", "from 0 to", {"run", "--seed", "0x10"}},
	{2, "'99999999999999999999'", "from 0 to", {"run", "--seed", "99999999999999999999"}},
	{2, "'--frobnicate'", "--help", {"list", "--frobnicate"}},
	{2, "'extra'", "--help", {"list", "extra"}},
	{2, "'--frobnicate'", "--help", {"doctor", "--frobnicate"}},
	{2, "'extra'", "--help", {"doctor", "extra"}},
	{2, "'--frobnicate'", "--help", {"clean", "--frobnicate"}},
	{2, "'extra'", "--help", {"clean", "extra"}},
	{2, "'soon'", "45s", {"run", "--budget", "soon"}},
	{2, "'0s'", "45s", {"run", "--budget", "0s"}},
	{2, "'--quiet=yes'", "no value", {"run", "--quiet=yes"}},
	{2, "cell", "ipcbench run --dry-run", {"explain"}},
	{2, "'--frobnicate'", "--help", {"explain", "--frobnicate"}},
	{2, "'--frobnicate'", "--help", {"report", "--frobnicate"}},
	{2, "'3'", "inject more", {"selftest", "--inject", "3"}},
	{2, "'p75'", "p50, p99", {"selftest", "--quantile", "p75"}},
	{2, "p99", "percentage", {"selftest", "--quantile", "p99", "--aa", "8"}},
};

static const struct bad_line bad_filters[] = {
	{2, "'frobnicate'", "key:value", {"run", "frobnicate"}},
	{2, "'colour'", "transport", {"run", "colour:red"}},
	{2, "'colour'", "transport", {"run", "!colour:red"}},
	{2, "'telegraph'", "pipe", {"run", "transport:telegraph"}},
	{2, "'telegraph'", "pipe", {"run", "transport:pipe,telegraph"}},
	{2, "'zz*'", "pipe", {"run", "transport:zz*"}},
	{2, "'juggle'", "ping_pong", {"run", "workload:juggle"}},
	{2, "'nowhere'", "same_core", {"run", "placement:nowhere"}},
	{2, "'sleep'", "block", {"run", "wait:sleep"}},
	{2, "'fibres'", "processes", {"run", "model:fibres"}},
	{2, "'half'", "full", {"run", "touch:half"}},
	{2, "transport", "VALUE", {"run", "transport:"}},
	{2, "transport", "VALUE", {"run", "transport:pipe,"}},
	{2, "'big'", "decimal", {"run", "size:big"}},
	{2, "'-64'", "decimal", {"run", "size:-64"}},
	{2, "'0x40'", "decimal", {"run", "size:0x40"}},
	{2, "'6.4'", "decimal", {"run", "size:6.4"}},
	{2, "'64Q'", "decimal", {"run", "size:64Q"}},
	{2, "'64KK'", "decimal", {"run", "size:64KK"}},
	{2, "'99999999999999999999'", "decimal", {"run", "size:99999999999999999999"}},
	{2, "'4K..64'", "range", {"run", "size:4K..64"}},
	{2, "'64..'", "range", {"run", "size:64.."}},
	{2, "'..64'", "range", {"run", "size:..64"}},
	{2, "'0'", "1 to", {"run", "rounds:0"}},
	{2, "'many'", "1 to", {"run", "rounds:many"}},
	{2, "'-3'", "1 to", {"run", "rounds:-3"}},
	{2, "'1000000'", "1 to", {"run", "rounds:1000000"}},
	{2, "'0'", "1 to", {"run", "time_ms:0"}},
	{2, "'0'", "1 to", {"run", "in_flight:0"}},
	{2, "'pipe/ping_pong'", "transport/workload", {"run", "pipe/ping_pong"}},
	{2, "'telegraph'", "pipe", {"run", "telegraph/ping_pong/64B/same_core/block/processes"}},
	{2, "'colour'", "parameter", {"run", CLI_QUICK_CELL "/colour=red"}},
	{2,
         "'telegraph'",
         "pipe",
         {"explain", "telegraph/ping_pong/64B/same_core/block/processes"}},
	{2, "'pipe'", "transport/workload", {"explain", "pipe"}},
};

static const struct bad_line bad_plugins[] = {
	{2, "'/nonexistent/a.so'", "give the path", {"run", "--plugin", "/nonexistent/a.so"}},
	{2, "'/nonexistent/a.so'", "give the path", {"list", "--plugin", "/nonexistent/a.so"}},
	{2, "'/dev/null'", "give the path", {"run", "--plugin", "/dev/null"}},
	{2, "'/'", "give the path", {"run", "--plugin", "/"}},
	{2, "'a.so'", "./a.so", {"run", "--plugin", "a.so"}},
	{2, "''", "./", {"run", "--plugin", ""}},
	{2, "--plugin", "value", {"run", "--plugin"}},
};

static const struct bad_line bad_stores[] = {
	{3, " /: ", "--store", {"run", CLI_QUICK_CELL, "--store", "/"}},
	{3, "/dev/null", "--store", {"run", CLI_QUICK_CELL, "--store", "/dev/null"}},
	{3, "/proc/no/a.db", "--store", {"run", CLI_QUICK_CELL, "--store", "/proc/no/a.db"}},
	{3, "empty", "--store", {"run", CLI_QUICK_CELL, "--store", ""}},
	{3, "/nonexistent/a.db", "ipcbench run", {"report", "--store", "/nonexistent/a.db"}},
	{3, " /: ", "--store", {"report", "--store", "/"}},
};

static const struct bad_line bad_outputs[] = {
	{3, "'/nonexistent/a.txt'", "--output", {"run", CLI_QUICK, "--output=/nonexistent/a.txt"}},
	{3, "'/'", "--output", {"run", CLI_QUICK, "--output=/"}},
	{3, "''", "--output", {"run", CLI_QUICK, "--output="}},
};

static const struct bad_line no_cells[] = {
	{3, "loopback/", "wait in the kernel", {"run", "transport:loopback", "wait:block"}},
	{3, "loopback/", "inside one process", {"run", "transport:loopback", "model:processes"}},
	{3, "pipe/", "needs a CPU", {"run", "transport:pipe", "placement:same_core", "wait:spin"}},
	{3, "unix_seqpacket/", "empty", {"run", "transport:unix_seqpacket", "size:0"}},
	{3, "no cell", "ipcbench list", {"run", CLI_QUICK_CELL, "transport:fifo"}},
	{3, "no cell", "ipcbench list", {"run", "transport:pipe", "!workload:*"}},
	{77, "sysv_mq/", "kernel.msgmax", {"run", "transport:sysv_mq", "size:1024M"}},
};

/* Tries all, so that one failure does not hide the next. */
static void assert_all_refused(struct cli *cli, const struct bad_line *lines, size_t count)
{
	size_t refused = 0;

	for (size_t i = 0; i < count; i++) {
		const char *argv[ARGUMENTS_MAX + 2] = {cli_ipcbench()};

		print_message("          ipcbench");
		for (size_t j = 0; j < ARGUMENTS_MAX && lines[i].arguments[j]; j++) {
			argv[j + 1] = lines[i].arguments[j];
			print_message(" '%s'", argv[j + 1]);
		}
		print_message("\n");
		cli_run(cli, argv);
		refused += cli_is_refused(cli, lines[i].status, lines[i].value, lines[i].remedy);
	}
	assert_int_equal(refused, count);
}

#define TEST_LINES(name, lines)                                                                    \
	static void name(void **state)                                                             \
	{                                                                                          \
		assert_all_refused(*state, lines, sizeof(lines) / sizeof(lines[0]));               \
	}

TEST_LINES(unknown_commands_are_refused, bad_commands)
TEST_LINES(bad_options_are_refused, bad_options)
TEST_LINES(bad_filters_are_refused, bad_filters)
TEST_LINES(bad_plugins_are_refused, bad_plugins)
TEST_LINES(bad_stores_are_refused, bad_stores)
TEST_LINES(outputs_that_cannot_be_written_are_refused, bad_outputs)
TEST_LINES(filters_that_leave_no_cell_are_refused, no_cells)

/* A check that comes after the first peer would have stored a session by then. */
static void a_refused_command_stores_nothing(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "run", CLI_QUICK_CELL, "--format", "yaml");
	cli_assert_status(cli, 2);
	ipcbench(cli, "run", CLI_QUICK_CELL, "transport:telegraph");
	cli_assert_status(cli, 2);
	ipcbench(cli, "run", CLI_QUICK, "--output", "/nonexistent/a.txt");
	cli_assert_status(cli, 3);
	assert_int_equal(cli_history_number(cli->history, "SELECT count(*) FROM session"), -1);
}

static void a_limit_that_stops_a_round_is_named(void **state)
{
	static const char script[] = "ulimit -n 8 && exec \"$1\" run " CLI_QUICK_CELL
				     " rounds:1 time_ms:1 --quiet --store \"$2\"";
	struct cli *cli = *state;

	cli_run(cli, (const char *const[]){"sh", "-c", script, "sh", cli_ipcbench(), cli->history,
	                                   NULL});
	cli_assert_status(cli, 3);
	cli_assert_holds(cli->err, CLI_QUICK_CELL);
	cli_assert_holds(cli->err, "RLIMIT_NOFILE");
	cli_assert_nothing_left(cli);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_usage_tests[] = {
	TEST(unknown_commands_are_refused),
	TEST(bad_options_are_refused),
	TEST(bad_filters_are_refused),
	TEST(bad_plugins_are_refused),
	TEST(bad_stores_are_refused),
	TEST(filters_that_leave_no_cell_are_refused),
	TEST(a_limit_that_stops_a_round_is_named),
	TEST(a_refused_command_stores_nothing),
	TEST(outputs_that_cannot_be_written_are_refused),
};
const size_t cli_usage_tests_count = sizeof(cli_usage_tests) / sizeof(cli_usage_tests[0]);
