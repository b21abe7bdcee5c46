/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/cmd_arm.c - ipcbench arm: measures at the word of another ipcbench.
 *
 * Started by ab, once an arm and round, and hidden from the help. It never
 * decides anything: which cell, how many operations, when, comes from ab over the
 * socket. See arm_protocol.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "suites/bench/arm_protocol.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "workloads/delay.h"
#include "workloads/placement.h"
#include "workloads/plan.h"
#include "workloads/runner.h"
#include "workloads/workload.h"

/* Nobody who is alive keeps an arm waiting so long. */
#define IDLE_NS_MAX (600 * NS_PER_S)
#define WARMUP_OPERATIONS 32u
#define ROUND_NS_MAX (600 * NS_PER_S)

struct arm {
	int fd;
	struct arm_message message;
	uint64_t warmup_ns;
	uint64_t until_ns; /* of the round */
	bool is_trips;     /* an operation of the cell in hand is a round trip */
	bool wants_result; /* histogram, not stop, ended the round */
	bool is_over;      /* stop, or nobody is there any more */
};

/* Adds a filter to a request. Returns 0, or -EINVAL after it has answered. */
static int add_filter(const struct arm *arm, struct request *request, const char *filter)
{
	char why[1024];

	if (request_add(request, filter, why, sizeof(why)) == 0)
		return 0;
	arm_say(arm->fd, "refused text=%s", why);
	return -EINVAL;
}

/* Makes the plan of a request. Returns 0, or -errno after it has answered. */
static int make_plan(const struct arm *arm, const struct request *request, struct plan **out)
{
	int ret = plan_create(out, request);

	if (ret < 0)
		arm_say(arm->fd, "refused text=%s",
		        ret == -E2BIG ? "these filters select too many cells; narrow them"
		                      : "there is no memory for these cells");
	return ret;
}

static int answer_plan(struct arm *arm)
{
	struct arm_writer writer;
	struct request request;
	struct run_cell cell;
	struct plan *plan;

	request_init(&request);
	for (const char *line = arm_next_line(&arm->message, arm->message.buffer); line;
	     line = arm_next_line(&arm->message, line)) {
		if (add_filter(arm, &request, line) < 0)
			return 0;
	}
	if (make_plan(arm, &request, &plan) < 0)
		return 0;
	if (plan->cells_count + plan->skips_count > ARM_CELLS_MAX) {
		arm_say(arm->fd,
		        "refused text=these filters select more than %u cells; narrow them",
		        ARM_CELLS_MAX);
		plan_destroy(plan);
		return 0;
	}
	if (arm_writer_open(&writer) < 0) {
		plan_destroy(plan);
		return -ENOMEM;
	}
	fprintf(writer.out, "cells count=%zu\n", plan->cells_count);
	for (size_t i = 0; i < plan->cells_count; i++) {
		cell_describe(&plan->cells[i], &cell);
		fprintf(writer.out, "cell name=%s in_flight=%u metric=%d slices=%d hybrid=%d\n",
		        cell.name, cell.in_flight, (int)plan->cells[i].workload->metric,
		        plan->cells[i].workload->slice != NULL,
		        plan->cells[i].values[CELL_WAIT] == IPC_WAIT_HYBRID);
	}
	for (size_t i = 0; i < plan->skips_count; i++) {
		cell_describe(&plan->skips[i].cell, &cell);
		fprintf(writer.out, "skip name=%s in_flight=%u text=%s\n", cell.name,
		        cell.in_flight, plan->skips[i].reason);
	}
	plan_destroy(plan);
	return arm_writer_send(&writer, arm->fd, NULL, 0);
}

/*
 * Warms the peers up with ever longer slices. Finds what an operation takes: a round
 * trip in the slice that was disturbed least, since all rounds of a pair are cut by
 * it; a message in the last slice, since a short one only fills the channel.
 */
static int warm_up(const struct arm *arm, struct round *round, uint64_t *operation_ns)
{
	uint64_t start_ns = clock_now_ns();
	uint64_t operations = WARMUP_OPERATIONS;
	uint64_t elapsed_ns;
	uint64_t spent_ns;

	*operation_ns = UINT64_MAX;
	do {
		int ret;

		round_grant(round, operations, operations, 1);
		ret = round_park(round, &elapsed_ns);
		if (ret < 0)
			return ret;
		if (!arm->is_trips || elapsed_ns / operations < *operation_ns)
			*operation_ns = elapsed_ns / operations;
		spent_ns = clock_now_ns() - start_ns;
		/* The last one shall not go far beyond the time that was asked for. */
		if (spent_ns < arm->warmup_ns && elapsed_ns < (arm->warmup_ns - spent_ns) / 3)
			operations *= 2;
	} while (spent_ns < arm->warmup_ns);
	return 0;
}

