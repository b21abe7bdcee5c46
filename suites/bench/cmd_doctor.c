/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/cmd_doctor.c - ipcbench doctor: is this machine fit to measure on?
 *
 * A check is one function and one row. Commands that would tune the machine are
 * printed, never run.
 */
#include <errno.h>
#include <jansson.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/clock.h"
#include "ipc/names.h"
#include "ipc/registry.h"
#include "results/environment.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "workloads/anchors.h"
#include "workloads/clock_facts.h"

enum level {
	LEVEL_OK,
	LEVEL_INFO,
	LEVEL_WARN,
	LEVEL_FAIL,
};

static const char *const level_names[] = {"ok", "info", "warn", "fail"};

struct finding {
	enum level level;
	double value; /* in the unit that the text names */
	char text[RUN_TEXT_BYTES];
	const char *advice; /* null: nothing to do */
};

#define WAKE_UP_SLOW_NS 20000u

__attribute__((format(printf, 4, 5))) static void find(struct finding *out, enum level level,
                                                       double value, const char *format, ...)
{
	va_list arguments;

	out->level = level;
	out->value = value;
	va_start(arguments, format);
	vsnprintf(out->text, sizeof(out->text), format, arguments);
	va_end(arguments);
}

static void check_build(struct finding *out)
{
#if defined(__OPTIMIZE__)
	find(out, LEVEL_OK, 1, "optimised build");
#else
	find(out, LEVEL_FAIL, 0, "unoptimised build: it measures the compiler");
	out->advice = "cmake --preset release";
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	find(out, LEVEL_FAIL, 0, "sanitized build: it measures the sanitizer");
	out->advice = "cmake --preset release";
#endif
}

static void check_clock(struct finding *out)
{
	struct clock_facts clock;

	clock_facts_observe(&clock);
	find(out, clock.tick_ns > 1000 ? LEVEL_FAIL : LEVEL_OK, (double)clock.tick_ns,
	     "step %llu ns, a reading takes %llu ns, an empty section reads %llu ns",
	     (unsigned long long)clock.tick_ns, (unsigned long long)clock.call_ns,
	     (unsigned long long)clock.section_ns);
	if (out->level == LEVEL_FAIL)
		out->advice =
			"cat /sys/devices/system/clocksource/clocksource0/available_clocksource";
}

static void check_cpus(struct finding *out)
{
	cpu_set_t allowed;
	int count = sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? CPU_COUNT(&allowed) : 0;

	find(out, count < 2 ? LEVEL_WARN : LEVEL_OK, count, "%d CPUs may be used", count);
	if (count < 2)
		out->advice = "cells across cores and all spinning need two CPUs";
}

static void check_line(struct finding *out)
{
	uint64_t ns = anchor_line_round_trip_ns();

	if (ns == 0)
		find(out, LEVEL_INFO, 0, "no two cores to measure between");
	else
		find(out, LEVEL_OK, (double)ns,
		     "a cache line goes to another core and back in %llu ns",
		     (unsigned long long)ns);
}

static void check_wake_up(struct finding *out)
{
	uint64_t ns = anchor_wake_up_ns();

	if (ns == 0) {
		find(out, LEVEL_INFO, 0, "no two cores to measure between");
		return;
	}
	find(out, ns > WAKE_UP_SLOW_NS ? LEVEL_WARN : LEVEL_OK, (double)ns,
	     "a sleeper on another core runs %.1f us after it is woken", (double)ns / NS_PER_US);
	if (ns > WAKE_UP_SLOW_NS)
		out->advice = "cat /sys/devices/system/cpu/cpuidle/current_driver; on a VM most of "
			      "this is the exit from halt: report it with the numbers";
}

static void check_system_call(struct finding *out)
{
	uint64_t ns = anchor_system_call_ns();

	find(out, LEVEL_OK, (double)ns, "an empty system call takes %llu ns",
	     (unsigned long long)ns);
}

static void check_load(struct finding *out)
{
	double load[1] = {0};
	cpu_set_t allowed;
	int cpus = sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? CPU_COUNT(&allowed) : 1;

	if (getloadavg(load, 1) != 1) {
		find(out, LEVEL_INFO, 0, "the load can't be read");
		return;
	}
	find(out, load[0] > 0.3 * cpus ? LEVEL_WARN : LEVEL_OK, load[0],
	     "load %.2f over the last minute on %d CPUs", load[0], cpus);
	if (out->level == LEVEL_WARN)
		out->advice = "wait until it is quiet, or compare in one run only";
}

