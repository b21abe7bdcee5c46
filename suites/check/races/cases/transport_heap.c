/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/transport_heap.c - our heap queue; the twin never locks.
 *
 * case: transport_heap
 * models: threads
 * truth: correct free, broken racy
 * tier: P
 * missing: mutex
 * pairs: any/any
 * outcomes: correct whole, broken whole torn lost
 * sources: ipc/limits.c
 * oracle: the bytes of a message are one message's
 */
#include "suites/check/races/transports/exchange.h"

#ifdef BROKEN
#define pthread_mutex_lock(mutex) ((void)(mutex), 0)
#define pthread_mutex_trylock(mutex) ((void)(mutex), 0)
#define pthread_mutex_unlock(mutex) ((void)(mutex), 0)
#endif
#include "ipc/transports/heap.c"

static void consumer(void *memory)
{
	exchange_consume(memory, ROUNDS);
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	exchange_create(shared, 1, &transport_heap, IPC_WAIT_SPIN, 1);
	race_peers(shared, exchange_produce, consumer);
	return exchange_end(shared);
}