static int play_slice(const struct arm *arm, struct round *round)
{
	const char *line = arm->message.buffer;
	uint64_t operations;
	uint64_t skipped;
	uint64_t batch;

	if (arm_number(line, "operations", &operations) < 0 ||
	    arm_number(line, "skipped", &skipped) < 0 || arm_number(line, "batch", &batch) < 0 ||
	    batch == 0 || operations == 0 || skipped > operations || operations % batch != 0 ||
	    skipped % batch != 0)
		return -EBADMSG;
	round_grant(round, operations, skipped, batch);
	return 0;
}

/* The peers stand parked: does what comes, until it was histogram or stop. */
static int conduct(void *context, struct round *round)
{
	struct arm *arm = context;
	uint64_t operation_ns;
	uint64_t elapsed_ns;
	int ret = warm_up(arm, round, &operation_ns);

	if (ret == 0)
		ret = arm_say(arm->fd, "ready operation_ns=%llu", (unsigned long long)operation_ns);
	while (ret == 0) {
		ret = arm_receive(arm->fd, &arm->message, arm->until_ns, -1);
		if (ret < 0) {
			arm->is_over = ret == -EPIPE;
			break;
		}
		if (arm_line_is(arm->message.buffer, "slice")) {
			ret = play_slice(arm, round);
		} else if (arm_line_is(arm->message.buffer, "park")) {
			ret = round_park(round, &elapsed_ns);
			if (ret == 0)
				ret = arm_say(arm->fd, "parked elapsed_ns=%llu",
				              (unsigned long long)elapsed_ns);
		} else {
			arm->wants_result = arm_line_is(arm->message.buffer, "histogram");
			arm->is_over = !arm->wants_result;
			break;
		}
	}
	return ret;
}

static void write_peer(FILE *out, const struct run_peer *peer)
{
	const struct recorder_counters *c = &peer->counters;

	fprintf(out,
	        "peer name=%s messages=%llu bytes=%llu user_ns=%llu system_ns=%llu "
	        "voluntary=%llu involuntary=%llu minor=%llu major=%llu\n",
	        peer->name, (unsigned long long)c->messages, (unsigned long long)c->bytes,
	        (unsigned long long)c->cpu_user_ns, (unsigned long long)c->cpu_system_ns,
	        (unsigned long long)c->voluntary_switches,
	        (unsigned long long)c->involuntary_switches, (unsigned long long)c->minor_faults,
	        (unsigned long long)c->major_faults);
}

static int answer_run(const struct arm *arm, const struct run *run)
{
	unsigned char *blob = NULL;
	size_t blob_bytes = 0;
	struct arm_writer writer;
	int ret = 0;

	if (run->histogram)
		ret = histogram_encode(run->histogram, &blob, &blob_bytes);
	if (ret == 0)
		ret = arm_writer_open(&writer);
	if (ret == 0) {
		fprintf(writer.out,
		        "run metric=%d batch=%llu samples=%llu messages=%llu bytes=%llu "
		        "elapsed_ns=%llu steal_ns=%llu\n",
		        (int)run->metric, (unsigned long long)run->batch,
		        (unsigned long long)run->samples, (unsigned long long)run->messages,
		        (unsigned long long)run->bytes, (unsigned long long)run->elapsed_ns,
		        (unsigned long long)run->steal_ns);
		for (uint32_t i = 0; i < run->peer_count; i++)
			write_peer(writer.out, &run->peers[i]);
		ret = arm_writer_send(&writer, arm->fd, blob, blob_bytes);
	}
	free(blob);
	return ret;
}

static int read_preparation(struct arm *arm, struct runner_options *options, char *cell,
                            size_t cell_bytes, uint64_t *round)
{
	const char *line = arm->message.buffer;
	uint64_t pin = 0;

	if (arm_word(line, "cell", cell, cell_bytes) < 0 ||
	    arm_number(line, "seed", &options->seed) < 0 || arm_number(line, "round", round) < 0 ||
	    arm_number(line, "warmup_ns", &options->warmup_ns) < 0 ||
	    arm_number(line, "allowed_ns", &options->measure_ns) < 0 ||
	    arm_number(line, "spin_ns", &options->spin_ns) < 0 ||
	    arm_number(line, "tick_ns", &options->tick_ns) < 0 ||
	    options->measure_ns > ROUND_NS_MAX || options->warmup_ns > ROUND_NS_MAX)
		return -EBADMSG;
	/* Its peers inherit it, where the cell itself doesn't place them. */
	if (arm_number(line, "pin", &pin) == 0)
		return placement_pin((int)pin);
	return 0;
}

