/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/start.c - attaches a process to its session.
 *
 * Runs before any constructor. A program that is started without the launcher
 * makes a session of its own, which its children share.
 */
#include "suites/racecheck/runtime/runtime.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "suites/racecheck/runtime/process.h"

struct session *session;
bool is_scheduled;
bool is_watching;
uint8_t edges_off[EDGE_COUNT];
_Atomic uint32_t *mmu_table;
static any_function real_table[EDGE_COUNT];
static _Atomic uint32_t start_state; /* 0, 1: under way, 2: done */
static uint32_t root_pid;            /* of a session without a launcher */
static long root_fd;
static char **first_environment; /* before libc has read it */

static const char *const edge_names[EDGE_COUNT] = {
	"none",
#define EDGE(name) #name,
#include "suites/racecheck/edges.def"
};

any_function real_find(enum edge edge)
{
	any_function found = __atomic_load_n(&real_table[edge], __ATOMIC_ACQUIRE);
	void *symbol;

	if (LIKELY(found))
		return found;
	self.busy++;
	symbol = dlsym(RTLD_NEXT, edge_names[edge]);
	self.busy--;
	if (!symbol) {
		static const char message[] =
			"racecheck: a function of libc or liburing that the program calls is in "
			"no shared library (is it linked statically?)\n";

		sys_call3(SYS_write, 2, message, sizeof(message) - 1);
		sys_call1(SYS_exit_group, EXIT_NO_VERDICT);
	}
	memcpy(&found, &symbol, sizeof(found));
	__atomic_store_n(&real_table[edge], found, __ATOMIC_RELEASE);
	return found;
}

void no_verdict(const char *format, ...)
{
	uint32_t none = 0;
	va_list arguments;

	if (!atomic_compare_exchange_strong(&session->has_cause, &none, 1))
		return;
	va_start(arguments, format);
	vsnprintf(session->cause, sizeof(session->cause), format, arguments);
	va_end(arguments);
	atomic_store(&session->has_cause, 2);
}

static void *map(size_t bytes, int flags, int fd)
{
	long at = sys_call6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE,
	                    fd, 0);

	if (at < 0 && at > -4096) {
		static const char message[] =
			"racecheck: cannot reserve address space for shadow memory "
			"(is there a limit on virtual memory?)\n";

		sys_call3(SYS_write, 2, message, sizeof(message) - 1);
		sys_call1(SYS_exit_group, EXIT_NO_VERDICT);
	}
	return (void *)at;
}

static const char *session_path(void)
{
	size_t bytes = sizeof(SESSION_ENV) - 1;

	for (char **at = first_environment; at && *at; at++) {
		if (strncmp(*at, SESSION_ENV, bytes) == 0 && (*at)[bytes] == '=')
			return *at + bytes + 1;
	}
	return first_environment ? NULL : getenv(SESSION_ENV);
}

/* Opens the session that the environment names, or makes one. */
static void session_open(void)
{
	const char *path = session_path();
	long fd = -1;
	long high;

	if (path) {
		fd = sys_call3(SYS_open, path, 02000002, 0);
		if (fd >= 0) {
			session = map(SESSION_BYTES, MAP_SHARED, (int)fd);
			sys_call1(SYS_close, fd);
			if (atomic_load(&session->abi) == SESSION_ABI)
				return;
			atomic_store(&session->is_mismatch, 1);
			sys_call2(SYS_munmap, session, SESSION_BYTES);
		}
	}
	fd = sys_call2(SYS_memfd_create, "racecheck", 0);
	sys_call2(SYS_ftruncate, fd, SESSION_BYTES);
	session = map(SESSION_BYTES, MAP_SHARED, (int)fd);
	/* Out of the way of programs that count on the lowest numbers. */
	high = sys_call3(SYS_fcntl, fd, 0 /* F_DUPFD */, 900);
	if (high >= 0) {
		sys_call1(SYS_close, fd);
		fd = high;
	}
	root_pid = (uint32_t)sys_call1(SYS_getpid, 0);
	root_fd = fd;
	session->first_epoch = 1;
	atomic_store(&session->abi, SESSION_ABI);
}

