/* SPDX-License-Identifier: MIT */
/* suites/check/cli/racecheck.c - a user builds a program for racecheck, runs it, and reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites/check/cli/cli.h"

#define TREE CHECK_CLI_SOURCES "/racecheck/tree.c"
#define ODD_CALLS CHECK_CLI_SOURCES "/racecheck/odd_calls.c"
#define TOUCHES CHECK_CLI_SOURCES "/racecheck/touches.c"
#define STRANGERS CHECK_CLI_SOURCES "/racecheck/strangers.c"
#define ASSEMBLY CHECK_CLI_SOURCES "/racecheck/assembly.c"

enum { EXIT_RACE = 66, EXIT_NO_VERDICT = 3, EXIT_USAGE = 2, TREE_STATUS = 5 };

static const char *racecheck(void)
{
	const char *path = getenv("CLI_RACECHECK");

	assert_non_null(path);
	return path;
}

#define run(cli, ...) cli_run(cli, (const char *const[]){racecheck(), "run", __VA_ARGS__, NULL})
#define build(cli, ...) cli_run(cli, (const char *const[]){racecheck(), "cc", __VA_ARGS__, NULL})

/* The path of a file in the test's folder; good until the next call but three. */
static const char *in_folder(const struct cli *cli, const char *name)
{
	static char paths[4][CLI_PATH_BYTES + 64];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", cli->folder, name);
	return path;
}

/* Compiles and links in one call. Returns the program. */
static const char *build_tree(struct cli *cli)
{
	const char *program = in_folder(cli, "tree");

	build(cli, "gcc", "-O1", "-D_GNU_SOURCE", TREE, "-o", program);
	cli_assert_status(cli, 0);
	return program;
}

/* The line of tree.c that holds this text. */
static int line_of(const char *part)
{
	FILE *file = fopen(TREE, "re");
	char text[256];
	int line = 0;
	int found = 0;

	assert_non_null(file);
	while (found == 0 && fgets(text, sizeof(text), file)) {
		line++;
		if (strstr(text, part))
			found = line;
	}
	fclose(file);
	assert_true(found > 0);
	return found;
}

static void assert_is_access(const json_t *access, const char *part)
{
	const json_t *stack = json_object_get(access, "stack");
	const json_t *last = json_array_get(stack, 0);

	assert_int_equal(cli_json_number(access, "line"), line_of(part));
	assert_non_null(strstr(cli_json_text(access, "file"), "/tree.c"));
	assert_int_equal(cli_json_number(access, "bytes"), 8);
	assert_true(cli_json_number(access, "pid") > 1);
	assert_true(cli_json_number(access, "tid") > 1);
	assert_string_equal(cli_json_text(access, "name"), "tree");
	assert_true(json_array_size(stack) >= 2);
	assert_int_equal(cli_json_number(last, "line"), cli_json_number(access, "line"));
	assert_string_equal(cli_json_text(json_array_get(stack, 1), "function"), "work");
	assert_true(json_is_object(json_object_get(access, "last_synchronisation")) ||
	            json_is_null(json_object_get(access, "last_synchronisation")));
}

static void a_race_is_told_with_both_accesses(void **state)
{
	struct cli *cli = *state;
	const char *program = build_tree(cli);
	json_t *lines;
	const json_t *race;
	const json_t *accesses;

	run(cli, "--format", "jsonl", program, "racy");
	cli_assert_status(cli, EXIT_RACE);
	lines = cli_json_lines(cli);
	race = json_array_get(lines, 0);
	assert_string_equal(cli_json_text(race, "type"), "race");
	assert_non_null(strstr(cli_json_text(race, "segment"), "tree"));
	assert_int_equal(cli_json_number(race, "offset"), 48);
	accesses = json_object_get(race, "accesses");
	assert_int_equal(json_array_size(accesses), 2);
	for (size_t i = 0; i < 2; i++)
		assert_is_access(json_array_get(accesses, i), "segment->count++");
	assert_int_not_equal(cli_json_number(json_array_get(accesses, 0), "pid"),
	                     cli_json_number(json_array_get(accesses, 1), "pid"));
	json_decref(lines);
}

