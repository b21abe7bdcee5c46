/* SPDX-License-Identifier: MIT */
/* suites/check/unit/report.c - tests of results/report.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/claim_json.h"
#include "results/report.h"
#include "suites/check/unit/made_up.h"

/* Compared bit by bit: none of these figures rounds. */
#define assert_number(number, expected) assert_true((number) == (expected))

static struct report_builder *builder;
static struct report *report;

static int start(void **state)
{
	(void)state;
	report = NULL;
	return report_builder_create(&builder, made_up_session());
}

static int finish(void **state)
{
	(void)state;
	report_builder_destroy(builder);
	report_destroy(report);
	return 0;
}

/* Adds a round of a cell whose count values are all value. */
static int add(const struct run_cell *cell, uint32_t round, uint64_t value, uint64_t count,
               uint64_t batch)
{
	struct histogram *histogram = histogram_create(HISTOGRAM_BITS_DEFAULT);
	struct run run = {
		.cell = cell,
		.metric = RUN_ROUND_TRIP,
		.stage = 1,
		.round = round,
		.arm = "A",
		.batch = batch,
		.samples = count,
		.messages = count * batch,
		.histogram = histogram,
		.peer_count = 2,
		.peers = {{.name = "client"}, {.name = "server"}},
	};
	int ret;

	for (uint64_t i = 0; i < count; i++)
		histogram_record(histogram, value);
	run.elapsed_ns = value * count;
	run.peers[0].counters.cpu_user_ns = 100 * run.messages;
	run.peers[0].counters.cpu_system_ns = 300 * run.messages;
	run.peers[1].counters.cpu_system_ns = 50 * run.messages;
	run.peers[0].counters.voluntary_switches = run.messages;
	run.peers[1].counters.voluntary_switches = run.messages;
	run.peers[1].counters.involuntary_switches = run.messages;
	ret = report_add_run(builder, &run);
	free(histogram);
	return ret;
}

static int add_failed(const struct run_cell *cell, uint32_t round, const char *failure)
{
	struct run run = {.cell = cell, .metric = RUN_ROUND_TRIP, .round = round, .batch = 0};

	snprintf(run.failure, sizeof(run.failure), "%s", failure);
	return report_add_run(builder, &run);
}

static void a_quantile_is_the_median_over_rounds(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");
	const struct report_cell *sum;

	(void)state;
	/* Not in order; the mean of the medians would be 2120. */
	assert_int_equal(add(&cell, 2, 300, 100, 1), 0);
	assert_int_equal(add(&cell, 0, 100, 100, 1), 0);
	assert_int_equal(add(&cell, 4, 10000, 100, 1), 0);
	assert_int_equal(add(&cell, 1, 200, 100, 1), 0);
	assert_int_equal(add(&cell, 3, 0, 100, 1), 0);
	assert_int_equal(report_build(&report, builder), 0);
	assert_int_equal(report->cells_count, 1);
	sum = &report->cells[0];
	assert_int_equal(sum->rounds, 5);
	assert_int_equal(sum->samples, 500);
	assert_number(sum->quantiles_ns[0].median, 200);
	assert_number(sum->quantiles_ns[0].low, 100);
	assert_number(sum->quantiles_ns[0].high, 300);
	assert_number(sum->min_ns, 0);
	assert_number(sum->max_ns, 10000);
	assert_number(sum->p50_ns_by_round[0], 100);
	assert_number(sum->p50_ns_by_round[3], 0);
	assert_number(sum->p50_ns_by_round[4], 10000);
}

/* Adds a round of one value to an arm of the report that is being built. */
static int add_arm(const struct run_cell *cell, const char *arm, uint64_t value, uint64_t batch)
{
	struct histogram *histogram = histogram_create(HISTOGRAM_BITS_DEFAULT);
	struct run run = {
		.cell = cell,
		.metric = RUN_ROUND_TRIP,
		.stage = 1,
		.batch = batch,
		.samples = 1,
		.messages = batch,
		.elapsed_ns = value,
		.histogram = histogram,
	};
	int ret;

	snprintf(run.arm, sizeof(run.arm), "%s", arm);
	histogram_record(histogram, value);
	ret = report_add_run(builder, &run);
	free(histogram);
	return ret;
}

