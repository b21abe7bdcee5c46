/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/doctor.c - tests of suites/bench/doctor/, on made-up machines.
 *
 * A row is a check, the files or the measurement that it sees, and what it must say.
 * Files are below a root of its own; those of "later" are written after the spin.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suites/bench/doctor/doctor.h"
#include "suites/check/unit/folder.h"

#define CPU "sys/devices/system/cpu/"
#define CLOCK "sys/devices/system/clocksource/clocksource0/"
#define FILES_MAX 5
#define FACTS_MAX 2

struct file {
	const char *name;
	const char *text;
};

struct row {
	const char *id;
	enum doctor_level level;
	double value;
	const char *text;   /* that the finding holds */
	const char *advice; /* that it holds; null: there is none */
	struct file files[FILES_MAX];
	struct file later[FILES_MAX];
	struct file facts[FACTS_MAX]; /* of this process, replaced: the name and its JSON */
	struct doctor_evidence measured;
};

#define ROW(a, b, c, d, e, ...)                                                                    \
	{                                                                                          \
		.id = a, .level = b, .value = c, .text = d, .advice = e, __VA_ARGS__               \
	}

static const struct row rows[] = {
	ROW("build.debug", DOCTOR_OK, 0, "-O3", NULL,
            .facts = {{"flags", "\"-O3 -DNDEBUG\""}, {"sanitizer", "\"none\""}}),
	ROW("build.debug", DOCTOR_FAIL, 1, "measures the compiler", "preset release",
            .facts = {{"flags", "\"-O2 -O0 -DNDEBUG\""}, {"sanitizer", "\"none\""}}),
	ROW("build.debug", DOCTOR_FAIL, 1, "assertions", "preset release",
            .facts = {{"flags", "\"-O2\""}, {"sanitizer", "\"none\""}}),
	ROW("build.debug", DOCTOR_FAIL, 1, "thread sanitizer", "preset release",
            .facts = {{"flags", "\"-O2 -DNDEBUG\""}, {"sanitizer", "\"thread\""}}),
	ROW("build.debug", DOCTOR_INFO, 0, "not known", NULL, .facts = {{"flags", "null"}}),

	ROW("clock.source", DOCTOR_OK, 0, "tsc", NULL,
            .files = {{CLOCK "current_clocksource", "tsc"}}),
	ROW("clock.source", DOCTOR_WARN, 1, "hpet", "echo tsc >",
            .files = {{CLOCK "current_clocksource", "hpet"},
                      {CLOCK "available_clocksource", "tsc hpet acpi_pm"}}),
	ROW("clock.source", DOCTOR_WARN, 1, "acpi_pm", "cat /sys",
            .files = {{CLOCK "current_clocksource", "acpi_pm"},
                      {CLOCK "available_clocksource", "hpet acpi_pm"}}),
	ROW("clock.source", DOCTOR_FAIL, 1, "jiffies", "cat /sys",
            .files = {{CLOCK "current_clocksource", "jiffies"}}),
	ROW("clock.source", DOCTOR_INFO, 0, "not known", NULL, .later = {{0}}),

	ROW("clock.resolution", DOCTOR_OK, 1, "step 1 ns", NULL,
            .measured = {.tick_ns = 1, .line_ns = 90}),
	ROW("clock.resolution", DOCTOR_INFO, 10, "step 10 ns", "below 500 ns",
            .measured = {.tick_ns = 10, .line_ns = 90}),
	ROW("clock.resolution", DOCTOR_FAIL, 4000000, "4000000 ns", "available_clocksource",
            .measured = {.tick_ns = 4000000, .line_ns = 90}),

	ROW("clock.skew", DOCTOR_OK, -40, "-40 ns, give or take 50 ns", NULL,
            .measured = {.has_pair = true, .skew_ns = -40, .skew_error_ns = 50}),
	ROW("clock.skew", DOCTOR_INFO, -60, "-60 ns, give or take 50 ns", NULL,
            .measured = {.has_pair = true, .skew_ns = -60, .skew_error_ns = 50}),
	ROW("clock.skew", DOCTOR_WARN, -151, "-151 ns, give or take 50 ns", "round trips only",
            .measured = {.has_pair = true, .skew_ns = -151, .skew_error_ns = 50}),
	ROW("clock.skew", DOCTOR_INFO, 0, "no two cores", NULL, .later = {{0}}),

	ROW("cpu.count", DOCTOR_OK, 2, "2 CPUs", NULL, .facts = {{"cpus_allowed", "[0,3]"}}),
	ROW("cpu.count", DOCTOR_WARN, 1, "1 CPU may", "taskset",
            .facts = {{"cpus_allowed", "[3]"}}),
	ROW("cpu.count", DOCTOR_INFO, 0, "not known", NULL, .facts = {{"cpus_allowed", "null"}}),

	ROW("cpu.affinity", DOCTOR_OK, 0, "isolated: 2-3", NULL, .files = {{CPU "isolated", "2-3"}},
            .measured = {.unpinned_cpu = -1}),
	ROW("cpu.affinity", DOCTOR_WARN, 3, "CPU 3", "cpuset", .measured = {.unpinned_cpu = 3}),

	ROW("cpu.smt", DOCTOR_OK, 1, "smt: notsupported", NULL,
            .files = {{CPU "smt/control", "notsupported"},
                      {CPU "cpu0/topology/thread_siblings_list", "0"}}),
	ROW("cpu.smt", DOCTOR_INFO, 2, "2 threads a core", "echo off >",
            .files = {{CPU "smt/control", "on"},
                      {CPU "cpu0/topology/thread_siblings_list", "0,8"}}),
	ROW("cpu.smt", DOCTOR_INFO, 0, "not known", NULL, .later = {{0}}),

	ROW("cpu.governor", DOCTOR_OK, 0, "performance", NULL,
            .files = {{CPU "cpu0/cpufreq/scaling_governor", "performance"}}),
	ROW("cpu.governor", DOCTOR_WARN, 0, "powersave", "cpupower frequency-set",
            .files = {{CPU "cpu0/cpufreq/scaling_governor", "powersave"}}),
	ROW("cpu.governor", DOCTOR_INFO, 0, "frequency is not known", NULL, .later = {{0}}),
	ROW("cpu.governor", DOCTOR_INFO, 0, "virtual machine", NULL,
            .files = {{"sys/hypervisor/type", "xen"}}),

	ROW("cpu.turbo", DOCTOR_OK, 0, "turbo is off", NULL,
            .files = {{CPU "intel_pstate/no_turbo", "1"}}),
	ROW("cpu.turbo", DOCTOR_WARN, 1, "turbo is on", "echo 1 >",
            .files = {{CPU "intel_pstate/no_turbo", "0"}}),
	ROW("cpu.turbo", DOCTOR_WARN, 1, "boost is on", "echo 0 >",
            .files = {{CPU "cpufreq/boost", "1"}}),
	ROW("cpu.turbo", DOCTOR_OK, 0, "boost is off", NULL, .files = {{CPU "cpufreq/boost", "0"}}),
	ROW("cpu.turbo", DOCTOR_INFO, 0, "not known", NULL, .later = {{0}}),

	ROW("idle.wake", DOCTOR_OK, 19000, "19.0 us", NULL,
            .measured = {.has_pair = true, .wake_ns = 19000}),
	ROW("idle.wake", DOCTOR_WARN, 47000, "idle driver: intel_idle", "cpupower idle-set",
            .files = {{CPU "cpuidle/current_driver", "intel_idle"}},
            .measured = {.has_pair = true, .wake_ns = 47000}),
	ROW("idle.wake", DOCTOR_WARN, 47000, "idle driver: haltpoll", "guest_halt_poll_ns",
            .files = {{CPU "cpuidle/current_driver", "haltpoll"}},
            .measured = {.has_pair = true, .wake_ns = 47000}),
	ROW("idle.wake", DOCTOR_WARN, 47000, "idle driver: not known", "cpuidle_haltpoll",
            .files = {{"sys/hypervisor/type", "xen"}},
            .measured = {.has_pair = true, .wake_ns = 47000}),
	ROW("idle.wake", DOCTOR_INFO, 0, "no two cores", NULL, .later = {{0}}),

	/* 10 and 2 per cent of two CPUs in 2 s, at 100 ticks a second. */
	ROW("vm.steal", DOCTOR_FAIL, 10, "took 10.0 %", "another host",
            .files = {{CPU "present", "0-1"},
                      {"proc/uptime", "100.00 50.00"},
                      {"proc/stat", "cpu  1 2 3 4 5 6 7 1000 0 0"}},
            .later = {{"proc/uptime", "102.00 50.00"},
                      {"proc/stat", "cpu  1 2 3 4 5 6 7 1040 0 0"}}),
	ROW("vm.steal", DOCTOR_WARN, 2, "took 2.0 %", "another host",
            .files = {{CPU "present", "0-1"},
                      {"proc/uptime", "100.00 50.00"},
                      {"proc/stat", "cpu  1 2 3 4 5 6 7 1000 0 0"}},
            .later = {{"proc/uptime", "102.00 50.00"},
                      {"proc/stat", "cpu  1 2 3 4 5 6 7 1008 0 0"}}),
	ROW("vm.steal", DOCTOR_OK, 0, "took 0.0 %", NULL,
            .files = {{"proc/uptime", "100.00 50.00"},
                      {"proc/stat", "cpu  1 2 3 4 5 6 7 1000 0 0"}},
            .later = {{"proc/uptime", "102.00 50.00"}}),
	ROW("vm.steal", DOCTOR_INFO, 0, "can't be read", NULL, .later = {{0}}),

	ROW("psi.cpu", DOCTOR_OK, 4.99, "5.0 %", NULL,
            .files = {{"proc/pressure/cpu", "some avg10=4.99 avg60=9.00 avg300=9.00 total=9"}}),
	ROW("psi.cpu", DOCTOR_WARN, 5.01, "5.0 %", "top",
            .files = {{"proc/pressure/cpu", "some avg10=5.01 avg60=0.00 avg300=0.00 total=9"}}),
	ROW("psi.cpu", DOCTOR_INFO, 0, "no /proc/pressure/cpu", NULL, .later = {{0}}),

	ROW("load", DOCTOR_OK, 0.6, "load 0.60", NULL,
            .files = {{"proc/loadavg", "0.60 9 9 1/1 1"}}, .facts = {{"cpus_allowed", "[0,1]"}}),
	ROW("load", DOCTOR_WARN, 0.61, "load 0.61", "quiet",
            .files = {{"proc/loadavg", "0.61 0 0 1/1 1"}}, .facts = {{"cpus_allowed", "[0,1]"}}),
	ROW("load", DOCTOR_INFO, 0, "can't be read", NULL, .later = {{0}}),

	ROW("cgroup.quota", DOCTOR_OK, 0, "does not limit", NULL,
            .files = {{"sys/fs/cgroup/cgroup.controllers", "cpu"},
                      {"sys/fs/cgroup/cpu.max", "max 100000"}}),
	ROW("cgroup.quota", DOCTOR_WARN, 50000, "50000 100000", "cpu.max",
            .files = {{"sys/fs/cgroup/cgroup.controllers", "cpu"},
                      {"sys/fs/cgroup/cpu.max", "50000 100000"}}),
	ROW("cgroup.quota", DOCTOR_FAIL, 4, "4 times in 2 s", "cpu.max",
            .files = {{"sys/fs/cgroup/cgroup.controllers", "cpu"},
                      {"sys/fs/cgroup/cpu.max", "50000 100000"},
                      {"sys/fs/cgroup/cpu.stat", "usage_usec 1\nnr_periods 9\nnr_throttled 3"}},
            .later = {{"sys/fs/cgroup/cpu.stat", "usage_usec 1\nnr_periods 9\nnr_throttled 7"}}),
	ROW("cgroup.quota", DOCTOR_OK, 0, "no cgroup", NULL, .later = {{0}}),

	ROW("thermal", DOCTOR_OK, 41, "41 degrees", NULL,
            .files = {{CPU "cpu0/thermal_throttle/core_throttle_count", "0"},
                      {"sys/class/thermal/thermal_zone0/temp", "41000"}}),
	ROW("thermal", DOCTOR_WARN, 12, "12 times since", "cool",
            .files = {{CPU "cpu0/thermal_throttle/core_throttle_count", "12"}}),
	ROW("thermal", DOCTOR_FAIL, 2, "2 times in 2 s", "cool",
            .files = {{CPU "cpu0/thermal_throttle/core_throttle_count", "12"}},
            .later = {{CPU "cpu0/thermal_throttle/core_throttle_count", "14"}}),
	ROW("thermal", DOCTOR_INFO, 0, "no count", NULL, .later = {{0}}),

	ROW("power", DOCTOR_OK, 0, "no battery", NULL, .later = {{0}}),
	ROW("power", DOCTOR_OK, 0, "on mains", NULL,
            .files = {{"sys/class/power_supply/AC/type", "Mains"},
                      {"sys/class/power_supply/AC/online", "1"},
                      {"sys/class/power_supply/BAT0/type", "Battery"},
                      {"sys/class/power_supply/BAT0/status", "Discharging"}}),
	ROW("power", DOCTOR_WARN, 1, "on battery", "plug it in",
            .files = {{"sys/class/power_supply/AC/type", "Mains"},
                      {"sys/class/power_supply/AC/online", "0"},
                      {"sys/class/power_supply/BAT0/type", "Battery"},
                      {"sys/class/power_supply/BAT0/status", "Discharging"}}),

	ROW("noise.gaps", DOCTOR_INFO, 7, "7 gaps over 10 us, the longest 61.5 us", NULL,
            .measured = {.gaps = 7, .gap_max_ns = 61500, .spin_ns = 2000000000}),
	ROW("noise.aa", DOCTOR_INFO, 1.5, "scatters by 2.0 %; 20 rounds of ab would find 1.5 %",
            "rounds:40", .measured = {.aa_deviation = 0.02, .aa_least = 0.015}),
	ROW("noise.aa", DOCTOR_INFO, 0, "Function not implemented", NULL,
            .measured = {.aa_error = -ENOSYS}),

	ROW("mitigations", DOCTOR_INFO, 2,
            "2 mitigations of the processor are active, 1 are needed", NULL,
            .files = {{CPU "vulnerabilities/meltdown", "Mitigation: PTI"},
                      {CPU "vulnerabilities/mds", "Mitigation: Clear CPU buffers"},
                      {CPU "vulnerabilities/l1tf", "Not affected"},
                      {CPU "vulnerabilities/srbds", "Vulnerable: No microcode"}}),
	ROW("mitigations", DOCTOR_INFO, 0, "not known", NULL, .later = {{0}}),

	ROW("aslr", DOCTOR_OK, 2, "are randomised", NULL,
            .files = {{"proc/sys/kernel/randomize_va_space", "2"}}),
	ROW("aslr", DOCTOR_WARN, 0, "not randomised", "randomize_va_space=2",
            .files = {{"proc/sys/kernel/randomize_va_space", "0"}}),
	ROW("aslr", DOCTOR_INFO, 0, "not known", NULL, .later = {{0}}),

	ROW("limits.mqueue", DOCTOR_WARN, 5, "fs.mqueue.msg_max is 5, cells of posix_mq need 10",
            "sysctl fs.mqueue.msg_max=10", .files = {{"proc/sys/fs/mqueue/msg_max", "5"}},
            .facts = {{"rlimit_mqueue_bytes", "819200"}}),
	ROW("limits.mqueue", DOCTOR_WARN, 100, "RLIMIT_MSGQUEUE is 100", "ulimit -q",
            .facts = {{"rlimit_mqueue_bytes", "100"}}),
	ROW("limits.mqueue", DOCTOR_OK, 0, "RLIMIT_MSGQUEUE unlimited, fs.mqueue.msg_max 10", NULL,
            .files = {{"proc/sys/fs/mqueue/msg_max", "10"}},
            .facts = {{"rlimit_mqueue_bytes", "\"unlimited\""}}),
	ROW("limits.sysv", DOCTOR_OK, 0, "kernel.msgmnb 16384", NULL,
            .files = {{"proc/sys/kernel/msgmnb", "16384"}}),
	ROW("limits.sysv", DOCTOR_WARN, 1024, "kernel.msgmnb is 1024",
            "sysctl kernel.msgmnb=", .files = {{"proc/sys/kernel/msgmnb", "1024"}}),
	ROW("limits.sysv", DOCTOR_INFO, 0, "can't be read", NULL, .later = {{0}}),
	ROW("limits.pipe", DOCTOR_WARN, 4096, "fs.pipe-max-size is 4096",
            "sysctl fs.pipe-max-size=", .files = {{"proc/sys/fs/pipe-max-size", "4096"}}),
	ROW("limits.pipe", DOCTOR_OK, 0, "fs.pipe-max-size 1048576", NULL,
            .files = {{"proc/sys/fs/pipe-max-size", "1048576"}}),
	ROW("limits.socket", DOCTOR_WARN, 4608, "net.core.wmem_max is 4608",
            "net.core.wmem_max=", .files = {{"proc/sys/net/core/wmem_max", "4608"}}),
	ROW("limits.socket", DOCTOR_OK, 0, "net.core.wmem_max 212992", NULL,
            .files = {{"proc/sys/net/core/wmem_max", "212992"}}),
	ROW("limits.shm", DOCTOR_WARN, 4096, "free bytes of /dev/shm is 4096", "mount -o remount",
            .facts = {{"dev_shm_bytes_free", "4096"}}),
	ROW("limits.shm", DOCTOR_OK, 0, "67108864", NULL,
            .facts = {{"dev_shm_bytes_free", "67108864"}}),
	ROW("limits.locked", DOCTOR_WARN, 0, "RLIMIT_MEMLOCK is 0", "ulimit -l",
            .facts = {{"rlimit_locked_bytes", "0"}}),
	ROW("limits.locked", DOCTOR_OK, 0, "unlimited", NULL,
            .facts = {{"rlimit_locked_bytes", "\"unlimited\""}}),
	ROW("limits.descriptors", DOCTOR_WARN, 20, "RLIMIT_NOFILE is 20", "ulimit -n",
            .facts = {{"rlimit_descriptors", "20"}}),
	ROW("limits.descriptors", DOCTOR_OK, 0, "RLIMIT_NOFILE 1024", NULL,
            .facts = {{"rlimit_descriptors", "1024"}, {"rlimit_processes", "1024"}}),
	ROW("limits.uring", DOCTOR_WARN, 2, "are skipped", "io_uring_disabled=0",
            .files = {{"proc/sys/kernel/io_uring_disabled", "2"}}),
	ROW("limits.uring", DOCTOR_OK, 0, "is 0", NULL,
            .files = {{"proc/sys/kernel/io_uring_disabled", "0"}}),
	ROW("limits.uring", DOCTOR_INFO, 0, "older than", NULL, .later = {{0}}),

	ROW("memory", DOCTOR_WARN, 100, "100 kB of swap", "swapoff",
            .files = {{"proc/meminfo", "SwapTotal: 1000 kB\nSwapFree: 900 kB"}}),
	ROW("memory", DOCTOR_OK, 0, "no swap in use", NULL,
            .files = {{"proc/meminfo", "SwapTotal: 1000 kB\nSwapFree: 1000 kB"}}),
	ROW("memory", DOCTOR_WARN, 5, "5 % free", "ls -l /dev/shm",
            .facts = {{"dev_shm_bytes", "1000"}, {"dev_shm_bytes_free", "50"}}),

	ROW("stale", DOCTOR_OK, 0, "0 objects", NULL, .later = {{0}}),
	ROW("stale", DOCTOR_WARN, 3, "3 objects", "ipcbench clean", .measured = {.leftovers = 3}),
	ROW("stale", DOCTOR_WARN, -EACCES, "belongs to another", NULL,
            .measured = {.leftovers = -EACCES, .leftovers_why = "it belongs to another user"}),
	ROW("rt", DOCTOR_OK, 0, "may be used", NULL, .later = {{0}}),
	ROW("rt", DOCTOR_INFO, EPERM, "not permitted", "setcap",
            .measured = {.realtime_error = -EPERM}),
	ROW("git.dirty", DOCTOR_OK, 0, "is a commit", NULL, .later = {{0}}),
	ROW("git.dirty", DOCTOR_WARN, 1, "has changes", "git commit",
            .measured = {.is_git_dirty = true}),
	ROW("git.dirty", DOCTOR_INFO, 0, "no git repository", NULL,
            .measured = {.git_error = -ENOENT}),
	ROW("transports", DOCTOR_OK, 0, "every transport", NULL, .later = {{0}}),
	ROW("transports", DOCTOR_INFO, 1, "1 can't run here: tcp", "ipcbench list",
            .measured = {.transports_absent = 1, .transports_names = " tcp"}),
	ROW("anchor.cache_line", DOCTOR_OK, 90, "90 ns", NULL,
            .measured = {.has_pair = true, .line_ns = 90}),
	ROW("anchor.cache_line", DOCTOR_INFO, 0, "no two cores", NULL, .later = {{0}}),
	ROW("anchor.system_call", DOCTOR_OK, 164, "164 ns", NULL,
            .measured = {.system_call_ns = 164}),
};

