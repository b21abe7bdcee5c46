/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/heap.c - the threaded shared-heap baseline: a queue of pointers
 * under a mutex and two condition variables.
 *
 * The message is not copied: claim() lends a buffer, commit() passes its address,
 * peek() lends it to the consumer. send() fills such a buffer, recv() empties it.
 * Buffers come from a pool, so that nothing allocates while messages pass: each
 * endpoint keeps one and trades it for another in the same critical section in
 * which it pushes or pops. With a buffer for each slot and each endpoint there is
 * always one to trade for.
 */
#include "ipc/registry.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/cpu.h"
#include "ipc/limits.h"

/* Tries for the lock by a call that must not wait; its holder is done in tens of ns. */
#define HEAP_LOCK_TRIES 64

struct heap_buffer {
	size_t bytes;
	_Alignas(max_align_t) unsigned char data[];
};

/* One side of the queue: what its endpoints wait for. */
struct heap_side {
	pthread_cond_t changed;
	size_t sleepers;
};

struct heap_channel {
	struct ipc_channel base;
	struct ipc_channel_options options;
	pthread_mutex_t lock;
	struct heap_side sides[2]; /* by enum ipc_role */
	/* Written under the lock; spinning endpoints read them without it. */
	_Atomic size_t queued_count;
	_Atomic size_t room_count; /* slots neither queued nor claimed */
	size_t head;               /* index in queue of the oldest message */
	size_t endpoint_count;
	size_t free_count;
	struct heap_buffer **queue; /* of slot_count */
	struct heap_buffer **free;
	unsigned char *pool;
};

struct heap_endpoint {
	struct ipc_endpoint base;
	struct heap_channel *channel;
	enum ipc_role role;
	struct heap_buffer *buffer; /* ours to fill, or what was received last */
	bool is_lent;               /* claimed or peeked */
};

static int heap_probe(char *why, size_t why_bytes)
{
	(void)why;
	(void)why_bytes;
	return 0;
}

static int heap_check(const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	size_t ends = (size_t)options->producer_count + options->consumer_count;
	int ret = limits_check(&transport_heap, options, PTRDIFF_MAX / 2, "the address space", why,
	                       why_bytes);

	if (ret < 0)
		return ret;
	if (options->slot_count > SIZE_MAX - ends)
		return limits_refuse(why, why_bytes, -EINVAL,
		                     "%zu slots are over the address space", options->slot_count);
	/* Beside its bytes a slot has a place in the queue, and a buffer one among the free. */
	return limits_check_memory(options->slot_count + ends,
	                           options->message_bytes_max + 2 * CACHE_LINE_BYTES, why,
	                           why_bytes);
}

static void heap_channel_destroy(struct ipc_channel *channel)
{
	struct heap_channel *self = (struct heap_channel *)channel;

	if (!self)
		return;
	pthread_cond_destroy(&self->sides[IPC_PRODUCER].changed);
	pthread_cond_destroy(&self->sides[IPC_CONSUMER].changed);
	pthread_mutex_destroy(&self->lock);
	free(self->queue);
	free(self->free);
	free(self->pool);
	free(self);
}

