/* SPDX-License-Identifier: MIT */
/* workloads/peer.c - starts peers as processes or threads, and tells how each ended. */
#include "workloads/peer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "ipc/futex.h"
#include "workloads/placement.h"

/* After its deadline a peer has this long to come back from its last call. */
#define PEER_GRACE_NS (1 * NS_PER_S)
/* A failure is reported so much later at most, for the sake of its cause. */
#define PEER_CAUSE_NS (1 * NS_PER_S)

enum peer_state {
	PEER_STARTING,
	PEER_READY,
	PEER_DONE,
};

/* Written by its peer, read by the parent; in shared memory. */
struct peer_verdict {
	_Atomic uint32_t state; /* enum peer_state */
	int error;              /* 0 or -errno; set before PEER_DONE */
	char text[RUN_TEXT_BYTES];
};

struct peer {
	struct peers *peers;
	struct peer_verdict *verdict;
	struct peer_process *process;
	uint32_t index;
};

/*
 * A process and the peers that live in it: one as processes, all as threads. The
 * runner is never one of them, so that a thread that crashes or hangs costs it a
 * round and not itself.
 */
struct peer_process {
	uint32_t first; /* index of its first peer */
	uint32_t count;
	pid_t pid; /* 0: not started */
	int pidfd;
	bool is_ended; /* reaped */
	int status;    /* of waitpid() */
};

struct peers_shared {
	_Atomic uint32_t gate; /* 0: closed */
	struct peer_verdict verdicts[];
};

struct peers {
	struct peers_options options;
	struct peers_shared *shared;
	size_t shared_bytes;
	int event_fd; /* a peer has changed its state */
	pid_t parent;
	struct peer_process processes[RUN_PEERS_MAX];
	uint32_t process_count;
	struct peer peers[];
};