enum { ROWS_COUNT = sizeof(rows) / sizeof(rows[0]) };

static void install(const struct folder *folder, const struct file *files)
{
	for (size_t i = 0; i < FILES_MAX && files[i].name; i++)
		folder_write(folder, files[i].name, files[i].text, strlen(files[i].text));
}

static json_t *facts_of(const struct folder *folder, const struct row *row)
{
	struct environment *environment;
	json_t *facts;

	assert_int_equal(environment_capture(&environment, folder->path), 0);
	facts = doctor_facts(environment);
	environment_destroy(environment);
	assert_non_null(facts);
	for (size_t i = 0; i < FACTS_MAX && row->facts[i].name; i++) {
		json_t *value = json_loads(row->facts[i].text, JSON_DECODE_ANY, NULL);

		assert_non_null(value);
		assert_int_equal(json_object_set_new(facts, row->facts[i].name, value), 0);
	}
	return facts;
}

static void judge(const struct row *row, struct doctor_finding *out)
{
	struct doctor_evidence evidence = row->measured;
	void *folder = NULL;

	assert_int_equal(folder_make(&folder), 0);
	install(folder, row->files);
	evidence.before = facts_of(folder, row);
	install(folder, row->later);
	evidence.after = facts_of(folder, row);
	doctor_run(doctor_find(row->id), &evidence, out);
	json_decref(evidence.before);
	json_decref(evidence.after);
	assert_int_equal(folder_remove(&folder), 0);
}

