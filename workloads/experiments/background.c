/* SPDX-License-Identifier: MIT */
/*
 * workloads/experiments/background.c - ten terms in the background, while the caller goes on.
 *
 * The classic example of a thread: the caller starts a peer that computes a short
 * sequence, does its own work meanwhile, and joins. Measured is how long the start
 * holds the caller up, and which share of its usual work it does until a peer that
 * waits, or that computes, is done. Under one lock a peer that computes takes half.
 */
#include "workloads/experiments/experiment.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "workloads/gil.h"
#include "workloads/tasks/fibonacci.h"

#define TERMS 10u
#define REPEATS_MAX 101u
#define SHARES_MAX 7u
/* How long a peer waits or computes before its ten terms. */
#define BUSY_NS (30 * NS_PER_MS)

enum kind { KIND_THREAD, KIND_PROCESS, KIND_GIL, KINDS };
enum burden { BURDEN_NONE, BURDEN_WAITS, BURDEN_COMPUTES };

static const char *const kind_names[KINDS] = {"thread", "process", "gil"};

/* In memory that caller and peer share. */
struct background {
	enum kind kind;
	enum burden burden;
	uint64_t deadline_ns;
	struct gil lock;
	_Atomic uint32_t is_done;
	uint64_t terms[TERMS];
};

static void compute_until(struct background *self, uint64_t until_ns)
{
	while (clock_now_ns() < until_ns) {
		if (self->kind == KIND_GIL)
			gil_checkpoint(&self->lock, self->terms, self->deadline_ns);
	}
}

static void *work(void *context)
{
	struct background *self = context;
	uint64_t until_ns = clock_now_ns() + BUSY_NS;

	if (self->burden == BURDEN_WAITS)
		clock_sleep_until(until_ns);
	if (self->kind == KIND_GIL)
		gil_take(&self->lock, self->terms, self->deadline_ns);
	if (self->burden == BURDEN_COMPUTES)
		compute_until(self, until_ns);
	fibonacci_words(self->terms, TERMS);
	if (self->kind == KIND_GIL)
		gil_release(&self->lock, self->terms);
	/* Release: the terms are written. */
	atomic_store_explicit(&self->is_done, 1, memory_order_release);
	return NULL;
}

struct peer_handle {
	pthread_t thread;
	pid_t pid;
};

static int start(struct background *self, struct peer_handle *peer)
{
	if (self->kind != KIND_PROCESS)
		return -pthread_create(&peer->thread, NULL, work, self);
	peer->pid = fork();
	if (peer->pid < 0)
		return -errno;
	if (peer->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work(self);
		_exit(0);
	}
	return 0;
}

