/* SPDX-License-Identifier: MIT */
/* suites/check/races/workshop.c - puts the command lines together. */
#include "suites/check/races/workshop.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void add(struct command *command, const char *argument)
{
	if (command->count + 1 < COMMAND_ARGUMENTS_MAX)
		command->arguments[command->count++] = argument;
	command->arguments[command->count] = NULL;
}

/* Adds an argument that is put together here. */
__attribute__((format(printf, 2, 3))) static void add_text(struct command *command,
                                                           const char *format, ...)
{
	char *text = command->text + command->text_bytes;
	size_t room = sizeof(command->text) - command->text_bytes;
	va_list arguments;
	int bytes;

	va_start(arguments, format);
	bytes = vsnprintf(text, room, format, arguments);
	va_end(arguments);
	if (bytes < 0 || (size_t)bytes >= room)
		return;
	command->text_bytes += (size_t)bytes + 1;
	add(command, text);
}

/* Adds words; "racecheck" stands for the request's path of it. */
static void add_all(struct command *command, const struct score_request *request,
                    const char *const *words, size_t words_max)
{
	for (size_t i = 0; i < words_max && words[i]; i++)
		add(command, strcmp(words[i], "racecheck") == 0 ? request->racecheck : words[i]);
}

static void add_words(struct command *command, const char *words)
{
	while (*words) {
		int bytes = (int)strcspn(words, " ");

		add_text(command, "%.*s", bytes, words);
		words += bytes;
		words += strspn(words, " ");
	}
}

/* Adds further sources, and what ours include. */
static void add_sources(struct command *command, const struct score_request *request,
                        const char *sources)
{
	if (*sources)
		add_text(command, "-I%s/suites/check/races/transports", request->root);
	while (*sources) {
		int bytes = (int)strcspn(sources, " ");

		add_text(command, "%s/%.*s", request->root, bytes, sources);
		sources += bytes;
		sources += strspn(sources, " ");
	}
}

void workshop_path(char out[PATH_MAX], const char *programs, const struct race_case *subject,
                   enum race_twin twin, enum build_kind kind)
{
	snprintf(out, PATH_MAX, "%s/%s.%s.%s", programs, subject->name, race_twin_name(twin),
	         builds[kind].name);
}

void workshop_compile(struct command *out, const struct score_request *request,
                      const char *programs, const struct race_case *subject, enum race_twin twin,
                      enum build_kind kind)
{
	char path[PATH_MAX];
	char form[RACE_WORD_BYTES];

	memset(out, 0, offsetof(struct command, text));
	out->text_bytes = 0;
	add_all(out, request, builds[kind].compiler, 4);
	add_words(out, RACES_FLAGS);
	add_words(out, subject->flags);
	add_text(out, "-I%s", request->root);
	if (twin == RACE_BROKEN)
		add(out, "-DBROKEN");
	if (subject->form[0]) {
		for (size_t i = 0; i < sizeof(form); i++)
			form[i] = (char)toupper((unsigned char)subject->form[i]);
		add_text(out, "-DFORM_%s", form);
	}
	add_text(out, "%s/suites/check/races/cases/%s", request->root, subject->file);
	add_sources(out, request, subject->sources);
	add(out, "-o");
	workshop_path(path, programs, subject, twin, kind);
	add_text(out, "%s", path);
	add_all(out, request, builds[kind].flags, 4);
}

/* The same program by the other compiler, for cases of two programs; or none. */
static void add_other(struct command *out, const char *programs, const struct cell *cell,
                      enum build_kind kind)
{
	enum build_kind other = kind == BUILD_RACECHECK_GCC     ? BUILD_RACECHECK_CLANG
	                        : kind == BUILD_RACECHECK_CLANG ? BUILD_RACECHECK_GCC
	                                                        : kind;
	char path[PATH_MAX];

	workshop_path(path, programs, cell->subject, cell->twin, other);
	if (other == kind || access(path, X_OK) != 0)
		return;
	snprintf(out->other, sizeof(out->other), "RACE_OTHER=%.4000s", path);
	out->environment[0] = out->other;
}

void workshop_run(struct command *out, const struct score_request *request, const char *programs,
                  const struct cell *cell, const struct detector *detector, unsigned seed)
{
	size_t environment_count;
	char path[PATH_MAX];

	memset(out, 0, offsetof(struct command, text));
	out->text_bytes = 0;
	memset(out->environment, 0, sizeof(out->environment));
	add_other(out, programs, cell, detector->build);
	environment_count = out->environment[0] != NULL;
	for (size_t i = 0; i < 3 && detector->environment[i]; i++)
		out->environment[environment_count++] = detector->environment[i];
	add_all(out, request, detector->runner, 6);
	if (detector->is_ours && seed > 0) {
		add(out, "--seed");
		add_text(out, "%u", seed);
	}
	if (detector->is_ours && request->disabled) {
		add(out, "--switch-off");
		add(out, request->disabled);
	}
	workshop_path(path, programs, cell->subject, cell->twin, detector->build);
	add_text(out, "%s", path);
	add(out, race_model_name(cell->model));
}
