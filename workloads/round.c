/* SPDX-License-Identifier: MIT */
/*
 * workloads/round.c - one round of one cell: channels, peers, gate, numbers.
 *
 * Everything of a round is made for it and gone after it, so that rounds are
 * independent samples and a crash leaves at most one round's objects behind.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "ipc/cpu.h"
#include "ipc/limits.h"
#include "results/recorder.h"
#include "workloads/peer.h"
#include "workloads/placement.h"
#include "workloads/runner.h"
#include "workloads/workload.h"

/*
 * What a round may take beyond its warm-up and its measured part: so many times as
 * long on a busy machine, and what its fewest messages, some ten, take at 100 MB/s;
 * at least what peers may need to start, and at most what hangs may cost.
 */
#define ROUND_SLACK_TIMES 20u
#define ROUND_SLACK_NS_PER_BYTE 100u
#define ROUND_SLACK_NS_MIN (3 * NS_PER_S / 2)
#define ROUND_SLACK_NS_MAX (5 * NS_PER_S)
/* How often the peers are looked after while a slice is played. */
#define PARK_LOOK_NS (20 * NS_PER_MS)
#define HISTOGRAM_BITS HISTOGRAM_BITS_DEFAULT

/* In one mapping shared with the peers: this, a recorder for each peer, the pattern's own. */
struct round_memory {
	struct workload_shared shared;
	size_t bytes;
	size_t recorder_stride;
	void *pattern;
};

struct round {
	const struct round_request *request;
	const struct workload *workload; /* &shaped */
	struct workload shaped;
	struct round_memory *memory;
	struct ipc_channel *channels[WORKLOAD_ROUTES_MAX];
	uint32_t peer_count;
	uint64_t deadline_ns;
	uint64_t seed;
	struct peers *peers;    /* while they run, for round_park() */
	uint64_t next_sequence; /* of the next slice */
	char *why;              /* run->failure */
	size_t why_bytes;
	int cpus[WORKLOAD_PEERS_MAX]; /* found before a peer is pinned and sees only its own */
};

static struct recorder *round_recorder(struct round_memory *memory, uint32_t index)
{
	size_t start = (sizeof(*memory) + 63) & ~(size_t)63;

	return (struct recorder *)(void *)((unsigned char *)memory + start +
	                                   index * memory->recorder_stride);
}

void round_release(struct round_memory *memory)
{
	if (memory)
		munmap(memory, memory->bytes);
}

static struct round_memory *memory_create(uint32_t peer_count, size_t pattern_bytes)
{
	size_t stride = (recorder_bytes(HISTOGRAM_BITS) + 63) & ~(size_t)63;
	size_t start = ((sizeof(struct round_memory) + 63) & ~(size_t)63) + peer_count * stride;
	size_t pattern =
		(start + CACHE_SEPARATION_BYTES - 1) & ~(size_t)(CACHE_SEPARATION_BYTES - 1);
	size_t bytes = pattern + pattern_bytes;
	struct round_memory *self =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (self == MAP_FAILED)
		return NULL;
	self->bytes = bytes;
	self->recorder_stride = stride;
	self->pattern = (unsigned char *)self + pattern;
	atomic_init(&self->shared.start_sequence, UINT64_MAX);
	atomic_init(&self->shared.stop_sequence, UINT64_MAX);
	for (uint32_t i = 0; i < peer_count; i++)
		recorder_init(round_recorder(self, i), HISTOGRAM_BITS);
	return self;
}

static void channels_destroy(struct round *round)
{
	for (uint32_t i = 0; i < round->workload->route_count; i++) {
		if (round->channels[i])
			round->channels[i]->transport->channel_destroy(round->channels[i]);
	}
}

static int channels_create(struct round *round, char *why, size_t why_bytes)
{
	const struct cell *cell = round->request->cell;
	struct ipc_channel_options options;

	cell_channel_options(cell, round->request->options->spin_ns, &options);
	for (uint32_t i = 0; i < round->workload->route_count; i++) {
		int ret = cell->transport->channel_create(&round->channels[i], &options);

		if (ret < 0) {
			snprintf(why, why_bytes, "no channel could be made: %s",
			         limits_error(-ret));
			return ret;
		}
	}
	return 0;
}

/* Gives up the ends that belong to other peers; index peer_count stands for the parent. */
static void channels_drop(struct round *round, uint32_t index)
{
	const struct ipc_transport *transport = round->request->cell->transport;

	if (!transport->channel_drop || round->request->cell->values[CELL_MODEL] != MODEL_PROCESSES)
		return;
	for (uint32_t i = 0; i < round->workload->route_count; i++) {
		if (round->workload->routes[i].producer != index)
			transport->channel_drop(round->channels[i], IPC_PRODUCER);
		if (round->workload->routes[i].consumer != index)
			transport->channel_drop(round->channels[i], IPC_CONSUMER);
	}
}

static int open_end(struct round *round, struct workload_peer *self, uint32_t route,
                    enum ipc_role role, struct ipc_endpoint **out)
{
	uint32_t owner = role == IPC_PRODUCER ? round->workload->routes[route].producer
	                                      : round->workload->routes[route].consumer;
	int ret;

