/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/transport_ring.c - our shm_ring; the twin's header is stored relaxed.
 *
 * A message's header publishes it. x86 keeps the stores in order all the same, so that every
 * test of the twin between processes passes.
 *
 * case: transport_ring
 * models: threads processes
 * forms: spin block
 * truth: correct free, broken racy
 * tier: C
 * missing: release
 * pairs: any/any
 * outcomes: correct whole, broken whole torn lost
 * sources: ipc/shm.c ipc/shm_channel.c ipc/lifeline.c ipc/limits.c
 * oracle: the bytes of a message are one message's
 */
#include "suites/check/races/transports/exchange.h"

#ifdef BROKEN
#define memory_order_release memory_order_relaxed
#endif
#include "ipc/transports/shm_ring.c"

#ifdef FORM_BLOCK
#define WAIT IPC_WAIT_BLOCK
#else
#define WAIT IPC_WAIT_SPIN
#endif

static void consumer(void *memory)
{
	exchange_consume(memory, ROUNDS);
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	exchange_create(shared, 1, &transport_shm_ring, WAIT, 1);
	race_peers(shared, exchange_produce, consumer);
	return exchange_end(shared);
}
