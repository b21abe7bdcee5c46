/* SPDX-License-Identifier: MIT */
/* suites/bench/doctor/cpu.c - checks of which CPUs there are, and how they are driven. */
#include <string.h>

#include "suites/bench/doctor/check.h"

#define WAKE_SLOW_NS 20000u
#define NS_A_US 1e3

DOCTOR_CHECK(cpu_count)
{
	unsigned cpus = check_cpus(evidence);

	if (cpus == 0) {
		check_say(out, DOCTOR_INFO, 0, "it is not known which CPUs may be used");
		return;
	}
	check_say(out, cpus < 2 ? DOCTOR_WARN : DOCTOR_OK, cpus, "%u CPU%s may be used", cpus,
	          cpus == 1 ? "" : "s");
	if (cpus < 2)
		check_advise(out, "taskset -c 0,1 ipcbench ...: cells across cores, and all that "
		                  "spin, need two CPUs and are skipped");
}

DOCTOR_CHECK(cpu_affinity)
{
	const char *isolated = check_text(evidence, "cpus_isolated");

	if (evidence->unpinned_cpu >= 0) {
		check_say(out, DOCTOR_WARN, evidence->unpinned_cpu,
		          "a peer can't be pinned to CPU %d: it would wander",
		          evidence->unpinned_cpu);
		check_advise(out, "cat /sys/fs/cgroup/cpuset.cpus.effective, or the container's "
		                  "--cpuset-cpus");
		return;
	}
	check_say(out, DOCTOR_OK, 0, "peers can be pinned to each of %u CPUs; isolated: %s",
	          check_cpus(evidence), isolated && isolated[0] != '\0' ? isolated : "none");
}

DOCTOR_CHECK(cpu_smt)
{
	const char *control = check_text(evidence, "smt");
	double threads = 0;

	if (check_number(evidence->before, "threads_per_core", &threads) && threads > 1) {
		check_say(out, DOCTOR_INFO, threads,
		          "%.0f threads a core: a neighbour on the sibling slows a peer down",
		          threads);
		check_advise(out, "echo off > /sys/devices/system/cpu/smt/control, or keep the "
		                  "siblings idle");
	} else if (threads > 0 || control) {
		check_say(out, DOCTOR_OK, threads, "one thread a core (smt: %s)",
		          control ? control : "unknown");
	} else {
		check_say(out, DOCTOR_INFO, 0, "the threads of a core are not known");
	}
}

DOCTOR_CHECK(cpu_governor)
{
	const char *governor = check_text(evidence, "cpufreq_governor");

	if (!governor) {
		check_say(out, DOCTOR_INFO, 0,
		          check_is_virtual(evidence)
		                  ? "no cpufreq in this virtual machine: its host decides"
		                  : "no cpufreq: the frequency is not known");
		return;
	}
	check_say(out, strcmp(governor, "performance") == 0 ? DOCTOR_OK : DOCTOR_WARN, 0,
	          "cpufreq governor %s", governor);
	if (out->level == DOCTOR_WARN)
		check_advise(out, "cpupower frequency-set --governor performance");
}

DOCTOR_CHECK(cpu_turbo)
{
	double off = 0;
	double boost = 0;

	if (check_number(evidence->before, "intel_no_turbo", &off)) {
		check_say(out, off != 0 ? DOCTOR_OK : DOCTOR_WARN, off == 0, "turbo is %s",
		          off != 0 ? "off" : "on: the frequency depends on heat and neighbours");
		if (off == 0)
			check_advise(out, "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo");
	} else if (check_number(evidence->before, "cpufreq_boost", &boost)) {
		check_say(out, boost == 0 ? DOCTOR_OK : DOCTOR_WARN, boost, "boost is %s",
		          boost == 0 ? "off" : "on: the frequency depends on heat and neighbours");
		if (boost != 0)
			check_advise(out, "echo 0 > /sys/devices/system/cpu/cpufreq/boost");
	} else {
		check_say(out, DOCTOR_INFO, 0, "it is not known whether turbo is on%s",
		          check_is_virtual(evidence) ? ": the host of this virtual machine decides"
		                                     : "");
	}
}

DOCTOR_CHECK(idle_wake)
{
	const char *driver = check_text(evidence, "idle_driver");

	if (!evidence->has_pair) {
		check_say(out, DOCTOR_INFO, 0, "no two cores to measure between");
		return;
	}
	check_say(out, evidence->wake_ns > WAKE_SLOW_NS ? DOCTOR_WARN : DOCTOR_OK,
	          (double)evidence->wake_ns,
	          "a sleeper on another core runs %.1f us after it is woken; idle driver: %s",
	          (double)evidence->wake_ns / NS_A_US, driver ? driver : "not known");
	if (out->level == DOCTOR_OK)
		return;
	if (driver && strcmp(driver, "haltpoll") == 0)
		check_advise(out, "echo 200000 > /sys/module/haltpoll/parameters/"
		                  "guest_halt_poll_ns, or report it as it is");
	else if (check_is_virtual(evidence))
		check_advise(out, "modprobe cpuidle_haltpoll; without it most of this is the exit "
		                  "from halt: report it as it is");
	else
		check_advise(out, "cpupower idle-set --disable-by-latency 10, or report it as it "
		                  "is");
}

DOCTOR_CHECK(cache_line)
{
	if (!evidence->has_pair)
		check_say(out, DOCTOR_INFO, 0, "no two cores to measure between");
	else
		check_say(out, DOCTOR_OK, (double)evidence->line_ns,
		          "a cache line goes to another core and back in %llu ns",
		          (unsigned long long)evidence->line_ns);
}

DOCTOR_CHECK(system_call)
{
	check_say(out, DOCTOR_OK, (double)evidence->system_call_ns,
	          "an empty system call takes %llu ns",
	          (unsigned long long)evidence->system_call_ns);
}

DOCTOR_CHECK(realtime)
{
	if (evidence->realtime_error == 0) {
		check_say(out, DOCTOR_OK, 0, "SCHED_FIFO may be used; ipcbench does not");
		return;
	}
	check_say(out, DOCTOR_INFO, -evidence->realtime_error, "no SCHED_FIFO: %s",
	          strerror(-evidence->realtime_error));
	check_advise(out, "setcap cap_sys_nice+ep ipcbench, where a program under test needs it");
}
