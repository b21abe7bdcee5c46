/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/compare.c - stored sessions named and compared, as their user does it.
 *
 * Sessions are measured once a test, by the quickest cell; what must differ between two
 * of them is then written into the history.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "suites/check/cli/cli.h"

#define MEASURE "run", CLI_QUICK_CELL, "rounds:12", "time_ms:2", "--quiet"

/* Adds a copy of the only session, rounds and all, under a uuid that begins with bbbb. */
static const char copy_session[] =
	"UPDATE session SET uuid='aaaa'||substr(uuid, 5);"
	"INSERT INTO session(uuid, environment_id, kind, started_ns, ended_ns, seed, argv, tool,"
	" doctor, extra, status) SELECT 'bbbb'||substr(uuid, 5), environment_id, kind,"
	" started_ns+1, ended_ns+1, seed, argv, tool, doctor, extra, status FROM session;"
	"INSERT INTO session_arm SELECT 2, arm, subject_id FROM session_arm WHERE session_id=1;"
	"CREATE TEMP TABLE copies AS SELECT * FROM run; UPDATE copies SET session_id=2;"
	"INSERT INTO run SELECT * FROM copies;"
	"CREATE TEMP TABLE others AS SELECT * FROM figure; UPDATE others SET session_id=2;"
	"INSERT INTO figure SELECT * FROM others;";

/* Measures a session and adds its copy; then does what else sql says. */
static void make_two(struct cli *cli, const char *sql)
{
	ipcbench(cli, MEASURE);
	cli_assert_status(cli, 0);
	cli_history_change(cli->history, copy_session);
	cli_history_change(cli->history, sql);
}

static void equal_sessions_have_no_regression(void **state)
{
	struct cli *cli = *state;
	json_t *result;

	make_two(cli, "");
	ipcbench(cli, "compare", "latest~1", "latest", "--format", "json");
	cli_assert_status(cli, 0);
	result = cli_json(cli);
	assert_int_equal(json_array_size(json_object_get(result, "verdicts")), 2);
	assert_true(json_is_false(json_object_get(result, "is_interleaved")));
	assert_true(cli_json_number(json_array_get(json_object_get(result, "verdicts"), 0), "p") ==
	            1.0);
	json_decref(result);
	ipcbench(cli, "compare", "latest", "latest");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "the same session twice");
}

static void what_is_far_slower_regressed_and_ab_is_to_confirm_it(void **state)
{
	struct cli *cli = *state;

	/* A block of 16 operations: each took a part of it, which no busy machine makes up for. */
	make_two(cli, "UPDATE run SET batch=16 WHERE session_id=1");
	ipcbench(cli, "compare", "aaaa", "bbbb");
	cli_assert_status(cli, 1);
	cli_assert_holds(cli->out, "REGRESSED");
	cli_assert_holds(cli->out, "not interleaved");
	cli_assert_holds(cli->out, "confirm with 'ipcbench ab A B'");
	ipcbench(cli, "compare", "bbbb", "aaaa");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "IMPROVED");
	ipcbench(cli, "compare", "aaaa", "bbbb", "--format", "junit");
	cli_assert_status(cli, 1);
	cli_assert_holds(cli->out,
	                 "<testsuite name=\"ipcbench compare\" tests=\"1\" failures=\"1\"");
	cli_assert_holds(cli->out, "<failure message=\"p50: REGRESSED");
	ipcbench(cli, "compare", "aaaa", "bbbb", "--format", "markdown");
	cli_assert_status(cli, 1);
	cli_assert_holds(cli->out, "### ipcbench compare: **");
	cli_assert_holds(cli->out, "| p50 |");
	cli_assert_holds(cli->out, "not interleaved");
	ipcbench(cli, "compare", "aaaa", "bbbb", "--format", "html");
	cli_assert_status(cli, 1);
	cli_assert_holds(cli->out, "<title>ipcbench compare</title>");
	cli_assert_holds(cli->out, " regressed</span>");
	cli_assert_holds(cli->out, "data-k=verdict>REGRESSED</td>");
	cli_assert_holds(cli->out, "exact rank-sum test");
	/* Both sessions' rounds as dots, and no lines that would make pairs of them. */
	cli_assert_holds(cli->out, "<path class=da d=\"M");
	cli_assert_holds(cli->out, "<path class=dB d=\"M");
	assert_null(strstr(cli->out, "<path class=dw"));
	assert_null(strstr(cli->out, "<path class=db"));
	assert_null(strstr(cli->out, "#shifts"));
}

static void another_environment_is_not_comparable_and_its_fields_are_named(void **state)
{
	struct cli *cli = *state;

	make_two(cli,
	         "INSERT INTO environment(key, machine_id, canon) SELECT 'e:00000000000000000000000"
	         "000000000', machine_id, json_set(canon, '$.kernel', 'made-up 9.9') FROM"
	         " environment;"
	         "UPDATE session SET environment_id=2 WHERE id=2");
	ipcbench(cli, "compare", "aaaa", "bbbb");
	cli_assert_refused(cli, 4, "against \"made-up 9.9\"", "ipcbench ab");
	cli_assert_holds(cli->err, "kernel \"");
}