static int heap_channel_create(struct ipc_channel **out, const struct ipc_channel_options *options)
{
	struct heap_channel *self;
	size_t align = _Alignof(struct heap_buffer);
	size_t count;
	size_t stride;
	int ret = limits_allow(&transport_heap, options);

	if (ret < 0)
		return ret;
	count = options->slot_count + options->producer_count + options->consumer_count;
	stride = (sizeof(struct heap_buffer) + options->message_bytes_max + align - 1) &
	         ~(align - 1);
	/* A line of its own for each buffer: two threads write neighbours. */
	stride = (stride + CACHE_LINE_BYTES - 1) & ~(size_t)(CACHE_LINE_BYTES - 1);
	if (count > SIZE_MAX / stride)
		return -ENOMEM;
	self = malloc(sizeof(*self));
	if (!self)
		return -ENOMEM;
	*self = (struct heap_channel){
		.base.transport = &transport_heap,
		.options = *options,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.sides = {{.changed = PTHREAD_COND_INITIALIZER},
	                  {.changed = PTHREAD_COND_INITIALIZER}},
		.queue = malloc(options->slot_count * sizeof(*self->queue)),
		.free = malloc(count * sizeof(*self->free)),
		.pool = aligned_alloc(CACHE_LINE_BYTES, count * stride),
	};
	atomic_init(&self->queued_count, 0);
	atomic_init(&self->room_count, options->slot_count);
	if (!self->queue || !self->free || !self->pool) {
		heap_channel_destroy(&self->base);
		return -ENOMEM;
	}
	memset(self->pool, 0, count * stride); /* prefaulted */
	for (size_t i = 0; i < count; i++)
		self->free[self->free_count++] =
			(struct heap_buffer *)(void *)(self->pool + i * stride);
	*out = &self->base;
	return 0;
}

static int heap_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                              enum ipc_role role)
{
	struct heap_channel *from = (struct heap_channel *)channel;
	struct heap_endpoint *self = malloc(sizeof(*self));
	bool is_free;

	if (!self)
		return -ENOMEM;
	*self = (struct heap_endpoint){
		.base.transport = &transport_heap,
		.channel = from,
		.role = role,
	};
	pthread_mutex_lock(&from->lock);
	/* More than were announced would find no buffer to trade for. */
	is_free = from->endpoint_count <
	          (size_t)from->options.producer_count + from->options.consumer_count;
	if (is_free) {
		from->endpoint_count++;
		self->buffer = from->free[--from->free_count];
	}
	pthread_mutex_unlock(&from->lock);
	if (!is_free) {
		free(self);
		return -EINVAL;
	}
	*out = &self->base;
	return 0;
}

/* What a role waits for: messages, or room for them. */
static _Atomic size_t *heap_count(struct heap_channel *channel, enum ipc_role role)
{
	return role == IPC_CONSUMER ? &channel->queued_count : &channel->room_count;
}

/* Adds to a count; the lock is held, and orders it for all but those who spin. */
static void heap_add(_Atomic size_t *count, size_t number)
{
	/* Release: pairs with the acquire in heap_try(). */
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + number,
	                      memory_order_release);
}

/* Takes the lock if it is free and there is what the endpoint waits for. */
static bool heap_try(const struct heap_endpoint *self)
{
	struct heap_channel *channel = self->channel;
	_Atomic size_t *count = heap_count(channel, self->role);

	/* Acquire: pairs with the release in heap_add(). A look without the lock is cheap. */
	if (atomic_load_explicit(count, memory_order_acquire) == 0 ||
	    pthread_mutex_trylock(&channel->lock) != 0)
		return false;
	if (atomic_load_explicit(count, memory_order_relaxed) > 0)
		return true;
	pthread_mutex_unlock(&channel->lock);
	return false;
}

static bool heap_spin(const struct heap_endpoint *self, uint64_t until_ns)
{
	struct spin spin = {0};

	do {
		if (heap_try(self))
			return true;
	} while (spin_turn(&spin, until_ns));
	return false;
}

/* Takes the lock, and waits under it. Returns 0 with the lock held, or -ETIMEDOUT. */
static int heap_sleep(const struct heap_endpoint *self, uint64_t deadline_ns)
{
	struct heap_channel *channel = self->channel;
	struct heap_side *side = &channel->sides[self->role];
	_Atomic size_t *count = heap_count(channel, self->role);
	struct timespec deadline = clock_timespec(deadline_ns);

	/* Nobody waits or blocks while holding it, and threads don't die alone. */
	pthread_mutex_lock(&channel->lock);
	while (atomic_load_explicit(count, memory_order_relaxed) == 0) {
		int ret;

		side->sleepers++;
		ret = pthread_cond_clockwait(&side->changed, &channel->lock, CLOCK_MONOTONIC,
		                             &deadline);
		side->sleepers--;
		if (ret == ETIMEDOUT && atomic_load_explicit(count, memory_order_relaxed) == 0) {
			pthread_mutex_unlock(&channel->lock);
			return -ETIMEDOUT;
		}
	}
	return 0;
}

