/* SPDX-License-Identifier: MIT */
/* suites/check/unit/request.c - tests of workloads/request.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "workloads/request.h"

static struct request request;
static char why[1024];

static int add(const char *filter)
{
	request_init(&request);
	why[0] = '\0';
	return request_add(&request, filter, why, sizeof(why));
}

static void numbers_take_k_and_m(void **state)
{
	static const struct {
		const char *text;
		int ret;
		uint64_t value;
	} rows[] = {
		{"0", 0, 0},          {"64", 0, 64},        {"4K", 0, 4096},
		{"1M", 0, 1048576},   {"", -EINVAL, 0},     {"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},   {" 1", -EINVAL, 0},   {"1x", -EINVAL, 0},
		{"0x10", -EINVAL, 0}, {"1e9", -EINVAL, 0},  {"1KK", -EINVAL, 0},
		{"K", -EINVAL, 0},    {"1.5K", -EINVAL, 0}, {"99999999999999999999", -EINVAL, 0},
		{"2M", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 0;

		assert_int_equal(request_parse_number(rows[i].text, 0, 1 << 20, &value),
		                 rows[i].ret);
		assert_int_equal(value, rows[i].value);
	}
}

static void a_range_holds_its_ends_and_the_powers_between(void **state)
{
	static const uint64_t wanted[] = {48, 64, 128, 200};

	(void)state;
	assert_int_equal(add("size:48..200"), 0);
	assert_int_equal(request.filters.keys[CELL_SIZE].count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(request.filters.keys[CELL_SIZE].values[i], wanted[i]);
}

static void a_size_may_be_written_as_in_a_cells_name(void **state)
{
	(void)state;
	assert_int_equal(add("size:64B"), 0);
	assert_int_equal(request.filters.keys[CELL_SIZE].values[0], 64);
}

static void a_glob_selects_names_and_one_that_matches_none_is_refused(void **state)
{
	(void)state;
	assert_int_equal(add("placement:*_core"), 0);
	assert_int_equal(request.filters.keys[CELL_PLACEMENT].count, 2);
	assert_int_equal(add("placement:north*"), -EINVAL);
	assert_non_null(strstr(why, "north*"));
	assert_non_null(strstr(why, "same_core"));
}

static void an_exclamation_mark_excludes(void **state)
{
	(void)state;
	assert_int_equal(add("!placement:unpinned"), 0);
	assert_int_equal(request.filters.keys[CELL_PLACEMENT].count, 0);
	assert_int_equal(request.excluded.keys[CELL_PLACEMENT].count, 1);
}

static void rounds_and_time_are_settings_of_the_run(void **state)
{
	(void)state;
	assert_int_equal(add("rounds:7"), 0);
	assert_int_equal(request.rounds, 7);
	assert_int_equal(add("time_ms:20"), 0);
	assert_int_equal(request.time_ms, 20);
	assert_int_equal(add("rounds:0"), -EINVAL);
	assert_int_equal(add("rounds:1001"), -EINVAL);
}

static void a_cell_name_selects_each_of_its_parts(void **state)
{
	const struct selection *name = &request.names[0];

	(void)state;
	assert_int_equal(add("pipe/ping_pong/100B/same_core/block/processes/touch=header"), 0);
	assert_int_equal(request.names_count, 1);
	assert_int_equal(name->keys[CELL_SIZE].values[0], 100);
	for (enum cell_key key = 0; key < CELL_KEYS_NAMED; key++)
		assert_int_equal(name->keys[key].count, 1);
	assert_int_equal(name->keys[CELL_TOUCH].count, 1);
	assert_int_equal(name->keys[CELL_IN_FLIGHT].count, 0);
}

static void a_final_star_stands_for_all_further_parts(void **state)
{
	(void)state;
	assert_int_equal(add("pipe/*"), 0);
	assert_int_equal(request.names[0].keys[CELL_MODEL].count, 2);
	assert_int_equal(add("pipe/ping_pong"), -EINVAL);
	assert_non_null(strstr(why, "pipe/ping_pong"));
}

static void mistakes_name_the_value_and_the_remedy(void **state)
{
	static const struct {
		const char *filter;
		const char *value;
		const char *remedy;
	} rows[] = {
		{"transprot:pipe", "transprot", "transport"},
		{"transport:pip", "pip", "pipe"},
		{"size:-1", "-1", "decimal"},
		{"size:4096..64", "4096..64", "range"},
		{"size:,64", "size", "size:VALUE"},
		{"pipe", "pipe", "key:value"},
		{"pipe/ping_pong/64B/same_core/block/processes/speed=9", "speed", "key"},
		{"pipe/ping_pong/64B/same_core/block/processes/touch", "touch", "key=value"},
		{"wait:sleep", "sleep", "block"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(add(rows[i].filter), -EINVAL);
		assert_non_null(strstr(why, rows[i].value));
		assert_non_null(strstr(why, rows[i].remedy));
		assert_null(strchr(why, '\n'));
	}
}

const struct CMUnitTest unit_request_tests[] = {
	cmocka_unit_test(numbers_take_k_and_m),
	cmocka_unit_test(a_range_holds_its_ends_and_the_powers_between),
	cmocka_unit_test(a_size_may_be_written_as_in_a_cells_name),
	cmocka_unit_test(a_glob_selects_names_and_one_that_matches_none_is_refused),
	cmocka_unit_test(an_exclamation_mark_excludes),
	cmocka_unit_test(rounds_and_time_are_settings_of_the_run),
	cmocka_unit_test(a_cell_name_selects_each_of_its_parts),
	cmocka_unit_test(a_final_star_stands_for_all_further_parts),
	cmocka_unit_test(mistakes_name_the_value_and_the_remedy),
};
const size_t unit_request_tests_count = sizeof(unit_request_tests) / sizeof(unit_request_tests[0]);