static void another_machine_is_not_comparable(void **state)
{
	struct cli *cli = *state;

	make_two(cli,
	         "INSERT INTO machine(key, canon) SELECT 'm:00000000000000000000000000000000',"
	         " json_set(canon, '$.cpus_made_up', 96) FROM machine;"
	         "INSERT INTO environment(key, machine_id, canon) SELECT 'e:00000000000000000000000"
	         "000000000', 2, json_set(canon, '$.kernel', 'made-up') FROM environment;"
	         "UPDATE session SET environment_id=2 WHERE id=2");
	ipcbench(cli, "compare", "aaaa", "bbbb");
	cli_assert_refused(cli, 4, "cpus_made_up absent against 96", "ipcbench ab");
}

static void another_harness_is_not_comparable(void **state)
{
	struct cli *cli = *state;

	make_two(cli,
	         "INSERT INTO cell(key, name, transport, workload, size, in_flight, rate_hz, wait,"
	         " placement, model, params, harness) SELECT 'other', name, transport, workload,"
	         " size, in_flight, rate_hz, wait, placement, model, params, harness+1 FROM cell;"
	         "UPDATE run SET cell_id=2 WHERE session_id=2");
	ipcbench(cli, "compare", "aaaa", "bbbb");
	cli_assert_refused(cli, 4, "harness", "measure both alike");
}

static void what_compares_nothing_has_not_passed(void **state)
{
	struct cli *cli = *state;

	make_two(cli,
	         "INSERT INTO cell(key, name, transport, workload, size, in_flight, rate_hz, wait,"
	         " placement, model, params, harness) SELECT 'other', 'x/'||name, transport,"
	         " workload, size, in_flight, rate_hz, wait, placement, model, params, harness"
	         " FROM cell; UPDATE run SET cell_id=2 WHERE session_id=2");
	ipcbench(cli, "compare", "aaaa", "bbbb");
	cli_assert_status(cli, 3);
	cli_assert_holds(cli->err, "nothing was compared");
	/* Half of the rounds of the other cell: it has a partner, the first one has none. */
	cli_history_change(cli->history,
	                   "CREATE TEMP TABLE copies AS SELECT * FROM run WHERE session_id=2;"
	                   "UPDATE copies SET session_id=1; INSERT INTO run SELECT * FROM copies");
	ipcbench(cli, "compare", "aaaa", "bbbb");
	cli_assert_status(cli, 3);
	cli_assert_holds(cli->err, "1 of 2 cells of aaaa");
	cli_assert_holds(cli->err, CLI_QUICK_CELL);
	ipcbench(cli, "compare", "aaaa", "bbbb", "x/*");
	cli_assert_status(cli, 0);
	ipcbench(cli, "compare", "aaaa", "bbbb", "y/*");
	cli_assert_refused(cli, 3, "aaaa", "ipcbench run");
}

static void too_few_rounds_decide_nothing(void **state)
{
	struct cli *cli = *state;

	make_two(cli, "DELETE FROM peer; DELETE FROM run WHERE session_id=2 AND round>=7");
	ipcbench(cli, "compare", "aaaa", "bbbb");
	cli_assert_status(cli, 3);
	cli_assert_holds(cli->out, "fewer than 8 rounds");
}

static void power_that_stored_sessions_lack_is_5_on_request(void **state)
{
	struct cli *cli = *state;

	make_two(cli, "");
	ipcbench(cli, "compare", "aaaa", "bbbb", "--require-power", "3");
	cli_assert_status(cli, 5);
}

static void a_session_has_many_names(void **state)
{
	struct cli *cli = *state;

	make_two(cli, "INSERT INTO subject(git_sha, git_dirty, build_id) VALUES"
	              "('0123456789abcdef0123456789abcdef01234567', 0, 'made-up');"
	              "UPDATE session_arm SET subject_id=2 WHERE session_id=1");
	ipcbench(cli, "baseline", "save", "v1.2_rc-3", "latest~1");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "aaaa");
	ipcbench(cli, "baseline", "save", "newest");
	cli_assert_status(cli, 0);
	ipcbench(cli, "baseline", "list");
	cli_assert_holds(cli->out, "newest");
	cli_assert_holds(cli->out, "bbbb");
	ipcbench(cli, "compare", "v1.2_rc-3", "newest");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "A=v1.2_rc-3 (aaaa");
	ipcbench(cli, "compare", "0123456789ab", "latest");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "A=0123456789ab (aaaa");
	/* A name that is saved again stands for the new session. */
	ipcbench(cli, "baseline", "save", "newest", "aaaa");
	ipcbench(cli, "baseline", "list", "--format", "json");
	assert_null(strstr(cli->out, "bbbb"));
	ipcbench(cli, "baseline", "rm", "newest");
	cli_assert_status(cli, 0);
	ipcbench(cli, "baseline", "rm", "newest");
	cli_assert_refused(cli, 4, "newest", "baseline list");
	ipcbench(cli, "compare", "newest", "latest");
	cli_assert_refused(cli, 4, "newest", "latest~N");
}

