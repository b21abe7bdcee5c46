/* SPDX-License-Identifier: MIT */
/* suites/bench/ab_round.c - one round of one cell, in both arms at once. */
#include "suites/bench/ab_round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "workloads/random.h"
#include "workloads/slice.h"

/* Long beside the parking, short beside what drifts. */
#define SLICE_NS (2 * NS_PER_MS)
#define SLICE_NS_MIN (NS_PER_MS / 2)
#define SLICE_TRIPS_MIN 50u
/* Samples at the start of a slice that pay for what the other arm left in the caches. */
#define SKIPPED_SAMPLES 4u
/*
 * Beyond p99 of so many lie 22 in each arm and round. The bounds keep twelve rounds within
 * one second on one core and three across, where a wake-up takes tens of microseconds.
 */
#define SAMPLES_WANTED 2200u
#define RECORDED_NS_MIN (12 * NS_PER_MS)
#define RECORDED_NS_MAX (56 * NS_PER_MS)
#define RECORDED_NS_RATE (20 * NS_PER_MS)
#define GROUPS_MIN 2u
#define WARMUP_NS (5 * NS_PER_MS)
/* Where little is recorded no more than half of it, where much at least an eighth. */
#define WARMUP_SHARE_MAX 2u
#define WARMUP_SHARE_MIN 8u
/* A throughput's start is the filling of the channel. */
#define SKIPPED_MESSAGES 128u
#define LAYOUT_BYTES 4096u
#define ALLOWED_NS (30 * NS_PER_S)

struct duel {
	const struct ab_round_request *request;
	struct ab_slices *slices;
	struct ab_round *round;
	struct arm arms[2];
	struct random random;
	uint64_t operation_ns[2];
	uint64_t until_ns;
};

static uint64_t round_up(uint64_t value, uint64_t step)
{
	return (value + step - 1) / step * step;
}

static uint64_t divide_up(uint64_t value, uint64_t by)
{
	return (value + by - 1) / by;
}

/* Returns how long a slice is: less where little is recorded, for there to be GROUPS_MIN. */
static uint64_t slice_ns_of(const struct ab_round_request *request)
{
	uint64_t share_ns = request->time_ns / (2 * GROUPS_MIN);

	if (request->time_ns == 0 || share_ns > SLICE_NS)
		return SLICE_NS;
	return share_ns > SLICE_NS_MIN ? share_ns : SLICE_NS_MIN;
}

/* Keeps the least that an operation took: what is more was others' doing. */
static void note_operations(const struct duel *duel)
{
	struct ab_slices *slices = duel->slices;

	for (size_t i = 0; i < 2; i++) {
		uint64_t seen_ns = duel->operation_ns[i] > 0 ? duel->operation_ns[i] : 1;

		if (slices->operation_ns[i] == 0 || seen_ns < slices->operation_ns[i])
			slices->operation_ns[i] = seen_ns;
	}
}

/*
 * Decides how this round is cut, from what an operation takes in each arm. Only the
 * batch is the same in all rounds: a quantile of blocks depends on it.
 */
static void plan_slices(const struct duel *duel)
{
	const struct ab_round_request *request = duel->request;
	struct ab_slices *slices = duel->slices;
	uint64_t a = slices->operation_ns[0];
	uint64_t b = slices->operation_ns[1];
	uint64_t mean_ns = (a + b) / 2;
	uint64_t operations = slice_ns_of(request) / mean_ns;
	bool is_trips = request->metric == RUN_ROUND_TRIP;
	uint64_t slice_ns;
	uint64_t count;

	if (slices->batch == 0)
		slices->batch = is_trips ? slice_batch(a < b ? a : b, request->tick_ns) : 1;
	if (operations < SLICE_TRIPS_MIN)
		operations = SLICE_TRIPS_MIN;
	operations = round_up(operations, slices->batch);
	slices->skipped = is_trips ? SKIPPED_SAMPLES * slices->batch : SKIPPED_MESSAGES;
	slices->operations = operations + slices->skipped;
	slice_ns = operations * mean_ns;
	if (request->time_ns > 0)
		count = divide_up(request->time_ns, slice_ns);
	else
		count = divide_up(is_trips ? RECORDED_NS_MIN : RECORDED_NS_RATE, slice_ns);
	if (is_trips && request->time_ns == 0) {
		uint64_t wanted = divide_up(SAMPLES_WANTED * slices->batch, operations);

		count = wanted > count ? wanted : count;
		if (count > RECORDED_NS_MAX / slice_ns)
			count = RECORDED_NS_MAX / slice_ns;
	}
	slices->groups = (uint32_t)divide_up(count, 2);
	if (slices->groups < GROUPS_MIN)
		slices->groups = GROUPS_MIN;
}

static uint64_t warmup_ns(const struct ab_round_request *request)
{
	uint64_t most_ns = request->time_ns / WARMUP_SHARE_MAX;
	uint64_t least_ns = request->time_ns / WARMUP_SHARE_MIN;

	if (request->time_ns == 0)
		return WARMUP_NS;
	if (most_ns < WARMUP_NS)
		return most_ns;
	return least_ns > WARMUP_NS ? least_ns : WARMUP_NS;
}

/* Starts both processes, in random order and side by side, each with a layout of its own. */
static int start_both(struct duel *duel)
{
	size_t first = (size_t)random_below(&duel->random, 2);
	int ret = 0;

	for (size_t i = 0; i < 2 && ret == 0; i++) {
		size_t arm = first ^ i;

		ret = arm_start(&duel->arms[arm], duel->request->programs[arm],
		                (size_t)random_below(&duel->random, LAYOUT_BYTES),
		                duel->request->stop_fd);
	}
	for (size_t i = 0; i < 2 && ret == 0; i++)
		ret = arm_greet(&duel->arms[first ^ i]);
	return ret;
}

