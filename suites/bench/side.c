/* SPDX-License-Identifier: MIT */
/* suites/bench/side.c - what an argument A or B of a comparison stands for. */
#include "suites/bench/side.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suites/bench/cli.h"
#include "suites/bench/command.h"

/* Of this process or, after the exec of a child, of that: the same file. */
#define THIS_PROGRAM "/proc/self/exe"

static bool ends_in(const char *text, const char *end)
{
	size_t text_bytes = strlen(text);
	size_t end_bytes = strlen(end);

	return text_bytes >= end_bytes && strcmp(text + text_bytes - end_bytes, end) == 0;
}

static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Returns the value of "key=value", or null. */
static const char *value_of(const char *part, const char *key)
{
	size_t key_bytes = strlen(key);

	return strncmp(part, key, key_bytes) == 0 && part[key_bytes] == '=' ? part + key_bytes + 1
	                                                                    : NULL;
}

static int add_plugin(struct side *side, const char *path)
{
	struct arm_program *program = &side->program;

	if (program->plugins_count == ARM_PLUGINS_MAX) {
		cli_error("%c: more than %d plug-ins", side->name, ARM_PLUGINS_MAX);
		return STATUS_USAGE;
	}
	program->plugins[program->plugins_count++] = path;
	return STATUS_DONE;
}

static int set_build(struct side *side, const char *path)
{
	struct stat status;

	if (side->path[0] != '\0' || side->revision) {
		cli_error("%c: '%s' is a second build; a side has one", side->name, path);
		return STATUS_USAGE;
	}
	snprintf(side->path, sizeof(side->path), "%s", path);
	/* The folder of a build will do. */
	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		snprintf(side->path, sizeof(side->path), "%.*s/ipcbench", PATH_MAX - 16, path);
	if (is_file(side->path) && access(side->path, X_OK) == 0)
		return STATUS_DONE;
	cli_error("%c: '%s' is no ipcbench that can be run", side->name, side->path);
	return STATUS_USAGE;
}

static int set_revision(struct side *side, const char *revision)
{
	if (side->path[0] != '\0' || side->revision) {
		cli_error("%c: '%s' is a second build; a side has one", side->name, revision);
		return STATUS_USAGE;
	}
	side->revision = revision;
	return STATUS_DONE;
}

static int add_filter(struct side *side, const char *filter)
{
	if (side->filters_count == SIDE_FILTERS_MAX) {
		cli_error("%c: more than %d filters", side->name, SIDE_FILTERS_MAX);
		return STATUS_USAGE;
	}
	side->filters[side->filters_count++] = filter;
	return STATUS_DONE;
}

/* A cell's name has a part for each key, or ends in a star; a branch has neither. */
static bool is_cell_name(const char *part)
{
	size_t slashes = 0;

	for (const char *c = part; *c; c++)
		slashes += *c == '/';
	return slashes >= CELL_KEYS_NAMED - 1 || (slashes > 0 && ends_in(part, "*"));
}

static int add_part(struct side *side, const char *part)
{
	const char *value;
	struct stat status;

	value = value_of(part, "plugin");
	if (value)
		return add_plugin(side, value);
	value = value_of(part, "build");
	if (value)
		return set_build(side, value);
	value = value_of(part, "rev");
	if (value)
		return set_revision(side, value);
	if (strchr(part, '/') && stat(part, &status) == 0)
		return ends_in(part, ".so") ? add_plugin(side, part) : set_build(side, part);
	if (strchr(part, ':') || is_cell_name(part))
		return add_filter(side, part);
	if (ends_in(part, ".so")) {
		cli_error("%c: there is no plug-in '%s'; write its path with a '/'", side->name,
		          part);
		return STATUS_USAGE;
	}
	return set_revision(side, part);
}

int side_parse(struct side *out, char name, const char *text, const char *const *plugins,
               size_t plugins_count)
{
	*out = (struct side){.name = name};
	if (strlen(text) >= sizeof(out->text)) {
		cli_error("%c is too long", name);
		return STATUS_USAGE;
	}
	snprintf(out->label, sizeof(out->label), "%.*s", SIDE_LABEL_BYTES - 1, text);
	snprintf(out->text, sizeof(out->text), "%s", text);
	for (size_t i = 0; i < plugins_count; i++) {
		if (add_plugin(out, plugins[i]) != STATUS_DONE)
			return STATUS_USAGE;
	}
	for (char *part = out->text; *part;) {
		size_t bytes = strcspn(part, " ");
		char *next = part + bytes + (part[bytes] != '\0');

		part[bytes] = '\0';
		if (bytes > 0 && add_part(out, part) != STATUS_DONE)
			return STATUS_USAGE;
		part = next;
	}
	if (out->path[0] == '\0')
		snprintf(out->path, sizeof(out->path), "%s", THIS_PROGRAM);
	out->program.path = out->path;
	return STATUS_DONE;
}

bool side_files_are_equal(const char *a, const char *b)
{
	FILE *files[2] = {fopen(a, "re"), fopen(b, "re")};
	bool are_equal = files[0] && files[1];
	size_t got[2] = {1, 1};
	char bytes[2][4096];

	while (are_equal && got[0] > 0) {
		for (int i = 0; i < 2; i++)
			got[i] = fread(bytes[i], 1, sizeof(bytes[i]), files[i]);
		are_equal = got[0] == got[1] && memcmp(bytes[0], bytes[1], got[0]) == 0;
	}
	for (int i = 0; i < 2; i++) {
		if (files[i])
			fclose(files[i]);
	}
	return are_equal;
}

bool side_is_same(const struct side *a, const struct side *b)
{
	if (a->program.plugins_count != b->program.plugins_count ||
	    a->filters_count != b->filters_count || !side_files_are_equal(a->path, b->path))
		return false;
	for (size_t i = 0; i < a->program.plugins_count; i++) {
		if (!side_files_are_equal(a->program.plugins[i], b->program.plugins[i]))
			return false;
	}
	for (size_t i = 0; i < a->filters_count; i++) {
		if (strcmp(a->filters[i], b->filters[i]) != 0)
			return false;
	}
	return true;
}
