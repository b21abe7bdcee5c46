/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/race.h - what every case of the corpus needs, and no more.
 *
 * A case is one program: it takes its model (threads or processes) as its only
 * argument, runs its peers once, says on stdout which outcomes it saw, and exits with
 * 0; with 77 where the machine lacks what it is about; with 99 when it could not run.
 * Its memory is on the heap for threads and in a shared mapping for processes. Its twin
 * is built with -DBROKEN.
 *
 * With -DOUTCOME a window() holds a peer in the middle of its access until the other
 * has come as far, so that what a race may do is done each time. Without it a window
 * is nothing at all: a gate would order what the detectors are asked about.
 */
#ifndef RACE_H
#define RACE_H

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The one line by which the twins differ. */
#ifdef BROKEN
#define in_correct(...)
#define in_broken(...) __VA_ARGS__
#else
#define in_correct(...) __VA_ARGS__
#define in_broken(...)
#endif

/* How often a case that loops does so. */
#ifndef ROUNDS
#ifdef OUTCOME
#define ROUNDS 2
#else
#define ROUNDS 200
#endif
#endif

/* How often a litmus test is tried: each on words of its own. */
#ifdef OUTCOME
#define LITMUS_ROUNDS 20000
#else
#define LITMUS_ROUNDS 20
#endif

enum {
	RACE_PEERS_MAX = 4,
	RACE_LIMIT_S = 30, /* the whole case */
	RACE_WAIT_S = 10,  /* one wait */
	RACE_WINDOW_MS = 100,
	RACE_ROUNDS_S = 4, /* all rounds that peers meet for */
	RACE_EXIT_UNAVAILABLE = 77,
	RACE_EXIT_BROKEN = 99,
};

typedef void race_peer(void *memory);

/* Written by main() only, before the peer exists that reads it. */
static struct {
	bool is_processes;
	unsigned child_count;
	struct race_windows {
		_Atomic unsigned arrived_count;
		_Atomic unsigned done_count;
		_Atomic unsigned end_round; /* 0: not known yet */
		struct timespec start;      /* of the rounds */
	} * windows;
} race;

/* Gives up: what was asked of the system was refused, or a wait took too long. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: failed: %s: %s\n", __FILE__, __LINE__, #condition, \
			        strerror(errno));                                                  \
			_exit(RACE_EXIT_BROKEN);                                                   \
		}                                                                                  \
	} while (0)

/* Leaves a case that the machine can't run, or does not let us run; only main() may. */
#define must_have(what, condition)                                                                 \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("unavailable: %s: %s\n", (what), strerror(errno));                  \
			exit(RACE_EXIT_UNAVAILABLE);                                               \
		}                                                                                  \
	} while (0)

static inline struct timespec race_now(clockid_t clock)
{
	struct timespec now;

	must(clock_gettime(clock, &now) == 0);
	return now;
}

/* When a wait that begins now ends at the latest, on the given clock. */
static inline struct timespec race_deadline(clockid_t clock)
{
	struct timespec deadline = race_now(clock);

	deadline.tv_sec += RACE_WAIT_S;
	return deadline;
}

static inline bool race_is_past(const struct timespec *deadline)
{
	struct timespec now = race_now(CLOCK_MONOTONIC);

	return now.tv_sec > deadline->tv_sec ||
	       (now.tv_sec == deadline->tv_sec && now.tv_nsec > deadline->tv_nsec);
}

static inline void race_sleep_us(long us)
{
	const struct timespec duration = {.tv_nsec = us * 1000};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &duration, NULL);
}

/* Looks at the condition until it holds; the peer that makes it so has ten seconds. */
#define race_until(condition)                                                                      \
	do {                                                                                       \
		struct timespec race_limit_ = race_deadline(CLOCK_MONOTONIC);                      \
		while (!(condition)) {                                                             \
			must(!race_is_past(&race_limit_));                                         \
			sched_yield();                                                             \
		}                                                                                  \
	} while (0)

