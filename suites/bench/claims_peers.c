/* SPDX-License-Identifier: MIT */
/* suites/bench/claims_peers.c - judges of what peers risk and cost: races, crashes, memory, data.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "suites/bench/claim_figures.h"

/* The bars of the experiment. */
#define NOTICED_MS_AT_MOST 100.0
#define IN_PLACE_AT_LEAST 0.95
#define COPY_CPU_AT_LEAST 1.05
#define CALLER_SHARE_AT_LEAST 85.0

void claim_judge_races(const struct trial *trial, struct claim *claim)
{
	const struct experiment_run *race = trial_experiment(trial, "race");
	double lost = experiment_value(race, "unsynchronised_lost_count");
	double twins = experiment_value(race, "mutex_lost_count") +
	               experiment_value(race, "atomic_lost_count") +
	               experiment_value(race, "message_lost_count");

	claim_copy_facts(claim, race, "", "");
	claim_copy_python(trial, claim, "unsynchronised_");
	if (isnan(twins) || isnan(lost))
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD, "%s",
		             race->why[0] ? race->why : "the race was not run");
	else if (twins > 0)
		claim_decide(claim, CLAIM_DOES_NOT_HOLD,
		             "a twin with synchronisation lost additions");
	else if (lost > 0)
		claim_decide(claim, CLAIM_HOLDS, "%s", "");
	else
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD, "the two threads never met");
}

void claim_judge_crash(const struct trial *trial, struct claim *claim)
{
	static const char *const ways[] = {"segv", "abort", "kill", "memory"};
	const struct experiment_run *run = trial_experiment(trial, "isolation");
	double survivors = 0;
	double lost = 0;
	double noticed_ms = 0;
	double thread_survivors = 0;

	for (size_t i = 0; i < 4; i++) {
		char name[EXPERIMENT_NAME_BYTES];

		snprintf(name, sizeof(name), "%s_processes_survivors_count", ways[i]);
		survivors += experiment_value(run, name);
		snprintf(name, sizeof(name), "%s_processes_lost_tasks_count", ways[i]);
		lost += experiment_value(run, name);
		snprintf(name, sizeof(name), "%s_processes_noticed_ms", ways[i]);
		noticed_ms = fmax(noticed_ms, experiment_value(run, name));
		snprintf(name, sizeof(name), "%s_threads_survivors_count", ways[i]);
		thread_survivors += experiment_value(run, name);
	}
	claim_add_fact(claim, survivors, "processes_survivors_of_12_count");
	claim_add_fact(claim, lost, "processes_lost_tasks_count");
	claim_add_fact(claim, noticed_ms, "processes_noticed_latest_ms");
	claim_add_fact(claim, thread_survivors, "threads_survivors_of_12_count");
	claim_copy_facts(claim, run, "", "");
	claim_copy_python(trial, claim, "killed_thread_");
	claim_copy_python(trial, claim, "executor_");
	if (isnan(survivors + lost + thread_survivors))
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD, "%s",
		             run->why[0] ? run->why : "no crash was made");
	else if (survivors == 12 && lost == 0 && thread_survivors == 0 &&
	         noticed_ms <= NOTICED_MS_AT_MOST)
		claim_decide(claim, CLAIM_HOLDS, "%s", "");
	else
		claim_decide(
			claim, CLAIM_DOES_NOT_HOLD,
			"of 12 processes %.0f survived, %.0f tasks were lost, noticed in %.0f ms",
			survivors, lost, noticed_ms);
}

void claim_judge_creation(const struct trial *trial, struct claim *claim)
{
	const struct experiment_run *spawn = trial_experiment(trial, "spawn");
	const struct experiment_run *memory = trial_experiment(trial, "memory");
	const char *largest = isnan(experiment_value(spawn, "fork_512_mib_us")) ? "fork_64_mib_us"
	                                                                        : "fork_512_mib_us";
	double small = experiment_value(spawn, "fork_2_mib_us");
	double large = experiment_value(spawn, largest);
	double thread = experiment_value(spawn, "pthread_create_64_mib_us");
	double fork_64 = experiment_value(spawn, "fork_64_mib_us");
	double process_kib = experiment_value(memory, "process_made_1_peers_uss_kib");
	double thread_kib = experiment_value(memory, "thread_made_1_peers_uss_kib");

	claim_add_fact(claim, thread, "pthread_create_64_mib_us");
	claim_add_fact(claim, fork_64, "fork_64_mib_us");
	claim_add_fact(claim, experiment_value(spawn, largest), largest);
	claim_add_fact(claim, process_kib, "process_made_1_peers_uss_kib");
	claim_copy_facts(claim, spawn, "", "");
	claim_copy_facts(claim, memory, "", "");
	claim_copy_facts(claim, trial_experiment(trial, "context_switch"), "", "");
	claim_copy_python(trial, claim, "thread_create_");
	claim_copy_python(trial, claim, "process_");
	if (isnan(small + large + thread + process_kib + thread_kib))
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD, "%s",
		             spawn->why[0]    ? spawn->why
		             : memory->why[0] ? memory->why
		                              : "peers were not made");
	else if (fork_64 > thread && large > 2 * small && process_kib > thread_kib)
		claim_decide(claim, CLAIM_HOLDS, "%s", "");
	else
		claim_decide(claim, CLAIM_DOES_NOT_HOLD, "%s", "");
}

