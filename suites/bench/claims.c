/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/claims.c - what a trial says to each claim.
 *
 * A speed-up is that of a round: tasks a second of a cell, divided by those of one
 * peer alone in the same round, if others left the CPUs to both. Its median over the
 * rounds is judged, and a refusal needs the quartile on its side too.
 */
#include "suites/bench/claims.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "results/statistics.h"

/* The bars of the experiment. */
#define SCALES_AT_LEAST 1.7
#define QUIET_ROUNDS_MIN 3u
#define STOPPED_AT_MOST 1.1
#define STOPPED_AT_LEAST 0.9
#define IO_SCALES_AT_LEAST 6.0
#define NOTICED_MS_AT_MOST 100.0
#define IN_PLACE_AT_LEAST 0.95
#define COPY_CPU_AT_LEAST 1.05
#define CALLER_SHARE_AT_LEAST 85.0
/* How far the model may be from CPython. */
#define MODEL_SPEEDUP_WITHIN 0.2
#define MODEL_SHARE_WITHIN 15.0

/* A ratio over rounds; median NAN: it was not measured. */
struct ratio {
	double median;
	double low;
	double high;
};

const char *claim_verdict_text(enum claim_verdict verdict)
{
	static const char *const texts[] = {
		[CLAIM_HOLDS] = "holds",
		[CLAIM_DOES_NOT_HOLD] = "does not hold",
		[CLAIM_CANNOT_BE_TOLD] = "cannot be told",
	};

	return texts[verdict];
}

static void add_fact(struct claim *claim, double value, const char *name)
{
	if (isnan(value) || claim->facts_count == CLAIM_FACTS_MAX)
		return;
	claim->facts[claim->facts_count].value = value;
	snprintf(claim->facts[claim->facts_count++].name, EXPERIMENT_NAME_BYTES, "%s", name);
}

static void add_cell(struct claim *claim, const struct trial_cell *cell)
{
	for (size_t i = 0; cell && i < claim->cells_count; i++) {
		if (strcmp(claim->cells[i], cell->cell.name) == 0)
			return;
	}
	if (cell && claim->cells_count < CLAIM_CELLS_MAX)
		claim->cells[claim->cells_count++] = cell->cell.name;
}

__attribute__((format(printf, 3, 4))) static void
decide(struct claim *claim, enum claim_verdict verdict, const char *reason, ...)
{
	va_list arguments;

	claim->verdict = verdict;
	va_start(arguments, reason);
	vsnprintf(claim->reason, sizeof(claim->reason), reason, arguments);
	va_end(arguments);
}

static struct ratio ratio_of(double *values, size_t count)
{
	if (count == 0)
		return (struct ratio){NAN, NAN, NAN};
	statistics_sort(values, count);
	return (struct ratio){
		.median = statistics_median(values, count),
		.low = statistics_quantile(values, count, 0.25),
		.high = statistics_quantile(values, count, 0.75),
	};
}

/* Returns a figure of two cells in one round, the one divided by the other, or NAN. */
static double divide_round(const struct trial_cell *above, const struct trial_cell *below,
                           uint32_t round, bool is_cpu)
{
	if (!above || !below || round >= above->rounds || round >= below->rounds)
		return NAN;
	return is_cpu ? above->cpu_ns[round] / below->cpu_ns[round]
	              : above->tasks_per_s[round] / below->tasks_per_s[round];
}

/* Divides a figure of two cells, round by round; only where others left the CPUs to both. */
static struct ratio divide(const struct trial_cell *above, const struct trial_cell *below,
                           bool is_cpu, bool needs_quiet)
{
	double values[TRIAL_ROUNDS_MAX];
	size_t count = 0;

	for (uint32_t i = 0; i < TRIAL_ROUNDS_MAX; i++) {
		double value = divide_round(above, below, i, is_cpu);

		if (isfinite(value) &&
		    (!needs_quiet || (trial_is_quiet(above, i) && trial_is_quiet(below, i))))
			values[count++] = value;
	}
	return needs_quiet && count < QUIET_ROUNDS_MIN ? (struct ratio){NAN, NAN, NAN}
	                                               : ratio_of(values, count);
}

