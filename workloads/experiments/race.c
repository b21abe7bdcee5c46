/* SPDX-License-Identifier: MIT */
/*
 * workloads/experiments/race.c - a counter on the shared heap: without a lock, and its three twins.
 *
 * Threads add to one counter. Without synchronisation two of them read the same
 * value, and one addition is lost; a mutex, an atomic addition, and a message to the
 * one thread that owns the counter lose none. The race is real, so this file must
 * not run it under a thread sanitizer, which would rightly report it.
 */
#include "workloads/experiments/experiment.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "ipc/clock.h"
#include "ipc/cpu.h"
#include "ipc/registry.h"
#include "workloads/placement.h"

#define ADDERS 2u
#define MESSAGES_IN_FLIGHT 64u

#if defined(__SANITIZE_THREAD__)
#define HAS_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_THREAD_SANITIZER 1
#endif
#endif

/* One round of one form. */
struct counter {
	uint64_t plain;
	pthread_mutex_t mutex;
	_Atomic uint64_t atomic;
	/* Of each thread its own: on one cache line, and far apart. */
	_Alignas(CACHE_SEPARATION_BYTES) uint64_t close[ADDERS];
	struct {
		_Alignas(CACHE_SEPARATION_BYTES) uint64_t value;
	} apart[ADDERS];
	_Alignas(CACHE_SEPARATION_BYTES) _Atomic uint32_t gate;
	uint64_t additions; /* of each thread */
	uint64_t deadline_ns;
	struct ipc_channel *channel;
	_Atomic int error;
	int cpus[ADDERS + 1];
};

struct adder {
	struct counter *counter;
	uint32_t index;
	void (*add)(struct counter *counter, uint32_t index);
};

#ifndef HAS_THREAD_SANITIZER
static void add_plainly(struct counter *counter, uint32_t index)
{
	(void)index;
	for (uint64_t i = 0; i < counter->additions; i++) {
		counter->plain++;
		/* Else the compiler would make one addition of all of them. */
		__asm__ __volatile__("" : : : "memory");
	}
}
#endif

static void add_under_mutex(struct counter *counter, uint32_t index)
{
	(void)index;
	for (uint64_t i = 0; i < counter->additions; i++) {
		pthread_mutex_lock(&counter->mutex);
		counter->plain++;
		pthread_mutex_unlock(&counter->mutex);
	}
}

static void add_atomically(struct counter *counter, uint32_t index)
{
	(void)index;
	for (uint64_t i = 0; i < counter->additions; i++)
		atomic_fetch_add_explicit(&counter->atomic, 1, memory_order_relaxed);
}

/* Adds to a counter of its own: no race, but the line of two such counters goes to and fro. */
static void add_to(uint64_t *own, uint64_t additions)
{
	for (uint64_t i = 0; i < additions; i++) {
		(*own)++;
		__asm__ __volatile__("" : : : "memory");
	}
}

static void add_close(struct counter *counter, uint32_t index)
{
	add_to(&counter->close[index], counter->additions);
}

static void add_apart(struct counter *counter, uint32_t index)
{
	add_to(&counter->apart[index].value, counter->additions);
}

/* Sends a message for each addition to the owner of the counter. */
static void add_by_message(struct counter *counter, uint32_t index)
{
	const uint64_t one = 1;
	struct ipc_endpoint *out;
	int ret = ipc_endpoint_open(&out, counter->channel, IPC_PRODUCER, counter->deadline_ns);

	(void)index;
	for (uint64_t i = 0; i < counter->additions && ret == 0; i++)
		ret = ipc_send(out, &one, sizeof(one), IPC_DEADLINE_PEER, 0);
	if (ret < 0)
		atomic_store(&counter->error, ret);
	else
		counter->channel->transport->endpoint_close(out);
}

static void *adder_run(void *context)
{
	struct adder *self = context;

	(void)placement_pin(self->counter->cpus[self->index]);
	while (!atomic_load_explicit(&self->counter->gate, memory_order_acquire))
		;
	self->add(self->counter, self->index);
	return NULL;
}

/* Owns the counter: adds what it is sent. */
static int own_counter(struct counter *counter)
{
	struct ipc_endpoint *in;
	int ret = ipc_endpoint_open(&in, counter->channel, IPC_CONSUMER, counter->deadline_ns);

	if (ret < 0)
		return ret;
	for (uint64_t i = 0; i < ADDERS * counter->additions && ret == 0; i++) {
		uint64_t number;
		ssize_t got = ipc_recv(in, &number, sizeof(number), IPC_DEADLINE_PEER);

		if (got == sizeof(number))
			counter->plain += number;
		else
			ret = got < 0 ? (int)got : -EBADMSG;
	}
	in->transport->endpoint_close(in);
	return ret;
}

