/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/shm_sem.c - a ring of slots in sealed shared memory, with
 * process-shared POSIX semaphores.
 *
 * One semaphore counts messages, one counts room; where several endpoints share
 * a role, a third of its own is their mutex. A semaphore has no owner: a holder
 * that is killed never posts, and its fellows' calls end by their deadlines. So
 * SURVIVES is not promised, HANGUP is, by a lifeline.
 *
 * Positions and lengths are atomic although the semaphores already order them:
 * a peer's value is read once and checked, and the order can be seen by a tool
 * that does not know sem_clockwait().
 */
#include "ipc/registry.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/shm_channel.h"

/* What the endpoints of one role share, on lines of their own. */
struct shm_sem_side {
	_Alignas(CACHE_SEPARATION_BYTES) sem_t ready; /* consumer: messages; producer: room */
	_Alignas(CACHE_SEPARATION_BYTES) sem_t mutex;
	_Atomic uint64_t position; /* of the next message; runs free */
};

struct shm_sem_header {
	struct shm_sem_side sides[2]; /* by enum ipc_role */
};

struct shm_sem_slot {
	_Atomic uint32_t bytes;
	_Alignas(max_align_t) unsigned char data[];
};

struct shm_sem_endpoint {
	struct ipc_endpoint base;
	struct shm_channel *channel;
	enum ipc_role role;
	struct waiting waiting;
	struct shm_sem_header *header;
	bool shares_role; /* others of this role exist */
	bool is_dead;     /* the peer wrote an impossible state */
	sem_t *awaited;
	bool has_token; /* taken from awaited by the sleep */
};

static int shm_sem_check(const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	return shm_channel_check(&transport_shm_sem, options, why, why_bytes);
}

static int shm_sem_channel_create(struct ipc_channel **out,
                                  const struct ipc_channel_options *options)
{
	struct shm_channel *self;
	struct shm_sem_header *header;
	int ret = shm_channel_create(&self, &transport_shm_sem, options, sizeof(*header),
	                             sizeof(struct shm_sem_slot) + options->message_bytes_max);

	if (ret < 0)
		return ret;
	header = self->shm.memory;
	sem_init(&header->sides[IPC_PRODUCER].ready, 1, (unsigned)self->layout.slot_count);
	sem_init(&header->sides[IPC_CONSUMER].ready, 1, 0);
	for (int role = 0; role < 2; role++) {
		sem_init(&header->sides[role].mutex, 1, 1);
		atomic_init(&header->sides[role].position, options->position_start);
	}
	*out = &self->base;
	return 0;
}

static int shm_sem_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                                 enum ipc_role role)
{
	struct shm_channel *from = (struct shm_channel *)channel;
	struct shm_sem_endpoint *self;
	uint32_t fellows =
		role == IPC_PRODUCER ? from->options.producer_count : from->options.consumer_count;
	int ret = shm_verify(&from->shm);

	if (ret < 0)
		return ret;
	self = malloc(sizeof(*self));
	if (!self)
		return -ENOMEM;
	*self = (struct shm_sem_endpoint){
		.base.transport = &transport_shm_sem,
		.channel = from,
		.role = role,
		.waiting = shm_channel_waiting(from, role),
		.header = from->shm.memory,
		.shares_role = fellows > 1,
	};
	*out = &self->base;
	return 0;
}

static void shm_sem_endpoint_close(struct ipc_endpoint *endpoint)
{
	free(endpoint);
}

static int shm_sem_attempt(void *endpoint)
{
	struct shm_sem_endpoint *self = endpoint;

	if (self->has_token) {
		self->has_token = false;
		return 0;
	}
	return sem_trywait(self->awaited) == 0 ? 0 : -EAGAIN;
}

static void shm_sem_sleep(void *endpoint, uint64_t until_ns)
{
	struct shm_sem_endpoint *self = endpoint;
	struct timespec until = clock_timespec(until_ns);

	self->has_token = sem_clockwait(self->awaited, CLOCK_MONOTONIC, &until) == 0;
}

static int shm_sem_wait(struct shm_sem_endpoint *self, sem_t *semaphore, uint64_t deadline_ns)
{
	self->awaited = semaphore;
	return waiting_call(&self->waiting, shm_sem_attempt, shm_sem_sleep, self, deadline_ns);
}

/* Takes a message or room for one, and the role's mutex. Returns 0 or -errno. */
static int shm_sem_enter(struct shm_sem_endpoint *self, uint64_t deadline_ns)
{
	struct shm_sem_side *side = &self->header->sides[self->role];
	uint64_t one = 1;
	int ret;

	if (self->is_dead)
		return -EBADMSG;
	ret = self->role == IPC_PRODUCER ? waiting_glance(&self->waiting, &one) : 0;
	if (ret < 0)
		return ret;
	ret = shm_sem_wait(self, &side->ready, deadline_ns);
	if (ret < 0 || !self->shares_role)
		return ret;
	ret = shm_sem_wait(self, &side->mutex, deadline_ns);
	if (ret < 0)
		sem_post(&side->ready);
	return ret;
}