static void the_arms_of_a_comparison_are_told_apart(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");
	struct session session = *made_up_session();
	char label[REPORT_LABEL_BYTES];

	(void)state;
	session.kind = "ab";
	report_builder_destroy(builder);
	assert_int_equal(report_builder_create(&builder, &session), 0);
	assert_int_equal(add_arm(&cell, "B", 400, 2), 0);
	assert_int_equal(add_arm(&cell, "A", 100, 1), 0);
	assert_int_equal(report_build(&report, builder), 0);
	assert_int_equal(report->cells_count, 2);
	assert_string_equal(report->cells[0].arm, "A");
	assert_number(report->cells[0].quantiles_ns[0].median, 100);
	assert_string_equal(report->cells[1].arm, "B");
	assert_number(report->cells[1].quantiles_ns[0].median, 200);
	report_cell_label(&report->cells[1], label, sizeof(label));
	assert_string_equal(label, "pipe/ping_pong/64B/same_core/block/processes, arm B");
}

static void block_times_are_divided_by_their_batch(void **state)
{
	struct run_cell cell = made_up_cell("loopback", "ping_pong", 8, "unpinned");

	(void)state;
	assert_int_equal(add(&cell, 0, 640, 100, 64), 0);
	assert_int_equal(report_build(&report, builder), 0);
	assert_int_equal(report->cells[0].batch, 64);
	assert_number(report->cells[0].quantiles_ns[0].median, 10);
	assert_number(report->cells[0].min_ns, 10);
	assert_number(report->cells[0].max_ns, 10);
	assert_number(report->cells[0].messages_per_s.median, 1e8);
}

static void cpu_and_switches_are_a_message_and_peer(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");
	const struct report_cell *sum;

	(void)state;
	assert_int_equal(add(&cell, 0, 1000, 100, 2), 0);
	assert_int_equal(report_build(&report, builder), 0);
	sum = &report->cells[0];
	assert_int_equal(sum->peer_count, 2);
	assert_string_equal(sum->peers[0].name, "client");
	assert_number(sum->peers[0].cpu_ns_per_message.median, 400);
	assert_number(sum->peers[1].cpu_ns_per_message.median, 50);
	assert_number(sum->cpu_ns_per_message.median, 450);
	assert_number(sum->peers[0].switches_per_message.median, 1);
	assert_number(sum->peers[1].switches_per_message.median, 2);
	assert_number(sum->switches_per_message.median, 3);
	assert_int_equal(sum->peers[1].involuntary_switches, 200);
}

static void a_quantile_is_resolved_by_20_values_beyond_it(void **state)
{
	struct run_cell few = made_up_cell("pipe", "ping_pong", 1, "same_core");
	struct run_cell enough = made_up_cell("pipe", "ping_pong", 2, "same_core");

	(void)state;
	/* 1 % of 1900 is 19 values beyond; two rounds of 1000 have 20. */
	assert_int_equal(add(&few, 0, 100, 1900, 1), 0);
	assert_int_equal(add(&enough, 0, 100, 1000, 1), 0);
	assert_int_equal(add(&enough, 1, 100, 1000, 1), 0);
	assert_int_equal(report_build(&report, builder), 0);
	assert_true(report->cells[0].is_resolved[1]);
	assert_false(report->cells[0].is_resolved[2]);
	assert_true(report->cells[1].is_resolved[2]);
	assert_false(report->cells[1].is_resolved[3]);
}

static void a_quantile_above_the_range_is_infinite(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");

	(void)state;
	assert_int_equal(add(&cell, 0, 1ull << HISTOGRAM_VALUE_LOG2_MAX, 100, 1), 0);
	assert_int_equal(add(&cell, 1, 100, 100, 1), 0);
	assert_int_equal(report_build(&report, builder), 0);
	assert_number(report->cells[0].quantiles_ns[0].median, INFINITY);
	assert_number(report->cells[0].quantiles_ns[0].low, INFINITY);
	assert_number(report->cells[0].min_ns, 100);
	assert_number(report->cells[0].max_ns, (double)(1ull << HISTOGRAM_VALUE_LOG2_MAX));
}

static void failed_rounds_are_counted_with_the_first_cause(void **state)
{
	struct run_cell some = made_up_cell("pipe", "ping_pong", 64, "same_core");
	struct run_cell all = made_up_cell("tcp", "ping_pong", 64, "same_core");

	(void)state;
	assert_int_equal(add_failed(&some, 0, "message 3 was lost"), 0);
	assert_int_equal(add(&some, 1, 100, 1000, 1), 0);
	assert_int_equal(add_failed(&some, 2, "message 4 was torn"), 0);
	assert_int_equal(add_failed(&all, 0, "the server died"), 0);
	assert_int_equal(report_build(&report, builder), 0);
	assert_int_equal(report->cells[0].rounds, 1);
	assert_int_equal(report->cells[0].rounds_failed, 2);
	assert_string_equal(report->cells[0].failure, "message 3 was lost");
	assert_true(report->cells[0].quantiles_ns[0].is_known);
	assert_int_equal(report->cells[1].rounds, 0);
	assert_int_equal(report->cells[1].rounds_failed, 1);
	assert_false(report->cells[1].quantiles_ns[0].is_known);
	assert_false(report->cells[1].cpu_ns_per_message.is_known);
}

