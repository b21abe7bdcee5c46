/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/json.c - what other programs read: `list --format json`, the lines of
 * `run --format jsonl`, and names that select the same cell again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "suites/check/cli/cli.h"

static void assert_is_text_array(const json_t *object, const char *key)
{
	const json_t *array = json_object_get(object, key);
	const json_t *item;
	size_t i;

	if (!json_is_array(array))
		fail_msg("'%s' is not an array", key);
	json_array_foreach(array, i, item) assert_true(json_is_string(item));
}

static bool array_has(const json_t *array, const char *text)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		if (strcmp(json_string_value(item), text) == 0)
			return true;
	}
	return false;
}

/* Returns the element of an array whose "name" is this, or null. */
static const json_t *find_named(const json_t *array, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
	{
		if (strcmp(cli_json_text(item, "name"), name) == 0)
			return item;
	}
	return NULL;
}

/* Returns the line of this type whose "cell" is this, or null. */
static const json_t *find_line(const json_t *lines, const char *type, const char *cell)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		if (strcmp(cli_json_text(line, "type"), type) == 0 &&
		    strcmp(cli_json_text(line, "cell"), cell) == 0)
			return line;
	}
	return NULL;
}

static size_t count_lines(const json_t *lines, const char *type)
{
	size_t count = 0;
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line) count += strcmp(cli_json_text(line, "type"), type) == 0;
	return count;
}

static void list_describes_each_transport(void **state)
{
	struct cli *cli = *state;
	const json_t *transports;
	const json_t *transport;
	json_t *list;
	size_t i;

	ipcbench(cli, "list", "--format", "json");
	cli_assert_status(cli, 0);
	list = cli_json(cli);

	assert_string_equal(cli_json_text(list, "schema"), "ipcbench/1");
	transports = json_object_get(list, "transports");
	assert_true(json_array_size(transports) > 0);
	json_array_foreach(transports, i, transport)
	{
		const json_t *available = json_object_get(transport, "available");

		assert_ptr_equal(find_named(transports, cli_json_text(transport, "name")),
		                 transport);
		cli_json_text(transport, "summary");
		assert_is_text_array(transport, "caps");
		assert_is_text_array(transport, "models");
		assert_is_text_array(transport, "waits");
		assert_true(json_is_boolean(available));
		if (json_is_true(available))
			assert_true(json_is_null(json_object_get(transport, "reason")));
		else
			cli_json_text(transport, "reason");
	}
	json_decref(list);
}

static void list_describes_each_workload(void **state)
{
	struct cli *cli = *state;
	const json_t *workloads;
	const json_t *workload;
	json_t *list;
	size_t i;

	ipcbench(cli, "list", "--format", "json");
	cli_assert_status(cli, 0);
	list = cli_json(cli);

	workloads = json_object_get(list, "workloads");
	assert_non_null(find_named(workloads, "ping_pong"));
	assert_non_null(find_named(workloads, "stream"));
	json_array_foreach(workloads, i, workload)
	{
		cli_json_text(workload, "summary");
		assert_is_text_array(workload, "needs");
	}
	json_decref(list);
}

static void list_tells_what_pipe_and_loopback_can(void **state)
{
	struct cli *cli = *state;
	const json_t *transports;
	const json_t *pipe;
	const json_t *loopback;
	json_t *list;

	ipcbench(cli, "list", "--format", "json");
	cli_assert_status(cli, 0);
	list = cli_json(cli);
	transports = json_object_get(list, "transports");
	pipe = find_named(transports, "pipe");
	loopback = find_named(transports, "loopback");

	assert_non_null(pipe);
	assert_true(json_is_true(json_object_get(pipe, "available")));
	assert_true(array_has(json_object_get(pipe, "models"), "processes"));
	assert_true(array_has(json_object_get(pipe, "waits"), "block"));
	assert_true(array_has(json_object_get(pipe, "caps"), "hangup"));
	assert_non_null(loopback);
	assert_true(json_is_true(json_object_get(loopback, "available")));
	assert_true(array_has(json_object_get(loopback, "caps"), "one_peer"));
	assert_false(array_has(json_object_get(loopback, "models"), "processes"));
	assert_false(array_has(json_object_get(loopback, "waits"), "block"));
	json_decref(list);
}

static void a_ping_pong_cell_is_one_line_with_its_quantiles(void **state)
{
	static const char *const quantiles[] = {"min", "p50", "p90", "p99", "p99.9", "max"};
	struct cli *cli = *state;
	const json_t *cell;
	const json_t *rtt;
	json_t *lines;
	double last = 0;

	ipcbench(cli, "run", CLI_QUICK, "--format", "jsonl");
	cli_assert_status(cli, 0);
	lines = cli_json_lines(cli);
	assert_int_equal(count_lines(lines, "cell"), 1);
	cell = find_line(lines, "cell", CLI_QUICK_CELL);

	assert_non_null(cell);
	assert_string_equal(cli_json_text(cell, "transport"), "pipe");
	assert_string_equal(cli_json_text(cell, "workload"), "ping_pong");
	assert_true(json_is_integer(json_object_get(cell, "size_bytes")));
	assert_int_equal(cli_json_number(cell, "size_bytes"), 64);
	assert_string_equal(cli_json_text(cell, "model"), "processes");
	assert_string_equal(cli_json_text(cell, "placement"), "same_core");
	assert_string_equal(cli_json_text(cell, "wait"), "block");
	assert_int_equal(cli_json_number(cell, "rounds"), 2);
	assert_true(cli_json_number(cell, "samples") > 0);
	assert_true(cli_json_number(cell, "batch") >= 1);
	assert_true(cli_json_number(cell, "cpu_ns_per_message") > 0);
	/* On one core each message needs a switch to its reader. */
	assert_true(cli_json_number(cell, "context_switches_per_message") > 0);
	rtt = json_object_get(cell, "rtt_ns");
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		const json_t *value = json_object_get(rtt, quantiles[i]);

		/* A quantile beyond what was sampled is null, and never 0. */
		if (json_is_null(value))
			continue;
		assert_true(cli_json_number(rtt, quantiles[i]) >= last);
		last = cli_json_number(rtt, quantiles[i]);
	}
	assert_true(cli_json_number(rtt, "min") > 0);
	assert_true(cli_json_number(rtt, "p50") > 0);
	json_decref(lines);
}