static void switch_off_edges(void)
{
	char names[CAUSE_BYTES];
	char *at = names;

	memcpy(names, session->switched_off, sizeof(names));
	names[CAUSE_BYTES - 1] = '\0';
	while (*at) {
		size_t bytes = strcspn(at, ",");

		for (uint32_t edge = 1; edge < EDGE_COUNT; edge++) {
			if (strlen(edge_names[edge]) == bytes &&
			    memcmp(edge_names[edge], at, bytes) == 0)
				edges_off[edge] = 1;
		}
		at += bytes;
		at += *at == ',';
	}
}

static void at_exit(void)
{
	if (self.context && !self.busy)
		stdio_ending(); /* last of what was registered for exit(), as libc's own */
	process_ending();
	if (root_pid == 0 || (uint32_t)sys_call1(SYS_getpid, 0) != root_pid)
		return;
	if (session->report_count > 0) {
		fprintf(stderr,
		        "racecheck: %u data races; start the program with `racecheck run` to see "
		        "them\n",
		        session->report_count);
		fflush(stdout);
		sys_call1(SYS_exit_group, EXIT_RACE);
	}
}

void runtime_start(void)
{
	uint32_t none = 0;
	char *base;

	if (atomic_load(&start_state) == 2)
		return;
	if (!atomic_compare_exchange_strong(&start_state, &none, 1))
		return; /* called by itself: the caller goes on without the runtime */
	self.busy++;
	session_open();
	arena_lay(&arenas[ARENA_SHARED], (char *)session + SESSION_HEAD_BYTES);
	base = map(ARENA_BYTES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	arena_lay(&arenas[ARENA_PRIVATE], base);
	mmu_table = map((1ull << 35) * 4, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	/* A child has a copy of the memory but nobody to race with: it starts empty. */
	sys_call3(SYS_madvise, base, ARENA_BYTES, MADV_WIPEONFORK);
	sys_call3(SYS_madvise, mmu_table, (1ull << 35) * 4, MADV_WIPEONFORK);
	sys_call3(SYS_madvise, session, SESSION_BYTES, MADV_DONTDUMP);
	sys_call3(SYS_madvise, base, ARENA_BYTES, MADV_DONTDUMP);
	sys_call3(SYS_madvise, mmu_table, (1ull << 35) * 4, MADV_DONTDUMP);
	is_watching = session->is_watching;
	is_scheduled = session->schedule.mode != SCHEDULE_OFF;
	switch_off_edges();
	shadow_register();
	context_attach();
	atexit(at_exit);
	self.busy--;
	atomic_store(&start_state, 2);
	if (is_scheduled && self.context)
		schedule_start();
}

bool runtime_enter_slow(void)
{
	struct thread *t = &self;
	uint64_t known[CONTEXT_MAX] = {0};
	uint32_t slot;

	if (t->busy || t->is_exhausted)
		return false;
	runtime_start();
	if (atomic_load(&start_state) != 2)
		return false;
	if (t->context)
		return true;
	/*
	 * A thread that was made out of sight, by a library. Unless it brings a
	 * notification, who made it is not known, so it comes after everything its
	 * process did so far.
	 */
	t->busy++;
	atomic_fetch_add(&other_threads, 1);
	atomic_fetch_add(&tlb_generation, 1);
	for (slot = 0; slot < context_count(); slot++) {
		if (!t->is_notified &&
		    session->context[slot].pid == (uint32_t)sys_call1(SYS_getpid, 0))
			clock_join(known, session->context[slot].clock, CONTEXT_MAX);
	}
	slot = context_create(known, (uint32_t)sys_call1(SYS_getpid, 0),
	                      (uint32_t)sys_call1(SYS_gettid, 0));
	if (slot == CONTEXT_MAX)
		t->is_exhausted = true;
	else
		context_adopt(slot);
	t->busy--;
	if (t->context)
		t->context->is_detached = 1;
	return t->context != NULL;
}

EXPORT void __tsan_init(void);
EXPORT void __tsan_init(void)
{
	runtime_start();
}

/* Tells programs that are executed later of a session without a launcher. */
__attribute__((constructor(101))) static void announce(void)
{
	char name[64];

	if (root_pid == 0)
		return;
	snprintf(name, sizeof(name), "/proc/%u/fd/%ld", root_pid, root_fd);
	setenv(SESSION_ENV, name, 1);
}

static void start_early(int count, char **arguments, char **environment)
{
	(void)count;
	(void)arguments;
	first_environment = environment;
	runtime_start();
}

__attribute__((section(".preinit_array"),
               used)) static void (*const preinit)(int, char **, char **) = start_early;
