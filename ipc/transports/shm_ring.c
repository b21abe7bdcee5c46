/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/shm_ring.c - a single-producer single-consumer ring of slots in
 * sealed shared memory, waiting on the CPU or on a futex.
 *
 * A slot's header is the flag: 32 bits of the message's position and its length,
 * written last. So data and "ready" move in one cache line, up to 56 bytes of
 * payload, and there is no shared index in the consumer's way. The header that
 * stood there one lap ago says "not yet", so that nobody writes a slot back.
 * The producer looks at the consumer's position only when the ring seems full.
 *
 * Positions run free, and are compared by their difference only: to wrap at 2^32
 * or 2^64 is harmless, since a ring of 2^k slots stays in step.
 *
 * Messages sent with IPC_MORE are written behind one whose header is held back:
 * its release shows them all.
 */
#include "ipc/registry.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/futex.h"
#include "ipc/shm_channel.h"

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a header of 64 bits must be lock-free");

#define HEADER_BYTES sizeof(uint64_t)
/* A line's last 8 bytes are the header, so that the payload before it is aligned. */
#define LINE_PAYLOAD_BYTES (CACHE_LINE_BYTES - HEADER_BYTES)

/* Each word on lines of its own: another peer writes the next. */
struct shm_ring_header {
	_Alignas(CACHE_SEPARATION_BYTES) _Atomic uint64_t head; /* the consumer's position */
	_Alignas(CACHE_SEPARATION_BYTES) _Atomic uint32_t sleeps[2 * CACHE_SEPARATION_BYTES / 4];
};

_Static_assert(sizeof(struct shm_ring_header) == 3 * CACHE_SEPARATION_BYTES,
               "the layout of shared memory");

struct shm_ring_endpoint {
	struct ipc_endpoint base;
	struct shm_channel *channel;
	struct shm_ring_header *header;
	struct waiting waiting;
	/* Our own constants, never read back from the memory. */
	void *memory;
	struct shm_layout layout;
	size_t header_at; /* bytes into a slot */
	size_t payload_at;
	size_t message_bytes_max;

	enum ipc_role role;
	bool is_dead;  /* the peer wrote an impossible state */
	bool is_batch; /* producer: the header of batch_position is held back */
	uint64_t position;
	uint64_t head_seen;  /* producer: the consumer's position when it last looked */
	uint64_t free_until; /* producer: the position at which it looks again */
	uint64_t batch_position;
	uint32_t batch_bytes;
	uint32_t bytes; /* of the message claimed or found */
};

static int shm_ring_check(const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	return shm_channel_check(&transport_shm_ring, options, why, why_bytes);
}

static size_t shm_ring_header_at(const struct ipc_channel_options *options)
{
	return options->message_bytes_max <= LINE_PAYLOAD_BYTES ? LINE_PAYLOAD_BYTES : HEADER_BYTES;
}

static size_t shm_ring_payload_at(const struct ipc_channel_options *options)
{
	return options->message_bytes_max <= LINE_PAYLOAD_BYTES ? 0 : 2 * HEADER_BYTES;
}

static _Atomic uint64_t *shm_ring_slot_header(const struct shm_layout *layout, void *memory,
                                              size_t header_at, uint64_t position)
{
	unsigned char *slot = shm_slot(layout, memory, position);

	return (_Atomic uint64_t *)(void *)(slot + header_at);
}

/* What a header says once the message of position, of bytes, is there. */
static uint64_t shm_ring_stamp(uint64_t position, uint32_t bytes)
{
	return (position << 32) | bytes;
}

static int shm_ring_channel_create(struct ipc_channel **out,
                                   const struct ipc_channel_options *options)
{
	struct shm_channel *self;
	struct shm_ring_header *header;
	size_t payload_at = shm_ring_payload_at(options);
	size_t slot_bytes = payload_at + options->message_bytes_max;
	int ret;

	if (slot_bytes < CACHE_LINE_BYTES)
		slot_bytes = CACHE_LINE_BYTES;
	ret = shm_channel_create(&self, &transport_shm_ring, options, sizeof(*header), slot_bytes);
	if (ret < 0)
		return ret;
	header = self->shm.memory;
	atomic_init(&header->head, options->position_start);
	for (size_t i = 0; i < self->layout.slot_count; i++) {
		uint64_t position = options->position_start + i;

		atomic_init(shm_ring_slot_header(&self->layout, header, shm_ring_header_at(options),
		                                 position),
		            shm_ring_stamp(position - self->layout.slot_count, 0));
	}
	*out = &self->base;
	return 0;
}

