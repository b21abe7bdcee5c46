/* SPDX-License-Identifier: MIT */
/* suites/bench/tool.c - runs another program to its end, with a limit. */
#include "suites/bench/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/clock.h"

extern char **environ;

/* It leads a group of its own, so that what it started can be ended with it. */
static int spawn(pid_t *pid, const char *const *argv, int out_fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	int ret;

	sigemptyset(&none);
	ret = posix_spawn_file_actions_init(&actions);
	if (ret != 0)
		return -ret;
	ret = posix_spawnattr_init(&attributes);
	if (ret != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return -ret;
	}
	ret = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	ret |= posix_spawnattr_setsigmask(&attributes, &none);
	ret |= posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		ret |= out_fd >= 0 ? posix_spawn_file_actions_adddup2(&actions, out_fd, fd)
		                   : posix_spawn_file_actions_addopen(&actions, fd, "/dev/null",
		                                                      O_WRONLY, 0);
	ret = ret != 0 ? ENOMEM
	               : posix_spawnp(pid, argv[0], &actions, &attributes,
	                              (char *const *)(uintptr_t)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -ret;
}

/* Waits for the end, the limit or the stop. Returns 0, -ETIMEDOUT or -EINTR. */
static int await_end(pid_t pid, uint64_t until_ns, int stop_fd)
{
	struct pollfd fds[2] = {
		{.fd = pidfd_open(pid, 0), .events = POLLIN},
		{.fd = stop_fd, .events = POLLIN},
	};
	int ready = -1;

	while (ready < 0 && fds[0].fd >= 0) {
		uint64_t now_ns = clock_now_ns();
		struct timespec rest = clock_timespec(until_ns > now_ns ? until_ns - now_ns : 0);

		ready = ppoll(fds, 2, &rest, NULL);
		if (ready < 0 && errno != EINTR)
			break;
	}
	if (fds[0].fd >= 0)
		close(fds[0].fd);
	if (ready > 0)
		return fds[0].revents ? 0 : -EINTR;
	return -ETIMEDOUT;
}

int tool_run(const char *const *argv, int out_fd, uint64_t until_ns, int stop_fd)
{
	int status = 0;
	pid_t pid;
	int ret = spawn(&pid, argv, out_fd);

	if (ret < 0)
		return ret;
	ret = await_end(pid, until_ns, stop_fd);
	if (ret < 0)
		kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (ret < 0)
		return ret;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}

int tool_ask(const char *const *argv, char *line, size_t line_bytes, uint64_t until_ns, int stop_fd)
{
	ssize_t got;
	int ends[2];
	int ret;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	ret = tool_run(argv, ends[1], until_ns, stop_fd);
	close(ends[1]);
	got = read(ends[0], line, line_bytes - 1);
	close(ends[0]);
	line[got > 0 ? got : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return ret;
}