/* Lines are equal for all rounds; read and write, and write and write, are the pairs. */
static void a_racing_pair_is_told_once(void **state)
{
	struct cli *cli = *state;
	const char *program = build_tree(cli);
	json_t *lines;
	size_t count;

	run(cli, "--format", "jsonl", program, "racy");
	cli_assert_status(cli, EXIT_RACE);
	lines = cli_json_lines(cli);
	count = json_array_size(lines) - 1;
	assert_in_range(count, 1, 2);
	assert_int_equal(cli_json_number(json_array_get(lines, count), "races"), count);
	json_decref(lines);
}

static void without_a_race_the_status_is_the_programs(void **state)
{
	struct cli *cli = *state;
	const char *program = build_tree(cli);

	run(cli, program, "ordered");
	cli_assert_status(cli, TREE_STATUS);
	assert_string_equal(cli->out, "ordered\n");
	assert_string_equal(cli->err, "");
}

static void a_race_is_told_though_the_program_crashed(void **state)
{
	struct cli *cli = *state;
	const char *program = build_tree(cli);

	run(cli, program, "crash");
	cli_assert_status(cli, EXIT_RACE);
	cli_assert_holds(cli->err, "data race in segment");
}

static void what_a_killed_process_did_is_kept(void **state)
{
	struct cli *cli = *state;
	const char *program = build_tree(cli);

	run(cli, program, "killed");
	cli_assert_status(cli, EXIT_RACE);
	cli_assert_holds(cli->err, "#0 be_killed");
	cli_assert_holds(cli->err, "#0 look");
}

static void a_program_that_was_not_built_for_it_gets_no_verdict(void **state)
{
	struct cli *cli = *state;

	run(cli, "true");
	cli_assert_status(cli, EXIT_NO_VERDICT);
	cli_assert_holds(cli->err, "no verdict: the program was not linked by");
}

static void a_program_without_callbacks_gets_no_verdict(void **state)
{
	struct cli *cli = *state;
	const char *object = in_folder(cli, "tree.o");
	const char *program = in_folder(cli, "tree");

	cli_run(cli, (const char *const[]){"gcc", "-D_GNU_SOURCE", "-I", getenv("CLI_INCLUDE"),
	                                   "-c", TREE, "-o", object, NULL});
	cli_assert_status(cli, 0);
	build(cli, "gcc", object, "-o", program);
	cli_assert_status(cli, 0);
	run(cli, program, "racy");
	cli_assert_status(cli, EXIT_NO_VERDICT);
	cli_assert_holds(cli->err, "no instrumented access was seen");
}

static void a_call_that_is_not_covered_is_named(void **state)
{
	struct cli *cli = *state;
	const char *program = build_tree(cli);

	run(cli, program, "uncovered");
	cli_assert_status(cli, EXIT_NO_VERDICT);
	cli_assert_holds(cli->err, "process_vm_readv");
}

/* Neither do calls that fail end the program, nor is more judged than they wrote. */
static void odd_calls_are_as_without_racecheck(void **state)
{
	struct cli *cli = *state;
	const char *program = in_folder(cli, "odd_calls");

	build(cli, "gcc", "-O1", "-D_GNU_SOURCE", "-pthread", ODD_CALLS, "-o", program);
	cli_assert_status(cli, 0);
	run(cli, program);
	cli_assert_status(cli, TREE_STATUS);
	assert_string_equal(cli->err, "");
	run(cli, program, "timer");
	cli_assert_status(cli, EXIT_RACE);
}

/* What only the library or the kernel reads or writes is known, and when it is done. */
static void memory_that_calls_touch_is_known(void **state)
{
	struct cli *cli = *state;
	const char *program = in_folder(cli, "touches");
	char names[1024];
	char *rest = names;

	build(cli, "gcc", "-std=gnu11", "-O1", "-D_GNU_SOURCE", "-pthread", TOUCHES, "-o", program);
	cli_assert_status(cli, 0);
	run(cli, program);
	assert_in_range(snprintf(names, sizeof(names), "%s", cli->out), 1, sizeof(names) - 1);
	for (const char *name; (name = strsep(&rest, "\n")) && *name != '\0';) {
		print_message("%s\n", name);
		run(cli, program, name);
		cli_assert_status(cli, EXIT_RACE);
		run(cli, program, name, "ok");
		cli_assert_status(cli, 0);
	}
}

