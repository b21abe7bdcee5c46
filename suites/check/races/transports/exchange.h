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

enum { EXCHANGE_BYTES = 48, EXCHANGE_SLOTS = 4 };

struct shared {
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

/* Sends ROUNDS messages, each of one byte's value; ends early if the transport fails. */
static inline void exchange_produce(void *memory)
{
	struct ipc_endpoint *endpoint = exchange_open(IPC_PRODUCER);
	char message[EXCHANGE_BYTES];

	(void)memory;
	for (int i = 0; i < ROUNDS; i++) {
		memset(message, i, sizeof(message));
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

static inline void exchange_create(const struct ipc_transport *transport, enum ipc_wait wait,
                                   uint32_t producer_count)
{
	const struct ipc_channel_options options = {
		.size = sizeof(options),
		.wait = wait,
		.message_bytes_max = EXCHANGE_BYTES,
		.slot_count = EXCHANGE_SLOTS,
		.producer_count = producer_count,
		.consumer_count = 1,
	};

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
