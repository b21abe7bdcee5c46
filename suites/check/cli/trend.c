/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/trend.c - anchors and histories, as their user sees them.
 *
 * One session is measured against the anchor; fifty days of it are then written into
 * the history, with the steps, kernels and anchors that a test is about.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "suites/check/cli/cli.h"

#define FEW CLI_QUICK_CELL, "rounds:8", "time_ms:2", "--quiet"

/*
 * Fifty sessions before the only one, a day apart, whose ratio to the anchor scatters by
 * +-2 %; from the 31st on it is 10 % slower.
 */
static const char fifty_days[] =
	"WITH RECURSIVE day(n) AS (SELECT 2 UNION ALL SELECT n+1 FROM day WHERE n<51)"
	" INSERT INTO session(id, uuid, environment_id, kind, started_ns, ended_ns, seed, argv,"
	" tool, doctor, extra, status) SELECT n, printf('%08x', n)||substr(uuid, 9),"
	" environment_id, kind, started_ns-(60-n)*86400000000000, ended_ns, seed, argv, tool,"
	" doctor, extra, status FROM session, day WHERE id=1;"
	"INSERT INTO session_arm SELECT id, a.arm, a.subject_id FROM session, session_arm a"
	" WHERE a.session_id=1 AND id>1;"
	"CREATE TEMP TABLE days AS SELECT f.*, s.id AS day FROM figure f, session s"
	" WHERE f.session_id=1 AND s.id>1;"
	"UPDATE days SET session_id=day, p50_of_first=(CASE WHEN day>31 THEN 1.1 ELSE 1.0 END)"
	"*(1.0+0.02*((day*7919%101)/50.0-1.0)), p99_of_first=1.0+0.02*((day*104729%97)/48.0-1.0)"
	" WHERE arm='B' AND cell_id IN (SELECT id FROM cell WHERE transport='pipe');"
	"UPDATE days SET session_id=day;"
	"INSERT INTO figure SELECT cell_id, stage, arm, session_id, metric, rounds, p50_ns, p90_ns,"
	" p99_ns, p999_ns, messages_per_s, p50_of_first, p90_of_first, p99_of_first,"
	" p999_of_first, rate_of_first FROM days;";

/* Sets this program as the anchor, measures a session beside it and adds the days. */
static void make_history(struct cli *cli, const char *sql)
{
	ipcbench(cli, "anchor", "set", cli_ipcbench());
	cli_assert_status(cli, 0);
	ipcbench(cli, "anchor", "run", FEW);
	assert_true(cli->status == 0 || cli->status == 1);
	cli_history_change(cli->history, fifty_days);
	cli_history_change(cli->history, sql);
}

/* Reads the only change of the pipe's p50 into id. */
static void read_id(struct cli *cli, char id[static 9])
{
	const json_t *series;
	const json_t *change;
	json_t *result;
	size_t i;

	id[0] = '\0';
	ipcbench(cli, "trend", "--format", "json", CLI_QUICK_CELL);
	cli_assert_status(cli, 0);
	result = cli_json(cli);
	json_array_foreach(json_object_get(result, "series"), i, series)
	{
		if (cli_json_number(series, "quantile") != 0.5)
			continue;
		assert_int_equal(json_array_size(json_object_get(series, "changes")), 1);
		change = json_array_get(json_object_get(series, "changes"), 0);
		assert_in_range((int)cli_json_number(change, "index"), 28, 32);
		assert_true(json_is_true(json_object_get(change, "is_alarm")));
		snprintf(id, 9, "%s", json_string_value(json_object_get(change, "id")));
	}
	json_decref(result);
	assert_int_equal(strlen(id), 8);
}

