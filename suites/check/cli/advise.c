/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/advise.c - ipcbench advise: ranks what was measured, and only what
 * keeps the promises that are needed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "suites/check/cli/cli.h"

#define COUNT_RUNS "SELECT count(*) FROM run"

/* Needs that few transports can serve, on one core: quick to measure anywhere. */
#define NEEDS "placement:same_core", "must:survives,no_uring"
#define QUICK "--budget", "2s"

/* Says whether list shows a capability of a transport. */
static bool has_cap(const json_t *list, const char *transport, const char *cap)
{
	const json_t *each;
	const json_t *word;
	size_t i;
	size_t j;

	json_array_foreach(json_object_get(list, "transports"), i, each)
	{
		if (strcmp(cli_json_text(each, "name"), transport) != 0)
			continue;
		json_array_foreach(json_object_get(each, "caps"), j, word)
		{
			if (strcmp(json_string_value(word), cap) == 0)
				return true;
		}
	}
	return false;
}

/* Fails unless an array holds texts, at least one. */
static void assert_texts(const json_t *object, const char *key)
{
	const json_t *array = json_object_get(object, key);
	const json_t *text;
	size_t i;

	assert_true(json_is_array(array));
	assert_true(json_array_size(array) > 0);
	json_array_foreach(array, i, text) assert_true(json_string_length(text) > 0);
}

static void a_ranking_is_of_measured_cells_that_keep_what_must_hold(void **state)
{
	struct cli *cli = *state;
	const json_t *ranking;
	const json_t *choice;
	json_t *advice;
	json_t *list;
	size_t i;

	ipcbench(cli, "list", "--format", "json");
	cli_assert_status(cli, 0);
	list = cli_json(cli);
	ipcbench(cli, "advise", NEEDS, QUICK, "--format", "json", "--quiet");
	cli_assert_status(cli, 0);
	advice = cli_json(cli);
	ranking = json_object_get(advice, "ranking");
	assert_true(json_array_size(ranking) > 0);
	json_array_foreach(ranking, i, choice)
	{
		char sql[512];

		assert_true(has_cap(list, cli_json_text(choice, "transport"), "survives"));
		assert_null(strstr(cli_json_text(choice, "transport"), "uring"));
		/* A thread takes its process with it. */
		assert_string_equal(cli_json_text(choice, "model"), "processes");
		assert_texts(choice, "reasons");
		assert_texts(choice, "evidence");
		assert_texts(choice, "cannot_promise");
		assert_true(json_number_value(json_object_get(choice, "times_the_first")) >= 1.0);
		snprintf(
			sql, sizeof(sql),
			"SELECT count(*) FROM run r JOIN cell c ON c.id=r.cell_id WHERE c.name='%s'"
			" AND r.failure IS NULL",
			json_string_value(json_array_get(json_object_get(choice, "evidence"), 0)));
		assert_true(cli_history_number(cli->history, sql) >= 8);
	}
	/* What is left out says why, and is none of those. */
	assert_true(json_array_size(json_object_get(advice, "excluded")) > 0);
	json_array_foreach(json_object_get(advice, "excluded"), i, choice)
		cli_json_text(choice, "reason");
	json_decref(advice);
	json_decref(list);
}

static void what_is_stored_is_not_measured_again(void **state)
{
	struct cli *cli = *state;
	char first[128];
	int64_t runs;
	json_t *advice;

	ipcbench(cli, "advise", NEEDS, QUICK, "--format", "json", "--quiet");
	cli_assert_status(cli, 0);
	advice = cli_json(cli);
	snprintf(first, sizeof(first), "1. %s, processes\n",
	         cli_json_text(json_array_get(json_object_get(advice, "ranking"), 0), "transport"));
	json_decref(advice);
	runs = cli_history_number(cli->history, COUNT_RUNS);
	assert_true(runs > 0);

	/* For people, from the same numbers: the same first choice. */
	ipcbench(cli, "advise", NEEDS);
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, first);
	cli_assert_holds(cli->out, "evidence  ");
	cli_assert_holds(cli->out, "The second-best, ");
	cli_assert_holds(cli->out, "Left out:\n");
	assert_string_equal(cli->err, "");
	assert_int_equal(cli_history_number(cli->history, COUNT_RUNS), runs);
}

