/* SPDX-License-Identifier: MIT */
/* suites/check/races/score.c - selects cells, builds their programs, runs every trial. */
#include "suites/check/races/score.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "suites/check/races/workshop.h"

enum { JOBS_MAX = 16, COMPILE_LIMIT_S = 60, REPEATS_MAX = 3 };

/* What one slot works on. */
struct job {
	struct command command;
	size_t cell;
	size_t detector;
	unsigned seed;      /* 0: the detector's own schedule */
	unsigned seed_last; /* of a search for a schedule that shows the race */
	double duration_ns; /* of the search so far */
	unsigned repeats;   /* of a run that missed the race */
};

struct workers {
	struct score *score;
	struct program slots[JOBS_MAX];
	struct job jobs[JOBS_MAX];
	size_t busy_count;
	size_t done_count;
	size_t total_count;
	const char *what;
	uint64_t shown_ns;
	int error;
	void (*finish)(struct workers *workers, struct job *job, struct program *program);
};

static bool is_selected(const struct score_request *request, const struct cell *cell)
{
	const struct race_case *subject = cell->subject;

	if (!subject->has_model[cell->model])
		return false;
	if (request->model && strcmp(request->model, race_model_name(cell->model)) != 0)
		return false;
	if (request->twin && strcmp(request->twin, race_twin_name(cell->twin)) != 0)
		return false;
	if (request->case_glob)
		return fnmatch(request->case_glob, subject->name, 0) == 0;
	return request->has_forms || !subject->is_form;
}

/* Says whether this machine can run the case at all. */
static bool has_machine(const struct race_case *subject)
{
#ifdef __x86_64__
	if (strcmp(subject->machine, "avx2") == 0)
		return __builtin_cpu_supports("avx2");
	if (strcmp(subject->machine, "cx16") == 0 || strcmp(subject->machine, "x86") == 0)
		return true; /* cx16: every one since 2005 */
#endif
	return subject->machine[0] == '\0';
}

static void probe(struct score *score)
{
	for (size_t i = 0; i < detector_count; i++) {
		const struct detector *detector = &detectors[i];

		for (size_t tool = 0; tool < 4 && detector->tools[tool]; tool++) {
			const char *name = strcmp(detector->tools[tool], "racecheck") == 0
			                           ? score->request->racecheck
			                           : detector->tools[tool];

			if (program_exists(name))
				continue;
			score->is_absent[i] = true;
			snprintf(score->absence[i], sizeof(score->absence[i]),
			         "there is no %.200s here", name);
		}
	}
}

int score_select(struct score *score, const struct score_request *request)
{
	bool has_other_machine = false;
	size_t cells_max;
	int ret;

	*score = (struct score){.request = request};
	ret = catalogue_init(&score->catalogue, request->root);
	if (ret < 0)
		return ret;
	cells_max = score->catalogue.count * RACE_MODEL_COUNT * RACE_TWIN_COUNT;
	score->cells = calloc(cells_max, sizeof(*score->cells));
	score->is_left_out = calloc(cells_max, sizeof(*score->is_left_out));
	if (!score->cells || !score->is_left_out)
		return -ENOMEM;
	for (size_t i = 0; i < cells_max; i++) {
		struct cell cell = {
			.subject = &score->catalogue.cases[i / RACE_TWIN_COUNT / RACE_MODEL_COUNT],
			.model = i / RACE_TWIN_COUNT % RACE_MODEL_COUNT,
			.twin = i % RACE_TWIN_COUNT,
		};

		if (!is_selected(request, &cell))
			continue;
		if (has_machine(cell.subject))
			score->cells[score->cell_count++] = cell;
		else
			has_other_machine = true;
	}
	if (score->cell_count == 0)
		return has_other_machine ? -ENODEV : -ENOENT;
	score->trials = calloc(score->cell_count * detector_count, sizeof(*score->trials));
	if (!score->trials)
		return -ENOMEM;
	for (size_t i = 0; i < score->cell_count * detector_count; i++) {
		score->trials[i].durations_ns = calloc(request->run_count, sizeof(double));
		if (!score->trials[i].durations_ns)
			return -ENOMEM;
	}
	probe(score);
	return 0;
}

static void show_progress(struct workers *workers, bool is_last)
{
	uint64_t now = clock_now_ns();

	if (workers->score->request->is_quiet || !isatty(STDERR_FILENO) ||
	    (!is_last && now - workers->shown_ns < 200 * NS_PER_MS))
		return;
	workers->shown_ns = now;
	fprintf(stderr, "\r%s: %zu of %zu%s", workers->what, workers->done_count,
	        workers->total_count, is_last ? "\n" : "");
}

/* Waits for one job to end. */
static void drain_one(struct workers *workers)
{
	ssize_t slot = program_wait(workers->slots, workers->score->request->job_count);

	if (slot < 0) {
		workers->error = (int)slot;
		workers->busy_count = 0;
		return;
	}
	workers->busy_count--;
	workers->done_count++;
	workers->finish(workers, &workers->jobs[slot], &workers->slots[slot]);
	free(workers->slots[slot].output);
	workers->slots[slot].output = NULL;
	show_progress(workers, false);
}