static void each_check_says_what_a_machine_is_like(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS_COUNT; i++) {
		const struct row *row = &rows[i];
		struct doctor_finding finding;

		assert_non_null(doctor_find(row->id));
		judge(row, &finding);
		if (finding.level != row->level || finding.value - row->value > 1e-6 ||
		    row->value - finding.value > 1e-6 || !strstr(finding.text, row->text) ||
		    (row->advice ? !strstr(finding.advice, row->advice)
		                 : finding.advice[0] != '\0'))
			fail_msg("row %zu, %s: %s, %g, '%s', advice '%s'", i, row->id,
			         doctor_level_names[finding.level], finding.value, finding.text,
			         finding.advice);
	}
}

static void each_check_has_a_row_here(void **state)
{
	const struct doctor_check *check;

	(void)state;
	for (size_t i = 0; (check = doctor_at(i)); i++) {
		bool is_tried = false;

		for (size_t j = 0; j < ROWS_COUNT; j++)
			is_tried |= strcmp(rows[j].id, check->id) == 0;
		if (!is_tried)
			fail_msg("%s is not tried", check->id);
	}
}

/* As in a sandbox without /proc and /sys: no check may crash, and none may fail for it. */
static void a_machine_that_tells_nothing_fails_no_check(void **state)
{
	const struct doctor_check *check;
	struct doctor_evidence evidence = {.before = json_object(), .after = json_object()};

	(void)state;
	evidence.unpinned_cpu = -1;
	for (size_t i = 0; (check = doctor_at(i)); i++) {
		struct doctor_finding finding;

		doctor_run(check, &evidence, &finding);
		if (finding.level > DOCTOR_INFO || finding.text[0] == '\0')
			fail_msg("%s: %s", check->id, finding.text);
	}
	json_decref(evidence.before);
	json_decref(evidence.after);
}

