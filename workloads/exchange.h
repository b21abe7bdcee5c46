/* SPDX-License-Identifier: MIT */
/*
 * workloads/exchange.h - sends and receives one verified message of a pattern.
 *
 * The only place where a pattern touches a transport: in place where the cell
 * says so, else from and to the peer's own buffer. What is wrong with a message
 * becomes the peer's verdict.
 */
#ifndef WORKLOADS_EXCHANGE_H
#define WORKLOADS_EXCHANGE_H

#include "workloads/payload.h"
#include "workloads/workload.h"

/* States in the peer's verdict why sending or receiving a message failed. Returns error. */
int exchange_fail(struct workload_peer *self, const char *verb, uint32_t route, uint64_t sequence,
                  int error);

/* States in the peer's verdict what is wrong with a message. Returns -EBADMSG. */
int exchange_refuse(struct workload_peer *self, uint32_t route, uint64_t sequence,
                    enum payload_verdict verdict);

/* The message that is due on a route; each route has a producer number of its own. */
static inline struct payload exchange_due(const struct workload_peer *self, uint32_t route,
                                          uint64_t sequence)
{
	return (struct payload){
		.seed = self->seed,
		.sequence = sequence,
		.producer = route,
		.touch = (enum payload_touch)self->cell->values[CELL_TOUCH],
	};
}

/* Writes and sends the message of this sequence. Returns 0, or -errno with a verdict. */
static inline int exchange_send(struct workload_peer *self, uint32_t route, uint64_t sequence)
{
	struct ipc_endpoint *endpoint = self->producers[route];
	const struct ipc_transport *transport = endpoint->transport;
	const struct payload due = exchange_due(self, route, sequence);
	size_t size = (size_t)self->cell->values[CELL_SIZE];
	void *room = self->buffer;
	int ret;

	if (cell_is_in_place(self->cell)) {
		ret = transport->claim(endpoint, &room, size, self->deadline_ns);
		if (ret < 0)
			return exchange_fail(self, "claim", route, sequence, ret);
		payload_fill(room, size, &due);
		transport->commit(endpoint, 0);
		return 0;
	}
	payload_fill(room, size, &due);
	ret = transport->send(endpoint, room, size, self->deadline_ns, 0);
	return ret < 0 ? exchange_fail(self, "send", route, sequence, ret) : 0;
}

/* Receives a message and checks that it is the one of this sequence. As exchange_send(). */
static inline int exchange_recv(struct workload_peer *self, uint32_t route, uint64_t sequence)
{
	struct ipc_endpoint *endpoint = self->consumers[route];
	const struct ipc_transport *transport = endpoint->transport;
	const struct payload due = exchange_due(self, route, sequence);
	size_t size = (size_t)self->cell->values[CELL_SIZE];
	const void *message = self->buffer;
	enum payload_verdict verdict;
	ssize_t got;

	if (cell_is_in_place(self->cell))
		got = transport->peek(endpoint, &message, self->deadline_ns);
	else
		got = transport->recv(endpoint, self->buffer, size, self->deadline_ns);
	if (got < 0)
		return exchange_fail(self, "recv", route, sequence, (int)got);
	verdict = payload_check(message, (size_t)got, size, &due);
	if (cell_is_in_place(self->cell))
		transport->release(endpoint);
	return verdict == PAYLOAD_GOOD ? 0 : exchange_refuse(self, route, sequence, verdict);
}

#endif
