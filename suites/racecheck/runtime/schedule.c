/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/schedule.c - one context at a time, by a plan.
 *
 * One word in the session says whose turn it is, over all threads of all
 * processes. Whoever has it gives it on at the points where it enters the
 * runtime, as a seed says (PCT: random priorities and a few change points) or
 * as a list of preemptions says. Calls that would block are made as attempts;
 * between them a context is blocked, until some other does something.
 */
#include "suites/racecheck/runtime/runtime.h"

#include "suites/racecheck/runtime/weak.h"

#include <time.h>

enum {
	SPIN_MAX = 3,   /* unchanged loads before a spinning context steps back */
	RUN_MAX = 2000, /* steps until a context steps back, and some more by the seed */
	RUN_MORE = 97,
	GRACE_ROUNDS = 300, /* of 1 ms, for what comes from outside, before a deadlock */
};

static __thread uint32_t run_length;
static __thread uint32_t run_more;

static bool is_mine(void)
{
	return is_scheduled && self.context && self.context->schedule != SCHEDULE_NONE &&
	       self.context->schedule != SCHEDULE_DONE && self.busy == 0;
}

static uint64_t runnable_set(void)
{
	uint64_t set = 0;

	for (uint32_t slot = 0; slot < context_count(); slot++) {
		if (session->context[slot].schedule == SCHEDULE_RUNNABLE)
			set |= 1ull << slot;
	}
	return set;
}

