/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_syscall.c - system calls made by number.
 *
 * syscall() is for what libc has no name for: futexes, rings, barriers. What
 * libc has a name for goes to the wrapper of that name.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <mqueue.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* wrap_uring.c */
long uring_call(long number, const long *a, uintptr_t place);
int pidfd_send_signal(int fd, int number, siginfo_t *info, unsigned flags);

/* ---- futex ---- */

static long failed(long ret)
{
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

static const struct channel_key requeue_key = {CHANNEL_REQUEUE, 0, 0};

/* Before a call that wakes or gives away waiters of a word, or of two. */
static void futex_waking(long word, int command, long second)
{
	bool is_requeue = command == FUTEX_REQUEUE || command == FUTEX_CMP_REQUEUE ||
	                  command == FUTEX_CMP_REQUEUE_PI;

	BUSY(sync_release((const volatile void *)word, EDGE_futex));
	if (is_requeue || command == FUTEX_WAKE_OP)
		BUSY(sync_release((const volatile void *)second, EDGE_futex));
	if (is_requeue)
		session->has_requeue = 1;
	if (session->has_requeue)
		channel_release(requeue_key, EDGE_futex);
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
	} else if (command == FUTEX_LOCK_PI || command == FUTEX_LOCK_PI2) {
		while ((ret = sys_call3(SYS_futex, word,
		                        FUTEX_TRYLOCK_PI | (operation & FUTEX_PRIVATE_FLAG), 0)) ==
		               -EAGAIN &&
		       schedule_block(EDGE_futex, timeout ? 1 : 0)) {
		}
		ret = ret == -EAGAIN ? -ETIMEDOUT : ret;
	} else {
		schedule_outside(EDGE_futex);
		ret = sys_call6(SYS_futex, (long)word, operation, value, (long)timeout, second,
		                third);
		schedule_inside();
	}
	/* A priority-inheriting lock is the kernel's; the others are woken by somebody. */
	if (ret == 0)
		BUSY(sync_acquire((const volatile void *)word, EDGE_futex));
	/* It may have been given to another word, and woken there. */
	if (ret == 0 && session->has_requeue)
		channel_acquire(requeue_key, EDGE_futex);
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
		futex_waking(word, command, second);
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
};

/* FORWARD: a number, and the call of libc that it stands for, whose wrapper models it. */
#define FORWARD(number, call)                                                                      \
	case number:                                                                               \
		*ret = (long)(call);                                                               \
		return true;
#define P(i) ((void *)a[i])
#define I(i) ((int)a[i])
#define Z(i) ((size_t)a[i])

static bool forward_bytes(long number, const long *a, long *ret)
{
	switch (number) {
		FORWARD(SYS_read, read(I(0), P(1), Z(2)))
		FORWARD(SYS_write, write(I(0), P(1), Z(2)))
		FORWARD(SYS_readv, readv(I(0), P(1), I(2)))
		FORWARD(SYS_writev, writev(I(0), P(1), I(2)))
		FORWARD(SYS_pread64, pread(I(0), P(1), Z(2), a[3]))
		FORWARD(SYS_pwrite64, pwrite(I(0), P(1), Z(2), a[3]))
		FORWARD(SYS_preadv, preadv(I(0), P(1), I(2), a[3]))
		FORWARD(SYS_pwritev, pwritev(I(0), P(1), I(2), a[3]))
		FORWARD(SYS_sendto, sendto(I(0), P(1), Z(2), I(3), P(4), (socklen_t)a[5]))
		FORWARD(SYS_recvfrom, recvfrom(I(0), P(1), Z(2), I(3), P(4), P(5)))
		FORWARD(SYS_sendmsg, sendmsg(I(0), P(1), I(2)))
		FORWARD(SYS_recvmsg, recvmsg(I(0), P(1), I(2)))
		FORWARD(SYS_sendmmsg, sendmmsg(I(0), P(1), (unsigned)a[2], I(3)))
		FORWARD(SYS_recvmmsg, recvmmsg(I(0), P(1), (unsigned)a[2], I(3), P(4)))
		FORWARD(SYS_splice, splice(I(0), P(1), I(2), P(3), Z(4), (unsigned)a[5]))
		FORWARD(SYS_tee, tee(I(0), I(1), Z(2), (unsigned)a[3]))
		FORWARD(SYS_vmsplice, vmsplice(I(0), P(1), Z(2), (unsigned)a[3]))
		FORWARD(SYS_sendfile, sendfile(I(0), I(1), P(2), Z(3)))
		FORWARD(SYS_copy_file_range,
		        copy_file_range(I(0), P(1), I(2), P(3), Z(4), (unsigned)a[5]))
	default:
		return false;
	}
}