static void a_run_is_evidence_if_it_has_enough_rounds(void **state)
{
	static const char cell[] = "unix_seqpacket/ping_pong/64B/same_core/block/processes";
	struct cli *cli = *state;

	ipcbench(cli, "run", cell, "rounds:2", "time_ms:5", "--quiet");
	cli_assert_status(cli, 0);
	ipcbench(cli, "advise", NEEDS, "--dry-run");
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, cell);

	ipcbench(cli, "run", cell, "rounds:8", "time_ms:5", "--quiet");
	cli_assert_status(cli, 0);
	ipcbench(cli, "advise", NEEDS, "--dry-run");
	cli_assert_status(cli, 0);
	assert_null(strstr(cli->out, cell));
	cli_assert_holds(cli->out, "unix_dgram/ping_pong/64B/same_core/block/processes");
	assert_int_equal(cli_history_number(cli->history, COUNT_RUNS), 10);
}

static void what_none_promises_is_recommended_by_nobody(void **state)
{
	struct cli *cli = *state;
	json_t *advice;

	ipcbench(cli, "advise", "must:broadcast", "--format", "json");
	cli_assert_status(cli, 3);
	advice = cli_json(cli);
	assert_int_equal(json_array_size(json_object_get(advice, "ranking")), 0);
	json_decref(advice);
	ipcbench(cli, "advise", "must:broadcast");
	cli_assert_status(cli, 3);
	cli_assert_holds(cli->out, "can run here as asked, none keeps what must hold.");
}

/* Fails unless each line of a dry run, at least one, holds both texts. */
static void assert_cells(struct cli *cli, const char *first, const char *second)
{
	char *rest = cli->out;
	char *line;
	size_t count = 0;

	while ((line = strsep(&rest, "\n"))) {
		if (line[0] == '\0')
			continue;
		assert_non_null(strstr(line, first));
		assert_non_null(strstr(line, second));
		count++;
	}
	assert_true(count >= 5);
}

static void several_peers_are_judged_by_cells_that_have_so_many(void **state)
{
	struct cli *cli = *state;
	const json_t *choice;
	json_t *advice;
	size_t i;

	ipcbench(cli, "advise", "peers:8", "size:4K", "--dry-run");
	cli_assert_status(cli, 0);
	assert_cells(cli, "/pool/4096B/", "/peers=8/task=echo/amount=4080");
	/* Who waits for an answer has one request on its way. */
	ipcbench(cli, "advise", "peers:4", "pattern:ping_pong", "--dry-run");
	cli_assert_status(cli, 0);
	assert_cells(cli, "/pool/64B/", "/in_flight=1/peers=4/task=echo/amount=48");

	ipcbench(cli, "advise", "peers:4", NEEDS, QUICK, "--format", "json", "--quiet");
	cli_assert_status(cli, 0);
	advice = cli_json(cli);
	assert_true(json_array_size(json_object_get(advice, "ranking")) > 0);
	json_array_foreach(json_object_get(advice, "ranking"), i, choice)
	{
		const char *cell =
			json_string_value(json_array_get(json_object_get(choice, "evidence"), 0));
		char sql[512];

		assert_non_null(strstr(cell, "/pool/64B/same_core/block/processes/peers=4/"));
		/* So many have worked, beside the dispatcher, in each round. */
		snprintf(sql, sizeof(sql),
		         "SELECT count(*) FROM (SELECT count(*) AS peers FROM peer p JOIN cell c "
		         "ON c.id=p.cell_id WHERE c.name='%s' GROUP BY p.round) WHERE peers=5",
		         cell);
		assert_true(cli_history_number(cli->history, sql) >= 8);
	}
	json_decref(advice);
}

static void what_is_too_slow_is_left_out(void **state)
{
	struct cli *cli = *state;

	ipcbench(cli, "advise", NEEDS, QUICK, "rate:900000000", "--quiet");
	cli_assert_status(cli, 3);
	cli_assert_holds(cli->out, "messages a second in its slowest round, not 900000000");
	cli_assert_holds(cli->out, "none carried 900000000 messages a second.");
}