static int play_round(struct arm *arm, const struct cell *cell, uint32_t number,
                      const struct runner_options *options)
{
	struct run_cell description;
	struct round_memory *memory = NULL;
	const struct round_request request = {
		.cell = cell,
		.description = &description,
		.round = number,
		.options = options,
		.conduct = conduct,
		.conductor = arm,
	};
	struct run run;
	int ret;

	cell_describe(cell, &description);
	arm->warmup_ns = options->warmup_ns;
	arm->is_trips = cell->workload->metric == RUN_ROUND_TRIP;
	arm->until_ns = clock_now_ns() + options->warmup_ns + options->measure_ns;
	arm->wants_result = false;
	ret = round_play(&request, &run, &memory);
	if (ret == 0 && run.failure[0] != '\0' && !arm->is_over)
		ret = arm_say(arm->fd, "failed text=%s", run.failure);
	else if (ret == 0 && arm->wants_result)
		ret = answer_run(arm, &run);
	round_release(memory);
	return ret;
}

static int answer_prepare(struct arm *arm)
{
	struct runner_options options = {.rounds = 1, .stop_fd = -1};
	char cell[RUN_CELL_BYTES];
	struct request request;
	uint64_t delay_ns = 0;
	uint64_t one_in = 1;
	struct plan *plan;
	uint64_t round;
	int ret = read_preparation(arm, &options, cell, sizeof(cell), &round);

	if (ret < 0)
		return arm_say(arm->fd, "failed text=this arm can't be prepared so: %s",
		               strerror(-ret));
	(void)arm_number(arm->message.buffer, "delay_ns", &delay_ns);
	(void)arm_number(arm->message.buffer, "one_in", &one_in);
	request_init(&request);
	if (add_filter(arm, &request, cell) < 0 || make_plan(arm, &request, &plan) < 0)
		return 0;
	if (plan->cells_count == 1 && delay_ns > 0 && one_in > 0)
		plan->cells[0].transport = delay_wrap(plan->cells[0].transport, delay_ns, one_in);
	if (plan->cells_count != 1 || !plan->cells[0].workload->slice)
		ret = arm_say(arm->fd, "failed text=%s: %s", cell,
		              plan->skips_count > 0
		                      ? plan->skips[0].reason
		                      : "is not one cell that can be cut into slices");
	else
		ret = play_round(arm, &plan->cells[0], (uint32_t)round, &options);
	plan_destroy(plan);
	return ret;
}

static int serve(struct arm *arm)
{
	int ret = arm_say(arm->fd, "hello protocol=%u tool=%s", ARM_PROTOCOL, IPCBENCH_VERSION);

	while (ret == 0 && !arm->is_over) {
		const char *line = arm->message.buffer;

		ret = arm_receive(arm->fd, &arm->message, clock_now_ns() + IDLE_NS_MAX, -1);
		if (ret < 0)
			break;
		if (arm_line_is(line, "plan"))
			ret = answer_plan(arm);
		else if (arm_line_is(line, "prepare"))
			ret = answer_prepare(arm);
		else if (arm_line_is(line, "stop"))
			break;
		else
			ret = arm_say(arm->fd, "failed text='%.32s' is not understood", line);
	}
	return ret == -EPIPE ? 0 : ret;
}

static int run_arm(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "arm",
		.arguments = "FD",
		.summary = "Measures at the word of another ipcbench, over a socket",
		.text = "Started by ipcbench ab; of no use by hand.",
		.options = CLI_PLUGIN,
		.arguments_max = 1,
	};
	struct arm arm = {0};
	socklen_t type_bytes = sizeof(int);
	uint64_t fd = 0;
	struct cli cli;
	int type = 0;
	int ret;

	/* Nobody would take the result: whoever asked is gone. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (cli_parse(&spec, argc, argv, &cli) != STATUS_DONE)
		return STATUS_USAGE;
	if (cli.arguments_count != 1 || request_parse_number(cli.arguments[0], 0, 1023, &fd) < 0 ||
	    getsockopt((int)fd, SOL_SOCKET, SO_TYPE, &type, &type_bytes) < 0 ||
	    type != SOCK_SEQPACKET) {
		cli_error("arm is started by 'ipcbench ab', which gives it a socket");
		return STATUS_USAGE;
	}
	arm.fd = (int)fd;
	ret = arm_message_init(&arm.message);
	if (ret == 0)
		ret = serve(&arm);
	arm_message_release(&arm.message);
	close(arm.fd);
	if (ret == 0)
		return STATUS_DONE;
	cli_error("arm: %s", strerror(-ret));
	return STATUS_FAILED;
}

const struct command command_arm = {
	.name = "arm",
	.run = run_arm,
};
