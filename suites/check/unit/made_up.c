/* SPDX-License-Identifier: MIT */
/* suites/check/unit/made_up.c - a made-up session for tests: the same numbers each time. */
#include "suites/check/unit/made_up.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "results/environment.h"

static const struct environment environment = {
	.machine_key = "m:5f2a0000000000000000000000000001",
	.key = "e:91c00000000000000000000000000002",
	.machine = (char[]){"{\"architecture\":\"x86_64\",\"cpus\":2,\"hypervisor\":\"QEMU\"}"},
	.canon = (char[]){"{\"container\":\"none\",\"kernel\":\"6.1.0-13-amd64\"}"},
	.recorded = (char[]){"{\"cpu_name\":\"Made-up CPU\",\"unread\":{\"cpu_frequency_khz\":2}}"},
};

static const struct session session = {
	.uuid = "7b0e1c52-0b6f-4c1d-9a3e-5d1f00c0ffee",
	.kind = "run",
	.started_ns = 1795354812123456789u,
	.ended_ns = 1795354821000000000u,
	.seed = 4711,
	.argv = "ipcbench run 'transport:*' rounds:4",
	.tool = "0.1.0",
	.doctor = "[{\"id\":\"vm.steal\",\"level\":\"warn\",\"value\":1.8}]",
	.status = "complete",
	.environment = &environment,
};

const struct session *made_up_session(void)
{
	return &session;
}

struct run_cell made_up_cell(const char *transport, const char *workload, uint64_t size_bytes,
                             const char *placement)
{
	struct run_cell cell = {.size_bytes = size_bytes, .in_flight = 1};

	snprintf(cell.name, sizeof(cell.name), "%s/%s/%" PRIu64 "B/%s/block/processes", transport,
	         workload, size_bytes, placement);
	snprintf(cell.transport, sizeof(cell.transport), "%s", transport);
	snprintf(cell.workload, sizeof(cell.workload), "%s", workload);
	snprintf(cell.placement, sizeof(cell.placement), "%s", placement);
	snprintf(cell.wait, sizeof(cell.wait), "block");
	snprintf(cell.model, sizeof(cell.model), "processes");
	return cell;
}

static struct run_peer made_up_peer(const char *name, uint64_t messages, uint64_t cpu_ns)
{
	struct run_peer peer = {
		.counters =
			{
				.start_ns = 1000,
				.stop_ns = 1000 + 2 * messages * cpu_ns,
				.messages = messages,
				.cpu_user_ns = messages * cpu_ns / 4,
				.cpu_system_ns = messages * cpu_ns - messages * cpu_ns / 4,
				.voluntary_switches = messages,
				.involuntary_switches = 3,
			},
	};

	snprintf(peer.name, sizeof(peer.name), "%s", name);
	return peer;
}

/* Records values with a body around typical_ns, a tail of some percent, and one outlier. */
static void record_values(struct histogram *histogram, uint32_t round, uint64_t typical_ns,
                          uint64_t value_count)
{
	uint64_t state = 0x9e3779b97f4a7c15u + round;

	for (uint64_t i = 0; i < value_count; i++) {
		uint64_t random;

		/* Knuth's generator for 64 bits; its high digits are the good ones. */
		state = state * 6364136223846793005u + 1442695040888963407u;
		random = state >> 33;
		histogram_record(histogram,
		                 typical_ns + random % (typical_ns / 8 + 1) +
		                         (random % 64 == 0 ? typical_ns * (random % 5) : 0));
	}
	if (value_count > 0)
		histogram_record(histogram, typical_ns * 20);
}

int made_up_run(struct run *out, const struct run_cell *cell, uint32_t round, uint64_t typical_ns,
                uint64_t value_count, uint64_t batch)
{
	bool is_trip = typical_ns > 0;
	struct histogram *histogram = is_trip ? histogram_create(HISTOGRAM_BITS_DEFAULT) : NULL;
	uint64_t messages = is_trip ? (value_count + 1) * batch : value_count;

	if (is_trip && !histogram)
		return -ENOMEM;
	*out = (struct run){
		.cell = cell,
		.metric = is_trip ? RUN_ROUND_TRIP : RUN_THROUGHPUT,
		.stage = 1,
		.round = round,
		.arm = "A",
		.batch = batch,
		.samples = is_trip ? value_count + 1 : value_count,
		.messages = messages,
		.bytes = messages * cell->size_bytes,
		.elapsed_ns = is_trip ? messages / batch * typical_ns
	                              : messages * (800 + 10 * (uint64_t)round),
		.histogram = histogram,
		.peer_count = 2,
		.steal_ns = 10 * (uint64_t)round,
	};
	out->peers[0] = made_up_peer(is_trip ? "client" : "producer", messages, 400 + round);
	out->peers[1] = made_up_peer(is_trip ? "server" : "consumer", messages, 300);
	if (is_trip)
		record_values(histogram, round, typical_ns + round * (typical_ns / 100),
		              value_count);
	return 0;
}