static void drain(struct workers *workers)
{
	while (workers->busy_count > 0 && workers->error == 0)
		drain_one(workers);
	show_progress(workers, true);
}

/* Returns an empty slot, waiting for one if need be. */
static size_t take_slot(struct workers *workers)
{
	size_t slot = 0;

	while (workers->busy_count == workers->score->request->job_count)
		drain_one(workers);
	while (workers->slots[slot].pid != 0)
		slot++;
	return slot;
}

static void start(struct workers *workers, size_t slot, unsigned limit_s)
{
	struct program *program = &workers->slots[slot];
	const struct command *command = &workers->jobs[slot].command;
	int ret;

	*program = (struct program){
		.arguments = command->arguments,
		.environment = command->environment,
		.limit_ns = limit_s * NS_PER_S,
	};
	ret = program_start(program);
	if (ret < 0)
		workers->error = ret;
	else
		workers->busy_count++;
}

static bool is_needed(const struct score *score, size_t cell, enum build_kind kind)
{
	for (size_t i = 0; i < detector_count; i++) {
		if (detectors[i].build == kind && score_is_asked(score, cell, i))
			return true;
	}
	return false;
}

/* Says whether an earlier cell has the same program: the models share theirs. */
static bool is_built_before(const struct score *score, size_t cell, enum build_kind kind)
{
	const struct cell *at = &score->cells[cell];

	for (size_t i = cell; i-- > 0 && score->cells[i].subject == at->subject;) {
		if (score->cells[i].twin == at->twin && is_needed(score, i, kind))
			return true;
	}
	return false;
}

static bool has_program(const struct workers *workers, size_t cell, enum build_kind kind)
{
	const struct cell *at = &workers->score->cells[cell];
	char path[PATH_MAX];

	workshop_path(path, workers->score->programs, at->subject, at->twin, kind);
	return access(path, X_OK) == 0;
}

static void finish_compile(struct workers *workers, struct job *job, struct program *program)
{
	const struct cell *cell = &workers->score->cells[job->cell];

	if (program->end == PROGRAM_EXITED && program->status == 0)
		return;
	fprintf(stderr, "ipccheck races: %s, %s, can't be built:\n%s\n", cell->subject->name,
	        race_twin_name(cell->twin), program->output ? program->output : "");
}

static void compile_all(struct workers *workers)
{
	struct score *score = workers->score;

	workers->what = "building";
	workers->finish = finish_compile;
	for (size_t i = 0; i < score->cell_count * BUILD_KIND_COUNT && workers->error == 0; i++) {
		size_t cell = i / BUILD_KIND_COUNT;
		enum build_kind kind = i % BUILD_KIND_COUNT;
		size_t slot;

		if (!is_needed(score, cell, kind) || has_program(workers, cell, kind))
			continue;
		if (is_built_before(score, cell, kind))
			continue;
		slot = take_slot(workers);
		workers->total_count++;
		workers->jobs[slot].cell = cell;
		workshop_compile(&workers->jobs[slot].command, score->request,
		                 workers->score->programs, score->cells[cell].subject,
		                 score->cells[cell].twin, kind);
		start(workers, slot, COMPILE_LIMIT_S);
	}
	drain(workers);
}

static void start_run(struct workers *workers, size_t slot)
{
	struct job *job = &workers->jobs[slot];
	const struct detector *detector = &detectors[job->detector];

	workshop_run(&job->command, workers->score->request, workers->score->programs,
	             &workers->score->cells[job->cell], detector, job->seed);
	start(workers, slot, detector->limit_s);
}

static void explain(const struct workers *workers, const struct job *job,
                    const struct program *program)
{
	fprintf(stderr, "----");
	for (size_t i = 0; workers->score->request->is_verbose && i < job->command.count; i++)
		fprintf(stderr, " %s", job->command.arguments[i]);
	fprintf(stderr, "\n%s", program->output ? program->output : "");
}

/*
 * Says whether a run gets another: a race has to happen before it is seen, and on a busy
 * machine one peer may be done before the next begins. Not so a false alarm: one is one.
 */
static bool is_missed(const struct score *score, const struct job *job,
                      const struct finding *finding)
{
	const struct cell *cell = &score->cells[job->cell];
	const struct detector *detector = &detectors[job->detector];

	/* Its window is a time, in which a peer that gets no CPU does nothing. */
	if (score->request->is_forcing)
		return cell->twin == RACE_BROKEN && !finding->is_forced &&
		       finding->verdict != VERDICT_KIND_NONE;
	if (!score->request->is_expecting || !detector->is_ours ||
	    !cell->subject->is_racy[cell->twin] || finding->verdict == VERDICT_KIND_NONE)
		return false;
	return finding->verdict == VERDICT_KIND_FREE || (detector->has_pairs && !finding->has_pair);
}

