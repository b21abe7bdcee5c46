/* SPDX-License-Identifier: MIT */
/* suites/check/races/catalogue.c - reads the headers and the marked lines of the cases. */
#include "suites/check/races/catalogue.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const race_files[] = {
#define CHECK_RACE(name) #name,
#include "registered_races.inc"
#undef CHECK_RACE
};

enum { FILE_COUNT = sizeof(race_files) / sizeof(race_files[0]), FORMS_MAX = 16 };

const char *race_model_name(enum race_model model)
{
	return model == RACE_THREADS ? "threads" : "processes";
}

const char *race_twin_name(enum race_twin twin)
{
	return twin == RACE_CORRECT ? "correct" : "broken";
}

static bool has_word(const char *words, const char *word)
{
	size_t bytes = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at += bytes) {
		if ((at == words || at[-1] == ' ') && (at[bytes] == '\0' || at[bytes] == ' '))
			return true;
	}
	return false;
}

bool catalogue_allows(const struct race_case *subject, enum race_twin twin, const char *word)
{
	const char *words = subject->outcomes[twin];

	if (strncmp(words, "all", 3) == 0)
		return !has_word(words + 3, word);
	return has_word(words, word);
}

static bool is_access(const struct race_case *subject, const struct race_access *access,
                      const char *label)
{
	for (size_t i = 0; i < subject->line_count; i++) {
		const struct race_access *line = &subject->lines[i];

		if (line->line == access->line && strcmp(line->label, label) == 0 &&
		    ((access->is_read && line->is_read) || (access->is_write && line->is_write)))
			return true;
	}
	return false;
}

bool catalogue_has_pair(const struct race_case *subject, const struct race_access *first,
                        const struct race_access *second)
{
	for (size_t i = 0; i < subject->pair_count; i++) {
		const char *one = subject->pairs[i].labels[0];
		const char *two = subject->pairs[i].labels[1];

		if (strcmp(one, "any") == 0 ||
		    (is_access(subject, first, one) && is_access(subject, second, two)) ||
		    (is_access(subject, first, two) && is_access(subject, second, one)))
			return true;
	}
	return false;
}

/* Copies the part for a twin out of "correct WORDS, broken WORDS". */
static bool copy_part(char *out, size_t out_bytes, const char *value, const char *twin)
{
	const char *part = strstr(value, twin);
	int bytes;

	if (!part)
		return false;
	part += strlen(twin);
	part += strspn(part, " ");
	bytes = (int)strcspn(part, ",");
	return bytes > 0 && snprintf(out, out_bytes, "%.*s", bytes, part) < (int)out_bytes;
}

static bool parse_truth(struct race_case *out, const char *value)
{
	for (int twin = 0; twin < RACE_TWIN_COUNT; twin++) {
		char word[RACE_WORD_BYTES];

		if (!copy_part(word, sizeof(word), value, race_twin_name((enum race_twin)twin)))
			return false;
		out->is_racy[twin] = strcmp(word, "racy") == 0;
		if (!out->is_racy[twin] && strcmp(word, "free") != 0)
			return false;
	}
	return true;
}

static bool parse_pairs(struct race_case *out, const char *value)
{
	while (*value) {
		struct race_pair *pair = &out->pairs[out->pair_count];

		if (out->pair_count == RACE_PAIRS_MAX ||
		    sscanf(value, "%31[a-z]/%31[a-z]", pair->labels[0], pair->labels[1]) != 2)
			return false;
		out->pair_count++;
		value += strcspn(value, ",");
		value += strspn(value, ", ");
	}
	return out->pair_count > 0;
}

static bool copy_text(char *out, size_t out_bytes, const char *value)
{
	return *value && snprintf(out, out_bytes, "%s", value) < (int)out_bytes;
}

/* Takes one line of a header. Returns false if the key or its value is wrong. */
static bool parse_key(struct race_case *out, const char *key, const char *value, char *forms)
{
	if (strcmp(key, "case") == 0)
		return copy_text(out->name, RACE_WORD_BYTES, value);
	if (strcmp(key, "models") == 0) {
		out->has_model[RACE_THREADS] = has_word(value, "threads");
		out->has_model[RACE_PROCESSES] = has_word(value, "processes");
		return out->has_model[RACE_THREADS] || out->has_model[RACE_PROCESSES];
	}
	if (strcmp(key, "forms") == 0)
		return copy_text(forms, RACE_TEXT_BYTES, value);
	if (strcmp(key, "truth") == 0)
		return parse_truth(out, value);
	if (strcmp(key, "tier") == 0) {
		out->tier = value[0];
		return strchr("PLCH", value[0]) != NULL && value[1] == '\0';
	}
	if (strcmp(key, "missing") == 0)
		return copy_text(out->missing, sizeof(out->missing), value);
	if (strcmp(key, "pairs") == 0)
		return parse_pairs(out, value);
	if (strcmp(key, "outcomes") == 0)
		return copy_part(out->outcomes[RACE_CORRECT], RACE_TEXT_BYTES, value, "correct") &&
		       copy_part(out->outcomes[RACE_BROKEN], RACE_TEXT_BYTES, value, "broken");
	if (strcmp(key, "forced") == 0)
		return copy_text(out->forced, sizeof(out->forced), value);
	if (strcmp(key, "flags") == 0)
		return copy_text(out->flags, sizeof(out->flags), value);
	if (strcmp(key, "sources") == 0)
		return copy_text(out->sources, sizeof(out->sources), value);
	if (strcmp(key, "machine") == 0)
		return copy_text(out->machine, sizeof(out->machine), value);
	if (strcmp(key, "schedules") == 0)
		return sscanf(value, "%u", &out->schedule_count) == 1;
	if (strcmp(key, "engine") == 0) {
		out->needs_watchpoints = strcmp(value, "watchpoints") == 0;
		return out->needs_watchpoints;
	}
	if (strcmp(key, "oracle") == 0)
		return copy_text(out->oracle, sizeof(out->oracle), value);
	return false;
}