static void throughput_has_rates_and_no_quantiles(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "stream", 1000, "same_core");
	struct run run;

	(void)state;
	assert_int_equal(made_up_run(&run, &cell, 0, 0, 1000, 1), 0);
	run.elapsed_ns = 2000000;
	assert_int_equal(report_add_run(builder, &run), 0);
	assert_int_equal(report_build(&report, builder), 0);
	assert_number(report->cells[0].messages_per_s.median, 500000);
	assert_number(report->cells[0].bytes_per_s.median, 5e8);
	assert_false(report->cells[0].quantiles_ns[0].is_known);
	assert_false(report->cells[0].is_resolved[0]);
	assert_true(isnan(report->cells[0].p50_ns_by_round[0]));
}

static void rounds_that_differ_in_batch_or_metric_are_refused(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");
	struct run run;

	(void)state;
	assert_int_equal(add(&cell, 0, 100, 100, 1), 0);
	assert_int_equal(add(&cell, 1, 100, 100, 2), -EINVAL);
	assert_int_equal(made_up_run(&run, &cell, 2, 0, 1000, 1), 0);
	assert_int_equal(report_add_run(builder, &run), -EINVAL);
	assert_int_equal(report_build(&report, builder), 0);
	assert_int_equal(report->cells[0].rounds, 1);
}

static void cells_come_in_one_order_however_they_were_added(void **state)
{
	struct run_cell cells[] = {
		made_up_cell("tcp", "stream", 64, "same_core"),
		made_up_cell("pipe", "ping_pong", 64, "same_core"),
		made_up_cell("tcp", "ping_pong", 8, "same_core"),
		made_up_cell("tcp", "ping_pong", 64, "cross_core"),
		made_up_cell("fifo", "ping_pong", 64, "same_core"),
	};
	static const size_t order[] = {3, 2, 4, 1, 0};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(add(&cells[i], 0, 100, 10, 1), 0);
		assert_int_equal(report_add_skip(builder, &cells[i], "why not"), 0);
	}
	assert_int_equal(report_build(&report, builder), 0);
	assert_int_equal(report->cells_count, 5);
	assert_int_equal(report->skips_count, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(report->cells[i].cell.name, cells[order[i]].name);
		assert_string_equal(report->skips[i].cell.name, cells[order[i]].name);
	}
}

static void a_report_outlives_its_builder_and_knows_how_the_session_ended(void **state)
{
	struct report *early;

	(void)state;
	assert_int_equal(report_build(&early, builder), 0);
	report_set_status(builder, "interrupted", 42);
	assert_int_equal(report_build(&report, builder), 0);
	report_builder_destroy(builder);
	builder = NULL;
	assert_string_equal(early->session.status, "complete");
	assert_string_equal(report->session.status, "interrupted");
	assert_int_equal(report->session.ended_ns, 42);
	assert_string_equal(report->session.argv, made_up_session()->argv);
	assert_int_equal(report->cells_count, 0);
	report_destroy(early);
}

static void a_curve_is_the_median_over_rounds_as_far_as_it_is_resolved(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "ping_pong", 64, "same_core");
	const struct report_cell *sum;

	(void)state;
	assert_int_equal(add(&cell, 0, 100, 500, 1), 0);
	assert_int_equal(add(&cell, 1, 300, 500, 1), 0);
	assert_int_equal(add(&cell, 2, 200, 500, 1), 0);
	assert_int_equal(report_build(&report, builder), 0);
	sum = &report->cells[0];
	assert_number(report_curve_beyond[2], 0.5);
	assert_number(sum->curve[2].median, sum->quantiles_ns[0].median);
	assert_number(sum->curve[2].low, sum->quantiles_ns[0].low);
	assert_number(sum->curve[0].median, 200);
	/* Of 3 rounds of 500 values, 6 each lie beyond 98.7 %, and 5 each beyond 99 %. */
	assert_true(sum->curve_count > 0);
	assert_true(report_curve_beyond[sum->curve_count - 1] * 1500 >= 20);
	assert_true(report_curve_beyond[sum->curve_count] * 1500 < 20);
}

