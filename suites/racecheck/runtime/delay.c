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

enum { LONGEST_US = 200 };

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

void delay_begin(bool is_new)
{
	self.delay_count = 0;
	plan();
	/* Whoever begins waits for those that begin after it, half of the time. */
	if (is_new && self.delay_left != 0 && draw() % 2 == 0)
		pause_us(LONGEST_US + draw() % (3 * LONGEST_US));
}