static void what_a_session_keeps_is_warnings_only(void **state)
{
	struct environment *environment;
	const json_t *finding;
	bool has_aslr = false;
	json_t *all;
	char *text;
	size_t i;

	folder_write(*state, "proc/sys/kernel/randomize_va_space", "0", 1);
	folder_write(*state, CLOCK "current_clocksource", "tsc", 3);
	assert_int_equal(environment_capture(&environment, ((struct folder *)*state)->path), 0);
	text = doctor_brief(environment);
	assert_non_null(text);
	all = json_loads(text, 0, NULL);
	assert_true(json_is_array(all));
	json_array_foreach(all, i, finding)
	{
		const char *level = json_string_value(json_object_get(finding, "level"));
		const char *id = json_string_value(json_object_get(finding, "id"));

		assert_true(strcmp(level, "warn") == 0 || strcmp(level, "fail") == 0);
		assert_string_not_equal(id, "clock.source");
		has_aslr |= strcmp(id, "aslr") == 0;
	}
	assert_true(has_aslr);
	json_decref(all);
	free(text);
	environment_destroy(environment);
}

const struct CMUnitTest unit_doctor_tests[] = {
	cmocka_unit_test(each_check_says_what_a_machine_is_like),
	cmocka_unit_test(each_check_has_a_row_here),
	cmocka_unit_test(a_machine_that_tells_nothing_fails_no_check),
	cmocka_unit_test_setup_teardown(what_a_session_keeps_is_warnings_only, folder_make,
                                        folder_remove),
};
const size_t unit_doctor_tests_count = sizeof(unit_doctor_tests) / sizeof(unit_doctor_tests[0]);
