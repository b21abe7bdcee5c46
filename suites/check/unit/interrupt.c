/* SPDX-License-Identifier: MIT */
/* suites/check/unit/interrupt.c - tests of ipc/interrupt.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "ipc/interrupt.h"

#define SOON_NS (10 * NS_PER_MS)

/* Reads a pipe that stays empty: only a signal ends it. Returns -errno. */
static int read_nothing(void)
{
	int fds[2];
	char byte;
	ssize_t ret;

	if (pipe(fds) < 0)
		return -errno;
	ret = read(fds[0], &byte, 1);
	ret = ret < 0 ? -errno : ret;
	close(fds[0]);
	close(fds[1]);
	return (int)ret;
}

/*
 * Waits, outside of any call that could be ended, until the handler has run again.
 * The thread sanitizer runs handlers at calls that it knows, and never in a bare loop.
 */
static void wait_until_fired_after(sig_atomic_t fired)
{
	while (interrupt_fired == fired)
		(void)poll(NULL, 0, 0);
}

static void a_call_ends_at_its_deadline_and_not_before(void **state)
{
	struct interrupt interrupt = {0};
	uint64_t deadline_ns = clock_now_ns() + SOON_NS;

	(void)state;
	assert_int_equal(interrupt_enter(&interrupt, deadline_ns), 0);
	assert_int_equal(read_nothing(), -EINTR);
	assert_true(clock_now_ns() >= deadline_ns);
	assert_int_equal(interrupt_again(&interrupt, deadline_ns), -ETIMEDOUT);
	interrupt_leave(&interrupt);
	interrupt_release(&interrupt);
}

static void a_signal_that_came_before_the_call_is_repeated(void **state)
{
	struct interrupt interrupt = {0};
	uint64_t deadline_ns = clock_now_ns();
	sig_atomic_t fired = interrupt_fired;

	(void)state;
	assert_int_equal(interrupt_enter(&interrupt, deadline_ns), 0);
	/* The alarm is spent; the call starts after it. */
	wait_until_fired_after(fired);
	assert_int_equal(read_nothing(), -EINTR);
	interrupt_leave(&interrupt);
	interrupt_release(&interrupt);
}

static void an_earlier_alarm_does_not_end_a_later_wait(void **state)
{
	struct interrupt interrupt = {0};
	uint64_t late_ns = clock_now_ns() + 3 * SOON_NS;
	int ret;

	(void)state;
	assert_int_equal(interrupt_enter(&interrupt, clock_now_ns() + SOON_NS), 0);
	interrupt_leave(&interrupt);
	ret = interrupt_enter(&interrupt, late_ns);
	while (ret == 0) {
		assert_int_equal(read_nothing(), -EINTR);
		ret = interrupt_again(&interrupt, late_ns);
	}
	assert_int_equal(ret, -ETIMEDOUT);
	assert_true(clock_now_ns() >= late_ns);
	interrupt_leave(&interrupt);
	interrupt_release(&interrupt);
}

static void a_spent_alarm_is_armed_again_for_the_next_wait(void **state)
{
	struct interrupt interrupt = {0};
	sig_atomic_t fired = interrupt_fired;
	uint64_t far_ns = clock_now_ns() + SOON_NS;

	(void)state;
	assert_int_equal(interrupt_enter(&interrupt, far_ns), 0);
	interrupt_leave(&interrupt);
	/* It comes outside of any wait. */
	wait_until_fired_after(fired);
	assert_int_equal(interrupt_enter(&interrupt, far_ns + 1), 0);
	assert_int_equal(read_nothing(), -EINTR);
	interrupt_leave(&interrupt);
	interrupt_release(&interrupt);
}

static void nothing_fires_after_a_wait_that_timed_out(void **state)
{
	struct interrupt interrupt = {0};
	uint64_t deadline_ns = clock_now_ns();
	struct timespec quiet = clock_timespec(4 * INTERRUPT_REPEAT_NS);
	struct pollfd none = {.fd = -1};

	(void)state;
	assert_int_equal(interrupt_enter(&interrupt, deadline_ns), 0);
	assert_int_equal(read_nothing(), -EINTR);
	interrupt_leave(&interrupt);
	assert_int_equal(ppoll(&none, 1, &quiet, NULL), 0);
	interrupt_release(&interrupt);
}

/* Waits with an alarm of its own. Runs in a thread: no asserts. */
static void *read_nothing_until_soon(void *result)
{
	struct interrupt interrupt = {0};
	int *ret = result;

	*ret = interrupt_enter(&interrupt, clock_now_ns() + SOON_NS);
	if (*ret == 0)
		*ret = read_nothing();
	interrupt_leave(&interrupt);
	interrupt_release(&interrupt);
	return NULL;
}

static void each_thread_is_interrupted_by_its_own_timer(void **state)
{
	pthread_t threads[4];
	int results[4] = {0};

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, read_nothing_until_soon, &results[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(results[i], -EINTR);
	}
}

const struct CMUnitTest unit_interrupt_tests[] = {
	cmocka_unit_test(a_call_ends_at_its_deadline_and_not_before),
	cmocka_unit_test(a_signal_that_came_before_the_call_is_repeated),
	cmocka_unit_test(an_earlier_alarm_does_not_end_a_later_wait),
	cmocka_unit_test(a_spent_alarm_is_armed_again_for_the_next_wait),
	cmocka_unit_test(nothing_fires_after_a_wait_that_timed_out),
	cmocka_unit_test(each_thread_is_interrupted_by_its_own_timer),
};
const size_t unit_interrupt_tests_count =
	sizeof(unit_interrupt_tests) / sizeof(unit_interrupt_tests[0]);