/* Reads the model and returns the case's memory, zeroed, on a line of its own. */
static inline void *race_begin(int argc, char **argv, size_t bytes)
{
	void *memory;

	errno = EINVAL;
	must(argc > 1);
	race.is_processes = strcmp(argv[1], "processes") == 0;
	must(race.is_processes || strcmp(argv[1], "threads") == 0);
	alarm(RACE_LIMIT_S);
#ifdef OUTCOME
	race.windows = mmap(NULL, sizeof(*race.windows), PROT_READ | PROT_WRITE,
	                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(race.windows != MAP_FAILED);
	race.windows->start = race_now(CLOCK_MONOTONIC);
#endif
	if (race.is_processes) {
		memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		              0);
		must(memory != MAP_FAILED);
		return memory;
	}
	must(posix_memalign(&memory, 64, bytes) == 0);
	return memset(memory, 0, bytes);
}

/* Sets path to name in TMPDIR, or in /tmp. */
static inline void race_temporary(char *path, size_t bytes, const char *name)
{
	const char *folder = getenv("TMPDIR");
	int length = snprintf(path, bytes, "%s/%s", folder ? folder : "/tmp", name);

	must(length > 0 && (size_t)length < bytes);
}

/* What a pthread attribute calls the model. */
static inline int race_pshared(void)
{
	return race.is_processes ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE;
}

static inline void race_mutex_init(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attributes;

	must(pthread_mutexattr_init(&attributes) == 0);
	must(pthread_mutexattr_setpshared(&attributes, race_pshared()) == 0);
	must(pthread_mutex_init(mutex, &attributes) == 0);
	must(pthread_mutexattr_destroy(&attributes) == 0);
}

#ifdef OUTCOME
/*
 * The first peer that comes waits for a second, for a peer's end, or for a tenth of a
 * second: the last is what a correct twin, whose lock keeps the second out, costs.
 */
static inline void race_pause(void)
{
	unsigned before = atomic_fetch_add(&race.windows->arrived_count, 1);
	unsigned alone = before + 1;

	if (before % 2 == 1)
		return;
	for (int i = 0; i < RACE_WINDOW_MS * 10; i++) {
		if (atomic_load(&race.windows->arrived_count) != alone ||
		    atomic_load(&race.windows->done_count) > 0)
			break;
		race_sleep_us(100);
	}
	atomic_compare_exchange_strong(&race.windows->arrived_count, &alone, before);
}

/* Waits until another peer is held in a window, or for as long as a window lasts. */
static inline void race_await_window(void)
{
	for (int i = 0; i < RACE_WINDOW_MS * 10; i++) {
		if (atomic_load(&race.windows->arrived_count) % 2 == 1 ||
		    atomic_load(&race.windows->done_count) > 0)
			break;
		race_sleep_us(100);
	}
}

/* Lets the peer that is held in a window go on. */
static inline void race_close_window(void)
{
	unsigned count = atomic_load(&race.windows->arrived_count);

	if (count % 2 == 1)
		atomic_compare_exchange_strong(&race.windows->arrived_count, &count, count + 1);
}

/*
 * Says whether no round is left, since the machine is too busy for all of them. Whoever
 * finds that before it meets the others in a round makes that the last: they can't have left it.
 */
static inline bool race_is_over(unsigned round)
{
	unsigned end = 0;

	if (round % 16 == 15 &&
	    race_now(CLOCK_MONOTONIC).tv_sec - race.windows->start.tv_sec >= RACE_ROUNDS_S)
		atomic_compare_exchange_strong(&race.windows->end_round, &end, round + 1);
	end = atomic_load(&race.windows->end_round);
	return end != 0 && round >= end;
}

/* How many of most rounds were done; after the peers have ended. */
static inline unsigned race_rounds(unsigned most)
{
	unsigned end = atomic_load(&race.windows->end_round);

	return end != 0 && end < most ? end : most;
}

/*
 * Meets the other peers of count for the round-th time. The last to come is the first to
 * know: it dawdles a little, from not at all to longer than the news takes to arrive.
 */
static inline void race_meet(unsigned round, unsigned count)
{
	unsigned goal = (round + 1) * count;

	if (atomic_fetch_add(&race.windows->arrived_count, 1) + 1 == goal) {
		for (unsigned i = 0; i < round % 256; i++)
			atomic_signal_fence(memory_order_seq_cst);
		return;
	}
	for (int i = 0; atomic_load(&race.windows->arrived_count) < goal; i++) {
		if (i > 10000)
			sched_yield();
		must(i < 10 * 1000 * 1000);
	}
}

/* Evaluates to value, which is read before the pause and used after it. */
#define window(value)                                                                              \
	__extension__({                                                                            \
		__typeof__(value) race_value_ = (value);                                           \
		race_pause();                                                                      \
		race_value_;                                                                       \
	})
