/* SPDX-License-Identifier: MIT */
/* suites/check/unit/gil.c - tests of workloads/gil.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>

#include "ipc/clock.h"
#include "workloads/gil.h"

#define LIMIT_NS (20 * NS_PER_S)

struct other {
	struct gil *gil;
	uint64_t rounds;
	uint64_t deadline_ns;
	uint64_t *shared; /* plain: the lock is all that orders it */
	_Atomic bool has_run;
};

static void *add_under_the_lock(void *context)
{
	struct other *self = context;

	for (uint64_t i = 0; i < self->rounds; i++) {
		gil_take(self->gil, self, self->deadline_ns);
		++*self->shared;
		gil_checkpoint(self->gil, self, self->deadline_ns);
		++*self->shared;
		gil_release(self->gil, self);
	}
	return NULL;
}

static void one_thread_at_a_time_holds_it(void **state)
{
	struct gil gil = {0};
	uint64_t shared = 0;
	struct other others[3];
	pthread_t threads[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		others[i] = (struct other){
			.gil = &gil,
			.rounds = 20000,
			.deadline_ns = clock_now_ns() + LIMIT_NS,
			.shared = &shared,
		};
		assert_int_equal(pthread_create(&threads[i], NULL, add_under_the_lock, &others[i]),
		                 0);
	}
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(shared, 3 * 2 * 20000);
}

static void *take_once(void *context)
{
	struct other *self = context;

	gil_take(self->gil, self, self->deadline_ns);
	atomic_store_explicit(&self->has_run, true, memory_order_release);
	gil_release(self->gil, self);
	return NULL;
}

static void a_holder_that_computes_hands_it_over_at_a_checkpoint(void **state)
{
	const uint64_t start_ns = clock_now_ns();
	struct gil gil = {0};
	struct other other = {.gil = &gil, .deadline_ns = start_ns + LIMIT_NS};
	pthread_t thread;
	const int self = 0;

	(void)state;
	gil_take(&gil, &self, start_ns + LIMIT_NS);
	assert_int_equal(pthread_create(&thread, NULL, take_once, &other), 0);
	while (!atomic_load_explicit(&other.has_run, memory_order_acquire) &&
	       clock_now_ns() < start_ns + LIMIT_NS)
		gil_checkpoint(&gil, &self, start_ns + LIMIT_NS);
	gil_release(&gil, &self);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(other.has_run);
	assert_int_equal(gil.switches, 3); /* to us, to the other, back to us */
	/* A waiter asks after an interval, not before. */
	assert_true(clock_now_ns() - start_ns >= GIL_INTERVAL_NS);
}

static void past_the_deadline_nobody_waits(void **state)
{
	struct gil gil = {0};
	const int first = 1;
	const int second = 2;

	(void)state;
	gil_take(&gil, &first, 0);
	gil_take(&gil, &second, 0); /* returns without it */
	gil_release(&gil, &second);
	assert_ptr_equal(gil.holder, &first);
	gil_release(&gil, &first);
	assert_null(gil.holder);
}

const struct CMUnitTest unit_gil_tests[] = {
	cmocka_unit_test(one_thread_at_a_time_holds_it),
	cmocka_unit_test(a_holder_that_computes_hands_it_over_at_a_checkpoint),
	cmocka_unit_test(past_the_deadline_nobody_waits),
};
const size_t unit_gil_tests_count = sizeof(unit_gil_tests) / sizeof(unit_gil_tests[0]);