static double rate_of(const struct trial_cell *cell)
{
	double values[TRIAL_ROUNDS_MAX];
	size_t count = 0;

	for (uint32_t i = 0; cell && i < cell->rounds; i++) {
		if (isfinite(cell->tasks_per_s[i]))
			values[count++] = cell->tasks_per_s[i];
	}
	return ratio_of(values, count).median;
}

/* Where a speed-up is looked for: the cell, and the one of one peer alone. */
struct speedup {
	const char *name; /* of the fact */
	const char *transport;
	const char *model;
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
	ratio = divide(cell, alone, false, needs_quiet);
	/* Where too few rounds were quiet, what all show is told, and judged by nobody. */
	add_fact(claim,
	         isnan(ratio.median) ? divide(cell, alone, false, false).median : ratio.median,
	         which->name);
	add_cell(claim, cell);
	add_cell(claim, alone);
	return ratio;
}

static const struct experiment_run *experiment(const struct trial *trial, const char *name)
{
	static const struct experiment_run none;

	for (size_t i = 0; i < TRIAL_EXPERIMENTS_MAX && experiment_at(i); i++) {
		if (strcmp(experiment_at(i)->name, name) == 0)
			return &trial->experiments[i];
	}
	return &none;
}

/* Copies the facts of an experiment whose names start so; prefix: what to put before. */
static void copy_facts(struct claim *claim, const struct experiment_run *run, const char *start,
                       const char *prefix)
{
	char name[EXPERIMENT_NAME_BYTES];

	for (size_t i = 0; i < run->facts_count; i++) {
		if (strncmp(run->facts[i].name, start, strlen(start)) != 0)
			continue;
		snprintf(name, sizeof(name), "%.11s%.52s", prefix, run->facts[i].name);
		add_fact(claim, run->facts[i].value, name);
	}
}

/* Copies a fact of every CPython, with its name before it. */
static void copy_python(const struct trial *trial, struct claim *claim, const char *start)
{
	for (size_t i = 0; i < trial->pythons_count; i++) {
		char prefix[20];

		snprintf(prefix, sizeof(prefix), "%s_", trial->pythons[i].name);
		copy_facts(claim, &trial->pythons[i].facts, start, prefix);
	}
}

static const struct speedup threads = {"threads_speedup", "heap", "threads"};
static const struct speedup gil = {"gil_speedup", "heap", "gil"};
static const struct speedup over_pipe = {"processes_pipe_speedup", "pipe", "processes"};
static const struct speedup over_ring = {"processes_shm_ring_speedup", "shm_ring", "processes"};
static const struct speedup py_threads = {"cpython_threads_speedup", "cpython_threading",
                                          "threads"};
static const struct speedup py_pool = {"cpython_processes_speedup", "cpython_mp_pool", "processes"};
static const struct speedup py_free = {"cpython_free_threads_speedup", "cpython_ft_threading",
                                       "threads"};

/* Says whether this machine had two CPUs to give; else there is no verdict. */
static bool has_two_cpus(const struct trial *trial, struct claim *claim)
{
	const struct trial_cell *control = trial_find(trial, "heap", "threads", "fibonacci", NULL);
	const struct trial_cell *alone =
		trial_find(trial, "loopback", "threads", "fibonacci", NULL);
	struct ratio ratio = divide(control, alone, false, true);
	uint32_t rounds = control ? control->rounds : 0;
	uint32_t quiet = 0;

	for (uint32_t i = 0; i < rounds; i++)
		quiet += trial_is_quiet(control, i) && trial_is_quiet(alone, i);
	add_fact(claim, quiet, "undisturbed_rounds_count");
	add_fact(claim, rounds, "rounds_count");
	if (isnan(ratio.median))
		decide(claim, CLAIM_CANNOT_BE_TOLD,
		       "in %u of %u rounds only did others leave the CPUs alone", quiet, rounds);
	else if (ratio.median < SCALES_AT_LEAST)
		decide(claim, CLAIM_CANNOT_BE_TOLD,
		       "threads without a lock gained only x%.2f: there are no two whole CPUs",
		       ratio.median);
	else
		return true;
	return false;
}