static void check_leftovers(struct finding *out)
{
	char why[RUN_TEXT_BYTES];
	int count = names_clean(true, NULL, NULL);

	if (count < 0) {
		names_refuse(count, why, sizeof(why));
		find(out, LEVEL_WARN, 0, "%s", why);
		return;
	}
	find(out, count > 0 ? LEVEL_WARN : LEVEL_OK, count, "%d objects of dead runs", count);
	if (count > 0)
		out->advice = "ipcbench clean";
}

static void check_transports(struct finding *out)
{
	const struct ipc_transport *transport;
	char why[RUN_TEXT_BYTES];
	size_t used = 0;
	int absent = 0;
	char names[RUN_TEXT_BYTES / 2] = "";

	for (size_t i = 0; (transport = registry_at(i)); i++) {
		if (transport->probe(why, sizeof(why)) == 0)
			continue;
		absent++;
		if (used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, " %s",
			                         transport->name);
	}
	if (absent == 0) {
		find(out, LEVEL_OK, 0, "every transport can run");
		return;
	}
	find(out, LEVEL_INFO, absent, "%d can't run here:%s", absent, names);
	out->advice = "ipcbench list";
}

static const struct {
	const char *id;
	void (*check)(struct finding *out);
} checks[] = {
	{"build", check_build},
	{"clock", check_clock},
	{"cpu.count", check_cpus},
	{"anchor.cache_line", check_line},
	{"anchor.wake_up", check_wake_up},
	{"anchor.system_call", check_system_call},
	{"load", check_load},
	{"leftovers", check_leftovers},
	{"transports", check_transports},
};

enum { CHECKS_COUNT = sizeof(checks) / sizeof(checks[0]) };

static void print_json(const struct finding *findings)
{
	json_t *list = json_array();
	json_t *all;

	for (size_t i = 0; i < CHECKS_COUNT; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:f, s:s, s:s?}", "id", checks[i].id, "level",
		                        level_names[findings[i].level], "value", findings[i].value,
		                        "text", findings[i].text, "advice", findings[i].advice));
	all = json_pack("{s:s, s:o}", "schema", "ipcbench/1", "findings", list);
	json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(all);
}

static int print_text(const struct finding *findings)
{
	struct environment *environment;
	char line[512];
	int ret = environment_capture(&environment, "");

	if (ret < 0) {
		cli_error("the environment can't be captured: %s", strerror(-ret));
		return STATUS_FAILED;
	}
	environment_describe(environment, line, sizeof(line));
	environment_destroy(environment);
	printf("%s\n\n", line);
	for (size_t i = 0; i < CHECKS_COUNT; i++) {
		printf("%-4s  %-18s  %s\n", level_names[findings[i].level], checks[i].id,
		       findings[i].text);
		if (findings[i].advice)
			printf("      %-18s  > %s\n", "", findings[i].advice);
	}
	return STATUS_DONE;
}

static int doctor_run(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "doctor",
		.summary = "Checks whether this machine is fit to measure on; changes nothing",
		.text = "Exits with 3 if a check fails, with --strict on warnings too.",
		.options = CLI_FORMAT | CLI_STRICT | CLI_PLUGIN,
	};
	struct finding findings[CHECKS_COUNT] = {{0}};
	enum level worst = LEVEL_OK;
	struct cli cli;
	bool is_json;
	int status = STATUS_DONE;

	if (cli_parse(&spec, argc, argv, &cli) != STATUS_DONE ||
	    cli_text_or_json(&cli, &is_json) != STATUS_DONE)
		return STATUS_USAGE;
	for (size_t i = 0; i < CHECKS_COUNT; i++) {
		checks[i].check(&findings[i]);
		if (findings[i].level > worst)
			worst = findings[i].level;
	}
	if (is_json)
		print_json(findings);
	else
		status = print_text(findings);
	if (worst == LEVEL_FAIL || (worst == LEVEL_WARN && cli.is_strict))
		status = STATUS_FAILED;
	return status;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "check whether this machine is fit to measure on",
	.run = doctor_run,
};