struct made_up_row {
	const char *transport;
	const char *workload;
	uint64_t size_bytes;
	const char *placement;
	uint64_t typical_ns;
	uint64_t value_count;
	uint64_t batch;
	uint32_t rounds_failed; /* the first ones, of 4 */
};

static const struct made_up_row rows[] = {
	{"pipe", "ping_pong", 64, "same_core", 6200, 20000, 1, 0},
	{"unix_stream", "ping_pong", 64, "cross_core", 47000, 1000, 1, 1},
	{"loopback", "ping_pong", 64, "same_core", 9000, 20000, 64, 0},
	{"sleepy", "ping_pong", 64, "same_core", 17000000000, 200, 1, 0},
	{"pipe", "stream", 4096, "same_core", 0, 500000, 1, 0},
	{"tcp", "stream", 64, "cross_core", 0, 500000, 1, 0},
	{"broken", "stream", 64, "same_core", 0, 500000, 1, 4},
};

static int add_row(struct report_builder *builder, const struct made_up_row *row)
{
	struct run_cell cell =
		made_up_cell(row->transport, row->workload, row->size_bytes, row->placement);

	for (uint32_t round = 0; round < 4; round++) {
		struct run run;
		int ret = made_up_run(&run, &cell, round, row->typical_ns, row->value_count,
		                      row->batch);

		if (ret < 0)
			return ret;
		if (round < row->rounds_failed)
			snprintf(run.failure, sizeof(run.failure),
			         "message 7 was lost, then \"%u\"\x1b[31m came", round);
		ret = report_add_run(builder, &run);
		free((struct histogram *)run.histogram);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static const struct report_clause clauses[] = {
	{"C18", "A peer's death is told to the other."},
	{"C31", "Many producers at once: each message once & whole."},
};

static const struct report_semantics semantics = {
	.clauses = clauses,
	.clauses_count = 2,
	.promises =
		{
			{"told of a death", "C18", "Nobody is told.", NULL, NULL},
			{"many producers", "C31", "One producer \"only\".", "Nobody asks.", NULL},
			{"alike", "C31", "Never.", NULL, NULL},
		},
	.promises_count = 3,
	.transports =
		{
			{"pipe", "made-up pipe", 5, 0, false},
			{"tcp", "made-up <socket>", 7, 0, false},
			{"broken", "made-up fault", 4, 2, false},
			{"loopback", "the harness", 4, 0, true},
		},
	.transports_count = 4,
};

static const struct report_claim claims[] = {
	{
		.id = "processes_scale",
		.claim = "Processes scale where threads don't",
		.how = "speed-up of 2 peers over one alone",
		.verdict = "holds",
		.measured = {{"speed_up_processes", 1.934}, {"speed_up_threads", 1.01}},
		.measured_count = 2,
		.cells = {"pipe/stream/4096B/same_core/block/processes", "elsewhere/pool"},
		.cells_count = 2,
	},
	{
		.id = "shared_heap_races",
		.claim = "A shared heap loses <updates>",
		.verdict = "cannot be told",
		.reason = "others used <both> CPUs",
	},
	{
		.id = "spawn",
		.claim = "making a peer and waiting for its end",
		.measured = {{"fork_2_mib_us", 1.0 / 3},
                             {"fork_64_mib_us", 18900},
                             {"vfork_2_mib_us", 64},
                             {"vfork_64_mib_us", 57},
                             {"clone3_2_mib_us", 227},
                             {"posix_spawn_2_mib_us", 992},
                             {"pthread_create_2_mib_us", 75}},
		.measured_count = 7,
	},
};

int made_up_report(struct report **out)
{
	struct run_cell first = made_up_cell("posix_mq", "ping_pong", 65536, "same_core");
	struct run_cell second = made_up_cell("posix_mq", "stream", 65536, "same_core");
	struct run_cell third = made_up_cell("uring_pipe", "stream", 64, "same_core");
	struct report_builder *builder;
	int ret = report_builder_create(&builder, &session);

	if (ret < 0)
		return ret;
	report_set_semantics(builder, &semantics);
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]) && ret == 0; i++)
		ret = report_add_claim(builder, &claims[i]);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && ret == 0; i++)
		ret = add_row(builder, &rows[i]);
	if (ret == 0)
		ret = report_add_skip(builder, &first, "65536 exceed fs.mqueue.msgsize_max, 8192");
	if (ret == 0)
		ret = report_add_skip(builder, &second, "65536 exceed fs.mqueue.msgsize_max, 8192");
	if (ret == 0)
		ret = report_add_skip(builder, &third, "=kernel.io_uring_disabled is 2");
	if (ret == 0)
		ret = report_build(out, builder);
	report_builder_destroy(builder);
	return ret;
}

/* One pair: what B is to A, and how far rounds scatter, in parts of a thousand. */
struct made_up_pair {
	const char *transport;
	const char *workload;
	const char *placement;
	const char *wait_b;  /* null: as A */
	uint64_t typical_ns; /* 0: throughput */
	int effect;
	unsigned scatter;
	bool is_control;
};

