/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/launcher/symbols.c - from nodes to functions and lines.
 *
 * binutils' addr2line is asked once per module for all places at once. Where
 * it is missing, or a module has no line table, the place is shown as a number.
 */
#include "suites/racecheck/launcher/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PLACE_MAX = 16384 };

struct wanted {
	uint32_t node;
	uint64_t place; /* module << 48 | offset + 1 */
	struct line line;
};

static const struct session *loaded;
static struct wanted *wanted;
static uint32_t wanted_count;

static void want(uint32_t node)
{
	while (node != 0 && node <= NODE_MAX && wanted_count < PLACE_MAX) {
		const struct node *found = &loaded->node[node - 1];
		bool is_new = true;

		for (uint32_t i = 0; i < wanted_count && is_new; i++)
			is_new = wanted[i].node != node;
		if (!is_new)
			return;
		wanted[wanted_count].node = node;
		wanted[wanted_count].place = found->place;
		snprintf(wanted[wanted_count].line.function,
		         sizeof(wanted[wanted_count].line.function), "0x%llx",
		         (unsigned long long)(found->place & 0xffffffffffffull));
		wanted_count++;
		node = found->parent;
	}
}

/* Writes the module's offsets, one a line, to a memory file. */
static int offsets_file(uint64_t module)
{
	int fd = memfd_create("places", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (uint32_t i = 0; i < wanted_count; i++) {
		/* One byte back from the return address lies in the call. */
		if (wanted[i].place >> 48 == module)
			dprintf(fd, "0x%llx\n",
			        (unsigned long long)(wanted[i].place & 0xffffffffffffull) - 2);
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static int addr2line(const char *path, int in, int out)
{
	char *arguments[] = {"addr2line", "-f", "-C", "-e", (char *)(uintptr_t)path, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int status;
	int ret;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	ret = posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (ret != 0)
		return -ret;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static void read_line(FILE *file, char *text, size_t bytes)
{
	char *line = NULL;
	size_t room = 0;

	text[0] = '\0';
	if (getline(&line, &room, file) > 0)
		snprintf(text, bytes, "%.*s", (int)strcspn(line, "\n"), line);
	free(line);
}

/* Two lines a place: the function, and file:number. */
static void parse_answers(FILE *file, uint64_t module)
{
	for (uint32_t i = 0; i < wanted_count; i++) {
		struct line *line = &wanted[i].line;
		char function[sizeof(line->function)];
		char position[sizeof(line->file)];
		char *colon;

		if (wanted[i].place >> 48 != module)
			continue;
		read_line(file, function, sizeof(function));
		read_line(file, position, sizeof(position));
		if (function[0] != '\0' && function[0] != '?')
			snprintf(line->function, sizeof(line->function), "%s", function);
		colon = strrchr(position, ':');
		if (!colon || position[0] == '?')
			continue;
		*colon = '\0';
		line->number = (unsigned)strtoul(colon + 1, NULL, 10);
		snprintf(line->file, sizeof(line->file), "%s", position);
	}
}

static void load_module(uint64_t module)
{
	int in = offsets_file(module);
	int out = memfd_create("lines", MFD_CLOEXEC);
	FILE *file;

	if (in >= 0 && out >= 0 && addr2line(loaded->module[module - 1].path, in, out) == 0) {
		lseek(out, 0, SEEK_SET);
		file = fdopen(dup(out), "r");
		if (file) {
			parse_answers(file, module);
			fclose(file);
		}
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
}

int symbols_load(const struct session *session)
{
	uint32_t count = session->report_count;

	loaded = session;
	wanted = calloc(PLACE_MAX, sizeof(*wanted));
	if (!wanted)
		return -ENOMEM;
	for (uint32_t i = 0; i < count && i < REPORT_MAX; i++) {
		const struct report *report = &session->report[i];

		want(report->later.node);
		want(report->earlier.node);
		want(report->later.last.node);
		want(report->earlier.last.node);
	}
	for (uint64_t module = 1; module <= session->module_count; module++) {
		for (uint32_t i = 0; i < wanted_count; i++) {
			if (wanted[i].place >> 48 == module) {
				load_module(module);
				break;
			}
		}
	}
	return 0;
}

const struct line *symbols_line(uint32_t node)
{
	static const struct line unknown = {.function = "unknown place"};

	for (uint32_t i = 0; i < wanted_count; i++) {
		if (wanted[i].node == node)
			return &wanted[i].line;
	}
	return &unknown;
}

void symbols_release(void)
{
	free(wanted);
	wanted = NULL;
	wanted_count = 0;
}
