/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/mutation.c - takes our detector apart, to see that each part is needed.
 *
 * Without an edge, what it orders looks like a race: some correct twin must turn red.
 * Without a check, some broken twin must turn green. What nobody misses is either not
 * needed or not tested.
 */
#include "suites/check/races/score.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "suites/check/command.h"

static const char *const parts[] = {
#define CALL(name)
#define EDGE(name) #name,
#include "suites/racecheck/edges.def"
};

enum {
	PART_COUNT = sizeof(parts) / sizeof(parts[0]),
	SOURCE_BYTES_MAX = 1 << 16,
	WHOLE_RUNS = 3, /* a verdict that changes by itself proves nothing */
};

struct mutation {
	struct score_request request; /* with what is taken out */
	struct score score;
	bool *is_right;  /* cells that the whole detector judges right */
	bool *is_likely; /* cells whose source names the part */
	size_t detector;
};

static bool is_check(const char *part)
{
	return strncmp(part, "check_", strlen("check_")) == 0;
}

static bool is_identifier(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* Says whether a case's source calls the function. */
static bool is_named(const struct mutation *self, const struct race_case *subject, const char *part)
{
	static char text[SOURCE_BYTES_MAX];
	size_t part_bytes = strlen(part);
	char path[PATH_MAX];
	size_t bytes;
	FILE *file;

	snprintf(path, sizeof(path), "%s/suites/check/races/cases/%s", self->request.root,
	         subject->file);
	file = fopen(path, "re");
	if (!file)
		return false;
	bytes = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[bytes] = '\0';
	for (const char *at = text; (at = strstr(at, part)) != NULL; at += part_bytes) {
		if (at > text && !is_identifier(at[-1]) && at[part_bytes] == '(')
			return true;
	}
	return false;
}

static void forget_trials(struct score *score)
{
	for (size_t i = 0; i < score->cell_count * detector_count; i++) {
		double *durations_ns = score->trials[i].durations_ns;

		score->trials[i] = (struct trial){.durations_ns = durations_ns};
	}
}

static bool is_judged_right(const struct mutation *self, size_t cell)
{
	const struct cell *at = &self->score.cells[cell];

	return trial_verdict(score_trial(&self->score, cell, self->detector)) ==
	       (at->subject->is_racy[at->twin] ? VERDICT_KIND_RACY : VERDICT_KIND_FREE);
}

/*
 * Runs the cells that could miss the part, the likely ones or the others, and looks for one
 * that does. Returns its index, -ENOENT if there is none, or another -errno.
 */
static ssize_t find_change(struct mutation *self, const char *part, bool is_for_likely)
{
	struct score *score = &self->score;
	int ret;

	for (size_t i = 0; i < score->cell_count; i++) {
		const struct cell *cell = &score->cells[i];

		score->is_left_out[i] = !self->is_right[i] || self->is_likely[i] != is_for_likely ||
		                        cell->subject->is_racy[cell->twin] != is_check(part);
	}
	forget_trials(score);
	self->request.disabled = part;
	ret = score_run(score);
	self->request.disabled = NULL;
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < score->cell_count; i++) {
		if (!score->is_left_out[i] && !is_judged_right(self, i))
			return (ssize_t)i;
	}
	return -ENOENT;
}

/* Returns 0 if the part is missed, -ENOENT if not, or another -errno. */
static int try_part(struct mutation *self, const char *part)
{
	const struct cell *cell;
	ssize_t found;

	for (size_t i = 0; i < self->score.cell_count; i++)
		self->is_likely[i] = is_named(self, self->score.cells[i].subject, part);
	found = find_change(self, part, true);
	if (found == -ENOENT)
		found = find_change(self, part, false);
	if (found < 0) {
		printf("%-28s %s\n", part, found == -ENOENT ? "NOT MISSED" : strerror((int)-found));
		fflush(stdout);
		return (int)found;
	}
	cell = &self->score.cells[found];
	printf("%-28s missed by %s, %s, %s\n", part, cell->subject->name,
	       race_twin_name(cell->twin), race_model_name(cell->model));
	fflush(stdout);
	return 0;
}

/* Notes which cells the whole detector judges right. Returns 0, or -errno. */
static int run_whole(struct mutation *self)
{
	int ret = score_run(&self->score);

	self->request.run_count = 1;
	for (size_t i = 0; ret == 0 && i < self->score.cell_count; i++)
		self->is_right[i] = is_judged_right(self, i);
	return ret;
}

static int run_parts(struct mutation *self, const char *name)
{
	size_t tried_count = 0;
	size_t missed_count = 0;

	for (size_t i = 0; i < PART_COUNT; i++) {
		if (name && strcmp(name, parts[i]) != 0)
			continue;
		tried_count++;
		missed_count += try_part(self, parts[i]) == 0;
	}
	if (tried_count == 0)
		return command_usage_error("races", "--mutation=%s: there is no such edge or check",
		                           name);
	printf("mutation score: %zu of %zu\n", missed_count, tried_count);
	return missed_count == tried_count ? CHECK_EXIT_PASSED : CHECK_EXIT_FAILED;
}

int mutation_run(const struct score_request *request, const char *name)
{
	struct mutation self = {.request = *request};
	int status = CHECK_EXIT_FAILED;
	int ret;

	self.detector = (size_t)detector_find("racecheck_gcc");
	memset(self.request.is_asked, 0, sizeof(self.request.is_asked));
	self.request.is_asked[self.detector] = true;
	self.request.has_forms = true;
	self.request.run_count = WHOLE_RUNS;
	ret = score_select(&self.score, &self.request);
	if (ret == 0) {
		self.is_right = calloc(self.score.cell_count, sizeof(*self.is_right));
		self.is_likely = calloc(self.score.cell_count, sizeof(*self.is_likely));
		ret = self.is_right && self.is_likely ? run_whole(&self) : -ENOMEM;
	}
	if (ret == 0)
		status = run_parts(&self, name);
	else
		fprintf(stderr, "ipccheck races: %s\n",
		        self.score.catalogue.problem[0] ? self.score.catalogue.problem
		                                        : strerror(-ret));
	free(self.is_right);
	free(self.is_likely);
	score_release(&self.score);
	return status;
}
