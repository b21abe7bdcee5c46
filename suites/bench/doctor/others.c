/* SPDX-License-Identifier: MIT */
/* suites/bench/doctor/others.c - checks of who else takes time, and what slows the CPU down. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suites/bench/doctor/check.h"

#define PERCENT 100.0
#define STEAL_WARN 1.0 /* per cent of all CPUs */
#define STEAL_FAIL 5.0
#define PRESSURE_WARN 5.0 /* per cent of the last 10 s in which somebody waited for a CPU */
#define LOAD_WARN 0.3     /* for each CPU */
#define NS_A_S 1e9
#define NS_A_US 1e3

/* Reads a field of a fact that is a list. Returns false where it is not there. */
static bool read_field(const json_t *facts, const char *name, size_t index, double *out)
{
	const json_t *field = json_array_get(json_object_get(facts, name), index);

	if (json_is_number(field))
		*out = json_number_value(field);
	else if (json_is_string(field))
		*out = strtod(json_string_value(field), NULL);
	else
		return false;
	return true;
}

/* Reads "key value" in text, whose lines are apart by semicolons. Returns false if absent. */
static bool read_value(const char *text, const char *key, double *out)
{
	size_t key_bytes = strlen(key);

	for (; text && *text != '\0'; text += strcspn(text, ";"), text += *text == ';') {
		text += strspn(text, " ");
		if (strncmp(text, key, key_bytes) == 0 && text[key_bytes] == ' ') {
			*out = strtod(text + key_bytes, NULL);
			return true;
		}
	}
	return false;
}

DOCTOR_CHECK(vm_steal)
{
	double ticks[2];
	double uptimes[2];
	double cpus = 0;
	double percent;

	if (!check_number(evidence->before, "steal_ticks", &ticks[0]) ||
	    !check_number(evidence->after, "steal_ticks", &ticks[1]) ||
	    !read_field(evidence->before, "uptime_seconds", 0, &uptimes[0]) ||
	    !read_field(evidence->after, "uptime_seconds", 0, &uptimes[1]) ||
	    !(uptimes[1] > uptimes[0])) {
		check_say(out, DOCTOR_INFO, 0, "stolen time can't be read from /proc/stat");
		return;
	}
	if (!check_number(evidence->before, "cpus", &cpus) || cpus < 1)
		cpus = check_cpus(evidence) > 0 ? check_cpus(evidence) : 1;
	percent = PERCENT * (ticks[1] - ticks[0]) / (double)sysconf(_SC_CLK_TCK) /
	          (uptimes[1] - uptimes[0]) / cpus;
	check_say(out,
	          percent > STEAL_FAIL   ? DOCTOR_FAIL
	          : percent > STEAL_WARN ? DOCTOR_WARN
	                                 : DOCTOR_OK,
	          percent, "the hypervisor took %.1f %% of the CPUs in %.0f s", percent,
	          uptimes[1] - uptimes[0]);
	if (percent > STEAL_WARN)
		check_advise(out, "wait until the host is quiet, or take another host");
}

DOCTOR_CHECK(psi_cpu)
{
	const char *pressure = check_text(evidence, "pressure_cpu");
	const char *average = pressure ? strstr(pressure, "avg10=") : NULL;
	double percent;

	if (!average) {
		check_say(out, DOCTOR_INFO, 0, "no /proc/pressure/cpu: who waits is not known");
		return;
	}
	percent = strtod(average + strlen("avg10="), NULL);
	check_say(out, percent > PRESSURE_WARN ? DOCTOR_WARN : DOCTOR_OK, percent,
	          "in %.1f %% of the last 10 s somebody waited for a CPU", percent);
	if (percent > PRESSURE_WARN)
		check_advise(out, "end what else runs (top), or wait");
}

DOCTOR_CHECK(load)
{
	unsigned cpus = check_cpus(evidence) > 0 ? check_cpus(evidence) : 1;
	double load;

	if (!read_field(evidence->before, "load", 0, &load)) {
		check_say(out, DOCTOR_INFO, 0, "the load can't be read");
		return;
	}
	check_say(out, load > LOAD_WARN * cpus ? DOCTOR_WARN : DOCTOR_OK, load,
	          "load %.2f over the last minute on %u CPU%s", load, cpus, cpus == 1 ? "" : "s");
	if (out->level == DOCTOR_WARN)
		check_advise(out,
		             "wait until it is quiet; ab still compares, it needs more rounds");
}

