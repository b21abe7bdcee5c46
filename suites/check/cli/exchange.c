/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/exchange.c - sessions are carried from history to history as they are,
 * and what is no export is refused with its line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suites/check/cli/cli.h"

/* Writes a file in the test's folder, and its path to out. */
static void write_file(const struct cli *cli, char out[static CLI_PATH_BYTES + 32],
                       const char *name, const char *text)
{
	FILE *file;

	snprintf(out, CLI_PATH_BYTES + 32, "%s/%s", cli->folder, name);
	file = fopen(out, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void what_is_exported_is_imported_once_and_shown_alike(void **state)
{
	struct cli *cli = *state;
	char lines[CLI_PATH_BYTES + 32];
	char other[CLI_PATH_BYTES + 32];

	ipcbench(cli, "run", CLI_QUICK);
	ipcbench(cli, "run", CLI_QUICK);
	ipcbench(cli, "export");
	cli_assert_status(cli, 0);
	write_file(cli, lines, "sessions.jsonl", cli->out);
	snprintf(other, sizeof(other), "%s/other.db", cli->folder);
	ipcbench(cli, "import", lines, "--store", other);
	cli_assert_status(cli, 0);
	assert_string_equal(cli->out, "2 sessions imported, 0 were there already\n");
	ipcbench(cli, "import", lines, "--store", other);
	cli_assert_status(cli, 0);
	assert_string_equal(cli->out, "0 sessions imported, 2 were there already\n");
	assert_int_equal(cli_history_number(other, "SELECT count(*) FROM run"), 4);
	assert_int_equal(cli_history_number(other, "SELECT count(*) FROM figure"), 2);
	ipcbench(cli, "export", "--store", other, "--output", lines);
	cli_assert_status(cli, 0);
	ipcbench(cli, "import", lines);
	cli_assert_status(cli, 0);
	assert_string_equal(cli->out, "0 sessions imported, 2 were there already\n");
}

static void each_line_is_json_that_names_its_type(void **state)
{
	static const char *const types[] = {"session", "run", "run", "end"};
	struct cli *cli = *state;
	json_t *lines;

	ipcbench(cli, "run", CLI_QUICK);
	ipcbench(cli, "export", "latest");
	cli_assert_status(cli, 0);
	lines = cli_json_lines(cli);
	assert_int_equal(json_array_size(lines), 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(cli_json_text(json_array_get(lines, i), "type"), types[i]);
	assert_string_equal(cli_json_text(json_array_get(lines, 0), "schema"), "ipcbench/1");
	/* The commit that this program was built from, where it is from a clone. */
	assert_non_null(json_object_get(
		json_object_get(json_object_get(json_array_get(lines, 0), "arms"), "A"),
		"git_sha"));
	json_decref(lines);
}

static void what_is_no_export_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *word;
	} files[] = {
		{"empty", "", "empty"},
		{"letter", "Dear history,\n", "line 1: no JSON"},
		{"number", "7\n", "line 1: no JSON"},
		{"array", "[1]\n", "line 1: no line of ipcbench"},
		{"foreign", "{\"type\":\"visit\"}\n", "line 1: no session"},
		{"report", "{\"type\":\"cell\",\"schema\":\"ipcbench/1\"}\n", "line 1: no session"},
		{"newer", "{\"type\":\"session\",\"schema\":\"ipcbench/7\"}\n", "ipcbench/7"},
		{"cut", "{\"type\":\"session\",\"sche", "line 1: the file ends within it"},
		{"bytes", "\xff\xfe{}\n", "line 1"},
	};
	struct cli *cli = *state;
	char path[CLI_PATH_BYTES + 32];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		write_file(cli, path, files[i].name, files[i].text);
		ipcbench(cli, "import", path);
		cli_assert_refused(cli, 3, path, files[i].word);
	}
	/* Nothing was made for what was refused. */
	assert_int_equal(access(cli->history, F_OK), -1);
	ipcbench(cli, "import");
	cli_assert_refused(cli, 2, "import", "stdin");
	ipcbench(cli, "import", cli->folder);
	cli_assert_refused(cli, 3, cli->folder, "directory");
	ipcbench(cli, "import", "no/such/file");
	cli_assert_refused(cli, 3, "no/such/file", "No such file");
}

