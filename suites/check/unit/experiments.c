/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/experiments.c - tests of the experiments in workloads/experiments/.
 *
 * In their quick form: that they find what they look for, not how long it takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/clock.h"
#include "workloads/experiments/experiment.h"

/* The last experiment's facts. */
static struct experiment_run run;

static void play(const struct experiment *experiment)
{
	run = (struct experiment_run){
		.seed = 1, .is_quick = true, .deadline_ns = clock_now_ns() + 30 * NS_PER_S};
	if (experiment->run(&run) < 0)
		fail_msg("%s: %s", experiment->name, run.why);
	assert_true(run.facts_count > 0 && run.facts_count < EXPERIMENT_FACTS_MAX);
	for (size_t i = 0; i < run.facts_count; i++) {
		print_message("%s %.3f\n", run.facts[i].name, run.facts[i].value);
		assert_true(isfinite(run.facts[i].value));
	}
}

static double value(const char *name)
{
	double found = experiment_value(&run, name);

	if (isnan(found))
		fail_msg("there is no fact '%s'", name);
	return found;
}

static void every_way_to_make_a_peer_is_timed(void **state)
{
	(void)state;
	play(&experiment_spawn);
	assert_true(value("pthread_create_2_mib_us") > 0);
	assert_true(value("fork_64_mib_us") > 0);
	assert_true(value("vfork_64_mib_us") > 0);
	assert_true(value("posix_spawn_2_mib_us") > 0);
	assert_true(value("fork_exec_64_mib_us") > 0);
}

static void a_peer_weighs_what_it_touches(void **state)
{
	(void)state;
	play(&experiment_memory);
	assert_true(value("process_touched_1_peers_uss_kib") -
	                    value("process_made_1_peers_uss_kib") >=
	            1000);
	/* Not PSS: it falls with each process that maps the same libraries meanwhile. */
	assert_true(value("thread_touched_1_peers_uss_kib") >= 1000);
}

static void peers_wake_each_other_by_each_means(void **state)
{
	(void)state;
	play(&experiment_context_switch);
	assert_true(value("futex_same_core_threads_round_trip_ns") > 0);
	assert_true(value("eventfd_same_core_processes_round_trip_ns") > 0);
	assert_true(value("pipe_same_core_processes_round_trip_ns") > 0);
}

static void ten_terms_come_from_the_background(void **state)
{
	(void)state;
	play(&experiment_background);
	assert_true(value("thread_start_held_caller_us") > 0);
	assert_true(value("process_ten_terms_joined_us") > 0);
	assert_true(value("caller_share_beside_gil_that_computes_percent") > 0);
}

static void under_one_lock_a_short_request_waits_for_its_turn(void **state)
{
	(void)state;
	play(&experiment_convoy);
	assert_true(value("thread_request_alone_us") > 0);
	assert_true(value("thread_request_beside_work_us") > 0);
	/* On a busy machine the other may be late to take the lock, but not each time. */
	assert_true(value("gil_request_beside_work_held_up_percent") > 0);
}

static void no_twin_of_the_race_loses_an_addition(void **state)
{
	(void)state;
	play(&experiment_race);
	assert_float_equal(value("mutex_lost_count"), 0, 0);
	assert_float_equal(value("atomic_lost_count"), 0, 0);
	assert_float_equal(value("message_lost_count"), 0, 0);
	assert_float_equal(value("own_on_one_line_lost_count"), 0, 0);
	assert_float_equal(value("own_apart_lost_count"), 0, 0);
	if (isnan(experiment_value(&run, "unsynchronised_lost_count")))
		assert_non_null(strstr(run.why, "sanitizer"));
}

static void processes_survive_a_crash_and_threads_do_not(void **state)
{
	static const char *const ways[] = {"segv", "abort", "kill", "memory"};
	char name[EXPERIMENT_NAME_BYTES];

	(void)state;
	play(&experiment_isolation);
	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s_processes_survivors_count", ways[i]);
		assert_float_equal(value(name), 3, 0);
		snprintf(name, sizeof(name), "%s_processes_lost_tasks_count", ways[i]);
		assert_float_equal(value(name), 0, 0);
		snprintf(name, sizeof(name), "%s_threads_survivors_count", ways[i]);
		assert_float_equal(value(name), 0, 0);
		snprintf(name, sizeof(name), "%s_threads_lost_tasks_count", ways[i]);
		assert_true(value(name) > 0);
		snprintf(name, sizeof(name), "%s_gil_lost_tasks_count", ways[i]);
		assert_true(value(name) > 0);
	}
}

static void the_median_is_the_middle_value(void **state)
{
	uint64_t values[] = {9, 1, 5};

	(void)state;
	assert_int_equal(experiment_median(values, 3), 5);
}

const struct CMUnitTest unit_experiments_tests[] = {
	cmocka_unit_test(every_way_to_make_a_peer_is_timed),
	cmocka_unit_test(a_peer_weighs_what_it_touches),
	cmocka_unit_test(peers_wake_each_other_by_each_means),
	cmocka_unit_test(ten_terms_come_from_the_background),
	cmocka_unit_test(under_one_lock_a_short_request_waits_for_its_turn),
	cmocka_unit_test(no_twin_of_the_race_loses_an_addition),
	cmocka_unit_test(processes_survive_a_crash_and_threads_do_not),
	cmocka_unit_test(the_median_is_the_middle_value),
};
const size_t unit_experiments_tests_count =
	sizeof(unit_experiments_tests) / sizeof(unit_experiments_tests[0]);