/* Finds how often, and for how long, the quota held this process's group back so far. */
static bool read_throttling(const json_t *facts, double *times)
{
	const char *stat = json_string_value(json_object_get(facts, "cgroup_cpu_stat"));

	return read_value(stat, "nr_throttled", times);
}

DOCTOR_CHECK(cgroup_quota)
{
	const json_t *fact = json_object_get(evidence->before, "cgroup_cpu_quota");
	const char *quota = json_string_value(fact);
	double before = 0;
	double after = 0;
	bool is_limited;

	if (!quota) {
		check_say(out, DOCTOR_OK, 0, "no cgroup limits the CPUs");
		return;
	}
	/* Version 2 writes "max 100000", version 1 -1, where there is none. */
	is_limited = strncmp(quota, "max", 3) != 0 && strncmp(quota, "-1", 2) != 0;
	if (read_throttling(evidence->before, &before) &&
	    read_throttling(evidence->after, &after) && after > before)
		check_say(out, DOCTOR_FAIL, after - before,
		          "the cgroup held this process back %.0f times in 2 s (quota: %s)",
		          after - before, quota);
	else if (is_limited)
		check_say(out, DOCTOR_WARN, strtod(quota, NULL),
		          "the cgroup limits the CPUs to %s us a period", quota);
	else
		check_say(out, DOCTOR_OK, 0, "the cgroup does not limit the CPUs");
	if (out->level >= DOCTOR_WARN)
		check_advise(out, "echo max > cpu.max of the group, or start the container without "
		                  "--cpus");
}

DOCTOR_CHECK(thermal)
{
	double before;
	double after;
	double milli;

	if (!check_number(evidence->before, "throttle_count", &before) ||
	    !check_number(evidence->after, "throttle_count", &after)) {
		check_say(out, DOCTOR_INFO, 0, "no count of thermal throttling%s",
		          check_is_virtual(evidence) ? " in this virtual machine" : "");
		return;
	}
	if (after > before)
		check_say(out, DOCTOR_FAIL, after - before,
		          "the CPU was slowed down for its heat %.0f times in 2 s", after - before);
	else if (before > 0)
		check_say(out, DOCTOR_WARN, before,
		          "the CPU was slowed down for its heat %.0f times since it started",
		          before);
	else if (check_number(evidence->before, "temperature_millicelsius", &milli))
		check_say(out, DOCTOR_OK, milli / 1000,
		          "never slowed down for heat; %.0f degrees C", milli / 1000);
	else
		check_say(out, DOCTOR_OK, 0, "never slowed down for heat");
	if (out->level >= DOCTOR_WARN)
		check_advise(out, "let it cool, cool it better, or limit the frequency: cpupower "
		                  "frequency-set --max FREQUENCY");
}

DOCTOR_CHECK(power)
{
	const json_t *supplies = json_object_get(evidence->before, "power_supplies");
	bool has_mains = false;
	bool is_discharging = false;
	const json_t *supply;
	const char *name;

	json_object_foreach((json_t *)(uintptr_t)supplies, name, supply)
	{
		const char *text = json_string_value(supply);

		has_mains |= text && strcmp(text, "Mains 1") == 0;
		is_discharging |= text && strcmp(text, "Battery Discharging") == 0;
	}
	if (json_object_size(supplies) == 0)
		check_say(out, DOCTOR_OK, 0, "no battery");
	else if (is_discharging && !has_mains)
		check_say(out, DOCTOR_WARN, 1, "on battery: the frequency is being saved");
	else
		check_say(out, DOCTOR_OK, 0, "on mains");
	if (out->level == DOCTOR_WARN)
		check_advise(out, "plug it in");
}

DOCTOR_CHECK(noise_gaps)
{
	check_say(out, DOCTOR_INFO, (double)evidence->gaps,
	          "in a spin of %.1f s, %llu gaps over 10 us, the longest %.1f us",
	          (double)evidence->spin_ns / NS_A_S, (unsigned long long)evidence->gaps,
	          (double)evidence->gap_max_ns / NS_A_US);
}

DOCTOR_CHECK(noise_aa)
{
	if (evidence->aa_error < 0) {
		check_say(out, DOCTOR_INFO, 0, "no rounds of a cell against itself: %s",
		          strerror(-evidence->aa_error));
		return;
	}
	check_say(out, DOCTOR_INFO, PERCENT * evidence->aa_least,
	          "a pipe against itself, 6 rounds: p50 scatters by %.1f %%; 20 rounds of ab would "
	          "find %.1f %%",
	          PERCENT * evidence->aa_deviation, PERCENT * evidence->aa_least);
	check_advise(out, "ipcbench ab A B rounds:40, to see less");
}