static uint64_t next_random(void)
{
	struct schedule *schedule = &session->schedule;

	schedule->random += 0x9e3779b97f4a7c15ull;
	uint64_t x = schedule->random;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

static uint32_t highest(uint64_t set)
{
	uint32_t best = CONTEXT_MAX;

	for (; set != 0; set &= set - 1) {
		uint32_t slot = (uint32_t)__builtin_ctzll(set);

		if (best == CONTEXT_MAX ||
		    session->context[slot].priority > session->context[best].priority)
			best = slot;
	}
	return best;
}

/* Whom the plan lets run at this step, out of a set that is not empty. */
static uint32_t choose(uint64_t set, bool is_yield)
{
	struct schedule *schedule = &session->schedule;
	uint64_t mine = 1ull << self.slot;

	if (schedule->mode == SCHEDULE_PCT)
		return highest(set);
	for (uint32_t i = 0; i < schedule->listed_count; i++) {
		if (schedule->listed_step[i] == schedule->step &&
		    (set & 1ull << schedule->listed_context[i]))
			return schedule->listed_context[i];
	}
	if ((set & mine) && !is_yield)
		return self.slot;
	/* The next one round, so that a spinning context lets all others on. */
	for (uint32_t i = 1; i <= CONTEXT_MAX; i++) {
		uint32_t slot = (self.slot + i) % CONTEXT_MAX;

		if (set & 1ull << slot)
			return slot;
	}
	return self.slot;
}

static void note(uint64_t set, uint32_t chosen)
{
	struct schedule *schedule = &session->schedule;
	uint64_t step = schedule->step;

	if (step < SCHEDULE_LOG) {
		schedule->runnable[step] = set;
		schedule->chosen[step] = (uint8_t)chosen;
	}
	schedule->digest = (schedule->digest ^ chosen ^ set << 8) * 0x100000001b3ull;
	atomic_store(&schedule->beat, schedule->beat + 1);
}

static void give(uint32_t slot)
{
	atomic_store(&session->schedule.turn, slot + 1);
	lock_wake(&session->schedule.turn);
}

/* The turn of a dead context goes to the next that can run. */
static void steal(uint32_t turn)
{
	struct context *holder = &session->context[turn - 1];
	uint64_t set;

	/* Not before the kernel has given up what it held: others shall find the same each time. */
	if (!is_gone(holder->tid) || holder->tid == 0)
		return;
	if (session->schedule.turn != turn)
		return;
	holder->schedule = SCHEDULE_DONE;
	schedule_wake();
	set = runnable_set();
	if (set != 0 &&
	    atomic_compare_exchange_strong(&session->schedule.turn, &turn, highest(set) + 1))
		lock_wake(&session->schedule.turn);
}

void schedule_await(void)
{
	uint32_t mine = self.slot + 1;
	uint32_t turn;

	while ((turn = session->schedule.turn) != mine) {
		uint32_t none = 0;

		if (turn == 0) {
			if (atomic_compare_exchange_strong(&session->schedule.turn, &none, mine))
				return;
			continue;
		}
		lock_wait(&session->schedule.turn, turn, 20000000);
		if (session->schedule.turn == turn)
			steal(turn);
	}
}

static void draw_priority(struct context *context)
{
	context->priority = 1000 + (int64_t)(next_random() >> 33);
	context->spins = 0;
	context->wake = 0;
	context->schedule = SCHEDULE_RUNNABLE;
}

void schedule_created(uint32_t slot)
{
	if (is_scheduled && slot != CONTEXT_MAX && is_mine())
		draw_priority(&session->context[slot]);
}

void schedule_start(void)
{
	struct schedule *schedule = &session->schedule;
	uint32_t turn = schedule->turn;

	draw_priority(self.context);
	/* A program that was executed in place has the turn already. */
	if (turn != 0 && session->context[turn - 1].state == CONTEXT_JOINED &&
	    session->context[turn - 1].pid == self.context->pid)
		atomic_store(&schedule->turn, self.slot + 1);
	schedule_await();
}

static void demote(void)
{
	self.context->priority = --session->schedule.lowest;
	self.context->spins = 0;
	run_length = 0;
	/* A loop of as many steps as divide the limit would always stop at the same place. */
	run_more = (uint32_t)(next_random() % RUN_MORE);
}

static void step(bool is_yield)
{
	struct schedule *schedule = &session->schedule;
	uint64_t now = schedule->step + 1;
	uint64_t set;
	uint32_t chosen;

	schedule->step = now;
	schedule->idle_rounds = 0;
	for (uint32_t i = 0; i < schedule->change_count; i++) {
		if (schedule->mode == SCHEDULE_PCT && schedule->change[i] == now)
			self.context->priority = 100 - (int64_t)i;
	}
	if (++run_length > RUN_MAX + run_more) {
		demote();
		is_yield = true;
	}
	set = runnable_set();
	chosen = choose(set, is_yield);
	note(set, chosen);
	if (chosen == self.slot || chosen == CONTEXT_MAX)
		return;
	give(chosen);
	schedule_await();
}

void schedule_point(void)
{
	if (!is_mine())
		return;
	weak_tick();
	step(false);
}

void schedule_yield(void)
{
	if (!is_mine())
		return;
	weak_drain();
	demote();
	step(true);
}

void schedule_spin(void)
{
	if (!is_mine())
		return;
	if (self.context->spins > 0)
		weak_drain();
	if (++self.context->spins > SPIN_MAX) {
		demote();
		step(true);
	}
}

void schedule_wake(void)
{
	if (!is_scheduled)
		return;
	if (self.context)
		self.context->spins = 0;
	for (uint32_t slot = 0; slot < context_count(); slot++) {
		uint32_t blocked = SCHEDULE_BLOCKED;

		if (!session->context[slot].is_external)
			atomic_compare_exchange_strong(&session->context[slot].schedule, &blocked,
			                               SCHEDULE_RUNNABLE);
	}
}

static void deadlock(void)
{
	struct schedule *schedule = &session->schedule;

	for (uint32_t slot = 0; slot < context_count(); slot++) {
		if (session->context[slot].schedule == SCHEDULE_BLOCKED)
			schedule->deadlock_edge[slot] = session->context[slot].calling;
	}
	atomic_store(&schedule->is_deadlock, 1);
	/* The launcher ends the run; without one nobody would. */
	for (int i = 0; i < 500 || session->launcher_pid != 0; i++)
		lock_wait(&schedule->turn, schedule->turn, 10000000);
	sys_call1(SYS_exit_group, EXIT_NO_VERDICT);
}

/* Nobody can run. Returns true if the caller may look again, false: time passed for it. */
static bool resolve(void)
{
	uint32_t earliest = CONTEXT_MAX;

	for (uint32_t slot = 0; slot < context_count(); slot++) {
		struct context *context = &session->context[slot];

		if (context->schedule == SCHEDULE_BLOCKED && !context->is_external &&
		    context->deadline_ns != 0 &&
		    (earliest == CONTEXT_MAX ||
		     context->deadline_ns < session->context[earliest].deadline_ns))
			earliest = slot;
	}
	if (earliest != CONTEXT_MAX) {
		/* Time is virtual: it passes when nothing else can happen. */
		session->context[earliest].wake = 1;
		session->context[earliest].schedule = SCHEDULE_RUNNABLE;
		return true;
	}
	return false;
}

/* Waits for something from outside: signals, programs that are not checked. */
static bool wait_outside(void)
{
	struct schedule *schedule = &session->schedule;
	struct timespec pause = {.tv_nsec = 1000000};
	bool has_external = false;

	for (uint32_t slot = 0; slot < context_count(); slot++)
		has_external |= session->context[slot].schedule == SCHEDULE_BLOCKED &&
		                session->context[slot].is_external;
	sys_call2(SYS_nanosleep, &pause, 0);
	schedule->idle_rounds += has_external ? 0 : 1;
	return schedule->idle_rounds < GRACE_ROUNDS;
}

bool schedule_block(enum edge edge, uint64_t deadline_ns)
{
	struct context *context = self.context;
	bool is_idle = false;
	uint32_t chosen;
	uint64_t set;

	if (!is_mine())
		return true;
	weak_drain();
	context->calling = (uint16_t)edge;
	context->deadline_ns = deadline_ns;
	context->wake = 0;
	context->schedule = SCHEDULE_BLOCKED;
	while ((set = runnable_set()) == 0) {
		if (resolve())
			continue;
		if (!wait_outside())
			deadlock();
		/* Look again oneself, then let the others look. */
		schedule_wake();
		context->schedule = SCHEDULE_RUNNABLE;
		is_idle = true;
		break;
	}
	set = runnable_set();
	if (set == 0)
		set = 1ull << self.slot;
	chosen = is_idle ? self.slot : choose(set, true);
	context->schedule = chosen == self.slot ? SCHEDULE_RUNNABLE : context->schedule;
	if (chosen != self.slot) {
		session->schedule.step++;
		note(set, chosen);
		give(chosen);
		schedule_await();
		context->schedule = SCHEDULE_RUNNABLE;
	}
	context->deadline_ns = 0;
	return !context->wake;
}

void schedule_outside(enum edge edge)
{
	uint64_t set;

	if (!is_mine())
		return;
	weak_drain();
	self.context->calling = (uint16_t)edge;
	atomic_store(&self.context->is_external, 1);
	self.context->schedule = SCHEDULE_BLOCKED;
	set = runnable_set();
	if (set != 0) {
		give(choose(set, true));
	} else {
		atomic_store(&session->schedule.turn, 0);
		lock_wake(&session->schedule.turn);
	}
}

void schedule_inside(void)
{
	if (!is_mine())
		return;
	self.context->schedule = SCHEDULE_RUNNABLE;
	atomic_store(&self.context->is_external, 0);
	schedule_await();
	schedule_wake();
}

void schedule_end(void)
{
	uint64_t set;

	if (!is_scheduled || !self.context || self.context->schedule == SCHEDULE_NONE ||
	    self.context->schedule == SCHEDULE_DONE)
		return;
	weak_drain();
	self.context->schedule = SCHEDULE_DONE;
	schedule_wake();
	if (session->schedule.turn != self.slot + 1)
		return;
	set = runnable_set();
	if (set != 0) {
		give(choose(set, true));
	} else {
		atomic_store(&session->schedule.turn, 0);
		lock_wake(&session->schedule.turn);
	}
}
