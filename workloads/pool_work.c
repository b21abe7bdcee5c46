/* SPDX-License-Identifier: MIT */
/* workloads/pool_work.c - a worker of the pool: takes a task, computes, sends the result. */
#include "workloads/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "ipc/futex.h"
#include "workloads/peer.h"

/* A runaway worker takes memory in such steps, up to so much more than the process has. */
#define RUNAWAY_STEP_BYTES ((size_t)1 << 20)
#define RUNAWAY_LIMIT_BYTES ((size_t)64 << 20)

int pool_worker_open(struct pool_worker *worker, struct workload_peer *self, uint32_t index)
{
	struct pool_shared *shared = self->pattern;
	int ret;

	*worker = (struct pool_worker){
		.self = self,
		.shared = shared,
		.seat = &shared->seats[index],
		.task = cell_task(self->cell),
		.index = index,
		.is_buffered = pool_is_buffered(self->cell),
	};
	pool_task_peer(self, index + 1, &worker->peer);
	if (!cell_is_in_place(self->cell)) {
		worker->result = calloc(1, (size_t)self->cell->values[CELL_SIZE]);
		if (!worker->result)
			return peer_fail(self->peer, -ENOMEM, "no memory for a result");
	}
	ret = worker->task->open ? worker->task->open(&worker->peer) : 0;
	if (ret < 0) {
		free(worker->result);
		return peer_fail(self->peer, ret, "%s", worker->peer.why);
	}
	return 0;
}

void pool_worker_close(struct pool_worker *worker)
{
	if (worker->task->close)
		worker->task->close(&worker->peer);
	free(worker->result);
}