static void peer_change(struct peer *peer, enum peer_state state)
{
	const uint64_t one = 1;

	/* Release: error and text are written before. Pairs with peer_state_of(). */
	atomic_store_explicit(&peer->verdict->state, state, memory_order_release);
	while (write(peer->peers->event_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static enum peer_state peer_state_of(const struct peer *peer)
{
	return atomic_load_explicit(&peer->verdict->state, memory_order_acquire);
}

int peer_fail(struct peer *peer, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(peer->verdict->text, sizeof(peer->verdict->text), format, arguments);
	va_end(arguments);
	return error;
}

int peer_pass_gate(struct peer *peer)
{
	_Atomic uint32_t *gate = &peer->peers->shared->gate;

	peer_change(peer, PEER_READY);
	while (atomic_load_explicit(gate, memory_order_acquire) == 0) {
		if (futex_wait(gate, 0, peer->peers->options.deadline_ns) == -ETIMEDOUT)
			return peer_fail(peer, -ETIMEDOUT, "the start gate did not open");
	}
	return 0;
}

/* What every peer does, in its own process or thread. Returns its error. */
static int peer_live(struct peer *peer)
{
	const struct peers_options *options = &peer->peers->options;
	int cpu = options->cpus[peer->index];
	int ret = placement_pin(cpu);

	prctl(PR_SET_TIMERSLACK, 1UL);
	/* So that ps, top and a tracer show who is who. */
	prctl(PR_SET_NAME, options->names[peer->index]);
	if (ret < 0)
		peer_fail(peer, ret, "can't be pinned to CPU %d: %s", cpu, strerror(-ret));
	else
		ret = options->main(options->context, peer, peer->index);
	if (ret < 0 && peer->verdict->text[0] == '\0')
		peer_fail(peer, ret, "failed: %s", strerror(-ret));
	peer->verdict->error = ret;
	peer_change(peer, PEER_DONE);
	return ret;
}

static void *peer_thread(void *self)
{
	peer_live(self);
	return NULL;
}

/* Runs the peers of a process as its threads. Returns whether all are good. */
static bool process_run_threads(struct peers *peers, const struct peer_process *process)
{
	pthread_t threads[RUN_PEERS_MAX];
	uint32_t started = 0;
	bool is_good = true;

	for (uint32_t i = 0; i < process->count && is_good; i++) {
		struct peer *peer = &peers->peers[process->first + i];
		int ret = -pthread_create(&threads[i], NULL, peer_thread, peer);

		if (ret < 0) {
			peer->verdict->error =
				peer_fail(peer, ret, "can't be started: %s", strerror(-ret));
			peer_change(peer, PEER_DONE);
			is_good = false;
		}
		started += ret == 0;
	}
	/* Not without end: the parent kills the process after the peers' deadline. */
	for (uint32_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	for (uint32_t i = 0; i < started; i++)
		is_good &= peers->peers[process->first + i].verdict->error == 0;
	return is_good;
}

/* The life of a process of peers; never returns. */
_Noreturn static void process_live(struct peers *peers, const struct peer_process *process)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != peers->parent)
		_exit(1); /* The parent died before that call could bind us to it. */
	if (process->count == 1)
		_exit(peer_live(&peers->peers[process->first]) < 0);
	_exit(!process_run_threads(peers, process));
}

static int process_start(struct peers *peers, struct peer_process *process)
{
	pid_t pid;

	fflush(NULL); /* What is buffered would else be written twice. */
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		process_live(peers, process);
	process->pid = pid;
	process->pidfd = pidfd_open(pid, 0);
	return process->pidfd < 0 ? -errno : 0;
}

/* Collects a process that has ended by itself. Doesn't wait. */
static void process_reap(struct peer_process *process)
{
	if (process->pid > 0 && !process->is_ended)
		process->is_ended =
			waitpid(process->pid, &process->status, WNOHANG) == process->pid;
}

/* A peer whose process ended before it said how it fared was killed, or left by itself. */
static bool peer_has_died(const struct peer *peer)
{
	return peer->process->is_ended && peer_state_of(peer) != PEER_DONE;
}

/* Says whether the group goes on without this peer, which has died. */
static bool peer_is_missed_by_nobody(const struct peer *peer)
{
	const struct peers_options *options = &peer->peers->options;

	return peer->index >= options->count - options->spare_count && peer_has_died(peer);
}

static bool peer_has_failed(const struct peer *peer)
{
	if (peer_is_missed_by_nobody(peer))
		return false;
	return peer_has_died(peer) ||
	       (peer_state_of(peer) == PEER_DONE && peer->verdict->error < 0);
}

/* Says what became of a peer; the text is for the user. Returns its -errno. */
static int peer_explain(const struct peer *peer, char *why, size_t why_bytes)
{
	const char *name = peer->peers->options.names[peer->index];
	const struct peer_process *process = peer->process;
	const char *kind = process->count > 1 ? "a thread of pid" : "pid";
	int status = process->status;

	if (peer_has_died(peer)) {
		if (WIFSIGNALED(status))
			snprintf(why, why_bytes, "%s (%s %d) was killed by signal %d (%s)%s", name,
			         kind, (int)process->pid, WTERMSIG(status),
			         strsignal(WTERMSIG(status)),
			         WTERMSIG(status) == SIGKILL ? ", possibly out of memory" : "");
		else
			snprintf(why, why_bytes, "%s (%s %d) exited with status %d in mid-run",
			         name, kind, (int)process->pid, WEXITSTATUS(status));
		return -ECHILD;
	}
	snprintf(why, why_bytes, "%s: %s", name, peer->verdict->text);
	return peer->verdict->error;
}

/*
 * Finds the peer to blame: one that died, else one that failed by itself, else
 * one that only noticed that its partner was gone. Returns null if none failed.
 */
static const struct peer *peers_culprit(const struct peers *peers)
{
	const struct peer *culprit = NULL;
	int rank_best = 0;

	for (uint32_t i = 0; i < peers->options.count; i++) {
		const struct peer *peer = &peers->peers[i];
		int rank;

		if (!peer_has_failed(peer))
			continue;
		rank = peer_has_died(peer) ? 3 : peer->verdict->error == -EPIPE ? 1 : 2;
		if (rank > rank_best) {
			rank_best = rank;
			culprit = peer;
		}
	}
	return culprit;
}

static bool peers_have_reached(const struct peers *peers, enum peer_state state)
{
	for (uint32_t i = 0; i < peers->options.count; i++) {
		if (peer_state_of(&peers->peers[i]) < state &&
		    !peer_is_missed_by_nobody(&peers->peers[i]))
			return false;
	}
	return true;
}

/* Waits for one event: a state, a death, the stop, or until_ns. Returns 0 or -EINTR. */
static int peers_poll(struct peers *peers, uint64_t until_ns)
{
	struct pollfd fds[2 + RUN_PEERS_MAX];
	uint64_t now_ns = clock_now_ns();
	struct timespec rest = clock_timespec(until_ns > now_ns ? until_ns - now_ns : 0);
	nfds_t count = 0;
	uint64_t events;

	fds[count++] = (struct pollfd){.fd = peers->options.stop_fd, .events = POLLIN};
	fds[count++] = (struct pollfd){.fd = peers->event_fd, .events = POLLIN};
	for (uint32_t i = 0; i < peers->process_count; i++) {
		if (!peers->processes[i].is_ended)
			fds[count++] =
				(struct pollfd){.fd = peers->processes[i].pidfd, .events = POLLIN};
	}
	if (ppoll(fds, count, &rest, NULL) > 0) {
		if (fds[0].revents)
			return -EINTR;
		if (fds[1].revents)
			(void)!read(peers->event_fd, &events, sizeof(events));
	}
	for (uint32_t i = 0; i < peers->process_count; i++)
		process_reap(&peers->processes[i]);
	return 0;
}

/* Names all peers that are still short of a state at the end. */
static void name_hanging(const struct peers *peers, enum peer_state state, char *why,
                         size_t why_bytes)
{
	const char *separator = "";
	size_t used = 0;

	for (uint32_t i = 0; i < peers->options.count && used < why_bytes; i++) {
		if (peer_state_of(&peers->peers[i]) >= state)
			continue;
		used += (size_t)snprintf(why + used, why_bytes - used, "%s%s", separator,
		                         peers->options.names[i]);
		separator = ", ";
	}
	if (used < why_bytes)
		snprintf(why + used, why_bytes - used, ": hangs past the deadline");
}

/*
 * Waits a little for the cause behind what may be its echo: that the partner has
 * gone, or no longer answers, is often seen before the partner's own end is.
 */
static const struct peer *peers_find_cause(struct peers *peers)
{
	uint64_t until_ns = clock_now_ns() + PEER_CAUSE_NS;

	while (!peer_has_died(peers_culprit(peers)) && !peers_have_reached(peers, PEER_DONE) &&
	       clock_now_ns() < until_ns) {
		if (peers_poll(peers, until_ns) < 0)
			break; /* The whole run shall stop; it would be told so at each turn. */
	}
	return peers_culprit(peers);
}

/* Waits until all peers have reached state. Returns 0 or -errno, as peers_join(). */
static int peers_await(struct peers *peers, enum peer_state state, char *why, size_t why_bytes)
{
	uint64_t until_ns = peers->options.deadline_ns + PEER_GRACE_NS;

	for (;;) {
		const struct peer *culprit = peers_culprit(peers);
		int ret;

		if (culprit)
			return peer_explain(peers_find_cause(peers), why, why_bytes);
		if (peers_have_reached(peers, state))
			return 0;
		if (clock_now_ns() >= until_ns)
			break;
		ret = peers_poll(peers, until_ns);
		if (ret < 0) {
			snprintf(why, why_bytes, "stopped");
			return ret;
		}
	}
	name_hanging(peers, state, why, why_bytes);
	return -ETIMEDOUT;
}

int peers_check(struct peers *peers, char *why, size_t why_bytes)
{
	int ret = peers_poll(peers, clock_now_ns());

	if (peers_culprit(peers))
		return peer_explain(peers_find_cause(peers), why, why_bytes);
	if (ret < 0)
		snprintf(why, why_bytes, "stopped");
	return ret;
}

static struct peers *peers_create(const struct peers_options *options)
{
	size_t shared_bytes =
		sizeof(struct peers_shared) + options->count * sizeof(struct peer_verdict);
	struct peers *self = calloc(1, sizeof(*self) + options->count * sizeof(struct peer));

	if (!self)
		return NULL;
	self->options = *options;
	self->shared_bytes = shared_bytes;
	self->parent = getpid();
	self->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	self->shared =
		mmap(NULL, shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	self->process_count = options->model == MODEL_PROCESSES ? options->count : 1;
	for (uint32_t i = 0; i < self->process_count; i++) {
		self->processes[i].first = i;
		self->processes[i].count = options->count / self->process_count;
		self->processes[i].pidfd = -1;
	}
	for (uint32_t i = 0; i < options->count; i++) {
		self->peers[i].peers = self;
		self->peers[i].index = i;
		self->peers[i].process = &self->processes[i % self->process_count];
	}
	if (self->event_fd >= 0 && self->shared != MAP_FAILED) {
		for (uint32_t i = 0; i < options->count; i++)
			self->peers[i].verdict = &self->shared->verdicts[i];
		return self;
	}
	if (self->event_fd >= 0)
		close(self->event_fd);
	if (self->shared != MAP_FAILED)
		munmap(self->shared, shared_bytes);
	free(self);
	return NULL;
}

/* Gives a process whose peers are done the time to exit. */
static void process_await_end(const struct peer_process *process)
{
	struct pollfd end = {.fd = process->pidfd, .events = POLLIN};
	uint64_t until_ns = clock_now_ns() + PEER_GRACE_NS;
	uint64_t now_ns;

	while ((now_ns = clock_now_ns()) < until_ns) {
		struct timespec rest = clock_timespec(until_ns - now_ns);

		if (ppoll(&end, 1, &rest, NULL) >= 0 || errno != EINTR)
			return;
	}
}

static void process_end(struct peers *peers, struct peer_process *process)
{
	bool is_done = true;

	for (uint32_t i = 0; i < process->count; i++)
		is_done &= peer_state_of(&peers->peers[process->first + i]) == PEER_DONE;
	if (process->pid > 0 && !process->is_ended) {
		/* One whose peers are done is about to exit; its own end is the better one. */
		if (is_done)
			process_await_end(process);
		/* No other can have its number: it has not been reaped. */
		kill(process->pid, SIGKILL);
		while (waitpid(process->pid, &process->status, 0) < 0 && errno == EINTR)
			;
		process->is_ended = true;
	}
	if (process->pidfd >= 0)
		close(process->pidfd);
}

void peers_stop(struct peers *peers)
{
	if (!peers)
		return;
	for (uint32_t i = 0; i < peers->process_count; i++)
		process_end(peers, &peers->processes[i]);
	close(peers->event_fd);
	munmap(peers->shared, peers->shared_bytes);
	free(peers);
}

int peers_start(struct peers **out, const struct peers_options *options, char *why,
                size_t why_bytes)
{
	struct peers *self;
	int ret = 0;

	if (options->count == 0 || options->count > RUN_PEERS_MAX)
		return -EINVAL;
	self = peers_create(options);
	if (!self) {
		ret = errno ? -errno : -ENOMEM;
		snprintf(why, why_bytes, "no room for the peers' verdicts: %s", strerror(-ret));
		return ret;
	}
	for (uint32_t i = 0; i < self->process_count && ret == 0; i++) {
		ret = process_start(self, &self->processes[i]);
		if (ret < 0)
			snprintf(why, why_bytes, "%s can't be started: %s", options->names[i],
			         strerror(-ret));
	}
	if (ret == 0)
		ret = peers_await(self, PEER_READY, why, why_bytes);
	if (ret < 0) {
		peers_stop(self);
		return ret;
	}
	*out = self;
	return 0;
}

void peers_release(struct peers *peers)
{
	atomic_store_explicit(&peers->shared->gate, 1, memory_order_release);
	futex_wake(&peers->shared->gate, INT_MAX);
}

int peers_join(struct peers *peers, char *why, size_t why_bytes)
{
	return peers_await(peers, PEER_DONE, why, why_bytes);
}
