/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/ab.c - two sides compared, as their user compares them.
 *
 * What is asserted of figures holds on any machine: their presence, order and sign
 * where a message of 16 KiB stands against one of a byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "suites/check/cli/cli.h"

#define PIPE "pipe/ping_pong/64B/same_core/block/processes"
#define FEW PIPE, "rounds:8", "time_ms:4", "--quiet"

static void a_program_against_itself_gives_a_verdict_for_each_quantile(void **state)
{
	static const char *const allowed[] = {"UNCHANGED", "SMALL", "INCONCLUSIVE", "REGRESSED",
	                                      "IMPROVED"};
	struct cli *cli = *state;
	const json_t *verdict;
	json_t *result;
	size_t i;

	ipcbench(cli, "ab", PIPE, FEW, "--format", "json");
	if (cli->status == 3)
		cli_assert_holds(cli->err, "the control cell changed");
	else
		assert_true(cli->status == 0 || cli->status == 1);
	result = cli_json(cli);
	assert_int_equal(json_array_size(json_object_get(result, "verdicts")), 2);
	assert_int_equal(json_array_size(json_object_get(result, "control")), 2);
	assert_non_null(strstr(json_string_value(json_object_get(result, "note")), "A/A"));
	json_array_foreach(json_object_get(result, "verdicts"), i, verdict)
	{
		const char *word = json_string_value(json_object_get(verdict, "verdict"));
		size_t known = 0;

		while (known < 5 && strcmp(allowed[known], word) != 0)
			known++;
		assert_in_range(known, 0, 4);
		assert_string_equal(json_string_value(json_object_get(verdict, "cell")), PIPE);
		assert_true(cli_json_number(verdict, "quantile") == (i == 0 ? 0.5 : 0.99));
		assert_true(cli_json_number(verdict, "low") <= cli_json_number(verdict, "effect"));
		assert_true(cli_json_number(verdict, "effect") <= cli_json_number(verdict, "high"));
		assert_in_range((int)cli_json_number(verdict, "rounds"), 8, 20);
		assert_true(cli_json_number(verdict, "p") > 0.0 &&
		            cli_json_number(verdict, "p") <= 1.0);
	}
	json_decref(result);
	cli_assert_nothing_left(cli);
}

static void what_is_much_slower_regressed_and_the_other_way_improved(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "ab", "size:1", "size:16K", "transport:pipe", "workload:ping_pong",
	         "placement:same_core", "rounds:8", "time_ms:4", "--quiet");
	cli_assert_status(cli, 1);
	cli_assert_holds(cli->out, "REGRESSED");
	cli_assert_holds(cli->out, "reproduce: ipcbench ab size:1 size:16K");
	ipcbench(cli, "ab", "size:16K", "size:1", "transport:pipe", "workload:ping_pong",
	         "placement:same_core", "rounds:8", "time_ms:4", "--quiet");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "IMPROVED");
}

static void runs_of_both_arms_are_stored(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "ab", PIPE, FEW);
	/* Eight rounds of the cell and of the control; suspects would add some. */
	assert_true(cli_history_number(cli->history, "SELECT count(*) FROM run WHERE arm = 'A'") >=
	            16);
	assert_int_equal(
		cli_history_number(cli->history, "SELECT count(*) FROM run WHERE arm = 'A'"),
		cli_history_number(cli->history, "SELECT count(*) FROM run WHERE arm = 'B'"));
	assert_int_equal(
		cli_history_number(cli->history, "SELECT count(*) FROM session WHERE kind = 'ab'"),
		1);
}

/* Same rounds, same verdicts, to the last digit. */
static void a_stored_comparison_is_judged_the_same_again(void **state)
{
	static const char *const formats[] = {"json", "markdown", "junit", "text"};
	struct cli *cli = *state;
	char *before;
	int status;

	/* Cells of other names in both arms, and a suspect, hence two stages. */
	ipcbench(cli, "ab", "size:1", "size:16K", "transport:pipe", "workload:ping_pong",
	         "placement:same_core", "rounds:8", "time_ms:4", "--quiet", "--format", "json");
	/* Which verdicts it gives on a busy machine does not matter here: 3 is a shaken control. */
	assert_true(cli->status == 0 || cli->status == 1 || cli->status == 3);
	status = cli->status;
	before = strdup(cli->out);
	assert_non_null(before);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		ipcbench(cli, "report", "--format", formats[i]);
		cli_assert_status(cli, 0);
		if (i == 0)
			assert_string_equal(cli->out, before);
		else
			cli_assert_holds(cli->out, "pipe/ping_pong/");
		if (status == 1)
			cli_assert_holds(cli->out, strcmp(formats[i], "junit") == 0 ? "<failure"
			                                                            : "REGRESSED");
	}
	free(before);
	/* What is to be copied names the history that was named. */
	ipcbench(cli, "report", "--store", cli->history);
	cli_assert_holds(cli->out, "--format html -o report.html --store /");
	/* What has no verdicts has both arms, told apart. */
	ipcbench(cli, "report", "--format", "ctest");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, ", arm A p50 ns");
	cli_assert_holds(cli->out, ", arm B p50 ns");
	ipcbench(cli, "report", "--format", "openmetrics");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, ",arm=\"A\",percentile=\"p50\"");
	cli_assert_holds(cli->out, ",arm=\"B\",percentile=\"p50\"");
}