static const char too_few[] = "others left the CPUs alone in too few rounds";

static void judge_lock(const struct trial *trial, struct claim *claim)
{
	struct ratio locked = speedup_of(trial, claim, &gil, "fibonacci");

	speedup_of(trial, claim, &threads, "fibonacci");
	speedup_of(trial, claim, &py_threads, "fibonacci");
	speedup_of(trial, claim, &py_free, "fibonacci");
	if (!has_two_cpus(trial, claim))
		return;
	if (isnan(locked.median))
		decide(claim, CLAIM_CANNOT_BE_TOLD, "%s", too_few);
	else if (locked.median <= STOPPED_AT_MOST && locked.median >= STOPPED_AT_LEAST)
		decide(claim, CLAIM_HOLDS, "%s", "");
	else if (locked.low > STOPPED_AT_MOST)
		decide(claim, CLAIM_DOES_NOT_HOLD, "%s", "");
	else
		decide(claim, CLAIM_CANNOT_BE_TOLD, "the rounds differ: x%.2f to x%.2f", locked.low,
		       locked.high);
}

/* At least the bar by the median, or below it in three of four rounds, or neither. */
static enum claim_verdict reaches(struct ratio ratio, double bar)
{
	if (ratio.median >= bar)
		return CLAIM_HOLDS;
	return ratio.high < bar ? CLAIM_DOES_NOT_HOLD : CLAIM_CANNOT_BE_TOLD;
}

static void judge_processes(const struct trial *trial, struct claim *claim)
{
	struct ratio pipe = speedup_of(trial, claim, &over_pipe, "fibonacci");
	struct ratio ring = speedup_of(trial, claim, &over_ring, "fibonacci");
	enum claim_verdict worst;

	speedup_of(trial, claim, &threads, "fibonacci");
	speedup_of(trial, claim, &py_pool, "fibonacci");
	if (!has_two_cpus(trial, claim))
		return;
	worst = reaches(pipe, SCALES_AT_LEAST);
	if (reaches(ring, SCALES_AT_LEAST) > worst)
		worst = reaches(ring, SCALES_AT_LEAST);
	decide(claim, worst, "%s", worst == CLAIM_CANNOT_BE_TOLD ? "the rounds differ" : "");
}

static void judge_io(const struct trial *trial, struct claim *claim)
{
	struct ratio all[3] = {
		speedup_of(trial, claim, &threads, "http"),
		speedup_of(trial, claim, &gil, "http"),
		speedup_of(trial, claim, &over_pipe, "http"),
	};
	enum claim_verdict worst = CLAIM_HOLDS;

	speedup_of(trial, claim, &py_threads, "http");
	speedup_of(trial, claim, &py_pool, "http");
	for (size_t i = 0; i < 3; i++) {
		if (isnan(all[i].median)) {
			decide(claim, CLAIM_CANNOT_BE_TOLD, "downloads were not measured");
			return;
		}
		if (reaches(all[i], IO_SCALES_AT_LEAST) > worst)
			worst = reaches(all[i], IO_SCALES_AT_LEAST);
	}
	decide(claim, worst, "%s", worst == CLAIM_CANNOT_BE_TOLD ? "the rounds differ" : "");
}

static void judge_races(const struct trial *trial, struct claim *claim)
{
	const struct experiment_run *race = experiment(trial, "race");
	double lost = experiment_value(race, "unsynchronised_lost_count");
	double twins = experiment_value(race, "mutex_lost_count") +
	               experiment_value(race, "atomic_lost_count") +
	               experiment_value(race, "message_lost_count");

	copy_facts(claim, race, "", "");
	copy_python(trial, claim, "unsynchronised_");
	if (isnan(twins) || isnan(lost))
		decide(claim, CLAIM_CANNOT_BE_TOLD, "%s",
		       race->why[0] ? race->why : "the race was not run");
	else if (twins > 0)
		decide(claim, CLAIM_DOES_NOT_HOLD, "a twin with synchronisation lost additions");
	else if (lost > 0)
		decide(claim, CLAIM_HOLDS, "%s", "");
	else
		decide(claim, CLAIM_CANNOT_BE_TOLD, "the two threads never met");
}