	if (!self->is_alone && owner != self->index)
		return 0;
	ret = ipc_endpoint_open(out, round->channels[route], role, round->deadline_ns);
	if (ret < 0)
		return peer_fail(self->peer, ret, "can't open its end of route %u: %s", route,
		                 limits_error(-ret));
	return 0;
}

static int open_ends(struct round *round, struct workload_peer *self)
{
	int ret = 0;

	for (uint32_t i = 0; i < round->workload->route_count && ret == 0; i++) {
		ret = open_end(round, self, i, IPC_PRODUCER, &self->producers[i]);
		if (ret == 0)
			ret = open_end(round, self, i, IPC_CONSUMER, &self->consumers[i]);
	}
	return ret;
}

static void close_ends(const struct round *round, struct workload_peer *self)
{
	const struct ipc_transport *transport = round->request->cell->transport;

	for (uint32_t i = 0; i < round->workload->route_count; i++) {
		transport->endpoint_close(self->producers[i]);
		transport->endpoint_close(self->consumers[i]);
	}
}

/* A pinned peer that ended elsewhere was measured elsewhere too. */
static int check_placement(struct workload_peer *self, int cpu)
{
	int now = sched_getcpu();

	if (cpu < 0 || now == cpu)
		return 0;
	return peer_fail(self->peer, -EXDEV, "was pinned to CPU %d and ran on CPU %d", cpu, now);
}

static int round_peer(void *context, struct peer *peer, uint32_t index)
{
	struct round *round = context;
	const struct runner_options *options = round->request->options;
	struct workload_peer self = {
		.cell = round->request->cell,
		.index = index,
		.is_alone = round->peer_count == 1,
		.seed = round->seed,
		.warmup_ns = options->warmup_ns,
		.measure_ns = options->measure_ns,
		.deadline_ns = round->deadline_ns,
		.batch = round->request->batch,
		.tick_ns = options->tick_ns,
		.recorder = round_recorder(round->memory, index),
		.shared = &round->memory->shared,
		.pattern = round->memory->pattern,
		.job = round->request->job,
		.peer = peer,
	};
	size_t size = (size_t)self.cell->values[CELL_SIZE];
	int ret;

	/* One byte at least: a consumer may read from it even when nothing came. */
	self.buffer = calloc(1, size > 0 ? size : 1);
	if (!self.buffer)
		return peer_fail(peer, -ENOMEM, "no memory for a message of %zu bytes", size);
	ret = open_ends(round, &self);
	if (ret == 0) {
		channels_drop(round, index);
		ret = round->request->conduct ? slice_play_all(&self) : round->workload->run(&self);
	}
	if (ret == 0)
		ret = check_placement(&self, round->cpus[index]);
	close_ends(round, &self);
	free(self.buffer);
	return ret;
}

/* Returns what the hypervisor has taken from all CPUs since the start, in nanoseconds. */
static uint64_t steal_now_ns(void)
{
	unsigned long long fields[8] = {0};
	FILE *file = fopen("/proc/stat", "re");
	long hz = sysconf(_SC_CLK_TCK);
	int got = 0;

	if (!file)
		return 0;
	got = fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &fields[0], &fields[1],
	             &fields[2], &fields[3], &fields[4], &fields[5], &fields[6], &fields[7]);
	fclose(file);
	return got == 8 ? (uint64_t)fields[7] * (NS_PER_S / (uint64_t)hz) : 0;
}

/* Turns what the peers recorded into a run; refuses what contradicts itself. */
static void run_fill(const struct round *round, struct run *run)
{
	const struct recorder *measured =
		round_recorder(round->memory, round->workload->measuring_peer % round->peer_count);

	run->peer_count = round->peer_count;
	for (uint32_t i = 0; i < round->peer_count; i++) {
		snprintf(run->peers[i].name, sizeof(run->peers[i].name), "%s",
		         round->peer_count == 1 ? "alone" : round->workload->peer_names[i]);
		run->peers[i].counters = round_recorder(round->memory, i)->counters;
	}
	run->messages = measured->counters.messages;
	run->bytes = measured->counters.bytes;
	/* Between its slices a peer is parked: that is no time of its work. */
	run->elapsed_ns = round->request->conduct
	                          ? round->memory->shared.gate.recorded_ns
	                          : measured->counters.stop_ns - measured->counters.start_ns;
	if (run->metric == RUN_ROUND_TRIP) {
		run->histogram = &measured->histogram;
		run->batch = measured->batch;
		run->samples = measured->histogram.count;
	} else {
		run->batch = 1;
		run->samples = run->messages;
	}
	if (run->samples == 0 || measured->counters.stop_ns <= measured->counters.start_ns)
		snprintf(run->failure, sizeof(run->failure),
		         "%s says that all went well, but measured nothing",
		         run->peers[round->workload->measuring_peer % round->peer_count].name);
}

