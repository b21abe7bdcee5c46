/* SPDX-License-Identifier: MIT */
/*
 * workloads/experiments/spawn.c - what it costs to make a peer and to wait for its end.
 *
 * The maker is a process of its own that first touches so much memory: a fork
 * copies its page tables, the others do not. Small pages, so that the cost is not
 * hidden by those of 2 MiB where the kernel happens to give them.
 */
#include "workloads/experiments/experiment.h"

#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/clock.h"

#define REPEATS_MAX 200u

/* A way to make a peer that ends at once: returns 0 once it has ended, or -errno. */
struct way {
	const char *name;
	int (*make)(void);
};

static int await(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

static void *do_nothing(void *context)
{
	return context;
}

static int make_thread(void)
{
	pthread_t thread;
	int ret = -pthread_create(&thread, NULL, do_nothing, NULL);

	return ret < 0 ? ret : -pthread_join(thread, NULL);
}

static int make_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(0);
	return await(pid);
}

static int make_vfork(void)
{
	pid_t pid = vfork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(0);
	return await(pid);
}

static int make_fork_exec(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	return await(pid);
}

static int make_posix_spawn(void)
{
	char name[] = "true";
	char *arguments[] = {name, NULL};
	char *environment[] = {NULL};
	pid_t pid;
	int ret = -posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environment);

	return ret < 0 ? ret : await(pid);
}

/*
 * As vfork(): the child shares memory and stack, and its maker waits until it has
 * ended. Both calls are made in line, so that the child returns from nothing.
 */
static int make_clone3(void)
{
	struct clone_args arguments = {
		.flags = CLONE_VM | CLONE_VFORK,
		.exit_signal = SIGCHLD,
	};
	long pid;

#if defined(__x86_64__)
	__asm__ __volatile__("syscall\n\t"
	                     "test %%rax, %%rax\n\t"
	                     "jnz 1f\n\t"
	                     "xor %%edi, %%edi\n\t"
	                     "mov %2, %%eax\n\t"
	                     "syscall\n"
	                     "1:"
	                     : "=a"(pid)
	                     : "0"((long)SYS_clone3), "i"(SYS_exit), "D"(&arguments),
	                       "S"(sizeof(arguments))
	                     : "rcx", "r11", "memory");
	if (pid < 0)
		return (int)pid;
	return await((pid_t)pid);
#else
	(void)arguments;
	(void)pid;
	return -ENOSYS;
#endif
}

static const struct way ways[] = {
	{"pthread_create", make_thread},  {"vfork", make_vfork},
	{"clone3_vm_vfork", make_clone3}, {"fork", make_fork},
	{"fork_exec", make_fork_exec},    {"posix_spawn", make_posix_spawn},
};

enum { WAYS_COUNT = sizeof(ways) / sizeof(ways[0]) };

/* In memory that the maker shares with the experiment. */
struct spawn_times {
	uint64_t median_ns[WAYS_COUNT]; /* 0: this way is not to be had here */
	int error;
};

static int time_way(const struct way *way, unsigned repeats, uint64_t *out_ns)
{
	uint64_t times_ns[REPEATS_MAX];

	for (unsigned i = 0; i < repeats; i++) {
		uint64_t start_ns = clock_now_ns();
		int ret = way->make();

		if (ret < 0)
			return ret;
		times_ns[i] = clock_now_ns() - start_ns;
	}
	*out_ns = experiment_median(times_ns, repeats);
	return 0;
}

/* The maker's life: touches its memory, makes peers in each way, and ends. */
__attribute__((noreturn)) static void make_all(size_t touched_bytes, unsigned repeats,
                                               struct spawn_times *times)
{
	if (touched_bytes > 0) {
		unsigned char *memory = mmap(NULL, touched_bytes, PROT_READ | PROT_WRITE,
		                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED) {
			times->error = -errno;
			_exit(1);
		}
		(void)madvise(memory, touched_bytes, MADV_NOHUGEPAGE);
		memset(memory, 1, touched_bytes);
	}
	for (size_t i = 0; i < WAYS_COUNT; i++) {
		int ret = time_way(&ways[i], repeats, &times->median_ns[i]);

		/* One way may be forbidden or unknown here; the others are still to be had. */
		if (ret < 0 && ret != -ENOSYS && ret != -EPERM && ret != -ENOENT &&
		    ret != -ECHILD) {
			times->error = ret;
			_exit(1);
		}
	}
	_exit(0);
}

/* Waits for a child until the deadline, and ends it then. Returns 0 or -ETIMEDOUT. */
static int await_until(pid_t pid, uint64_t deadline_ns)
{
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_now_ns() >= deadline_ns) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -ETIMEDOUT;
		}
		clock_sleep_until(clock_now_ns() + NS_PER_MS);
	}
	return 0;
}

static int measure_size(struct experiment_run *self, size_t mib, struct spawn_times *times)
{
	unsigned repeats = self->is_quick ? 5 : mib > 100 ? 20 : 60;
	pid_t pid;
	int ret;

	*times = (struct spawn_times){0};
	pid = fork();
	if (pid < 0)
		return experiment_fail(self, -errno, "fork: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		make_all(mib << 20, repeats, times);
	}
	ret = await_until(pid, self->deadline_ns);
	if (ret == 0)
		ret = times->error;
	if (ret < 0)
		return experiment_fail(self, ret, "peers of %zu MiB: %s", mib, strerror(-ret));
	for (size_t i = 0; i < WAYS_COUNT; i++) {
		if (times->median_ns[i] > 0)
			experiment_add(self, (double)times->median_ns[i] / 1e3, "%s_%zu_mib_us",
			               ways[i].name, mib);
	}
	return 0;
}

static int spawn_run(struct experiment_run *self)
{
	static const size_t sizes_mib[] = {2, 64, 512};
	struct spawn_times *times = mmap(NULL, sizeof(*times), PROT_READ | PROT_WRITE,
	                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t sizes = self->is_quick ? 2 : 3;
	int ret = 0;

	if (times == MAP_FAILED)
		return experiment_fail(self, -ENOMEM, "no memory");
	for (size_t i = 0; i < sizes && ret == 0; i++)
		ret = measure_size(self, sizes_mib[i], times);
	munmap(times, sizeof(*times));
	return ret;
}

const struct experiment experiment_spawn = {
	.name = "spawn",
	.summary = "making a peer and waiting for its end, against the memory of its maker",
	.run = spawn_run,
};
