/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_signal.c - signals, sent and taken.
 *
 * Handlers run behind one of the runtime's own, which takes the sender's clock.
 * A signal that arrives while the runtime holds a lock waits until it is done.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <mqueue.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "suites/racecheck/runtime/fd.h"
#include "suites/racecheck/runtime/process.h"

enum { SIGNAL_MAX = 65, PENDING_MAX = 32 };

struct pending_signal {
	int number;
	siginfo_t info;
};

static struct sigaction actions[SIGNAL_MAX];
static __thread struct pending_signal pending[PENDING_MAX];
static __thread uint32_t handler_count;

static struct channel_key signal_key(uint32_t pid, int number)
{
	return (struct channel_key){CHANNEL_SIGNAL, pid, (uint64_t)number};
}

/* A message has come; which queue it lies in is not told. */
static void message_told(void)
{
	channel_acquire((struct channel_key){CHANNEL_NOTIFY, 0, 0}, EDGE_mq_notify);
}

void signal_taken(int number, int code, uint32_t child, enum edge edge)
{
	int of_death = 0;

	if (edge_is_off(edge))
		return;
	channel_acquire(signal_key(self.context->pid, number), edge);
	if (code == SI_MESGQ)
		message_told();
	/* The one that tells of the parent's death. */
	sys_call2(SYS_prctl, PR_GET_PDEATHSIG, &of_death);
	if (of_death == number)
		context_join_gone(true);
	if (child != 0 && is_gone(child))
		context_join_process(child);
}

static uint32_t dead_child(const siginfo_t *info)
{
	if (info->si_signo != SIGCHLD ||
	    (info->si_code != CLD_EXITED && info->si_code != CLD_KILLED &&
	     info->si_code != CLD_DUMPED))
		return 0;
	return (uint32_t)info->si_pid;
}

static void run_handler(int number, siginfo_t *info, void *machine)
{
	struct thread *t = &self;
	struct sigaction action = actions[number];
	uint32_t depth = t->depth;
	uint64_t place = t->edge_place;
	int error = errno;

	if (!(action.sa_flags & SA_RESTART))
		t->is_interrupted = true;
	handler_count++;
	if (runtime_enter()) {
		if (is_scheduled && t->context->schedule == SCHEDULE_BLOCKED) {
			t->context->schedule = SCHEDULE_RUNNABLE;
			schedule_await();
		}
		t->edge_place = 0;
		signal_taken(number, info->si_code, dead_child(info), EDGE_handler);
	}
	errno = error;
	if (action.sa_flags & SA_SIGINFO)
		action.sa_sigaction(number, info, machine);
	else
		action.sa_handler(number);
	t->depth = depth;
	t->edge_place = place;
}

/* Caused by the instruction itself: it can't wait. */
static bool is_synchronous(int number, const siginfo_t *info)
{
	return info->si_code > 0 && (number == SIGSEGV || number == SIGBUS || number == SIGFPE ||
	                             number == SIGILL || number == SIGTRAP || number == SIGSYS);
}

static void handler(int number, siginfo_t *info, void *machine)
{
	struct thread *t = &self;

	if (t->busy != 0 && !is_synchronous(number, info) && t->pending_count < PENDING_MAX) {
		pending[t->pending_count].number = number;
		pending[t->pending_count].info = *info;
		t->pending_count++;
		return;
	}
	run_handler(number, info, machine);
}

void signal_run_pending(void)
{
	struct thread *t = &self;

	while (t->pending_count > 0) {
		struct pending_signal next = pending[0];
		ucontext_t machine;

		t->pending_count--;
		memmove(pending, pending + 1, t->pending_count * sizeof(pending[0]));
		getcontext(&machine);
		run_handler(next.number, &next.info, &machine);
	}
}

INTERPOSE int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	struct sigaction ours;
	struct sigaction before;
	struct sigaction users = {0};
	int ret;

	if (number <= 0 || number >= SIGNAL_MAX || !session)
		return REAL(sigaction)(number, action, old);
	users = actions[number];
	if (action) {
		ours = *action;
		if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN) {
			ours.sa_sigaction = handler;
			ours.sa_flags |= SA_SIGINFO;
			actions[number] = *action;
		}
	}
	ret = REAL(sigaction)(number, action ? &ours : NULL, &before);
	if (ret != 0) {
		actions[number] = users;
		return ret;
	}
	if (old)
		*old = (before.sa_flags & SA_SIGINFO) && before.sa_sigaction == handler ? users
		                                                                        : before;
	return 0;
}

typedef void (*signal_handler)(int);

#pragma push_macro("signal")
#undef signal
INTERPOSE signal_handler signal(int number, signal_handler function)
{
	struct sigaction action = {.sa_handler = function, .sa_flags = SA_RESTART};
	struct sigaction old;

	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, number);
	if (sigaction(number, &action, &old) != 0)
		return SIG_ERR;
	return old.sa_handler;
}
#pragma pop_macro("signal")

