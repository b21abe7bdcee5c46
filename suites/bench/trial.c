/* SPDX-License-Identifier: MIT */
/* suites/bench/trial.c - cells and experiments of thread-or-process. */
#include "suites/bench/trial.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ipc/clock.h"
#include "suites/bench/cli.h"
#include "suites/bench/others.h"
#include "suites/bench/stop.h"
#include "workloads/clock_facts.h"
#include "workloads/plan.h"
#include "workloads/runner.h"

/* Cells that are measured for the same time. Their filters; null ends a list. */
struct group {
	const char *filters[4][5];
	uint64_t measure_ms;
	uint64_t quick_ms;
};

static const struct group groups[] = {
	/* The CPU alone, by two peers; and by one, without a partner. */
	{{{"task:fibonacci", "transport:loopback"},
          {"task:fibonacci", "transport:heap", "model:threads,gil"},
          {"task:fibonacci", "transport:pipe,shm_ring", "model:processes"}},
         150,
         10},
	/* Waiting, by eight peers. */
	{{{"task:http", "transport:loopback"},
          {"task:http", "transport:heap", "model:threads,gil", "peers:8"},
          {"task:http", "transport:pipe", "model:processes", "peers:8"}},
         300,
         40},
	/* Much to carry. */
	{{{"task:image", "transport:heap", "model:threads"},
          {"task:image", "transport:pipe,shm_ring", "model:processes"}},
         250,
         10},
	/* The same, small enough for CPython. */
	{{{"task:image", "amount:160", "transport:loopback"},
          {"task:image", "amount:160", "transport:heap", "model:threads"},
          {"task:image", "amount:160", "transport:pipe,shm_ring", "model:processes"}},
         40,
         5},
	/* Next to nothing but messages. */
	{{{"task:fibonacci", "amount:10", "transport:heap", "model:threads"},
          {"task:fibonacci", "amount:10", "transport:pipe,shm_ring", "model:processes"}},
         60,
         5},
	/* Files and rows: what of it waits depends on the disk. */
	{{{"task:file_io,database", "transport:loopback"},
          {"task:file_io,database", "transport:heap", "model:threads,gil"},
          {"task:file_io,database", "transport:pipe", "model:processes"}},
         60,
         5},
};

enum { GROUPS_COUNT = sizeof(groups) / sizeof(groups[0]) };

#define ROUNDS 9u
/* Past it no further round begins, once there are so many. */
#define CELLS_LIMIT_NS (40 * NS_PER_S)
#define ROUNDS_MIN 4u

static struct trial_cell *cell_of(struct trial *trial, const struct run_cell *cell)
{
	struct trial_cell *found;

	for (size_t i = 0; i < trial->cells_count; i++) {
		if (strcmp(trial->cells[i].cell.name, cell->name) == 0)
			return &trial->cells[i];
	}
	if (trial->cells_count == TRIAL_CELLS_MAX)
		return NULL;
	found = &trial->cells[trial->cells_count++];
	found->cell = *cell;
	for (size_t i = 0; i < TRIAL_ROUNDS_MAX; i++)
		found->tasks_per_s[i] = found->cpu_ns[i] = found->others_cpus[i] = NAN;
	return found;
}

/* Returns the CPU time of all peers, a task; NAN where nobody counted it. */
static double cpu_of(const struct run *run)
{
	double sum_ns = 0.0;

	for (uint32_t i = 0; i < run->peer_count; i++)
		sum_ns += (double)(run->peers[i].counters.cpu_user_ns +
		                   run->peers[i].counters.cpu_system_ns);
	return run->peer_count > 0 ? sum_ns / (double)run->messages : NAN;
}

int trial_add_run(struct trial *trial, const struct run *run, double others_cpus)
{
	struct trial_cell *cell = cell_of(trial, run->cell);
	int ret;

	if (!cell || run->round >= TRIAL_ROUNDS_MAX)
		return -E2BIG;
	if (run->round + 1 > cell->rounds)
		cell->rounds = run->round + 1;
	if (run->failure[0] == '\0') {
		cell->tasks_per_s[run->round] =
			(double)run->messages * 1e9 / (double)run->elapsed_ns;
		cell->cpu_ns[run->round] = cpu_of(run);
		cell->others_cpus[run->round] = others_cpus;
	} else {
		cli_error("%s, round %u failed: %s", run->cell->name, run->round + 1, run->failure);
	}
	ret = session_log_add(trial->log, run, 1);
	return ret < 0 ? ret : report_add_run(trial->builder, run);
}