/* A worker comes after what its parent did before it was started, and after no more than that. */
static void strangers_come_after_what_started_them(void **state)
{
	static const char *const racy[] = {"siblings", "later", "background"};
	static const char *const ordered[] = {"in_turn", "before", "foreground"};
	struct cli *cli = *state;
	const char *program = in_folder(cli, "strangers");

	build(cli, "gcc", "-std=gnu11", "-O1", "-D_GNU_SOURCE", STRANGERS, "-o", program);
	cli_assert_status(cli, 0);
	for (size_t i = 0; i < sizeof(racy) / sizeof(racy[0]) * 5; i++) {
		print_message("%s, %s\n", racy[i / 5], ordered[i / 5]);
		run(cli, program, racy[i / 5]);
		cli_assert_status(cli, EXIT_RACE);
		run(cli, program, ordered[i / 5]);
		cli_assert_status(cli, 0);
	}
}

static void the_watchdog_names_the_call_that_waits(void **state)
{
	struct cli *cli = *state;
	const char *program = build_tree(cli);

	run(cli, "--timeout", "1", program, "stuck");
	cli_assert_status(cli, EXIT_NO_VERDICT);
	cli_assert_holds(cli->err, "no verdict: watchdog: time limit passed: thread");
	cli_assert_holds(cli->err, "in pause");
}

static void a_program_that_is_not_there_is_named(void **state)
{
	struct cli *cli = *state;

	run(cli, "/no/such/program");
	cli_assert_status(cli, EXIT_NO_VERDICT);
	assert_string_equal(cli->err, "racecheck: no verdict: cannot run /no/such/program: No such "
	                              "file or directory\n");
}

static void a_sarif_log_is_one_document(void **state)
{
	struct cli *cli = *state;
	const char *program = build_tree(cli);
	const json_t *sarif_run;
	const json_t *result;
	const json_t *location;
	json_t *log;

	run(cli, "--format", "sarif", program, "racy");
	cli_assert_status(cli, EXIT_RACE);
	log = cli_json(cli);
	assert_string_equal(cli_json_text(log, "version"), "2.1.0");
	sarif_run = json_array_get(json_object_get(log, "runs"), 0);
	assert_string_equal(
		cli_json_text(json_object_get(json_object_get(sarif_run, "tool"), "driver"),
	                      "name"),
		"racecheck");
	result = json_array_get(json_object_get(sarif_run, "results"), 0);
	assert_string_equal(cli_json_text(result, "ruleId"), "data-race");
	assert_int_equal(json_array_size(json_object_get(result, "stacks")), 2);
	assert_int_equal(json_array_size(json_object_get(result, "relatedLocations")), 1);
	location = json_object_get(json_array_get(json_object_get(result, "locations"), 0),
	                           "physicalLocation");
	assert_true(strncmp(cli_json_text(json_object_get(location, "artifactLocation"), "uri"),
	                    "file:///", 8) == 0);
	assert_int_equal(cli_json_number(json_object_get(location, "region"), "startLine"),
	                 line_of("segment->count++"));
	json_decref(log);
	/* What the program printed went elsewhere. */
	cli_assert_holds(cli->err, "racy\n");
}

static void reports_go_to_a_file(void **state)
{
	struct cli *cli = *state;
	const char *program = build_tree(cli);
	const char *file = in_folder(cli, "races.jsonl");

	run(cli, "--format=jsonl", "--output", file, program, "racy");
	cli_assert_status(cli, EXIT_RACE);
	assert_string_equal(cli->out, "racy\n");
	cli_run(cli, (const char *const[]){"cat", file, NULL});
	cli_assert_holds(cli->out, "\"type\":\"summary\",\"races\":");
}

static void compilers_may_be_mixed(void **state)
{
	struct cli *cli = *state;
	const char *object = in_folder(cli, "tree.o");
	const char *program = in_folder(cli, "tree");

	build(cli, "clang", "--version");
	if (cli->status != 0)
		skip();
	build(cli, "clang", "-O2", "-D_GNU_SOURCE", "-c", TREE, "-o", object);
	cli_assert_status(cli, 0);
	build(cli, "gcc", object, "-o", program);
	cli_assert_status(cli, 0);
	run(cli, program, "racy");
	cli_assert_status(cli, EXIT_RACE);
	cli_assert_holds(cli->err, "tree.c:");
	run(cli, program, "ordered");
	cli_assert_status(cli, TREE_STATUS);
}