/* Plays one form. Returns 0 or -errno; the sum and the time are in the last two. */
static int play(struct counter *counter, void (*add)(struct counter *, uint32_t), uint64_t *sum,
                uint64_t *elapsed_ns)
{
	struct adder adders[ADDERS];
	pthread_t threads[ADDERS];
	uint32_t started = 0;
	uint64_t start_ns;
	int ret = 0;

	counter->plain = 0;
	memset(counter->close, 0, sizeof(counter->close));
	memset(counter->apart, 0, sizeof(counter->apart));
	atomic_store(&counter->atomic, 0);
	atomic_store(&counter->gate, 0);
	atomic_store(&counter->error, 0);
	for (; started < ADDERS && ret == 0; started += ret == 0) {
		adders[started] = (struct adder){counter, started, add};
		ret = -pthread_create(&threads[started], NULL, adder_run, &adders[started]);
	}
	start_ns = clock_now_ns();
	atomic_store_explicit(&counter->gate, 1, memory_order_release);
	if (ret == 0 && counter->channel)
		ret = own_counter(counter);
	for (uint32_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	*elapsed_ns = clock_now_ns() - start_ns;
	*sum = counter->plain + atomic_load(&counter->atomic);
	for (uint32_t i = 0; i < ADDERS; i++)
		*sum += counter->close[i] + counter->apart[i].value;
	return ret < 0 ? ret : atomic_load(&counter->error);
}

/*
 * Plays one form, and again while nothing is lost, rounds_max times at most: where the
 * threads do not run at once, they do not meet.
 */
static int play_form(struct experiment_run *self, struct counter *counter, const char *name,
                     void (*add)(struct counter *, uint32_t), unsigned rounds_max)
{
	uint64_t expected = 0;
	uint64_t elapsed_ns = 0;
	uint64_t sum = 0;
	int ret = 0;

	for (unsigned i = 0; i < rounds_max && sum == expected && ret == 0; i++) {
		uint64_t round_ns;
		uint64_t round_sum;

		ret = play(counter, add, &round_sum, &round_ns);
		if (ret == 0) {
			expected += ADDERS * counter->additions;
			elapsed_ns += round_ns;
			sum += round_sum;
		}
	}
	if (ret < 0)
		return experiment_fail(self, ret, "%s: %s", name, strerror(-ret));
	experiment_add(self, (double)expected, "%s_additions_count", name);
	experiment_add(self, (double)(expected - sum), "%s_lost_count", name);
	experiment_add(self, (double)elapsed_ns / (double)expected, "%s_addition_ns", name);
	return 0;
}

static int play_messages(struct experiment_run *self, struct counter *counter)
{
	const struct ipc_transport *transport = registry_find("heap");
	const struct ipc_channel_options options = {
		.size = sizeof(options),
		.wait = IPC_WAIT_BLOCK,
		.message_bytes_max = sizeof(uint64_t),
		.slot_count = MESSAGES_IN_FLIGHT,
		.producer_count = ADDERS,
		.consumer_count = 1,
	};
	int ret = transport ? transport->channel_create(&counter->channel, &options) : -ENOENT;

	if (ret < 0)
		return experiment_fail(self, ret, "no channel of the transport heap: %s",
		                       strerror(-ret));
	counter->additions /= 10;
	ret = play_form(self, counter, "message", add_by_message, 1);
	transport->channel_destroy(counter->channel);
	return ret;
}

static int race_run(struct experiment_run *self)
{
	struct counter counter = {
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.additions = self->is_quick ? 200000 : 2000000,
		.deadline_ns = self->deadline_ns,
	};
	int ret;

	/* Apart, if the machine has two CPUs: on one of them little is ever lost. */
	if (placement_cpus(PLACEMENT_CROSS_CORE, counter.cpus, ADDERS + 1, self->why,
	                   sizeof(self->why)) < 0)
		memset(counter.cpus, -1, sizeof(counter.cpus));
#ifdef HAS_THREAD_SANITIZER
	experiment_fail(self, 0,
	                "the form without a lock is a race: left out under a thread "
	                "sanitizer, which would report it");
	ret = 0;
#else
	ret = play_form(self, &counter, "unsynchronised", add_plainly, 20);
#endif
	if (ret == 0)
		ret = play_form(self, &counter, "mutex", add_under_mutex, 1);
	if (ret == 0)
		ret = play_form(self, &counter, "atomic", add_atomically, 1);
	if (ret == 0)
		ret = play_form(self, &counter, "own_on_one_line", add_close, 1);
	if (ret == 0)
		ret = play_form(self, &counter, "own_apart", add_apart, 1);
	if (ret == 0)
		ret = play_messages(self, &counter);
	pthread_mutex_destroy(&counter.mutex);
	return ret;
}

const struct experiment experiment_race = {
	.name = "race",
	.summary = "a counter on the shared heap without a lock, with a mutex, atomic, by messages",
	.run = race_run,
};