static void a_step_is_found_and_settled_by_a_note(void **state)
{
	struct cli *cli = *state;
	char id[9];

	make_history(cli, "");
	read_id(cli, id);
	ipcbench(cli, "trend", CLI_QUICK_CELL);
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, id);
	cli_assert_holds(cli->out, "1 change slower and unexplained");
	ipcbench(cli, "trend", "accept", id, "--note", "checksums cost that");
	cli_assert_status(cli, 0);
	ipcbench(cli, "trend", CLI_QUICK_CELL);
	cli_assert_holds(cli->out, "accepted (checksums cost that)");
	cli_assert_holds(cli->out, "0 changes slower and unexplained");
	ipcbench(cli, "trend", "reject", id, "--note", "no: another disk");
	cli_assert_status(cli, 0);
	ipcbench(cli, "trend", CLI_QUICK_CELL);
	cli_assert_holds(cli->out, "rejected (no: another disk)");
}

static void another_kernel_is_a_segment_and_no_alarm(void **state)
{
	struct cli *cli = *state;

	make_history(cli,
	             "INSERT INTO environment(key, machine_id, canon) SELECT 'e:0000000000000000"
	             "0000000000000000', machine_id, json_set(canon, '$.kernel', '9.9') FROM"
	             " environment; UPDATE session SET environment_id=2 WHERE id>31 OR id=1");
	ipcbench(cli, "trend", CLI_QUICK_CELL);
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "another environment, as a kernel");
	cli_assert_holds(cli->out, "0 changes slower and unexplained");
}

static void another_anchor_is_a_segment_and_no_alarm(void **state)
{
	struct cli *cli = *state;

	make_history(cli, "INSERT INTO subject(git_sha, git_dirty, build_id) VALUES"
	                  "('0123456789abcdef0123456789abcdef01234567', 0, 'made-up');"
	                  "UPDATE session_arm SET subject_id=(SELECT max(id) FROM subject) WHERE"
	                  " arm='A' AND (session_id>31 OR session_id=1)");
	ipcbench(cli, "trend", CLI_QUICK_CELL);
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "another anchor: no alarm");
	cli_assert_holds(cli->out, "0 changes slower and unexplained");
}

/* As sessions are stored by builds that came after the anchor's own. */
static void an_anchor_whose_commit_is_not_known_is_the_same(void **state)
{
	struct cli *cli = *state;
	char id[9];

	make_history(cli, "UPDATE subject SET git_dirty=0,"
	                  " git_sha='0123456789abcdef0123456789abcdef01234567' WHERE id=1;"
	                  "INSERT INTO subject(git_sha, git_dirty, build_id) SELECT '', 0,"
	                  " build_id FROM subject WHERE id=1;"
	                  "UPDATE session_arm SET subject_id=(SELECT max(id) FROM subject) WHERE"
	                  " arm='A' AND (session_id>31 OR session_id=1)");
	read_id(cli, id);
}

/* Both neighbours are this program, so that a live comparison can't find the step. */
static void a_change_that_ab_does_not_find_is_refuted(void **state)
{
	struct cli *cli = *state;
	char id[9];

	make_history(cli, "");
	read_id(cli, id);
	ipcbench(cli, "trend", "confirm", id, "rounds:8", "time_ms:2", "--quiet");
	if (cli->status == 5) /* a machine too noisy to tell leaves it as it was */
		cli_assert_holds(cli->err, "neither confirmed nor refuted");
	else
		cli_assert_status(cli, 0);
	ipcbench(cli, "trend", CLI_QUICK_CELL);
	assert_null(strstr(cli->out, "  confirmed"));
	cli_history_change(cli->history, "UPDATE subject SET git_sha='', build_id='feed'");
	ipcbench(cli, "trend", "confirm", id, "--quiet");
	cli_assert_refused(cli, 4, "build:feed", "name both");
}

static void a_confirmed_regression_is_1_until_it_is_settled(void **state)
{
	struct cli *cli = *state;
	char id[9];

	make_history(cli, "");
	read_id(cli, id);
	ipcbench(cli, "trend", "reject", id, "--note", "x");
	cli_history_change(cli->history, "UPDATE mark SET state='confirmed' WHERE kind='change'");
	ipcbench(cli, "trend", CLI_QUICK_CELL);
	cli_assert_status(cli, 1);
	ipcbench(cli, "trend", "accept", id, "--note", "x");
	ipcbench(cli, "trend", CLI_QUICK_CELL);
	cli_assert_status(cli, 0);
}

