/* SPDX-License-Identifier: MIT */
/* suites/check/unit/pool.c - tests of workloads/pool*.c, as rounds of the workload pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "ipc/clock.h"
#include "ipc/registry.h"
#include "workloads/plan.h"
#include "workloads/pool.h"
#include "workloads/runner.h"

#define FILTERS_MAX 8

/* Plays one round of the one cell that the filters leave. Returns round_play()'s. */
static int play(const char *const *filters, size_t count, uint64_t measure_ns, void *job,
                struct run *run)
{
	const struct runner_options options = {
		.measure_ns = measure_ns,
		.warmup_ns = NS_PER_MS,
		.tick_ns = 1,
		.seed = 7,
		.stop_fd = -1,
	};
	struct run_cell description;
	struct round_request round = {.description = &description, .options = &options, .job = job};
	struct round_memory *memory = NULL;
	struct request request;
	struct plan *plan;
	char why[1024] = "";
	int ret;

	request_init(&request);
	for (size_t i = 0; i < count; i++) {
		if (request_add(&request, filters[i], why, sizeof(why)) < 0)
			fail_msg("%s", why);
	}
	assert_int_equal(plan_create(&plan, &request), 0);
	if (plan->cells_count != 1) {
		snprintf(run->failure, sizeof(run->failure), "%s",
		         plan->skips_count > 0 ? plan->skips[0].reason : "no such cell");
		plan_destroy(plan);
		return -ENOENT;
	}
	round.cell = &plan->cells[0];
	cell_describe(round.cell, &description);
	ret = round_play(&round, run, &memory);
	run->histogram = NULL; /* goes with the memory */
	round_release(memory);
	plan_destroy(plan);
	return ret;
}

#define PLAY(measure_ns, job, run, ...)                                                            \
	play((const char *const[]){__VA_ARGS__},                                                   \
	     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), measure_ns, job, run)

/* Plays the task fibonacci over every transport, in one model. Returns how many ran. */
static size_t play_everywhere(const char *model_filter, bool (*fits)(uint32_t caps))
{
	const struct ipc_transport *transport;
	size_t count = 0;

	for (size_t i = 0; (transport = registry_at(i)); i++) {
		char filter[64];
		char why[256];
		struct run run = {0};

		if (!fits(transport->caps) || transport->probe(why, sizeof(why)) < 0)
			continue;
		snprintf(filter, sizeof(filter), "transport:%s", transport->name);
		assert_int_equal(PLAY(5 * NS_PER_MS, NULL, &run, filter, model_filter,
		                      "task:fibonacci", "amount:500"),
		                 0);
		if (run.failure[0] != '\0')
			fail_msg("%s: %s", transport->name, run.failure);
		assert_true(run.messages > 0);
		count++;
	}
	return count;
}

static bool has_processes(uint32_t caps)
{
	return !(caps & IPC_CAP_ONE_PROCESS);
}

static bool has_threads(uint32_t caps)
{
	return caps & IPC_CAP_THREADS;
}

static bool has_two_threads(uint32_t caps)
{
	return has_threads(caps) && !(caps & IPC_CAP_ONE_PEER);
}

static void every_transport_carries_the_work_of_processes(void **state)
{
	(void)state;
	assert_true(play_everywhere("model:processes", has_processes) >= 5);
}

static void every_transport_carries_the_work_of_threads(void **state)
{
	(void)state;
	assert_true(play_everywhere("model:threads", has_threads) >= 5);
}

static void every_transport_carries_the_work_of_threads_under_one_lock(void **state)
{
	(void)state;
	assert_true(play_everywhere("model:gil", has_two_threads) >= 5);
}

/* A source of its own: counts what comes back. In memory that peers share. */
struct tally {
	uint64_t tasks;
	uint32_t given[4096];
	uint32_t taken[4096];
	bool is_wrong;
};

static ssize_t tally_fill(void *context, uint64_t id, void *room, size_t room_bytes)
{
	struct tally *tally = context;
	uint32_t terms = (uint32_t)(id % 300) + 1;

	if (id >= tally->tasks)
		return -ENODATA;
	if (room_bytes < sizeof(terms))
		return -EMSGSIZE;
	tally->given[id]++;
	memcpy(room, &terms, sizeof(terms));
	return sizeof(terms);
}

