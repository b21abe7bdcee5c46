/* SPDX-License-Identifier: MIT */
/* suites/check/races/judge.c - from a detector's text to a verdict and its pairs. */
#include "suites/check/races/judge.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_RACECHECK_RACE = 66, EXIT_CASE_UNAVAILABLE = 77 };

/* Says why the run gives no verdict, if it ended as no run should. */
static bool is_unusable(const struct program *program, struct finding *out)
{
	const char *line = program->output;

	out->verdict = VERDICT_KIND_NONE;
	if (!program->output) {
		snprintf(out->cause, sizeof(out->cause), "no memory for its output");
		return true;
	}
	if (program->end == PROGRAM_HUNG) {
		snprintf(out->cause, sizeof(out->cause), "hung");
		return true;
	}
	if (program->end == PROGRAM_KILLED) {
		snprintf(out->cause, sizeof(out->cause), "killed by signal %d", program->status);
		return true;
	}
	/* What a peer said before it gave up: its parent may not have noticed. */
	line = strstr(line, ": failed: ");
	if (line) {
		snprintf(out->cause, sizeof(out->cause), "the case failed%.*s",
		         (int)strcspn(line, "\n"), line);
		return true;
	}
	line = strstr(program->output, "unavailable: ");
	if (program->status == EXIT_CASE_UNAVAILABLE && line) {
		snprintf(out->cause, sizeof(out->cause), "%.*s", (int)strcspn(line, "\n"), line);
		return true;
	}
	if (program->status != 0) {
		snprintf(out->cause, sizeof(out->cause), "status %d: %.200s", program->status,
		         program->output);
		out->cause[strcspn(out->cause, "\n")] = '\0';
		return true;
	}
	return false;
}