static void a_cut_export_is_refused_and_nothing_of_it_stored(void **state)
{
	struct cli *cli = *state;
	char path[CLI_PATH_BYTES + 32];
	char other[CLI_PATH_BYTES + 32];
	char *text;
	char *end;

	ipcbench(cli, "run", CLI_QUICK);
	ipcbench(cli, "run", CLI_QUICK);
	ipcbench(cli, "export");
	text = strdup(cli->out);
	assert_non_null(text);
	snprintf(other, sizeof(other), "%s/other.db", cli->folder);
	/* The first session is whole; the second one lacks its last line, or half of it. */
	end = strrchr(text, '\n');
	assert_non_null(end);
	end[-20] = '\0';
	write_file(cli, path, "half.jsonl", text);
	ipcbench(cli, "import", path, "--store", other);
	cli_assert_refused(cli, 3, "line 8", "ends within it");
	end = strrchr(text, '\n');
	assert_non_null(end);
	end[1] = '\0';
	write_file(cli, path, "cut.jsonl", text);
	ipcbench(cli, "import", path, "--store", other);
	cli_assert_refused(cli, 3, "line 7", "it was cut");
	assert_int_equal(access(other, F_OK), -1);
	free(text);
}

static void what_a_killed_run_left_is_exported_by_name_alone(void **state)
{
	struct cli *cli = *state;
	char path[CLI_PATH_BYTES + 32];
	char other[CLI_PATH_BYTES + 32];
	int64_t runs;

	ipcbench_start(cli, "run", "transport:pipe", "rounds:1000", "time_ms:5", "--quiet");
	assert_true(cli_wait_for_runs(cli, 5));
	assert_int_equal(kill(cli->pid, SIGKILL), 0);
	cli_finish(cli);
	runs = cli_history_number(cli->history, "SELECT count(*) FROM run");
	assert_true(runs >= 5);
	ipcbench(cli, "report");
	cli_assert_status(cli, 0);
	ipcbench(cli, "export");
	cli_assert_refused(cli, 3, "no session that has ended", "ipcbench run");
	ipcbench(cli, "export", "latest");
	cli_assert_status(cli, 0);
	write_file(cli, path, "killed.jsonl", cli->out);
	snprintf(other, sizeof(other), "%s/other.db", cli->folder);
	ipcbench(cli, "import", path, "--store", other);
	cli_assert_status(cli, 0);
	assert_int_equal(cli_history_number(other, "SELECT count(*) FROM run"), runs);
	assert_int_equal(cli_history_number(other, "SELECT count(*) FROM session WHERE"
	                                           " status='interrupted'"),
	                 1);
}

static void a_database_that_is_not_there_is_named_without_its_password(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "run", CLI_QUICK, "--store",
	         "postgresql://me:secret@/bench?host=/no/such/folder");
	cli_assert_refused(cli, 3, "postgresql://", "check the URI");
	assert_null(strstr(cli->err, "secret"));
	ipcbench(cli, "report", "--store", "postgresql://me@/bench?no_such_key=1");
	cli_assert_refused(cli, 3, "no_such_key", "URI");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_exchange_tests[] = {
	CASE(what_is_exported_is_imported_once_and_shown_alike),
	CASE(each_line_is_json_that_names_its_type),
	CASE(what_is_no_export_is_refused_with_its_line),
	CASE(a_cut_export_is_refused_and_nothing_of_it_stored),
	CASE(what_a_killed_run_left_is_exported_by_name_alone),
	CASE(a_database_that_is_not_there_is_named_without_its_password),
};
const size_t cli_exchange_tests_count = sizeof(cli_exchange_tests) / sizeof(cli_exchange_tests[0]);