/* Takes memory until there is none, as a leak does, and then ends as most programs do. */
__attribute__((noreturn)) static void run_away(_Atomic uint64_t *crashed_ns)
{
	struct rlimit limit;
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (file) {
		if (fscanf(file, "%lu", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	limit.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + RUNAWAY_LIMIT_BYTES;
	limit.rlim_max = limit.rlim_cur;
	setrlimit(RLIMIT_AS, &limit);
	for (;;) {
		unsigned char *more = mmap(NULL, RUNAWAY_STEP_BYTES, PROT_READ | PROT_WRITE,
		                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (more == MAP_FAILED) {
			atomic_store_explicit(crashed_ns, clock_now_ns(), memory_order_release);
			abort();
		}
		memset(more, 1, RUNAWAY_STEP_BYTES);
	}
}

/* Ends this worker's process, and with it all that lives in it; notes when. */
static void crash(enum pool_crash how, _Atomic uint64_t *crashed_ns)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};

	prctl(PR_SET_DUMPABLE, 0); /* no core file */
	sigaction(SIGSEGV, &standard, NULL);
	sigaction(SIGABRT, &standard, NULL);
	atomic_store_explicit(crashed_ns, clock_now_ns(), memory_order_release);
	switch (how) {
	case POOL_CRASH_SEGV:
		/* What the kernel sends for a bad address, also where a sanitizer looks for one. */
		raise(SIGSEGV);
		break;
	case POOL_CRASH_ABORT:
		abort();
	case POOL_CRASH_KILL:
		raise(SIGKILL);
		break;
	case POOL_CRASH_MEMORY:
		run_away(crashed_ns);
	case POOL_CRASH_NONE:
		break;
	}
}

/* Crashes if this is the task at which an experiment wants it, for the first time. */
static void crash_if_due(struct pool_worker *worker, uint64_t id)
{
	const struct pool_job *job = worker->self->job;
	_Atomic uint64_t nobody_asks;

	if (!job || job->crash == POOL_CRASH_NONE || id != job->crash_id ||
	    atomic_exchange_explicit(&worker->shared->has_crashed, 1, memory_order_relaxed) != 0)
		return;
	crash(job->crash, job->outcome ? &job->outcome->crashed_ns : &nobody_asks);
}

/* Tells the dispatcher that a result is there, or will be at once. */
static void announce(struct pool_worker *worker)
{
	struct pool_shared *shared = worker->shared;
	uint64_t count = atomic_load_explicit(&worker->seat->announced, memory_order_relaxed);

	/* Release: pairs with the acquire in pool_dispatch.c's is_announced(). */
	atomic_store_explicit(&worker->seat->announced, count + 1, memory_order_release);
	/*
	 * Sequentially consistent, like the sleeper's store of is_asleep and its load of
	 * bell: it sees the new bell, or this sees that it sleeps.
	 */
	atomic_fetch_add_explicit(&shared->bell, 1, memory_order_seq_cst);
	if (atomic_load_explicit(&shared->is_asleep, memory_order_seq_cst))
		futex_wake(&shared->bell, 1);
}

/* Computes into the message at room. Returns the message's bytes. */
static size_t compute(struct pool_worker *worker, const struct pool_header *header,
                      const void *input, void *room)
{
	struct pool_header *answer = room;
	ssize_t got;

	task_wait_end(&worker->peer);
	got = worker->task->compute(&worker->peer, input, header->bytes, answer + 1);
	task_wait_begin(&worker->peer);
	*answer = (struct pool_header){
		.id = header->id,
		.status = got < 0 ? (int32_t)got : 0,
		.bytes = got < 0 ? 0 : (uint32_t)got,
	};
	/* What a task says of its failure is its result. */
	if (got < 0 && worker->peer.why[0] != '\0' &&
	    strlen(worker->peer.why) < worker->self->cell->values[CELL_SIZE] - sizeof(*answer)) {
		answer->bytes = (uint32_t)strlen(worker->peer.why);
		memcpy(answer + 1, worker->peer.why, answer->bytes);
		worker->peer.why[0] = '\0';
	}
	return sizeof(*answer) + answer->bytes;
}

static int answer_in_place(struct pool_worker *worker, const struct pool_header *header,
                           const void *input)
{
	struct ipc_endpoint *out = worker->self->producers[pool_result_route(worker->index)];
	void *room;
	int ret = out->transport->claim(out, &room, (size_t)worker->self->cell->values[CELL_SIZE],
	                                IPC_DEADLINE_PEER);

	if (ret < 0)
		return ret;
	compute(worker, header, input, room);
	out->transport->commit(out, 0);
	announce(worker);
	return 0;
}

static int answer_by_copy(struct pool_worker *worker, const struct pool_header *header,
                          const void *input)
{
	struct ipc_endpoint *out = worker->self->producers[pool_result_route(worker->index)];
	size_t bytes = compute(worker, header, input, worker->result);
	int ret;

	if (!worker->is_buffered)
		announce(worker);
	ret = ipc_send(out, worker->result, bytes, IPC_DEADLINE_PEER, 0);
	if (ret == 0 && worker->is_buffered)
		announce(worker);
	return ret;
}

/* Looks at a task and answers it. Returns 1 after POOL_STOP, 0, or -errno. */
static int answer(struct pool_worker *worker, const void *message, size_t message_bytes)
{
	struct recorder *recorder = worker->self->recorder;
	struct pool_header header;
	const unsigned char *input = (const unsigned char *)message + sizeof(header);
	int ret;

	if (message_bytes < sizeof(header))
		return -EBADMSG;
	memcpy(&header, message, sizeof(header));
	if (header.bytes > message_bytes - sizeof(header))
		return -EBADMSG;
	if (header.id == POOL_STOP)
		return 1;
	if (!worker->is_measured &&
	    header.id >=
	            atomic_load_explicit(&worker->shared->measured_from, memory_order_relaxed)) {
		worker->is_measured = true;
		if (!worker->self->is_alone)
			recorder_start(recorder);
	}
	crash_if_due(worker, header.id);
	ret = cell_is_in_place(worker->self->cell) ? answer_in_place(worker, &header, input)
	                                           : answer_by_copy(worker, &header, input);
	if (ret == 0 && !worker->self->is_alone)
		recorder->counters.messages += worker->is_measured;
	return ret;
}

int pool_worker_step(struct pool_worker *worker)
{
	struct workload_peer *self = worker->self;
	struct ipc_endpoint *in = self->consumers[pool_task_route(worker->index)];
	bool is_in_place = cell_is_in_place(self->cell);
	const void *message = self->buffer;
	ssize_t got = is_in_place
	                      ? in->transport->peek(in, &message, IPC_DEADLINE_PEER)
	                      : ipc_recv(in, self->buffer, (size_t)self->cell->values[CELL_SIZE],
	                                 IPC_DEADLINE_PEER);
	int ret;

	if (got < 0)
		return peer_fail(self->peer, (int)got, "no task came: %s", strerror((int)-got));
	ret = answer(worker, message, (size_t)got);
	if (is_in_place)
		in->transport->release(in);
	if (ret < 0)
		return peer_fail(self->peer, ret, "a result could not be sent: %s", strerror(-ret));
	return ret;
}

int pool_work(struct workload_peer *self)
{
	struct pool_shared *shared = self->pattern;
	struct pool_worker worker;
	int ret;

	atomic_store_explicit(&shared->seats[self->index - 1].pid, (int32_t)getpid(),
	                      memory_order_release);
	ret = peer_pass_gate(self->peer);
	if (ret == 0 && !atomic_load_explicit(&shared->is_ready, memory_order_acquire))
		ret = peer_fail(self->peer, -EPIPE, "there is no dispatcher");
	if (ret == 0)
		ret = pool_worker_open(&worker, self, self->index - 1);
	if (ret < 0)
		return ret;
	recorder_start(self->recorder); /* Prefaults; started again by the first measured task. */
	while (ret == 0)
		ret = pool_worker_step(&worker);
	recorder_stop(self->recorder);
	pool_worker_close(&worker);
	return ret < 0 ? ret : 0;
}
