/* SPDX-License-Identifier: MIT */
/* suites/check/races/program.c - starts programs in groups of their own and collects them. */
#include "suites/check/races/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/clock.h"

enum { PROGRAMS_MAX = 64, OUTPUT_BYTES_MAX = 16 << 20 };

extern char **environ;

bool program_exists(const char *name)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];

	if (strchr(name, '/'))
		return access(name, X_OK) == 0;
	while (path && *path) {
		int bytes = (int)strcspn(path, ":");

		snprintf(file, sizeof(file), "%.*s/%s", bytes, path, name);
		if (access(file, X_OK) == 0)
			return true;
		path += bytes;
		path += *path == ':';
	}
	return false;
}

/* Our environment and the program's additions, which win by coming first. */
static char **merge_environment(const char *const *additions)
{
	size_t count = 0;
	size_t own_count = 0;
	char **merged;

	while (additions && additions[count])
		count++;
	while (environ[own_count])
		own_count++;
	merged = calloc(count + own_count + 1, sizeof(*merged));
	if (!merged)
		return NULL;
	for (size_t i = 0; i < count; i++)
		merged[i] = (char *)additions[i];
	for (size_t i = 0; i < own_count; i++)
		merged[count + i] = environ[i];
	return merged;
}

static int spawn(struct program *program)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char **environment = merge_environment(program->environment);
	int ret = -ENOMEM;

	if (!environment)
		return ret;
	if (posix_spawn_file_actions_init(&actions) != 0)
		goto free_environment;
	if (posix_spawnattr_init(&attributes) != 0)
		goto destroy_actions;
	ret = -posix_spawn_file_actions_adddup2(&actions, program->output_fd, STDOUT_FILENO);
	if (ret == 0)
		ret = -posix_spawn_file_actions_adddup2(&actions, program->output_fd,
		                                        STDERR_FILENO);
	if (ret == 0)
		ret = -posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
		                                        O_RDONLY, 0);
	if (ret == 0)
		ret = -posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	if (ret == 0)
		ret = -posix_spawnp(&program->pid, program->arguments[0], &actions, &attributes,
		                    (char *const *)program->arguments, environment);
	posix_spawnattr_destroy(&attributes);
destroy_actions:
	posix_spawn_file_actions_destroy(&actions);
free_environment:
	free(environment);
	return ret;
}

int program_start(struct program *program)
{
	int ret;

	program->pid = 0;
	program->output = NULL;
	program->output_fd = memfd_create("output", MFD_CLOEXEC);
	if (program->output_fd < 0)
		return -errno;
	program->start_ns = clock_now_ns();
	ret = spawn(program);
	if (ret < 0)
		goto close_output;
	program->pid_fd = (int)syscall(SYS_pidfd_open, program->pid, 0);
	if (program->pid_fd >= 0)
		return 0;
	ret = -errno;
	kill(-program->pid, SIGKILL);
	waitpid(program->pid, NULL, 0);
	program->pid = 0;
close_output:
	close(program->output_fd);
	return ret;
}

static char *read_output(int fd)
{
	struct stat info;
	size_t bytes;
	char *output;
	ssize_t count;

	if (fstat(fd, &info) < 0)
		return NULL;
	bytes = info.st_size < OUTPUT_BYTES_MAX ? (size_t)info.st_size : OUTPUT_BYTES_MAX;
	output = malloc(bytes + 1);
	if (!output)
		return NULL;
	count = pread(fd, output, bytes, 0);
	output[count < 0 ? 0 : count] = '\0';
	return output;
}

static void collect(struct program *program, bool is_late)
{
	int status = 0;

	/* What it left behind must not disturb the next one. */
	kill(-program->pid, SIGKILL);
	waitpid(program->pid, &status, 0);
	program->duration_ns = clock_now_ns() - program->start_ns;
	program->end = is_late ? PROGRAM_HUNG : WIFEXITED(status) ? PROGRAM_EXITED : PROGRAM_KILLED;
	program->status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
	program->output = read_output(program->output_fd);
	close(program->output_fd);
	close(program->pid_fd);
	program->pid = 0;
}

ssize_t program_wait(struct program *programs, size_t program_count)
{
	struct pollfd polls[PROGRAMS_MAX];

	if (program_count > PROGRAMS_MAX)
		return -EINVAL;
	for (;;) {
		uint64_t now = clock_now_ns();
		uint64_t first = UINT64_MAX;
		int timeout_ms;

		for (size_t i = 0; i < program_count; i++) {
			uint64_t deadline = programs[i].start_ns + programs[i].limit_ns;

			polls[i] = (struct pollfd){.fd = programs[i].pid ? programs[i].pid_fd : -1,
			                           .events = POLLIN};
			if (programs[i].pid == 0)
				continue;
			if (deadline <= now) {
				collect(&programs[i], true);
				return (ssize_t)i;
			}
			if (deadline < first)
				first = deadline;
		}
		if (first == UINT64_MAX)
			return -ECHILD;
		timeout_ms = (int)((first - now) / NS_PER_MS) + 1;
		if (poll(polls, program_count, timeout_ms) < 0 && errno != EINTR)
			return -errno;
		for (size_t i = 0; i < program_count; i++) {
			if (polls[i].fd >= 0 && polls[i].revents & POLLIN) {
				collect(&programs[i], false);
				return (ssize_t)i;
			}
		}
	}
}
