/* SPDX-License-Identifier: MIT */
/*
 * workloads/pool_dispatch.c - the dispatcher of the pool.
 *
 * Each task that was handed out is in one place: in the list of its worker, in the
 * list of those to repeat, or done. A worker's death, which a pidfd tells within
 * LOOK_EVERY_NS, empties its channel first: a result that was sent counts. What is
 * left in its list is repeated, so nothing is lost and nothing comes twice.
 */
#include "workloads/pool.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "ipc/futex.h"
#include "workloads/peer.h"
#include "workloads/pool_check.h"

/* How often the dispatcher looks for dead workers, also while it sleeps. */
#define LOOK_EVERY_NS (10 * NS_PER_MS)

/* What the dispatcher knows of a worker. */
struct hand {
	uint64_t ids[POOL_CREDIT_MAX]; /* handed out, oldest at head */
	uint32_t head;
	uint32_t count;
	uint64_t taken; /* results */
	int pidfd;      /* -1: a thread, or dead */
	bool is_dead;
};

struct dispatcher {
	struct workload_peer *self;
	struct pool_shared *shared;
	const struct pool_source *source;
	struct pool_outcome *outcome;
	struct task_peer peer; /* whose lock is held while a message is written or read */
	struct pool_worker alone;
	struct hand hands[POOL_WORKERS_MAX];
	uint32_t worker_count;
	uint32_t alive_count;
	uint32_t credit;
	uint64_t next_id;
	uint64_t completed;
	uint64_t repeat[POOL_WORKERS_MAX * POOL_CREDIT_MAX]; /* tasks of dead workers */
	uint32_t repeat_count;
	bool is_exhausted; /* the source has no more */
	uint64_t look_ns;  /* when to look for dead workers */
	uint64_t bytes;
	struct pool_outcome own_outcome;
};

