/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/trial_python.c - the same work in the CPythons of this machine.
 *
 * workloads/python/compare.py measures and says so, a line each; here the lines
 * become runs of cells, in the same tables. The server that it downloads from is
 * that of the pool.
 */
#include "suites/bench/trial.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "suites/bench/cli.h"
#include "suites/bench/tool.h"
#include "workloads/python/compare.h"
#include "workloads/tasks/folder.h"
#include "workloads/tasks/task.h"

#define ASK_LIMIT_NS (5 * NS_PER_S)
#define EXPERIMENTS_NS (25 * NS_PER_S)
#define PYTHON_LIMIT_NS (38 * NS_PER_S)

/* Returns the amount that a task of this name takes by itself, or 0. */
static uint32_t amount_default_of(const char *name)
{
	const struct task *task;

	for (size_t i = 0; (task = task_at(i)); i++) {
		if (strcmp(task->name, name) == 0)
			return task->amount_default;
	}
	return 0;
}

/* Writes the name and the parameters as the C cells have them: what is usual is not said. */
static bool name_cell(struct run_cell *cell, const char *task, uint32_t amount, uint32_t peers)
{
	char peers_text[32] = "";
	char amount_text[32] = "";

	if (peers > 2)
		snprintf(peers_text, sizeof(peers_text), "peers=%u/", peers);
	if (amount != amount_default_of(task))
		snprintf(amount_text, sizeof(amount_text), "/amount=%u", amount);
	snprintf(cell->params, sizeof(cell->params), "%stask=%s%s", peers_text, task, amount_text);
	return snprintf(cell->name, sizeof(cell->name), "%s/pool/0B/unpinned/block/%s/%s",
	                cell->transport, cell->model, cell->params) < (int)sizeof(cell->name);
}

/* Adds what one process of all took, if the kernel counts it. */
static void add_costs(struct run *run, double cpu_ns, double switches)
{
	if (isnan(cpu_ns) || isnan(switches))
		return;
	run->peer_count = 1;
	snprintf(run->peers[0].name, sizeof(run->peers[0].name), "all");
	run->peers[0].counters.cpu_user_ns = (uint64_t)fmax(cpu_ns, 0.0);
	run->peers[0].counters.voluntary_switches = (uint64_t)fmax(switches, 0.0);
	run->peers[0].counters.messages = run->messages;
}

/* Takes "run TRANSPORT MODEL TASK AMOUNT PEERS ROUND TASKS ELAPSED_NS OTHERS CPU_NS SWITCHES". */
static int take_run(struct trial *trial, const struct trial_python *python, const char *line)
{
	char transport[18];
	char model[16];
	char task[16];
	unsigned amount;
	unsigned peers;
	unsigned round;
	unsigned long long tasks;
	unsigned long long elapsed_ns;
	double others_cpus;
	double cpu_ns;
	double switches;
	struct run_cell cell = {
		.workload = "pool", .placement = "unpinned", .wait = "block", .in_flight = 1};
	struct run *run;
	bool is_named;
	int ret;

	if (sscanf(line, "%17s %15s %15s %u %u %u %llu %llu %lf %lf %lf", transport, model, task,
	           &amount, &peers, &round, &tasks, &elapsed_ns, &others_cpus, &cpu_ns,
	           &switches) != 11 ||
	    elapsed_ns == 0 || tasks == 0)
		return -EBADMSG;
	run = calloc(1, sizeof(*run));
	if (!run)
		return -ENOMEM;
	snprintf(cell.transport, sizeof(cell.transport), "%.10s_%s", python->name, transport);
	snprintf(cell.model, sizeof(cell.model), "%s", model);
	is_named = name_cell(&cell, task, amount, peers);
	*run = (struct run){
		.cell = &cell,
		.metric = RUN_THROUGHPUT,
		.stage = 1,
		.round = round,
		.arm = "A",
		.batch = 1,
		.samples = tasks,
		.messages = tasks,
		.elapsed_ns = elapsed_ns,
	};
	add_costs(run, cpu_ns, switches);
	ret = is_named ? trial_add_run(trial, run, others_cpus) : -EBADMSG;
	free(run);
	return ret;
}

/* Says in report and store what is not compared; what is null or the name of a task. */
static int skip(struct trial *trial, const char *name, const char *what, const char *reason)
{
	struct run_cell cell = {.workload = "pool", .placement = "unpinned", .wait = "block"};
	int ret;

	snprintf(cell.transport, sizeof(cell.transport), "%s", name);
	if (what)
		snprintf(cell.params, sizeof(cell.params), "task=%.32s", what);
	snprintf(cell.name, sizeof(cell.name), "%s/pool%s%.40s", name, what ? "/" : "",
	         cell.params);
	ret = session_log_skip(trial->log, &cell, reason);
	return ret < 0 ? ret : report_add_skip(trial->builder, &cell, reason);
}

/* Takes one line of what a CPython said. What is no such line is its cause of failure. */
static int take_line(struct trial *trial, struct trial_python *python, const char *line)
{
	char name[EXPERIMENT_NAME_BYTES];
	char kind[32];
	double value;
	int length = 0;

	if (strncmp(line, "run ", 4) == 0)
		return take_run(trial, python, line + 4);
	if (sscanf(line, "version %31s %31s", python->version, kind) == 2) {
		python->is_free_threaded = strcmp(kind, "free-threaded") == 0;
		return 0;
	}
	if (sscanf(line, "fact %63s %lf", name, &value) == 2) {
		experiment_add(&python->facts, value, "%s", name);
		return 0;
	}
	if (sscanf(line, "skip %31s %n", kind, &length) == 1)
		return skip(trial, python->name, kind, line + length);
	if (line[0] != '\0')
		snprintf(python->facts.why, sizeof(python->facts.why), "%.190s", line);
	return 0;
}