void round_grant(struct round *round, uint64_t operations, uint64_t skipped, uint64_t batch)
{
	const struct slice slice = {
		.first = round->next_sequence,
		.operations = operations,
		.skipped = skipped,
		.batch = batch,
	};

	round->next_sequence += operations;
	slice_grant(&round->memory->shared.gate, &slice);
}

int round_park(struct round *round, uint64_t *elapsed_ns)
{
	struct slice_gate *gate = &round->memory->shared.gate;

	for (;;) {
		uint64_t now_ns = clock_now_ns();
		int ret;

		if (slice_await_parked(gate, round->peer_count, now_ns + PARK_LOOK_NS) == 0) {
			*elapsed_ns = gate->elapsed_ns;
			return 0;
		}
		ret = peers_check(round->peers, round->why, round->why_bytes);
		if (ret < 0)
			return ret;
		/* By then each peer's own deadline should have ended it. */
		if (now_ns > round->deadline_ns + NS_PER_S) {
			snprintf(round->why, round->why_bytes,
			         "a slice did not end by its deadline");
			return -ETIMEDOUT;
		}
	}
}

/* Lets somebody else grant the slices, and then the peers go home. */
static int round_conduct(struct round *round)
{
	int ret = round->request->conduct(round->request->conductor, round);
	slice_end(&round->memory->shared.gate);
	if (ret < 0 && round->why[0] == '\0')
		snprintf(round->why, round->why_bytes, "its slices were given up: %s",
		         strerror(-ret));
	return ret;
}

/* Starts the peers, lets them run, and waits for their verdicts. */
static int round_run_peers(struct round *round, char *why, size_t why_bytes)
{
	const struct cell *cell = round->request->cell;
	struct peers_options options = {
		.model = (enum model)cell->values[CELL_MODEL],
		.count = round->peer_count,
		.spare_count = round->workload->spare_count,
		.names = round->peer_count == 1 ? (const char *const[]){"alone"}
	                                        : round->workload->peer_names,
		.cpus = round->cpus,
		.deadline_ns = round->deadline_ns,
		.stop_fd = round->request->options->stop_fd,
		.main = round_peer,
		.context = round,
	};
	int ret;

	ret = placement_cpus((enum placement)cell->values[CELL_PLACEMENT], round->cpus,
	                     round->peer_count, why, why_bytes);
	if (ret < 0)
		return ret;
	ret = peers_start(&round->peers, &options, why, why_bytes);
	if (ret < 0)
		return ret;
	channels_drop(round, round->peer_count);
	peers_release(round->peers);
	if (round->request->conduct)
		ret = round_conduct(round);
	if (ret == 0)
		ret = peers_join(round->peers, why, why_bytes);
	peers_stop(round->peers);
	return ret;
}

static uint64_t round_slack_ns(const struct round_request *request)
{
	const struct cell *cell = request->cell;
	uint64_t slack_ns =
		(request->options->warmup_ns + request->options->measure_ns) * ROUND_SLACK_TIMES +
		cell->values[CELL_SIZE] * ROUND_SLACK_NS_PER_BYTE;

	/* A task takes what it takes, and slices of two arms wait for each other. */
	if (cell->workload->has_tasks || request->conduct || slack_ns > ROUND_SLACK_NS_MAX)
		return ROUND_SLACK_NS_MAX;
	return slack_ns < ROUND_SLACK_NS_MIN ? ROUND_SLACK_NS_MIN : slack_ns;
}

int round_play(const struct round_request *request, struct run *run, struct round_memory **memory)
{
	const struct workload *workload = request->cell->workload;
	bool is_alone = request->cell->transport->caps & IPC_CAP_ONE_PEER;
	struct round round = {
		.request = request,
		.shaped = *workload,
		.seed = request->options->seed + request->round,
		.why = run->failure,
		.why_bytes = sizeof(run->failure),
	};
	size_t pattern_bytes = workload->pattern_bytes ? workload->pattern_bytes(request->cell) : 0;
	uint64_t steal_ns;
	int ret;

	if (workload->shape)
		workload->shape(request->cell, request->job, &round.shaped);
	round.workload = &round.shaped;
	round.peer_count = is_alone ? 1 : round.workload->peer_count;
	*run = (struct run){
		.cell = request->description,
		.metric = workload->metric,
		.stage = 1,
		.round = request->round,
		.arm = "A",
	};
	round.memory = memory_create(round.peer_count, pattern_bytes);
	if (!round.memory)
		return -ENOMEM;
	*memory = round.memory;
	ret = channels_create(&round, run->failure, sizeof(run->failure));
	round.deadline_ns = clock_now_ns() + request->options->warmup_ns +
	                    request->options->measure_ns + round_slack_ns(request);
	steal_ns = steal_now_ns();
	if (ret == 0)
		ret = round_run_peers(&round, run->failure, sizeof(run->failure));
	run->steal_ns = steal_now_ns() - steal_ns;
	if (ret == 0)
		run_fill(&round, run);
	channels_destroy(&round);
	/* A failure of the cell is a result; only what ends everything is an error here. */
	return ret == -EINTR || ret == -ENOMEM ? ret : 0;
}