static int tally_take(void *context, uint64_t id, int status, const void *result, size_t bytes)
{
	struct tally *tally = context;
	uint64_t first = 1;

	tally->taken[id]++;
	if (bytes >= sizeof(first))
		memcpy(&first, result, sizeof(first));
	/* The first term is 0, where the terms come one by one. */
	if (status != 0 || bytes < sizeof(first) || (id % 300 < 94 && first != 0))
		tally->is_wrong = true;
	return 0;
}

static struct tally *tally_create(uint64_t tasks)
{
	struct tally *tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
	                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(tally, MAP_FAILED);
	tally->tasks = tasks;
	return tally;
}

static struct pool_outcome *outcome_create(void)
{
	struct pool_outcome *outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE,
	                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(outcome, MAP_FAILED);
	return outcome;
}

static void a_source_of_tasks_is_emptied_and_each_result_comes_once(void **state)
{
	struct tally *tally = tally_create(3000);
	const struct pool_source source = {tally, tally_fill, tally_take};
	struct pool_job job = {.source = &source};
	struct run run = {0};

	(void)state;
	assert_int_equal(PLAY(60 * NS_PER_S, &job, &run, "transport:pipe", "task:fibonacci",
	                      "amount:300", "peers:3"),
	                 0);
	assert_string_equal(run.failure, "");
	assert_int_equal(run.messages, 3000);
	assert_int_equal(run.peer_count, 4);
	for (size_t i = 0; i < 3000; i++) {
		assert_int_equal(tally->given[i], 1);
		assert_int_equal(tally->taken[i], 1);
	}
	assert_false(tally->is_wrong);
	munmap(tally, sizeof(*tally));
}

/* Kills a worker of three in mid-work, and counts what came back. */
static void crash_one(const char *transport_filter, enum pool_crash crash)
{
	struct tally *tally = tally_create(2000);
	struct pool_outcome *outcome = outcome_create();
	const struct pool_source source = {tally, tally_fill, tally_take};
	struct pool_job job = {
		.source = &source, .crash = crash, .crash_id = 500, .outcome = outcome};
	struct run run = {0};

	assert_int_equal(PLAY(60 * NS_PER_S, &job, &run, transport_filter, "task:fibonacci",
	                      "amount:300", "peers:3", "model:processes"),
	                 0);
	if (run.failure[0] != '\0')
		fail_msg("%s: %s", transport_filter, run.failure);
	assert_int_equal(outcome->died_count, 1);
	assert_int_equal(outcome->handed_out, 2000);
	assert_int_equal(outcome->completed, 2000);
	assert_true(outcome->repeated >= 1);
	assert_true(outcome->crashed_ns > 0 && outcome->noticed_ns >= outcome->crashed_ns);
	print_message("%s: noticed after %.1f ms, %llu tasks given to another\n", transport_filter,
	              (double)(outcome->noticed_ns - outcome->crashed_ns) / NS_PER_MS,
	              (unsigned long long)outcome->repeated);
	for (size_t i = 0; i < 2000; i++)
		assert_int_equal(tally->taken[i], 1);
	assert_false(tally->is_wrong);
	munmap(tally, sizeof(*tally));
	munmap(outcome, sizeof(*outcome));
}

static void a_crashed_worker_loses_and_doubles_nothing_on_any_transport(void **state)
{
	const struct ipc_transport *transport;

	(void)state;
	for (size_t i = 0; (transport = registry_at(i)); i++) {
		char filter[64];
		char why[256];

		if ((transport->caps & IPC_CAP_ONE_PROCESS) ||
		    transport->probe(why, sizeof(why)) < 0)
			continue;
		snprintf(filter, sizeof(filter), "transport:%s", transport->name);
		crash_one(filter, POOL_CRASH_KILL);
	}
}

static void a_worker_may_die_in_any_way(void **state)
{
	(void)state;
	crash_one("transport:pipe", POOL_CRASH_SEGV);
	crash_one("transport:pipe", POOL_CRASH_ABORT);
}

static void without_a_spare_a_crash_ends_the_pool_with_its_cause(void **state)
{
	struct pool_job job = {.crash = POOL_CRASH_KILL, .crash_id = 3};
	struct run run = {0};

	(void)state;
	assert_int_equal(PLAY(20 * NS_PER_S, &job, &run, "transport:pipe", "task:fibonacci",
	                      "amount:300", "peers:1", "model:processes"),
	                 0);
	assert_non_null(strstr(run.failure, "every worker has died"));
}

