/* SPDX-License-Identifier: MIT */
/* workloads/exchange.c - what a peer says of a message that went wrong. */
#include "workloads/exchange.h"

#include <errno.h>
#include <string.h>

#include "workloads/peer.h"

int exchange_fail(struct workload_peer *self, const char *verb, uint32_t route, uint64_t sequence,
                  int error)
{
	const char *cause = error == -ETIMEDOUT ? "no partner answered until the deadline"
	                    : error == -EPIPE   ? "the partner has gone"
	                                        : strerror(-error);

	return peer_fail(self->peer, error, "%s of message %llu on route %u: %s", verb,
	                 (unsigned long long)sequence, route, cause);
}

int exchange_refuse(struct workload_peer *self, uint32_t route, uint64_t sequence,
                    enum payload_verdict verdict)
{
	return peer_fail(self->peer, -EBADMSG, "message %llu on route %u %s",
	                 (unsigned long long)sequence, route, payload_verdict_text(verdict));
}