static bool forward_descriptors(long number, const long *a, long *ret)
{
	switch (number) {
		FORWARD(SYS_close, close(I(0)))
		FORWARD(SYS_dup2, dup2(I(0), I(1)))
		FORWARD(SYS_dup3, dup3(I(0), I(1), I(2)))
		FORWARD(SYS_open, open(P(0), I(1), (mode_t)a[2]))
		FORWARD(SYS_openat, openat(I(0), P(1), I(2), (mode_t)a[3]))
		FORWARD(SYS_unlink, unlink(P(0)))
		FORWARD(SYS_unlinkat, unlinkat(I(0), P(1), I(2)))
		FORWARD(SYS_fcntl, fcntl(I(0), I(1), a[2]))
		FORWARD(SYS_flock, flock(I(0), I(1)))
		FORWARD(SYS_poll, poll(P(0), (nfds_t)a[1], I(2)))
		FORWARD(SYS_ppoll, ppoll(P(0), (nfds_t)a[1], P(2), P(3)))
		FORWARD(SYS_select, select(I(0), P(1), P(2), P(3), P(4)))
		FORWARD(SYS_pselect6,
		        pselect(I(0), P(1), P(2), P(3), P(4), a[5] ? *(sigset_t **)a[5] : NULL))
		FORWARD(SYS_epoll_ctl, epoll_ctl(I(0), I(1), I(2), P(3)))
		FORWARD(SYS_epoll_wait, epoll_wait(I(0), P(1), I(2), I(3)))
		FORWARD(SYS_epoll_pwait, epoll_pwait(I(0), P(1), I(2), I(3), P(4)))
		FORWARD(SYS_epoll_pwait2, epoll_pwait2(I(0), P(1), I(2), P(3), P(4)))
		FORWARD(SYS_eventfd2, eventfd((unsigned)a[0], I(1)))
		FORWARD(SYS_timerfd_settime, timerfd_settime(I(0), I(1), P(2), P(3)))
		FORWARD(SYS_socketpair, socketpair(I(0), I(1), I(2), P(3)))
		FORWARD(SYS_connect, connect(I(0), P(1), (socklen_t)a[2]))
		FORWARD(SYS_accept, accept(I(0), P(1), P(2)))
		FORWARD(SYS_accept4, accept4(I(0), P(1), P(2), I(3)))
		FORWARD(SYS_shutdown, shutdown(I(0), I(1)))
	default:
		return false;
	}
}

static bool forward_objects(long number, const long *a, long *ret)
{
	switch (number) {
		FORWARD(SYS_mmap, mmap(P(0), Z(1), I(2), I(3), I(4), a[5]))
		FORWARD(SYS_munmap, munmap(P(0), Z(1)))
		FORWARD(SYS_mremap, mremap(P(0), Z(1), Z(2), I(3), P(4)))
		FORWARD(SYS_shmat, shmat(I(0), P(1), I(2)))
		FORWARD(SYS_shmdt, shmdt(P(0)))
		FORWARD(SYS_msgsnd, msgsnd(I(0), P(1), Z(2), I(3)))
		FORWARD(SYS_msgrcv, msgrcv(I(0), P(1), Z(2), a[3], I(4)))
		FORWARD(SYS_semop, semop(I(0), P(1), Z(2)))
		FORWARD(SYS_semtimedop, semtimedop(I(0), P(1), Z(2), P(3)))
		FORWARD(SYS_semctl, semctl(I(0), I(1), I(2), a[3]))
		FORWARD(SYS_mq_timedsend, mq_timedsend(I(0), P(1), Z(2), (unsigned)a[3], P(4)))
		FORWARD(SYS_mq_timedreceive, mq_timedreceive(I(0), P(1), Z(2), P(3), P(4)))
	default:
		return false;
	}
}

