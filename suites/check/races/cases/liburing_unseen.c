/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/liburing_unseen.c - a completion that is there; the twin goes on without
 * having seen it.
 *
 * What the reader submits itself, to a ring of its own, tells nothing of it.
 *
 * case: liburing_unseen
 * models: threads processes
 * forms: submit submit_and_wait get_events submit_and_get_events
 * truth: correct free, broken racy
 * tier: L
 * missing: completion
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * flags: -Wl,--no-as-needed -luring
 * oracle: none: the flag is late enough
 */
#include <liburing.h>

#include "suites/check/races/race.h"

struct shared {
	_Atomic bool is_submitted;
	int data;
	int seen;
};

/* Made before the peers, who inherit them. */
static struct io_uring writers_ring;
static struct io_uring readers_ring;

static void prepare(struct io_uring *ring)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(ring);

	must(entry != NULL);
	io_uring_prep_nop(entry);
}

/* Submits to the reader's own ring. */
static void submit(struct io_uring *ring)
{
#ifndef FORM_GET_EVENTS
	prepare(ring);
#endif
#if defined(FORM_SUBMIT_AND_WAIT)
	must(io_uring_submit_and_wait(ring, 1) == 1);
#elif defined(FORM_GET_EVENTS)
	must(io_uring_get_events(ring) >= 0);
#elif defined(FORM_SUBMIT_AND_GET_EVENTS)
	must(io_uring_submit_and_get_events(ring) == 1);
#else
	must(io_uring_submit(ring) == 1);
#endif
}

static void wait_for_one(struct io_uring *ring)
{
	struct io_uring_cqe *entry = NULL;
	struct __kernel_timespec timeout = {.tv_sec = RACE_WAIT_S};

	must(io_uring_wait_cqe_timeout(ring, &entry, &timeout) == 0);
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	shared->data = 42; /* race: write write */
	prepare(&writers_ring);
	must(io_uring_submit(&writers_ring) == 1);
	atomic_store_explicit(&shared->is_submitted, true, memory_order_relaxed);
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	race_until(atomic_load_explicit(&shared->is_submitted, memory_order_relaxed));
	submit(&readers_ring);
	in_correct(wait_for_one(&writers_ring));
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	errno = -io_uring_queue_init(4, &writers_ring, 0);
	must_have("io_uring", errno == 0);
	errno = -io_uring_queue_init(4, &readers_ring, 0);
	must_have("io_uring", errno == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