/* Waits for a message, or for room. Returns 0 with the lock held, or -errno without it. */
static int heap_wait(const struct heap_endpoint *self, uint64_t deadline_ns)
{
	const struct ipc_channel_options *options = &self->channel->options;

	if (heap_try(self))
		return 0;
	if (deadline_ns == 0) {
		for (int tries = 1; tries < HEAP_LOCK_TRIES; tries++) {
			cpu_relax();
			if (heap_try(self))
				return 0;
		}
		return -EAGAIN;
	}
	if (options->wait == IPC_WAIT_SPIN)
		return heap_spin(self, deadline_ns) ? 0 : -ETIMEDOUT;
	if (options->wait == IPC_WAIT_HYBRID && options->spin_ns > 0) {
		uint64_t until_ns = clock_now_ns() + options->spin_ns;

		if (heap_spin(self, until_ns < deadline_ns ? until_ns : deadline_ns))
			return 0;
	}
	return heap_sleep(self, deadline_ns);
}

/* Gives up the lock, and wakes one endpoint of role if there is one that sleeps. */
static void heap_unlock_and_wake(struct heap_channel *channel, enum ipc_role role)
{
	struct heap_side *side = &channel->sides[role];
	bool wakes = side->sleepers > 0;

	pthread_mutex_unlock(&channel->lock);
	if (wakes)
		pthread_cond_signal(&side->changed);
}

/* Queues the endpoint's buffer and trades it for a free one. The lock is held. */
static void heap_push(struct heap_endpoint *self)
{
	struct heap_channel *channel = self->channel;
	size_t queued = atomic_load_explicit(&channel->queued_count, memory_order_relaxed);

	channel->queue[(channel->head + queued) % channel->options.slot_count] = self->buffer;
	self->buffer = channel->free[--channel->free_count];
	heap_add(&channel->queued_count, 1);
	heap_unlock_and_wake(channel, IPC_CONSUMER);
}

/* Trades the endpoint's buffer for the oldest message. Returns 0 or -errno. */
static int heap_pop(struct heap_endpoint *self, uint64_t deadline_ns)
{
	struct heap_channel *channel = self->channel;
	int ret = heap_wait(self, deadline_ns);

	if (ret < 0)
		return ret;
	channel->free[channel->free_count++] = self->buffer;
	self->buffer = channel->queue[channel->head];
	channel->head = (channel->head + 1) % channel->options.slot_count;
	heap_add(&channel->queued_count, SIZE_MAX);
	heap_add(&channel->room_count, 1);
	heap_unlock_and_wake(channel, IPC_PRODUCER);
	return 0;
}

static int heap_send(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
                     uint64_t deadline_ns, unsigned flags)
{
	struct heap_endpoint *self = (struct heap_endpoint *)endpoint;
	int ret;

	(void)flags; /* Nothing is held back. */
	if (data_bytes > self->channel->options.message_bytes_max)
		return -EMSGSIZE;
	/* The buffer is ours alone until it is queued: filled outside the lock. */
	memcpy(self->buffer->data, data, data_bytes);
	self->buffer->bytes = data_bytes;
	ret = heap_wait(self, ipc_deadline(endpoint, deadline_ns));
	if (ret < 0)
		return ret;
	heap_add(&self->channel->room_count, SIZE_MAX);
	heap_push(self);
	return 0;
}