static void what_fails_is_left_out_with_its_cause(void **state)
{
	/* 64 channels of sockets need more descriptors. */
	static const char line[] =
		"ulimit -n 60 && exec \"$0\" advise peers:32 placement:same_core "
		"must:survives,no_uring model:processes --budget 2s --quiet";
	struct cli *cli = *state;
	const char *const argv[] = {"sh", "-c", line, cli_ipcbench(), NULL};

	cli_run(cli, argv);
	/* Queues of System V, where they may be made, need none. */
	assert_true(cli->status == 0 || cli->status == 3);
	cli_assert_holds(cli->out, "unix_dgram (processes)");
	cli_assert_holds(cli->out, "not measured: no channel could be made: no descriptors are "
	                           "left: RLIMIT_NOFILE");
}

static void bad_needs_are_refused(void **state)
{
	static const struct {
		const char *need;
		const char *value;
		const char *remedy;
	} mistakes[] = {
		{"colour:blue", "colour:blue", "pattern, size, rate"},
		{"pattern", "pattern", "key:value"},
		{"pattern:gossip", "gossip", "ping_pong, stream, pool"},
		{"size:-1", "-1", "0 to 1048576"},
		{"peers:0", "0", "2 to 32"},
		{"peers:1", "1", "2 to 32"},
		{"peers:100000", "100000", "2 to 32"},
		{"must:fly", "fly", "persistence, no_uring"},
		{"for:fun", "fun", "latency, tail"},
		{"for:throughput", "throughput", "pattern:stream or pattern:pool"},
		{"wait:never", "never", "block, spin, hybrid"},
		{"model:actors", "actors", "processes, threads"},
		{"placement:moon", "moon", "same_core"},
	};
	struct cli *cli = *state;

	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		ipcbench(cli, "advise", mistakes[i].need);
		cli_assert_refused(cli, 2, mistakes[i].value, mistakes[i].remedy);
	}
	ipcbench(cli, "advise", "pattern:stream", "peers:8");
	cli_assert_refused(cli, 2, "peers '8'", "pattern:pool");
	ipcbench(cli, "advise", "peers:8", "for:latency");
	cli_assert_refused(cli, 2, "for 'latency'", "for:throughput");
}

static void on_a_terminal_it_asks(void **state)
{
	/* script(1) is the terminal; a wrong answer is asked for again. */
	static const char line[] = "printf 'stream\\n4K\\n\\n\\nfly\\nsurvives\\n\\nblock\\n"
				   "processes\\n' | script -qec \"$0 advise --dry-run\" /dev/null";
	struct cli *cli = *state;
	const char *const argv[] = {"sh", "-c", line, cli_ipcbench(), NULL};
	const char *const probe[] = {"script", "-qec", "true", "/dev/null", NULL};

	cli_run(cli, probe);
	if (cli->status != 0) {
		print_message("skipped: script(1) makes no terminal here: it is absent, or no "
		              "/dev/pts is mounted\n");
		skip();
	}
	cli_run(cli, argv);
	cli_assert_status(cli, 0);
	cli_assert_holds(cli->out, "What counts: latency, tail, throughput or cpu? [throughput]");
	cli_assert_holds(cli->out, "must 'fly' is unknown");
	cli_assert_holds(cli->out, "  survives        others survive a death");
	cli_assert_holds(cli->out, "  persistence     messages outlive all peers");
	cli_assert_holds(cli->out, "/stream/4096B/");
	assert_null(strstr(cli->out, "/threads"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_advise_tests[] = {
	TEST(a_ranking_is_of_measured_cells_that_keep_what_must_hold),
	TEST(what_is_stored_is_not_measured_again),
	TEST(a_run_is_evidence_if_it_has_enough_rounds),
	TEST(what_none_promises_is_recommended_by_nobody),
	TEST(several_peers_are_judged_by_cells_that_have_so_many),
	TEST(what_is_too_slow_is_left_out),
	TEST(what_fails_is_left_out_with_its_cause),
	TEST(bad_needs_are_refused),
	TEST(on_a_terminal_it_asks),
};
const size_t cli_advise_tests_count = sizeof(cli_advise_tests) / sizeof(cli_advise_tests[0]);
