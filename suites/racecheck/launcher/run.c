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
#include <inttypes.h>
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

static const char *const edge_names[EDGE_COUNT] = {
	"nothing",
#define EDGE(name) #name,
#include "suites/racecheck/edges.def"
#undef EDGE
};

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
		                         used ? ", " : "", context->tid, edge_names[edge]);
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

static pid_t start(int session_fd, char **program)
{
	char path[64];
	pid_t pid;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), session_fd);
	setenv(SESSION_ENV, path, 1);
	fflush(NULL);
	pid = fork();
	if (pid != 0)
		return pid;
	execvp(program[0], program);
	fprintf(stderr, "racecheck: cannot run %s: %s\n", program[0], strerror(errno));
	_exit(127);
}

static void kill_tree(void)
{
	/* Whatever is left is a child of the reaper by now, or will be. */
	for (int i = 0; i < 1000; i++) {
		char path[64];
		char text[4096];
		ssize_t bytes = 0;
		char *at;
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)getpid(),
		         (int)getpid());
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			bytes = read(fd, text, sizeof(text) - 1);
			close(fd);
		}
		if (bytes <= 0)
			return;
		text[bytes] = '\0';
		for (at = text; *at;) {
			long pid = strtol(at, &at, 10);

			if (pid > 1)
				kill((pid_t)pid, SIGKILL);
			while (*at == ' ' || *at == '\n')
				at++;
		}
		while (waitpid(-1, NULL, WNOHANG) > 0) {
		}
		pause_ms(1);
	}
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
	return caught != 0;
}

int run_once(struct session *session, int session_fd, char **program,
             const struct run_options *options, struct run_result *out)
{
	uint64_t begun = now_ms();
	uint64_t beat = 0;
	uint64_t beat_ms = begun;
	uint64_t ended = 0;
	bool is_over = false;
	pid_t pid;

	session_reset(session, options);
	pid = start(session_fd, program);
	if (pid < 0)
		return -errno;
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
	out->is_timeout = ended == 0;
	kill_tree();
	return 0;
}

static int parse_number(const char *text, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoumax(text, &end, 10);
	return errno != 0 || end == text || *end != '\0' ? -EINVAL : 0;
}