static void an_anchor_is_kept_as_a_copy_and_shown(void **state)
{
	struct cli *cli = *state;
	struct stat status;
	json_t *result;

	ipcbench(cli, "anchor", "show");
	cli_assert_refused(cli, 4, "no anchor", "anchor set BUILD");
	ipcbench(cli, "anchor", "set", cli_ipcbench());
	cli_assert_status(cli, 0);
	ipcbench(cli, "anchor", "show");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, cli_ipcbench());
	ipcbench(cli, "anchor", "show", "--format", "json");
	result = cli_json(cli);
	assert_true(json_is_true(json_object_get(result, "is_kept")));
	assert_int_equal(stat(json_string_value(json_object_get(result, "path")), &status), 0);
	assert_non_null(strstr(json_string_value(json_object_get(result, "path")), cli->folder));
	json_decref(result);
	ipcbench(cli, "anchor", "run", FEW);
	assert_true(cli->status == 0 || cli->status == 1);
	assert_true(cli_history_number(cli->history, "SELECT count(*) FROM run r JOIN session s ON"
	                                             " s.id=r.session_id WHERE s.kind='anchor' AND"
	                                             " r.arm='B'") >= 8);
	assert_true(cli_history_number(cli->history, "SELECT count(*) FROM session_arm") == 2);
}

static void mistakes_are_refused_with_their_remedy(void **state)
{
	static const struct {
		const char *words[6];
		int status;
		const char *value;
		const char *remedy;
	} lines[] = {
		{{"anchor"}, 2, "''", "set BUILD"},
		{{"anchor", "pin"}, 2, "pin", "set BUILD"},
		{{"anchor", "set"}, 2, "set", "anchor set BUILD|REVISION"},
		{{"anchor", "set", "/bin/true"}, 4, "/bin/true", "speaks version"},
		{{"anchor", "set", "wait:block"}, 2, "wait:block", "a path or a git revision"},
		{{"anchor", "set", "./no-such/file"}, 2, "no-such", "revision"},
		{{"anchor", "show"}, 4, "no anchor", "anchor set BUILD"},
		{{"anchor", "run"}, 4, "no anchor", "anchor set BUILD"},
		{{"trend", "no/such/cell"}, 3, "these cells", "anchor run"},
		{{"trend", "accept"}, 2, "accept", "--note TEXT"},
		{{"trend", "accept", "12345678"}, 2, "accept", "--note TEXT"},
		{{"trend", "accept", "12345678", "--note", "a\nb"}, 2, "--note", "one line"},
		{{"trend", "accept", "12345678", "--note", "x"}, 2, "12345678", "ipcbench trend"},
		{{"trend", "reject", "", "--note", "x"}, 2, "''", "ipcbench trend"},
		{{"trend", "confirm"}, 2, "confirm", "confirm ID"},
		{{"trend", "confirm", "12345678"}, 2, "12345678", "ipcbench trend"},
		{{"trend", "--format", "csv"}, 2, "csv", "text, json"},
	};
	struct cli *cli = *state;
	size_t wrong = 0;

	ipcbench(cli, "run", CLI_QUICK, "--quiet");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *argv[8] = {cli_ipcbench()};

		memcpy(argv + 1, lines[i].words, sizeof(lines[i].words));
		cli_run(cli, argv);
		wrong += !cli_is_refused(cli, lines[i].status, lines[i].value, lines[i].remedy);
	}
	assert_int_equal(wrong, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_trend_tests[] = {
	TEST(a_step_is_found_and_settled_by_a_note),
	TEST(another_kernel_is_a_segment_and_no_alarm),
	TEST(another_anchor_is_a_segment_and_no_alarm),
	TEST(an_anchor_whose_commit_is_not_known_is_the_same),
	TEST(a_change_that_ab_does_not_find_is_refuted),
	TEST(a_confirmed_regression_is_1_until_it_is_settled),
	TEST(an_anchor_is_kept_as_a_copy_and_shown),
	TEST(mistakes_are_refused_with_their_remedy),
};
const size_t cli_trend_tests_count = sizeof(cli_trend_tests) / sizeof(cli_trend_tests[0]);
