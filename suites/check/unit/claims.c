/* SPDX-License-Identifier: MIT */
/* suites/check/unit/claims.c - tests of suites/bench/claims.c, on trials that are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites/bench/claims.h"

#define ROUNDS 5u

static struct trial *trial;
static struct claim claims[CLAIMS_COUNT];

static int make_trial(void **state)
{
	(void)state;
	trial = calloc(1, sizeof(*trial));
	return trial ? 0 : -1;
}

static int free_trial(void **state)
{
	(void)state;
	free(trial);
	return 0;
}

/* Adds a cell that does as many tasks a second in each round. */
static void add_cell(const char *transport, const char *model, const char *task, double tasks_per_s)
{
	struct trial_cell *cell = &trial->cells[trial->cells_count++];

	snprintf(cell->cell.transport, sizeof(cell->cell.transport), "%s", transport);
	snprintf(cell->cell.model, sizeof(cell->cell.model), "%s", model);
	snprintf(cell->cell.params, sizeof(cell->cell.params), "peers=8/task=%s", task);
	snprintf(cell->cell.name, sizeof(cell->cell.name), "%s/pool/%s/%s", transport, model, task);
	cell->rounds = ROUNDS;
	for (uint32_t i = 0; i < TRIAL_ROUNDS_MAX; i++) {
		cell->tasks_per_s[i] = i < ROUNDS ? tasks_per_s : NAN;
		cell->cpu_ns[i] = i < ROUNDS ? 1000.0 : NAN;
		cell->others_cpus[i] = i < ROUNDS ? 0.05 : NAN;
	}
}

static void add_fact(struct experiment_run *run, const char *name, double value)
{
	experiment_add(run, value, "%s", name);
}

static const struct claim *judge(const char *id)
{
	claims_judge(trial, claims);
	for (size_t i = 0; i < CLAIMS_COUNT; i++) {
		if (strcmp(claims[i].id, id) == 0)
			return &claims[i];
	}
	fail_msg("there is no claim '%s'", id);
	return NULL;
}

static struct experiment_run *experiment(const char *name)
{
	for (size_t i = 0; experiment_at(i); i++) {
		if (strcmp(experiment_at(i)->name, name) == 0)
			return &trial->experiments[i];
	}
	fail_msg("there is no experiment '%s'", name);
	return NULL;
}

static double fact(const struct claim *claim, const char *name)
{
	for (size_t i = 0; i < claim->facts_count; i++) {
		if (strcmp(claim->facts[i].name, name) == 0)
			return claim->facts[i].value;
	}
	return NAN;
}

/* What two free CPUs show: 1.9 times for threads and processes, nothing under the lock. */
static void add_two_cpus(double gil)
{
	add_cell("loopback", "threads", "fibonacci", 100);
	add_cell("heap", "threads", "fibonacci", 190);
	add_cell("heap", "gil", "fibonacci", gil);
	add_cell("pipe", "processes", "fibonacci", 190);
	add_cell("shm_ring", "processes", "fibonacci", 195);
}

static void an_empty_trial_tells_nothing(void **state)
{
	(void)state;
	claims_judge(trial, claims);
	for (size_t i = 0; i < CLAIMS_COUNT; i++)
		assert_string_equal(claim_verdict_text(claims[i].verdict), "cannot be told");
}

static void a_lock_that_stops_scaling_is_told_by_its_speedup(void **state)
{
	const struct claim *claim;

	(void)state;
	add_two_cpus(101);
	claim = judge("lock_stops_cpu_scaling");
	assert_int_equal(claim->verdict, CLAIM_HOLDS);
	assert_float_equal(fact(claim, "gil_speedup"), 1.01, 1e-9);
	assert_float_equal(fact(claim, "threads_speedup"), 1.9, 1e-9);
	assert_true(claim->cells_count >= 3);
	assert_int_equal(judge("processes_scale")->verdict, CLAIM_HOLDS);
}