static int join(struct background *self, struct peer_handle *peer)
{
	if (self->kind != KIND_PROCESS)
		return -pthread_join(peer->thread, NULL);
	while (waitpid(peer->pid, NULL, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* The caller's own work: steps that each take the same while. Returns how many. */
static uint64_t go_on(struct background *self, const void *token, uint64_t until_ns)
{
	uint64_t steps = 0;
	uint64_t value = 1;

	while (!atomic_load_explicit(&self->is_done, memory_order_acquire) &&
	       (steps % 64 != 0 || clock_now_ns() < until_ns)) {
		for (unsigned i = 0; i < 100; i++) {
			value = value * UINT64_C(6364136223846793005) + i;
			__asm__ __volatile__("" : "+r"(value));
		}
		if (self->kind == KIND_GIL)
			gil_checkpoint(&self->lock, token, self->deadline_ns);
		steps++;
	}
	return steps;
}

static const uint64_t known[TERMS] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34};

struct times {
	uint64_t held_ns;  /* the start call */
	uint64_t whole_ns; /* until joined */
	uint64_t steps;
};

/* Plays one background peer. Returns 0 or -errno: -EBADMSG (wrong terms). */
static int play(struct background *self, struct times *out)
{
	struct peer_handle peer;
	int token;
	uint64_t start_ns;
	int ret;

	atomic_store(&self->is_done, 0);
	memset(self->terms, 0xff, sizeof(self->terms));
	memset(&self->lock, 0, sizeof(self->lock));
	if (self->kind == KIND_GIL)
		gil_take(&self->lock, &token, self->deadline_ns);
	start_ns = clock_now_ns();
	ret = start(self, &peer);
	out->held_ns = clock_now_ns() - start_ns;
	if (ret < 0)
		return ret;
	out->steps = go_on(self, &token, self->deadline_ns);
	if (self->kind == KIND_GIL)
		gil_release(&self->lock, &token);
	ret = join(self, &peer);
	out->whole_ns = clock_now_ns() - start_ns;
	if (ret == 0 && memcmp(self->terms, known, sizeof(known)) != 0)
		ret = -EBADMSG;
	return ret;
}

static int play_short(struct experiment_run *self, struct background *shared)
{
	uint64_t held_ns[REPEATS_MAX];
	uint64_t whole_ns[REPEATS_MAX];
	unsigned repeats = self->is_quick ? 11 : REPEATS_MAX;
	int ret = 0;

	shared->burden = BURDEN_NONE;
	for (unsigned i = 0; i < repeats && ret == 0; i++) {
		struct times times;

		ret = play(shared, &times);
		held_ns[i] = times.held_ns;
		whole_ns[i] = times.whole_ns;
	}
	if (ret < 0)
		return ret;
	experiment_add(self, (double)experiment_median(held_ns, repeats) / 1e3,
	               "%s_start_held_caller_us", kind_names[shared->kind]);
	experiment_add(self, (double)experiment_median(whole_ns, repeats) / 1e3,
	               "%s_ten_terms_joined_us", kind_names[shared->kind]);
	return 0;
}

static int compare_shares(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

/* Which share of the steps that the caller does alone it does beside a peer: the median. */
static int play_long(struct experiment_run *self, struct background *shared, enum burden burden)
{
	double shares[SHARES_MAX];
	unsigned repeats = self->is_quick ? 1 : SHARES_MAX;
	int ret = 0;

	shared->burden = burden;
	for (unsigned i = 0; i < repeats && ret == 0; i++) {
		enum kind kind = shared->kind;
		uint64_t start_ns = clock_now_ns();
		struct times times;
		double alone;

		shared->kind = KIND_THREAD; /* the caller has no lock to look at */
		atomic_store(&shared->is_done, 0);
		alone = (double)go_on(shared, shared, start_ns + BUSY_NS);
		alone /= (double)(clock_now_ns() - start_ns);
		shared->kind = kind;
		ret = play(shared, &times);
		shares[i] = (double)times.steps / (double)times.whole_ns / alone * 100.0;
	}
	if (ret < 0)
		return ret;
	qsort(shares, repeats, sizeof(*shares), compare_shares);
	experiment_add(self, shares[repeats / 2], "caller_share_beside_%s_that_%s_percent",
	               kind_names[shared->kind], burden == BURDEN_WAITS ? "waits" : "computes");
	return 0;
}

static int background_run(struct experiment_run *self)
{
	struct background *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ret = 0;

	if (shared == MAP_FAILED)
		return experiment_fail(self, -ENOMEM, "no memory");
	*shared = (struct background){.deadline_ns = self->deadline_ns};
	for (enum kind kind = 0; kind < KINDS && ret == 0; kind++) {
		shared->kind = kind;
		ret = play_short(self, shared);
		if (ret == 0)
			ret = play_long(self, shared, BURDEN_WAITS);
		if (ret == 0)
			ret = play_long(self, shared, BURDEN_COMPUTES);
	}
	munmap(shared, sizeof(*shared));
	if (ret < 0)
		return experiment_fail(self, ret, "ten terms in the background: %s",
		                       ret == -EBADMSG ? "they are wrong" : strerror(-ret));
	return 0;
}

const struct experiment experiment_background = {
	.name = "background",
	.summary = "ten terms in the background, while the caller goes on and then joins",
	.run = background_run,
};
