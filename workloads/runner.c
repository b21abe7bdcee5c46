/* SPDX-License-Identifier: MIT */
/* workloads/runner.c - measures the cells of a plan, round by round. */
#include "workloads/runner.h"

#include <errno.h>
#include <stdlib.h>

#include "workloads/random.h"

/* What the runner keeps of a cell between its rounds. */
struct cell_state {
	struct run_cell description;
	uint64_t batch; /* of its first round, and so of all */
	uint32_t failures;
};

/* A cell that failed so often is given up: a hanging one would cost its deadline each time. */
#define FAILURES_MAX 2u

static void shuffle(size_t *order, size_t count, struct random *random)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = (size_t)random_below(random, i);
		size_t held = order[i - 1];

		order[i - 1] = order[j];
		order[j] = held;
	}
}

/* Plays one round of one cell and hands it over. */
static int play(const struct cell *cell, struct cell_state *state, uint32_t round,
                const struct runner_options *options)
{
	const struct round_request request = {
		.cell = cell,
		.description = &state->description,
		.round = round,
		.batch = state->batch,
		.options = options,
	};
	struct round_memory *memory = NULL;
	struct run run;
	int ret = round_play(&request, &run, &memory);

	if (ret == 0) {
		if (run.failure[0] == '\0')
			state->batch = run.batch;
		else
			state->failures++;
		ret = options->on_run(options->context, &run);
	}
	round_release(memory);
	return ret;
}

static int play_all(const struct plan *plan, struct cell_state *states, size_t *order,
                    const struct runner_options *options)
{
	struct random random = {.state = options->seed};
	struct runner_progress progress = {
		.rounds_total = (uint64_t)options->rounds * plan->cells_count,
	};

	for (uint32_t round = 0; round < options->rounds; round++) {
		shuffle(order, plan->cells_count, &random);
		for (size_t i = 0; i < plan->cells_count; i++) {
			size_t index = order[i];
			int ret;

			progress.round = round;
			progress.cell = &states[index].description;
			if (options->on_progress)
				options->on_progress(options->context, &progress);
			progress.rounds_done++;
			if (states[index].failures >= FAILURES_MAX)
				continue;
			ret = play(&plan->cells[index], &states[index], round, options);
			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

int runner_run(const struct plan *plan, const struct runner_options *options)
{
	struct cell_state *states = calloc(plan->cells_count, sizeof(*states));
	size_t *order = calloc(plan->cells_count, sizeof(*order));
	int ret = -ENOMEM;

	if (states && order) {
		for (size_t i = 0; i < plan->cells_count; i++) {
			cell_describe(&plan->cells[i], &states[i].description);
			order[i] = i;
		}
		ret = play_all(plan, states, order, options);
	}
	free(states);
	free(order);
	return ret;
}