/* Takes the marker of a source line, if it bears one. Returns false if it is wrong. */
static bool parse_marker(struct race_case *out, const char *text, int line)
{
	const char *marker = strstr(text, "/* race: ");
	struct race_access *access = &out->lines[out->line_count];
	char kind[RACE_WORD_BYTES];

	if (!marker)
		return true;
	if (out->line_count == RACE_LINES_MAX ||
	    sscanf(marker, "/* race: %31s %31s */", access->label, kind) != 2)
		return false;
	access->line = line;
	access->is_read = strcmp(kind, "read") == 0 || strcmp(kind, "update") == 0;
	access->is_write = strcmp(kind, "write") == 0 || strcmp(kind, "update") == 0;
	out->line_count++;
	return access->is_read || access->is_write;
}

static bool is_complete(const struct race_case *subject)
{
	bool is_racy = subject->is_racy[RACE_CORRECT] || subject->is_racy[RACE_BROKEN];

	for (size_t i = 0; i < subject->pair_count; i++) {
		for (int side = 0; side < 2; side++) {
			size_t line = 0;

			if (strcmp(subject->pairs[i].labels[side], "any") == 0)
				continue;
			while (line < subject->line_count &&
			       strcmp(subject->lines[line].label, subject->pairs[i].labels[side]))
				line++;
			if (line == subject->line_count)
				return false;
		}
	}
	return subject->name[0] && subject->tier && subject->missing[0] &&
	       subject->outcomes[RACE_CORRECT][0] && subject->outcomes[RACE_BROKEN][0] &&
	       subject->oracle[0] && is_racy == (subject->pair_count > 0);
}

/* Reads one file into *out and its forms. Returns 0, or the number of the wrong line. */
static int read_lines(struct race_case *out, char *forms, FILE *file)
{
	char text[512];
	bool is_header = false;
	bool is_over = false;
	int line = 0;

	while (fgets(text, sizeof(text), file)) {
		char key[RACE_WORD_BYTES];
		int key_end = 0;

		line++;
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text, "/*") == 0)
			is_header = !is_over;
		else if (is_header && strcmp(text, " */") == 0)
			is_header = false, is_over = true;
		else if (is_header && sscanf(text, " * %31[a-z]: %n", key, &key_end) == 1 &&
		         key_end > 0 && strncmp(text + 3, key, strlen(key)) == 0 &&
		         (out->name[0] || strcmp(key, "case") == 0)) {
			if (!parse_key(out, key, text + key_end, forms))
				return line;
		} else if (!parse_marker(out, text, line)) {
			return line;
		}
	}
	return is_complete(out) ? 0 : line;
}

static int add_case(struct catalogue *catalogue, const struct race_case *subject)
{
	struct race_case *cases =
		realloc(catalogue->cases, (catalogue->count + 1) * sizeof(*cases));

	if (!cases)
		return -ENOMEM;
	catalogue->cases = cases;
	cases[catalogue->count++] = *subject;
	return 0;
}

/* Adds the case once a form; the first form has the case's own name. */
static int add_forms(struct catalogue *catalogue, struct race_case *subject, const char *forms)
{
	char name[RACE_WORD_BYTES];
	int ret;

	if (!forms[0])
		return add_case(catalogue, subject);
	snprintf(name, sizeof(name), "%.31s", subject->name);
	while (*forms) {
		int bytes = (int)strcspn(forms, " ");

		snprintf(subject->form, sizeof(subject->form), "%.*s", bytes, forms);
		if (subject->is_form)
			snprintf(subject->name, sizeof(subject->name), "%s_%s", name,
			         subject->form);
		ret = add_case(catalogue, subject);
		if (ret < 0)
			return ret;
		subject->is_form = true;
		forms += bytes;
		forms += strspn(forms, " ");
	}
	return 0;
}

static int read_file(struct catalogue *catalogue, const char *root, const char *name)
{
	struct race_case subject = {0};
	char forms[RACE_TEXT_BYTES] = "";
	char path[PATH_MAX];
	FILE *file;
	int wrong_line;

	subject.schedule_count = 1;
	snprintf(subject.file, sizeof(subject.file), "%s.c", name);
	snprintf(path, sizeof(path), "%s/suites/check/races/cases/%s", root, subject.file);
	file = fopen(path, "re");
	if (!file) {
		int ret = -errno;

		snprintf(catalogue->problem, sizeof(catalogue->problem), "%.200s: %s", path,
		         strerror(-ret));
		return ret;
	}
	wrong_line = read_lines(&subject, forms, file);
	fclose(file);
	if (wrong_line == 0 && strcmp(subject.name, name) == 0)
		return add_forms(catalogue, &subject, forms);
	snprintf(catalogue->problem, sizeof(catalogue->problem),
	         "%s:%d: a wrong or missing key, marker or name", subject.file, wrong_line);
	return -EINVAL;
}

int catalogue_init(struct catalogue *catalogue, const char *root)
{
	int ret;

	*catalogue = (struct catalogue){0};
	for (size_t i = 0; i < FILE_COUNT; i++) {
		ret = read_file(catalogue, root, race_files[i]);
		if (ret < 0) {
			free(catalogue->cases);
			catalogue->cases = NULL;
			return ret;
		}
	}
	return 0;
}

void catalogue_release(struct catalogue *catalogue)
{
	free(catalogue->cases);
	*catalogue = (struct catalogue){0};
}
