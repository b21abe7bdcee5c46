/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/transport_sem.c - our shm_sem; the twin's producers have no mutex.
 *
 * Two producers; the twin's channel was told of one, so that they take no mutex and may
 * write the same slot.
 *
 * case: transport_sem
 * models: threads processes
 * forms: spin block
 * flags: -DROUNDS=2000
 * truth: correct free, broken racy
 * tier: P
 * missing: mutex of the producers
 * pairs: any/any
 * outcomes: correct whole, broken whole torn lost
 * sources: ipc/shm.c ipc/shm_channel.c ipc/lifeline.c ipc/limits.c
 * oracle: the bytes of a message are one message's
 */
#include "suites/check/races/transports/exchange.h"

#include "ipc/transports/shm_sem.c"

#ifdef FORM_BLOCK
#define WAIT IPC_WAIT_BLOCK
#else
#define WAIT IPC_WAIT_SPIN
#endif

static void consumer(void *memory)
{
	exchange_consume(memory, 2 * ROUNDS);
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	exchange_create(shared, 2, &transport_shm_sem, WAIT, in_correct(2) in_broken(1));
	race_peers(shared, exchange_produce, exchange_produce, consumer);
	return exchange_end(shared);
}
