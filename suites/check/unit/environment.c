/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/environment.c - tests of results/environment*.c, on made-up machines.
 *
 * A machine is a table of files below a root of its own.
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
#include <sys/stat.h>

#include <jansson.h>

#include "results/environment.h"
#include "suites/check/unit/folder.h"

#define CPU "sys/devices/system/cpu/"

struct file {
	const char *name;
	const char *text;
};

static const struct file server[] = {
	{"proc/sys/kernel/arch", "x86_64\n"},
	{"proc/sys/kernel/osrelease", "6.1.0-13-amd64\n"},
	{"proc/sys/kernel/version", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.55-1 (2023-09-29)\n"},
	{"proc/sys/kernel/hostname", "s\x1b[31mrv\n"},
	{"proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\n"
                         "model\t\t: 85\nmodel name\t: Intel(R) Xeon(R) Gold 6230\n"
                         "stepping\t: 7\nmicrocode\t: 0x5003604\ncpu MHz\t\t: 2100.123\n"
                         "flags\t\t: fpu tsc constant_tsc nonstop_tsc\nbogomips\t: 4200.01\n\n"
                         "processor\t: 1\nvendor_id\t: Another\n"},
	{"proc/meminfo", "MemTotal:       32779420 kB\nMemAvailable:   30000000 kB\n"
                         "SwapTotal:             0 kB\n"},
	{"proc/self/cgroup", "0::/user.slice/session-1.scope\n"},
	{"proc/self/status", "Name:\tipcbench\nSeccomp:\t2\nSeccomp_filters:\t1\n"},
	{"proc/sys/fs/mqueue/msg_max", "10\n"},
	{"proc/sys/net/ipv4/tcp_rmem", "4096\t131072\t6291456\n"},
	{"proc/loadavg", "0.10 0.20 0.30 1/100 4711\n"},
	{CPU "present", "0-3,8-11\n"},
	{CPU "cpu0/topology/thread_siblings_list", "0,8\n"},
	{CPU "cpu0/topology/physical_package_id", "0\n"},
	{CPU "cpu1/topology/physical_package_id", "1\n"},
	{CPU "cpu2/topology/physical_package_id", "0\n"},
	{CPU "cpu0/cache/index0/level", "1\n"},
	{CPU "cpu0/cache/index0/type", "Data\n"},
	{CPU "cpu0/cache/index0/size", "32K\n"},
	{CPU "cpu0/cache/index1/level", "2\n"},
	{CPU "cpu0/cache/index1/type", "Unified\n"},
	{CPU "cpu0/cache/index1/size", "1024K\n"},
	{CPU "cpu0/cpufreq/scaling_governor", "performance\n"},
	{CPU "vulnerabilities/meltdown", "Mitigation: PTI\n"},
	{CPU "vulnerabilities/l1tf", "Not affected\n"},
	{"sys/devices/system/node/online", "0-1\n"},
	{"sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"},
	{"sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"},
	{"sys/fs/cgroup/cgroup.controllers", "cpu memory\n"},
	{"sys/fs/cgroup/user.slice/session-1.scope/cpu.max", "50000 100000\n"},
};

static const struct file board[] = {
	{"proc/sys/kernel/arch", "aarch64\n"},
	{"proc/cpuinfo", "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd\n"
                         "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\n"
                         "CPU part\t: 0xd08\nCPU revision\t: 3\n\n"
                         "Model\t\t: Made-up Board 4\n"},
	{"proc/meminfo", "MemTotal:         948272 kB\n"},
	{CPU "present", "0-3\n"},
};

static const struct file guest[] = {
	{"proc/sys/kernel/arch", "x86_64\n"},
	{"proc/cpuinfo", "processor\t: 0\nvendor_id\t: AuthenticAMD\n"
                         "flags\t\t: fpu hypervisor lahf_lm\n"},
	{"sys/class/dmi/id/sys_vendor", "QEMU\n"},
	{"run/systemd/container", "systemd-nspawn\n"},
};

static void install(const struct folder *folder, const struct file *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		folder_write(folder, files[i].name, files[i].text, strlen(files[i].text));
}

#define INSTALL(folder, files) install(folder, files, sizeof(files) / sizeof((files)[0]))

static struct environment *capture(const struct folder *folder)
{
	struct environment *environment = NULL;

	assert_int_equal(environment_capture(&environment, folder->path), 0);
	return environment;
}

/* Asserts that object has name with this JSON text as its value. */
static void assert_fact(const char *object, const char *name, const char *expected)
{
	json_t *parsed = json_loads(object, 0, NULL);
	json_t *value = json_object_get(parsed, name);
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("absent");

	json_decref(parsed);
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void a_machine_is_what_was_bought(void **state)
{
	struct environment *e;

	INSTALL(*state, server);
	e = capture(*state);
	/* All of it, so that nothing slips into the key. */
	assert_string_equal(
		e->machine,
		"{\"architecture\":\"x86_64\",\"caches\":[\"1 Data 32K\",\"2 Unified 1024K\"],"
		"\"cpu_family\":6,\"cpu_model\":85,\"cpu_stepping\":7,"
		"\"cpu_vendor\":\"GenuineIntel\",\"cpus\":8,\"hypervisor\":\"none\","
		"\"numa_nodes\":2,\"ram_gib_class\":32,\"sockets\":2,\"threads_per_core\":2}");
	assert_string_equal(e->machine_key, "m:2f24cc8ef3607878f6742259a1864770");
	environment_destroy(e);
}

static void the_environment_holds_settings_and_the_build(void **state)
{
	struct environment *e;

	INSTALL(*state, server);
	e = capture(*state);
	assert_fact(e->canon, "kernel", "\"6.1.0-13-amd64\"");
	assert_fact(e->canon, "preemption", "\"PREEMPT_DYNAMIC\"");
	assert_fact(e->canon, "cpufreq_governor", "\"performance\"");
	assert_fact(e->canon, "clock_source", "\"tsc\"");
	assert_fact(e->canon, "transparent_huge_pages", "\"madvise\"");
	assert_fact(e->canon, "mitigations",
	            "{\"l1tf\":\"Not affected\",\"meltdown\":\"Mitigation: PTI\"}");
	assert_fact(e->canon, "cgroup", "2");
	assert_fact(e->canon, "cgroup_cpu_quota", "\"50000 100000\"");
	assert_fact(e->canon, "container", "\"none\"");
	assert_fact(e->canon, "seccomp", "2");
	assert_non_null(strstr(e->canon, "\"libc\":\"glibc 2."));
	assert_non_null(strstr(e->canon, "\"compiler\":\""));
	assert_non_null(strstr(e->canon, "\"sanitizer\":\""));
	assert_int_equal(strncmp(e->key, "e:", 2), 0);
	assert_int_equal(strlen(e->key), ENVIRONMENT_KEY_BYTES - 1);
	environment_destroy(e);
}

static void limits_and_what_moves_are_recorded_only(void **state)
{
	struct environment *e;

	INSTALL(*state, server);
	e = capture(*state);
	assert_fact(e->recorded, "mqueue_messages_max", "10");
	assert_fact(e->recorded, "tcp_receive_bytes", "[4096,131072,6291456]");
	assert_fact(e->recorded, "load", "[\"0.10\",\"0.20\",\"0.30\",\"1/100\",4711]");
	assert_fact(e->recorded, "cpu_mhz", "\"2100.123\"");
	assert_fact(e->recorded, "memory_available", "\"30000000 kB\"");
	/* What could steer a terminal is gone. */
	assert_fact(e->recorded, "host_name", "\"s?[31mrv\"");
	environment_destroy(e);
}

static void what_can_not_be_read_is_null_with_its_errno(void **state)
{
	struct environment *e;
	json_t *recorded;
	json_t *unread;

	INSTALL(*state, server);
	e = capture(*state);
	assert_fact(e->canon, "idle_driver", "null");
	assert_fact(e->recorded, "mqueue_queues_max", "null");
	recorded = json_loads(e->recorded, 0, NULL);
	unread = json_object_get(recorded, "unread");
	assert_int_equal(json_integer_value(json_object_get(unread, "idle_driver")), ENOENT);
	assert_int_equal(json_integer_value(json_object_get(unread, "mqueue_queues_max")), ENOENT);
	assert_null(json_object_get(unread, "kernel"));
	json_decref(recorded);
	environment_destroy(e);
}

static void an_empty_root_is_captured_too(void **state)
{
	struct environment *e = capture(*state);

	assert_fact(e->machine, "cpus", "null");
	assert_fact(e->machine, "cpu_vendor", "null");
	assert_fact(e->machine, "hypervisor", "null");
	assert_fact(e->machine, "ram_gib_class", "null");
	environment_destroy(e);
}

/* As in a sandbox that hides /sys: the processors of cpuinfo are counted. */
static void without_sys_the_processors_are_counted(void **state)
{
	static const char two[] = "processor\t: 0\nmodel\t: 1\n\nprocessor\t: 1\nmodel\t: 1\n";
	char line[512];
	struct environment *e = capture(*state);

	environment_describe(e, line, sizeof(line));
	assert_non_null(strstr(line, ", CPUs unknown,"));
	environment_destroy(e);
	folder_write(*state, "proc/cpuinfo", two, strlen(two));
	e = capture(*state);
	assert_fact(e->machine, "cpus", "2");
	environment_describe(e, line, sizeof(line));
	assert_non_null(strstr(line, ", 2 CPUs,"));
	environment_destroy(e);
}

static void keys_ignore_what_moves_by_itself(void **state)
{
	struct environment *before;
	struct environment *after;

	INSTALL(*state, server);
	before = capture(*state);
	folder_write(*state, "proc/loadavg", "9.99 9.99 9.99 3/100 9999\n", 26);
	folder_write(*state, "proc/sys/kernel/hostname", "renamed\n", 8);
	folder_write(*state, "proc/sys/fs/mqueue/msg_max", "100\n", 4);
	after = capture(*state);
	assert_string_equal(after->machine_key, before->machine_key);
	assert_string_equal(after->key, before->key);
	assert_string_not_equal(after->recorded, before->recorded);
	environment_destroy(before);
	environment_destroy(after);
}

static void a_setting_changes_the_environment_and_not_the_machine(void **state)
{
	struct environment *before;
	struct environment *after;

	INSTALL(*state, server);
	before = capture(*state);
	folder_write(*state, CPU "vulnerabilities/meltdown", "Vulnerable\n", 11);
	after = capture(*state);
	assert_string_equal(after->machine_key, before->machine_key);
	assert_string_not_equal(after->key, before->key);
	environment_destroy(before);
	environment_destroy(after);
}

static void two_machines_with_the_same_settings_are_two_environments(void **state)
{
	struct environment *before;
	struct environment *after;

	INSTALL(*state, server);
	before = capture(*state);
	folder_write(*state, CPU "present", "0-63\n", 5);
	after = capture(*state);
	assert_string_not_equal(after->machine_key, before->machine_key);
	assert_string_not_equal(after->key, before->key);
	environment_destroy(before);
	environment_destroy(after);
}

static void an_arm_board_is_named_by_its_own_fields(void **state)
{
	struct environment *e;

	INSTALL(*state, board);
	e = capture(*state);
	assert_fact(e->machine, "architecture", "\"aarch64\"");
	assert_fact(e->machine, "cpu_vendor", "\"0x41\"");
	assert_fact(e->machine, "cpu_model", "\"0xd08\"");
	assert_fact(e->machine, "cpu_stepping", "3");
	assert_fact(e->machine, "cpus", "4");
	assert_fact(e->recorded, "cpu_name", "\"Made-up Board 4\"");
	assert_fact(e->machine, "ram_gib_class", "1");
	environment_destroy(e);
}

static void a_guest_names_its_hypervisor_and_container(void **state)
{
	char line[512];
	struct environment *e;

	INSTALL(*state, guest);
	e = capture(*state);
	assert_fact(e->machine, "hypervisor", "\"QEMU\"");
	assert_fact(e->canon, "container", "\"systemd-nspawn\"");
	environment_describe(e, line, sizeof(line));
	assert_non_null(strstr(line, "hypervisor QEMU, container systemd-nspawn"));
	environment_destroy(e);
}

static void a_description_names_processor_kernel_and_keys(void **state)
{
	char line[512];
	char expected[512];
	struct environment *e;

	INSTALL(*state, server);
	e = capture(*state);
	environment_describe(e, line, sizeof(line));
	snprintf(expected, sizeof(expected),
	         "Intel(R) Xeon(R) Gold 6230, 8 CPUs, Linux 6.1.0-13-amd64, no hypervisor, "
	         "machine %.8s, env %.8s",
	         e->machine_key, e->key);
	assert_string_equal(line, expected);
	environment_destroy(e);
}

static void a_fifo_or_folder_in_place_of_a_file_does_not_hang(void **state)
{
	const struct folder *folder = *state;
	char path[PATH_MAX];
	struct environment *e;

	INSTALL(*state, board);
	folder_path(folder, path, sizeof(path), "proc/loadavg");
	assert_int_equal(mkfifo(path, 0600), 0);
	folder_path(folder, path, sizeof(path), "proc/uptime");
	assert_int_equal(mkdir(path, 0700), 0);
	e = capture(*state);
	assert_fact(e->recorded, "uptime_seconds", "null");
	environment_destroy(e);
}

static void this_machine_is_captured_the_same_twice(void **state)
{
	struct environment *first;
	struct environment *second;

	(void)state;
	assert_int_equal(environment_capture(&first, ""), 0);
	assert_int_equal(environment_capture(&second, ""), 0);
	assert_string_equal(first->machine_key, second->machine_key);
	assert_string_equal(first->key, second->key);
	assert_fact(first->recorded, "absent", "absent");
	environment_destroy(first);
	environment_destroy(second);
}

/* The vectors of the FNV reference: the empty string, "a", "foobar". */
static void the_hash_is_fnv_1a_of_128_bits(void **state)
{
	char key[ENVIRONMENT_KEY_BYTES];

	(void)state;
	environment_hash(key, 'm', "");
	assert_string_equal(key, "m:6c62272e07bb014262b821756295c58d");
	environment_hash(key, 'e', "a");
	assert_string_equal(key, "e:d228cb696f1a8caf78912b704e4a8964");
	environment_hash(key, 'c', "foobar");
	assert_string_equal(key, "c:343e1662793c64bf6f0d3597ba446f18");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

const struct CMUnitTest unit_environment_tests[] = {
	CASE(a_machine_is_what_was_bought),
	CASE(the_environment_holds_settings_and_the_build),
	CASE(limits_and_what_moves_are_recorded_only),
	CASE(what_can_not_be_read_is_null_with_its_errno),
	CASE(an_empty_root_is_captured_too),
	CASE(without_sys_the_processors_are_counted),
	CASE(keys_ignore_what_moves_by_itself),
	CASE(a_setting_changes_the_environment_and_not_the_machine),
	CASE(two_machines_with_the_same_settings_are_two_environments),
	CASE(an_arm_board_is_named_by_its_own_fields),
	CASE(a_guest_names_its_hypervisor_and_container),
	CASE(a_description_names_processor_kernel_and_keys),
	CASE(a_fifo_or_folder_in_place_of_a_file_does_not_hang),
	CASE(this_machine_is_captured_the_same_twice),
	CASE(the_hash_is_fnv_1a_of_128_bits),
};
const size_t unit_environment_tests_count =
	sizeof(unit_environment_tests) / sizeof(unit_environment_tests[0]);