static void a_stream_cell_is_one_line_with_its_throughput(void **state)
{
	struct cli *cli = *state;
	const json_t *cell;
	json_t *lines;

	ipcbench(cli, "run", "pipe/stream/1024B/same_core/block/processes", "rounds:2", "time_ms:2",
	         "--format", "jsonl");
	cli_assert_status(cli, 0);
	lines = cli_json_lines(cli);
	cell = find_line(lines, "cell", "pipe/stream/1024B/same_core/block/processes");

	assert_non_null(cell);
	assert_true(cli_json_number(cell, "messages_per_s") > 0);
	assert_true(cli_json_number(cell, "bytes_per_s") >
	            1023 * cli_json_number(cell, "messages_per_s"));
	assert_true(cli_json_number(cell, "bytes_per_s") <
	            1025 * cli_json_number(cell, "messages_per_s"));
	assert_null(json_object_get(cell, "rtt_ns"));
	cli_json_number(cell, "cpu_ns_per_message");
	cli_json_number(cell, "context_switches_per_message");
	json_decref(lines);
}

static void what_a_transport_can_not_is_a_skip_with_its_reason(void **state)
{
	struct cli *cli = *state;
	const json_t *skip;
	json_t *lines;

	ipcbench(cli, "run", "transport:unix_seqpacket", "workload:ping_pong", "size:0,64",
	         "placement:same_core", "wait:block", "rounds:1", "time_ms:1", "--format", "jsonl");
	cli_assert_status(cli, 0);
	lines = cli_json_lines(cli);
	skip = find_line(lines, "skip", "unix_seqpacket/ping_pong/0B/same_core/block/processes");

	assert_int_equal(count_lines(lines, "cell"), 1);
	assert_int_equal(count_lines(lines, "skip"), 1);
	assert_non_null(skip);
	cli_assert_holds(cli_json_text(skip, "reason"), "empty");
	json_decref(lines);
}

static void the_name_of_a_cell_holds_only_what_is_not_default(void **state)
{
	struct cli *cli = *state;
	json_t *lines;

	ipcbench(cli, "run", CLI_QUICK, "touch:header", "--format", "jsonl");
	cli_assert_status(cli, 0);
	lines = cli_json_lines(cli);

	assert_non_null(find_line(lines, "cell", CLI_QUICK_CELL "/touch=header"));
	json_decref(lines);
}

static void the_name_of_a_cell_selects_it_again(void **state)
{
	static const char name[] = "pipe/stream/2048B/same_core/block/processes/in_flight=8";
	struct cli *cli = *state;
	json_t *lines;

	ipcbench(cli, "run", name, "rounds:1", "time_ms:1", "--format", "jsonl");
	cli_assert_status(cli, 0);
	lines = cli_json_lines(cli);

	assert_int_equal(json_array_size(lines), 1);
	assert_non_null(find_line(lines, "cell", name));
	json_decref(lines);
}

static void a_glob_selects_every_cell_that_matches(void **state)
{
	struct cli *cli = *state;
	json_t *lines;

	ipcbench(cli, "run", "pi[p]e/*/64B/same_core/block/processes", "rounds:1", "time_ms:1",
	         "--format", "jsonl");
	cli_assert_status(cli, 0);
	lines = cli_json_lines(cli);

	assert_non_null(find_line(lines, "cell", CLI_QUICK_CELL));
	assert_non_null(find_line(lines, "cell", "pipe/stream/64B/same_core/block/processes"));
	json_decref(lines);
}

static void filters_multiply_and_exclude(void **state)
{
	struct cli *cli = *state;
	json_t *lines;

	ipcbench(cli, "run", "transport:pipe", "workload:ping_pong", "size:1K..4K",
	         "placement:same_core", "!size:2K", "rounds:1", "time_ms:1", "--format", "jsonl");
	cli_assert_status(cli, 0);
	lines = cli_json_lines(cli);

	assert_int_equal(count_lines(lines, "cell"), 2);
	assert_non_null(find_line(lines, "cell", "pipe/ping_pong/1024B/same_core/block/processes"));
	assert_non_null(find_line(lines, "cell", "pipe/ping_pong/4096B/same_core/block/processes"));
	json_decref(lines);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cli_setup, cli_teardown)

const struct CMUnitTest cli_json_tests[] = {
	TEST(list_describes_each_transport),
	TEST(list_describes_each_workload),
	TEST(list_tells_what_pipe_and_loopback_can),
	TEST(a_ping_pong_cell_is_one_line_with_its_quantiles),
	TEST(a_stream_cell_is_one_line_with_its_throughput),
	TEST(what_a_transport_can_not_is_a_skip_with_its_reason),
	TEST(the_name_of_a_cell_holds_only_what_is_not_default),
	TEST(the_name_of_a_cell_selects_it_again),
	TEST(a_glob_selects_every_cell_that_matches),
	TEST(filters_multiply_and_exclude),
};
const size_t cli_json_tests_count = sizeof(cli_json_tests) / sizeof(cli_json_tests[0]);
