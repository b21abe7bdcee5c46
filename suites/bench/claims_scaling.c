/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/claims_scaling.c - judges of what more peers gain, and of the model of CPython's
 * lock.
 *
 * A speed-up is that of a round: tasks a second of a cell, divided by those of one
 * peer alone in the same round, if others left the CPUs to both. Its median over the
 * rounds is judged, and a refusal needs the quartile on its side too.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "suites/bench/claim_figures.h"

/* The bars of the experiment. */
#define SCALES_AT_LEAST 1.7
#define STOPPED_AT_MOST 1.1
#define STOPPED_AT_LEAST 0.9
#define IO_SCALES_AT_LEAST 6.0
/* A task of CPython's peers that costs so much more than one alone is slowed by passing. */
#define PASSING_CPU_AT_LEAST 1.05
/* How far the model may be from CPython. */
#define MODEL_SPEEDUP_WITHIN 0.2
#define MODEL_SHARE_WITHIN 15.0

/* Where a speed-up is looked for: the cell, and the one of one peer alone. */
struct speedup {
	const char *name; /* of the fact */
	const char *transport;
	const char *model;
	const char *cpu_name; /* of the fact of its CPU time, for CPython's */
};

static struct ratio speedup_of(const struct trial *trial, struct claim *claim,
                               const struct speedup *which, const char *task)
{
	const struct trial_cell *cell =
		trial_find(trial, which->transport, which->model, task, NULL);
	const struct trial_cell *alone;
	struct ratio ratio;
	bool needs_quiet = strcmp(task, "fibonacci") == 0; /* who waits needs no CPU */
	char base[RUN_NAME_BYTES] = "loopback";

	for (size_t i = 0; i < trial->pythons_count; i++) {
		const char *name = trial->pythons[i].name;
		size_t length = strlen(name);

		/* "cpython_" is a start of "cpython_ft_": the longer name comes later, and wins. */
		if (strncmp(which->transport, name, length) == 0 && which->transport[length] == '_')
			snprintf(base, sizeof(base), "%s_alone", name);
	}
	alone = trial_find(trial, base, "threads", task, NULL);
	ratio = trial_divide(cell, alone, false, needs_quiet);
	/* Where too few rounds were quiet, what all show is told, and judged by nobody. */
	claim_add_fact(claim,
	               isnan(ratio.median) ? trial_divide(cell, alone, false, false).median
	                                   : ratio.median,
	               which->name);
	claim_add_cell(claim, cell);
	claim_add_cell(claim, alone);
	return ratio;
}

static const struct speedup threads = {"threads_speedup", "heap", "threads", NULL};
static const struct speedup gil = {"gil_speedup", "heap", "gil", NULL};
static const struct speedup over_pipe = {"processes_pipe_speedup", "pipe", "processes", NULL};
static const struct speedup over_ring = {"processes_shm_ring_speedup", "shm_ring", "processes",
                                         NULL};
static const struct speedup py_threads = {"cpython_threads_speedup", "cpython_threading", "threads",
                                          "cpython_threads_cpu_ratio"};
static const struct speedup py_pool = {"cpython_processes_speedup", "cpython_mp_pool", "processes",
                                       "cpython_processes_cpu_ratio"};
static const struct speedup py_pipe = {"cpython_pipe_speedup", "cpython_mp_pipe", "processes",
                                       "cpython_pipe_cpu_ratio"};
static const struct speedup py_free = {"cpython_free_threads_speedup", "cpython_ft_threading",
                                       "threads", NULL};

/* Says whether this machine had two CPUs to give; else there is no verdict. */
static bool has_two_cpus(const struct trial *trial, struct claim *claim)
{
	const struct trial_cell *control = trial_find(trial, "heap", "threads", "fibonacci", NULL);
	const struct trial_cell *alone =
		trial_find(trial, "loopback", "threads", "fibonacci", NULL);
	struct ratio ratio = trial_divide(control, alone, false, true);
	uint32_t rounds = control ? control->rounds : 0;
	uint32_t quiet = 0;

	for (uint32_t i = 0; i < rounds; i++)
		quiet += trial_is_quiet(control, i) && trial_is_quiet(alone, i);
	claim_add_fact(claim, quiet, "undisturbed_rounds_count");
	claim_add_fact(claim, rounds, "rounds_count");
	if (isnan(ratio.median))
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD,
		             "in %u of %u rounds only did others leave the CPUs alone", quiet,
		             rounds);
	else if (ratio.median < SCALES_AT_LEAST)
		claim_decide(
			claim, CLAIM_CANNOT_BE_TOLD,
			"threads without a lock gained only x%.2f: there are no two whole CPUs",
			ratio.median);
	else
		return true;
	return false;
}

