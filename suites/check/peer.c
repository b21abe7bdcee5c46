/* SPDX-License-Identifier: MIT */
/* suites/check/peer.c - starts, awaits and ends the peers of a case. */
#include "suites/check/check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/futex.h"

#define POLL_NS (100 * NS_PER_US)
#define ASLEEP_WITHIN_NS (100 * NS_PER_MS)

/* Runs the body as an actor; returns when it has ended or was left. */
static void peer_run(struct peer *peer)
{
	struct actor actor;

	actor_init(&actor, peer->check, 1 + peer->index);
	actor_become(&actor);
	atomic_store(&peer->report->tid, gettid());
	if (setjmp(actor.out) == 0) {
		peer->body(peer);
		report_write(peer->report, VERDICT_PASSED, NULL, "%s", "");
	}
	actor_become(NULL);
	atomic_store(&peer->report->is_done, 1);
	futex_wake(&peer->report->is_done, INT_MAX);
}

static void *peer_thread(void *argument)
{
	peer_run(argument);
	return NULL;
}

static struct peer *peer_take(struct check *check, void (*body)(struct peer *peer), void *argument)
{
	struct peer *peer;

	CHECK_SETUP(check->peer_count < PEERS_MAX, "more than %d peers", PEERS_MAX);
	peer = &check->peers[check->peer_count];
	*peer = (struct peer){
		.check = check,
		.index = (unsigned)check->peer_count,
		.body = body,
		.argument = argument,
		.report = &check->board->reports[1 + check->peer_count],
	};
	check->peer_count++;
	return peer;
}

struct peer *peer_fork(struct check *check, void (*body)(struct peer *peer), void *argument)
{
	struct peer *peer = peer_take(check, body, argument);
	pid_t parent = getpid();

	fflush(NULL);
	peer->pid = fork();
	if (peer->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1); /* The parent died before the line above. */
		atomic_store(&peer->report->pid, getpid());
		peer_run(peer);
		/* exit(), not _exit(): a sanitizer reports then. */
		exit(0);
	}
	if (peer->pid < 0) {
		peer->pid = 0;
		peer->is_joined = true;
		report_broken("fork: %s", strerror(errno));
	}
	return peer;
}

struct peer *peer_start(struct check *check, void (*body)(struct peer *peer), void *argument)
{
	struct peer *peer;
	int error;

	if (check->model == MODEL_PROCESSES)
		return peer_fork(check, body, argument);
	peer = peer_take(check, body, argument);
	atomic_store(&peer->report->pid, getpid());
	error = pthread_create(&peer->thread, NULL, peer_thread, peer);
	if (error) {
		peer->is_joined = true;
		report_broken("pthread_create: %s", strerror(error));
	}
	return peer;
}

/* Waits for a child's end until deadline_ns; reaps it. Returns false if it runs on. */
static bool child_await(pid_t pid, uint64_t deadline_ns, int *status)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd end = {.fd = fd, .events = POLLIN};

	while (fd >= 0) {
		uint64_t now_ns = clock_now_ns();
		int ready;

		if (now_ns >= deadline_ns)
			break;
		ready = poll(&end, 1, (int)((deadline_ns - now_ns) / NS_PER_MS + 1));
		if (ready > 0)
			break;
	}
	if (fd >= 0)
		close(fd);
	return waitpid(pid, status, WNOHANG) == pid;
}

bool peer_is_done(const struct peer *peer)
{
	return atomic_load(&peer->report->is_done) != 0;
}

/* Says in the case's report how a peer died that said nothing itself. */
static _Noreturn void peer_died(const struct peer *peer, int status)
{
	if (WIFSIGNALED(status))
		report_fail(NULL, "peer %u was killed by signal %d (%s)", peer->index,
		            WTERMSIG(status), strsignal(WTERMSIG(status)));
	report_fail(NULL, "peer %u exited with status %d and no verdict", peer->index,
	            WEXITSTATUS(status));
}

void peer_join(struct peer *peer)
{
	uint64_t deadline_ns = peer->check->settings->limit_ns == UINT64_MAX
	                               ? UINT64_MAX
	                               : from_now(peer->check->settings->limit_ns);
	enum verdict verdict;
	int status = 0;

	if (peer->is_joined)
		return;
	if (peer->pid > 0) {
		/* A hang is for the watchdog, which knows the call. */
		CHECK_THAT(child_await(peer->pid, deadline_ns, &status), NULL,
		           "peer %u has not ended", peer->index);
	} else {
		while (!peer_is_done(peer)) {
			CHECK_THAT(clock_now_ns() < deadline_ns, NULL, "peer %u has not ended",
			           peer->index);
			futex_wait(&peer->report->is_done, 0, deadline_ns);
		}
		pthread_join(peer->thread, NULL);
	}
	peer->is_joined = true;
	/* Acquire: pairs with the release in report_vwrite(). */
	verdict = atomic_load_explicit(&peer->report->verdict, memory_order_acquire);
	if (verdict == VERDICT_NONE)
		peer_died(peer, status);
	if (verdict != VERDICT_PASSED)
		report_repeat(peer->report);
	CHECK_THAT(peer->pid == 0 || status == 0, "C33",
	           "peer %u passed, then exited with status %d: a sanitizer's report is above",
	           peer->index, WEXITSTATUS(status));
}

