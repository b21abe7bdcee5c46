/* SPDX-License-Identifier: MIT */
/* suites/bench/arm_process.c - starts an arm of a comparison and tells it what to do. */
#include "suites/bench/arm_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/clock.h"

#define HELLO_NS (10 * NS_PER_S)
#define GOODBYE_MS 2000
#define ARM_FD 3
#define PADDING_NAME "IPCBENCH_PADDING="

extern char **environ;

__attribute__((format(printf, 3, 4))) static int fail(struct arm *arm, int error,
                                                      const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(arm->why, sizeof(arm->why), format, arguments);
	va_end(arguments);
	return error;
}

/* Copies the environment and adds padding to it. Returns null without memory; for free(). */
static char **pad_environment(size_t padding_bytes)
{
	size_t count = 0;
	size_t used = 0;
	char **padded;
	char *padding;

	while (environ[count])
		count++;
	padded = malloc((count + 2) * sizeof(*padded) + sizeof(PADDING_NAME) + padding_bytes);
	if (!padded)
		return NULL;
	padding = (char *)(padded + count + 2);
	memcpy(padding, PADDING_NAME, sizeof(PADDING_NAME) - 1);
	memset(padding + sizeof(PADDING_NAME) - 1, 'x', padding_bytes);
	padding[sizeof(PADDING_NAME) - 1 + padding_bytes] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (strncmp(environ[i], PADDING_NAME, sizeof(PADDING_NAME) - 1) != 0)
			padded[used++] = environ[i];
	}
	padded[used++] = padding;
	padded[used] = NULL;
	return padded;
}

static int spawn(struct arm *arm, int fd, int error_fd, char **environment)
{
	const struct arm_program *program = arm->program;
	char *argv[3 + 2 * ARM_PLUGINS_MAX + 1] = {(char *)"ipcbench", (char *)"arm"};
	posix_spawn_file_actions_t actions;
	size_t count = 2;
	int ret;

	for (size_t i = 0; i < program->plugins_count; i++) {
		argv[count++] = (char *)"--plugin";
		argv[count++] = (char *)program->plugins[i];
	}
	argv[count] = (char *)"3";
	ret = posix_spawn_file_actions_init(&actions);
	if (ret != 0)
		return -ret;
	ret = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	ret |= posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	ret |= posix_spawn_file_actions_adddup2(&actions, error_fd, STDERR_FILENO);
	ret |= posix_spawn_file_actions_adddup2(&actions, fd, ARM_FD);
	if (ret == 0)
		ret = posix_spawn(&arm->pid, program->path, &actions, NULL, argv, environment);
	else
		ret = ENOMEM;
	posix_spawn_file_actions_destroy(&actions);
	if (ret != 0)
		arm->pid = 0;
	return -ret;
}

/* Makes the descriptors and the process. The child's own ends are above ARM_FD, see dup2. */
static int launch(struct arm *arm, size_t padding_bytes)
{
	char **environment = pad_environment(padding_bytes);
	int pair[2] = {-1, -1};
	int errors[2] = {-1, -1};
	int child_fd = -1;
	int ret = -ENOMEM;

	if (!environment)
		return ret;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    pipe2(errors, O_CLOEXEC | O_NONBLOCK) < 0)
		ret = -errno;
	else {
		/* dup2 of a descriptor onto itself would leave it close-on-exec. */
		child_fd = fcntl(pair[1], F_DUPFD_CLOEXEC, ARM_FD + 1);
		ret = child_fd < 0 ? -errno : spawn(arm, child_fd, errors[1], environment);
	}
	if (child_fd >= 0)
		close(child_fd);
	if (pair[1] >= 0)
		close(pair[1]);
	if (errors[1] >= 0)
		close(errors[1]);
	arm->fd = pair[0];
	arm->error_fd = errors[0];
	free(environment);
	return ret;
}

/* Returns what the arm complained of last, without the name of the program; may be empty. */
static const char *last_complaint(const struct arm *arm, char *out, size_t out_bytes)
{
	static const char prefix[] = "ipcbench: ";
	ssize_t got = read(arm->error_fd, out, out_bytes - 1);
	char *line = out;

	out[got > 0 ? got : 0] = '\0';
	while (got > 0 && out[got - 1] == '\n')
		out[--got] = '\0';
	if (strrchr(out, '\n'))
		line = strrchr(out, '\n') + 1;
	return strncmp(line, prefix, sizeof(prefix) - 1) == 0 ? line + sizeof(prefix) - 1 : line;
}