/*
 * Adds to the reason why CPython's peers are outside the bar, if they are: what a
 * task costs more than one that is done alone is lost to passing and to waking.
 */
static void explain_python(const struct trial *trial, struct claim *claim,
                           const struct speedup *which, struct ratio ratio, const char *task,
                           bool is_inside)
{
	const struct trial_cell *cell =
		trial_find(trial, which->transport, which->model, task, NULL);
	const struct trial_cell *alone = trial_find(trial, "cpython_alone", "threads", task, NULL);
	double cpu = trial_divide(cell, alone, true, false).median;
	size_t used = strlen(claim->reason);

	if (isnan(cpu))
		return;
	claim_add_fact(claim, cpu, which->cpu_name);
	if (is_inside || isnan(ratio.median))
		return;
	snprintf(claim->reason + used, sizeof(claim->reason) - used,
	         "%sCPython's %s reach x%.2f: %s, at x%.2f the CPU a task", used > 0 ? "; " : "",
	         which->model, ratio.median,
	         cpu > PASSING_CPU_AT_LEAST ? "passing and waking cost"
	                                    : "they wait for their turn",
	         cpu);
}

void claim_judge_lock(const struct trial *trial, struct claim *claim)
{
	struct ratio locked = speedup_of(trial, claim, &gil, "fibonacci");
	struct ratio real;

	speedup_of(trial, claim, &threads, "fibonacci");
	real = speedup_of(trial, claim, &py_threads, "fibonacci");
	speedup_of(trial, claim, &py_free, "fibonacci");
	if (!has_two_cpus(trial, claim))
		return;
	if (isnan(locked.median))
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD, "%s", CLAIM_TOO_FEW);
	else if (locked.median <= STOPPED_AT_MOST && locked.median >= STOPPED_AT_LEAST)
		claim_decide(claim, CLAIM_HOLDS, "%s", "");
	else if (locked.low > STOPPED_AT_MOST)
		claim_decide(claim, CLAIM_DOES_NOT_HOLD, "%s", "");
	else
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD, "the rounds differ: x%.2f to x%.2f",
		             locked.low, locked.high);
	explain_python(trial, claim, &py_threads, real, "fibonacci",
	               real.median >= STOPPED_AT_LEAST && real.median <= STOPPED_AT_MOST);
}

/* At least the bar by the median, or below it in three of four rounds, or neither. */
static enum claim_verdict reaches(struct ratio ratio, double bar)
{
	if (ratio.median >= bar)
		return CLAIM_HOLDS;
	return ratio.high < bar ? CLAIM_DOES_NOT_HOLD : CLAIM_CANNOT_BE_TOLD;
}

void claim_judge_processes(const struct trial *trial, struct claim *claim)
{
	struct ratio pipe = speedup_of(trial, claim, &over_pipe, "fibonacci");
	struct ratio ring = speedup_of(trial, claim, &over_ring, "fibonacci");
	struct ratio real_pool;
	struct ratio real_pipe;
	enum claim_verdict worst;

	speedup_of(trial, claim, &threads, "fibonacci");
	real_pool = speedup_of(trial, claim, &py_pool, "fibonacci");
	real_pipe = speedup_of(trial, claim, &py_pipe, "fibonacci");
	if (!has_two_cpus(trial, claim))
		return;
	worst = reaches(pipe, SCALES_AT_LEAST);
	if (reaches(ring, SCALES_AT_LEAST) > worst)
		worst = reaches(ring, SCALES_AT_LEAST);
	claim_decide(claim, worst, "%s", worst == CLAIM_CANNOT_BE_TOLD ? "the rounds differ" : "");
	explain_python(trial, claim, &py_pool, real_pool, "fibonacci",
	               real_pool.median >= SCALES_AT_LEAST);
	explain_python(trial, claim, &py_pipe, real_pipe, "fibonacci", true);
}