void peers_await(struct check *check)
{
	for (size_t i = 0; i < check->peer_count; i++)
		peer_join(&check->peers[i]);
}

void peers_renew(struct check *check)
{
	peers_await(check);
	for (size_t i = 0; i < check->peer_count; i++)
		memset(check->peers[i].report, 0, sizeof(*check->peers[i].report));
	check->peer_count = 0;
	for (size_t i = 0; i < FLAGS_MAX; i++)
		atomic_store(&check->board->flags[i], 0);
}

/* An endpoint of ours may have a timer armed, whose signal ends a wait. */
static void peer_reap(const struct peer *peer)
{
	while (waitpid(peer->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Waits by waitid(), whatever signals a transport's timer sends. */
static void peer_await_state(const struct peer *peer, int options)
{
	siginfo_t info;
	int ret;

	do
		ret = waitid(P_PID, (id_t)peer->pid, &info, options);
	while (ret < 0 && errno == EINTR);
	CHECK_SETUP(ret == 0, "waitid: %s", strerror(errno));
}

void peer_stop(struct peer *peer)
{
	kill(peer->pid, SIGSTOP);
	peer_await_state(peer, WSTOPPED | WNOWAIT);
}

void peer_kill(struct peer *peer, bool is_reaped)
{
	atomic_store(&peer->report->is_absent, 1);
	kill(peer->pid, SIGKILL);
	/* Until it is a zombie: its descriptors are closed by then. */
	peer_await_state(peer, WEXITED | WNOWAIT);
	if (is_reaped)
		peer_reap(peer);
	peer->is_joined = is_reaped;
}

void peers_end(struct check *check)
{
	for (size_t i = 0; i < check->peer_count; i++) {
		struct peer *peer = &check->peers[i];

		if (peer->is_joined)
			continue;
		if (peer->pid > 0) {
			kill(peer->pid, SIGKILL);
			peer_reap(peer);
			peer->is_joined = true;
		} else if (peer_is_done(peer)) {
			pthread_join(peer->thread, NULL);
			peer->is_joined = true;
		}
	}
}

static void poll_pause(void)
{
	clock_sleep_until(from_now(POLL_NS));
}

/* Returns the state letter of a thread in /proc, or 0. */
static char thread_state(int pid, int tid)
{
	char path[64];
	char line[256];
	const char *after_name;
	ssize_t bytes;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	bytes = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (bytes <= 0)
		return 0;
	line[bytes] = '\0';
	after_name = strrchr(line, ')');
	return after_name && after_name[1] == ' ' ? after_name[2] : 0;
}

void peer_await_call(struct peer *peer)
{
	uint64_t deadline_ns = patience(peer->check);
	const struct report *report = peer->report;

	while (atomic_load(&report->call) == CALL_NONE) {
		if (peer_is_done(peer))
			return;
		CHECK_SETUP(clock_now_ns() < deadline_ns, "peer %u did not call", peer->index);
		poll_pause();
	}
	if (peer->check->wait == IPC_WAIT_SPIN) {
		/* It is not seen from outside; a few of its turns pass. */
		clock_sleep_until(from_now(NS_PER_MS));
		return;
	}
	deadline_ns = from_now(ASLEEP_WITHIN_NS);
	while (thread_state(atomic_load(&report->pid), atomic_load(&report->tid)) != 'S') {
		/* One that does not wait, or not asleep, is for other cases. */
		if (peer_is_done(peer) || atomic_load(&report->call) == CALL_NONE ||
		    clock_now_ns() >= deadline_ns)
			return;
		poll_pause();
	}
}

void flag_raise(struct check *check, unsigned flag)
{
	atomic_fetch_add(&check->board->flags[flag], 1);
	futex_wake(&check->board->flags[flag], INT_MAX);
}

uint32_t flag_read(const struct check *check, unsigned flag)
{
	return atomic_load(&check->board->flags[flag]);
}

void flag_await(struct check *check, unsigned flag, uint32_t count)
{
	uint64_t deadline_ns = patience(check);
	uint32_t seen;

	while ((seen = flag_read(check, flag)) < count) {
		CHECK_SETUP(clock_now_ns() < deadline_ns, "flag %u is %u, not %u", flag, seen,
		            count);
		futex_wait(&check->board->flags[flag], seen, from_now(100 * NS_PER_MS));
	}
}
