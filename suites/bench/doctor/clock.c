/* SPDX-License-Identifier: MIT */
/* suites/bench/doctor/clock.c - checks of the clock. */
#include <stdlib.h>
#include <string.h>

#include "suites/bench/doctor/check.h"

#define TICK_MAX_NS 1000u
#define TICKS_OF_A_TRIP 50u /* below it, trips are measured in blocks */
#define SKEW_MAX_NS 100

/* Says whether the kernel offers a clock source. */
static bool has_source(const struct doctor_evidence *evidence, const char *name)
{
	const json_t *sources = json_object_get(evidence->before, "clock_sources");
	const json_t *source;
	size_t i;

	json_array_foreach(sources, i, source)
	{
		if (json_is_string(source) && strcmp(json_string_value(source), name) == 0)
			return true;
	}
	return false;
}

DOCTOR_CHECK(clock_source)
{
	static const char *const fast[] = {"tsc", "arch_sys_counter", "timebase", "tod",
	                                   "riscv_clocksource"};
	static const char folder[] = "/sys/devices/system/clocksource/clocksource0";
	const char *source = check_text(evidence, "clock_source");
	bool is_fast = false;

	if (!source) {
		check_say(out, DOCTOR_INFO, 0, "the clock source is not known (no %s)", folder);
		return;
	}
	for (size_t i = 0; i < sizeof(fast) / sizeof(fast[0]); i++)
		is_fast |= strcmp(source, fast[i]) == 0;
	if (strcmp(source, "jiffies") == 0)
		check_say(out, DOCTOR_FAIL, 1, "clock source jiffies: a step is milliseconds");
	else if (is_fast)
		check_say(out, DOCTOR_OK, 0, "clock source %s: read without a system call", source);
	else
		check_say(out, DOCTOR_WARN, 1,
		          "clock source %s: slower to read than the processor's counter", source);
	if (is_fast)
		return;
	if (has_source(evidence, "tsc"))
		check_advise(out, "echo tsc > %s/current_clocksource", folder);
	else
		check_advise(out, "cat %s/available_clocksource", folder);
}

DOCTOR_CHECK(clock_resolution)
{
	enum doctor_level level = DOCTOR_OK;

	if (evidence->tick_ns > TICK_MAX_NS)
		level = DOCTOR_FAIL;
	else if (evidence->line_ns > 0 && evidence->line_ns < TICKS_OF_A_TRIP * evidence->tick_ns)
		level = DOCTOR_INFO;
	check_say(out, level, (double)evidence->tick_ns,
	          "step %llu ns, a reading takes %llu ns, an empty section reads %llu ns",
	          (unsigned long long)evidence->tick_ns, (unsigned long long)evidence->call_ns,
	          (unsigned long long)evidence->section_ns);
	if (level == DOCTOR_INFO)
		check_advise(out,
		             "nothing: round trips below %llu ns (%u steps) are measured in blocks "
		             "and marked * in tables",
		             (unsigned long long)(TICKS_OF_A_TRIP * evidence->tick_ns),
		             TICKS_OF_A_TRIP);
	else if (level == DOCTOR_FAIL)
		check_advise(out, "cat /sys/devices/system/clocksource/clocksource0/"
		                  "available_clocksource, and choose a finer one");
}

DOCTOR_CHECK(clock_skew)
{
	int64_t distance = llabs(evidence->skew_ns);
	int64_t error = (int64_t)evidence->skew_error_ns;
	enum doctor_level level = DOCTOR_INFO; /* a busy machine does not let one tell */

	if (!evidence->has_pair) {
		check_say(out, DOCTOR_INFO, 0, "no two cores to measure between");
		return;
	}
	if (distance + error <= SKEW_MAX_NS)
		level = DOCTOR_OK;
	/* No workload takes one-way times, so this spoils no cell: it forbids to add one. */
	else if (distance - error > SKEW_MAX_NS)
		level = DOCTOR_WARN;
	check_say(out, level, (double)evidence->skew_ns,
	          "the clocks of two CPUs differ by %lld ns, give or take %lld ns",
	          (long long)evidence->skew_ns, (long long)error);
	if (level == DOCTOR_WARN)
		check_advise(out, "trust round trips only: a one-way time would be off by as much");
}
