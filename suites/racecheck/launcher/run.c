/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/launcher/run.c - `racecheck run`: a program in a session.
 *
 * The launcher is the reaper of all that the program starts, so that it can
 * wait for the whole tree and end what is left over. The session is a memory
 * file that lives as long as the launcher.
 */
#include "suites/racecheck/launcher/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	STEP_MS = 2,         /* between two looks at a program that runs */
	STRAGGLER_MS = 2000, /* for what the program left running */
	STUCK_MS = 10000,    /* without a step under the scheduler */
};

static volatile sig_atomic_t caught;

static void catch (int number)
{
	caught = number;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
	struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&pause, NULL);
}

static void set_cause(struct session *session, const char *format, const char *detail)
{
	if (session->has_cause)
		return;
	snprintf(session->cause, sizeof(session->cause), format, detail);
	atomic_store(&session->has_cause, 2);
}

/* Names the calls that contexts are stuck in, for a cause. */
static void name_calls(const struct session *session, char *text, size_t bytes, bool is_deadlock)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t slot = 0; slot < session->context_count && used < bytes; slot++) {
		const struct context *context = &session->context[slot];
		uint32_t edge =
			is_deadlock ? session->schedule.deadlock_edge[slot] : context->calling;

		if (edge == 0 || edge >= EDGE_COUNT || context->state != CONTEXT_LIVE)
			continue;
		used += (size_t)snprintf(text + used, bytes - used, "%sthread %u in %s",
		                         used ? ", " : "", context->tid, edge_name(edge));
	}
	if (used == 0)
		snprintf(text, bytes, "no call that is covered");
}

static void session_reset(struct session *session, const struct run_options *options)
{
	struct schedule *schedule = &session->schedule;

	session->launcher_pid = (uint32_t)getpid();
	session->first_epoch = options->first_epoch != 0 ? options->first_epoch : 1;
	session->is_watching = options->is_watching;
	session->watch_every = options->watch_every;
	session->watch_us = 200;
	if (getrandom(&session->delay_order, sizeof(session->delay_order), GRND_NONBLOCK) < 0)
		session->delay_order = (uint32_t)now_ms();
	session->has_no_delays = options->has_no_delays;
	if (options->switched_off)
		snprintf(session->switched_off, sizeof(session->switched_off), "%s",
		         options->switched_off);
	schedule->mode = options->exhaustive != 0 ? SCHEDULE_LISTED
	                 : options->has_seed      ? SCHEDULE_PCT
	                                          : SCHEDULE_OFF;
	schedule->weak = options->weak;
	schedule->seed = options->seed;
	schedule->depth = options->depth;
	schedule->random = options->seed * 0x9e3779b97f4a7c15ull + 1;
	schedule->digest = 0xcbf29ce484222325ull;
	for (uint32_t i = 0; i + 1 < options->depth && i < PREEMPTION_MAX; i++) {
		uint64_t x =
			(options->seed + 1) * 0xc2b2ae3d27d4eb4full + i * 0x9e3779b97f4a7c15ull;

		x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
		schedule->change[i] = 1 + (x ^ x >> 31) % options->steps;
		schedule->change_count = i + 1;
	}
	atomic_store(&session->abi, SESSION_ABI);
}

/* The child's side: becomes the program, or says why not through the pipe. */
_Noreturn static void become(const struct run_options *options, int failure_fd)
{
	int error;

	/* Reports have standard output for themselves: a log is one document. */
	if (options->format != FORMAT_TEXT && !options->output)
		dup2(STDERR_FILENO, STDOUT_FILENO);
	execvp(options->program[0], options->program);
	error = errno;
	if (write(failure_fd, &error, sizeof(error)) != sizeof(error))
		abort();
	_exit(EXIT_NO_VERDICT);
}

/* Returns the program's process, or -errno. */
static pid_t start(int session_fd, const struct run_options *options)
{
	char path[64];
	int failure[2];
	int error;
	ssize_t bytes;
	pid_t pid;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), session_fd);
	if (setenv(SESSION_ENV, path, 1) < 0 || pipe2(failure, O_CLOEXEC) < 0)
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(options, failure[1]);
	error = errno;
	close(failure[1]);
	if (pid < 0) {
		close(failure[0]);
		return -error;
	}
	/* It ends when the program is loaded, which closes the other end. */
	do {
		bytes = read(failure[0], &error, sizeof(error));
	} while (bytes < 0 && errno == EINTR);
	close(failure[0]);
	if (bytes != sizeof(error))
		return pid;
	waitpid(pid, NULL, 0);
	return -error;
}

/* Kills our children, those of dead ones included. Returns their number. */
static unsigned kill_children(void)
{
	unsigned count = 0;
	char path[64];
	char text[4096];
	ssize_t bytes = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)getpid(), (int)getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		bytes = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[bytes > 0 ? bytes : 0] = '\0';
	for (char *at = text; *at; at += strspn(at, " \n")) {
		long pid = strtol(at, &at, 10);

		count++;
		if (pid > 1)
			kill((pid_t)pid, SIGKILL);
	}
	return count;
}

/* Ends all that the program left running. Returns how many there were at first. */
static unsigned kill_tree(void)
{
	unsigned count = kill_children();
	unsigned left = count;

	/* Whatever a killed one leaves becomes a child of ours in turn. */
	for (int i = 0; left > 0 && i < 1000; i++) {
		while (waitpid(-1, NULL, WNOHANG) > 0) {
		}
		pause_ms(1);
		left = kill_children();
	}
	return count;
}