static void a_lock_that_does_not_stop_it_is_told_too(void **state)
{
	(void)state;
	add_two_cpus(150);
	assert_int_equal(judge("lock_stops_cpu_scaling")->verdict, CLAIM_DOES_NOT_HOLD);
}

static void rounds_that_others_disturb_count_for_nothing(void **state)
{
	const struct claim *claim;

	(void)state;
	add_two_cpus(101);
	/* In the first two rounds others use a CPU: what these show isn't the lock's doing. */
	for (uint32_t i = 0; i < 2; i++) {
		trial->cells[0].others_cpus[i] = 1.0;
		trial->cells[2].tasks_per_s[i] = 300;
		trial->cells[4].tasks_per_s[i] = 50;
	}
	claim = judge("lock_stops_cpu_scaling");
	assert_int_equal(claim->verdict, CLAIM_HOLDS);
	assert_float_equal(fact(claim, "gil_speedup"), 1.01, 1e-9);
	assert_float_equal(fact(claim, "undisturbed_rounds_count"), 3, 0);
	assert_int_equal(judge("processes_scale")->verdict, CLAIM_HOLDS);

	trial->cells[1].others_cpus[2] = 0.5;
	claim = judge("lock_stops_cpu_scaling");
	assert_int_equal(claim->verdict, CLAIM_CANNOT_BE_TOLD);
	assert_non_null(strstr(claim->reason, "in 2 of 5 rounds"));
}

static void one_cpu_tells_nothing_of_scaling(void **state)
{
	(void)state;
	add_two_cpus(101);
	for (uint32_t i = 0; i < ROUNDS; i++)
		trial->cells[1].tasks_per_s[i] = 102;
	assert_int_equal(judge("lock_stops_cpu_scaling")->verdict, CLAIM_CANNOT_BE_TOLD);
	assert_int_equal(judge("processes_scale")->verdict, CLAIM_CANNOT_BE_TOLD);
	assert_non_null(strstr(judge("processes_scale")->reason, "no two whole CPUs"));
}

static void downloads_scale_from_six_of_eight_on(void **state)
{
	(void)state;
	add_cell("loopback", "threads", "http", 48);
	add_cell("heap", "threads", "http", 370);
	add_cell("heap", "gil", "http", 370);
	add_cell("pipe", "processes", "http", 370);
	assert_int_equal(judge("io_scales")->verdict, CLAIM_HOLDS);
	for (uint32_t i = 0; i < ROUNDS; i++)
		trial->cells[2].tasks_per_s[i] = 200;
	assert_int_equal(judge("io_scales")->verdict, CLAIM_DOES_NOT_HOLD);
}

static void a_race_needs_a_loss_and_twins_without_one(void **state)
{
	struct experiment_run *race = experiment("race");

	(void)state;
	add_fact(race, "mutex_lost_count", 0);
	add_fact(race, "atomic_lost_count", 0);
	add_fact(race, "message_lost_count", 0);
	assert_int_equal(judge("shared_heap_races")->verdict, CLAIM_CANNOT_BE_TOLD);
	add_fact(race, "unsynchronised_lost_count", 0);
	assert_int_equal(judge("shared_heap_races")->verdict, CLAIM_CANNOT_BE_TOLD);
	race->facts[3].value = 7;
	assert_int_equal(judge("shared_heap_races")->verdict, CLAIM_HOLDS);
	race->facts[0].value = 1;
	assert_int_equal(judge("shared_heap_races")->verdict, CLAIM_DOES_NOT_HOLD);
}

