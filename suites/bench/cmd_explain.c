/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/cmd_explain.c - ipcbench explain: what a cell times, and its system calls.
 *
 * Calls per message come from two traced rounds of different length: what a round
 * costs to set up and to end is the same in both, so the difference in calls over
 * the difference in messages is what one message costs.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ipc/clock.h"
#include "suites/bench/call_counter.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "workloads/plan.h"
#include "workloads/runner.h"
#include "workloads/workload.h"

#define ROUND_SHORT_NS (40 * NS_PER_MS)
#define ROUND_LONG_NS (160 * NS_PER_MS)
#define ROUND_LONGEST_NS (2560 * NS_PER_MS)
/* More in the longer round than in the other: some calls at its edges are then below the least. */
#define MESSAGES_ENOUGH 1000u
#define TRACE_LIMIT_NS (20 * NS_PER_S)
/* Below this a call belongs to the round, not to its messages. */
#define PER_MESSAGE_MIN 0.005

/* Filled by the traced child; shared with it. */
struct traced_round {
	uint64_t messages;
	char failure[RUN_TEXT_BYTES];
};

struct traced_request {
	const struct cell *cell;
	uint64_t measure_ns;
	struct traced_round *round;
};

struct explanation {
	const struct cell *cell;
	struct run_cell description;
	struct call_counts calls[2];
	uint64_t messages[2];
	char failure[RUN_TEXT_BYTES]; /* why calls could not be counted, or empty */
};

static int play_traced(void *context)
{
	const struct traced_request *request = context;
	const struct runner_options options = {
		.rounds = 1,
		.measure_ns = request->measure_ns,
		.tick_ns = 1,
		.seed = 1,
		.stop_fd = -1,
	};
	struct run_cell description;
	const struct round_request round = {
		.cell = request->cell,
		.description = &description,
		.batch = 1,
		.options = &options,
	};
	struct round_memory *memory = NULL;
	struct run run;
	int ret;

	cell_describe(request->cell, &description);
	ret = round_play(&round, &run, &memory);
	if (ret == 0) {
		request->round->messages = run.messages;
		memcpy(request->round->failure, run.failure, sizeof(run.failure));
		ret = run.failure[0] != '\0' ? -EIO : 0;
	}
	round_release(memory);
	return ret;
}

/* Plays and traces the round number index, anew if it was played before. */
static void trace_round(struct explanation *self, size_t index, uint64_t length_ns,
                        struct traced_round *round)
{
	struct traced_request request = {self->cell, length_ns, round};
	int ret = call_counter_run(&self->calls[index], play_traced, &request,
	                           clock_now_ns() + TRACE_LIMIT_NS);

	self->messages[index] = round->messages;
	if (ret < 0)
		snprintf(self->failure, sizeof(self->failure), "%s",
		         round->failure[0] ? round->failure
		         : ret == -EPERM   ? "a policy forbids ptrace here"
		                           : strerror(-ret));
}

