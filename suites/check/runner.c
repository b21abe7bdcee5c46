/* SPDX-License-Identifier: MIT */
/* suites/check/runner.c - runs the cases of a suite, each in a process of its own. */
#include "suites/check/runner.h"

#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suites/check/snapshot.h"

#define WATCH_EVERY_NS (50 * NS_PER_MS)
#define SETTLE_NS (NS_PER_S / 2)
/* Under a sanitizer everything takes so much longer. */
#define SANITIZER_FACTOR 4

static const struct {
	enum ipc_wait wait;
	uint32_t needs;
	const char *name;
} waits[] = {
	{IPC_WAIT_BLOCK, IPC_CAP_BLOCK, "block"},
	{IPC_WAIT_SPIN, IPC_CAP_SPIN, "spin"},
	{IPC_WAIT_HYBRID, IPC_CAP_BLOCK | IPC_CAP_SPIN, "hybrid"},
};

enum { WAIT_COUNT = sizeof(waits) / sizeof(waits[0]) };

/* The words that a case may need, as printed where they are absent. */
static const char *const cap_names[] = {
	"NOWAIT",    "BLOCK",          "SPIN",           "EMPTY",     "PRIORITY",
	"ZERO_COPY", "MULTI_PRODUCER", "MULTI_CONSUMER", "BROADCAST", "HANGUP",
	"SURVIVES",  "SHARED_MEMORY",  "DISTRUSTS_PEER", "THREADS",   "MESSAGE",
};

struct check_settings check_settings_make(bool is_full, uint64_t seed)
{
	const uint64_t factor = IS_THREAD_SANITIZED || IS_ADDRESS_SANITIZED ? SANITIZER_FACTOR : 1;

	return (struct check_settings){
		.is_full = is_full,
		.seed = seed,
		.patience_ns = factor * 5 * NS_PER_S,
		.overdue_ns = factor * 3 * NS_PER_S,
		.limit_ns = is_full ? 4 * 3600 * NS_PER_S : factor * 20 * NS_PER_S,
	};
}

static int runs_append(struct runs *runs, const struct run *run)
{
	if (runs->count == runs->capacity) {
		size_t capacity = 2 * runs->capacity + 64;
		struct run *items = realloc(runs->items, capacity * sizeof(*items));

		if (!items)
			return -ENOMEM;
		runs->items = items;
		runs->capacity = capacity;
	}
	runs->items[runs->count++] = *run;
	return 0;
}

void runs_release(struct runs *runs)
{
	free(runs->items);
	*runs = (struct runs){0};
}

/* Says which word or shape is absent that the case needs; null if none. */
static const char *not_promised(const struct check_case *subject,
                                const struct ipc_transport *transport)
{
	uint32_t absent = subject->needs & ~transport->caps;

	for (size_t i = 0; i < sizeof(cap_names) / sizeof(cap_names[0]); i++) {
		if (absent & 1u << i)
			return cap_names[i];
	}
	if (transport->caps & IPC_CAP_ONE_PEER && !(subject->runs & (ALONE | ALONE_TOO)))
		return "a second peer";
	if (transport->caps & IPC_CAP_ONE_PROCESS && subject->runs & IN_PROCESSES)
		return "peers as processes";
	if (!(transport->caps & (IPC_CAP_THREADS | IPC_CAP_ONE_PEER)) && subject->runs & ALONE)
		return "THREADS";
	return NULL;
}

/* Says whether peers of this transport, in this build, run as model. */
static bool has_model(const struct ipc_transport *transport, enum check_model model)
{
	if (model == MODEL_THREADS)
		return transport->caps & IPC_CAP_THREADS &&
		       (!IS_ADDRESS_SANITIZED || transport->caps & IPC_CAP_ONE_PROCESS);
	/* Across processes the thread sanitizer sees nothing (C33). */
	return !(transport->caps & IPC_CAP_ONE_PROCESS) &&
	       !(IS_THREAD_SANITIZED && transport->caps & IPC_CAP_THREADS);
}

static int runs_add_model(struct runs *runs, struct run *run, size_t wait, const char *pattern)
{
	static const char *const models[] = {"processes", "threads"};
	const unsigned varies = run->subject->runs;

	snprintf(run->name, sizeof(run->name), "%s%s%s%s%s", run->subject->name,
	         varies & EACH_WAIT ? "." : "", varies & EACH_WAIT ? waits[wait].name : "",
	         varies & EACH_MODEL ? "." : "", varies & EACH_MODEL ? models[run->model] : "");
	if (pattern && fnmatch(pattern, run->name, 0) != 0)
		return 0;
	return runs_append(runs, run);
}

static int runs_add_wait(struct runs *runs, struct run *run, size_t wait, const char *pattern)
{
	const unsigned varies = run->subject->runs;
	int ret = 0;

	run->wait = waits[wait].wait;
	if (varies & IN_PROCESSES || !(varies & EACH_MODEL)) {
		run->model = varies & IN_PROCESSES || !(run->transport->caps & IPC_CAP_ONE_PROCESS)
		                     ? MODEL_PROCESSES
		                     : MODEL_THREADS;
		return runs_add_model(runs, run, wait, pattern);
	}
	for (run->model = MODEL_PROCESSES; ret == 0 && run->model <= MODEL_THREADS; run->model++) {
		if (has_model(run->transport, run->model))
			ret = runs_add_model(runs, run, wait, pattern);
	}
	return ret;
}