/* ---- sending ---- */

void signal_sent(pid_t pid, int number, enum edge edge)
{
	if (number == 0)
		return;
	if (pid > 0) {
		channel_release(signal_key((uint32_t)pid, number), edge);
		if (number == SIGSTOP || number == SIGTSTP || number == SIGCONT)
			channel_release((struct channel_key){CHANNEL_STOP, (uint64_t)pid, 0}, edge);
		return;
	}
	/* A group: any process of the session may be in it. */
	for (uint32_t slot = 0; slot < context_count(); slot++) {
		if (session->context[slot].state == CONTEXT_LIVE)
			channel_release(signal_key(session->context[slot].pid, number), edge);
	}
}

/* May it stop the caller, who would keep the turn? */
static bool is_stop(int number)
{
	return number == SIGSTOP || number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/* Whoever stopped itself goes on after it was told to. */
static void continued(pid_t pid, enum edge edge)
{
	if ((uint32_t)pid == self.context->pid)
		channel_acquire(signal_key(self.context->pid, SIGCONT), edge);
}

#define SEND(name, parameters, arguments, pid, number)                                             \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		int ret;                                                                           \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		signal_sent(pid, number, EDGE_##name);                                             \
		if (is_stop(number))                                                               \
			schedule_outside(EDGE_##name);                                             \
		ret = REAL(name) arguments;                                                        \
		if (is_stop(number)) {                                                             \
			schedule_inside();                                                         \
			continued(pid, EDGE_##name);                                               \
		}                                                                                  \
		schedule_wake();                                                                   \
		call_end();                                                                        \
		return ret;                                                                        \
	}

SEND(kill, (pid_t pid, int number), (pid, number), pid, number)
SEND(killpg, (pid_t group, int number), (group, number), -group, number)
SEND(raise, (int number), (number), getpid(), number)
SEND(tgkill, (pid_t pid, pid_t tid, int number), (pid, tid, number), pid, number)
SEND(sigqueue, (pid_t pid, int number, const union sigval value), (pid, number, value), pid, number)
SEND(pthread_kill, (pthread_t thread, int number), (thread, number), getpid(), number)
SEND(pthread_sigqueue, (pthread_t thread, int number, const union sigval value),
     (thread, number, value), getpid(), number)

/* Declared here: libc has it since 2.36, its header may be older. */
int pidfd_send_signal(int fd, int number, siginfo_t *info, unsigned flags);
SEND(pidfd_send_signal, (int fd, int number, siginfo_t *info, unsigned flags),
     (fd, number, info, flags), (pid_t)fd_pid(fd), number)

/* ---- taking ---- */

static const struct timespec no_time;

/* TAKE: a call that takes a signal; ret as sigtimedwait() has it. */
static int taken(const sigset_t *set, siginfo_t *info, const struct timespec *limit, enum edge edge)
{
	siginfo_t room;
	int ret;

	memset(&room, 0, sizeof(room));
	if (LIKELY(!is_scheduled)) {
		ret = limit ? REAL(sigtimedwait)(set, &room, limit) : REAL(sigwaitinfo)(set, &room);
	} else {
		while ((ret = REAL(sigtimedwait)(set, &room, &no_time)) < 0 && errno == EAGAIN) {
			if (!schedule_block(edge, limit ? 1 : 0))
				break;
		}
	}
	if (ret > 0) {
		BUSY(signal_taken(ret, room.si_code, dead_child(&room), edge));
		if (info) {
			WRITES(info, sizeof(*info));
			*info = room;
		}
	}
	call_end();
	return ret;
}

INTERPOSE int sigwait(const sigset_t *set, int *number)
{
	int ret;

	if (!call_begin(EDGE_sigwait, CALLER))
		return REAL(sigwait)(set, number);
	do {
		ret = taken(set, NULL, NULL, EDGE_sigwait);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return errno;
	READS(set, sizeof(*set));
	WRITES(number, sizeof(*number));
	*number = ret;
	return 0;
}

INTERPOSE int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
	if (!call_begin(EDGE_sigwaitinfo, CALLER))
		return REAL(sigwaitinfo)(set, info);
	return taken(set, info, NULL, EDGE_sigwaitinfo);
}

INTERPOSE int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *limit)
{
	if (!call_begin(EDGE_sigtimedwait, CALLER))
		return REAL(sigtimedwait)(set, info, limit);
	return taken(set, info, limit, EDGE_sigtimedwait);
}

/* Waits for a handler; under the scheduler with short real waits, since signals are outside. */
#define SUSPEND(name, parameters, arguments)                                                       \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		int ret;                                                                           \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		schedule_outside(EDGE_##name);                                                     \
		ret = REAL(name) arguments;                                                        \
		schedule_inside();                                                                 \
		call_end();                                                                        \
		return ret;                                                                        \
	}

