/* SPDX-License-Identifier: MIT */
/*
 * workloads/experiments/convoy.c - a thread that waits a little and often, beside one that
 * computes.
 *
 * Under one lock each request gives the lock away, and gets it back only when the
 * computing thread has been asked for it: about an interval later, however short the
 * request was. Without a lock a request takes what it waits for.
 */
#include "workloads/experiments/experiment.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "ipc/clock.h"
#include "workloads/gil.h"

#define REQUESTS_MAX 40u
/* What a request waits for: long enough for the computing thread to take the lock. */
#define REQUEST_NS (NS_PER_MS / 5)

struct convoy {
	struct gil lock;
	bool has_lock;
	_Atomic uint32_t is_computing;
	_Atomic uint32_t is_over;
	uint64_t deadline_ns;
};

static void *compute(void *context)
{
	struct convoy *self = context;
	uint64_t value = 1;

	if (self->has_lock)
		gil_take(&self->lock, &value, self->deadline_ns);
	atomic_store_explicit(&self->is_computing, 1, memory_order_release);
	while (!atomic_load_explicit(&self->is_over, memory_order_acquire)) {
		for (unsigned i = 0; i < 1000; i++) {
			value = value * UINT64_C(6364136223846793005) + i;
			__asm__ __volatile__("" : "+r"(value));
		}
		if (self->has_lock)
			gil_checkpoint(&self->lock, &value, self->deadline_ns);
	}
	if (self->has_lock)
		gil_release(&self->lock, &value);
	return NULL;
}

/* Makes one request, with the lock given away for as long as it waits. Returns its time. */
static uint64_t request(struct convoy *self)
{
	uint64_t start_ns = clock_now_ns();

	if (self->has_lock)
		gil_release(&self->lock, self);
	clock_sleep_until(start_ns + REQUEST_NS);
	if (self->has_lock)
		gil_take(&self->lock, self, self->deadline_ns);
	return clock_now_ns() - start_ns;
}

/* Makes requests; adds their median, and how many took an interval of the lock or more. */
static void play_requests(struct experiment_run *self, struct convoy *convoy, const char *name)
{
	uint64_t elapsed_ns[REQUESTS_MAX];
	unsigned count = self->is_quick ? 10 : REQUESTS_MAX;
	const char *kind = convoy->has_lock ? "gil" : "thread";
	unsigned held_up = 0;

	for (unsigned i = 0; i < count; i++) {
		elapsed_ns[i] = request(convoy);
		held_up += elapsed_ns[i] >= GIL_INTERVAL_NS;
	}
	experiment_add(self, (double)experiment_median(elapsed_ns, count) / 1e3, "%s_%s_us", kind,
	               name);
	experiment_add(self, 100.0 * held_up / count, "%s_%s_held_up_percent", kind, name);
}

/* Plays the requests alone, and then beside a thread that computes. */
static int play(struct experiment_run *self, bool has_lock)
{
	struct convoy convoy = {.has_lock = has_lock, .deadline_ns = self->deadline_ns};
	pthread_t thread;
	int ret;

	if (has_lock)
		gil_take(&convoy.lock, &convoy, self->deadline_ns);
	play_requests(self, &convoy, "request_alone");
	ret = -pthread_create(&thread, NULL, compute, &convoy);
	if (ret < 0)
		return experiment_fail(self, ret, "a thread: %s", strerror(-ret));
	/* Gives the lock away, so that the other computes before the first request. */
	while (!atomic_load_explicit(&convoy.is_computing, memory_order_acquire) &&
	       clock_now_ns() < self->deadline_ns)
		(void)request(&convoy);
	play_requests(self, &convoy, "request_beside_work");
	atomic_store_explicit(&convoy.is_over, 1, memory_order_release);
	if (has_lock)
		gil_release(&convoy.lock, &convoy);
	pthread_join(thread, NULL);
	return 0;
}

static int convoy_run(struct experiment_run *self)
{
	int ret = play(self, false);

	return ret < 0 ? ret : play(self, true);
}

const struct experiment experiment_convoy = {
	.name = "convoy",
	.summary = "a thread of short requests beside one that computes, with one lock and without",
	.run = convoy_run,
};