static int take_output(struct trial *trial, struct trial_python *python, int fd)
{
	FILE *file = lseek(fd, 0, SEEK_SET) == 0 ? fdopen(dup(fd), "r") : NULL;
	char line[512];
	int ret = 0;

	if (!file)
		return -errno;
	while (ret >= 0 && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		ret = take_line(trial, python, line);
	}
	fclose(file);
	return ret;
}

/* Says until when an interpreter may run: what follows it needs its time, too. */
static uint64_t limit_ns(const struct trial *trial)
{
	uint64_t own_ns = clock_now_ns() + PYTHON_LIMIT_NS;
	uint64_t last_ns = trial->deadline_ns - EXPERIMENTS_NS;

	return own_ns < last_ns ? own_ns : last_ns;
}

/* Runs one interpreter. Returns 0 (also if there is none of this name), or -errno. */
static int compare(struct trial *trial, const char *program, const char *name, unsigned port,
                   const char *folder)
{
	/* A second one has less time: the whole must stay below two minutes. */
	const char *span_s = trial->pythons_count == 0 ? "22" : "10";
	struct trial_python *python = &trial->pythons[trial->pythons_count];
	char port_text[16];
	const char *argv[] = {program,
	                      "-c",
	                      python_compare_source,
	                      port_text,
	                      trial->is_quick ? "1" : "0",
	                      span_s,
	                      folder,
	                      NULL};
	int fd = memfd_create("ipcbench-python", MFD_CLOEXEC);
	int taken;
	int ret;

	if (fd < 0)
		return -errno;
	*python = (struct trial_python){0};
	snprintf(python->name, sizeof(python->name), "%s", name);
	snprintf(port_text, sizeof(port_text), "%u", port);
	ret = tool_run(argv, fd, limit_ns(trial), trial->stop_fd);
	taken = ret == -EINTR ? ret : take_output(trial, python, fd);
	close(fd);
	if (taken < 0)
		return taken;
	if (python->version[0] != '\0')
		trial->pythons_count++;
	else if (trial->python_why[0] == '\0' && trial->pythons_count == 0)
		snprintf(trial->python_why, sizeof(trial->python_why), "%s: %s", program,
		         ret == -ENOENT         ? "not found"
		         : python->facts.why[0] ? python->facts.why
		                                : strerror(ret < 0 ? -ret : ENOEXEC));
	if (ret != 0 && python->version[0] != '\0')
		snprintf(trial->python_why, sizeof(trial->python_why), "%s %s is incomplete: %s",
		         program, python->version,
		         ret == -ETIMEDOUT ? "it took too long" : python->facts.why);
	return ret != 0 && python->version[0] != '\0'
	               ? skip(trial, name, "the_rest", trial->python_why)
	               : 0;
}

/* Says whether a program is there and is a CPython without the lock. */
static bool is_free_threaded(const struct trial *trial, const char *program)
{
	static const char question[] = "import sys; print(sys._is_gil_enabled())";
	const char *const argv[] = {program, "-c", question, NULL};
	char line[16] = "";

	return tool_ask(argv, line, sizeof(line), clock_now_ns() + ASK_LIMIT_NS, trial->stop_fd) ==
	               0 &&
	       strncmp(line, "False", 5) == 0;
}

/* Runs every CPython that is found, each once. Returns 0, or -errno. */
static int compare_all(struct trial *trial, unsigned port, const char *folder)
{
	static const char *const free_threaded[] = {"python3.14t", "python3.13t", "python3t"};
	static const char absent[] =
		"no free-threaded python3.14t, python3.13t or python3t is found in PATH";
	int ret = compare(trial, "python3", "cpython", port, folder);
	size_t before = trial->pythons_count;

	if (ret == 0 && before == 0)
		ret = skip(trial, "cpython", NULL, trial->python_why);
	for (size_t i = 0; i < 3 && ret == 0 && trial->pythons_count == before; i++) {
		if (is_free_threaded(trial, free_threaded[i]))
			ret = compare(trial, free_threaded[i], "cpython_ft", port, folder);
	}
	if (ret == 0 && trial->pythons_count == before)
		ret = skip(trial, "cpython_ft", NULL, absent);
	return ret;
}

int trial_measure_python(struct trial *trial)
{
	struct task_shared shared = {0};
	struct task_shared disk = {0};
	struct task_peer server = {.amount = task_http.amount_default, .shared = &shared};
	struct task_peer folder = {.shared = &disk};
	bool is_served;
	int ret = work_folder_make(&folder);

	trial->on_progress(trial->context, "the same work in CPython");
	if (ret < 0) {
		snprintf(trial->python_why, sizeof(trial->python_why), "%s", folder.why);
		return skip(trial, "cpython", NULL, folder.why);
	}
	is_served = task_http.start(&server) == 0;
	ret = compare_all(trial, is_served ? (unsigned)shared.number : 0, disk.text);
	if (is_served)
		task_http.stop(&server);
	work_folder_remove(&folder);
	return ret;
}