static bool forward_processes(long number, const long *a, long *ret)
{
	switch (number) {
		FORWARD(SYS_fork, fork())
		FORWARD(SYS_execve, execve(P(0), P(1), P(2)))
		FORWARD(SYS_wait4, wait4((pid_t)a[0], P(1), I(2), P(3)))
		FORWARD(SYS_waitid, waitid((idtype_t)a[0], (id_t)a[1], P(2), I(3)))
		FORWARD(SYS_exit_group, (_exit(I(0)), 0))
		FORWARD(SYS_kill, kill((pid_t)a[0], I(1)))
		FORWARD(SYS_tgkill, tgkill((pid_t)a[0], (pid_t)a[1], I(2)))
		FORWARD(SYS_tkill, tgkill(getpid(), (pid_t)a[0], I(1)))
		FORWARD(SYS_pidfd_send_signal, pidfd_send_signal(I(0), I(1), P(2), (unsigned)a[3]))
		FORWARD(SYS_rt_sigtimedwait,
		        a[2] ? sigtimedwait(P(0), P(1), P(2)) : sigwaitinfo(P(0), P(1)))
		FORWARD(SYS_rt_sigqueueinfo,
		        sigqueue((pid_t)a[0], I(1), ((const siginfo_t *)a[2])->si_value))
		FORWARD(SYS_rt_sigsuspend, sigsuspend(P(0)))
		FORWARD(SYS_pause, pause())
		FORWARD(SYS_alarm, alarm((unsigned)a[0]))
		FORWARD(SYS_setitimer, setitimer(I(0), P(1), P(2)))
		FORWARD(SYS_sched_yield, sched_yield())
		FORWARD(SYS_nanosleep, nanosleep(P(0), P(1)))
		/* libc's answers with the error itself. */
		FORWARD(SYS_clock_nanosleep, failed(-clock_nanosleep(I(0), I(1), P(2), P(3))))
	default:
		return false;
	}
}
#undef P
#undef I
#undef Z

/* A clone() that shares nothing with its parent is a fork(). */
static bool forward_clone(long number, const long *a, long *ret)
{
	const struct clone_args *arguments = (const struct clone_args *)a[0];

	if (!(number == SYS_clone && (a[0] & ~(long)CSIGNAL) == 0 && a[1] == 0) &&
	    !(number == SYS_clone3 && arguments->flags == 0 && arguments->stack == 0))
		return false;
	*ret = fork();
	return true;
}

static bool forward(long number, const long *a, long *ret, uintptr_t place)
{
	bool is_forwarded;

	self.forwarder = place;
	is_forwarded = forward_bytes(number, a, ret) || forward_descriptors(number, a, ret) ||
	               forward_objects(number, a, ret) || forward_processes(number, a, ret) ||
	               forward_clone(number, a, ret);
	self.forwarder = 0;
	return is_forwarded;
}

static long membarrier_call(const long *a)
{
	long ret = sys_call3(SYS_membarrier, a[0], a[1], a[2]);

	if (ret < 0 || a[0] == 0 || !runtime_enter() || edge_is_off(EDGE_membarrier))
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
		if (forward(number, a, &ret, place))
			return ret;
		for (size_t i = 0; i < sizeof(uncovered) / sizeof(uncovered[0]); i++) {
			if (uncovered[i].number == number)
				no_verdict("syscall(SYS_%s) is not covered", uncovered[i].name);
		}
	}
	return failed(sys_call6(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}