static void judge_crash(const struct trial *trial, struct claim *claim)
{
	static const char *const ways[] = {"segv", "abort", "kill", "memory"};
	const struct experiment_run *run = experiment(trial, "isolation");
	double survivors = 0;
	double lost = 0;
	double noticed_ms = 0;
	double thread_survivors = 0;

	copy_facts(claim, run, "", "");
	copy_python(trial, claim, "killed_thread_");
	copy_python(trial, claim, "executor_");
	for (size_t i = 0; i < 4; i++) {
		char name[EXPERIMENT_NAME_BYTES];

		snprintf(name, sizeof(name), "%s_processes_survivors_count", ways[i]);
		survivors += experiment_value(run, name);
		snprintf(name, sizeof(name), "%s_processes_lost_tasks_count", ways[i]);
		lost += experiment_value(run, name);
		snprintf(name, sizeof(name), "%s_processes_noticed_ms", ways[i]);
		noticed_ms = fmax(noticed_ms, experiment_value(run, name));
		snprintf(name, sizeof(name), "%s_threads_survivors_count", ways[i]);
		thread_survivors += experiment_value(run, name);
	}
	if (isnan(survivors + lost + thread_survivors))
		decide(claim, CLAIM_CANNOT_BE_TOLD, "%s",
		       run->why[0] ? run->why : "no crash was made");
	else if (survivors == 12 && lost == 0 && thread_survivors == 0 &&
	         noticed_ms <= NOTICED_MS_AT_MOST)
		decide(claim, CLAIM_HOLDS, "%s", "");
	else
		decide(claim, CLAIM_DOES_NOT_HOLD,
		       "of 12 processes %.0f survived, %.0f tasks were lost, noticed in %.0f ms",
		       survivors, lost, noticed_ms);
}

static void judge_creation(const struct trial *trial, struct claim *claim)
{
	const struct experiment_run *spawn = experiment(trial, "spawn");
	const struct experiment_run *memory = experiment(trial, "memory");
	const char *largest = isnan(experiment_value(spawn, "fork_512_mib_us")) ? "fork_64_mib_us"
	                                                                        : "fork_512_mib_us";
	double small = experiment_value(spawn, "fork_2_mib_us");
	double large = experiment_value(spawn, largest);
	double thread = experiment_value(spawn, "pthread_create_64_mib_us");
	double fork_64 = experiment_value(spawn, "fork_64_mib_us");
	double process_kib = experiment_value(memory, "process_made_1_peers_uss_kib");
	double thread_kib = experiment_value(memory, "thread_made_1_peers_uss_kib");

	copy_facts(claim, spawn, "", "");
	copy_facts(claim, memory, "", "");
	copy_facts(claim, experiment(trial, "context_switch"), "futex_", "");
	copy_python(trial, claim, "thread_create_");
	copy_python(trial, claim, "process_");
	if (isnan(small + large + thread + process_kib + thread_kib))
		decide(claim, CLAIM_CANNOT_BE_TOLD, "%s",
		       spawn->why[0]    ? spawn->why
		       : memory->why[0] ? memory->why
		                        : "peers were not made");
	else if (fork_64 > thread && large > 2 * small && process_kib > thread_kib)
		decide(claim, CLAIM_HOLDS, "%s", "");
	else
		decide(claim, CLAIM_DOES_NOT_HOLD, "%s", "");
}