/* Waits for the end of a process, milliseconds at most. Returns its status, or -1. */
static int await_exit(struct arm *arm, int milliseconds)
{
	int pidfd = pidfd_open(arm->pid, 0);
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
	int status = -1;

	if (pidfd < 0)
		return -1;
	while (poll(&poll_fd, 1, milliseconds) < 0 && errno == EINTR)
		;
	close(pidfd);
	if (waitpid(arm->pid, &status, WNOHANG) != arm->pid)
		return -1;
	arm->pid = 0;
	return status;
}

static int explain_death(struct arm *arm)
{
	char text[ARM_TEXT_BYTES / 2];
	const char *complaint = last_complaint(arm, text, sizeof(text));
	int status = await_exit(arm, GOODBYE_MS);

	if (status >= 0 && WIFSIGNALED(status))
		return fail(arm, -EPIPE, "its process was killed by signal %d", WTERMSIG(status));
	if (complaint[0] != '\0')
		return fail(arm, -EPIPE, "%s", complaint);
	return fail(arm, -EPIPE, "its process ended without an answer");
}

int arm_await(struct arm *arm, const char *verb, uint64_t until_ns)
{
	const char *line = arm->message.buffer;
	int ret = arm_receive(arm->fd, &arm->message, until_ns, arm->stop_fd);

	if (ret == -EPIPE)
		return explain_death(arm);
	if (ret < 0)
		return fail(arm, ret, "no answer '%s': %s", verb, strerror(-ret));
	if (arm_line_is(line, verb))
		return 0;
	if (arm_word(line, "text", arm->why, sizeof(arm->why)) == 0)
		return arm_line_is(line, "refused") ? -EINVAL : -ECANCELED;
	return fail(arm, -EBADMSG, "its answer '%.60s' was none of '%s'", line, verb);
}

/* Asks a program for its version, for a message. */
static void ask_version(const char *path, char *out, size_t out_bytes)
{
	char *argv[] = {(char *)"ipcbench", (char *)"--version", NULL};
	posix_spawn_file_actions_t actions;
	struct arm asked = {0};
	int ends[2];
	ssize_t got = 0;

	snprintf(out, out_bytes, "unknown");
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	if (posix_spawn_file_actions_init(&actions) == 0) {
		posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
		if (posix_spawn(&asked.pid, path, &actions, NULL, argv, environ) != 0)
			asked.pid = 0;
		posix_spawn_file_actions_destroy(&actions);
	}
	close(ends[1]);
	if (asked.pid > 0 && await_exit(&asked, GOODBYE_MS) == 0)
		got = read(ends[0], out, out_bytes - 1);
	if (asked.pid > 0) {
		kill(asked.pid, SIGKILL);
		waitpid(asked.pid, NULL, 0);
	}
	close(ends[0]);
	if (got > 0)
		out[strcspn(out, "\n")] = '\0';
	else
		snprintf(out, out_bytes, "unknown");
}

int arm_greet(struct arm *arm)
{
	char version[RUN_NAME_BYTES];
	char spoken[RUN_NAME_BYTES];
	uint64_t protocol = 0;
	int ret = arm_await(arm, "hello", clock_now_ns() + HELLO_NS);

	if (ret == 0 && arm_number(arm->message.buffer, "protocol", &protocol) == 0 &&
	    protocol == ARM_PROTOCOL &&
	    arm_word(arm->message.buffer, "tool", arm->tool, sizeof(arm->tool)) == 0)
		return 0;
	if (ret == -EINTR)
		return ret;
	/* A plug-in that can't be loaded is no matter of versions. */
	if (ret == -EPIPE && strncmp(arm->why, "plug-in", strlen("plug-in")) == 0)
		return -EINVAL;
	ask_version(arm->program->path, version, sizeof(version));
	snprintf(spoken, sizeof(spoken), "version %llu", (unsigned long long)protocol);
	return fail(arm, -EPROTO,
	            "'%s' is %s and speaks %s of the arm protocol; this is ipcbench %s, which "
	            "speaks version %u",
	            arm->program->path, version, protocol == 0 ? "none" : spoken, IPCBENCH_VERSION,
	            ARM_PROTOCOL);
}

