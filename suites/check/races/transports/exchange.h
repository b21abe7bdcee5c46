/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/transports/exchange.h - peers that pass messages through a transport.
 *
 * For cases about this project's own transports. Each includes the transport's source, so
 * that its twin can take one order or lock out of it and out of nothing else.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "suites/check/races/race.h"

#include "ipc/transport.h"

/* Room for what producers send before the consumer begins. */
enum { EXCHANGE_BYTES = 48, EXCHANGE_MEETINGS = 32, EXCHANGE_SLOTS = 64 };

struct shared {
	/*
	 * All meet before each of the first messages: so often do the producers send at the
	 * same time, where a loaded machine runs one peer after the other.
	 */
	pthread_barrier_t met;
	long whole_count;
	long torn_count;
	long lost_count;
};

/* Made before the peers, who inherit it. */
static struct ipc_channel *channel;

static uint64_t exchange_deadline(void)
{
	struct timespec deadline = race_deadline(CLOCK_MONOTONIC);

	/* What a twin has lost is waited for. */
	in_broken(deadline.tv_sec -= RACE_WAIT_S - 1);
	return (uint64_t)deadline.tv_sec * 1000000000 + (uint64_t)deadline.tv_nsec;
}

static inline struct ipc_endpoint *exchange_open(enum ipc_role role)
{
	struct ipc_endpoint *endpoint;

	if (race.is_processes && channel->transport->channel_drop)
		channel->transport->channel_drop(channel, (enum ipc_role) !role);
	must(ipc_endpoint_open(&endpoint, channel, role, exchange_deadline()) == 0);
	return endpoint;
}

static inline void exchange_meet(struct shared *shared)
{
	int ret = pthread_barrier_wait(&shared->met);

	must(ret == 0 || ret == PTHREAD_BARRIER_SERIAL_THREAD);
}

/* Sends ROUNDS messages, each of one byte's value; ends early if the transport fails. */
static inline void exchange_produce(void *memory)
{
	struct ipc_endpoint *endpoint = exchange_open(IPC_PRODUCER);
	struct shared *shared = memory;
	char message[EXCHANGE_BYTES];

	for (int i = 0; i < ROUNDS; i++) {
		memset(message, i, sizeof(message));
		if (i < EXCHANGE_MEETINGS)
			exchange_meet(shared);
		if (ipc_send(endpoint, message, sizeof(message), IPC_DEADLINE_PEER, 0) < 0)
			break;
	}
	endpoint->transport->endpoint_close(endpoint);
}

/* Receives count messages; a broken transport may lose some. */
static inline void exchange_consume(struct shared *shared, int count)
{
	struct ipc_endpoint *endpoint = exchange_open(IPC_CONSUMER);
	char message[EXCHANGE_BYTES];

	for (int i = 0; i < EXCHANGE_MEETINGS && i < ROUNDS; i++)
		exchange_meet(shared);
	for (int i = 0; i < count; i++) {
		bool is_whole = true;

		if (ipc_recv(endpoint, message, sizeof(message), IPC_DEADLINE_PEER) < 0) {
			shared->lost_count = count - i;
			break;
		}
		for (int at = 1; at < EXCHANGE_BYTES; at++)
			is_whole = is_whole && message[at] == message[0];
		if (is_whole)
			shared->whole_count++;
		else
			shared->torn_count++;
	}
	endpoint->transport->endpoint_close(endpoint);
}

/* Prepares for producers peers and a consumer, through a channel that is told of producer_count. */
static inline void exchange_create(struct shared *shared, unsigned producers,
                                   const struct ipc_transport *transport, enum ipc_wait wait,
                                   uint32_t producer_count)
{
	pthread_barrierattr_t attributes;
	const struct ipc_channel_options options = {
		.size = sizeof(options),
		.wait = wait,
		.message_bytes_max = EXCHANGE_BYTES,
		.slot_count = EXCHANGE_SLOTS,
		.producer_count = producer_count,
		.consumer_count = 1,
	};

	must(pthread_barrierattr_init(&attributes) == 0);
	must(pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
	must(pthread_barrier_init(&shared->met, &attributes, producers + 1) == 0);
	must(transport->channel_create(&channel, &options) == 0);
}

static inline int exchange_end(const struct shared *shared)
{
	channel->transport->channel_destroy(channel);
	race_outcome("whole", shared->whole_count);
	race_outcome("torn", shared->torn_count);
	race_outcome("lost", shared->lost_count);
	return race_end();
}

#endif