static int prepare(struct duel *duel, size_t index, uint64_t seed)
{
	const struct ab_round_request *request = duel->request;
	const struct ab_delay *delay = &request->delays[index];
	struct arm *arm = &duel->arms[index];
	int ret;

	ret = arm_say(arm->fd,
	              "prepare cell=%s seed=%llu round=%u warmup_ns=%llu allowed_ns=%llu "
	              "spin_ns=%llu tick_ns=%llu delay_ns=%llu one_in=%llu%s",
	              request->cells[index]->name, (unsigned long long)seed, request->round,
	              (unsigned long long)warmup_ns(request), (unsigned long long)ALLOWED_NS,
	              (unsigned long long)request->spin_ns, (unsigned long long)request->tick_ns,
	              (unsigned long long)delay->delay_ns,
	              (unsigned long long)(delay->one_in > 0 ? delay->one_in : 1),
	              request->is_pinned ? " pin=0" : "");
	if (ret == 0)
		ret = arm_await(arm, "ready", duel->until_ns);
	if (ret == 0)
		ret = arm_number(arm->message.buffer, "operation_ns", &duel->operation_ns[index]);
	return ret;
}

/* Prepares one after the other: the first stands parked while the second warms up. */
static int prepare_both(struct duel *duel)
{
	uint64_t seed = random_next(&duel->random);
	size_t first = (size_t)random_below(&duel->random, 2);
	int ret = prepare(duel, first, seed);

	return ret < 0 ? ret : prepare(duel, first ^ 1, seed);
}

static int play_slice(struct duel *duel, size_t index)
{
	const struct ab_slices *slices = duel->slices;
	struct arm *arm = &duel->arms[index];
	int ret;

	ret = arm_say(arm->fd, "slice operations=%llu skipped=%llu batch=%llu",
	              (unsigned long long)slices->operations, (unsigned long long)slices->skipped,
	              (unsigned long long)slices->batch);
	if (ret == 0)
		ret = arm_say(arm->fd, "park");
	return ret < 0 ? ret : arm_await(arm, "parked", duel->until_ns);
}

static int play_slices(struct duel *duel)
{
	for (uint32_t group = 0; group < duel->slices->groups; group++) {
		/* A B B A, or B A A B. */
		size_t first = (size_t)random_below(&duel->random, 2);
		const size_t order[4] = {first, first ^ 1, first ^ 1, first};

		for (size_t i = 0; i < 4; i++) {
			int ret = play_slice(duel, order[i]);

			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

static int take_results(struct duel *duel)
{
	for (size_t i = 0; i < 2; i++) {
		int ret = arm_say(duel->arms[i].fd, "histogram");

		if (ret == 0)
			ret = arm_take_run(&duel->arms[i], &duel->round->runs[i],
			                   &duel->round->histograms[i], duel->until_ns);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int play(struct duel *duel)
{
	int ret = start_both(duel);

	if (ret == 0)
		ret = prepare_both(duel);
	if (ret < 0)
		return ret;
	note_operations(duel);
	plan_slices(duel);
	ret = play_slices(duel);
	return ret < 0 ? ret : take_results(duel);
}

/* Says in both runs which arm failed and how. */
static void explain(struct duel *duel, int error)
{
	char why[RUN_TEXT_BYTES];

	snprintf(why, sizeof(why), "%s", strerror(-error));
	for (size_t i = 0; i < 2; i++) {
		if (duel->arms[i].why[0] != '\0') {
			snprintf(why, sizeof(why), "arm %c: %.*s", (char)('A' + i),
			         RUN_TEXT_BYTES - 16, duel->arms[i].why);
			break;
		}
	}
	for (size_t i = 0; i < 2; i++) {
		duel->round->runs[i].histogram = NULL;
		snprintf(duel->round->runs[i].failure, sizeof(duel->round->runs[i].failure), "%s",
		         why);
	}
}

int ab_round_play(const struct ab_round_request *request, struct ab_slices *slices,
                  struct ab_round *round)
{
	struct duel duel = {
		.request = request,
		.slices = slices,
		.round = round,
		.random = {.state = request->random},
		.until_ns = clock_now_ns() + ALLOWED_NS,
	};
	uint64_t start_ns = clock_now_ns();
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t steal_ns = 0;
	int ret;

	*round = (struct ab_round){0};
	for (size_t i = 0; i < 2; i++)
		round->runs[i] = (struct run){
			.cell = request->cells[i],
			.metric = request->metric,
			.stage = request->stage,
			.round = request->round,
			.batch = 1,
			.arm = {(char)('A' + i)},
		};
	ret = play(&duel);
	if (ret < 0)
		explain(&duel, ret);
	arm_dismiss(&duel.arms[0]);
	arm_dismiss(&duel.arms[1]);
	for (size_t i = 0; i < 2; i++) {
		arm_stop(&duel.arms[i]);
		/* Both saw the same machine; the longer look tells more. */
		if (round->runs[i].steal_ns > steal_ns)
			steal_ns = round->runs[i].steal_ns;
	}
	round->steal_share = (double)steal_ns / (double)(clock_now_ns() - start_ns) /
	                     (double)(cpus > 0 ? cpus : 1);
	return ret == -EINTR || ret == -EPROTO || ret == -ENOMEM ? ret : 0;
}

void ab_round_release(struct ab_round *round)
{
	free(round->histograms[0]);
	free(round->histograms[1]);
	*round = (struct ab_round){0};
}