void claim_judge_io(const struct trial *trial, struct claim *claim)
{
	struct ratio all[3] = {
		speedup_of(trial, claim, &threads, "http"),
		speedup_of(trial, claim, &gil, "http"),
		speedup_of(trial, claim, &over_pipe, "http"),
	};
	struct ratio real_threads = speedup_of(trial, claim, &py_threads, "http");
	struct ratio real_pool = speedup_of(trial, claim, &py_pool, "http");
	enum claim_verdict worst = CLAIM_HOLDS;

	for (size_t i = 0; i < 3; i++) {
		if (isnan(all[i].median)) {
			claim_decide(claim, CLAIM_CANNOT_BE_TOLD, "downloads were not measured");
			return;
		}
		if (reaches(all[i], IO_SCALES_AT_LEAST) > worst)
			worst = reaches(all[i], IO_SCALES_AT_LEAST);
	}
	claim_decide(claim, worst, "%s", worst == CLAIM_CANNOT_BE_TOLD ? "the rounds differ" : "");
	explain_python(trial, claim, &py_threads, real_threads, "http",
	               real_threads.median >= IO_SCALES_AT_LEAST);
	explain_python(trial, claim, &py_pool, real_pool, "http",
	               real_pool.median >= IO_SCALES_AT_LEAST);
}

/* Compares a figure of the model with CPython's; adds both. Returns 1 if they are apart. */
static int differs(struct claim *claim, double model, double real, double within, const char *name)
{
	char fact[EXPERIMENT_NAME_BYTES];

	snprintf(fact, sizeof(fact), "gil_%s", name);
	claim_add_fact(claim, model, fact);
	snprintf(fact, sizeof(fact), "cpython_%s", name);
	claim_add_fact(claim, real, fact);
	return fabs(model - real) > within;
}

/* Says whether others used the CPUs while a caller's share was measured, here or in CPython. */
static bool share_is_disturbed(const struct trial *trial)
{
	for (size_t i = 0; i < TRIAL_EXPERIMENTS_MAX && experiment_at(i); i++) {
		if (strcmp(experiment_at(i)->name, "background") == 0 &&
		    !(trial->experiments_others_cpus[i] <= TRIAL_OTHERS_CPUS_MAX))
			return true;
	}
	return trial->pythons_count > 0 &&
	       !(experiment_value(&trial->pythons[0].facts, "background_others_cpus") <=
	         TRIAL_OTHERS_CPUS_MAX);
}

void claim_judge_model(const struct trial *trial, struct claim *claim)
{
	static const char beside[] = "caller_share_beside_thread_that_computes_percent";
	const struct experiment_run *background = trial_experiment(trial, "background");
	struct claim aside = {0}; /* these facts have other names here */
	struct ratio cpu = speedup_of(trial, &aside, &gil, "fibonacci");
	struct ratio cpu_real = speedup_of(trial, &aside, &py_threads, "fibonacci");
	struct ratio io = speedup_of(trial, &aside, &gil, "http");
	struct ratio io_real = speedup_of(trial, &aside, &py_threads, "http");
	double share =
		experiment_value(background, "caller_share_beside_gil_that_computes_percent");
	double share_real =
		trial->pythons_count > 0 ? experiment_value(&trial->pythons[0].facts, beside) : NAN;
	bool cpu_differs =
		differs(claim, cpu.median, cpu_real.median, MODEL_SPEEDUP_WITHIN, "cpu_speedup");
	bool io_differs = differs(claim, io.median, io_real.median, 1.0, "http_speedup");
	bool share_differs =
		differs(claim, share, share_real, MODEL_SHARE_WITHIN, "caller_share_percent");
	bool is_disturbed = share_is_disturbed(trial);

	for (size_t i = 0; i < aside.cells_count; i++)
		claim->cells[claim->cells_count++] = aside.cells[i];
	if (trial->pythons_count == 0)
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD, "no CPython: %s", trial->python_why);
	else if (trial->pythons[0].is_free_threaded)
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD,
		             "the python3 found here has no such lock");
	else if (!has_two_cpus(trial, claim))
		return;
	else if (isnan(cpu.median + cpu_real.median + io.median + io_real.median + share +
	               share_real))
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD, "not all was measured: %s",
		             trial->python_why);
	else if (share_differs && is_disturbed)
		claim_decide(claim, CLAIM_CANNOT_BE_TOLD, "others used the CPUs beside the caller");
	else if (!cpu_differs && !io_differs && !share_differs)
		claim_decide(claim, CLAIM_HOLDS, "CPython %s", trial->pythons[0].version);
	else
		claim_decide(claim, CLAIM_DOES_NOT_HOLD, "CPython %s differs in:%s%s%s",
		             trial->pythons[0].version, cpu_differs ? " work for the CPU" : "",
		             io_differs ? " downloads" : "",
		             share_differs ? " the caller's share" : "");
}