static void trace_cell(struct explanation *self)
{
	struct traced_round *round = mmap(NULL, sizeof(*round), PROT_READ | PROT_WRITE,
	                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (round == MAP_FAILED) {
		snprintf(self->failure, sizeof(self->failure), "no memory");
		return;
	}
	trace_round(self, 0, ROUND_SHORT_NS, round);
	/* A crowded machine carries few in the same time, and each call at an edge weighs more. */
	for (uint64_t length_ns = ROUND_LONG_NS;
	     self->failure[0] == '\0' && length_ns <= ROUND_LONGEST_NS; length_ns *= 2) {
		trace_round(self, 1, length_ns, round);
		if (self->messages[1] >= self->messages[0] + MESSAGES_ENOUGH)
			break;
	}
	if (self->failure[0] == '\0' && self->messages[1] <= self->messages[0])
		snprintf(self->failure, sizeof(self->failure),
		         "the traced rounds carried too few messages to tell");
	munmap(round, sizeof(*round));
}

static const struct call_task *find_task(const struct call_counts *counts, const char *name)
{
	for (size_t i = 0; i < counts->tasks_count; i++) {
		if (strcmp(counts->tasks[i].name, name) == 0)
			return &counts->tasks[i];
	}
	return NULL;
}

/* Returns how many of one call a peer makes for each message. */
static double per_message(const struct explanation *self, const struct call_task *longer,
                          size_t number)
{
	const struct call_task *shorter = find_task(&self->calls[0], longer->name);
	uint64_t before = shorter ? shorter->counts[number] : 0;

	return ((double)longer->counts[number] - (double)before) /
	       (double)(self->messages[1] - self->messages[0]);
}

/* Returns {"peer": {"call": number, ...}, ...}, or null if calls weren't counted. */
static json_t *calls_json(const struct explanation *self)
{
	json_t *peers = json_object();

	if (self->failure[0] != '\0') {
		json_decref(peers);
		return json_null();
	}
	for (size_t i = 0; i < self->calls[1].tasks_count; i++) {
		const struct call_task *task = &self->calls[1].tasks[i];
		json_t *calls = json_object();

		for (size_t n = 0; n < CALL_NUMBERS_MAX; n++) {
			double each = per_message(self, task, n);
			char unknown[32];

			snprintf(unknown, sizeof(unknown), "call %zu", n);
			if (each >= PER_MESSAGE_MIN)
				json_object_set_new(calls, call_name(n) ? call_name(n) : unknown,
				                    json_real(each));
		}
		/* The runner makes calls too, but none for a message. */
		if (strcmp(task->name, "ipcbench") == 0)
			json_decref(calls);
		else
			json_object_set_new(peers, task->name, calls);
	}
	return peers;
}

static void print_text(const struct explanation *self, const json_t *peers)
{
	const struct cell *cell = self->cell;
	const char *peer;
	const char *call;
	const json_t *calls;
	const json_t *each;

	printf("%s\n\n", self->description.name);
	printf("transport  %s: %s\n", cell->transport->name, cell->transport->summary);
	printf("workload   %s: %s\n", cell->workload->name, cell->workload->summary);
	printf("message    %s\n",
	       cell_is_in_place(cell) ? "written and read in place (claim, commit; peek, release)"
	                              : "copied from and to each peer's buffer (send, recv)");
	printf("\nWhat is timed\n  %s\n", cell->workload->explanation);
	printf("\nSystem calls for each message, counted in a traced run\n");
	if (self->failure[0] != '\0') {
		printf("  not counted: %s\n", self->failure);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)peers, peer, calls)
	{
		printf("  %-10s", peer);
		if (json_object_size(calls) == 0)
			printf(" none");
		json_object_foreach((json_t *)(uintptr_t)calls, call, each)
			printf(" %s %.2f", call, json_real_value(each));
		putchar('\n');
	}
	if (cell->values[CELL_WAIT] != IPC_WAIT_BLOCK)
		printf("  A peer that spins calls until there is something; traced, it waits "
		       "longer "
		       "than it would.\n");
}

static int explain_cell(const struct cell *cell, bool is_json)
{
	struct explanation *self = calloc(1, sizeof(*self));
	json_t *peers;

	if (!self) {
		cli_error("out of memory");
		return STATUS_FAILED;
	}
	self->cell = cell;
	cell_describe(cell, &self->description);
	trace_cell(self);
	peers = calls_json(self);
	if (is_json) {
		json_t *all = json_pack(
			"{s:s, s:s, s:s, s:s, s:O, s:s?}", "schema", "ipcbench/1", "cell",
			self->description.name, "timed", cell->workload->explanation, "access",
			cell_is_in_place(cell) ? "in_place" : "copy", "calls_per_message", peers,
			"not_counted", self->failure[0] ? self->failure : NULL);

		json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(4));
		putchar('\n');
		json_decref(all);
	} else {
		print_text(self, peers);
	}
	json_decref(peers);
	free(self);
	return STATUS_DONE;
}

static int explain_run(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "explain",
		.arguments = "CELL",
		.summary = "Says what a cell times and counts its system calls for each message",
		.text = "CELL is a cell's name, as run prints it, or filters that leave one cell.",
		.options = CLI_PLUGIN | CLI_FORMAT,
		.arguments_max = CLI_ARGUMENTS_MAX,
	};
	struct request request;
	struct plan *plan;
	struct cli cli;
	bool is_json;
	int status;

	if (cli_parse(&spec, argc, argv, &cli) != STATUS_DONE ||
	    cli_text_or_json(&cli, &is_json) != STATUS_DONE ||
	    cli_request(&cli, &request) != STATUS_DONE)
		return STATUS_USAGE;
	if (cli.arguments_count == 0) {
		cli_error("explain needs a cell; 'ipcbench run --dry-run' lists them");
		return STATUS_USAGE;
	}
	if (plan_create(&plan, &request) < 0) {
		cli_error("'%s' selects too many cells; name one", cli.arguments[0]);
		return STATUS_USAGE;
	}
	if (plan->cells_count == 1) {
		status = explain_cell(&plan->cells[0], is_json);
	} else if (plan->cells_count > 1) {
		cli_error("'%s' selects %zu cells; name one of those that 'ipcbench run --dry-run' "
		          "lists",
		          cli.arguments[0], plan->cells_count);
		status = STATUS_USAGE;
	} else {
		cli_error("'%s' can't run: %s", cli.arguments[0],
		          plan->skips_count > 0 ? plan->skips[0].reason : "no such cell");
		status = plan->skips_count > 0 && plan->skips[0].verdict == CELL_UNAVAILABLE
		                 ? STATUS_UNAVAILABLE
		                 : STATUS_FAILED;
	}
	plan_destroy(plan);
	return status;
}

const struct command command_explain = {
	.name = "explain",
	.summary = "say what a cell times, and count its system calls",
	.run = explain_run,
};
