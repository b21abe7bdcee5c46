/* SPDX-License-Identifier: MIT */
/*
 * ipc/waiting.h - one loop that gives a state in memory the contract's waits.
 *
 * A transport whose peers meet in user space writes an attempt, which looks at
 * memory, and a sleep, which lets the kernel wait for a change. The loop around
 * them adds deadlines, spin, block and hybrid, and looks at the lifeline after
 * each slice, so that these mean the same for each of them. Sleeping in slices
 * also bounds what a wake-up costs that a hostile peer holds back.
 */
#ifndef IPC_WAITING_H
#define IPC_WAITING_H

#include <errno.h>

#include "ipc/cpu.h"
#include "ipc/lifeline.h"
#include "ipc/transport.h"

#define WAITING_SLICE_NS (100 * NS_PER_MS)
/* How often calls that never wait look at the lifeline, which costs a system call. */
#define WAITING_LOOK_NS (10 * NS_PER_MS)
/* Sends that find room, between two readings of the clock, at most ... */
#define WAITING_GLANCE_EVERY_MAX 64u
/* ... and one where they are further apart than this. */
#define WAITING_SLOW_NS (1 * NS_PER_MS)
/* Turns before the clock is first read: reading it would hide a message that comes now. */
#define WAITING_TURNS_FIRST 256u

/* How an endpoint waits. */
struct waiting {
	enum ipc_wait wait;
	uint64_t spin_ns;
	const struct lifeline *lifeline; /* null: nobody is told of a death */
	enum ipc_role role;              /* the endpoint's own */
	uint64_t looked_ns;              /* by calls that did not wait */
	uint32_t glance_every;           /* sends from one reading of the clock to the next */
	uint32_t glances_left;           /* of these */
	uint64_t glanced_ns;             /* when it was read */
};

/* Looks once. Returns 0, -EAGAIN (not yet), or another -errno, which ends the wait. */
typedef int waiting_attempt(void *self);

/* Waits for a change until until_ns at most; may return early for no reason. */
typedef void waiting_sleep(void *self, uint64_t until_ns);

/* Attempts once more if the other role has gone: what it left is delivered first. */
static inline int waiting_look(const struct waiting *waiting, waiting_attempt *attempt, void *self)
{
	int ret;

	if (!waiting->lifeline || !lifeline_is_cut(waiting->lifeline, waiting->role))
		return -EAGAIN;
	ret = attempt(self);
	return ret == -EAGAIN ? -EPIPE : ret;
}

/* Spins until until_ns. Returns what attempt returned, at last -EAGAIN. */
static inline int waiting_spin(waiting_attempt *attempt, void *self, uint64_t until_ns)
{
	struct spin spin = {0};
	int ret;

	do
		ret = attempt(self);
	while (ret == -EAGAIN && spin_turn(&spin, until_ns));
	return ret;
}

/* A call that never waits has found nothing. Returns -EAGAIN, or what a look brings. */
static inline int waiting_refuse(struct waiting *waiting, waiting_attempt *attempt, void *self)
{
	uint64_t now_ns = clock_now_ns();

	if (now_ns - waiting->looked_ns < WAITING_LOOK_NS)
		return -EAGAIN;
	waiting->looked_ns = now_ns;
	return waiting_look(waiting, attempt, self);
}

/* Reads the clock, and if it is time looks at the lifeline. Returns 0 or -EPIPE. */
static inline int waiting_glance_late(struct waiting *waiting)
{
	uint64_t now_ns = clock_tick_ns();
	bool is_slow = now_ns - waiting->glanced_ns > waiting->glance_every * WAITING_SLOW_NS;

	waiting->glanced_ns = now_ns;
	/* Doubled, so that a producer of bursts is told after about two of them. */
	waiting->glance_every *= 2;
	if (waiting->glance_every > WAITING_GLANCE_EVERY_MAX)
		waiting->glance_every = WAITING_GLANCE_EVERY_MAX;
	if (is_slow || waiting->glance_every == 0)
		waiting->glance_every = 1;
	waiting->glances_left = waiting->glance_every;
	if (!waiting->lifeline || now_ns - waiting->looked_ns < WAITING_LOOK_NS)
		return 0;
	waiting->looked_ns = now_ns;
	return lifeline_is_cut(waiting->lifeline, waiting->role) ? -EPIPE : 0;
}

/*
 * For a producer that has found room: it never waits while there is some, and would
 * fill the channel before it learned that nobody is left to empty it. A fast one has
 * soon filled it; one that is slow can afford the clock at each message.
 *
 * *sends is how many there is room for, and becomes how many of them may follow
 * without asking again, at least 1. Returns 0 or -EPIPE.
 */
static inline int waiting_glance(struct waiting *waiting, uint64_t *sends)
{
	if (waiting->glances_left == 0) {
		int ret = waiting_glance_late(waiting);

		if (ret < 0) {
			waiting->glances_left = 0;
			waiting->looked_ns = 0;
			return ret;
		}
	}
	if (*sends > waiting->glances_left)
		*sends = waiting->glances_left;
	waiting->glances_left -= (uint32_t)*sends;
	return 0;
}

static inline int waiting_slow(struct waiting *waiting, waiting_attempt *attempt,
                               waiting_sleep *sleep, void *self, uint64_t deadline_ns)
{
	bool spins = waiting->wait == IPC_WAIT_SPIN;
	uint64_t now_ns;
	uint64_t spin_until_ns;
	int ret;

	if (deadline_ns == 0)
		return waiting_refuse(waiting, attempt, self);
	if (spins || (waiting->wait == IPC_WAIT_HYBRID && waiting->spin_ns > 0)) {
		for (unsigned turns = 0; turns < WAITING_TURNS_FIRST; turns++) {
			cpu_relax();
			ret = attempt(self);
			if (ret != -EAGAIN)
				return ret;
		}
	}
	now_ns = clock_now_ns();
	spin_until_ns = waiting->wait == IPC_WAIT_HYBRID ? now_ns + waiting->spin_ns : 0;
	for (;;) {
		uint64_t until_ns = now_ns + WAITING_SLICE_NS;

		if (until_ns > deadline_ns)
			until_ns = deadline_ns;
		if (spins || now_ns < spin_until_ns) {
			if (!spins && until_ns > spin_until_ns)
				until_ns = spin_until_ns;
			ret = waiting_spin(attempt, self, until_ns);
		} else {
			sleep(self, until_ns);
			ret = attempt(self);
		}
		if (ret != -EAGAIN)
			return ret;
		now_ns = clock_now_ns();
		if (now_ns < until_ns)
			continue; /* woken, but another was faster */
		ret = waiting_look(waiting, attempt, self);
		if (ret != -EAGAIN)
			return ret;
		if (now_ns >= deadline_ns)
			return -ETIMEDOUT;
	}
}

/*
 * Attempts until it succeeds, fails, or deadline_ns has passed: an absolute
 * time, or 0 for one try that never waits.
 *
 * Returns what attempt returned, or -EAGAIN (deadline 0), -ETIMEDOUT, -EPIPE
 * (the other role has gone, and left nothing).
 */
static inline int waiting_call(struct waiting *waiting, waiting_attempt *attempt,
                               waiting_sleep *sleep, void *self, uint64_t deadline_ns)
{
	int ret = attempt(self);

	return ret == -EAGAIN ? waiting_slow(waiting, attempt, sleep, self, deadline_ns) : ret;
}

#endif