static const struct made_up_pair made_up_pairs[] = {
	{"pipe", "ping_pong", "same_core", NULL, 6250, 94, 8, false},
	{"unix_stream", "ping_pong", "same_core", NULL, 7910, 0, 4, false},
	{"posix_mq", "ping_pong", "same_core", NULL, 7020, 15, 4, false},
	{"pipe", "ping_pong", "cross_core", NULL, 51100, 4, 160, false},
	{"shm_ring", "ping_pong", "cross_core", NULL, 46300, -179, 12, false},
	{"pipe", "stream", "same_core", NULL, 0, 60, 10, false},
	{"sysv_mq", "ping_pong", "same_core", "hybrid", 9000, 1, 5, false},
	{"loopback", "ping_pong", "unpinned", NULL, 900, 0, 3, true},
};

#define COMPARISON_ROUNDS 20u

/* Fills both runs of a round; the histograms are the caller's. */
static int made_up_round(const struct made_up_pair *pair, const struct run_cell cells[2],
                         uint32_t round, unsigned stage, struct run runs[2])
{
	uint64_t state = 77 + 1000 * (uint64_t)(pair - made_up_pairs) + 100 * stage + round;

	for (size_t arm = 0; arm < 2; arm++) {
		double factor = arm == 1 ? 1.0 + pair->effect / 1000.0 : 1.0;
		int ret;

		state = state * 6364136223846793005u + 1442695040888963407u;
		factor *= 1.0 + pair->scatter * ((double)(state >> 40) / 0x1p24 - 0.5) / 500.0;
		ret = made_up_run(&runs[arm], &cells[arm], 0,
		                  (uint64_t)((double)pair->typical_ns * factor), 4000, 1);
		if (ret < 0)
			return ret;
		runs[arm].round = round;
		runs[arm].stage = stage + 1;
		snprintf(runs[arm].arm, sizeof(runs[arm].arm), "%c", (char)('A' + arm));
		if (pair->typical_ns == 0)
			runs[arm].elapsed_ns = (uint64_t)(3200000.0 * factor);
	}
	if (round == 3 && pair->wait_b && stage == 0)
		snprintf(runs[1].failure, sizeof(runs[1].failure), "message 7 was \x1b[31mlost");
	return 0;
}

static int play_made_up(struct verdict_report *report, unsigned stage)
{
	for (size_t i = 0; i < report->pairs_count; i++) {
		for (uint32_t round = 0; round < COMPARISON_ROUNDS; round++) {
			struct run runs[2];
			int ret;

			if (stage == 1 && !verdict_report_has_suspect(report, i))
				break;
			ret = made_up_round(&made_up_pairs[i], report->pairs[i].cells, round, stage,
			                    runs);
			if (ret == 0)
				ret = verdict_report_add_round(report, i, stage, &runs[0], &runs[1],
				                               i == 1 && round == 5 ? 0.031 : 0.0);
			free((struct histogram *)runs[0].histogram);
			free((struct histogram *)runs[1].histogram);
			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

int made_up_comparison(struct verdict_report **out)
{
	struct verdict_report *report;
	int ret = verdict_report_create(&report);

	if (ret < 0)
		return ret;
	report->session = &session;
	report->seed = 4711;
	report->tick_ns = 10;
	report->arms[0] = "rev=v1.3.0 (1f0c2ab)";
	report->arms[1] = "rev=HEAD (9d41e77)";
	report->reproduce = "ipcbench ab rev=v1.3.0 rev=HEAD 'pipe/*'";
	report->show = "ipcbench report 7b0e1c52 --format html -o report.html";
	for (size_t i = 0; i < sizeof(made_up_pairs) / sizeof(made_up_pairs[0]) && ret == 0; i++) {
		const struct made_up_pair *pair = &made_up_pairs[i];
		struct run_cell cells[2];

		for (size_t arm = 0; arm < 2; arm++) {
			cells[arm] =
				made_up_cell(pair->transport, pair->workload, 64, pair->placement);
			if (arm == 1 && pair->wait_b)
				snprintf(cells[arm].name, sizeof(cells[arm].name),
				         "%s/%s/64B/%s/%s/processes", pair->transport,
				         pair->workload, pair->placement, pair->wait_b);
		}
		ret = verdict_report_add_pair(
			report, &cells[0], &cells[1],
			pair->typical_ns > 0 ? RUN_ROUND_TRIP : RUN_THROUGHPUT, pair->is_control);
	}
	if (ret == 0)
		ret = play_made_up(report, 0);
	if (ret == 0)
		ret = verdict_report_screen(report);
	if (ret == 0)
		ret = play_made_up(report, 1);
	if (ret == 0)
		ret = verdict_report_judge(report);
	if (ret < 0) {
		verdict_report_destroy(report);
		return ret;
	}
	*out = report;
	return 0;
}
