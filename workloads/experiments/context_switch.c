/* SPDX-License-Identifier: MIT */
/*
 * workloads/experiments/context_switch.c - two peers that wake each other in turn, and do nothing
 * else.
 *
 * A round trip is two wake-ups and two switches. Nothing is carried: what a message
 * costs beyond this is its transport's.
 */
#include "workloads/experiments/experiment.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "ipc/futex.h"
#include "workloads/placement.h"

#define BLOCKS_MAX 101u
#define BLOCK_ROUND_TRIPS 20u

enum wake { WAKE_FUTEX, WAKE_PIPE, WAKE_EVENTFD, WAKES };

static const char *const wake_names[WAKES] = {"futex", "pipe", "eventfd"};

/* One direction: a word, or two ends of something that the kernel holds. */
struct bell {
	_Atomic uint32_t rings;
	int fds[2]; /* to read, to write */
};

struct pair {
	struct bell there;
	struct bell back;
	enum wake wake;
	uint32_t round_trips;
	uint64_t deadline_ns;
	int cpus[2];
};

static int ring(struct pair *pair, struct bell *bell)
{
	const uint64_t one = 1;

	if (pair->wake == WAKE_FUTEX) {
		atomic_fetch_add_explicit(&bell->rings, 1, memory_order_release);
		futex_wake(&bell->rings, 1);
		return 0;
	}
	return write(bell->fds[1], &one, sizeof(one)) == sizeof(one) ? 0 : -EIO;
}

/* Waits for ring number count. A descriptor that stays silent is closed by its peer's end. */
static int hear(struct pair *pair, struct bell *bell, uint32_t count)
{
	uint64_t number;
	uint32_t rings;

	if (pair->wake != WAKE_FUTEX)
		return read(bell->fds[0], &number, sizeof(number)) == sizeof(number) ? 0 : -EIO;
	while ((rings = atomic_load_explicit(&bell->rings, memory_order_acquire)) < count) {
		if (futex_wait(&bell->rings, rings, pair->deadline_ns) == -ETIMEDOUT)
			return -ETIMEDOUT;
	}
	return 0;
}

static void *answer(void *context)
{
	struct pair *pair = context;
	int ret = placement_pin(pair->cpus[1]);

	for (uint32_t i = 1; i <= pair->round_trips && ret == 0; i++) {
		ret = hear(pair, &pair->there, i);
		if (ret == 0)
			ret = ring(pair, &pair->back);
	}
	return NULL;
}

static int ask(struct pair *pair, uint64_t *median_ns)
{
	uint64_t times_ns[BLOCKS_MAX];
	uint32_t blocks = pair->round_trips / BLOCK_ROUND_TRIPS;
	uint32_t count = 0;
	int ret = placement_pin(pair->cpus[0]);

	for (uint32_t i = 0; i < blocks && ret == 0; i++) {
		uint64_t start_ns = clock_now_ns();

		for (uint32_t j = 0; j < BLOCK_ROUND_TRIPS && ret == 0; j++) {
			ret = ring(pair, &pair->there);
			if (ret == 0)
				ret = hear(pair, &pair->back, ++count);
		}
		times_ns[i] = (clock_now_ns() - start_ns) / BLOCK_ROUND_TRIPS;
	}
	if (ret == 0)
		*median_ns = experiment_median(times_ns, blocks);
	return ret;
}

static int bell_open(struct bell *bell, enum wake wake)
{
	atomic_init(&bell->rings, 0);
	bell->fds[0] = bell->fds[1] = -1;
	if (wake == WAKE_PIPE && pipe2(bell->fds, O_CLOEXEC) < 0)
		return -errno;
	if (wake == WAKE_EVENTFD) {
		bell->fds[0] = bell->fds[1] = eventfd(0, EFD_CLOEXEC);
		if (bell->fds[0] < 0)
			return -errno;
	}
	return 0;
}

static void bell_close(struct bell *bell)
{
	if (bell->fds[0] >= 0)
		close(bell->fds[0]);
	if (bell->fds[1] >= 0 && bell->fds[1] != bell->fds[0])
		close(bell->fds[1]);
}

/*
 * The asker is a process of its own too, with the answerer as its thread or its
 * child: past the deadline it is killed, and its pins and descriptors go with it.
 */
__attribute__((noreturn)) static void live(struct pair *pair, bool are_threads, uint64_t *median_ns)
{
	pthread_t thread;
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (are_threads) {
		ret = -pthread_create(&thread, NULL, answer, pair);
		if (ret == 0)
			ret = ask(pair, median_ns);
		if (ret == 0)
			pthread_join(thread, NULL);
	} else {
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			answer(pair);
			_exit(0);
		}
		ret = pid < 0 ? -errno : ask(pair, median_ns);
	}
	_exit(ret < 0);
}

static int play(struct pair *pair, bool are_threads, uint64_t *median_ns)
{
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return -errno;
	if (pid == 0)
		live(pair, are_threads, median_ns);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_now_ns() >= pair->deadline_ns) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -ETIMEDOUT;
		}
		clock_sleep_until(clock_now_ns() + NS_PER_MS);
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* In memory that all of them share. */
struct table {
	struct pair pair;
	uint64_t median_ns;
};

static int measure(struct experiment_run *self, struct table *table, enum wake wake,
                   enum placement placement, bool are_threads)
{
	struct pair *pair = &table->pair;
	char why[RUN_TEXT_BYTES];
	int ret;

	*pair = (struct pair){
		.wake = wake,
		.round_trips = BLOCK_ROUND_TRIPS * (self->is_quick ? 5 : BLOCKS_MAX),
		.deadline_ns = self->deadline_ns,
	};
	if (placement_cpus(placement, pair->cpus, 2, why, sizeof(why)) < 0)
		return 0; /* a machine of one CPU has no other one */
	ret = bell_open(&pair->there, wake);
	if (ret == 0)
		ret = bell_open(&pair->back, wake);
	if (ret == 0)
		ret = play(pair, are_threads, &table->median_ns);
	bell_close(&pair->there);
	bell_close(&pair->back);
	if (ret == 0)
		experiment_add(self, (double)table->median_ns, "%s_%s_%s_round_trip_ns",
		               wake_names[wake],
		               placement == PLACEMENT_SAME_CORE ? "same_core" : "cross_core",
		               are_threads ? "threads" : "processes");
	return ret;
}

static int context_switch_run(struct experiment_run *self)
{
	struct table *table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE,
	                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ret = 0;

	if (table == MAP_FAILED)
		return experiment_fail(self, -ENOMEM, "no memory");
	for (enum wake wake = 0; wake < WAKES && ret == 0; wake++) {
		for (int threads = 0; threads < 2 && ret == 0; threads++) {
			ret = measure(self, table, wake, PLACEMENT_SAME_CORE, threads);
			if (ret == 0)
				ret = measure(self, table, wake, PLACEMENT_CROSS_CORE, threads);
		}
	}
	munmap(table, sizeof(*table));
	if (ret < 0)
		return experiment_fail(self, ret, "two peers that wake each other: %s",
		                       strerror(-ret));
	return 0;
}

const struct experiment experiment_context_switch = {
	.name = "context_switch",
	.summary = "two peers that wake each other in turn: futex, pipe, eventfd",
	.run = context_switch_run,
};
