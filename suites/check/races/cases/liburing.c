/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/liburing.c - a completion of io_uring, by liburing; the twin writes the
 * data after submitting.
 *
 * One peer submits, the other takes the completion.
 *
 * case: liburing
 * models: threads processes
 * forms: submit wait timeout get_events wait_cqe wait_cqe_timeout peek_batch
 * truth: correct free, broken racy
 * tier: L
 * missing: completion
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * flags: -Wl,--no-as-needed -luring
 * oracle: the reader sees what the writer wrote before it submitted
 */
#include <liburing.h>

#include "suites/check/races/race.h"

struct shared {
	int data;
	int seen;
};

/* Made before the peers, who inherit it. */
static struct io_uring ring;

static void submit_one(void)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(&ring);

	must(entry != NULL);
	io_uring_prep_nop(entry);
#if defined(FORM_WAIT)
	must(io_uring_submit_and_wait(&ring, 0) == 1);
#elif defined(FORM_TIMEOUT)
	must(io_uring_submit_and_wait_timeout(&ring, &(struct io_uring_cqe *){NULL}, 0, NULL,
	                                      NULL) == 1);
#elif defined(FORM_GET_EVENTS)
	must(io_uring_submit_and_get_events(&ring) == 1);
#else
	must(io_uring_submit(&ring) == 1);
#endif
}

static void wait_for_one(void)
{
	struct io_uring_cqe *entry = NULL;
#if !defined(FORM_PEEK_BATCH) && !defined(FORM_WAIT_CQE)
	struct __kernel_timespec timeout = {.tv_sec = RACE_WAIT_S};
#endif

#if defined(FORM_WAIT_CQE_TIMEOUT)
	must(io_uring_wait_cqe_timeout(&ring, &entry, &timeout) == 0);
#elif defined(FORM_PEEK_BATCH)
	race_until(io_uring_peek_batch_cqe(&ring, &entry, 1) == 1);
#elif defined(FORM_WAIT_CQE)
	/* What io_uring_wait_cqe() does when nothing is there yet. */
	must(__io_uring_get_cqe(&ring, &entry, 0, 1, NULL) == 0);
#else
	must(io_uring_wait_cqes(&ring, &entry, 1, &timeout, NULL) == 0);
#endif
	must(entry != NULL);
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	submit_one();
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	wait_for_one();
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	errno = -io_uring_queue_init(4, &ring, 0);
	must_have("io_uring", errno == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