/* Gives back the mutex, and hands the other role what it waits for. */
static void shm_sem_leave(struct shm_sem_endpoint *self, uint64_t position)
{
	struct shm_sem_side *side = &self->header->sides[self->role];

	/* Release: pairs with the acquires in shm_sem_messages(). */
	atomic_store_explicit(&side->position, position + 1, memory_order_release);
	if (self->shares_role)
		sem_post(&side->mutex);
	sem_post(&self->header->sides[!self->role].ready);
}

/* Marks the channel dead for this endpoint. Returns -EBADMSG. */
static int shm_sem_give_up(struct shm_sem_endpoint *self)
{
	self->is_dead = true;
	if (self->shares_role)
		sem_post(&self->header->sides[self->role].mutex);
	return -EBADMSG;
}

/* Reads our position, and returns how many messages the ring now holds after it. */
static uint64_t shm_sem_messages(const struct shm_sem_endpoint *self, uint64_t *position)
{
	/* Acquire, both: they pair with the release in shm_sem_leave(). */
	uint64_t tail = atomic_load_explicit(&self->header->sides[IPC_PRODUCER].position,
	                                     memory_order_acquire);
	uint64_t head = atomic_load_explicit(&self->header->sides[IPC_CONSUMER].position,
	                                     memory_order_acquire);

	*position = self->role == IPC_PRODUCER ? tail : head;
	return tail - head;
}

static int shm_sem_send(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
                        uint64_t deadline_ns, unsigned flags)
{
	struct shm_sem_endpoint *self = (struct shm_sem_endpoint *)endpoint;
	struct shm_channel *channel = self->channel;
	struct shm_sem_slot *slot;
	uint64_t tail;
	int ret;

	(void)flags; /* Nothing is held back. */
	if (data_bytes > channel->options.message_bytes_max)
		return -EMSGSIZE;
	ret = shm_sem_enter(self, ipc_deadline(endpoint, deadline_ns));
	if (ret < 0)
		return ret;
	if (shm_sem_messages(self, &tail) >= channel->layout.slot_count)
		return shm_sem_give_up(self); /* A semaphore said that there is room. */
	slot = shm_slot(&channel->layout, channel->shm.memory, tail);
	memcpy(slot->data, data, data_bytes);
	atomic_store_explicit(&slot->bytes, (uint32_t)data_bytes, memory_order_relaxed);
	shm_sem_leave(self, tail);
	return 0;
}

static ssize_t shm_sem_recv(struct ipc_endpoint *endpoint, void *data, size_t data_bytes_max,
                            uint64_t deadline_ns)
{
	struct shm_sem_endpoint *self = (struct shm_sem_endpoint *)endpoint;
	struct shm_channel *channel = self->channel;
	struct shm_sem_slot *slot;
	uint64_t count;
	uint64_t head;
	uint32_t bytes;
	int ret;

	if (data_bytes_max < channel->options.message_bytes_max)
		return -EMSGSIZE;
	ret = shm_sem_enter(self, ipc_deadline(endpoint, deadline_ns));
	if (ret < 0)
		return ret;
	count = shm_sem_messages(self, &head);
	slot = shm_slot(&channel->layout, channel->shm.memory, head);
	bytes = atomic_load_explicit(&slot->bytes, memory_order_relaxed);
	if (count == 0 || count > channel->layout.slot_count ||
	    bytes > channel->options.message_bytes_max)
		return shm_sem_give_up(self);
	memcpy(data, slot->data, bytes);
	shm_sem_leave(self, head);
	return (ssize_t)bytes;
}

const struct ipc_transport transport_shm_sem = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "shm_sem",
	.summary = "ring in shared memory, POSIX semaphores",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_EMPTY |
                IPC_CAP_MULTI_PRODUCER | IPC_CAP_MULTI_CONSUMER | IPC_CAP_HANGUP |
                IPC_CAP_SHARED_MEMORY | IPC_CAP_DISTRUSTS_PEER | IPC_CAP_THREADS | IPC_CAP_MESSAGE,
	.probe = shm_probe,
	.channel_create = shm_sem_channel_create,
	.channel_drop = shm_channel_drop,
	.channel_destroy = shm_channel_destroy,
	.endpoint_open = shm_sem_endpoint_open,
	.endpoint_close = shm_sem_endpoint_close,
	.send = shm_sem_send,
	.recv = shm_sem_recv,
	.check = shm_sem_check,
};
