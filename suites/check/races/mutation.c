/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/mutation.c - makes the mutants and looks for cases that kill them.
 *
 * The cases that are about a part are asked first, then the others, a few at a time until
 * one kills the mutant. A killer is heard twice: of several runs of the mutant one must be
 * wrong (without a check all), and each of the whole detector right, since a verdict that
 * changes by itself proves nothing.
 */
#include "suites/check/races/mutation.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suites/check/command.h"

static const char *const parts[] = {
#define CALL(name)
#define EDGE(name) #name,
#include "suites/racecheck/edges.def"
};

enum {
	PART_COUNT = sizeof(parts) / sizeof(parts[0]),
	SOURCE_BYTES_MAX = 1 << 16,
	BATCH_CELLS = 16,
	RUNS_MAX = 3, /* of one cell, by a mutant or by the whole detector */
};

/* How near a case is to a part, the nearest first. */
enum nearness {
	NEAR_FORM, /* a form of the case has the part's name */
	NEAR_NAME, /* the case calls it */
	NEAR_NOT,
	NEARNESS_COUNT,
};

struct mutation {
	struct score_request request; /* with the part that is out */
	struct score score;
	size_t detector;
	const char *part;
	enum nearness *nearness; /* of each cell to the part */
	char *source;            /* of one case */
	struct mutant mutants[PART_COUNT];
	size_t mutant_count;
};

bool mutation_is_check(const char *part)
{
	return strncmp(part, "check_", strlen("check_")) == 0;
}

static bool is_identifier(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* Says whether a case's source calls the function. */
static bool is_called(const struct mutation *self, const struct race_case *subject)
{
	size_t part_bytes = strlen(self->part);
	char path[PATH_MAX];
	size_t bytes;
	FILE *file;

	snprintf(path, sizeof(path), "%s/suites/check/races/cases/%s", self->request.root,
	         subject->file);
	file = fopen(path, "re");
	if (!file)
		return false;
	bytes = fread(self->source, 1, SOURCE_BYTES_MAX - 1, file);
	fclose(file);
	self->source[bytes] = '\0';
	for (const char *at = self->source; (at = strstr(at, self->part)) != NULL;
	     at += part_bytes) {
		if (at > self->source && !is_identifier(at[-1]) && at[part_bytes] == '(')
			return true;
	}
	return false;
}

static void find_nearness(struct mutation *self)
{
	const struct race_case *last = NULL;
	enum nearness nearness = NEAR_NOT;

	for (size_t i = 0; i < self->score.cell_count; i++) {
		const struct race_case *subject = self->score.cells[i].subject;

		if (subject != last)
			nearness = strcmp(subject->form, self->part) == 0 ? NEAR_FORM
			           : is_called(self, subject)             ? NEAR_NAME
			                                                  : NEAR_NOT;
		self->nearness[i] = nearness;
		last = subject;
	}
}

static void forget_trials(struct score *score)
{
	for (size_t i = 0; i < score->cell_count * detector_count; i++) {
		double *durations_ns = score->trials[i].durations_ns;

		score->trials[i] = (struct trial){.durations_ns = durations_ns};
	}
}

static const struct trial *trial_of(const struct mutation *self, size_t cell)
{
	return score_trial(&self->score, cell, self->detector);
}

/* Without an edge a run may still be orderly by luck: one red run will do. */
static bool is_killing(const struct mutation *self, size_t cell)
{
	return trial_verdict(trial_of(self, cell)) ==
	       (mutation_is_check(self->part) ? VERDICT_KIND_FREE : VERDICT_KIND_RACY);
}

static bool is_always_right(const struct mutation *self, size_t cell)
{
	enum verdict_kind truth =
		mutation_is_check(self->part) ? VERDICT_KIND_RACY : VERDICT_KIND_FREE;

	return trial_of(self, cell)->verdict_counts[truth] == RUNS_MAX;
}

/* Runs the cells that are not left out, by the mutant or by the whole detector. */
static int run(struct mutation *self, bool is_mutant, unsigned run_count)
{
	int ret;

	forget_trials(&self->score);
	self->request.disabled = is_mutant ? self->part : NULL;
	self->request.run_count = run_count;
	ret = score_run(&self->score);
	self->request.disabled = NULL;
	return ret;
}

/* Returns 1 if the cell alone kills the mutant and is right otherwise, 0 if not, or -errno. */
static int is_confirmed(struct mutation *self, size_t cell)
{
	int ret;

	memset(self->score.is_left_out, true, self->score.cell_count);
	self->score.is_left_out[cell] = false;
	ret = run(self, true, RUNS_MAX);
	if (ret < 0 || !is_killing(self, cell))
		return ret;
	ret = run(self, false, RUNS_MAX);
	return ret < 0 ? ret : is_always_right(self, cell);
}

/* Asks no more than BATCH_CELLS cells of a nearness, from *next on, which it moves. */
static size_t choose_batch(struct mutation *self, enum nearness nearness, size_t *next,
                           size_t batch[BATCH_CELLS])
{
	struct score *score = &self->score;
	size_t count = 0;

	memset(score->is_left_out, true, score->cell_count);
	for (; *next < score->cell_count && count < BATCH_CELLS; ++*next) {
		const struct cell *cell = &score->cells[*next];

		if (self->nearness[*next] != nearness ||
		    cell->subject->is_racy[cell->twin] != mutation_is_check(self->part))
			continue;
		score->is_left_out[*next] = false;
		batch[count++] = *next;
	}
	return count;
}

static bool is_unavailable(const struct mutation *self, size_t cell)
{
	const struct trial *trial = trial_of(self, cell);

	return trial_verdict(trial) == VERDICT_KIND_NONE &&
	       strncmp(trial->cause, "unavailable", strlen("unavailable")) == 0;
}

/* Keeps why no case that is about the part could be judged here; one that could was heard. */
static void note_skip(const struct mutation *self, const size_t *batch, size_t count,
                      struct mutant *out)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_unavailable(self, batch[i])) {
			out->is_judged = true;
			out->cause[0] = '\0';
		}
	}
	if (out->is_judged)
		return;
	memcpy(out->cause, trial_of(self, batch[0])->cause, sizeof(out->cause));
}