static const struct trial_cell *ring_tiny(const struct trial *trial)
{
	return trial_find(trial, "shm_ring", "processes", "fibonacci", "10");
}

static const struct trial_cell *pool_tiny(const struct trial *trial)
{
	return trial_find(trial, "cpython_mp_pool", "processes", "fibonacci", "10");
}

/* Tasks that are next to nothing, one a message: what is left is the price of passing. */
static void tell_tiny(const struct trial *trial, struct claim *claim)
{
	const struct trial_cell *ring = ring_tiny(trial);
	const struct trial_cell *pipe = trial_find(trial, "pipe", "processes", "fibonacci", "10");
	const struct trial_cell *heap = trial_find(trial, "heap", "threads", "fibonacci", "10");
	const struct trial_cell *real = pool_tiny(trial);

	claim_add_fact(claim, trial_rate(heap), "tiny_heap_threads_per_s");
	claim_add_fact(claim, trial_rate(ring), "tiny_shm_ring_processes_per_s");
	claim_add_fact(claim, trial_rate(pipe), "tiny_pipe_processes_per_s");
	claim_add_fact(claim, trial_rate(real), "tiny_cpython_pool_map_per_s");
	claim_add_cell(claim, ring);
	claim_add_cell(claim, pipe);
	claim_add_cell(claim, heap);
	claim_add_cell(claim, real);
}

void claim_judge_passing(const struct trial *trial, struct claim *claim)
{
	const struct trial_cell *heap = trial_find(trial, "heap", "threads", "image", NULL);
	const struct trial_cell *ring = trial_find(trial, "shm_ring", "processes", "image", NULL);
	const struct trial_cell *pipe = trial_find(trial, "pipe", "processes", "image", NULL);
	struct ratio in_place = trial_divide(ring, heap, false, true);
	struct ratio copied_cpu = trial_divide(pipe, heap, true, false);

	claim_add_cell(claim, heap);
	claim_add_cell(claim, ring);
	claim_add_cell(claim, pipe);
	/* Where too few rounds were quiet, what all show is told, and judged by nobody. */
	claim_add_fact(claim,
	               isnan(in_place.median) ? trial_divide(ring, heap, false, false).median
	                                      : in_place.median,
	               "image_shm_ring_to_heap_speed_ratio");
	claim_add_fact(claim, trial_divide(pipe, heap, false, false).median,
	               "image_pipe_to_heap_speed_ratio");
	claim_add_fact(claim, copied_cpu.median, "image_pipe_to_heap_cpu_ratio");
	claim_add_fact(claim, trial_rate(ring_tiny(trial)) / trial_rate(pool_tiny(trial)),
	               "tiny_shm_ring_to_cpython_pool_map_ratio");
	claim_add_fact(claim, trial_divide(ring, heap, true, false).median,
	               "image_shm_ring_to_heap_cpu_ratio");
	claim_add_fact(claim, trial_rate(heap), "image_heap_threads_per_s");
	claim_add_fact(claim, trial_rate(ring), "image_shm_ring_processes_per_s");
	claim_add_fact(claim, trial_rate(pipe), "image_pipe_processes_per_s");
	tell_tiny(trial, claim);
	claim_copy_python(trial, claim, "pipe_1_mib_");
	claim_copy_python(trial, claim, "shared_memory_");
	if (isnan(in_place.median + copied_cpu.median)) {
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD, "%s", CLAIM_TOO_FEW);
		return;
	}
	if (copied_cpu.median >= COPY_CPU_AT_LEAST && in_place.median >= IN_PLACE_AT_LEAST)
		claim_decide(claim, CLAIM_HOLDS, "%s", "");
	else if (copied_cpu.high < COPY_CPU_AT_LEAST || in_place.high < IN_PLACE_AT_LEAST)
		claim_decide(claim, CLAIM_DOES_NOT_HOLD, "%s", "");
	else
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD,
		             "the rounds differ: in place x%.2f to x%.2f", in_place.low,
		             in_place.high);
}

void claim_judge_caller(const struct trial *trial, struct claim *claim)
{
	const struct experiment_run *run = trial_experiment(trial, "background");
	double beside_thread =
		experiment_value(run, "caller_share_beside_thread_that_waits_percent");
	double beside_process =
		experiment_value(run, "caller_share_beside_process_that_waits_percent");
	double beside_gil = experiment_value(run, "caller_share_beside_gil_that_waits_percent");
	double least = fmin(beside_thread, fmin(beside_process, beside_gil));

	claim_copy_facts(claim, run, "", "");
	claim_copy_python(trial, claim, "thread_start_");
	claim_copy_python(trial, claim, "caller_share_");
	if (isnan(beside_thread + beside_process + beside_gil))
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD, "%s",
		             run->why[0] ? run->why : "no peer was started");
	else if (least >= CALLER_SHARE_AT_LEAST)
		claim_decide(claim, CLAIM_HOLDS, "%s", "");
	else
		claim_decide(
			claim, CLAIM_CANNOT_BE_TOLD,
			"the caller did %.0f %% of its usual work beside a peer that only waits: "
			"something else took its CPU",
			least);
}
