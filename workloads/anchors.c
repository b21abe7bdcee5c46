/* SPDX-License-Identifier: MIT */
/* workloads/anchors.c - what this machine's CPUs take for the steps under all IPC. */
#include "workloads/anchors.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "ipc/cpu.h"
#include "ipc/futex.h"
#include "workloads/placement.h"

#define LINE_BLOCKS 20u
#define LINE_BLOCK_TRIPS 1000u
#define SKEW_EXCHANGES 20000u
#define WAKES 200u
#define WAKE_GAP_NS (50 * NS_PER_US) /* long enough for the waiter to be asleep */
#define CALL_BLOCKS 20u
#define CALL_BLOCK 1000u
#define ANCHOR_LIMIT_NS (1 * NS_PER_S)

/* Each word on lines of its own: one line to go, one to come back. */
struct anchor {
	alignas(CACHE_SEPARATION_BYTES) _Atomic uint32_t ping;
	alignas(CACHE_SEPARATION_BYTES) _Atomic uint32_t pong;
	alignas(CACHE_SEPARATION_BYTES) _Atomic uint64_t woken_ns;
	int cpus[2];
	uint64_t deadline_ns;
	uint64_t result_ns;
	int64_t offset_ns;
};

/* Spins until the word has the value. Returns false at the deadline. */
static bool await_value(const struct anchor *anchor, const _Atomic uint32_t *word, uint32_t value)
{
	struct spin spin = {0};

	while (atomic_load_explicit(word, memory_order_acquire) != value) {
		if (!spin_turn(&spin, anchor->deadline_ns))
			return false;
	}
	return true;
}

static void *line_answer(void *context)
{
	struct anchor *anchor = context;

	placement_pin(anchor->cpus[1]);
	for (uint32_t i = 1; i <= LINE_BLOCKS * LINE_BLOCK_TRIPS; i++) {
		if (!await_value(anchor, &anchor->ping, i))
			break;
		atomic_store_explicit(&anchor->pong, i, memory_order_release);
	}
	return NULL;
}

static void *line_ask(void *context)
{
	struct anchor *anchor = context;
	uint64_t best_ns = UINT64_MAX;
	uint32_t i = 0;

	placement_pin(anchor->cpus[0]);
	for (uint32_t block = 0; block < LINE_BLOCKS; block++) {
		uint64_t start_ns = clock_now_ns();

		for (uint32_t trip = 0; trip < LINE_BLOCK_TRIPS; trip++) {
			atomic_store_explicit(&anchor->ping, ++i, memory_order_release);
			if (!await_value(anchor, &anchor->pong, i))
				return NULL;
		}
		start_ns = (clock_now_ns() - start_ns) / LINE_BLOCK_TRIPS;
		if (start_ns < best_ns)
			best_ns = start_ns;
	}
	anchor->result_ns = best_ns;
	return NULL;
}

static void *skew_answer(void *context)
{
	struct anchor *anchor = context;

	placement_pin(anchor->cpus[1]);
	for (uint32_t i = 1; i <= SKEW_EXCHANGES; i++) {
		if (!await_value(anchor, &anchor->ping, i))
			break;
		atomic_store_explicit(&anchor->woken_ns, clock_now_ns(), memory_order_relaxed);
		/* Release: the reading above is seen with it. */
		atomic_store_explicit(&anchor->pong, i, memory_order_release);
	}
	return NULL;
}

/* The answer was read between start and end: its distance from their middle is the offset. */
static void *skew_ask(void *context)
{
	struct anchor *anchor = context;
	uint64_t best_ns = UINT64_MAX;

	placement_pin(anchor->cpus[0]);
	for (uint32_t i = 1; i <= SKEW_EXCHANGES; i++) {
		uint64_t start_ns = clock_now_ns();
		uint64_t end_ns;
		uint64_t there_ns;

		atomic_store_explicit(&anchor->ping, i, memory_order_release);
		if (!await_value(anchor, &anchor->pong, i))
			return NULL;
		end_ns = clock_now_ns();
		there_ns = atomic_load_explicit(&anchor->woken_ns, memory_order_relaxed);
		if (end_ns - start_ns >= best_ns)
			continue;
		best_ns = end_ns - start_ns;
		anchor->offset_ns = (int64_t)(there_ns - start_ns) - (int64_t)(best_ns / 2);
	}
	anchor->result_ns = best_ns;
	return NULL;
}

static void *wake_sleep(void *context)
{
	struct anchor *anchor = context;

	placement_pin(anchor->cpus[1]);
	for (uint32_t i = 1; i <= WAKES; i++) {
		while (atomic_load_explicit(&anchor->ping, memory_order_acquire) != i) {
			if (futex_wait(&anchor->ping, i - 1, anchor->deadline_ns) == -ETIMEDOUT)
				return NULL;
		}
		atomic_store_explicit(&anchor->woken_ns, clock_now_ns(), memory_order_relaxed);
		atomic_store_explicit(&anchor->pong, i, memory_order_release);
	}
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void *wake_wake(void *context)
{
	struct anchor *anchor = context;
	uint64_t took_ns[WAKES];

	placement_pin(anchor->cpus[0]);
	for (uint32_t i = 1; i <= WAKES; i++) {
		uint64_t start_ns;

		clock_sleep_until(clock_now_ns() + WAKE_GAP_NS);
		start_ns = clock_now_ns();
		atomic_store_explicit(&anchor->ping, i, memory_order_release);
		futex_wake(&anchor->ping, 1);
		if (!await_value(anchor, &anchor->pong, i))
			return NULL;
		took_ns[i - 1] =
			atomic_load_explicit(&anchor->woken_ns, memory_order_relaxed) - start_ns;
	}
	qsort(took_ns, WAKES, sizeof(took_ns[0]), by_value);
	anchor->result_ns = took_ns[WAKES / 2];
	return NULL;
}

/* Runs both sides, each on its CPU. Returns what they found, all zeros if nothing. */
static struct anchor measure_pair(void *(*first)(void *), void *(*second)(void *))
{
	struct anchor anchor = {.deadline_ns = clock_now_ns() + ANCHOR_LIMIT_NS};
	pthread_t threads[2];
	char why[128];

	if (placement_cpus(PLACEMENT_CROSS_CORE, anchor.cpus, 2, why, sizeof(why)) < 0)
		return anchor;
	if (pthread_create(&threads[1], NULL, second, &anchor) != 0)
		return anchor;
	if (pthread_create(&threads[0], NULL, first, &anchor) == 0)
		pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	return anchor;
}

uint64_t anchor_line_round_trip_ns(void)
{
	return measure_pair(line_ask, line_answer).result_ns;
}

uint64_t anchor_wake_up_ns(void)
{
	return measure_pair(wake_wake, wake_sleep).result_ns;
}

bool anchor_clock_skew_ns(int64_t *offset_ns, uint64_t *error_ns)
{
	struct anchor anchor = measure_pair(skew_ask, skew_answer);

	*offset_ns = anchor.result_ns > 0 ? anchor.offset_ns : 0;
	*error_ns = (anchor.result_ns + 1) / 2;
	return anchor.result_ns > 0;
}

uint64_t anchor_system_call_ns(void)
{
	uint64_t best_ns = UINT64_MAX;

	for (unsigned block = 0; block < CALL_BLOCKS; block++) {
		uint64_t start_ns = clock_now_ns();

		for (unsigned i = 0; i < CALL_BLOCK; i++)
			syscall(SYS_getppid);
		start_ns = (clock_now_ns() - start_ns) / CALL_BLOCK;
		if (start_ns < best_ns)
			best_ns = start_ns;
	}
	return best_ns;
}