int arm_start(struct arm *arm, const struct arm_program *program, size_t padding_bytes, int stop_fd)
{
	int ret;

	*arm = (struct arm){.program = program, .fd = -1, .error_fd = -1, .stop_fd = stop_fd};
	ret = arm_message_init(&arm->message);
	if (ret == 0)
		ret = launch(arm, padding_bytes);
	return ret < 0 ? fail(arm, ret, "'%s' can't be started: %s", program->path, strerror(-ret))
	               : 0;
}

void arm_dismiss(struct arm *arm)
{
	if (!arm->program || arm->fd < 0)
		return;
	arm_say(arm->fd, "stop");
	close(arm->fd);
	arm->fd = -1;
}

void arm_stop(struct arm *arm)
{
	if (!arm->program)
		return;
	arm_dismiss(arm);
	if (arm->pid > 0 && await_exit(arm, GOODBYE_MS) < 0 && arm->pid > 0) {
		kill(arm->pid, SIGKILL);
		while (waitpid(arm->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (arm->error_fd >= 0)
		close(arm->error_fd);
	arm_message_release(&arm->message);
	*arm = (struct arm){0};
}

static int take_peer(const char *line, struct run_peer *peer)
{
	struct recorder_counters *c = &peer->counters;

	if (arm_word(line, "name", peer->name, sizeof(peer->name)) < 0 ||
	    arm_number(line, "messages", &c->messages) < 0 ||
	    arm_number(line, "bytes", &c->bytes) < 0 ||
	    arm_number(line, "user_ns", &c->cpu_user_ns) < 0 ||
	    arm_number(line, "system_ns", &c->cpu_system_ns) < 0 ||
	    arm_number(line, "voluntary", &c->voluntary_switches) < 0 ||
	    arm_number(line, "involuntary", &c->involuntary_switches) < 0 ||
	    arm_number(line, "minor", &c->minor_faults) < 0 ||
	    arm_number(line, "major", &c->major_faults) < 0)
		return -EBADMSG;
	return 0;
}

static int take_numbers(const struct arm *arm, struct run *run)
{
	const char *line = arm->message.buffer;
	uint64_t metric;

	if (arm_number(line, "metric", &metric) < 0 || metric > RUN_THROUGHPUT ||
	    arm_number(line, "batch", &run->batch) < 0 ||
	    arm_number(line, "samples", &run->samples) < 0 ||
	    arm_number(line, "messages", &run->messages) < 0 ||
	    arm_number(line, "bytes", &run->bytes) < 0 ||
	    arm_number(line, "elapsed_ns", &run->elapsed_ns) < 0 ||
	    arm_number(line, "steal_ns", &run->steal_ns) < 0 || run->batch == 0)
		return -EBADMSG;
	run->metric = (enum run_metric)metric;
	run->peer_count = 0;
	for (line = arm_next_line(&arm->message, line); line;
	     line = arm_next_line(&arm->message, line)) {
		if (!arm_line_is(line, "peer"))
			continue;
		if (run->peer_count == RUN_PEERS_MAX ||
		    take_peer(line, &run->peers[run->peer_count++]) < 0)
			return -EBADMSG;
	}
	return 0;
}

int arm_take_run(struct arm *arm, struct run *run, struct histogram **histogram, uint64_t until_ns)
{
	int ret = arm_await(arm, "run", until_ns);

	*histogram = NULL;
	if (ret < 0)
		return ret;
	ret = take_numbers(arm, run);
	if (ret == 0 && run->metric == RUN_ROUND_TRIP)
		ret = arm->message.blob ? histogram_decode(histogram, arm->message.blob,
		                                           arm->message.blob_bytes)
		                        : -EBADMSG;
	if (ret < 0)
		return fail(arm, ret, "its result can't be read: %s", strerror(-ret));
	run->histogram = *histogram;
	return 0;
}
