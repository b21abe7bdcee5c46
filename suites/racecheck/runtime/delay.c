/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/delay.c - other orders than the usual one.
 *
 * A run shows races of the order it had. Short programs have nearly always the
 * same: one thread is done before the next has started. A few random delays, at
 * the first synchronisations of each context and seldom later, make other
 * orders likely. Their number is limited, and so is what they cost.
 */
#include "suites/racecheck/runtime/runtime.h"

#include <time.h>

enum { LONGEST_US = 200, STARTS_MAX = 12, STEP_US = 300 };

static uint32_t draw(void)
{
	struct thread *t = &self;

	if (t->delay_count == 0)
		t->random ^= (uint32_t)now_ns(CLOCK_MONOTONIC);
	t->random = t->random * 1664525u + 1013904223u;
	return t->random >> 8;
}

static void pause_us(uint32_t us)
{
	struct timespec pause = {.tv_nsec = (long)us * 1000};

	sys_call2(SYS_nanosleep, &pause, 0);
}

/* Draws how many synchronisations go by without a delay. */
static void plan(void)
{
	struct thread *t = &self;

	t->delay_count++;
	if (is_scheduled || is_watching || session->has_no_delays || t->delay_count > DELAY_MAX)
		t->delay_left = 0;
	else if (t->delay_count < DELAY_FIRST / 4)
		t->delay_left = 1 + draw() % (1 + t->delay_count);
	else
		t->delay_left = 1 + draw() % (t->delay_count * t->delay_count);
}

void delay_slow(void)
{
	pause_us(draw() % LONGEST_US);
	plan();
}

/*
 * Whoever begins early waits longest, so that the first is the last: in one run
 * of two. In one of four each waits at random, and in one of four nobody does.
 */
static uint32_t start_us(void)
{
	uint32_t order = session->delay_order;
	uint32_t index = self.context->occupant;

	if (index >= STARTS_MAX || order % 4 == 0)
		return 0;
	return order % 2 == 0 ? draw() % (STARTS_MAX * STEP_US) : (STARTS_MAX - index) * STEP_US;
}

void delay_begin(bool is_new)
{
	self.delay_count = 0;
	plan();
	if (is_new && self.delay_left != 0)
		pause_us(start_us());
}