static int take_nothing_but_lies(void *context, uint64_t id, int status, const void *result,
                                 size_t bytes)
{
	(void)context;
	(void)status;
	(void)result;
	(void)bytes;
	return id < 5 ? 0 : -EBADMSG;
}

static void a_refused_result_fails_the_round(void **state)
{
	struct tally *tally = tally_create(100);
	const struct pool_source source = {tally, tally_fill, take_nothing_but_lies};
	struct pool_job job = {.source = &source};
	struct run run = {0};

	(void)state;
	assert_int_equal(PLAY(20 * NS_PER_S, &job, &run, "transport:pipe", "task:fibonacci",
	                      "amount:300", "model:processes"),
	                 0);
	assert_string_not_equal(run.failure, "");
	munmap(tally, sizeof(*tally));
}

static void pictures_are_carried_in_place_and_by_copy(void **state)
{
	static const char *const filters[][2] = {{"transport:shm_ring", "access:in_place"},
	                                         {"transport:shm_ring", "access:copy"},
	                                         {"transport:pipe", "access:copy"}};
	struct run run = {0};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(PLAY(5 * NS_PER_MS, NULL, &run, filters[i][0], filters[i][1],
		                      "task:image", "amount:320"),
		                 0);
		assert_string_equal(run.failure, "");
		/* What is carried is counted, not the room for it. */
		assert_in_range(run.bytes / run.messages, 320 * 240 * 3 + 160 * 120,
		                320 * 240 * 3 + 160 * 120 + 200);
	}
}

static void every_task_gives_what_one_thread_alone_gives(void **state)
{
	static const char *const models[] = {"model:processes", "model:threads", "model:gil"};
	const struct task *task;

	(void)state;
	for (size_t i = 0; (task = task_at(i)); i++) {
		char filter[64];
		char why[256];

		if (task->probe && task->probe(why, sizeof(why)) < 0) {
			print_message("%s: %s\n", task->name, why);
			continue;
		}
		snprintf(filter, sizeof(filter), "task:%s", task->name);
		for (size_t m = 0; m < 3; m++) {
			struct run run = {0};

			assert_int_equal(PLAY(5 * NS_PER_MS, NULL, &run, "transport:unix_seqpacket",
			                      filter, models[m], "amount:4", "peers:3"),
			                 0);
			if (run.failure[0] != '\0')
				fail_msg("%s, %s: %s", task->name, models[m], run.failure);
			assert_true(run.messages > 0);
		}
	}
}

static void a_worker_never_has_more_than_its_credit(void **state)
{
	const struct ipc_transport *pipe = registry_find("pipe");
	struct cell cell = {.transport = pipe};

	(void)state;
	assert_non_null(pipe);
	cell.values[CELL_TASK] = CELL_TASK_NONE + 1;
	cell.values[CELL_PEERS] = 2;
	cell.values[CELL_IN_FLIGHT] = 4;
	cell.values[CELL_SIZE] = 1000;
	assert_int_equal(pool_credit(&cell), 4);
	assert_true(pool_is_buffered(&cell));
	/* Two that wait to write to each other: never more than the pipe holds. */
	cell.values[CELL_SIZE] = 10000;
	assert_int_equal(pool_credit(&cell), 3);
	cell.values[CELL_SIZE] = 1000000;
	assert_int_equal(pool_credit(&cell), 1);
	assert_false(pool_is_buffered(&cell));
}

const struct CMUnitTest unit_pool_tests[] = {
	cmocka_unit_test(every_transport_carries_the_work_of_processes),
	cmocka_unit_test(every_transport_carries_the_work_of_threads),
	cmocka_unit_test(every_transport_carries_the_work_of_threads_under_one_lock),
	cmocka_unit_test(a_source_of_tasks_is_emptied_and_each_result_comes_once),
	cmocka_unit_test(a_crashed_worker_loses_and_doubles_nothing_on_any_transport),
	cmocka_unit_test(a_worker_may_die_in_any_way),
	cmocka_unit_test(without_a_spare_a_crash_ends_the_pool_with_its_cause),
	cmocka_unit_test(a_refused_result_fails_the_round),
	cmocka_unit_test(pictures_are_carried_in_place_and_by_copy),
	cmocka_unit_test(every_task_gives_what_one_thread_alone_gives),
	cmocka_unit_test(a_worker_never_has_more_than_its_credit),
};
const size_t unit_pool_tests_count = sizeof(unit_pool_tests) / sizeof(unit_pool_tests[0]);