static void assembly_still_does_what_it_did(void **state)
{
	static const char *const compilers[] = {"gcc", "clang"};
	static const char *const levels[] = {"-O0", "-O2"};
	struct cli *cli = *state;
	const char *program = in_folder(cli, "assembly");

	for (size_t i = 0; i < 4; i++) {
		build(cli, compilers[i / 2], "--version");
		if (cli->status != 0)
			continue;
		build(cli, compilers[i / 2], levels[i % 2], "-D_FORTIFY_SOURCE=2", ASSEMBLY, "-o",
		      program);
		cli_assert_status(cli, 0);
		/* Had wrapping failed, this would say so. */
		assert_null(strstr(cli->err, "racecheck:"));
		run(cli, program, "");
		cli_assert_status(cli, 0);
	}
}

static void a_compilers_failure_is_passed_on(void **state)
{
	struct cli *cli = *state;

	build(cli, "gcc", "-c", "/no/such/source.c", "-o", in_folder(cli, "x.o"));
	cli_assert_status(cli, 1);
	cli_assert_holds(cli->err, "/no/such/source.c");
}

static void a_seed_gives_the_same_steps_again(void **state)
{
	struct cli *cli = *state;
	const char *program = build_tree(cli);
	char digests[2][32];

	for (int i = 0; i < 2; i++) {
		json_t *lines;

		run(cli, "--seed", "7", "--format", "jsonl", program, "racy");
		cli_assert_status(cli, EXIT_RACE);
		lines = cli_json_lines(cli);
		snprintf(
			digests[i], sizeof(digests[i]), "%s",
			cli_json_text(json_array_get(lines, json_array_size(lines) - 1), "digest"));
		json_decref(lines);
	}
	assert_string_equal(digests[0], digests[1]);
}

static void an_annotated_lock_orders(void **state)
{
	struct cli *cli = *state;
	const char *program = build_tree(cli);

	run(cli, program, "annotated");
	cli_assert_status(cli, TREE_STATUS);
	run(cli, program, "ignored");
	cli_assert_status(cli, TREE_STATUS);
#ifdef __x86_64__
	run(cli, program, "hidden");
	cli_assert_status(cli, EXIT_RACE);
#endif
}

static void an_installed_racecheck_works(void **state)
{
	struct cli *cli = *state;
	const char *prefix = in_folder(cli, "prefix");
	const char *installed = in_folder(cli, "prefix/bin/racecheck");
	const char *program = in_folder(cli, "tree");

	cli_run(cli, (const char *const[]){"cmake", "--install", getenv("CLI_BUILD"), "--prefix",
	                                   prefix, "--component", "racecheck", NULL});
	cli_assert_status(cli, 0);
	cli_run(cli, (const char *const[]){installed, "cc", "gcc", "-D_GNU_SOURCE", TREE, "-o",
	                                   program, NULL});
	cli_assert_status(cli, 0);
	cli_run(cli, (const char *const[]){installed, "run", program, "racy", NULL});
	cli_assert_status(cli, EXIT_RACE);
	cli_run(cli,
	        (const char *const[]){"test", "-s",
	                              in_folder(cli, "prefix/share/man/man1/racecheck.1"), NULL});
	cli_assert_status(cli, 0);
}

/* What others rely on: the names of a row's members, and what they add up to. */
static void assert_is_row(const json_t *row, const char *model)
{
	const json_t *interval = json_object_get(row, "found_interval");

	assert_string_equal(cli_json_text(row, "detector"), "racecheck_gcc");
	assert_string_equal(cli_json_text(row, "model"), model);
	assert_int_equal(cli_json_number(row, "tp"), 1);
	assert_int_equal(cli_json_number(row, "fp"), 0);
	assert_int_equal(cli_json_number(row, "tn"), 1);
	assert_int_equal(cli_json_number(row, "fn"), 0);
	assert_int_equal(cli_json_number(row, "no_verdict"), 0);
	assert_int_equal(cli_json_number(row, "pairs_right"), 1);
	assert_int_equal(cli_json_number(row, "pairs"), 1);
	/* Wilson's for 2 of 2, by hand: 1 / (1 + 1.96^2 / 2) to 1. */
	assert_float_equal(json_number_value(json_array_get(interval, 0)), 0.3424, 0.0001);
	assert_float_equal(json_number_value(json_array_get(interval, 1)), 1, 0.0001);
}