static void a_crash_noticed_late_or_with_a_loss_is_not_isolated(void **state)
{
	static const char *const ways[] = {"segv", "abort", "kill", "memory"};
	struct experiment_run *run = experiment("isolation");
	char name[EXPERIMENT_NAME_BYTES];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s_processes_survivors_count", ways[i]);
		add_fact(run, name, 3);
		snprintf(name, sizeof(name), "%s_processes_lost_tasks_count", ways[i]);
		add_fact(run, name, 0);
		snprintf(name, sizeof(name), "%s_processes_noticed_ms", ways[i]);
		add_fact(run, name, 12);
		snprintf(name, sizeof(name), "%s_threads_survivors_count", ways[i]);
		add_fact(run, name, 0);
	}
	assert_int_equal(judge("crash_isolated")->verdict, CLAIM_HOLDS);
	run->facts[2].value = 101;
	assert_int_equal(judge("crash_isolated")->verdict, CLAIM_DOES_NOT_HOLD);
	run->facts[2].value = 12;
	run->facts[1].value = 1;
	assert_int_equal(judge("crash_isolated")->verdict, CLAIM_DOES_NOT_HOLD);
}

static void the_model_is_held_against_cpython_where_there_is_one(void **state)
{
	struct experiment_run *background = experiment("background");

	(void)state;
	add_two_cpus(100);
	add_cell("loopback", "threads", "http", 48);
	add_cell("heap", "gil", "http", 380);
	add_fact(background, "caller_share_beside_gil_that_computes_percent", 50);
	add_fact(experiment("convoy"), "gil_request_beside_work_us", 5100);
	snprintf(trial->python_why, sizeof(trial->python_why), "python3: not found");
	assert_int_equal(judge("gil_model")->verdict, CLAIM_CANNOT_BE_TOLD);
	assert_non_null(strstr(judge("gil_model")->reason, "not found"));

	trial->pythons_count = 1;
	trial->pythons[0] = (struct trial_python){.name = "cpython", .version = "3.11.7"};
	add_fact(&trial->pythons[0].facts, "caller_share_beside_thread_that_computes_percent", 47);
	add_fact(&trial->pythons[0].facts, "background_others_cpus", 0.01);
	add_fact(&trial->pythons[0].facts, "request_beside_work_us", 5300);
	add_cell("cpython_alone", "threads", "fibonacci", 80);
	add_cell("cpython_threading", "threads", "fibonacci", 78);
	add_cell("cpython_alone", "threads", "http", 45);
	add_cell("cpython_threading", "threads", "http", 350);
	assert_int_equal(judge("gil_model")->verdict, CLAIM_HOLDS);

	/* A lock that is given back at once: requests show it. */
	experiment("convoy")->facts[0].value = 20;
	assert_int_equal(judge("gil_model")->verdict, CLAIM_DOES_NOT_HOLD);
	assert_non_null(strstr(judge("gil_model")->reason, "short requests"));
	experiment("convoy")->facts[0].value = 5100;

	/* Twice as fast under two threads: this CPython has no such lock. */
	for (uint32_t i = 0; i < ROUNDS; i++)
		trial->cells[8].tasks_per_s[i] = 150;
	assert_int_equal(judge("gil_model")->verdict, CLAIM_DOES_NOT_HOLD);
	assert_non_null(strstr(judge("gil_model")->reason, "work for the CPU"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_trial, free_trial)

const struct CMUnitTest unit_claims_tests[] = {
	TEST(an_empty_trial_tells_nothing),
	TEST(a_lock_that_stops_scaling_is_told_by_its_speedup),
	TEST(a_lock_that_does_not_stop_it_is_told_too),
	TEST(rounds_that_others_disturb_count_for_nothing),
	TEST(one_cpu_tells_nothing_of_scaling),
	TEST(downloads_scale_from_six_of_eight_on),
	TEST(a_race_needs_a_loss_and_twins_without_one),
	TEST(a_crash_noticed_late_or_with_a_loss_is_not_isolated),
	TEST(the_model_is_held_against_cpython_where_there_is_one),
};
const size_t unit_claims_tests_count = sizeof(unit_claims_tests) / sizeof(unit_claims_tests[0]);