/* Returns the word on which a role sleeps. */
static _Atomic uint32_t *shm_ring_sleeps(const struct shm_ring_endpoint *self, enum ipc_role role)
{
	return &self->header->sleeps[(size_t)role * CACHE_SEPARATION_BYTES / sizeof(uint32_t)];
}

static _Atomic uint64_t *shm_ring_at(const struct shm_ring_endpoint *self, uint64_t position)
{
	return shm_ring_slot_header(&self->layout, self->memory, self->header_at, position);
}

static unsigned char *shm_ring_payload(const struct shm_ring_endpoint *self)
{
	return (unsigned char *)shm_slot(&self->layout, self->memory, self->position) +
	       self->payload_at;
}

/*
 * Finds where the last producer stopped, and takes back what it had written
 * behind a header that it never released.
 */
static void shm_ring_resume(struct shm_ring_endpoint *self)
{
	uint64_t end = self->head_seen + self->layout.slot_count;

	while (self->position != end &&
	       atomic_load_explicit(shm_ring_at(self, self->position), memory_order_acquire) >>
	                       32 ==
	               (uint32_t)self->position)
		self->position++;
	for (uint64_t position = self->position; position != end; position++)
		atomic_store_explicit(shm_ring_at(self, position),
		                      shm_ring_stamp(position - self->layout.slot_count, 0),
		                      memory_order_relaxed);
}

static int shm_ring_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                                  enum ipc_role role)
{
	struct shm_channel *from = (struct shm_channel *)channel;
	struct shm_ring_endpoint *self;
	int ret = shm_verify(&from->shm);

	if (ret < 0)
		return ret;
	self = aligned_alloc(CACHE_LINE_BYTES, (sizeof(*self) + CACHE_LINE_BYTES - 1) /
	                                               CACHE_LINE_BYTES * CACHE_LINE_BYTES);
	if (!self)
		return -ENOMEM;
	*self = (struct shm_ring_endpoint){
		.base.transport = &transport_shm_ring,
		.channel = from,
		.header = from->shm.memory,
		.waiting = shm_channel_waiting(from, role),
		.memory = from->shm.memory,
		.layout = from->layout,
		.header_at = shm_ring_header_at(&from->options),
		.payload_at = shm_ring_payload_at(&from->options),
		.message_bytes_max = from->options.message_bytes_max,
		.role = role,
	};
	/* Acquire: pairs with the release in shm_ring_release(). */
	self->position = atomic_load_explicit(&self->header->head, memory_order_acquire);
	self->head_seen = self->position;
	if (role == IPC_PRODUCER)
		shm_ring_resume(self);
	self->free_until = self->position;
	*out = &self->base;
	return 0;
}

/* Wakes the other role if it sleeps; what it waits for was stored before. */
static void shm_ring_wake(const struct shm_ring_endpoint *self)
{
	_Atomic uint32_t *sleeps = shm_ring_sleeps(self, !self->role);

	if (self->waiting.wait == IPC_WAIT_SPIN)
		return;
	/*
	 * An exchange, not a load: it comes before or after the sleeper's in
	 * shm_ring_sleep(). Before: the sleeper sees what we stored. After: we see it.
	 */
	if (atomic_exchange_explicit(sleeps, 0, memory_order_acq_rel) != 0)
		futex_wake(sleeps, 1);
}

/* Sleeps unless attempt finds something after the other role was told. */
static void shm_ring_sleep(struct shm_ring_endpoint *self, waiting_attempt *attempt,
                           uint64_t until_ns)
{
	_Atomic uint32_t *sleeps = shm_ring_sleeps(self, self->role);

	/* Pairs with the exchange in shm_ring_wake(). */
	atomic_exchange_explicit(sleeps, 1, memory_order_acq_rel);
	if (attempt(self) == -EAGAIN)
		(void)futex_wait(sleeps, 1, until_ns);
	atomic_store_explicit(sleeps, 0, memory_order_relaxed);
}

/* Shows the messages that IPC_MORE held back. */
static void shm_ring_publish(struct shm_ring_endpoint *self)
{
	if (!self->is_batch)
		return;
	self->is_batch = false;
	/* Release: pairs with the acquire in shm_ring_find(). */
	atomic_store_explicit(shm_ring_at(self, self->batch_position),
	                      shm_ring_stamp(self->batch_position, self->batch_bytes),
	                      memory_order_release);
	shm_ring_wake(self);
}