static void the_score_has_a_row_for_each_model(void **state)
{
	struct cli *cli = *state;
	const json_t *rows;
	json_t *score;

	cli_run(cli,
	        (const char *const[]){getenv("CLI_IPCCHECK"), "races", "--format", "json", "--case",
	                              "mutex", "--runs", "2", "--detector", "racecheck_gcc",
	                              "--programs", in_folder(cli, "programs"), NULL});
	cli_assert_status(cli, 0);
	score = cli_json(cli);
	rows = json_object_get(score, "rows");
	assert_int_equal(json_array_size(rows), 2);
	assert_is_row(json_array_get(rows, 0), "threads");
	assert_is_row(json_array_get(rows, 1), "processes");
	json_decref(score);
}

static void a_wrong_command_line_is_answered_in_one_line(void **state)
{
	static const struct {
		const char *arguments[5];
		const char *value;
		const char *remedy;
	} lines[] = {
		{{NULL}, "no command", "--help"},
		{{"check"}, "'check'", "--help"},
		{{"cc"}, "no compiler", "gcc or clang"},
		{{"cc", "-c"}, "-c", "gcc or clang"},
		{{"cc", "gcc", "-static", "x.c"}, "-static", "dynamically"},
		{{"run"}, "no program", "--help"},
		{{"run", "--sed", "x"}, "--sed", "--help"},
		{{"run", "--seed", "-1", "true"}, "--seed -1", "from 0 to"},
		{{"run", "--seed", "1x", "true"}, "--seed 1x", "from 0 to"},
		{{"run", "--depth", "0", "true"}, "--depth 0", "from 1 to"},
		{{"run", "--format", "xml", "true"}, "xml", "text, jsonl or sarif"},
		{{"run", "--weak", "arm", "true"}, "arm", "tso or pso"},
		{{"run", "--switch-off", "open,nope", "true"}, "nope", "edges.def"},
		{{"run", "--switch-off", "open,sleep", "true"}, "sleep", "edges.def"},
		{{"run", "--bogus", "true"}, "--bogus", "--help"},
		{{"run", "--seed"}, "--seed", "--help"},
	};
	struct cli *cli = *state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *argv[7] = {racecheck()};

		for (size_t j = 0; j < 5 && lines[i].arguments[j]; j++)
			argv[j + 1] = lines[i].arguments[j];
		cli_run(cli, argv);
		cli_assert_status(cli, EXIT_USAGE);
		assert_string_equal(cli->out, "");
		assert_true(strncmp(cli->err, "racecheck", strlen("racecheck")) == 0);
		assert_ptr_equal(strchr(cli->err, '\n'), cli->err + strlen(cli->err) - 1);
		cli_assert_holds(cli->err, lines[i].value);
		cli_assert_holds(cli->err, lines[i].remedy);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_racecheck_tests[] = {
	TEST(a_race_is_told_with_both_accesses),
	TEST(a_racing_pair_is_told_once),
	TEST(without_a_race_the_status_is_the_programs),
	TEST(a_race_is_told_though_the_program_crashed),
	TEST(what_a_killed_process_did_is_kept),
	TEST(a_program_that_was_not_built_for_it_gets_no_verdict),
	TEST(a_program_without_callbacks_gets_no_verdict),
	TEST(a_call_that_is_not_covered_is_named),
	TEST(odd_calls_are_as_without_racecheck),
	TEST(memory_that_calls_touch_is_known),
	TEST(strangers_come_after_what_started_them),
	TEST(the_watchdog_names_the_call_that_waits),
	TEST(a_program_that_is_not_there_is_named),
	TEST(a_sarif_log_is_one_document),
	TEST(reports_go_to_a_file),
	TEST(compilers_may_be_mixed),
	TEST(assembly_still_does_what_it_did),
	TEST(a_compilers_failure_is_passed_on),
	TEST(a_seed_gives_the_same_steps_again),
	TEST(an_annotated_lock_orders),
	TEST(an_installed_racecheck_works),
	TEST(the_score_has_a_row_for_each_model),
	TEST(a_wrong_command_line_is_answered_in_one_line),
};
const size_t cli_racecheck_tests_count =
	sizeof(cli_racecheck_tests) / sizeof(cli_racecheck_tests[0]);