static void count_one(_Atomic uint64_t *counter)
{
	/* Relaxed: read after the pool has ended. */
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static int fail_send(struct dispatcher *d, uint32_t worker, uint64_t id, int error)
{
	return peer_fail(d->self->peer, error, "task %llu could not be sent to worker %u: %s",
	                 (unsigned long long)id, worker + 1, strerror(-error));
}

/* Writes a task at room. Returns the message's bytes, or the source's -errno. */
static ssize_t write_task(struct dispatcher *d, uint64_t id, void *room)
{
	struct pool_header *header = room;
	size_t room_bytes = (size_t)d->self->cell->values[CELL_SIZE] - sizeof(*header);
	ssize_t got;

	task_wait_end(&d->peer);
	got = d->source->fill(d->source->context, id, header + 1, room_bytes);
	task_wait_begin(&d->peer);
	if (got < 0)
		return got;
	*header = (struct pool_header){.id = id, .bytes = (uint32_t)got};
	return (ssize_t)sizeof(*header) + got;
}

/* Sends one task. Returns 0, or -errno: -ENODATA (there is no such task). */
static int send_task(struct dispatcher *d, uint32_t worker, uint64_t id)
{
	struct ipc_endpoint *out = d->self->producers[pool_task_route(worker)];
	size_t size = (size_t)d->self->cell->values[CELL_SIZE];
	void *room = d->self->buffer;
	ssize_t bytes;
	int ret;

	if (!cell_is_in_place(d->self->cell)) {
		bytes = write_task(d, id, room);
		if (bytes < 0)
			return (int)bytes;
		d->bytes += (uint64_t)bytes;
		return ipc_send(out, room, (size_t)bytes, IPC_DEADLINE_PEER, 0);
	}
	ret = out->transport->claim(out, &room, size, IPC_DEADLINE_PEER);
	if (ret < 0)
		return ret;
	bytes = write_task(d, id, room);
	if (bytes < 0) {
		out->transport->abort(out);
		return (int)bytes;
	}
	d->bytes += (uint64_t)bytes;
	out->transport->commit(out, 0);
	return 0;
}

/* Gives a worker its next task. Returns 1, 0 if there is none, or -errno said. */
static int hand_out(struct dispatcher *d, uint32_t worker)
{
	struct hand *hand = &d->hands[worker];
	bool repeats = d->repeat_count > 0;
	uint64_t id = repeats ? d->repeat[d->repeat_count - 1] : d->next_id;
	int ret;

	if (!repeats && d->is_exhausted)
		return 0;
	/* In the list before it is sent: a worker that dies in between is asked for it. */
	hand->ids[(hand->head + hand->count++) % POOL_CREDIT_MAX] = id;
	ret = send_task(d, worker, id);
	if (ret == -ENODATA) {
		hand->count--;
		d->is_exhausted = true;
		return 0;
	}
	if (repeats) {
		d->repeat_count--;
	} else {
		d->next_id++;
		count_one(&d->outcome->handed_out);
	}
	if (ret == -EPIPE && d->self->cell->values[CELL_MODEL] == MODEL_PROCESSES) {
		d->look_ns = 0; /* It has died; its list says what it had. */
		return 1;
	}
	if (ret < 0)
		return fail_send(d, worker, id, ret);
	return 1;
}

/* Checks that a result is the one that its worker owes, and passes it on. */
static int take_result(struct dispatcher *d, uint32_t worker, const void *message, size_t bytes)
{
	struct hand *hand = &d->hands[worker];
	struct pool_header header;
	int ret;

	if (bytes < sizeof(header))
		return peer_fail(d->self->peer, -EBADMSG, "worker %u sent %zu bytes: no result",
		                 worker + 1, bytes);
	memcpy(&header, message, sizeof(header));
	if (hand->count == 0 || header.id != hand->ids[hand->head] ||
	    header.bytes > bytes - sizeof(header))
		return peer_fail(d->self->peer, -EBADMSG,
		                 "worker %u sent a result of task %llu, which it does not owe",
		                 worker + 1, (unsigned long long)header.id);
	hand->head = (hand->head + 1) % POOL_CREDIT_MAX;
	hand->count--;
	hand->taken++;
	d->completed++;
	d->bytes += sizeof(header) + header.bytes;
	count_one(&d->outcome->completed);
	task_wait_end(&d->peer);
	ret = d->source->take(d->source->context, header.id, header.status,
	                      (const unsigned char *)message + sizeof(header), header.bytes);
	task_wait_begin(&d->peer);
	return ret;
}

/* Receives one result. Returns 1, 0 if none came by then, or -errno said. */
static int collect(struct dispatcher *d, uint32_t worker, uint64_t until_ns)
{
	struct ipc_endpoint *in = d->self->consumers[pool_result_route(worker)];
	bool is_in_place = cell_is_in_place(d->self->cell);
	const void *message = d->self->buffer;
	ssize_t got = is_in_place ? in->transport->peek(in, &message, until_ns)
	                          : ipc_recv(in, d->self->buffer,
	                                     (size_t)d->self->cell->values[CELL_SIZE], until_ns);
	int ret;

	if (got == -EPIPE || got == -EBADMSG)
		d->look_ns = 0;
	if (got == -ETIMEDOUT || got == -EAGAIN || got == -EPIPE)
		return 0;
	if (got < 0)
		return peer_fail(d->self->peer, (int)got, "no result of worker %u: %s", worker + 1,
		                 strerror((int)-got));
	ret = take_result(d, worker, message, (size_t)got);
	if (is_in_place)
		in->transport->release(in);
	return ret < 0 ? ret : 1;
}

static bool is_announced(const struct dispatcher *d, uint32_t worker)
{
	/* Acquire: pairs with the release in pool_work.c's announce(). */
	return atomic_load_explicit(&d->shared->seats[worker].announced, memory_order_acquire) !=
	       d->hands[worker].taken;
}

/* Takes what a dead worker had sent, and puts what it owes on the list of those to repeat. */
static int bury(struct dispatcher *d, uint32_t worker)
{
	struct hand *hand = &d->hands[worker];
	uint64_t none = 0;
	int ret;

	do
		ret = collect(d, worker, 0);
	while (ret > 0);
	if (ret < 0)
		return ret;
	atomic_compare_exchange_strong(&d->outcome->noticed_ns, &none, clock_now_ns());
	for (; hand->count > 0; hand->count--) {
		d->repeat[d->repeat_count++] = hand->ids[hand->head];
		hand->head = (hand->head + 1) % POOL_CREDIT_MAX;
		count_one(&d->outcome->repeated);
	}
	close(hand->pidfd);
	hand->pidfd = -1;
	hand->is_dead = true;
	count_one(&d->outcome->died_count);
	d->alive_count--;
	if (d->alive_count == 0)
		return peer_fail(d->self->peer, -ECHILD, "every worker has died");
	return 0;
}

/* Looks whether a worker has died. Threads can't die alone. */
static int look(struct dispatcher *d, uint64_t now_ns)
{
	struct pollfd fds[POOL_WORKERS_MAX];
	int ret = 0;

	d->look_ns = now_ns + LOOK_EVERY_NS;
	if (now_ns >= d->self->deadline_ns)
		return peer_fail(d->self->peer, -ETIMEDOUT, "%u workers owe results",
		                 d->alive_count);
	if (d->self->is_alone || d->self->cell->values[CELL_MODEL] != MODEL_PROCESSES)
		return 0;
	for (uint32_t i = 0; i < d->worker_count; i++)
		fds[i] = (struct pollfd){.fd = d->hands[i].pidfd, .events = POLLIN};
	if (poll(fds, d->worker_count, 0) <= 0)
		return 0;
	for (uint32_t i = 0; i < d->worker_count && ret == 0; i++) {
		if (fds[i].revents && !d->hands[i].is_dead)
			ret = bury(d, i);
	}
	return ret;
}

/* Sleeps until a worker announces a result, or it is time to look for the dead. */
static void doze(struct dispatcher *d)
{
	struct pool_shared *shared = d->shared;
	bool sleeps = true;
	uint32_t bell;

	/* Sequentially consistent, as announce() says. */
	atomic_store_explicit(&shared->is_asleep, 1, memory_order_seq_cst);
	bell = atomic_load_explicit(&shared->bell, memory_order_seq_cst);
	for (uint32_t i = 0; i < d->worker_count; i++)
		sleeps &= d->hands[i].is_dead || !is_announced(d, i);
	if (sleeps)
		(void)futex_wait(&shared->bell, bell, d->look_ns);
	atomic_store_explicit(&shared->is_asleep, 0, memory_order_relaxed);
}

/* Serves one worker: takes what it announced, gives what it may have. As hand_out(). */
static int serve(struct dispatcher *d, uint32_t worker, bool wants)
{
	struct hand *hand = &d->hands[worker];
	uint32_t done = 0;
	int ret = 1;

	while (ret > 0 && hand->count > 0 && is_announced(d, worker)) {
		ret = collect(d, worker, clock_now_ns() + LOOK_EVERY_NS);
		done += ret > 0;
	}
	if (ret < 0)
		return ret;
	ret = 1;
	while (ret > 0 && hand->count < d->credit && (wants || d->repeat_count > 0)) {
		ret = hand_out(d, worker);
		done += ret > 0;
		if (ret > 0 && d->look_ns == 0)
			break;
	}
	return ret < 0 ? ret : done > 0;
}

static int play_alone(struct dispatcher *d)
{
	int ret = hand_out(d, 0);

	if (ret > 0) {
		ret = pool_worker_step(&d->alone);
		if (ret == 0)
			ret = collect(d, 0, IPC_DEADLINE_PEER);
	}
	return ret;
}

static bool is_idle(const struct dispatcher *d)
{
	uint32_t owed = d->repeat_count;

	for (uint32_t i = 0; i < d->worker_count; i++)
		owed += d->hands[i].count;
	return owed == 0;
}

/* Hands out tasks until end_ns or the last one, and collects all results. */
static int play(struct dispatcher *d, uint64_t end_ns)
{
	bool wants = true;

	while (wants || !is_idle(d)) {
		uint64_t now_ns = clock_now_ns();
		uint32_t done = 0;
		int ret = 0;

		wants = wants && now_ns < end_ns && !d->is_exhausted;
		if (now_ns >= d->look_ns)
			ret = look(d, now_ns);
		if (ret == 0 && d->self->is_alone && wants)
			ret = play_alone(d);
		for (uint32_t i = 0; i < d->worker_count && ret >= 0 && !d->self->is_alone; i++) {
			ret = d->hands[i].is_dead ? 0 : serve(d, i, wants);
			done += ret > 0;
		}
		if (ret < 0)
			return ret;
		if (done == 0 && !d->self->is_alone && !is_idle(d))
			doze(d);
	}
	return 0;
}

/* Tells the workers to end. One that has gone meanwhile needs no telling. */
static int stop_workers(struct dispatcher *d)
{
	const struct pool_header stop = {.id = POOL_STOP};

	for (uint32_t i = 0; i < d->worker_count && !d->self->is_alone; i++) {
		int ret = 0;

		if (!d->hands[i].is_dead)
			ret = ipc_send(d->self->producers[pool_task_route(i)], &stop, sizeof(stop),
			               IPC_DEADLINE_PEER, 0);
		if (ret < 0 && ret != -EPIPE)
			return fail_send(d, i, POOL_STOP, ret);
	}
	return 0;
}

/* After the gate: each worker process has said who it is. */
static int watch_workers(struct dispatcher *d)
{
	for (uint32_t i = 0; i < d->worker_count; i++)
		d->hands[i].pidfd = -1;
	if (d->self->is_alone)
		return pool_worker_open(&d->alone, d->self, 0);
	if (d->self->cell->values[CELL_MODEL] != MODEL_PROCESSES)
		return 0;
	for (uint32_t i = 0; i < d->worker_count; i++) {
		pid_t pid = atomic_load_explicit(&d->shared->seats[i].pid, memory_order_acquire);

		d->hands[i].pidfd = pidfd_open(pid, 0);
		if (d->hands[i].pidfd < 0)
			return peer_fail(d->self->peer, -errno, "worker %u can't be watched: %s",
			                 i + 1, strerror(errno));
	}
	return 0;
}

static int measure(struct dispatcher *d)
{
	struct recorder *recorder = d->self->recorder;
	uint64_t first;
	int ret = d->self->job ? 0 : play(d, clock_now_ns() + d->self->warmup_ns);

	if (ret < 0)
		return ret;
	first = d->completed;
	d->bytes = 0;
	/* Relaxed: the task that is sent next orders it. */
	atomic_store_explicit(&d->shared->measured_from, d->next_id, memory_order_relaxed);
	recorder_start(recorder);
	ret = play(d, clock_now_ns() + d->self->measure_ns);
	recorder_stop(recorder);
	recorder->counters.messages = d->completed - first;
	recorder->counters.bytes = d->bytes;
	if (ret == 0 && d->completed != d->next_id)
		return peer_fail(d->self->peer, -EBADMSG, "%llu tasks gave %llu results",
		                 (unsigned long long)d->next_id, (unsigned long long)d->completed);
	return ret < 0 ? ret : stop_workers(d);
}

static int dispatch(struct dispatcher *d)
{
	int ret;

	/* Release: what the task started is there. Pairs with the acquire in pool_work(). */
	atomic_store_explicit(&d->shared->is_ready, 1, memory_order_release);
	ret = peer_pass_gate(d->self->peer);

	if (ret == 0)
		ret = watch_workers(d);
	if (ret == 0)
		ret = measure(d);
	for (uint32_t i = 0; i < d->worker_count; i++) {
		if (d->hands[i].pidfd >= 0)
			close(d->hands[i].pidfd);
	}
	if (d->alone.self)
		pool_worker_close(&d->alone);
	return ret;
}

int pool_dispatch(struct workload_peer *self)
{
	const struct pool_job *job = self->job;
	struct dispatcher *d = calloc(1, sizeof(*d));
	struct pool_check *check = NULL;
	int ret = 0;

	if (!d)
		return peer_fail(self->peer, -ENOMEM, "no memory for the dispatcher");
	d->self = self;
	d->shared = self->pattern;
	d->outcome = job && job->outcome ? job->outcome : &d->own_outcome;
	d->worker_count = pool_worker_count(self->cell);
	d->alive_count = d->worker_count;
	d->credit = pool_credit(self->cell);
	pool_task_peer(self, 0, &d->peer);
	atomic_store_explicit(&d->shared->measured_from, UINT64_MAX, memory_order_relaxed);
	d->source = job ? job->source : NULL;
	if (!d->source)
		ret = pool_check_create(&check, self, &d->source);
	if (ret == 0)
		ret = dispatch(d);
	pool_check_destroy(check);
	free(d);
	return ret;
}
