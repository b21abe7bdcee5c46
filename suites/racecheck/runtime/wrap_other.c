/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/wrap_other.c - raw system calls, sleeps, stdio, annotations. */
#include "suites/racecheck/runtime/wrap.h"

#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "suites/racecheck/runtime/fd.h"
#include "suites/racecheck/runtime/process.h"

int pidfd_send_signal(int fd, int number, siginfo_t *info, unsigned flags);

/* ---- sleeping: no edge, whatever it is meant for ---- */

#define SLEEP(name, ret_type, parameters, arguments, done)                                         \
	INTERPOSE ret_type name parameters                                                         \
	{                                                                                          \
		ret_type ret;                                                                      \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		if (is_scheduled) {                                                                \
			schedule_yield();                                                          \
			ret = (done);                                                              \
		} else {                                                                           \
			ret = REAL(name) arguments;                                                \
		}                                                                                  \
		call_end();                                                                        \
		return ret;                                                                        \
	}

SLEEP(sleep, unsigned, (unsigned seconds), (seconds), 0)
SLEEP(usleep, int, (useconds_t us), (us), 0)
SLEEP(nanosleep, int, (const struct timespec *time, struct timespec *left), (time, left), 0)
SLEEP(clock_nanosleep, int,
      (clockid_t clock, int flags, const struct timespec *time, struct timespec *left),
      (clock, flags, time, left), 0)
SLEEP(thrd_sleep, int, (const struct timespec *time, struct timespec *left), (time, left), 0)
SLEEP(sched_yield, int, (void), (), 0)

INTERPOSE void thrd_yield(void)
{
	sched_yield();
}

/* ---- futex ---- */