/* Looks among the cells of a nearness. Returns 1 if one kills the mutant, 0, or -errno. */
static int find_killer(struct mutation *self, enum nearness nearness, struct mutant *out)
{
	size_t batch[BATCH_CELLS];
	bool is_suspect[BATCH_CELLS];
	/* Where its own forms can't run, a case that calls it by the way says nothing. */
	bool is_decided = out->cause[0] != '\0';
	size_t next = 0;
	size_t count;
	int ret = 0;

	while (ret == 0 && (count = choose_batch(self, nearness, &next, batch)) > 0) {
		ret = run(self, true, nearness == NEAR_NOT ? 1 : RUNS_MAX);
		for (size_t i = 0; i < count; i++)
			is_suspect[i] = is_killing(self, batch[i]);
		if (nearness != NEAR_NOT && !is_decided)
			note_skip(self, batch, count, out);
		for (size_t i = 0; i < count && ret == 0; i++) {
			if (is_suspect[i])
				ret = is_confirmed(self, batch[i]);
			if (ret == 1)
				out->killer = &self->score.cells[batch[i]];
		}
	}
	return ret;
}

/* Makes the mutant without the part and sees what becomes of it. Returns 0, or -errno. */
static int try_part(struct mutation *self, const char *part)
{
	struct mutant *mutant = &self->mutants[self->mutant_count++];
	int ret = 0;

	*mutant = (struct mutant){.part = part};
	self->part = part;
	find_nearness(self);
	for (enum nearness i = 0; i < NEARNESS_COUNT && ret == 0; i++)
		ret = find_killer(self, i, mutant);
	if (ret < 0)
		return ret;
	mutant->state = ret == 1           ? MUTANT_KILLED
	                : mutant->cause[0] ? MUTANT_SKIPPED
	                                   : MUTANT_SURVIVED;
	if (ret == 1)
		mutant->cause[0] = '\0';
	if (!self->request.is_json)
		mutation_print_row(mutant);
	else if (isatty(STDERR_FILENO))
		fprintf(stderr, "\rmutants: %zu", self->mutant_count);
	return 0;
}