static ssize_t heap_recv(struct ipc_endpoint *endpoint, void *data, size_t data_bytes_max,
                         uint64_t deadline_ns)
{
	struct heap_endpoint *self = (struct heap_endpoint *)endpoint;
	int ret;

	if (data_bytes_max < self->channel->options.message_bytes_max)
		return -EMSGSIZE;
	ret = heap_pop(self, ipc_deadline(endpoint, deadline_ns));
	if (ret < 0)
		return ret;
	memcpy(data, self->buffer->data, self->buffer->bytes);
	return (ssize_t)self->buffer->bytes;
}

static int heap_claim(struct ipc_endpoint *endpoint, void **out, size_t data_bytes,
                      uint64_t deadline_ns)
{
	struct heap_endpoint *self = (struct heap_endpoint *)endpoint;
	int ret;

	if (data_bytes > self->channel->options.message_bytes_max)
		return -EMSGSIZE;
	ret = heap_wait(self, ipc_deadline(endpoint, deadline_ns));
	if (ret < 0)
		return ret;
	heap_add(&self->channel->room_count, SIZE_MAX);
	pthread_mutex_unlock(&self->channel->lock);
	self->buffer->bytes = data_bytes;
	self->is_lent = true;
	*out = self->buffer->data;
	return 0;
}

static void heap_commit(struct ipc_endpoint *endpoint, unsigned flags)
{
	struct heap_endpoint *self = (struct heap_endpoint *)endpoint;

	(void)flags;
	self->is_lent = false;
	pthread_mutex_lock(&self->channel->lock);
	heap_push(self);
}

static void heap_abort(struct ipc_endpoint *endpoint)
{
	struct heap_endpoint *self = (struct heap_endpoint *)endpoint;

	self->is_lent = false;
	pthread_mutex_lock(&self->channel->lock);
	heap_add(&self->channel->room_count, 1);
	heap_unlock_and_wake(self->channel, IPC_PRODUCER);
}

static ssize_t heap_peek(struct ipc_endpoint *endpoint, const void **out, uint64_t deadline_ns)
{
	struct heap_endpoint *self = (struct heap_endpoint *)endpoint;

	if (!self->is_lent) {
		int ret = heap_pop(self, ipc_deadline(endpoint, deadline_ns));

		if (ret < 0)
			return ret;
		self->is_lent = true;
	}
	*out = self->buffer->data;
	return (ssize_t)self->buffer->bytes;
}

static void heap_release(struct ipc_endpoint *endpoint)
{
	((struct heap_endpoint *)endpoint)->is_lent = false;
}

static void heap_endpoint_close(struct ipc_endpoint *endpoint)
{
	struct heap_endpoint *self = (struct heap_endpoint *)endpoint;
	struct heap_channel *channel;

	if (!self)
		return;
	channel = self->channel;
	if (self->is_lent && self->role == IPC_PRODUCER)
		heap_abort(endpoint);
	pthread_mutex_lock(&channel->lock);
	channel->free[channel->free_count++] = self->buffer;
	channel->endpoint_count--;
	pthread_mutex_unlock(&channel->lock);
	free(self);
}

const struct ipc_transport transport_heap = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "heap",
	.summary = "shared heap of one process: queue of pointers, mutex, condition variable",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_EMPTY | IPC_CAP_ZERO_COPY |
                IPC_CAP_MULTI_PRODUCER | IPC_CAP_MULTI_CONSUMER | IPC_CAP_THREADS |
                IPC_CAP_MESSAGE | IPC_CAP_ONE_PROCESS,
	.probe = heap_probe,
	.channel_create = heap_channel_create,
	.channel_destroy = heap_channel_destroy,
	.endpoint_open = heap_endpoint_open,
	.endpoint_close = heap_endpoint_close,
	.send = heap_send,
	.recv = heap_recv,
	.claim = heap_claim,
	.commit = heap_commit,
	.abort = heap_abort,
	.peek = heap_peek,
	.release = heap_release,
	.check = heap_check,
};