/* A producer's attempt: is there room? */
static int shm_ring_has_room(void *endpoint)
{
	struct shm_ring_endpoint *self = endpoint;

	if (self->position - self->head_seen < self->layout.slot_count)
		return 0;
	/* Acquire: pairs with the release in shm_ring_release(). */
	self->head_seen = atomic_load_explicit(&self->header->head, memory_order_acquire);
	if (self->position - self->head_seen < self->layout.slot_count)
		return 0;
	if (self->position - self->head_seen == self->layout.slot_count)
		return -EAGAIN;
	self->is_dead = true; /* The consumer is behind by more than a ring, or ahead. */
	return -EBADMSG;
}

static void shm_ring_sleep_for_room(void *endpoint, uint64_t until_ns)
{
	shm_ring_sleep(endpoint, shm_ring_has_room, until_ns);
}

/* Waits for room, and sets how far we may go before the next look. Returns 0 or -errno. */
static int shm_ring_reserve_late(struct shm_ring_endpoint *self, uint64_t deadline_ns)
{
	uint64_t room;
	int ret;

	if (self->is_dead)
		return -EBADMSG;
	ret = shm_ring_has_room(self);
	if (ret == -EAGAIN) {
		shm_ring_publish(self); /* or the consumer could never make room */
		ret = waiting_call(&self->waiting, shm_ring_has_room, shm_ring_sleep_for_room, self,
		                   ipc_deadline(&self->base, deadline_ns));
	}
	if (ret < 0)
		return ret;
	room = self->head_seen + self->layout.slot_count - self->position;
	ret = waiting_glance(&self->waiting, &room);
	if (ret == 0)
		self->free_until = self->position + room;
	return ret;
}

/* Waits for room. Returns 0 or -errno. */
static inline int shm_ring_reserve(struct shm_ring_endpoint *self, size_t data_bytes,
                                   uint64_t deadline_ns)
{
	if (data_bytes > self->message_bytes_max)
		return -EMSGSIZE;
	if (self->position != self->free_until)
		return 0;
	return shm_ring_reserve_late(self, deadline_ns);
}

/* Makes the slot at our position a message. */
static inline void shm_ring_put(struct shm_ring_endpoint *self, uint32_t bytes, unsigned flags)
{
	uint64_t position = self->position++;

	if (self->is_batch || (flags & IPC_MORE)) {
		if (self->is_batch) {
			/* Not seen before the first header is; that one's release orders it. */
			atomic_store_explicit(shm_ring_at(self, position),
			                      shm_ring_stamp(position, bytes),
			                      memory_order_release);
		} else {
			self->is_batch = true;
			self->batch_position = position;
			self->batch_bytes = bytes;
		}
		if (!(flags & IPC_MORE))
			shm_ring_publish(self);
		return;
	}
	/* Release: pairs with the acquire in shm_ring_find(). */
	atomic_store_explicit(shm_ring_at(self, position), shm_ring_stamp(position, bytes),
	                      memory_order_release);
	shm_ring_wake(self);
}

static int shm_ring_send(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
                         uint64_t deadline_ns, unsigned flags)
{
	struct shm_ring_endpoint *self = (struct shm_ring_endpoint *)endpoint;
	int ret = shm_ring_reserve(self, data_bytes, deadline_ns);

	if (ret < 0)
		return ret;
	memcpy(shm_ring_payload(self), data, data_bytes);
	shm_ring_put(self, (uint32_t)data_bytes, flags);
	return 0;
}

static int shm_ring_claim(struct ipc_endpoint *endpoint, void **out, size_t data_bytes,
                          uint64_t deadline_ns)
{
	struct shm_ring_endpoint *self = (struct shm_ring_endpoint *)endpoint;
	int ret = shm_ring_reserve(self, data_bytes, deadline_ns);

	if (ret < 0)
		return ret;
	self->bytes = (uint32_t)data_bytes;
	*out = shm_ring_payload(self);
	return 0;
}

static void shm_ring_commit(struct ipc_endpoint *endpoint, unsigned flags)
{
	struct shm_ring_endpoint *self = (struct shm_ring_endpoint *)endpoint;

	shm_ring_put(self, self->bytes, flags);
}