void judge_outcome(const struct race_case *subject, enum race_twin twin,
                   const struct program *program, struct finding *out)
{
	const char *line = program->output;
	bool has_outcome = false;

	(void)twin;
	if (is_unusable(program, out))
		return;
	out->verdict = VERDICT_KIND_FREE;
	while (line && *line) {
		char word[RACE_WORD_BYTES];
		long count;

		if (sscanf(line, "outcome %31s %ld", word, &count) == 2) {
			has_outcome = true;
			if (!catalogue_allows(subject, RACE_CORRECT, word))
				out->verdict = VERDICT_KIND_RACY;
			if (strcmp(word, subject->forced) == 0)
				out->is_forced = true;
			if (!catalogue_allows(subject, twin, word)) {
				out->verdict = VERDICT_KIND_NONE;
				snprintf(out->cause, sizeof(out->cause),
				         "the outcome %s is not allowed", word);
				return;
			}
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (!has_outcome) {
		out->verdict = VERDICT_KIND_NONE;
		snprintf(out->cause, sizeof(out->cause), "no outcome was printed");
	}
}

/* Takes note of one reported pair. An access whose line is 0 is not in the case's file. */
static void note_pair(const struct race_case *subject, const struct race_access accesses[2],
                      struct finding *out)
{
	if (catalogue_has_pair(subject, &accesses[0], &accesses[1]))
		out->has_pair = true;
	else
		out->has_other_pair = true;
}

/*
 * Finds the first "file:LINE" of the case's file between from and to; a stack's frames
 * are innermost first. Returns 0 if there is none.
 */
static int find_line(const struct race_case *subject, const char *from, const char *to)
{
	size_t bytes = strlen(subject->file);

	for (const char *at = from; (at = strstr(at, subject->file)) != NULL && at < to;
	     at += bytes) {
		int line;

		if (sscanf(at + bytes, ":%d", &line) == 1)
			return line;
	}
	return 0;
}

/*
 * Reads the reports of a tool that prints, for each race, a title and then twice a line
 * with " of size " and "read" or "write", and a stack.
 */
static size_t read_reports(const struct race_case *subject, const char *output, const char *title,
                           struct finding *out)
{
	size_t count = 0;

	for (const char *at = output; (at = strstr(at, title)) != NULL; count++) {
		struct race_access accesses[2] = {0};
		const char *end = strstr(at + 1, title);
		const char *part = at;

		end = end ? end : at + strlen(at);
		for (int i = 0; i < 2; i++) {
			const char *next;
			const char *begin;

			part = strstr(part, " of size ");
			if (!part || part >= end)
				break;
			begin = part;
			while (begin > output && begin[-1] != '\n')
				begin--;
			accesses[i].is_write =
				memmem(begin, (size_t)(part - begin), "rite", 4) != NULL;
			accesses[i].is_read = !accesses[i].is_write;
			part++;
			next = strstr(part, " of size ");
			accesses[i].line =
				find_line(subject, part, next && next < end ? next : end);
		}
		note_pair(subject, accesses, out);
		at += strlen(title);
	}
	return count;
}

void judge_tsan(const struct race_case *subject, enum race_twin twin, const struct program *program,
                struct finding *out)
{
	(void)twin;
	if (program->output && read_reports(subject, program->output,
	                                    "WARNING: ThreadSanitizer: data race", out) > 0) {
		out->verdict = VERDICT_KIND_RACY;
		return;
	}
	if (is_unusable(program, out))
		return;
	out->verdict = VERDICT_KIND_FREE;
	if (strstr(program->output, "FATAL: ThreadSanitizer")) {
		out->verdict = VERDICT_KIND_NONE;
		snprintf(out->cause, sizeof(out->cause), "ThreadSanitizer gave up");
	}
}

void judge_helgrind(const struct race_case *subject, enum race_twin twin,
                    const struct program *program, struct finding *out)
{
	(void)twin;
	if (program->output &&
	    read_reports(subject, program->output, "Possible data race", out) > 0)
		out->verdict = VERDICT_KIND_RACY;
	else if (!is_unusable(program, out))
		out->verdict = VERDICT_KIND_FREE;
}

void judge_drd(const struct race_case *subject, enum race_twin twin, const struct program *program,
               struct finding *out)
{
	(void)twin;
	(void)subject;
	if (program->output && (strstr(program->output, "Conflicting load by") ||
	                        strstr(program->output, "Conflicting store by")))
		out->verdict = VERDICT_KIND_RACY;
	else if (!is_unusable(program, out))
		out->verdict = VERDICT_KIND_FREE;
}

/* Reads one access of a report: where it is in the case's file, and what it does. */
static void read_access(const struct race_case *subject, const json_t *access,
                        struct race_access *out)
{
	const char *file = json_string_value(json_object_get(access, "file"));
	const char *kind = json_string_value(json_object_get(access, "kind"));
	const char *base = file ? strrchr(file, '/') : NULL;

	base = base ? base + 1 : file;
	if (base && strcmp(base, subject->file) == 0)
		out->line = (int)json_integer_value(json_object_get(access, "line"));
	out->is_write = kind && strstr(kind, "write") != NULL;
	out->is_read = !out->is_write || (kind && strstr(kind, "read") != NULL);
}

void judge_racecheck(const struct race_case *subject, enum race_twin twin,
                     const struct program *program, struct finding *out)
{
	const char *line = program->output;
	char cause[RACE_TEXT_BYTES] = ""; /* as the detector gives it */

	(void)twin;
	while (line && *line) {
		size_t bytes = strcspn(line, "\n");
		json_t *report = json_loadb(line, bytes, 0, NULL);
		const json_t *accesses = json_object_get(report, "accesses");

		if (json_is_string(json_object_get(report, "cause")))
			snprintf(cause, sizeof(cause), "%s",
			         json_string_value(json_object_get(report, "cause")));
		if (json_array_size(accesses) == 2) {
			struct race_access pair[2] = {0};

			for (size_t i = 0; i < 2; i++)
				read_access(subject, json_array_get(accesses, i), &pair[i]);
			note_pair(subject, pair, out);
		}
		json_decref(report);
		line += bytes + (line[bytes] == '\n');
	}
	if (program->end == PROGRAM_EXITED && program->status == EXIT_RACECHECK_RACE) {
		out->verdict = VERDICT_KIND_RACY;
		return;
	}
	if (!is_unusable(program, out))
		out->verdict = VERDICT_KIND_FREE;
	else if (cause[0])
		memcpy(out->cause, cause, sizeof(cause));
}