static void finish_run(struct workers *workers, struct job *job, struct program *program)
{
	struct score *score = workers->score;
	const struct cell *cell = &score->cells[job->cell];
	struct trial *trial = score_trial(score, job->cell, job->detector);
	struct finding finding = {0};

	detectors[job->detector].judge(cell->subject, cell->twin, program, &finding);
	job->duration_ns += (double)program->duration_ns;
	if (finding.verdict == VERDICT_KIND_FREE && job->seed < job->seed_last) {
		size_t slot = (size_t)(job - workers->jobs);

		free(program->output);
		job->seed++;
		workers->total_count++;
		start_run(workers, slot);
		return;
	}
	if (is_missed(score, job, &finding) && job->repeats < REPEATS_MAX) {
		free(program->output);
		job->repeats++;
		workers->total_count++;
		start_run(workers, (size_t)(job - workers->jobs));
		return;
	}
	if (trial->verdict_counts[VERDICT_KIND_NONE] == 0)
		memcpy(trial->cause, finding.cause, sizeof(trial->cause));
	trial->verdict_counts[finding.verdict]++;
	trial->pair_count += finding.has_pair;
	trial->other_pair_count += finding.has_other_pair;
	trial->forced_count += finding.is_forced;
	if (trial->duration_count < score->request->run_count)
		trial->durations_ns[trial->duration_count++] = job->duration_ns;
	if (score->request->is_verbose)
		explain(workers, job, program);
}

/* Queues one run of a cell under a detector, if it is to be. */
static void queue_run(struct workers *workers, size_t cell, size_t detector, unsigned run)
{
	const struct score *score = workers->score;
	unsigned run_count = score->request->run_count / detectors[detector].run_divisor;
	unsigned schedule_count = score->cells[cell].subject->schedule_count;
	struct job *job;
	size_t slot;

	if (!score_is_asked(score, cell, detector) || (run > 0 && run >= run_count))
		return;
	if (!has_program(workers, cell, detectors[detector].build)) {
		struct trial *trial = score_trial(score, cell, detector);

		trial->verdict_counts[VERDICT_KIND_NONE]++;
		snprintf(trial->cause, sizeof(trial->cause), "its program can't be built");
		return;
	}
	slot = take_slot(workers);
	job = &workers->jobs[slot];
	workers->total_count++;
	job->cell = cell;
	job->detector = detector;
	job->duration_ns = 0;
	job->repeats = 0;
	job->seed = 0;
	job->seed_last = 0;
	if (detectors[detector].is_ours && schedule_count > 1) {
		job->seed = 1 + run * schedule_count;
		job->seed_last = job->seed + schedule_count - 1;
	}
	start_run(workers, slot);
}

static void run_all(struct workers *workers)
{
	struct score *score = workers->score;

	workers->what = "running";
	workers->finish = finish_run;
	workers->done_count = workers->total_count = 0;
	for (unsigned run = 0; run < score->request->run_count; run++) {
		for (size_t detector = 0; detector < detector_count; detector++) {
			for (size_t cell = 0; cell < score->cell_count; cell++) {
				if (workers->error == 0)
					queue_run(workers, cell, detector, run);
			}
		}
	}
	drain(workers);
}

static void remove_programs(const struct score *score)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < score->cell_count * BUILD_KIND_COUNT; i++) {
		const struct cell *cell = &score->cells[i / BUILD_KIND_COUNT];

		workshop_path(path, score->programs, cell->subject, cell->twin,
		              i % BUILD_KIND_COUNT);
		unlink(path);
	}
	rmdir(score->programs);
}

/* Makes the folder of the programs, if this is the first run. Returns 0, or -errno. */
static int make_programs_folder(struct score *score)
{
	const char *given = score->request->programs;
	const char *temporary = getenv("TMPDIR");
	char path[PATH_MAX];

	if (score->programs[0])
		return 0;
	snprintf(path, sizeof(path), given ? "%s" : "%s/races-XXXXXX",
	         given       ? given
	         : temporary ? temporary
	                     : "/tmp");
	if (given ? mkdir(path, 0700) < 0 && errno != EEXIST : !mkdtemp(path))
		return -errno;
	memcpy(score->programs, path, sizeof(path));
	return 0;
}

int score_run(struct score *score)
{
	struct workers *workers;
	int ret = make_programs_folder(score);

	if (ret < 0)
		return ret;
	workers = calloc(1, sizeof(*workers));
	if (!workers)
		return -ENOMEM;
	workers->score = score;
	compile_all(workers);
	if (workers->error == 0)
		run_all(workers);
	ret = workers->error;
	free(workers);
	return ret;
}

void score_release(struct score *score)
{
	if (score->programs[0] && !score->request->programs)
		remove_programs(score);
	for (size_t i = 0; score->trials && i < score->cell_count * detector_count; i++)
		free(score->trials[i].durations_ns);
	free(score->trials);
	free(score->is_left_out);
	free(score->cells);
	catalogue_release(&score->catalogue);
}