/* Says whether the list has the word of that many bytes; an empty list has all. */
static bool is_listed(const char *names, const char *part)
{
	size_t part_bytes = strlen(part);

	if (!names)
		return true;
	for (const char *at = names; *at; at += *at == ',') {
		size_t bytes = strcspn(at, ",");

		if (bytes == part_bytes && memcmp(at, part, bytes) == 0)
			return true;
		at += bytes;
	}
	return false;
}

/* Leaves the program at a name that is no part. */
static void check_names(const char *names)
{
	if (!names)
		return;
	do {
		int bytes = (int)strcspn(names, ",");
		bool is_known = false;

		for (size_t i = 0; i < PART_COUNT; i++)
			is_known |= strlen(parts[i]) == (size_t)bytes &&
			            memcmp(parts[i], names, (size_t)bytes) == 0;
		if (!is_known)
			exit(command_usage_error("races",
			                         "--mutation=%.*s: there is no such edge or check; "
			                         "see suites/racecheck/edges.def",
			                         bytes, names));
		names += bytes;
	} while (*names++ == ',');
}

/* Returns 0 if none survived and not all were skipped, 1 otherwise, or -errno. */
static int run_parts(struct mutation *self, const char *names)
{
	size_t counts[] = {[MUTANT_SURVIVED] = 0, [MUTANT_KILLED] = 0, [MUTANT_SKIPPED] = 0};
	int ret = 0;

	for (size_t i = 0; i < PART_COUNT && ret == 0; i++) {
		if (is_listed(names, parts[i]))
			ret = try_part(self, parts[i]);
	}
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < self->mutant_count; i++)
		counts[self->mutants[i].state]++;
	if (self->request.is_json && isatty(STDERR_FILENO))
		fprintf(stderr, "\n");
	if (self->request.is_json)
		ret = mutation_print_json(self->mutants, self->mutant_count);
	else
		mutation_print_sums(self->mutants, self->mutant_count);
	return ret < 0 ? ret : counts[MUTANT_SURVIVED] > 0 || counts[MUTANT_KILLED] == 0;
}

/* Selects the cells. Returns 0, or -errno. */
static int prepare(struct mutation *self)
{
	int ret;

	self->detector = (size_t)detector_find("racecheck_gcc");
	memset(self->request.is_asked, 0, sizeof(self->request.is_asked));
	self->request.is_asked[self->detector] = true;
	self->request.has_forms = true;
	self->request.is_expecting = false;
	self->request.is_quiet = true;
	self->request.run_count = RUNS_MAX;
	ret = score_select(&self->score, &self->request);
	if (ret < 0)
		return ret;
	if (self->score.is_absent[self->detector])
		return -ENOENT;
	self->nearness = calloc(self->score.cell_count, sizeof(*self->nearness));
	self->source = malloc(SOURCE_BYTES_MAX);
	return self->nearness && self->source ? 0 : -ENOMEM;
}

int mutation_run(const struct score_request *request, const char *names)
{
	struct mutation *self;
	int ret;

	check_names(names);
	self = calloc(1, sizeof(*self));
	if (!self)
		return CHECK_EXIT_FAILED;
	self->request = *request;
	ret = prepare(self);
	if (ret == 0)
		ret = run_parts(self, names);
	if (ret < 0)
		fprintf(stderr, "ipccheck races: %s\n",
		        self->score.catalogue.problem[0] ? self->score.catalogue.problem
		        : self->score.absence[self->detector][0]
		                ? self->score.absence[self->detector]
		                : strerror(-ret));
	free(self->nearness);
	free(self->source);
	score_release(&self->score);
	free(self);
	return ret == 0 ? CHECK_EXIT_PASSED : CHECK_EXIT_FAILED;
}
