/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/forbidden.c - tests of what transports say of a system call that a
 * seccomp filter forbids.
 *
 * A filter can't be taken off again, so that each is put on a child.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/limits.h"
#include "ipc/registry.h"

enum { EXIT_NO_FILTER = 3 };

/* A transport, the system call it can't do without, and how that is called in its cause. */
static const struct need {
	const char *transport;
	const char *call;
	unsigned number;
} needs[] = {
	{"pipe", "pipe2", SYS_pipe2},
	{"uring_pipe", "pipe2", SYS_pipe2},
	{"fifo", "mkfifo", SYS_mknodat},
	{"unix_stream", "socketpair", SYS_socketpair},
	{"unix_seqpacket", "socketpair", SYS_socketpair},
	{"unix_dgram", "socketpair", SYS_socketpair},
	{"tcp", "socket", SYS_socket},
	{"posix_mq", "mq_open", SYS_mq_open},
	{"sysv_mq", "msgget", SYS_msgget},
	{"shm_ring", "memfd_create", SYS_memfd_create},
	{"shm_sem", "memfd_create", SYS_memfd_create},
	{"uring_pipe", "io_uring_setup", SYS_io_uring_setup},
	{"uring_unix", "io_uring_setup", SYS_io_uring_setup},
};

/* What a probe answered, as the child sends it. */
struct answer {
	int ret;
	char why[LIMITS_WHY_BYTES];
};

/* Lets a system call fail with error from now on, in this process. Returns 0 or -errno. */
static int forbid(unsigned number, int error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return -errno;
	return 0;
}

/* Asks a transport in a child that may not make the call. Returns 0, or -ENOTSUP. */
static int ask(const struct need *need, int error, struct answer *out)
{
	const struct ipc_transport *transport = registry_find(need->transport);
	int ends[2];
	int status;
	pid_t child;

	memset(out, 0, sizeof(*out));
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (forbid(need->number, error) < 0)
			_exit(EXIT_NO_FILTER);
		out->ret = transport->probe(out->why, sizeof(out->why));
		_exit(write(ends[1], out, sizeof(*out)) == (ssize_t)sizeof(*out) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 0)
		assert_int_equal(read(ends[0], out, sizeof(*out)), sizeof(*out));
	close(ends[0]);
	close(ends[1]);
	if (WEXITSTATUS(status) == EXIT_NO_FILTER)
		return -ENOTSUP;
	assert_int_equal(WEXITSTATUS(status), 0);
	return 0;
}

/* A probe under a filter must be a refusal that names the filter and the call. */
static void try_all(int error)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		const struct ipc_transport *transport = registry_find(needs[i].transport);
		struct answer answer;
		char why[LIMITS_WHY_BYTES];

		/* Built without liburing, or not to be had here anyway. */
		if (!transport || transport->probe(why, sizeof(why)) < 0)
			continue;
		if (ask(&needs[i], error, &answer) < 0)
			skip();
		if (answer.ret != -error || !strstr(answer.why, "seccomp") ||
		    !strstr(answer.why, needs[i].call))
			fail_msg("%s without %s: %d, '%s'", needs[i].transport, needs[i].call,
			         answer.ret, answer.why);
	}
}

static void a_call_that_is_not_permitted_is_named(void **state)
{
	(void)state;
	try_all(EPERM);
}

static void a_call_that_is_hidden_is_named(void **state)
{
	(void)state;
	try_all(ENOSYS);
}

#define TEST(name) cmocka_unit_test(name)
const struct CMUnitTest unit_forbidden_tests[] = {
	TEST(a_call_that_is_not_permitted_is_named),
	TEST(a_call_that_is_hidden_is_named),
};
const size_t unit_forbidden_tests_count =
	sizeof(unit_forbidden_tests) / sizeof(unit_forbidden_tests[0]);