/* What the runner hands over is one round of its own: the trial's number is another. */
struct round_context {
	struct trial *trial;
	uint32_t round;
	struct others others; /* since the run before */
};

static int on_run(void *context, const struct run *run)
{
	struct round_context *self = context;
	struct run numbered = *run;
	double others = others_cpus(&self->others);
	int ret;

	numbered.round = self->round;
	ret = trial_add_run(self->trial, &numbered, others);
	others_start(&self->others);
	return ret;
}

static int add_skips(struct trial *trial, const struct plan *plan)
{
	int ret = 0;

	for (size_t i = 0; i < plan->skips_count && ret == 0; i++) {
		struct run_cell cell;

		cell_describe(&plan->skips[i].cell, &cell);
		ret = session_log_skip(trial->log, &cell, plan->skips[i].reason);
		if (ret == 0)
			ret = report_add_skip(trial->builder, &cell, plan->skips[i].reason);
	}
	return ret;
}

static int play_filters(struct trial *trial, const struct group *group, const char *const *filters,
                        uint32_t round, uint64_t tick_ns)
{
	uint64_t measure_ns = (trial->is_quick ? group->quick_ms : group->measure_ms) * NS_PER_MS;
	struct round_context context = {.trial = trial, .round = round};
	const struct runner_options options = {
		.rounds = 1,
		.measure_ns = measure_ns,
		.warmup_ns = measure_ns / 5,
		.tick_ns = tick_ns,
		.seed = trial->seed + round,
		.stop_fd = trial->stop_fd,
		.context = &context,
		.on_run = on_run,
	};
	struct request request;
	struct plan *plan;
	char why[1024];
	int ret;

	request_init(&request);
	for (size_t i = 0; filters[i]; i++) {
		if (request_add(&request, filters[i], why, sizeof(why)) < 0)
			return -EINVAL;
	}
	ret = plan_create(&plan, &request);
	if (ret < 0)
		return ret;
	if (round == 0)
		ret = add_skips(trial, plan);
	others_start(&context.others);
	if (ret == 0 && plan->cells_count > 0)
		ret = runner_run(plan, &options);
	plan_destroy(plan);
	return ret;
}

/* Counts the rounds in which others left the CPUs to the control and to what it is divided by. */
static uint32_t quiet_rounds(const struct trial *trial)
{
	const struct trial_cell *control = trial_find(trial, "heap", "threads", "fibonacci", NULL);
	const struct trial_cell *alone =
		trial_find(trial, "loopback", "threads", "fibonacci", NULL);
	uint32_t count = 0;

	for (uint32_t i = 0; i < TRIAL_ROUNDS_MAX; i++)
		count += trial_is_quiet(control, i) && trial_is_quiet(alone, i);
	return count;
}

int trial_measure_cells(struct trial *trial)
{
	uint32_t rounds = trial->is_quick ? 1 : ROUNDS;
	uint64_t until_ns = clock_now_ns() + CELLS_LIMIT_NS;
	struct clock_facts clock;
	int ret = 0;

	clock_facts_observe(&clock);
	for (uint32_t round = 0; round < rounds && ret == 0; round++) {
		char what[64];

		if (round >= ROUNDS_MIN && clock_now_ns() >= until_ns)
			break;

		if (round + 1 == rounds && !trial->is_quick && rounds < TRIAL_ROUNDS_MAX &&
		    quiet_rounds(trial) < TRIAL_QUIET_ROUNDS)
			rounds++;
		snprintf(what, sizeof(what), "the pool, round %u of %u", round + 1, rounds);
		trial->on_progress(trial->context, what);
		for (size_t i = 0; i < GROUPS_COUNT; i++) {
			for (size_t j = 0; j < 4 && groups[i].filters[j][0] && ret == 0; j++)
				ret = play_filters(trial, &groups[i], groups[i].filters[j], round,
				                   clock.tick_ns);
		}
	}
	return ret;
}

int trial_measure_experiments(struct trial *trial)
{
	const struct experiment *experiment;
	struct others others;

	for (size_t i = 0; i < TRIAL_EXPERIMENTS_MAX && (experiment = experiment_at(i)); i++) {
		struct experiment_run *run = &trial->experiments[i];

		trial->on_progress(trial->context, experiment->summary);
		others_start(&others);
		if (experiment_play(experiment, trial->seed, trial->is_quick, trial->deadline_ns,
		                    run) < 0)
			cli_error("experiment %s: %s", experiment->name, run->why);
		trial->experiments_others_cpus[i] = others_cpus(&others);
		if (stop_is_due(trial->stop_fd))
			return -EINTR;
	}
	return 0;
}