/* Tasks that are next to nothing, one a message: what is left is the price of passing. */
static void tell_tiny(const struct trial *trial, struct claim *claim)
{
	const struct trial_cell *ring =
		trial_find(trial, "shm_ring", "processes", "fibonacci", "10");
	const struct trial_cell *pipe = trial_find(trial, "pipe", "processes", "fibonacci", "10");
	const struct trial_cell *heap = trial_find(trial, "heap", "threads", "fibonacci", "10");
	const struct trial_cell *real =
		trial_find(trial, "cpython_mp_pool", "processes", "fibonacci", "10");

	add_fact(claim, rate_of(heap), "tiny_heap_threads_per_s");
	add_fact(claim, rate_of(ring), "tiny_shm_ring_processes_per_s");
	add_fact(claim, rate_of(pipe), "tiny_pipe_processes_per_s");
	add_fact(claim, rate_of(real), "tiny_cpython_pool_map_per_s");
	add_fact(claim, rate_of(ring) / rate_of(real), "tiny_shm_ring_to_cpython_pool_map_ratio");
	add_cell(claim, ring);
	add_cell(claim, pipe);
	add_cell(claim, heap);
	add_cell(claim, real);
}

static void judge_passing(const struct trial *trial, struct claim *claim)
{
	const struct trial_cell *heap = trial_find(trial, "heap", "threads", "image", NULL);
	const struct trial_cell *ring = trial_find(trial, "shm_ring", "processes", "image", NULL);
	const struct trial_cell *pipe = trial_find(trial, "pipe", "processes", "image", NULL);
	struct ratio in_place = divide(ring, heap, false, true);
	struct ratio copied = divide(pipe, heap, false, true);
	struct ratio copied_cpu = divide(pipe, heap, true, false);

	add_cell(claim, heap);
	add_cell(claim, ring);
	add_cell(claim, pipe);
	add_fact(claim, rate_of(heap), "image_heap_threads_per_s");
	add_fact(claim, rate_of(ring), "image_shm_ring_processes_per_s");
	add_fact(claim, rate_of(pipe), "image_pipe_processes_per_s");
	add_fact(claim, in_place.median, "image_shm_ring_to_heap_speed_ratio");
	add_fact(claim, copied.median, "image_pipe_to_heap_speed_ratio");
	add_fact(claim, copied_cpu.median, "image_pipe_to_heap_cpu_ratio");
	tell_tiny(trial, claim);
	copy_python(trial, claim, "pipe_1_mib_");
	copy_python(trial, claim, "shared_memory_");
	if (isnan(in_place.median + copied_cpu.median)) {
		decide(claim, CLAIM_CANNOT_BE_TOLD, "%s", too_few);
		return;
	}
	if (copied_cpu.median >= COPY_CPU_AT_LEAST && in_place.median >= IN_PLACE_AT_LEAST)
		decide(claim, CLAIM_HOLDS, "%s", "");
	else if (copied_cpu.high < COPY_CPU_AT_LEAST || in_place.high < IN_PLACE_AT_LEAST)
		decide(claim, CLAIM_DOES_NOT_HOLD, "%s", "");
	else
		decide(claim, CLAIM_CANNOT_BE_TOLD, "the rounds differ: in place x%.2f to x%.2f",
		       in_place.low, in_place.high);
}

static void judge_caller(const struct trial *trial, struct claim *claim)
{
	const struct experiment_run *run = experiment(trial, "background");
	double beside_thread =
		experiment_value(run, "caller_share_beside_thread_that_waits_percent");
	double beside_process =
		experiment_value(run, "caller_share_beside_process_that_waits_percent");
	double beside_gil = experiment_value(run, "caller_share_beside_gil_that_waits_percent");
	double least = fmin(beside_thread, fmin(beside_process, beside_gil));

	copy_facts(claim, run, "", "");
	copy_python(trial, claim, "thread_start_");
	copy_python(trial, claim, "caller_share_");
	if (isnan(beside_thread + beside_process + beside_gil))
		decide(claim, CLAIM_CANNOT_BE_TOLD, "%s",
		       run->why[0] ? run->why : "no peer was started");
	else if (least >= CALLER_SHARE_AT_LEAST)
		decide(claim, CLAIM_HOLDS, "%s", "");
	else
		decide(claim, CLAIM_CANNOT_BE_TOLD,
		       "the caller did %.0f %% of its usual work beside a peer that only waits: "
		       "something else took its CPU",
		       least);
}