static int runs_add_case(struct runs *runs, const struct check_case *subject,
                         const struct ipc_transport *transport,
                         const struct check_settings *settings, const char *pattern)
{
	const char *absent = not_promised(subject, transport);
	struct run run = {
		.subject = subject,
		.transport = transport,
		.settings = settings,
	};
	int ret = 0;

	if (subject->lacks & transport->caps)
		return 0;
	if (absent) {
		snprintf(run.name, sizeof(run.name), "%s", subject->name);
		snprintf(run.text, sizeof(run.text), "%s is absent", absent);
		run.verdict = VERDICT_NOT_PROMISED;
		if (pattern && fnmatch(pattern, run.name, 0) != 0)
			return 0;
		return runs_append(runs, &run);
	}
	for (size_t wait = 0; ret == 0 && wait < WAIT_COUNT; wait++) {
		if (waits[wait].needs & ~transport->caps)
			continue;
		ret = runs_add_wait(runs, &run, wait, pattern);
		if (!(subject->runs & EACH_WAIT))
			break;
	}
	return ret;
}

int runs_add(struct runs *runs, const struct check_case *cases,
             const struct ipc_transport *transport, const struct check_settings *settings,
             const char *pattern)
{
	int ret = 0;

	for (; ret == 0 && cases->name; cases++)
		ret = runs_add_case(runs, cases, transport, settings, pattern);
	return ret;
}

/* Returns the case's first clause. */
static void clause_of(const struct check_case *subject, char clause[CLAUSE_BYTES])
{
	snprintf(clause, CLAUSE_BYTES, "%.*s", (int)strcspn(subject->clauses, " "),
	         subject->clauses);
}

static void run_decide(struct run *run, enum verdict verdict, const char *clause, const char *text)
{
	run->verdict = verdict;
	if (clause && clause[0])
		snprintf(run->clause, sizeof(run->clause), "%s", clause);
	else
		clause_of(run->subject, run->clause);
	snprintf(run->text, sizeof(run->text), "%s", text);
}

static void *end_at_once(void *argument)
{
	return argument;
}

/* The thread sanitizer starts a thread of its own beside the first one after a fork. */
static void start_sanitizer_thread(void)
{
	pthread_t thread;

	if (IS_THREAD_SANITIZED && pthread_create(&thread, NULL, end_at_once, NULL) == 0)
		pthread_join(thread, NULL);
}

/* The case's own actor: runs it, cleans up, looks for what is left. */
static void case_run(struct check *check)
{
	struct report *report = &check->board->reports[0];
	struct snapshot before;
	struct actor actor;
	char left[TEXT_BYTES - 64];
	bool is_clean;

	actor_init(&actor, check, 0);
	atomic_store(&report->pid, getpid());
	atomic_store(&report->tid, gettid());
	actor_become(&actor);
	start_sanitizer_thread();
	if (snapshot_take(&before) < 0)
		report_write(report, VERDICT_BROKEN, NULL, "can't list what this process holds");
	if (setjmp(actor.out) == 0) {
		check->subject->run(check);
		peers_await(check);
	}
	actor_become(NULL);
	is_clean = check_clean_up(check);
	/* After a failure what is left is a consequence. */
	if (is_clean && atomic_load(&report->verdict) == VERDICT_NONE) {
		size_t count = snapshot_settle(&before, SETTLE_NS, left, sizeof(left));

		if (count > 0)
			report_write(report, VERDICT_FAILED, "C26", "%zu left behind: %s", count,
			             left);
	}
	snapshot_release(&before);
	report_write(report, VERDICT_PASSED, NULL, "%s", "");
}

/* CMocka handles these in the parent; here it would run the parent's tests again. */
static void restore_signals(void)
{
	static const int numbers[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS, SIGABRT};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct sigaction standard = {.sa_handler = SIG_DFL};

		sigaction(numbers[i], &standard, NULL);
	}
}

static _Noreturn void case_process(struct check *check, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1); /* The parent died before the line above. */
	restore_signals();
	case_run(check);
	/* exit(), not _exit(): a sanitizer reports then. */
	exit(0);
}

/* Blames an actor whose call lasts too long. Returns false if none does. */
static bool is_overdue(struct run *run, const struct board *board)
{
	uint64_t now_ns = clock_now_ns();

	for (size_t i = 0; i <= PEERS_MAX; i++) {
		const struct report *report = &board->reports[i];
		uint64_t start_ns = atomic_load(&report->call_start_ns);
		uint64_t deadline_ns = atomic_load(&report->call_deadline_ns);
		uint64_t due_ns = deadline_ns > start_ns ? deadline_ns : start_ns;
		enum call call = atomic_load(&report->call);
		char text[TEXT_BYTES];

		if (call == CALL_NONE || atomic_load(&report->is_absent) || now_ns < due_ns ||
		    now_ns - due_ns < run->settings->overdue_ns)
			continue;
		snprintf(text, sizeof(text), "actor %zu's %s has not returned %llu ms after %s", i,
		         call == CALL_SEND ? "send" : "recv",
		         (unsigned long long)((now_ns - due_ns) / NS_PER_MS),
		         deadline_ns == 0 ? "it was called with a deadline of 0" : "its deadline");
		run_decide(run, VERDICT_FAILED,
		           deadline_ns == 0                       ? "C11"
		           : strstr(run->subject->clauses, "C19") ? "C19"
		                                                  : "C12",
		           text);
		return true;
	}
	return false;
}