/* Looks for reasons to stop. Returns true if the run is over without an end of its own. */
static bool is_stuck(struct session *session, const struct run_options *options, uint64_t begun,
                     uint64_t *beat, uint64_t *beat_ms)
{
	uint64_t now = now_ms();
	char calls[160];

	if (session->schedule.is_deadlock) {
		name_calls(session, calls, sizeof(calls), true);
		set_cause(session, "deadlock: %s", calls);
		return true;
	}
	if (session->schedule.beat != *beat) {
		*beat = session->schedule.beat;
		*beat_ms = now;
	}
	if (session->schedule.mode != SCHEDULE_OFF && now - *beat_ms > STUCK_MS) {
		name_calls(session, calls, sizeof(calls), false);
		set_cause(session, "watchdog: no step for 10 s: %s", calls);
		return true;
	}
	if (options->timeout_s != 0 && now - begun > (uint64_t)options->timeout_s * 1000) {
		name_calls(session, calls, sizeof(calls), false);
		set_cause(session, "watchdog: time limit passed: %s", calls);
		return true;
	}
	if (caught != 0)
		set_cause(session, "interrupted by signal SIG%s", sigabbrev_np(caught));
	return caught != 0;
}

int run_once(struct session *session, int session_fd, const struct run_options *options,
             struct run_result *out)
{
	uint64_t begun = now_ms();
	uint64_t beat = 0;
	uint64_t beat_ms = begun;
	uint64_t ended = 0;
	bool is_over = false;
	pid_t pid;

	session_reset(session, options);
	pid = start(session_fd, options);
	if (pid < 0)
		return pid;
	while (!is_over) {
		int status;
		pid_t found = waitpid(-1, &status, WNOHANG);

		if (found == pid) {
			out->status = status;
			ended = now_ms();
		} else if (found < 0 && errno == ECHILD) {
			break;
		} else if (found <= 0) {
			pause_ms(ended != 0 || now_ms() - begun > 50 ? STEP_MS : 1);
			is_over = ended != 0 ? now_ms() - ended > STRAGGLER_MS
			                     : is_stuck(session, options, begun, &beat, &beat_ms);
		}
	}
	out->straggler_count = kill_tree();
	return 0;
}

/* Says why the run gives no verdict on the races it did not show; null if it gives one. */
static const char *find_cause(struct session *session)
{
	if (session->is_mismatch)
		set_cause(session, "%s", "a program was linked by another version of racecheck");
	if (session->callbacks == 0)
		set_cause(session, "%s",
		          session->process_count == 0
		                  ? "the program was not linked by `racecheck cc`"
		                  : "no instrumented access was seen: compile with "
		                    "`racecheck cc`, too");
	return session->has_cause ? session->cause : NULL;
}

static int shell_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Writes the reports where they belong. Returns the exit status. */
static int finish(struct session *session, const struct run_options *options,
                  const struct run_result *result)
{
	FILE *out = options->format == FORMAT_TEXT ? stderr : stdout;
	int status;

	if (result->straggler_count > 0)
		fprintf(stderr,
		        "racecheck: %u processes outlived the program by 2 s, and were ended\n",
		        result->straggler_count);
	if (options->output)
		out = fopen(options->output, "we");
	if (!out) {
		fprintf(stderr, "racecheck: cannot write %s: %s\n", options->output,
		        strerror(errno));
		return EXIT_NO_VERDICT;
	}
	if (symbols_load(session) < 0)
		fprintf(stderr, "racecheck: no memory to look lines up\n");
	status = report_write(session, options->format, find_cause(session),
	                      shell_status(result->status), out);
	symbols_release();
	if (fflush(out) != 0 || ferror(out)) {
		fprintf(stderr, "racecheck: the reports could not be written: %s\n",
		        strerror(errno));
		status = EXIT_NO_VERDICT;
	}
	if (options->output)
		fclose(out);
	return status;
}

/* Makes the session's memory file and maps its head and the arena's. Returns its descriptor, or
 * -errno. */
static int session_make(struct session **out)
{
	int fd = memfd_create("racecheck", MFD_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, SESSION_BYTES) < 0)
		goto close_fd;
	*out = mmap(NULL, SESSION_HEAD_BYTES + ARENA_HEAD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
	            fd, 0);
	if (*out != MAP_FAILED)
		return fd;
close_fd:
	ret = -errno;
	close(fd);
	return ret;
}

int run_main(int argc, char **argv)
{
	struct run_options options = {
		.depth = 3, .steps = 100, .watch_every = 500, .timeout_s = 600};
	struct sigaction action = {.sa_handler = catch};
	struct run_result result = {0};
	struct session *session;
	int fd;
	int ret;

	options_parse(argc, argv, &options);
	fd = session_make(&session);
	if (fd < 0) {
		fprintf(stderr, "racecheck: no verdict: cannot make a session: %s\n",
		        strerror(-fd));
		return EXIT_NO_VERDICT;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	ret = options.exhaustive != 0 ? search_run(session, fd, &options, &result)
	                              : run_once(session, fd, &options, &result);
	if (ret < 0) {
		fprintf(stderr, "racecheck: no verdict: cannot run %s: %s\n", options.program[0],
		        strerror(-ret));
		return EXIT_NO_VERDICT;
	}
	return finish(session, &options, &result);
}
