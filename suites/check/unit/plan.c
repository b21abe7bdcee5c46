/* SPDX-License-Identifier: MIT */
/* suites/check/unit/plan.c - tests of workloads/plan.c and workloads/cell.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "workloads/placement.h"
#include "workloads/plan.h"
#include "workloads/workload.h"

static struct plan *plan;

static void make(const char *const *filters)
{
	struct request request;
	char why[1024];

	request_init(&request);
	for (; *filters; filters++)
		assert_int_equal(request_add(&request, *filters, why, sizeof(why)), 0);
	assert_int_equal(plan_create(&plan, &request), 0);
}

#define MAKE(...) make((const char *const[]){__VA_ARGS__, NULL})

static int drop(void **state)
{
	(void)state;
	plan_destroy(plan);
	plan = NULL;
	return 0;
}

static void a_cells_name_selects_that_cell_again(void **state)
{
	char before[RUN_CELL_BYTES];
	char after[RUN_CELL_BYTES];

	(void)state;
	MAKE("pipe/stream/100B/unpinned/block/threads/in_flight=7/touch=header");
	assert_int_equal(plan->cells_count, 1);
	cell_name(&plan->cells[0], before, sizeof(before));
	assert_string_equal(before,
	                    "pipe/stream/100B/unpinned/block/threads/in_flight=7/touch=header");
	plan_destroy(plan);
	MAKE(before);
	cell_name(&plan->cells[0], after, sizeof(after));
	assert_string_equal(after, before);
}

static void a_name_holds_only_what_differs_from_its_default(void **state)
{
	char name[RUN_CELL_BYTES];

	(void)state;
	MAKE("pipe/ping_pong/64B/same_core/block/processes/touch=full");
	cell_name(&plan->cells[0], name, sizeof(name));
	assert_string_equal(name, "pipe/ping_pong/64B/same_core/block/processes");
}

/* Many large ones would measure the page allocator: fewer are made, and told. */
static void a_cell_tells_the_slots_that_its_channel_has(void **state)
{
	static const struct {
		const char *name;
		uint32_t in_flight;
	} rows[] = {
		{"pipe/stream/64B/unpinned/block/processes", 64},
		{"pipe/stream/1M/unpinned/block/processes", 8},
		{"pipe/stream/16M/unpinned/block/processes", 2},
		{"pipe/stream/1M/unpinned/block/processes/in_flight=9", 9},
		{"pipe/ping_pong/1M/unpinned/block/processes", 1},
	};
	struct ipc_channel_options options;
	struct run_cell told;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		MAKE(rows[i].name);
		assert_int_equal(plan->cells_count, 1);
		cell_describe(&plan->cells[0], &told);
		assert_int_equal(told.in_flight, rows[i].in_flight);
		cell_channel_options(&plan->cells[0], 0, &options);
		assert_true(told.in_flight == 1 || options.slot_count == told.in_flight);
		drop(state);
	}
}

static void a_cell_that_two_filters_select_is_planned_once(void **state)
{
	(void)state;
	MAKE("pipe/ping_pong/64B/same_core/block/processes",
	     "pipe/ping_pong/*/same_core/block/processes", "size:64");
	assert_int_equal(plan->cells_count, 1);
}

static void key_filters_narrow_cell_names(void **state)
{
	(void)state;
	MAKE("pipe/*", "size:64", "wait:block", "model:threads", "workload:stream",
	     "placement:same_core", "in_flight:64", "touch:full");
	assert_int_equal(plan->cells_count, 1);
}

static void peers_that_share_a_core_never_spin(void **state)
{
	(void)state;
	MAKE("transport:pipe");
	for (size_t i = 0; i < plan->cells_count; i++)
		assert_false(plan->cells[i].values[CELL_WAIT] == IPC_WAIT_SPIN &&
		             plan->cells[i].values[CELL_PLACEMENT] == PLACEMENT_SAME_CORE);
	assert_int_equal(plan->skips_count, 0);
	plan_destroy(plan);
	MAKE("transport:pipe", "wait:spin", "placement:same_core", "workload:stream");
	assert_int_equal(plan->cells_count, 0);
	assert_int_equal(plan->skips_count, 1);
	assert_int_equal(plan->skips[0].verdict, CELL_IMPOSSIBLE);
	plan_destroy(plan);
	MAKE("transport:pipe", "wait:hybrid", "placement:same_core", "workload:stream");
	assert_int_equal(plan->cells_count, 1);
	{
		struct ipc_channel_options options;

		cell_channel_options(&plan->cells[0], 20000, &options);
		assert_int_equal(options.spin_ns, 0);
	}
}

static void the_loopback_runs_as_one_thread_that_is_both_ends(void **state)
{
	char name[RUN_CELL_BYTES];

	(void)state;
	MAKE("transport:loopback", "workload:ping_pong");
	assert_int_equal(plan->cells_count, 1);
	cell_name(&plan->cells[0], name, sizeof(name));
	assert_string_equal(name, "loopback/ping_pong/64B/unpinned/spin/threads");
}

static void what_was_named_and_cannot_be_is_skipped_with_its_cause(void **state)
{
	(void)state;
	MAKE("transport:loopback,pipe", "model:processes", "workload:ping_pong", "wait:block",
	     "placement:same_core");
	assert_int_equal(plan->cells_count, 1);
	assert_int_equal(plan->skips_count, 1);
	assert_string_equal(plan->skips[0].cell.transport->name, "loopback");
	assert_true(strlen(plan->skips[0].reason) > 0);
}

static void an_excluded_value_is_neither_planned_nor_skipped(void **state)
{
	(void)state;
	MAKE("transport:pipe", "!workload:stream", "!placement:cross_core");
	assert_true(plan->cells_count > 0);
	for (size_t i = 0; i < plan->cells_count; i++)
		assert_string_equal(plan->cells[i].workload->name, "ping_pong");
}

#define TEST(name) cmocka_unit_test_teardown(name, drop)
const struct CMUnitTest unit_plan_tests[] = {
	TEST(a_cells_name_selects_that_cell_again),
	TEST(a_name_holds_only_what_differs_from_its_default),
	TEST(a_cell_tells_the_slots_that_its_channel_has),
	TEST(a_cell_that_two_filters_select_is_planned_once),
	TEST(key_filters_narrow_cell_names),
	TEST(peers_that_share_a_core_never_spin),
	TEST(the_loopback_runs_as_one_thread_that_is_both_ends),
	TEST(what_was_named_and_cannot_be_is_skipped_with_its_cause),
	TEST(an_excluded_value_is_neither_planned_nor_skipped),
};
const size_t unit_plan_tests_count = sizeof(unit_plan_tests) / sizeof(unit_plan_tests[0]);