/* Waits for the case process; kills its group if it or a call in it hangs. */
static bool watch(struct run *run, const struct board *board, pid_t pid, int *status)
{
	uint64_t limit_ns = from_now(run->settings->limit_ns);
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool hangs = false;

	while (fd >= 0 && !hangs) {
		struct pollfd end = {.fd = fd, .events = POLLIN};

		if (poll(&end, 1, (int)(WATCH_EVERY_NS / NS_PER_MS)) > 0)
			break;
		hangs = is_overdue(run, board);
		if (!hangs && clock_now_ns() > limit_ns) {
			char text[TEXT_BYTES];

			snprintf(text, sizeof(text), "the case has not ended after %llu s",
			         (unsigned long long)(run->settings->limit_ns / NS_PER_S));
			run_decide(run, VERDICT_FAILED, NULL, text);
			hangs = true;
		}
	}
	if (fd < 0)
		run_decide(run, VERDICT_BROKEN, NULL, "pidfd_open failed: no watchdog");
	else
		close(fd);
	if (hangs || fd < 0)
		kill(-pid, SIGKILL);
	waitpid(pid, status, 0);
	return !hangs && fd >= 0;
}

/* Kills and reaps what the case process orphaned: this process is their subreaper. */
static size_t reap_orphans(pid_t group)
{
	size_t count = 0;

	kill(-group, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		count++;
	return count;
}

/*
 * Returns the report of what went wrong first: a peer that fails leaves others
 * who then fail because of it.
 */
static const struct report *first_to_fail(const struct board *board)
{
	const struct report *first = &board->reports[0];

	for (size_t i = 1; i <= PEERS_MAX; i++) {
		const struct report *report = &board->reports[i];
		/* Acquire: pairs with the release in report_vwrite(). */
		enum verdict verdict = atomic_load_explicit(&report->verdict, memory_order_acquire);

		if ((verdict == VERDICT_FAILED || verdict == VERDICT_BROKEN) &&
		    atomic_load(&report->decided_ns) < atomic_load(&first->decided_ns))
			first = report;
	}
	return first;
}

/* Draws the verdict from the case's report and from how its process ended. */
static void conclude(struct run *run, const struct board *board, int status)
{
	const struct report *report = &board->reports[0];
	/* Acquire: pairs with the release in report_vwrite(). */
	enum verdict verdict = atomic_load_explicit(&report->verdict, memory_order_acquire);
	char text[TEXT_BYTES];

	if (verdict == VERDICT_NONE) {
		if (WIFSIGNALED(status))
			snprintf(text, sizeof(text),
			         "the case process was killed by signal %d (%s)", WTERMSIG(status),
			         strsignal(WTERMSIG(status)));
		else
			snprintf(text, sizeof(text),
			         "the case process exited with status %d and no verdict",
			         WEXITSTATUS(status));
		run_decide(run, VERDICT_FAILED, NULL, text);
	} else if (verdict == VERDICT_PASSED && status != 0) {
		snprintf(text, sizeof(text),
		         "it passed, then exited with status %d: a sanitizer's report is above",
		         WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
		run_decide(run, VERDICT_FAILED, "C33", text);
	} else {
		if (verdict == VERDICT_FAILED || verdict == VERDICT_BROKEN)
			report = first_to_fail(board);
		run_decide(run, atomic_load(&report->verdict), report->clause, report->text);
	}
}

void run_execute(struct run *run)
{
	struct check check = {
		.subject = run->subject,
		.transport = run->transport,
		.settings = run->settings,
		.wait = run->wait,
		.model = run->model,
	};
	pid_t parent = getpid();
	int status = 0;
	size_t orphans;
	pid_t pid;

	check.board = mmap(NULL, sizeof(*check.board), PROT_READ | PROT_WRITE,
	                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (check.board == MAP_FAILED) {
		run_decide(run, VERDICT_BROKEN, NULL, "no memory for the board");
		return;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		case_process(&check, parent);
	}
	if (pid < 0) {
		run_decide(run, VERDICT_BROKEN, NULL, "fork failed");
	} else {
		setpgid(pid, pid); /* Whoever comes first. */
		if (watch(run, check.board, pid, &status))
			conclude(run, check.board, status);
		orphans = reap_orphans(pid);
		if (orphans > 0 && run->verdict == VERDICT_PASSED)
			run_decide(run, VERDICT_FAILED, "C26", "a process was left behind");
		snprintf(run->counts, sizeof(run->counts), "%s", check.board->reports[0].counts);
	}
	munmap(check.board, sizeof(*check.board));
}
