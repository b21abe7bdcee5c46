/* SPDX-License-Identifier: MIT */
/* suites/check/cli/work.c - commands that do real work: image, run with a task. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suites/check/cli/cli.h"

/* Writes the path of a name in the test's folder. */
static void path_of(const struct cli *cli, char *out, const char *name)
{
	assert_in_range(snprintf(out, CLI_PATH_BYTES, "%s/%s", cli->folder, name), 1,
	                CLI_PATH_BYTES - 1);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void pictures_that_cannot_be_read_are_named_and_the_rest_is_processed(void **state)
{
	struct cli *cli = *state;
	char from[CLI_PATH_BYTES];
	char to[CLI_PATH_BYTES];
	char path[CLI_PATH_BYTES];

	path_of(cli, from, "from");
	path_of(cli, to, "to");
	ipcbench(cli, "image", "--draw", "5", "--seed", "1", "--output", to, from,
	         "transport:unix_stream");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "5 of 5 files processed");

	path_of(cli, path, "from/corrupt.png");
	write_text(path, "this is no picture");
	path_of(cli, path, "from/missing.png");
	ipcbench(cli, "image", "--output", to, from, path, "transport:shm_ring");
	cli_assert_status(cli, 3);
	cli_assert_holds(cli->out, "5 of 7 files processed");
	cli_assert_holds(cli->out, "corrupt.png: not a PNG");
	cli_assert_holds(cli->out, "missing.png: No such file");
	path_of(cli, path, "to/processed_picture_0005.png");
	assert_int_equal(access(path, R_OK), 0);
	cli_assert_nothing_left(cli);
}

static void a_mistake_in_a_command_of_pictures_is_one_line(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "image");
	cli_assert_refused(cli, 2, "image", "folder");
	ipcbench(cli, "image", "--operations", "blur,paint", "/");
	cli_assert_refused(cli, 2, "'paint'", "blur, grey, resize");
	ipcbench(cli, "image", "--draw", "0", "/");
	cli_assert_refused(cli, 2, "'0'", "1 to 10000");
}

static void a_task_is_measured_where_it_is_named(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "run", "--dry-run", "transport:pipe");
	cli_assert_status(cli, 0);
	assert_null(strstr(cli->out, "/pool/"));
	ipcbench(cli, "run", "--format", "jsonl", "transport:loopback,pipe", "task:fibonacci",
	         "amount:100", "rounds:1", "time_ms:5");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "pipe/pool/");
	cli_assert_holds(cli->out, "/task=fibonacci/amount=100");
	ipcbench(cli, "run", "workload:ping_pong", "task:fibonacci", "transport:pipe");
	cli_assert_refused(cli, 3, "ping_pong", "no tasks");
}

static void each_claim_has_a_verdict_and_numbers_with_units(void **state)
{
	static const char *const ids[] = {
		"lock_stops_cpu_scaling", "processes_scale", "io_scales",
		"shared_heap_races",      "crash_isolated",  "creation_and_memory",
		"passing_has_a_price",    "caller_goes_on",  "gil_model",
	};
	struct cli *cli = *state;
	json_t *all;
	const json_t *claims;

	ipcbench(cli, "thread-or-process", "--budget", "5s", "--format", "json", "--quiet");
	cli_assert_status(cli, 0);
	all = cli_json(cli);
	claims = json_object_get(all, "claims");
	assert_int_equal(json_array_size(claims), sizeof(ids) / sizeof(ids[0]));
	for (size_t i = 0; i < json_array_size(claims); i++) {
		const json_t *claim = json_array_get(claims, i);
		const char *verdict = json_string_value(json_object_get(claim, "verdict"));

		assert_string_equal(json_string_value(json_object_get(claim, "id")), ids[i]);
		assert_non_null(json_string_value(json_object_get(claim, "claim")));
		assert_true(strcmp(verdict, "holds") == 0 ||
		            strcmp(verdict, "does not hold") == 0 ||
		            strcmp(verdict, "cannot be told") == 0);
		assert_true(json_object_size(json_object_get(claim, "measured")) > 0);
		assert_true(json_is_array(json_object_get(claim, "cells")));
	}
	json_decref(all);
	cli_assert_nothing_left(cli);

	/* Stored with the session: each format shows them again. */
	for (size_t i = 0; i < 4; i++) {
		static const char *const formats[] = {"text", "json", "markdown", "html"};

		ipcbench(cli, "report", "--format", formats[i]);
		cli_assert_status(cli, 0);
		cli_assert_holds(cli->out, "threads under one lock gain nothing");
		cli_assert_holds(cli->out, "gil_http_speedup");
	}
}

static void an_experiment_is_run_by_its_name_and_shown_again(void **state)
{
	struct cli *cli = *state;
	json_t *all;
	const json_t *race;

	ipcbench(cli, "experiment", "race", "--budget", "1s", "--format", "json", "--quiet");
	cli_assert_status(cli, 0);
	all = cli_json(cli);
	assert_int_equal(json_array_size(json_object_get(all, "experiments")), 1);
	race = json_array_get(json_object_get(all, "experiments"), 0);
	assert_string_equal(json_string_value(json_object_get(race, "id")), "race");
	assert_true(json_is_number(
		json_object_get(json_object_get(race, "measured"), "mutex_lost_count")));
	json_decref(all);
	ipcbench(cli, "report");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "mutex_lost_count");

	ipcbench(cli, "experiment", "voodoo");
	cli_assert_refused(cli, 2, "'voodoo'", "spawn, memory");
	ipcbench(cli, "run", "workload:spawn");
	cli_assert_refused(cli, 2, "'spawn'", "ipcbench experiment spawn");
}

static void without_python_the_comparators_are_skipped_with_a_cause(void **state)
{
	struct cli *cli = *state;
	char empty[CLI_PATH_BYTES];
	char path[CLI_PATH_BYTES + 8];

	path_of(cli, empty, "no-programs");
	snprintf(path, sizeof(path), "PATH=%s", empty);
	cli_run(cli, (const char *const[]){"/usr/bin/env", path, cli_ipcbench(),
	                                   "thread-or-process", "--budget", "1s", "--quiet", NULL});
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "  cpython/pool: python3: not found\n");
	cli_assert_holds(cli->out, "  cpython_ft/pool: no free-threaded python3.14t, ");
	cli_assert_holds(cli->out, "gil_model");
}

const struct CMUnitTest cli_work_tests[] = {
	cmocka_unit_test_setup_teardown(each_claim_has_a_verdict_and_numbers_with_units, cli_setup,
                                        cli_teardown),
	cmocka_unit_test_setup_teardown(an_experiment_is_run_by_its_name_and_shown_again, cli_setup,
                                        cli_teardown),
	cmocka_unit_test_setup_teardown(without_python_the_comparators_are_skipped_with_a_cause,
                                        cli_setup, cli_teardown),
	cmocka_unit_test_setup_teardown(
		pictures_that_cannot_be_read_are_named_and_the_rest_is_processed, cli_setup,
		cli_teardown),
	cmocka_unit_test_setup_teardown(a_mistake_in_a_command_of_pictures_is_one_line, cli_setup,
                                        cli_teardown),
	cmocka_unit_test_setup_teardown(a_task_is_measured_where_it_is_named, cli_setup,
                                        cli_teardown),
};
const size_t cli_work_tests_count = sizeof(cli_work_tests) / sizeof(cli_work_tests[0]);