/* Two plug-ins with one transport name are two arms, each with its own; sends of one are 20 us
 * longer, several times a round trip. */
static void a_slower_plugin_of_the_same_name_regressed(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "ab", cli_plugin(), cli_plugin_slowed(), "transport:example",
	         "workload:ping_pong", "placement:same_core", "model:processes", "rounds:8",
	         "time_ms:4", "--quiet", "--seed", "7");
	cli_assert_status(cli, 1);
	cli_assert_holds(cli->out, "REGRESSED  example/ping_pong/64B/same_core/block/processes");
	assert_null(strstr(cli->out, "A/A"));
	assert_null(strstr(strstr(cli->out, "--seed") + 1, "--seed"));
	ipcbench(cli, "ab", cli_plugin(), cli_plugin(), "transport:example", "workload:ping_pong",
	         "placement:same_core", "model:processes", "rounds:8", "time_ms:4", "--quiet");
	cli_assert_holds(cli->out, "A/A");
}

/* The control's own cell, compared: it is shown twice and stored once. */
static void the_cell_of_the_control_can_be_compared(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "ab", "size:64", "size:64", "transport:loopback", "workload:ping_pong",
	         "rounds:8", "time_ms:2", "--quiet");
	cli_assert_status(cli, 0);
	assert_int_equal(
		cli_history_number(cli->history, "SELECT count(DISTINCT cell_id) FROM run"), 1);
}

static void a_build_that_speaks_no_protocol_is_not_comparable(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "ab", "build=/bin/true", PIPE, FEW);
	cli_assert_refused(cli, 4, "/bin/true", "version 1");
}

static void mistakes_are_refused_before_anything_is_measured(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "ab", PIPE);
	cli_assert_refused(cli, 2, "two sides", "ab A B");
	ipcbench(cli, "ab", "wait:blok", "wait:block", "--quiet");
	cli_assert_refused(cli, 2, "blok", "hybrid");
	ipcbench(cli, "ab", PIPE, PIPE, "rounds:7", "--quiet");
	cli_assert_refused(cli, 2, "7", "8");
	ipcbench(cli, "ab", "plugin=/nowhere/x.so", PIPE, "--quiet");
	cli_assert_refused(cli, 2, "/nowhere/x.so", "No such file");
	ipcbench(cli, "ab", "no-such-revision", PIPE, "--quiet");
	cli_assert_refused(cli, 2, "no-such-revision", "git revision");
	assert_int_equal(cli_history_number(cli->history, "SELECT count(*) FROM session"), -1);
}

static void a_cell_without_a_partner_is_an_error_with_its_name(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "ab", "transport:pipe", "wait:spin", "placement:same_core", "--quiet");
	cli_assert_refused(cli, 3, "pipe/", "narrow the filters");
}

/* The plan knows from the last session how these cells scatter here. */
static void a_plan_learns_from_the_last_session(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "ab", PIPE, PIPE, "--dry-run", "--budget", "30s");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "scatter as usual: p50 ");
	ipcbench(cli, "ab", PIPE, FEW);
	ipcbench(cli, "ab", PIPE, PIPE, "--dry-run", "--budget", "30s");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "scatter as last time: p50 ");
	/* A cell beside it that nobody measured. */
	ipcbench(cli, "ab", "size:64", "size:64", "transport:pipe", "workload:ping_pong",
	         "wait:block", "--dry-run");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "as usual where there was none");
}

static void a_budget_that_is_too_short_says_what_would_do(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "ab", PIPE, PIPE, "--budget", "100ms", "--quiet");
	cli_assert_refused(cli, 2, "budget", "give ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_ab_tests[] = {
	TEST(a_program_against_itself_gives_a_verdict_for_each_quantile),
	TEST(what_is_much_slower_regressed_and_the_other_way_improved),
	TEST(runs_of_both_arms_are_stored),
	TEST(a_stored_comparison_is_judged_the_same_again),
	TEST(a_slower_plugin_of_the_same_name_regressed),
	TEST(the_cell_of_the_control_can_be_compared),
	TEST(a_build_that_speaks_no_protocol_is_not_comparable),
	TEST(mistakes_are_refused_before_anything_is_measured),
	TEST(a_cell_without_a_partner_is_an_error_with_its_name),
	TEST(a_plan_learns_from_the_last_session),
	TEST(a_budget_that_is_too_short_says_what_would_do),
};
const size_t cli_ab_tests_count = sizeof(cli_ab_tests) / sizeof(cli_ab_tests[0]);