/* Compares a figure of the model with CPython's; adds both. Returns 1 if they are apart. */
static int differs(struct claim *claim, double model, double real, double within, const char *name)
{
	char fact[EXPERIMENT_NAME_BYTES];

	snprintf(fact, sizeof(fact), "gil_%s", name);
	add_fact(claim, model, fact);
	snprintf(fact, sizeof(fact), "cpython_%s", name);
	add_fact(claim, real, fact);
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

static void judge_model(const struct trial *trial, struct claim *claim)
{
	static const char beside[] = "caller_share_beside_thread_that_computes_percent";
	const struct experiment_run *background = experiment(trial, "background");
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
		decide(claim, CLAIM_CANNOT_BE_TOLD, "no CPython: %s", trial->python_why);
	else if (trial->pythons[0].is_free_threaded)
		decide(claim, CLAIM_CANNOT_BE_TOLD, "the python3 found here has no such lock");
	else if (!has_two_cpus(trial, claim))
		return;
	else if (isnan(cpu.median + cpu_real.median + io.median + io_real.median + share +
	               share_real))
		decide(claim, CLAIM_CANNOT_BE_TOLD, "not all was measured: %s", trial->python_why);
	else if (share_differs && is_disturbed)
		decide(claim, CLAIM_CANNOT_BE_TOLD, "others used the CPUs beside the caller");
	else if (!cpu_differs && !io_differs && !share_differs)
		decide(claim, CLAIM_HOLDS, "CPython %s", trial->pythons[0].version);
	else
		decide(claim, CLAIM_DOES_NOT_HOLD, "CPython %s differs in:%s%s%s",
		       trial->pythons[0].version, cpu_differs ? " work for the CPU" : "",
		       io_differs ? " downloads" : "", share_differs ? " the caller's share" : "");
}

void claims_judge(const struct trial *trial, struct claim claims[static CLAIMS_COUNT])
{
	static const struct {
		const char *id;
		const char *claim;
		const char *how;
		void (*judge)(const struct trial *trial, struct claim *claim);
	} rows[CLAIMS_COUNT] = {
		{"lock_stops_cpu_scaling",
	         "threads under one lock gain nothing on work for the CPU",
	         "speed-up of 2 peers on task:fibonacci over one peer alone", judge_lock},
		{"processes_scale", "processes do gain on work for the CPU",
	         "speed-up of 2 peers on task:fibonacci over one peer alone", judge_processes},
		{"io_scales", "waiting scales with peers, whatever they are",
	         "speed-up of 8 peers on task:http, 20 ms a download, over one peer alone",
	         judge_io},
		{"shared_heap_races",
	         "threads lose updates of a shared heap unless they synchronise",
	         "additions of 2 threads to one counter that are lost", judge_races},
		{"crash_isolated", "a crash ends all threads, but only one process",
	         "1 of 4 peers of the pool crashes, in 4 ways, under each model", judge_crash},
		{"creation_and_memory",
	         "a process costs more to make and to keep, and the more, the larger its maker",
	         "time to make a peer and await its end; memory of its own", judge_creation},
		{"passing_has_a_price",
	         "passing data to a process costs CPU, unless it is made in shared memory",
	         "task:image over heap, shm_ring in place, and pipe", judge_passing},
		{"caller_goes_on", "a caller goes on while a peer works in the background",
	         "share of its usual work that the caller does beside the peer", judge_caller},
		{"gil_model", "the model gil behaves as CPython's lock does",
	         "the model's figures beside those of CPython's threads", judge_model},
	};

	for (size_t i = 0; i < CLAIMS_COUNT; i++) {
		claims[i] = (struct claim){
			.id = rows[i].id, .claim = rows[i].claim, .how = rows[i].how};
		rows[i].judge(trial, &claims[i]);
	}
}