static void shm_ring_abort(struct ipc_endpoint *endpoint)
{
	(void)endpoint; /* Nothing was shown, and the next claim is of the same slot. */
}

static int shm_ring_flush(struct ipc_endpoint *endpoint)
{
	shm_ring_publish((struct shm_ring_endpoint *)endpoint);
	return 0;
}

/* A consumer's attempt: is the message at our position there? Its header is read once. */
static int shm_ring_find(void *endpoint)
{
	struct shm_ring_endpoint *self = endpoint;
	/* Acquire: pairs with the release in shm_ring_put(). */
	uint64_t header =
		atomic_load_explicit(shm_ring_at(self, self->position), memory_order_acquire);
	uint32_t stamp = (uint32_t)(header >> 32);

	if (stamp == (uint32_t)self->position && (uint32_t)header <= self->message_bytes_max) {
		self->bytes = (uint32_t)header;
		return 0;
	}
	if (stamp == (uint32_t)(self->position - self->layout.slot_count))
		return -EAGAIN;
	self->is_dead = true; /* Neither this lap nor the one before, or too long. */
	return -EBADMSG;
}

static void shm_ring_sleep_for_message(void *endpoint, uint64_t until_ns)
{
	shm_ring_sleep(endpoint, shm_ring_find, until_ns);
}

static inline int shm_ring_await(struct shm_ring_endpoint *self, uint64_t deadline_ns)
{
	if (self->is_dead)
		return -EBADMSG;
	return waiting_call(&self->waiting, shm_ring_find, shm_ring_sleep_for_message, self,
	                    ipc_deadline(&self->base, deadline_ns));
}

/* Gives the slot at our position back to the producer. */
static inline void shm_ring_pass(struct shm_ring_endpoint *self)
{
	self->position++;
	/* Release: pairs with the acquire in shm_ring_has_room(). */
	atomic_store_explicit(&self->header->head, self->position, memory_order_release);
	shm_ring_wake(self);
}

static ssize_t shm_ring_recv(struct ipc_endpoint *endpoint, void *data, size_t data_bytes_max,
                             uint64_t deadline_ns)
{
	struct shm_ring_endpoint *self = (struct shm_ring_endpoint *)endpoint;
	int ret;

	if (data_bytes_max < self->message_bytes_max)
		return -EMSGSIZE;
	ret = shm_ring_await(self, deadline_ns);
	if (ret < 0)
		return ret;
	memcpy(data, shm_ring_payload(self), self->bytes);
	shm_ring_pass(self);
	return (ssize_t)self->bytes;
}

static ssize_t shm_ring_peek(struct ipc_endpoint *endpoint, const void **out, uint64_t deadline_ns)
{
	struct shm_ring_endpoint *self = (struct shm_ring_endpoint *)endpoint;
	int ret = shm_ring_await(self, deadline_ns);

	if (ret < 0)
		return ret;
	*out = shm_ring_payload(self);
	return (ssize_t)self->bytes;
}

static void shm_ring_release(struct ipc_endpoint *endpoint)
{
	shm_ring_pass((struct shm_ring_endpoint *)endpoint);
}

static void shm_ring_endpoint_close(struct ipc_endpoint *endpoint)
{
	struct shm_ring_endpoint *self = (struct shm_ring_endpoint *)endpoint;

	if (!self)
		return;
	shm_ring_publish(self);
	free(self);
}

const struct ipc_transport transport_shm_ring = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "shm_ring",
	.summary = "single-producer single-consumer ring in shared memory",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_EMPTY | IPC_CAP_ZERO_COPY |
                IPC_CAP_HANGUP | IPC_CAP_SHARED_MEMORY | IPC_CAP_DISTRUSTS_PEER | IPC_CAP_THREADS |
                IPC_CAP_MESSAGE,
	.probe = shm_probe,
	.channel_create = shm_ring_channel_create,
	.channel_drop = shm_channel_drop,
	.channel_destroy = shm_channel_destroy,
	.endpoint_open = shm_ring_endpoint_open,
	.endpoint_close = shm_ring_endpoint_close,
	.send = shm_ring_send,
	.recv = shm_ring_recv,
	.claim = shm_ring_claim,
	.commit = shm_ring_commit,
	.abort = shm_ring_abort,
	.peek = shm_ring_peek,
	.release = shm_ring_release,
	.flush = shm_ring_flush,
	.check = shm_ring_check,
};
