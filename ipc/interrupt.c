/* SPDX-License-Identifier: MIT */
/* ipc/interrupt.c - ends a blocking system call that has no timeout. */
#include "ipc/interrupt.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

_Thread_local volatile sig_atomic_t interrupt_waits;
_Thread_local volatile sig_atomic_t interrupt_fired;

/* This thread's interrupts; the handler walks it, so each change is one store. */
static _Thread_local struct interrupt *volatile interrupt_first;

static int interrupt_signal(void)
{
	return SIGRTMAX - 1;
}

static void interrupt_handle(int signal_number)
{
	const struct itimerspec never = {0};
	int error = errno;

	(void)signal_number;
	interrupt_fired = (sig_atomic_t)((unsigned)interrupt_fired + 1);
	if (!interrupt_waits) {
		/* interrupt_enter() sees that it has run, and arms again. */
		for (const struct interrupt *i = interrupt_first; i; i = i->next)
			(void)timer_settime(i->timer, 0, &never, NULL);
	}
	errno = error;
}

static int interrupt_create(struct interrupt *interrupt)
{
	struct sigevent event = {0};
	struct sigaction action = {0};
	sigset_t set;

	/* No SA_RESTART: that the call returns is the point. Doing it twice is harmless. */
	action.sa_handler = interrupt_handle;
	sigemptyset(&action.sa_mask);
	if (sigaction(interrupt_signal(), &action, NULL) < 0)
		return -errno;
	sigemptyset(&set);
	sigaddset(&set, interrupt_signal());
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);

	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = interrupt_signal();
	event.sigev_notify_thread_id = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &interrupt->timer) < 0)
		return -errno;
	interrupt->is_created = true;
	interrupt->next = interrupt_first;
	interrupt_first = interrupt;
	return 0;
}

int interrupt_set(struct interrupt *interrupt, uint64_t deadline_ns)
{
	struct itimerspec when = {
		.it_interval = clock_timespec(INTERRUPT_REPEAT_NS),
		.it_value = clock_timespec(deadline_ns),
	};

	if (!interrupt->is_created) {
		int ret = interrupt_create(interrupt);

		if (ret < 0)
			return ret;
	}
	/* Before it is armed: what fires now counts. */
	interrupt->fired_seen = interrupt_fired;
	if (timer_settime(interrupt->timer, TIMER_ABSTIME, &when, NULL) < 0)
		return -errno;
	interrupt->armed_ns = deadline_ns;
	return 0;
}

int interrupt_again(struct interrupt *interrupt, uint64_t deadline_ns)
{
	if (clock_now_ns() >= deadline_ns)
		return -ETIMEDOUT;
	return interrupt_set(interrupt, deadline_ns);
}

void interrupt_release(struct interrupt *interrupt)
{
	struct interrupt *before = interrupt_first;

	if (!interrupt->is_created)
		return;
	if (before == interrupt) {
		interrupt_first = interrupt->next;
	} else {
		while (before && before->next != interrupt)
			before = before->next;
		if (before)
			before->next = interrupt->next;
	}
	timer_delete(interrupt->timer);
	*interrupt = (struct interrupt){0};
}