static void rates_are_kept_by_round(void **state)
{
	struct run_cell cell = made_up_cell("pipe", "stream", 1000, "same_core");

	(void)state;
	for (uint32_t round = 3; round-- > 0;) {
		struct run run;

		assert_int_equal(made_up_run(&run, &cell, round, 0, 1000, 1), 0);
		run.elapsed_ns = 1000000 * (round + 1);
		assert_int_equal(report_add_run(builder, &run), 0);
	}
	assert_int_equal(report_build(&report, builder), 0);
	assert_number(report->cells[0].messages_per_s_by_round[0], 1e6);
	assert_number(report->cells[0].messages_per_s_by_round[1], 5e5);
	assert_null(report->cells[0].curve);
}

static void promises_and_claims_are_handed_on(void **state)
{
	struct report *whole;

	(void)state;
	assert_int_equal(made_up_report(&whole), 0);
	assert_int_equal(whole->claims_count, 3);
	assert_string_equal(whole->claims[0].id, "processes_scale");
	assert_string_equal(report_find_transport(whole, "tcp")->summary, "made-up <socket>");
	assert_null(report_find_transport(whole, "no_such"));
	assert_non_null(report_find_cell(whole, whole->claims[0].cells[0]));
	assert_null(report_find_cell(whole, whole->claims[0].cells[1]));
	report_destroy(whole);
}

static void a_claim_comes_back_from_its_json(void **state)
{
	struct report_claim *back = malloc(sizeof(*back));
	struct report *whole;

	(void)state;
	assert_non_null(back);
	assert_int_equal(made_up_report(&whole), 0);
	for (size_t i = 0; i < whole->claims_count; i++) {
		json_t *object = claim_json(&whole->claims[i]);
		char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17));

		assert_non_null(text);
		assert_int_equal(claim_parse(back, text), 0);
		assert_memory_equal(back, &whole->claims[i], sizeof(*back));
		free(text);
		json_decref(object);
	}
	report_destroy(whole);
	assert_int_equal(claim_parse(back, ""), -EBADMSG);
	assert_int_equal(claim_parse(back, "{\"id\":\"a\"}"), -EBADMSG);
	assert_int_equal(claim_parse(back, "{\"id\":\"a\",\"claim\":\"\",\"how\":\"\","
	                                   "\"verdict\":\"\",\"reason\":null,"
	                                   "\"measured\":{\"n\":\"x\"},\"cells\":[]}"),
	                 -EBADMSG);
	free(back);
}

static void many_cells_and_rounds_fit(void **state)
{
	(void)state;
	for (uint64_t size = 0; size < 100; size++) {
		struct run_cell cell = made_up_cell("pipe", "ping_pong", size, "same_core");

		for (uint32_t round = 0; round < 20; round++)
			assert_int_equal(add(&cell, round, 100 + round, 1, 1), 0);
	}
	assert_int_equal(report_build(&report, builder), 0);
	assert_int_equal(report->cells_count, 100);
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(report->cells[i].rounds, 20);
		assert_number(report->cells[i].quantiles_ns[0].median, 109.5);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

const struct CMUnitTest unit_report_tests[] = {
	CASE(a_quantile_is_the_median_over_rounds),
	CASE(the_arms_of_a_comparison_are_told_apart),
	CASE(block_times_are_divided_by_their_batch),
	CASE(cpu_and_switches_are_a_message_and_peer),
	CASE(a_quantile_is_resolved_by_20_values_beyond_it),
	CASE(a_quantile_above_the_range_is_infinite),
	CASE(failed_rounds_are_counted_with_the_first_cause),
	CASE(throughput_has_rates_and_no_quantiles),
	CASE(rounds_that_differ_in_batch_or_metric_are_refused),
	CASE(cells_come_in_one_order_however_they_were_added),
	CASE(a_report_outlives_its_builder_and_knows_how_the_session_ended),
	CASE(a_curve_is_the_median_over_rounds_as_far_as_it_is_resolved),
	CASE(rates_are_kept_by_round),
	CASE(promises_and_claims_are_handed_on),
	CASE(a_claim_comes_back_from_its_json),
	CASE(many_cells_and_rounds_fit),
};
const size_t unit_report_tests_count = sizeof(unit_report_tests) / sizeof(unit_report_tests[0]);
