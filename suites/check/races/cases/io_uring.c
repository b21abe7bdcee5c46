/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/io_uring.c - a completion on a ring; the twin writes the data after
 * submitting.
 *
 * One peer submits a no-op, the other waits for its completion. The ring is driven
 * by its system calls, for the library hides them.
 *
 * case: io_uring
 * models: threads processes
 * truth: correct free, broken racy
 * tier: L
 * missing: wait for the completion
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it submitted
 */
#include <linux/io_uring.h>
#include <sys/syscall.h>

#include "suites/check/races/race.h"

struct shared {
	int data;
	int seen;
};

/* Made before the peers, who inherit it. */
static struct ring {
	int fd;
	_Atomic unsigned *submit_tail;
	_Atomic unsigned *complete_head;
	_Atomic unsigned *complete_tail;
	unsigned *submit_indices;
	struct io_uring_sqe *entries;
} ring;

static char *map(size_t bytes, off_t offset)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, offset);

	must(memory != MAP_FAILED);
	return memory;
}

static void ring_open(void)
{
	struct io_uring_params params = {0};
	char *submit;
	char *complete;

	ring.fd = (int)syscall(SYS_io_uring_setup, 4, &params);
	must_have("io_uring", ring.fd >= 0);
	submit =
		map(params.sq_off.array + params.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	complete = map(params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
	               IORING_OFF_CQ_RING);
	ring.entries = (void *)map(params.sq_entries * sizeof(*ring.entries), IORING_OFF_SQES);
	ring.submit_tail = (void *)(submit + params.sq_off.tail);
	ring.submit_indices = (void *)(submit + params.sq_off.array);
	ring.complete_head = (void *)(complete + params.cq_off.head);
	ring.complete_tail = (void *)(complete + params.cq_off.tail);
}

static void submit_one(void)
{
	unsigned tail = atomic_load_explicit(ring.submit_tail, memory_order_relaxed);

	ring.entries[0] = (struct io_uring_sqe){.opcode = IORING_OP_NOP};
	ring.submit_indices[tail % 4] = 0;
	/* Release: the kernel reads the entry after the tail. */
	atomic_store_explicit(ring.submit_tail, tail + 1, memory_order_release);
	must(syscall(SYS_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0) == 1);
}

static void wait_for_one(void)
{
	unsigned head = atomic_load_explicit(ring.complete_head, memory_order_relaxed);

	must(syscall(SYS_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) >= 0);
	/* Acquire: pairs with the kernel's release. */
	must(atomic_load_explicit(ring.complete_tail, memory_order_acquire) != head);
	atomic_store_explicit(ring.complete_head, head + 1, memory_order_release);
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

	ring_open();
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