SUSPEND(sigsuspend, (const sigset_t *mask), (mask))
SUSPEND(pause, (void), ())

/* ---- timers: what was done before they were set comes before what they start ---- */

INTERPOSE unsigned alarm(unsigned seconds)
{
	if (call_begin(EDGE_alarm, CALLER)) {
		signal_sent(getpid(), SIGALRM, EDGE_alarm);
		call_end();
	}
	return REAL(alarm)(seconds);
}

INTERPOSE int setitimer(__itimer_which_t which, const struct itimerval *value,
                        struct itimerval *old)
{
	static const int numbers[] = {SIGALRM, SIGVTALRM, SIGPROF};

	if (call_begin(EDGE_setitimer, CALLER)) {
		if ((unsigned)which < 3)
			signal_sent(getpid(), numbers[(unsigned)which], EDGE_setitimer);
		call_end();
	}
	return REAL(setitimer)(which, value, old);
}

/* A notification by thread is made by libc, out of sight: its start is an edge. */
struct notify {
	void (*function)(union sigval);
	union sigval value;
	enum edge edge; /* that it is the end of */
};

static void notified(union sigval raw)
{
	struct notify notify = *(struct notify *)raw.sival_ptr;
	bool is_new = !self.context;

	self.is_notified = true;
	if (runtime_enter()) {
		if (is_new)
			BUSY(thread_wipe_stack());
		channel_acquire((struct channel_key){CHANNEL_THREAD, self.context->pid, 1},
		                notify.edge);
		message_told();
	}
	notify.function(notify.value);
}

void *__libc_malloc(size_t bytes);

/*
 * Puts a function of the runtime in front of the program's, to acquire by edge what was
 * released before it was asked for. Returns what to pass on.
 */
static struct sigevent *notify_wrap(struct sigevent *copy, struct sigevent *event, enum edge edge)
{
	struct notify *notify;

	if (!event || event->sigev_notify != SIGEV_THREAD)
		return event;
	notify = __libc_malloc(sizeof(*notify));
	if (!notify)
		return event;
	*notify = (struct notify){event->sigev_notify_function, event->sigev_value, edge};
	*copy = *event;
	copy->sigev_notify_function = notified;
	copy->sigev_value.sival_ptr = notify;
	/* From now on private memory is shared by threads. */
	atomic_fetch_add(&other_threads, 1);
	atomic_fetch_add(&tlb_generation, 1);
	return copy;
}

/* Signals that timers of the process send, a bit each from 1 on. */
static _Atomic uint64_t timer_signals;

static void timer_sends(const struct sigevent *event)
{
	int number = SIGALRM;

	/* Else the number is whatever lies there. */
	if (event && event->sigev_notify != SIGEV_SIGNAL && event->sigev_notify != SIGEV_THREAD_ID)
		return;
	if (event)
		number = event->sigev_signo;
	if (number > 0 && number < SIGNAL_MAX)
		atomic_fetch_or(&timer_signals, 1ull << (number - 1));
}

INTERPOSE int timer_create(clockid_t clock, struct sigevent *event, timer_t *out)
{
	struct sigevent copy;

	if (call_begin(EDGE_timer_create, CALLER)) {
		timer_sends(event);
		event = notify_wrap(&copy, event, EDGE_timer_settime);
		call_end();
	}
	return REAL(timer_create)(clock, event, out);
}

INTERPOSE int timer_settime(timer_t timer, int flags, const struct itimerspec *value,
                            struct itimerspec *old)
{
	if (call_begin(EDGE_timer_settime, CALLER)) {
		channel_release((struct channel_key){CHANNEL_THREAD, self.context->pid, 1},
		                EDGE_timer_settime);
		/* Which of them this timer will send is the kernel's to know. */
		for (int number = 1; number < SIGNAL_MAX; number++) {
			if (atomic_load(&timer_signals) >> (number - 1) & 1)
				signal_sent(getpid(), number, EDGE_timer_settime);
		}
		call_end();
	}
	return REAL(timer_settime)(timer, flags, value, old);
}

INTERPOSE int mq_notify(int queue, const struct sigevent *event)
{
	struct sigevent copy;

	if (call_begin(EDGE_mq_notify, CALLER)) {
		atomic_store(&session->has_notified_queue, 1);
		event = notify_wrap(&copy, (struct sigevent *)(uintptr_t)event, EDGE_mq_notify);
		channel_release((struct channel_key){CHANNEL_THREAD, self.context->pid, 1},
		                EDGE_mq_notify);
		call_end();
	}
	return REAL(mq_notify)(queue, event);
}