static void a_commit_stands_for_its_own_arm(void **state)
{
	struct cli *cli = *state;

	make_two(cli, "INSERT INTO subject(git_sha, git_dirty, build_id) VALUES"
	              "('0123456789abcdef0123456789abcdef01234567', 0, 'one'),"
	              "('fedcba9876543210fedcba9876543210fedcba98', 0, 'other');"
	              "UPDATE session SET kind='ab' WHERE id=1;"
	              "UPDATE session_arm SET subject_id=2 WHERE session_id=1;"
	              "INSERT INTO session_arm VALUES(1, 'B', 3);"
	              "CREATE TEMP TABLE copy AS SELECT * FROM run WHERE session_id=1;"
	              "UPDATE copy SET arm='B'; INSERT INTO run SELECT * FROM copy");
	ipcbench(cli, "compare", "0123456789ab", "fedcba987654");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "A=0123456789ab (aaaa");
	cli_assert_holds(cli->out, "ab, arm A)");
	cli_assert_holds(cli->out, "ab, arm B)");
	ipcbench(cli, "compare", "0123456789ab:B", "latest");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "ab, arm B)");
}

static void the_reference_baseline_can_be_imported_and_compared_with(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "import", CHECK_CLI_SOURCES "/../../../results/baselines/vm-epyc-2cpu.jsonl");
	cli_assert_status(cli, 0);
	ipcbench(cli, "baseline", "save", "reference", "latest");
	cli_assert_status(cli, 0);
	ipcbench(cli, "compare", "reference", "latest", "pipe/*");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "A=reference");
	assert_true(cli_history_number(cli->history, "SELECT count(DISTINCT cell_id) FROM run") >=
	            10);
	assert_true(cli_history_number(cli->history, "SELECT min(n) FROM (SELECT count(*) AS n FROM"
	                                             " run GROUP BY cell_id)") >= 12);
}

static void mistakes_are_refused_with_their_remedy(void **state)
{
	static const struct {
		const char *words[6];
		int status;
		const char *value;
		const char *remedy;
	} lines[] = {
		{{"compare"}, 2, "two sessions", "compare REF REF"},
		{{"compare", "latest"}, 2, "two sessions", "compare REF REF"},
		{{"compare", "", "latest"}, 2, "''", "give a session"},
		{{"compare", "latest", "latest~9"}, 4, "latest~9", "ipcbench run"},
		{{"compare", "latest", "latest~x"}, 2, "latest~x", "write latest~N"},
		{{"compare", "latest", "latest~"}, 2, "latest~", "write latest~N"},
		{{"compare", "latest", "zzzz"}, 4, "zzzz", "baseline list"},
		{{"compare", "latest", "latest", "--format", "csv"},
	         2,
	         "csv",
	         "text, json, markdown, junit"},
		{{"compare", "latest:B", "latest"}, 3, "that arm", "name others"},
		{{"baseline"}, 2, "''", "save NAME"},
		{{"baseline", "keep", "x"}, 2, "keep", "save NAME"},
		{{"baseline", "save"}, 2, "save", "baseline save NAME [REF]"},
		{{"baseline", "save", "latest"}, 2, "latest", "letters, digits"},
		{{"baseline", "save", "a/b"}, 2, "a/b", "letters, digits"},
		{{"baseline", "save", "x", "zzzz"}, 4, "zzzz", "baseline list"},
		{{"baseline", "rm"}, 2, "rm", "baseline rm NAME"},
		{{"baseline", "list", "x"}, 2, "list", "ipcbench baseline list"},
	};
	struct cli *cli = *state;
	size_t wrong = 0;

	ipcbench(cli, MEASURE);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *argv[8] = {cli_ipcbench()};

		memcpy(argv + 1, lines[i].words, sizeof(lines[i].words));
		cli_run(cli, argv);
		wrong += !cli_is_refused(cli, lines[i].status, lines[i].value, lines[i].remedy);
	}
	assert_int_equal(wrong, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_compare_tests[] = {
	TEST(equal_sessions_have_no_regression),
	TEST(what_is_far_slower_regressed_and_ab_is_to_confirm_it),
	TEST(another_environment_is_not_comparable_and_its_fields_are_named),
	TEST(another_machine_is_not_comparable),
	TEST(another_harness_is_not_comparable),
	TEST(what_compares_nothing_has_not_passed),
	TEST(too_few_rounds_decide_nothing),
	TEST(power_that_stored_sessions_lack_is_5_on_request),
	TEST(a_session_has_many_names),
	TEST(a_commit_stands_for_its_own_arm),
	TEST(the_reference_baseline_can_be_imported_and_compared_with),
	TEST(mistakes_are_refused_with_their_remedy),
};
const size_t cli_compare_tests_count = sizeof(cli_compare_tests) / sizeof(cli_compare_tests[0]);