static long failed(long ret)
{
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

static long futex_waits(volatile uint32_t *word, int operation, uint32_t value,
                        const struct timespec *timeout, long second, long third)
{
	int command = operation & FUTEX_CMD_MASK;
	long ret = 0;

	if (LIKELY(!is_scheduled)) {
		ret = sys_call6(SYS_futex, (long)word, operation, value, (long)timeout, second,
		                third);
	} else if (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET) {
		if (*word != value)
			ret = -EAGAIN;
		else if (!schedule_block(EDGE_futex, timeout ? 1 : 0))
			ret = -ETIMEDOUT;
	} else {
		schedule_outside(EDGE_futex);
		ret = sys_call6(SYS_futex, (long)word, operation, value, (long)timeout, second,
		                third);
		schedule_inside();
	}
	/* A priority-inheriting lock is the kernel's; the others are woken by somebody. */
	if (ret == 0)
		BUSY(sync_acquire((const volatile void *)word, EDGE_futex));
	return ret;
}

static long futex_call(long word, long operation, long value, long timeout, long second, long third,
                       uintptr_t place)
{
	int command = (int)operation & FUTEX_CMD_MASK;
	long ret;

	if (!call_begin(EDGE_futex, place))
		return sys_call6(SYS_futex, word, operation, value, timeout, second, third);
	if (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
	    command == FUTEX_TRYLOCK_PI || command == FUTEX_WAIT_REQUEUE_PI ||
	    command == FUTEX_LOCK_PI2) {
		ret = futex_waits((volatile uint32_t *)word, (int)operation, (uint32_t)value,
		                  (const struct timespec *)timeout, second, third);
	} else {
		BUSY(sync_release((const volatile void *)word, EDGE_futex));
		if (command == FUTEX_REQUEUE || command == FUTEX_CMP_REQUEUE)
			BUSY(sync_release((const volatile void *)second, EDGE_futex));
		ret = sys_call6(SYS_futex, word, operation, value, timeout, second, third);
		schedule_wake();
	}
	call_end();
	return ret;
}

/* ---- syscall() ---- */

/* Calls that wait and that nobody here models: named, so that the verdict is honest. */
static const struct {
	long number;
	const char *name;
} uncovered[] = {
	{SYS_io_getevents, "io_getevents"},
	{SYS_futex_waitv, "futex_waitv"},
	{SYS_io_pgetevents, "io_pgetevents"},
	{SYS_ptrace, "ptrace"},
	{SYS_clone, "clone"},
	{SYS_clone3, "clone3"},
	{SYS_process_vm_readv, "process_vm_readv"},
	{SYS_process_vm_writev, "process_vm_writev"},
	{SYS_mq_timedsend, "mq_timedsend"},
	{SYS_mq_timedreceive, "mq_timedreceive"},
	{SYS_preadv, "preadv"},
	{SYS_pwritev, "pwritev"},
};

static long uring_call(long number, const long *a, uintptr_t place)
{
	const struct channel_key ring = {CHANNEL_RING, 0, 0};
	long ret;

	if (!call_begin(EDGE_io_uring, place))
		return sys_call6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	channel_release(ring, EDGE_io_uring);
	schedule_outside(EDGE_io_uring);
	ret = sys_call6(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	schedule_inside();
	channel_acquire(ring, EDGE_io_uring);
	call_end();
	return ret;
}

/* Calls that the wrappers of libc's names model just as well. True: *ret is the answer. */
static bool forward(long number, const long *a, long *ret)
{
	switch (number) {
	case SYS_read:
		*ret = read((int)a[0], (void *)a[1], (size_t)a[2]);
		return true;
	case SYS_write:
		*ret = write((int)a[0], (const void *)a[1], (size_t)a[2]);
		return true;
	case SYS_readv:
		*ret = readv((int)a[0], (const struct iovec *)a[1], (int)a[2]);
		return true;
	case SYS_writev:
		*ret = writev((int)a[0], (const struct iovec *)a[1], (int)a[2]);
		return true;
	case SYS_pread64:
		*ret = pread((int)a[0], (void *)a[1], (size_t)a[2], a[3]);
		return true;
	case SYS_pwrite64:
		*ret = pwrite((int)a[0], (const void *)a[1], (size_t)a[2], a[3]);
		return true;
	case SYS_sendto:
		*ret = sendto((int)a[0], (const void *)a[1], (size_t)a[2], (int)a[3],
		              (const struct sockaddr *)a[4], (socklen_t)a[5]);
		return true;
	case SYS_recvfrom:
		*ret = recvfrom((int)a[0], (void *)a[1], (size_t)a[2], (int)a[3],
		                (struct sockaddr *)a[4], (socklen_t *)a[5]);
		return true;
	case SYS_sendmsg:
		*ret = sendmsg((int)a[0], (const struct msghdr *)a[1], (int)a[2]);
		return true;
	case SYS_recvmsg:
		*ret = recvmsg((int)a[0], (struct msghdr *)a[1], (int)a[2]);
		return true;
	case SYS_close:
		*ret = close((int)a[0]);
		return true;
	case SYS_poll:
		*ret = poll((struct pollfd *)a[0], (nfds_t)a[1], (int)a[2]);
		return true;
	case SYS_mmap:
		*ret = (long)mmap((void *)a[0], (size_t)a[1], (int)a[2], (int)a[3], (int)a[4],
		                  a[5]);
		return true;
	case SYS_munmap:
		*ret = munmap((void *)a[0], (size_t)a[1]);
		return true;
	default:
		return false;
	}
}

static bool forward_process(long number, const long *a, long *ret)
{
	switch (number) {
	case SYS_fork:
		*ret = fork();
		return true;
	case SYS_wait4:
		*ret = wait4((pid_t)a[0], (int *)a[1], (int)a[2], (struct rusage *)a[3]);
		return true;
	case SYS_kill:
		*ret = kill((pid_t)a[0], (int)a[1]);
		return true;
	case SYS_tgkill:
		*ret = tgkill((pid_t)a[0], (pid_t)a[1], (int)a[2]);
		return true;
	case SYS_tkill:
		*ret = tgkill(getpid(), (pid_t)a[0], (int)a[1]);
		return true;
	case SYS_pidfd_send_signal:
		*ret = pidfd_send_signal((int)a[0], (int)a[1], (siginfo_t *)a[2], (unsigned)a[3]);
		return true;
	case SYS_exit_group:
		_exit((int)a[0]);
	case SYS_sched_yield:
		*ret = sched_yield();
		return true;
	case SYS_nanosleep:
		*ret = nanosleep((const struct timespec *)a[0], (struct timespec *)a[1]);
		return true;
	case SYS_msgsnd:
		*ret = msgsnd((int)a[0], (const void *)a[1], (size_t)a[2], (int)a[3]);
		return true;
	case SYS_msgrcv:
		*ret = msgrcv((int)a[0], (void *)a[1], (size_t)a[2], a[3], (int)a[4]);
		return true;
	case SYS_semop:
		*ret = semop((int)a[0], (struct sembuf *)a[1], (size_t)a[2]);
		return true;
	case SYS_semtimedop:
		*ret = semtimedop((int)a[0], (struct sembuf *)a[1], (size_t)a[2],
		                  (const struct timespec *)a[3]);
		return true;
	default:
		return false;
	}
}

static long membarrier_call(const long *a)
{
	long ret = sys_call3(SYS_membarrier, a[0], a[1], a[2]);

	if (ret < 0 || a[0] == 0 || !runtime_enter())
		return failed(ret);
	atomic_store(&session->has_membarrier, 1);
	/* The heavy half: a fence here, and compiler fences elsewhere count as one. */
	self.busy++;
	clock_join(self.context->clock, self.context->acquiring, context_count());
	self.context->clock[self.slot] = self.epoch;
	for (uint32_t i = 0; i < CONTEXT_MAX; i++)
		self.context->releasing[i] = self.context->clock[i];
	context_advance();
	context_log(EDGE_membarrier, false);
	self.busy--;
	return ret;
}

INTERPOSE long syscall(long number, ...)
{
	uintptr_t place = CALLER;
	bool is_forwarded;
	long a[6];
	long ret;
	va_list arguments;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	if (self.busy == 0 && session) {
		if (number == SYS_futex)
			return failed(futex_call(a[0], a[1], a[2], a[3], a[4], a[5], place));
		if (number == SYS_io_uring_enter || number == SYS_io_uring_register)
			return failed(uring_call(number, a, place));
		if (number == SYS_membarrier)
			return membarrier_call(a);
		self.forwarder = place;
		is_forwarded = forward(number, a, &ret) || forward_process(number, a, &ret);
		self.forwarder = 0;
		if (is_forwarded)
			return ret;
		for (size_t i = 0; i < sizeof(uncovered) / sizeof(uncovered[0]); i++) {
			if (uncovered[i].number == number)
				no_verdict("syscall(SYS_%s) is not covered", uncovered[i].name);
		}
	}
	return failed(sys_call6(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/* ---- annotations: for synchronisation that can't be seen ---- */

EXPORT void racecheck_acquire(const volatile void *object);
EXPORT void racecheck_release(const volatile void *object);
EXPORT void racecheck_ignore_begin(void);
EXPORT void racecheck_ignore_end(void);

EXPORT void racecheck_acquire(const volatile void *object)
{
	if (!call_begin(EDGE_annotation, CALLER))
		return;
	BUSY(sync_acquire(object, EDGE_annotation));
	call_end();
}

EXPORT void racecheck_release(const volatile void *object)
{
	if (!call_begin(EDGE_annotation, CALLER))
		return;
	BUSY(sync_release(object, EDGE_annotation));
	schedule_wake();
	call_end();
}

EXPORT void racecheck_ignore_begin(void)
{
	self.ignoring++;
}

EXPORT void racecheck_ignore_end(void)
{
	if (self.ignoring > 0)
		self.ignoring--;
}

EXPORT void __tsan_acquire(void *object)
{
	racecheck_acquire(object);
}

EXPORT void __tsan_release(void *object)
{
	racecheck_release(object);
}