static int parse_format(const char *text, enum report_format *out)
{
	static const char *const names[] = {"text", "jsonl", "sarif"};

	for (int i = 0; i < 3; i++) {
		if (strcmp(text, names[i]) == 0) {
			*out = (enum report_format)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Stores the value of one option. Returns 0, or -EINVAL. */
static int parse_option(struct run_options *options, const char *name, const char *value)
{
	uint64_t number = 0;
	bool is_number = parse_number(value, &number) == 0;

	if (strcmp(name, "--format") == 0)
		return parse_format(value, &options->format);
	if (strcmp(name, "--output") == 0) {
		options->output = value;
		return 0;
	}
	if (strcmp(name, "--switch-off") == 0) {
		options->switched_off = value;
		return 0;
	}
	if (strcmp(name, "--weak") == 0) {
		options->weak = strcmp(value, "tso") == 0   ? WEAK_TSO
		                : strcmp(value, "pso") == 0 ? WEAK_PSO
		                                            : WEAK_NONE;
		return options->weak != WEAK_NONE ? 0 : -EINVAL;
	}
	if (!is_number)
		return -EINVAL;
	if (strcmp(name, "--seed") == 0) {
		options->seed = number;
		options->has_seed = true;
	} else if (strcmp(name, "--depth") == 0 && number >= 1 && number <= PREEMPTION_MAX) {
		options->depth = (uint32_t)number;
	} else if (strcmp(name, "--steps") == 0 && number >= 1) {
		options->steps = (uint32_t)number;
	} else if (strcmp(name, "--exhaustive") == 0 && number >= 1) {
		options->exhaustive = (uint32_t)number;
	} else if (strcmp(name, "--watch-every") == 0 && number >= 1) {
		options->watch_every = (uint32_t)number;
	} else if (strcmp(name, "--timeout") == 0) {
		options->timeout_s = (uint32_t)number;
	} else if (strcmp(name, "--first-epoch") == 0 && number >= 1) {
		options->first_epoch = number;
	} else {
		return -EINVAL;
	}
	return 0;
}

/* Returns the number of arguments used, or -EINVAL. */
static int parse_options(int argc, char **argv, struct run_options *options)
{
	int at = 0;

	while (at < argc && argv[at][0] == '-') {
		char name[32];
		const char *equals = strchr(argv[at], '=');
		size_t bytes = equals ? (size_t)(equals - argv[at]) : strlen(argv[at]);

		if (strcmp(argv[at], "--") == 0)
			return at + 1;
		if (strcmp(argv[at], "--watch") == 0 || strcmp(argv[at], "--no-delays") == 0) {
			options->is_watching |= strcmp(argv[at], "--watch") == 0;
			options->has_no_delays |= strcmp(argv[at], "--no-delays") == 0;
			at++;
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)(bytes < 31 ? bytes : 31), argv[at]);
		if ((!equals && at + 1 >= argc) ||
		    parse_option(options, name, equals ? equals + 1 : argv[at + 1]) < 0) {
			fprintf(stderr, "racecheck: bad option or value: %s\n", argv[at]);
			return -EINVAL;
		}
		at += equals ? 1 : 2;
	}
	return at;
}

static int finish(struct session *session, const struct run_options *options,
                  const struct run_result *result)
{
	const char *cause = NULL;
	FILE *out = options->format == FORMAT_TEXT ? stderr : stdout;
	uint32_t races;

	if (session->is_mismatch)
		set_cause(session, "%s", "a program was linked by another version of racecheck");
	if (session->callbacks == 0)
		set_cause(session, "%s",
		          session->process_count == 0
		                  ? "the program was not linked by `racecheck cc`"
		                  : "no instrumented access was seen (built without `racecheck "
		                    "cc`?)");
	if (session->has_cause)
		cause = session->cause;
	symbols_load(session);
	if (options->output) {
		out = fopen(options->output, "we");
		if (!out) {
			fprintf(stderr, "racecheck: cannot write %s: %s\n", options->output,
			        strerror(errno));
			return EXIT_NO_VERDICT;
		}
	}
	races = report_write(session, options->format, cause, out);
	if (fflush(out) != 0 || ferror(out))
		fprintf(stderr, "racecheck: reports could not be written: %s\n", strerror(errno));
	if (out != stdout && out != stderr)
		fclose(out);
	symbols_release();
	if (races > 0)
		return EXIT_RACE;
	if (cause)
		return EXIT_NO_VERDICT;
	return WIFEXITED(result->status) ? WEXITSTATUS(result->status)
	                                 : 128 + WTERMSIG(result->status);
}

int run_main(int argc, char **argv)
{
	struct run_options options = {
		.depth = 3, .steps = 100, .watch_every = 500, .timeout_s = 600};
	struct sigaction action = {.sa_handler = catch};
	struct run_result result = {0};
	struct session *session;
	uint32_t schedules = 0;
	int used = parse_options(argc, argv, &options);
	int fd;
	int ret;

	if (used < 0 || used == argc) {
		if (used == argc)
			fputs("usage: racecheck run [OPTIONS] PROGRAM ARGS...\n", stderr);
		return EXIT_USAGE;
	}
	fd = memfd_create("racecheck", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, SESSION_BYTES) < 0) {
		fprintf(stderr, "racecheck: cannot make a session: %s\n", strerror(errno));
		return EXIT_NO_VERDICT;
	}
	session = mmap(NULL, SESSION_HEAD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (session == MAP_FAILED) {
		fprintf(stderr, "racecheck: cannot map a session: %s\n", strerror(errno));
		return EXIT_NO_VERDICT;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	ret = options.exhaustive != 0
	              ? search_run(session, fd, argv + used, &options, &result, &schedules)
	              : run_once(session, fd, argv + used, &options, &result);
	if (ret < 0) {
		fprintf(stderr, "racecheck: cannot run %s: %s\n", argv[used], strerror(-ret));
		return EXIT_NO_VERDICT;
	}
	return finish(session, &options, &result);
}