#else
#define window(value) (value)
#define race_pause() ((void)0)
#define race_await_window() ((void)0)
#define race_meet(round, count) ((void)(round))
#define race_is_over(round) ((void)(round), false)
#define race_rounds(most) ((unsigned)(most))
#define race_close_window() ((void)0)
#endif

#if defined(OUTCOME) && defined(BROKEN)
static __thread struct {
	void *place; /* null: nothing is held */
	long value;
	size_t bytes;
} race_held;

/* Does the store that is held, after a window in which others miss it. */
static inline void race_let_go(void)
{
	if (!race_held.place)
		return;
	race_pause();
	memcpy(race_held.place, &race_held.value, race_held.bytes);
	race_held.place = NULL;
}

static inline void race_hold(void *place, size_t bytes, long value)
{
	race_let_go();
	race_held.place = place;
	race_held.value = value;
	race_held.bytes = bytes;
}

/*
 * A store of a whole number that nothing orders before what follows. Other processors, or
 * a compiler, may let it wait; x86 never does. To show what comes of it, it is held back
 * until the peer's next late(), race_let_go() or end. (The value lies in the low bytes:
 * little-endian machines only.)
 */
#define late(place, value) race_hold(&(place), sizeof(place), (value))
#else
#define late(place, value) ((place) = (value))
#define race_let_go() ((void)0)
#endif

/* Puts the peers on CPUs of their own, for what is to show needs them at once. */
static inline void race_pin(unsigned peer)
{
#ifdef OUTCOME
	cpu_set_t all;
	cpu_set_t own;
	int skip_count;

	must(sched_getaffinity(0, sizeof(all), &all) == 0);
	skip_count = (int)peer % CPU_COUNT(&all);
	CPU_ZERO(&own);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &all) && skip_count-- == 0)
			CPU_SET(cpu, &own);
	}
	must(sched_setaffinity(0, sizeof(own), &own) == 0);
#else
	(void)peer;
#endif
}

static inline void race_done(void)
{
#ifdef OUTCOME
	race_let_go();
	atomic_fetch_add(&race.windows->done_count, 1);
#endif
}

struct race_thread {
	pthread_t thread;
	race_peer *peer;
	void *memory;
	unsigned index;
};

static inline void *race_thread_main(void *argument)
{
	const struct race_thread *self = argument;

	race_pin(self->index);
	self->peer(self->memory);
	race_done();
	return NULL;
}

/* Starts a peer as a child, in any model. */
static inline pid_t race_fork(race_peer *peer, void *memory)
{
	unsigned index = race.child_count++;
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		race_pin(index);
		peer(memory);
		race_done();
		_exit(0);
	}
	return pid;
}

/* Waits for the end of a child; one that could not do its part ends the case. */
static inline void race_join(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid);
	must(WIFEXITED(status) && WEXITSTATUS(status) != RACE_EXIT_BROKEN);
}

static inline void race_start(void *memory, race_peer *const *peers, size_t peer_count)
{
	struct race_thread threads[RACE_PEERS_MAX];
	pid_t pids[RACE_PEERS_MAX];

	for (unsigned i = 0; i < peer_count; i++) {
		threads[i] = (struct race_thread){.peer = peers[i], .memory = memory, .index = i};
		if (race.is_processes)
			pids[i] = race_fork(peers[i], memory);
		else
			must(pthread_create(&threads[i].thread, NULL, race_thread_main,
			                    &threads[i]) == 0);
	}
	for (size_t i = 0; i < peer_count; i++) {
		if (race.is_processes)
			race_join(pids[i]);
		else
			must(pthread_join(threads[i].thread, NULL) == 0);
	}
}

/* Runs the peers, two to four functions, each as a thread or process, to their ends. */
#define race_peers(memory, ...)                                                                    \
	race_start((memory), (race_peer *const[]){__VA_ARGS__},                                    \
	           sizeof((race_peer *const[]){__VA_ARGS__}) / sizeof(race_peer *))

/* Says that an outcome was seen so often; an outcome is one word. */
static inline void race_outcome(const char *word, long count)
{
	if (count > 0)
		printf("outcome %s %ld\n", word, count);
}

/* What main() returns. */
static inline int race_end(void)
{
	return fflush(stdout) == 0 ? 0 : RACE_EXIT_BROKEN;
}

#endif
